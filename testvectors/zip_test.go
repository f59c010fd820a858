package testvectors

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// A zipHeader is what a local or central header of a ZIP says.
type zipHeader struct {
	madeBy, needs, flags, method, time, date uint16
	crc, packed, size                        uint32
	name, extra, comment                     string
	disk, internal                           uint16
	external, offset                         uint32
}

// A zipFile is a file with its two headers, of which the vectors spoil one or both.
type zipFile struct {
	local, central zipHeader
	data           []byte
	descriptor     []byte // after the data
}

// both changes both headers.
func (f *zipFile) both(change func(h *zipHeader)) {
	change(&f.local)
	change(&f.central)
}

// A zipArchive is a ZIP in the form that a dossier has, until it is spoiled.
type zipArchive struct {
	files   []*zipFile
	central []*zipFile // in the order of the directory; nil: as files
	before  []byte     // the first file
	between []byte     // the files and the directory
	comment string
	end     func(end []byte) // changes the end record
	move    int              // what is added to the offset of the directory
}

// archive returns the ZIP of the files, sorted by path.
func archive(files map[string]string) *zipArchive {
	var paths []string
	for path := range files {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	var a zipArchive
	for _, path := range paths {
		a.files = append(a.files, zipped(path, files[path]))
	}
	return &a
}

func zipped(path, data string) *zipFile {
	n := uint32(len(data))
	h := zipHeader{madeBy: 20, needs: 20, date: 0x21, crc: crc32.ChecksumIEEE([]byte(data)), packed: n, size: n, name: path}
	return &zipFile{local: h, central: h, data: []byte(data)}
}

func (h zipHeader) common() []byte {
	var b []byte
	le := binary.LittleEndian
	for _, v := range []uint16{h.needs, h.flags, h.method, h.time, h.date} {
		b = le.AppendUint16(b, v)
	}
	for _, v := range []uint32{h.crc, h.packed, h.size} {
		b = le.AppendUint32(b, v)
	}
	b = le.AppendUint16(b, uint16(len(h.name)))
	return le.AppendUint16(b, uint16(len(h.extra)))
}

// bytes prints the archive. Offsets are those at which the files are, plus what the
// central header has for one.
func (a *zipArchive) bytes() []byte {
	le := binary.LittleEndian
	b := slices.Clone(a.before)
	offsets := make(map[*zipFile]uint32)
	for _, f := range a.files {
		offsets[f] = uint32(len(b))
		b = append(append(b, "PK\x03\x04"...), f.local.common()...)
		b = append(append(b, f.local.name...), f.local.extra...)
		b = append(append(b, f.data...), f.descriptor...)
	}
	b = append(b, a.between...)
	start := len(b)
	list := a.central
	if list == nil {
		list = a.files
	}
	for _, f := range list {
		h := f.central
		b = le.AppendUint16(append(b, "PK\x01\x02"...), h.madeBy)
		b = append(b, h.common()...)
		for _, v := range []uint16{uint16(len(h.comment)), h.disk, h.internal} {
			b = le.AppendUint16(b, v)
		}
		b = le.AppendUint32(le.AppendUint32(b, h.external), h.offset+offsets[f])
		b = append(append(append(b, h.name...), h.extra...), h.comment...)
	}
	end := append([]byte("PK\x05\x06"), 0, 0, 0, 0)
	end = le.AppendUint16(le.AppendUint16(end, uint16(len(list))), uint16(len(list)))
	end = le.AppendUint32(end, uint32(len(b)-start))
	end = le.AppendUint32(end, uint32(start+a.move))
	end = le.AppendUint16(end, uint16(len(a.comment)))
	if a.end != nil {
		a.end(end)
	}
	return append(append(b, end...), a.comment...)
}

// deflated compresses, in a block that is stored, so that every version of the
// compressor gives the same.
func deflated(data []byte) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.NoCompression)
	if err != nil {
		panic(err)
	}
	if _, err := w.Write(data); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}
