// Package dossier reads, joins and writes the one file in which a party keeps a
// contract with everything that belongs to it: NAME.chirograph.
//
// A dossier is a ZIP that has exactly one form (testvectors/FORMATS.md, section 3):
//
//	documents/<id>/<name>             a file that the record names
//	policy                            where the tools submit; trust never comes from it
//	receipts/<id>.first.tlog-proof    the receipt of the smallest tree, where it is another
//	receipts/<id>.tlog-proof          the receipt of the largest tree
//	records/<id>.note                 the record, or a draft of it
//	salts/<id>/<name>                 32 bytes, where the document's hash is salted
//
// Paths are sorted bytewise. Everything is stored, dated 1980-01-01 00:00, made by
// and needing version 20, without flags, attributes, extra fields, comments and
// bytes of nobody. [Read] writes what it read again and compares, so no two
// programs see different files in one dossier.
//
// [Read] checks form and belonging: each signature line of a record verifies, a
// record with a receipt is the receipt's to the byte, documents and salts are of
// document lines. It does not ask whether a receipt proves anything, which
// package verify does, nor whether documents match, which
// [Dossier.CheckDocuments] does.
//
// Records, receipts, salts and the policy are held in memory, documents never.
package dossier

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/chirograph/chirograph/ledger/record"
)

// Bounds of a dossier.
const (
	MaxSize    = 1 << 31   // bytes of the file: 2 GiB, so that no reader needs ZIP64 or loses a sign
	MaxFiles   = 1<<16 - 2 // entries of the ZIP: one more is the mark of ZIP64
	MaxRecords = 4096      // twenty years of a delivery, an acceptance and a payment a week
	MaxHeld    = 128 << 20 // bytes of all files but documents, which are held in memory
	MaxPolicy  = 256 << 10 // bytes, as in package verify
)

// A Dossier is one contract with all that belongs to it. It is made by [New],
// [Read] and [Open], and always one that [Dossier.WriteTo] can write: an operation
// that fails leaves it as it was. It is not for use by several goroutines at once.
type Dossier struct {
	policy   []byte
	folders  map[record.ID]*folder // a folder is replaced, never changed
	contract *record.Record        // of folders
	sorted   []record.ID           // of folders, never changed; nil before somebody asks

	container *container // the file that documents were read from; nil without one

	commitments map[commitment][]place // documents that are there and may match, found when first asked for; nil before
}

// A folder is a record with what belongs to it.
type folder struct {
	record    *record.Record
	newest    *Receipt // nil: not registered
	first     *Receipt // nil: newest is the first
	documents map[string]document
	salts     map[string][]byte
}

// New returns the dossier of a contract, or a draft of it, with a policy.
func New(contract *record.Record, policy []byte) (*Dossier, error) {
	d := &Dossier{folders: map[record.ID]*folder{contract.ID(): {record: contract}}}
	if err := d.SetPolicy(policy); err != nil {
		return nil, err
	}
	return d, nil
}

// Policy returns the text that tells the tools where to submit. It is shared and
// must not be changed.
func (d *Dossier) Policy() []byte { return d.policy }

// SetPolicy replaces the policy: 1 to MaxPolicy bytes of UTF-8 without control
// characters but tab and LF. Its grammar is package verify's.
func (d *Dossier) SetPolicy(text []byte) error {
	if err := checkPolicy(text); err != nil {
		return err
	}
	next := d.clone()
	next.policy = bytes.Clone(text)
	return d.become(next)
}

func checkPolicy(text []byte) error {
	switch {
	case len(text) == 0:
		return errors.New("policy is empty")
	case len(text) > MaxPolicy:
		return fmt.Errorf("policy has %d bytes, at most %d are allowed", len(text), MaxPolicy)
	case !utf8.Valid(text):
		return errors.New("policy is not valid UTF-8")
	}
	for i, c := range text {
		if c < 0x20 && c != '\n' && c != '\t' || c == 0x7F {
			return fmt.Errorf("policy has the control character %#02x at byte %d", c, i)
		}
	}
	return nil
}

// Contract returns the dossier's contract: the one that no other contract in it
// replaces or is made under. It may be a draft, of whoever put it in.
func (d *Dossier) Contract() *record.Record { return d.contract }

// InPlace returns the registered contract that the dossier is about: its contract, or
// where that is a draft the one that the draft replaces, else is made under, as far
// down as one has a receipt; nil where none has. A draft takes nobody's place.
func (d *Dossier) InPlace() *record.Record {
	for r := d.contract; r != nil; r = d.Below(r) {
		if d.Receipt(r.ID()) != nil {
			return r
		}
	}
	return nil
}

