package dossier

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/ledger/record"
)

// AddRecord puts a record or a draft in. Of a record that is there the signature
// lines are united; one that is registered stays as it is.
func (d *Dossier) AddRecord(r *record.Record) error {
	next := d.clone()
	f := next.edit(r.ID())
	switch {
	case f.record == nil:
		f.record = r
	case f.newest == nil:
		merged, err := f.record.Merge(r)
		if err != nil {
			return err
		}
		f.record = merged
	}
	return d.become(next)
}

// Drop takes drafts out, with their documents and salts. It is an error when one of
// them is not there or is registered, or when what stays hangs on it.
func (d *Dossier) Drop(ids ...record.ID) error {
	next := d.clone()
	for _, id := range ids {
		switch f := next.folders[id]; {
		case f == nil:
			return fmt.Errorf("dossier has no record %s", id)
		case f.newest != nil:
			return fmt.Errorf("%s %s is registered, and stays", f.record.Text().Kind, id)
		}
		delete(next.folders, id)
		next.sorted = nil
	}
	return d.become(next)
}

// Join adds what other has: records and signature lines, receipts as
// [Dossier.AddReceipt] does, documents and salts that d lacks and that match the
// record; a document of d that does not match gives way to one that does. The policy
// stays that of d. It is an error, and names the file, when both have one that
// differs, or when other has a document that does not match.
//
// A document that nobody can compare for lack of its salt, and a salt without its
// document, are left where they are. Documents are read from other again when d is
// written, so other is closed after that.
func (d *Dossier) Join(other *Dossier) error {
	next := d.clone()
	for _, id := range other.ids() {
		f, theirs := next.edit(id), other.folders[id]
		if err := f.joinRecord(theirs); err != nil {
			return fmt.Errorf("record %s: %w", id, err)
		}
		for _, line := range f.record.Text().Documents {
			if err := f.joinDocument(line, theirs); err != nil {
				return fmt.Errorf("%s: %w", documentPath(id, line.Name), err)
			}
		}
	}
	return d.become(next)
}

// joinRecord takes the signature lines and receipts of theirs over. A registered
// form wins over a draft.
func (f *folder) joinRecord(theirs *folder) error {
	switch {
	case f.record == nil || f.newest == nil && theirs.newest != nil:
		f.record = theirs.record
	case f.newest == nil:
		merged, err := f.record.Merge(theirs.record)
		if err != nil {
			return err
		}
		f.record = merged
	}
	for _, r := range []*Receipt{theirs.newest, theirs.first} {
		if r == nil {
			continue
		}
		if err := f.addReceipt(r); err != nil {
			return err
		}
	}
	return nil
}

func (f *folder) joinDocument(line record.Document, theirs *folder) error {
	doc, have := f.documents[line.Name]
	found, given := theirs.documents[line.Name]
	salt, newSalt := f.salts[line.Name], theirs.salts[line.Name]
	if salt != nil && newSalt != nil && !bytes.Equal(salt, newSalt) {
		return errors.New("the two have different salts")
	}
	if salt == nil {
		salt = newSalt
	}
	if have && given && (doc.size != found.size || doc.crc != found.crc) {
		// One of them is not the document that was signed. It may be the one here.
		_, err := match(line, doc.source, salt)
		if line.Salted && salt == nil || !errors.Is(err, record.ErrMismatch) {
			return errors.Join(fmt.Errorf("the two have different documents, of %d and %d bytes", doc.size, found.size), err)
		}
		have = false
	}
	if have {
		found = doc
	}
	news := given && !have || newSalt != nil && f.salts[line.Name] == nil
	if !news || !have && !given || line.Salted && salt == nil {
		return nil
	}
	found, err := match(line, found.source, salt)
	if err != nil {
		return err
	}
	f.documents[line.Name] = found
	if line.Salted {
		f.salts[line.Name] = salt
	}
	return nil
}
