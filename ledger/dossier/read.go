package dossier

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
)

// Read reads the dossier that r is, size bytes. Documents stay in r: they are read
// from there whenever they are needed, so r stays open and as it is.
func Read(r io.ReaderAt, size int64) (*Dossier, error) {
	files, err := readDirectory(r, size)
	if err != nil {
		return nil, err
	}
	d, err := collect(r, files)
	if err != nil {
		return nil, err
	}
	c := &comparer{r: r}
	if _, err := d.WriteTo(c); err != nil {
		return nil, err
	}
	if c.at != size {
		return nil, fmt.Errorf("dossier has %d bytes, its one form has %d", size, c.at)
	}
	return d, nil
}

// readDirectory returns the files as the directory at the end lists them, one
// after the other from the first byte to the directory. What headers say beside
// that is for the comparison to find out.
func readDirectory(r io.ReaderAt, size int64) ([]file, error) {
	switch {
	case size < endSize:
		return nil, fmt.Errorf("dossier has %d bytes, too few for a ZIP", size)
	case size > MaxSize:
		return nil, fmt.Errorf("dossier has %d bytes, at most %d are allowed", size, int64(MaxSize))
	}
	end := make([]byte, endSize)
	if err := readAt(r, end, size-endSize); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	if le.Uint32(end) != endMark {
		return nil, errors.New("dossier does not end as a ZIP without comment: it is cut short, or other bytes follow it")
	}
	n := int(le.Uint16(end[10:]))
	length, offset := int64(le.Uint32(end[12:])), int64(le.Uint32(end[16:]))
	switch {
	case le.Uint16(end[20:]) != 0:
		return nil, errors.New("ZIP has a comment")
	case n > MaxFiles || length == 1<<32-1 || offset == 1<<32-1:
		return nil, errors.New("ZIP has the marks of ZIP64")
	case offset+length+endSize != size:
		return nil, fmt.Errorf("directory of the ZIP has %d bytes from byte %d, and does not end where its end begins, at byte %d", length, offset, size-endSize)
	case length < int64(n)*centralSize || length > int64(n)*(centralSize+int64(maxPath)):
		return nil, fmt.Errorf("directory of the ZIP has %d bytes for %d files", length, n)
	}
	directory := make([]byte, length)
	if err := readAt(r, directory, offset); err != nil {
		return nil, err
	}
	return parseDirectory(directory, n, offset)
}

func parseDirectory(b []byte, n int, start int64) ([]file, error) {
	files := make([]file, 0, n)
	var offset int64
	for range n {
		f, rest, err := parseCentral(b)
		if err != nil {
			return nil, fmt.Errorf("file %d of %d: %w", len(files)+1, n, err)
		}
		if len(files) > 0 {
			switch before := files[len(files)-1].path; {
			case f.path == before:
				return nil, fmt.Errorf("%q is there twice", f.path)
			case f.path < before:
				return nil, fmt.Errorf("%q comes after %q, and sorts before it", f.path, before)
			}
		}
		if f.offset != offset {
			return nil, fmt.Errorf("%q begins at byte %d, what is before it ends at byte %d", f.path, f.offset, offset)
		}
		if offset = f.end(); offset > start {
			return nil, fmt.Errorf("%q ends at byte %d, behind the directory's begin at byte %d", f.path, offset, start)
		}
		files, b = append(files, f), rest
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("directory of the ZIP has %d bytes after its last file", len(b))
	}
	if offset != start {
		return nil, fmt.Errorf("the last file ends at byte %d, the directory begins at byte %d", offset, start)
	}
	return files, nil
}

// parseCentral reads a central header, and refuses with a sentence of its own what
// people and tools put there.
func parseCentral(b []byte) (f file, rest []byte, err error) {
	le := binary.LittleEndian
	if len(b) < centralSize || le.Uint32(b) != centralMark {
		return file{}, nil, errors.New("there is no header of a file in the directory of the ZIP")
	}
	flags, method := le.Uint16(b[8:]), le.Uint16(b[10:])
	packed, size := le.Uint32(b[20:]), le.Uint32(b[24:])
	name, extra, comment := int(le.Uint16(b[28:])), le.Uint16(b[30:]), le.Uint16(b[32:])
	f = file{crc: le.Uint32(b[16:]), size: int64(size), offset: int64(le.Uint32(b[42:]))}
	if name > maxPath || len(b) < centralSize+name {
		return file{}, nil, fmt.Errorf("its path has %d bytes, at most %d are allowed and %d are there", name, maxPath, len(b)-centralSize)
	}
	f.path = string(b[centralSize : centralSize+name])
	switch {
	case flags&1 != 0:
		err = errors.New("is encrypted")
	case flags&8 != 0:
		err = errors.New("has a data descriptor")
	case flags != 0:
		err = fmt.Errorf("has the flags %#04x, none are allowed", flags)
	case method != 0:
		err = fmt.Errorf("has the compression method %d, only 0 (stored) is allowed", method)
	case packed == 1<<32-1 || size == 1<<32-1 || f.offset == 1<<32-1:
		err = errors.New("has the marks of ZIP64")
	case packed != size:
		err = fmt.Errorf("is stored in %d bytes and has %d", packed, size)
	case extra != 0:
		err = fmt.Errorf("has %d bytes of extra fields", extra)
	case comment != 0:
		err = fmt.Errorf("has a comment of %d bytes", comment)
	}
	if err != nil {
		return file{}, nil, fmt.Errorf("%q %w", f.path, err)
	}
	return f, b[centralSize+name:], nil
}

