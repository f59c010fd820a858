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
// is one that matches; ok is false where there is none.
func (d *Dossier) kept(line record.Document) (doc document, salt []byte, ok bool, err error) {
	if d.commitments == nil {
		d.commitments = d.commit()
	}
	p, ok := d.commitments[committed(line)]
	if !ok {
		return document{}, nil, false, nil
	}
	f := d.folders[p.id]
	salt = f.salts[p.name]
	doc, err = match(line, f.documents[p.name].source, salt)
	if errors.Is(err, record.ErrMismatch) {
		return document{}, nil, false, nil
	}
	return doc, salt, err == nil, err
}

// commit finds a document for each commitment of which there is one, with its salt:
// the first, in the order of ids and lines.
func (d *Dossier) commit() map[commitment]place {
	found := make(map[commitment]place)
	for _, id := range d.ids() {
		f := d.folders[id]
		for _, line := range f.record.Text().Documents {
			_, there := f.documents[line.Name]
			if _, before := found[committed(line)]; before || !there || line.Salted && f.salts[line.Name] == nil {
				continue
			}
			found[committed(line)] = place{id: id, name: line.Name}
		}
	}
	return found
}
