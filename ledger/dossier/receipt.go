package dossier

import (
	"bytes"
	"cmp"
	"fmt"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
)

// A Receipt says that a record was registered: a tlog-proof with the entry as its
// extra data. Its form was checked, and nothing that it claims. It is shared and
// must not be changed.
type Receipt struct {
	Proof tlog.Proof
	Entry record.Entry

	text []byte
}

// Bytes returns the receipt as it was read. They are shared and must not be changed.
func (r *Receipt) Bytes() []byte { return r.text }

func parseReceipt(b []byte) (*Receipt, error) {
	b = bytes.Clone(b)
	p, err := tlog.ParseProof(b)
	if err != nil {
		return nil, fmt.Errorf("receipt: %w", err)
	}
	e, err := record.ParseEntry(p.Extra)
	if err != nil {
		return nil, fmt.Errorf("receipt: %w", err)
	}
	return &Receipt{p, e, b}, nil
}

// compareStrength orders receipts of one tree: more signature lines are worth
// more, and the bytes decide, so that it does not matter who joins whom.
func (r *Receipt) compareStrength(other *Receipt) int {
	return cmp.Or(
		cmp.Compare(len(r.Proof.Checkpoint.Note.Signatures), len(other.Proof.Checkpoint.Note.Signatures)),
		bytes.Compare(r.text, other.text))
}

func (r *Receipt) compareSize(other *Receipt) int {
	return cmp.Compare(r.Proof.Checkpoint.Size, other.Proof.Checkpoint.Size)
}

// addReceipt keeps r if it is of a larger or smaller tree than those there are.
func (f *folder) addReceipt(r *Receipt) error {
	if f.newest == nil {
		f.newest = r
		return nil
	}
	if err := f.newest.sameEntry(r); err != nil {
		return err
	}
	first := f.newest
	if f.first != nil {
		first = f.first
	}
	if cmp.Or(r.compareSize(f.newest), r.compareStrength(f.newest)) > 0 {
		f.newest = r
	}
	if cmp.Or(r.compareSize(first), -r.compareStrength(first)) < 0 {
		first = r
	}
	f.first = first
	if bytes.Equal(first.text, f.newest.text) {
		f.first = nil
	}
	return nil
}

// sameEntry says whether both receipts are of one entry: a record is registered
// once.
func (r *Receipt) sameEntry(other *Receipt) error {
	switch {
	case !bytes.Equal(r.Entry.Record, other.Entry.Record):
		return fmt.Errorf("two receipts are of records with other signature lines, at the indexes %d and %d", r.Proof.Index, other.Proof.Index)
	case r.Proof.Index != other.Proof.Index:
		return fmt.Errorf("two receipts say that it is entry %d and entry %d", r.Proof.Index, other.Proof.Index)
	case r.Entry.Registered != other.Entry.Registered:
		return fmt.Errorf("two receipts say that it was registered at %s and at %s",
			record.FormatTime(r.Entry.Registered), record.FormatTime(other.Entry.Registered))
	}
	return nil
}

// checkReceipts says whether the receipts, as they were read, belong to the record
// and are in their places.
func (f *folder) checkReceipts(id record.ID) error {
	if f.newest == nil {
		if f.first != nil {
			return fmt.Errorf("%s is there, and %s is not", firstPath(id), receiptPath(id))
		}
		return nil
	}
	if !bytes.Equal(f.newest.Entry.Record, f.record.Bytes()) {
		return fmt.Errorf("%s is not the record of %s, to the byte", recordPath(id), receiptPath(id))
	}
	if len(f.record.Signed()) == 0 {
		return fmt.Errorf("%s is of a draft that nobody signed, which no entry holds", receiptPath(id))
	}
	if f.first == nil {
		return nil
	}
	if err := f.first.sameEntry(f.newest); err != nil {
		return fmt.Errorf("record %s: %w", id, err)
	}
	switch {
	case bytes.Equal(f.first.text, f.newest.text):
		return fmt.Errorf("%s and %s are the same", firstPath(id), receiptPath(id))
	case f.first.compareSize(f.newest) >= 0:
		return fmt.Errorf("%s is of a tree of size %d, not smaller than the %d of %s",
			firstPath(id), f.first.Proof.Checkpoint.Size, f.newest.Proof.Checkpoint.Size, receiptPath(id))
	}
	return nil
}

// AddReceipt puts a receipt in and returns the id of its record, which from now on
// is the registered form, whatever there was. Of several receipts that of the
// largest tree and that of the smallest stay. It is an error when the dossier has
// a receipt that says that the record is another entry. Verify a receipt first:
// one that proves nothing may drive out one that does.
func (d *Dossier) AddReceipt(b []byte) (record.ID, error) {
	receipt, err := parseReceipt(b)
	if err != nil {
		return record.ID{}, err
	}
	next := d.clone()
	id, err := next.addReceipt(receipt)
	if err != nil {
		return record.ID{}, err
	}
	return id, d.become(next)
}

// AddReceipts is [Dossier.AddReceipt] for many, all or none, at the cost of about one.
func (d *Dossier) AddReceipts(receipts [][]byte) error {
	next := d.clone()
	for _, b := range receipts {
		receipt, err := parseReceipt(b)
		if err != nil {
			return err
		}
		if _, err := next.addReceipt(receipt); err != nil {
			return err
		}
	}
	return d.become(next)
}

// addReceipt is AddReceipt without asking whether d keeps to the rules then.
func (d *Dossier) addReceipt(receipt *Receipt) (record.ID, error) {
	r, err := record.Open(receipt.Entry.Record, note.PublicKey.Verify)
	if err != nil {
		return record.ID{}, fmt.Errorf("receipt: %w", err)
	}
	f := d.edit(r.ID())
	f.record = r
	if err := f.addReceipt(receipt); err != nil {
		return record.ID{}, fmt.Errorf("record %s: %w", r.ID(), err)
	}
	return r.ID(), nil
}

// KeepReceipts leaves the records of the receipts with those for which keep is true,
// and takes the others out: they were found to prove nothing. The records stay.
func (d *Dossier) KeepReceipts(keep func(*Receipt) bool) error {
	next := d.clone()
	for id, f := range d.folders {
		var good []*Receipt
		all := f.receipts()
		for _, r := range all {
			if keep(r) {
				good = append(good, r)
			}
		}
		if len(good) == len(all) {
			continue
		}
		left := next.edit(id)
		left.newest, left.first = nil, nil
		if len(good) > 0 {
			left.newest = good[0]
		}
	}
	return d.become(next)
}

// receipts returns the newest receipt and the first, where it is another.
func (f *folder) receipts() []*Receipt {
	var all []*Receipt
	for _, r := range []*Receipt{f.newest, f.first} {
		if r != nil {
			all = append(all, r)
		}
	}
	return all
}
