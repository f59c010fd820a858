package dossier

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"

	"github.com/chirograph/chirograph/ledger/record"
)

// A Source opens the bytes of a document from their start, each time anew and each
// time the same.
type Source func() (io.ReadCloser, error)

// Bytes returns the source of b.
func Bytes(b []byte) Source {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
}

// File returns the source of the file at path, which stays as it is until the
// dossier is saved.
func File(path string) Source {
	return func() (io.ReadCloser, error) { return os.Open(path) }
}

// section returns the source of a part of r.
func section(r io.ReaderAt, offset, size int64) Source {
	return func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(r, offset, size)), nil }
}

// A document is a file of which size and checksum are known and the bytes are
// elsewhere. Writing it finds out whether they still are what they were.
type document struct {
	source Source
	size   int64
	crc    uint32
}

// copyTo writes the document's bytes, and fails when they are not those of its size
// and checksum.
func (d document) copyTo(w io.Writer, buffer []byte) error {
	r, err := d.source()
	if err != nil {
		return err
	}
	defer r.Close()
	sum := crc32.NewIEEE()
	n, err := io.CopyBuffer(io.MultiWriter(w, sum), io.LimitReader(r, d.size), buffer)
	if err != nil {
		return err
	}
	if n < d.size {
		return fmt.Errorf("has %d bytes, not the %d it had before", n, d.size)
	}
	switch _, err := io.ReadFull(r, buffer[:1]); {
	case err == nil:
		return fmt.Errorf("has more than the %d bytes it had before", d.size)
	case !errors.Is(err, io.EOF):
		return err
	}
	if sum.Sum32() != d.crc {
		return fmt.Errorf("has the CRC-32 %08x, not the %08x it had before", sum.Sum32(), d.crc)
	}
	return nil
}

// match reads the source and returns the document if it is the one of the line; the
// error is [record.ErrMismatch] if it is not.
func match(line record.Document, source Source, salt []byte) (document, error) {
	r, err := source()
	if err != nil {
		return document{}, err
	}
	defer r.Close()
	var m meter
	if err := line.Match(salt, io.TeeReader(r, &m)); err != nil {
		return document{}, err
	}
	return document{source, m.size, m.crc}, nil
}

// A meter finds the size and checksum of what is written to it.
type meter struct {
	size int64
	crc  uint32
}

func (m *meter) Write(b []byte) (int, error) {
	m.size += int64(len(b))
	m.crc = crc32.Update(m.crc, crc32.IEEETable, b)
	return len(b), nil
}

// line returns the line in which the record names the document.
func (f *folder) line(name string) (record.Document, error) {
	lines := f.record.Text().Documents
	i := slices.IndexFunc(lines, func(d record.Document) bool { return d.Name == name })
	if i < 0 {
		return record.Document{}, fmt.Errorf("the %s has no document of that name", f.record.Text().Kind)
	}
	return lines[i], nil
}

// AddDocument puts the document of that name of a record in, after comparing it
// with the record's line, in the place of what was there. The salt is nil for a
// document that is not salted, or when the dossier has the salt. The source is
// read again when the dossier is written.
func (d *Dossier) AddDocument(id record.ID, name string, source Source, salt []byte) error {
	if d.folders[id] == nil {
		return fmt.Errorf("dossier has no record %s", id)
	}
	path := documentPath(id, name)
	next := d.clone()
	f := next.edit(id)
	line, err := f.line(name)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if line.Salted && salt == nil {
		if salt = f.salts[name]; salt == nil {
			return fmt.Errorf("%s: the document is salted, and there is no salt", path)
		}
	}
	doc, err := match(line, source, salt)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	f.documents[name] = doc
	if line.Salted {
		f.salts[name] = bytes.Clone(salt)
	}
	return d.become(next)
}

// Document returns the source and the size in bytes of a document; ok is false
// when it is not there, nor under another record that names the same file. That it
// matches is for [Dossier.CheckDocuments] to say.
func (d *Dossier) Document(id record.ID, name string) (source Source, size int64, ok bool) {
	doc, _, ok := d.find(id, name)
	return doc.source, doc.size, ok
}

// Salt returns the salt of a document, from where [Dossier.Document] has it, nil when
// it is not there. It is shared and must not be changed.
func (d *Dossier) Salt(id record.ID, name string) []byte {
	_, salt, _ := d.find(id, name)
	return salt
}

// find returns the document of a record, its own or one that another names too, and
// its salt. One that cannot be read is not found.
func (d *Dossier) find(id record.ID, name string) (doc document, salt []byte, ok bool) {
	f := d.folders[id]
	if f == nil {
		return doc, nil, false
	}
	if doc, ok = f.documents[name]; ok {
		return doc, f.salts[name], true
	}
	if line, err := f.line(name); err == nil {
		if doc, salt, ok, err := d.kept(line); ok && err == nil {
			return doc, salt, true
		}
	}
	return doc, f.salts[name], false
}

// A State says what is known of a document that a record names.
type State byte

const (
	Absent  State = iota // not in the dossier, neither as its own nor as that of another record
	NoSalt               // in the dossier, but not its salt: nobody can compare it
	Differs              // in the dossier, and not the one that the record names
	Matches              // in the dossier, and the one that the record names
)

var states = [...]string{Absent: "absent", NoSalt: "without its salt", Differs: "does not match", Matches: "matches"}

func (s State) String() string { return states[s] }

// A Checked is a document line with the state of its document.
type Checked struct {
	record.Document
	State  State
	Reason string // of Differs: the two values
}

// CheckDocuments reads the documents of a record, which the dossier has, and
// compares each with its line: hash and size. One that is absent is looked for
// under the other records, by its commitment. They are in the order of the record.
// An error says that a document cannot be read.
func (d *Dossier) CheckDocuments(id record.ID) ([]Checked, error) {
	f := d.folders[id]
	if f == nil {
		return nil, fmt.Errorf("dossier has no record %s", id)
	}
	lines := f.record.Text().Documents
	checked := make([]Checked, len(lines))
	for i, line := range lines {
		checked[i].Document = line
		doc, ok := f.documents[line.Name]
		salt := f.salts[line.Name]
		switch {
		case !ok:
			if _, _, ok, err := d.kept(line); err != nil {
				return nil, fmt.Errorf("%s: %w", documentPath(id, line.Name), err)
			} else if ok {
				checked[i].State = Matches
			}
			continue
		case line.Salted && salt == nil:
			checked[i].State = NoSalt
			continue
		}
		_, err := match(line, doc.source, salt)
		switch {
		case errors.Is(err, record.ErrMismatch):
			checked[i].State, checked[i].Reason = Differs, err.Error()
		case err != nil:
			return nil, fmt.Errorf("%s: %w", documentPath(id, line.Name), err)
		default:
			checked[i].State = Matches
		}
	}
	return checked, nil
}