// Below returns the contract in the dossier that a contract replaces, else the one
// that it is made under; nil where neither is there.
func (d *Dossier) Below(contract *record.Record) *record.Record {
	t := contract.Text()
	if old := d.Record(t.Replaces); old != nil {
		return old
	}
	return d.Record(t.Under)
}

// Room returns how many more records and bytes, documents not counted, the dossier
// may hold.
func (d *Dossier) Room() (records int, held int64) {
	return MaxRecords - len(d.folders), MaxHeld - d.held()
}

// Records returns all records, sorted by id.
func (d *Dossier) Records() []*record.Record {
	records := make([]*record.Record, 0, len(d.folders))
	for _, id := range d.ids() {
		records = append(records, d.folders[id].record)
	}
	return records
}

// Record returns the record of that id, nil when it is not there.
func (d *Dossier) Record(id record.ID) *record.Record {
	if f := d.folders[id]; f != nil {
		return f.record
	}
	return nil
}

// Receipt returns the record's receipt of the largest tree; nil when the record is
// not registered, as far as the dossier knows.
func (d *Dossier) Receipt(id record.ID) *Receipt {
	if f := d.folders[id]; f != nil {
		return f.newest
	}
	return nil
}

// FirstReceipt returns the record's receipt of the smallest tree, whose
// cosignatures bound the time of registration best. It may be that of
// [Dossier.Receipt], and is nil when that is.
func (d *Dossier) FirstReceipt(id record.ID) *Receipt {
	if f := d.folders[id]; f != nil && f.first != nil {
		return f.first
	}
	return d.Receipt(id)
}

func (d *Dossier) ids() []record.ID {
	if d.sorted == nil {
		d.sorted = sortedIDs(d.folders)
	}
	return d.sorted
}

func sortedIDs(folders map[record.ID]*folder) []record.ID {
	return slices.SortedFunc(maps.Keys(folders), func(a, b record.ID) int { return bytes.Compare(a[:], b[:]) })
}

// clone returns a dossier whose folders may be replaced without changing d's.
func (d *Dossier) clone() *Dossier {
	next := *d
	next.folders, next.commitments = maps.Clone(d.folders), nil
	return &next
}

// edit returns the folder of that id, or an empty one, to be changed: it is the
// dossier's own from now on.
func (d *Dossier) edit(id record.ID) *folder {
	next := folder{}
	if f := d.folders[id]; f != nil {
		next = *f
	}
	next.documents, next.salts = maps.Clone(next.documents), maps.Clone(next.salts)
	if next.documents == nil {
		next.documents = make(map[string]document)
	}
	if next.salts == nil {
		next.salts = make(map[string][]byte)
	}
	if d.folders[id] == nil {
		d.sorted = nil
	}
	d.folders[id] = &next
	return &next
}

// become makes d what next is, unless that breaks a rule.
func (d *Dossier) become(next *Dossier) error {
	if err := next.check(); err != nil {
		return err
	}
	*d = *next
	return nil
}

// check applies the rules that no single file can break, and finds the contract.
func (d *Dossier) check() error {
	if len(d.folders) > MaxRecords {
		return fmt.Errorf("dossier has %d records, at most %d are allowed", len(d.folders), MaxRecords)
	}
	if err := d.findContract(); err != nil {
		return err
	}
	for _, id := range d.ids() {
		t := d.folders[id].record.Text()
		switch t.Kind {
		case record.Statement, record.Termination:
			if c := d.Record(t.Contract); c == nil || c.Text().Kind != record.Contract {
				return fmt.Errorf("%s %s is under the contract %s, which the dossier does not have", t.Kind, id, t.Contract)
			}
		}
	}
	_, _, err := d.layout()
	return err
}

func (d *Dossier) findContract() error {
	named := make(map[record.ID]bool)
	for _, f := range d.folders {
		named[f.record.Text().Replaces] = true
		named[f.record.Text().Under] = true
	}
	var last []string
	for _, id := range d.ids() {
		if r := d.folders[id].record; r.Text().Kind == record.Contract && !named[id] {
			d.contract = r
			last = append(last, id.String())
		}
	}
	switch {
	case len(last) == 0:
		return errors.New("dossier has no contract")
	case len(last) > 1:
		return fmt.Errorf("dossier has %d contracts that no other in it replaces or is made under, not 1: %s", len(last), list(last))
	}
	return nil
}

// list prints the first few ids.
func list(ids []string) string {
	const shown = 4
	if len(ids) > shown {
		return strings.Join(ids[:shown], ", ") + ", …"
	}
	return strings.Join(ids, ", ")
}