// collect makes a dossier of the files: records first, because they say what the
// others may be.
func collect(r io.ReaderAt, files []file) (*Dossier, error) {
	d := &Dossier{folders: make(map[record.ID]*folder)}
	places := make([]place, len(files))
	var held int64
	var records int
	for i := range files {
		var err error
		if places[i], err = parsePath(files[i].path); err != nil {
			return nil, err
		}
		if places[i].role == isRecord {
			records++
		}
		if places[i].role != isDocument {
			held += files[i].size
		}
	}
	// Before anything is read or verified, though check does it again.
	switch {
	case records > MaxRecords:
		return nil, fmt.Errorf("dossier has %d records, at most %d are allowed", records, MaxRecords)
	case held > MaxHeld:
		return nil, fmt.Errorf("dossier has %d bytes beside documents, at most %d are allowed", held, int64(MaxHeld))
	}
	for _, pass := range [][]role{{isRecord}, {isPolicy, isReceipt, isFirst, isDocument, isSalt}} {
		for i := range files {
			if !slices.Contains(pass, places[i].role) {
				continue
			}
			if err := d.put(r, &files[i], places[i]); err != nil {
				return nil, err
			}
		}
	}
	if d.policy == nil {
		return nil, errors.New("dossier has no policy")
	}
	for _, id := range d.ids() {
		if err := d.folders[id].checkReceipts(id); err != nil {
			return nil, err
		}
	}
	return d, d.check()
}

// put puts one file in its place.
func (d *Dossier) put(r io.ReaderAt, f *file, p place) error {
	limit, into := int64(MaxPolicy), d.folders[p.id]
	switch p.role {
	case isRecord:
		limit = int64(record.MaxRecord)
	case isReceipt, isFirst:
		limit = int64(tlog.MaxProof)
	case isSalt:
		limit = record.SaltSize
	case isDocument:
		limit = MaxSize
	}
	if f.size > limit {
		return fmt.Errorf("%s has %d bytes, at most %d are allowed", f.path, f.size, limit)
	}
	if into == nil && p.role != isRecord && p.role != isPolicy {
		return fmt.Errorf("%s is there, and %s is not", f.path, recordPath(p.id))
	}
	at := f.offset + localSize + int64(len(f.path))
	if p.role == isDocument {
		if _, err := into.line(p.name); err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
		into.documents[p.name] = document{section(r, at, f.size), f.size, f.crc}
		return nil
	}
	b := make([]byte, f.size)
	if err := readAt(r, b, at); err != nil {
		return err
	}
	if sum := crc32.ChecksumIEEE(b); sum != f.crc {
		return fmt.Errorf("%s has the CRC-32 %08x, the directory of the ZIP says %08x", f.path, sum, f.crc)
	}
	if err := d.take(b, p, into); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	return nil
}

// take puts the bytes of a file that is no document in their place.
func (d *Dossier) take(b []byte, p place, into *folder) (err error) {
	switch p.role {
	case isPolicy:
		d.policy = b
		return checkPolicy(b)
	case isRecord:
		r, err := record.OpenDraft(b, note.PublicKey.Verify)
		if err != nil {
			return err
		}
		if r.ID() != p.id {
			return fmt.Errorf("the record has the id %s", r.ID())
		}
		d.edit(p.id).record = r
	case isReceipt:
		into.newest, err = parseReceipt(b)
	case isFirst:
		into.first, err = parseReceipt(b)
	case isSalt:
		line, err := into.line(p.name)
		if err != nil {
			return err
		}
		into.salts[p.name] = b
		return line.CheckSalt(b)
	}
	return err
}

// readAt fills b from that offset on.
func readAt(r io.ReaderAt, b []byte, offset int64) error {
	n, err := r.ReadAt(b, offset)
	if n == len(b) {
		return nil
	}
	return fmt.Errorf("dossier at byte %d: %w", offset+int64(n), err)
}

// A comparer takes what r has from its first byte on, and nothing else.
type comparer struct {
	r      io.ReaderAt
	at     int64
	buffer [64 << 10]byte
}

func (c *comparer) Write(p []byte) (written int, err error) {
	for written < len(p) {
		want := p[written:min(len(p), written+len(c.buffer))]
		have := c.buffer[:len(want)]
		if err := readAt(c.r, have, c.at); err != nil {
			return written, err
		}
		if !bytes.Equal(have, want) {
			return written, differs(c.at, have, want)
		}
		written += len(want)
		c.at += int64(len(want))
	}
	return written, nil
}

// differs names the first byte in which the two, equally long, differ.
func differs(at int64, have, want []byte) error {
	i := 0
	for have[i] == want[i] {
		i++
	}
	return fmt.Errorf("byte %d of the dossier is %#02x, its one form has %#02x there", at+int64(i), have[i], want[i])
}
