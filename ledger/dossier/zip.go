package dossier

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
)

// What every header of a dossier has (APPNOTE.TXT, sections 4.3.7, 4.3.12 and
// 4.3.16).
const (
	localMark   = 0x04034b50
	centralMark = 0x02014b50
	endMark     = 0x06054b50

	fieldsSize  = 26 // bytes that a local and a central header have in common
	localSize   = 4 + fieldsSize
	centralSize = 4 + 2 + fieldsSize + 14
	endSize     = 22

	version = 20       // 2.0, with an upper byte that says that attributes are MS-DOS ones
	date    = 1<<5 | 1 // 1980-01-01: year 0, month 1, day 1
)

// A file is an entry of the ZIP.
type file struct {
	path     string
	size     int64
	offset   int64    // of its local header
	data     []byte   // of all but documents
	document document // with a source: the file is a document
	crc      uint32
}

// end returns the offset of the byte after the file.
func (f *file) end() int64 { return f.offset + localSize + int64(len(f.path)) + f.size }

// layout returns the files in their order and places, and the size of all that is
// written, unless it breaks a bound. The checksums of data are not yet in it.
func (d *Dossier) layout() (files []file, total int64, err error) {
	files = d.files()
	if len(files) > MaxFiles {
		return nil, 0, fmt.Errorf("dossier has %d files, at most %d are allowed", len(files), MaxFiles)
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.path, b.path) })
	var offset, directory, held int64
	for i := range files {
		f := &files[i]
		f.offset = offset
		offset = f.end()
		directory += centralSize + int64(len(f.path))
		if f.document.source == nil {
			held += f.size
		}
	}
	if held > MaxHeld {
		return nil, 0, fmt.Errorf("dossier has %d bytes beside documents, at most %d are allowed", held, MaxHeld)
	}
	if total = offset + directory + endSize; total > MaxSize {
		return nil, 0, fmt.Errorf("dossier has %d bytes, at most %d are allowed", total, int64(MaxSize))
	}
	return files, total, nil
}

// held returns how many bytes of the dossier are held in memory.
func (d *Dossier) held() (n int64) {
	for _, f := range d.files() {
		if f.document.source == nil {
			n += f.size
		}
	}
	return n
}

func (d *Dossier) files() []file {
	var files []file
	data := func(path string, b []byte) {
		files = append(files, file{path: path, size: int64(len(b)), data: b})
	}
	data(policyPath, d.policy)
	for id, f := range d.folders {
		data(recordPath(id), f.record.Bytes())
		if f.newest != nil {
			data(receiptPath(id), f.newest.text)
		}
		if f.first != nil {
			data(firstPath(id), f.first.text)
		}
		for name, doc := range f.documents {
			files = append(files, file{path: documentPath(id, name), size: doc.size, document: doc, crc: doc.crc})
		}
		for name, salt := range f.salts {
			data(saltPath(id, name), salt)
		}
	}
	return files
}

// appendFields appends what the local and the central header of f have in common.
func (f *file) appendFields(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint16(b, version) // needed
	b = le.AppendUint16(b, 0)       // flags
	b = le.AppendUint16(b, 0)       // method: stored
	b = le.AppendUint16(b, 0)       // time: 00:00
	b = le.AppendUint16(b, date)
	b = le.AppendUint32(b, f.crc)
	b = le.AppendUint32(b, uint32(f.size))
	b = le.AppendUint32(b, uint32(f.size))
	b = le.AppendUint16(b, uint16(len(f.path)))
	return le.AppendUint16(b, 0) // bytes of extra fields
}

func (f *file) appendLocal(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, localMark)
	return append(f.appendFields(b), f.path...)
}

func (f *file) appendCentral(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, centralMark)
	b = le.AppendUint16(b, version) // made by
	b = f.appendFields(b)
	b = le.AppendUint16(b, 0) // bytes of comment
	b = le.AppendUint16(b, 0) // disk
	b = le.AppendUint16(b, 0) // internal attributes
	b = le.AppendUint32(b, 0) // external attributes
	b = le.AppendUint32(b, uint32(f.offset))
	return append(b, f.path...)
}

func appendEnd(b []byte, files int, size, offset int64) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, endMark)
	b = le.AppendUint16(b, 0) // this disk
	b = le.AppendUint16(b, 0) // the directory's
	b = le.AppendUint16(b, uint16(files))
	b = le.AppendUint16(b, uint16(files))
	b = le.AppendUint32(b, uint32(size))
	b = le.AppendUint32(b, uint32(offset))
	return le.AppendUint16(b, 0) // bytes of comment
}

// WriteTo writes the dossier's one form and returns the number of bytes written,
// at most MaxSize. Documents are read as they are written; it fails when one is
// not what it was.
func (d *Dossier) WriteTo(w io.Writer) (int64, error) {
	files, _, err := d.layout()
	if err != nil {
		return 0, err
	}
	return write(w, files)
}

func write(w io.Writer, files []file) (int64, error) {
	counted := &counter{w: w}
	buffer := make([]byte, 64<<10)
	var directory []byte
	for i := range files {
		f := &files[i]
		if f.document.source == nil {
			f.crc = crc32.ChecksumIEEE(f.data)
		}
		if _, err := counted.Write(f.appendLocal(buffer[:0])); err != nil {
			return counted.n, err
		}
		if f.document.source == nil {
			if _, err := counted.Write(f.data); err != nil {
				return counted.n, err
			}
		} else if err := f.document.copyTo(counted, buffer); err != nil {
			return counted.n, fmt.Errorf("%s: %w", f.path, err)
		}
		directory = f.appendCentral(directory)
	}
	offset := counted.n
	directory = appendEnd(directory, len(files), int64(len(directory)), offset)
	_, err := counted.Write(directory)
	return counted.n, err
}

// A counter counts what w has taken.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
