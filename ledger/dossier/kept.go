package dossier

import (
	"errors"

	"github.com/chirograph/chirograph/ledger/record"
)

// A commitment is what a document line says of the file itself, whatever its name.
type commitment struct {
	salted bool
	hash   [32]byte
	size   int64
}

func committed(line record.Document) commitment { return commitment{line.Salted, line.Hash, line.Size} }

// kept returns the document of a line that its record lacks, with its salt, from another
// that names the same file: a renewal keeps the documents of the contract before. It
// is the first that matches; ok is false where there is none, and err then says which could
// not be read. One that does not match is not read again for any line.
func (d *Dossier) kept(line record.Document) (doc document, salt []byte, ok bool, err error) {
	if d.commitments == nil {
		d.commitments = d.commit()
	}
	c := committed(line)
	var unread []place
	for i, p := range d.commitments[c] {
		f := d.folders[p.id]
		salt := f.salts[p.name]
		doc, failed := match(line, f.documents[p.name].source, salt)
		switch {
		case failed == nil:
			d.commitments[c] = append(unread, d.commitments[c][i:]...)
			return doc, salt, true, nil
		case !errors.Is(failed, record.ErrMismatch):
			unread, err = append(unread, p), errors.Join(err, failed)
		}
	}
	d.commitments[c] = unread
	return document{}, nil, false, err
}

// commit finds the documents for each commitment of which there are any, with their
// salts, in the order of ids and lines.
func (d *Dossier) commit() map[commitment][]place {
	found := make(map[commitment][]place)
	for _, id := range d.ids() {
		f := d.folders[id]
		for _, line := range f.record.Text().Documents {
			if _, there := f.documents[line.Name]; there && !(line.Salted && f.salts[line.Name] == nil) {
				found[committed(line)] = append(found[committed(line)], place{id: id, name: line.Name})
			}
		}
	}
	return found
}
