package dossier

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/ledger/record"
)

// A rawFile is a file as pack writes it, right but for what its edits do.
type rawFile struct {
	path    string
	data    []byte
	local   func(header []byte) []byte // edits the local header with the path
	central func(header []byte) []byte // edits the central header with the path
	after   []byte                     // between the data and the next file
}

// unpack returns the files of a dossier.
func unpack(t testing.TB, b []byte) []rawFile {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	files := make([]rawFile, len(r.File))
	for i, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = rawFile{path: f.Name, data: data}
	}
	return files
}

// pack writes the files as they are and in their order.
func pack(files []rawFile) []byte {
	var b, directory []byte
	for _, raw := range files {
		f := file{path: raw.path, size: int64(len(raw.data)), offset: int64(len(b)), crc: crc32.ChecksumIEEE(raw.data)}
		local, central := f.appendLocal(nil), f.appendCentral(nil)
		if raw.local != nil {
			local = raw.local(local)
		}
		if raw.central != nil {
			central = raw.central(central)
		}
		b = append(append(append(b, local...), raw.data...), raw.after...)
		directory = append(directory, central...)
	}
	return appendEnd(append(b, directory...), len(files), int64(len(directory)), int64(len(b)))
}

func index(t testing.TB, files []rawFile, prefix string) int {
	t.Helper()
	i := slices.IndexFunc(files, func(f rawFile) bool { return strings.HasPrefix(f.path, prefix) })
	if i < 0 {
		t.Fatalf("no file %s", prefix)
	}
	return i
}

func set16(at int, v uint16) func([]byte) []byte {
	return func(h []byte) []byte { binary.LittleEndian.PutUint16(h[at:], v); return h }
}

func set32(at int, v uint32) func([]byte) []byte {
	return func(h []byte) []byte { binary.LittleEndian.PutUint32(h[at:], v); return h }
}

// wantError fails unless the dossier is refused with that sentence.
func wantError(t *testing.T, b []byte, sentence string) {
	t.Helper()
	_, err := read(b)
	if err == nil || !strings.Contains(err.Error(), sentence) {
		t.Errorf("error is %v, want %q in it", err, sentence)
	}
}

// both sets a field of both headers; a central one begins two bytes later.
func both(f *rawFile, at int, v uint16) {
	f.local, f.central = set16(at, v), set16(at+2, v)
}

func TestHeaderThatIsNotTheOneFormIsRefused(t *testing.T) {
	canonical := written(t, testDossier(t))
	const first = 0
	for _, c := range []struct {
		name, sentence string
		edit           func(f *rawFile)
	}{
		{"encrypted", "is encrypted", func(f *rawFile) { both(f, 6, 1) }},
		{"data descriptor", "has a data descriptor", func(f *rawFile) { both(f, 6, 8); f.after = make([]byte, 16) }},
		{"UTF-8 flag", "has the flags 0x0800", func(f *rawFile) { both(f, 6, 1<<11) }},
		{"deflated", "compression method 8", func(f *rawFile) { both(f, 8, 8) }},
		{"zip64 size", "ZIP64", func(f *rawFile) { f.central = set32(24, 1<<32-1) }},
		{"zip64 packed size", "ZIP64", func(f *rawFile) { f.central = set32(20, 1<<32-1) }},
		{"zip64 offset", "ZIP64", func(f *rawFile) { f.central = set32(42, 1<<32-1) }},
		{"bomb", "is stored in", func(f *rawFile) { f.central = set32(24, 1<<31) }},
		{"larger than the file", "behind the directory's begin", func(f *rawFile) {
			f.central = func(h []byte) []byte { return set32(20, 1<<31)(set32(24, 1<<31)(h)) }
		}},
		{"overlap", "what is before it ends at byte 0", func(f *rawFile) { f.central = set32(42, 1) }},
		{"central extra field", "bytes of extra fields", func(f *rawFile) {
			f.central = func(h []byte) []byte { return append(set16(30, 4)(h), 1, 0, 0, 0) }
		}},
		{"local extra field", "begins at byte", func(f *rawFile) {
			f.local = func(h []byte) []byte { return append(set16(28, 4)(h), 1, 0, 0, 0) }
		}},
		{"comment", "has a comment", func(f *rawFile) {
			f.central = func(h []byte) []byte { return append(set16(32, 1)(h), 'x') }
		}},
		{"path too long", "its path has 204 bytes", func(f *rawFile) { f.central = set16(28, uint16(maxPath+1)) }},
		{"gap", "begins at byte", func(f *rawFile) { f.after = []byte("hidden") }},
		{"needs another version", "byte 4 of the dossier is 0x2d", func(f *rawFile) { both(f, 4, 45) }},
		{"made by Unix", "of the dossier is 0x03", func(f *rawFile) { f.central = set16(4, 3<<8|20) }},
		{"a time", "byte 11 of the dossier", func(f *rawFile) { both(f, 10, 0x6000) }},
		{"another date", "byte 13 of the dossier", func(f *rawFile) { both(f, 12, 0x5A21) }},
		{"another disk", "its one form has 0x00", func(f *rawFile) { f.central = set16(34, 1) }},
		{"internal attributes", "its one form has 0x00", func(f *rawFile) { f.central = set16(36, 1) }},
		{"external attributes", "its one form has 0x00", func(f *rawFile) { f.central = set32(38, 0o644<<16) }},
		{"local method", "byte 8 of the dossier is 0x08", func(f *rawFile) { f.local = set16(8, 8) }},
		{"local size", "byte 22 of the dossier", func(f *rawFile) { f.local = set32(22, 1) }},
		{"local checksum", "of the dossier", func(f *rawFile) { f.local = set32(14, 1) }},
		{"local path", "byte 30 of the dossier", func(f *rawFile) { f.local = func(h []byte) []byte { h[30] = 'D'; return h } }},
		{"local mark", "byte 2 of the dossier", func(f *rawFile) { f.local = set32(0, centralMark) }},
		{"central mark", "no header of a file", func(f *rawFile) { f.central = set32(0, localMark) }},
		{"checksum of a document", "has the CRC-32", func(f *rawFile) { f.local, f.central = set32(14, 1), set32(16, 1) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := unpack(t, canonical)
			c.edit(&files[first])
			wantError(t, pack(files), c.sentence)
		})
	}
}

func TestBytesOfNobodyAreRefused(t *testing.T) {
	canonical := written(t, testDossier(t))
	size := len(canonical)
	end := size - endSize
	edit := func(f func(b []byte) []byte) []byte { return f(bytes.Clone(canonical)) }
	at := func(offset int, v uint16) []byte {
		return edit(func(b []byte) []byte { return set16(end+offset, v)(b) })
	}
	for _, c := range []struct {
		name, sentence string
		data           []byte
	}{
		{"empty", "0 bytes, too few", nil},
		{"not a ZIP", "does not end as a ZIP", bytes.Repeat([]byte("x"), 100)},
		{"cut short by one", "does not end as a ZIP", canonical[:size-1]},
		{"begin cut off", "does not end where its end begins", canonical[1:]},
		{"prepended", "does not end where its end begins", append([]byte("#!/bin/sh\n"), canonical...)},
		{"appended", "does not end as a ZIP", append(bytes.Clone(canonical), 0)},
		{"a ZIP appended", "does not end where its end begins", append(bytes.Clone(canonical), canonical...)},
		{"comment", "has a comment", at(20, 1)},
		{"this disk", "its one form has 0x00", at(4, 1)},
		{"directory's disk", "its one form has 0x00", at(6, 1)},
		{"entries on this disk", "of the dossier is 0x01", at(8, 1)},
		{"zip64 entries", "ZIP64", at(10, 0xFFFF)},
		{"zip64 directory", "ZIP64", edit(func(b []byte) []byte { return set32(end+12, 1<<32-1)(b) })},
		{"zip64 offset", "ZIP64", edit(func(b []byte) []byte { return set32(end+16, 1<<32-1)(b) })},
		{"one entry less", "bytes after its last file", at(10, 7)},
		{"one entry more", "no header of a file", at(10, 9)},
		{"many entries", "bytes for 60000 files", at(10, 60000)},
		{"no entries", "bytes for 0 files", at(10, 0)},
		{"empty ZIP", "no policy", pack(nil)},
		{"directory a byte longer", "does not end where", edit(func(b []byte) []byte { b[end+12]++; return b })},
		{"directory begins a byte earlier", "no header of a file", edit(func(b []byte) []byte { b[end+12]++; b[end+16]--; return b })},
	} {
		t.Run(c.name, func(t *testing.T) { wantError(t, c.data, c.sentence) })
	}
}

func TestGapBeforeTheDirectoryIsRefused(t *testing.T) {
	files := unpack(t, written(t, testDossier(t)))
	files[len(files)-1].after = []byte("hidden")
	wantError(t, pack(files), "the last file ends at byte")
}

func TestEveryBitOfHeadersCounts(t *testing.T) {
	canonical := written(t, testDossier(t))
	files, err := readDirectory(bytes.NewReader(canonical), int64(len(canonical)))
	if err != nil {
		t.Fatal(err)
	}
	var headers []int64
	for _, f := range files {
		for i := range int64(localSize + len(f.path)) {
			headers = append(headers, f.offset+i)
		}
	}
	for i := files[len(files)-1].end(); i < int64(len(canonical)); i++ {
		headers = append(headers, i)
	}
	edited := bytes.Clone(canonical)
	for n, at := range headers {
		bit := byte(1) << (n % 8)
		edited[at] ^= bit
		if _, err := read(edited); err == nil {
			t.Errorf("byte %d: %#02x is taken for %#02x", at, edited[at], canonical[at])
		}
		edited[at] ^= bit
	}
}

func TestPathsOutsideTheGrammarAreRefused(t *testing.T) {
	canonical := written(t, testDossier(t))
	id := testDossier(t).Contract().ID().String()
	for _, c := range []struct{ path, sentence string }{
		{"../policy", `has the step ".."`},
		{"documents/" + id + "/../../../etc/passwd", `has the step ".."`},
		{"documents/./" + id, `has the step "."`},
		{"documents//" + id, `has the step ""`},
		{"/policy", "is absolute"},
		{`documents\x`, "has a backslash"},
		{`C:\x`, "has a backslash"},
		{"documents/", "is of a folder"},
		{"documents/" + id + "/", "is of a folder"},
		{"", "has the step"},
		{"Policy", "not a path that a dossier has"},
		{"policy.txt", "not a path that a dossier has"},
		{"RECORDS/" + id + ".note", "not a path that a dossier has"},
		{"records/" + strings.ToUpper(id) + ".note", "lowercase hex"},
		{"records/" + id, "not a path that a dossier has"},
		{"records/" + id + ".NOTE", "not a path that a dossier has"},
		{"records/" + id[1:] + ".note", "lowercase hex"},
		{"records/" + strings.Repeat("0", 64) + ".note", "all zeros"},
		{"receipts/" + id + ".txt", "not a path that a dossier has"},
		{"receipts/" + id + ".first.first.tlog-proof", "lowercase hex"},
		{"documents/" + id, "not a path that a dossier has"},
		{"documents/" + id + "/nested/x", "no document of that name"},
		{"documents/" + id + "/drawing.PDF", "no document of that name"},
		{"documents/" + id + "/dr\u00e4wing.pdf", "is not ASCII"},
		{"documents/" + id + "/a\x00.pdf", "is not ASCII"},
		{"salts/" + id, "not a path that a dossier has"},
		{"mimetype", "not a path that a dossier has"},
	} {
		t.Run(c.path, func(t *testing.T) {
			files := append(unpack(t, canonical), rawFile{path: c.path, data: []byte("x")})
			sortFiles(files)
			wantError(t, pack(files), c.sentence)
		})
	}
}

func TestFilesComeOnceAndInOrder(t *testing.T) {
	canonical := written(t, testDossier(t))
	files := unpack(t, canonical)
	policy := index(t, files, "policy")
	wantError(t, pack(slices.Insert(slices.Clone(files), policy, files[policy])), `"policy" is there twice`)
	files[policy], files[policy+1] = files[policy+1], files[policy]
	wantError(t, pack(files), "and sorts before it")
}

func TestFilesBelongToARecord(t *testing.T) {
	d := testDossier(t)
	canonical := written(t, d)
	contract := d.Contract().ID()
	var statement record.ID
	for _, r := range d.Records() {
		if r.Text().Kind == record.Statement {
			statement = r.ID()
		}
	}
	other := newRecord(t, contractText(t, 99))
	unsigned := append(d.Contract().Text().Bytes(), '\n')
	full := d.Contract()
	first := receipt(t, full, 3, 5, 0)
	remove := func(path string) func(*[]rawFile) {
		return func(f *[]rawFile) { *f = slices.DeleteFunc(*f, func(f rawFile) bool { return f.path == path }) }
	}
	add := func(path string, data []byte) func(*[]rawFile) {
		return func(f *[]rawFile) { *f = append(*f, rawFile{path: path, data: data}) }
	}
	set := func(path string, data []byte) func(*[]rawFile) {
		return func(f *[]rawFile) { remove(path)(f); add(path, data)(f) }
	}
	for _, c := range []struct {
		name, sentence string
		edit           func(*[]rawFile)
	}{
		{"record of another id", "the record has the id", set(recordPath(statement), full.Bytes())},
		{"record that does not parse", "no empty line", set(recordPath(statement), []byte("hello\n"))},
		{"record too long", "at most 32744", set(recordPath(statement), make([]byte, record.MaxRecord+1))},
		{"signature that does not verify", "does not verify", func(f *[]rawFile) {
			b := (*f)[index(t, *f, recordPath(statement))].data
			i := bytes.LastIndexByte(b, ' ') + 20
			if b[i]++; b[i] == 'Z'+1 || b[i] == 'z'+1 || b[i] == '9'+1 || b[i] == '+'+1 || b[i] == '/'+1 {
				b[i] = 'A'
			}
		}},
		{"registered, and other signature lines", "to the byte", set(recordPath(contract), unsigned)},
		{"registered, and a draft that nobody signed", "nobody signed", func(f *[]rawFile) {
			remove(firstPath(contract))(f)
			set(recordPath(contract), unsigned)(f)
			set(receiptPath(contract), receiptAt(t, unsigned, testTime+60, 3, 5, 0))(f)
		}},
		{"no record", "is not", remove(recordPath(contract))},
		{"no contract", "no contract", func(f *[]rawFile) {
			b := statementText(t, contract, 9)
			b.Kind, b.Contract, b.Parties, b.About, b.SignBy = record.Revocation, record.ID{}, nil, "", 0
			b.Key, b.Reason = testVerifier(t, "bob.example"), "lost"
			r := newRecord(t, b)
			*f = []rawFile{{path: policyPath, data: []byte(testPolicy)}, {path: recordPath(r.ID()), data: r.Bytes()}}
		}},
		{"two contracts", "2 contracts that no other", add(recordPath(other.ID()), other.Bytes())},
		{"statement without its contract", "which the dossier does not have", func(f *[]rawFile) {
			*f = []rawFile{{path: policyPath, data: []byte(testPolicy)}, {path: recordPath(other.ID()), data: other.Bytes()}, (*f)[index(t, *f, recordPath(statement))]}
		}},
		{"receipt without record", "records/" + other.ID().String() + ".note is not", add(receiptPath(other.ID()), first)},
		{"receipt of another record", "to the byte", set(receiptPath(statement), first)},
		{"receipt that does not parse", "receipt: proof", set(receiptPath(contract), []byte("x"))},
		{"receipt of no entry", "receipt: entry does not begin", set(receiptPath(contract), []byte(strings.Replace(string(first), "extra ", "extra AAAA", 1)))},
		{"first receipt alone", "and receipts/" + contract.String() + ".tlog-proof is not", remove(receiptPath(contract))},
		{"first receipt the same", "are the same", set(receiptPath(contract), first)},
		{"first receipt not smaller", "not smaller than", set(receiptPath(contract), receipt(t, full, 3, 5, 1))},
		{"first receipt of another index", "entry 2 and entry 3", set(firstPath(contract), receipt(t, full, 2, 5, 0))},
		{"first receipt of another time", "was registered at", set(firstPath(contract), receiptAt(t, full.Bytes(), testTime+61, 3, 5, 0))},
		{"first receipt of another form", "other signature lines", set(firstPath(contract), receipt(t, newRecord(t, contractText(t, 1)), 3, 5, 0))},
		{"document of no line", "no document of that name", add(documentPath(contract, "x.pdf"), nil)},
		{"document of no record", "is there, and", add(documentPath(other.ID(), "drawing.pdf"), nil)},
		{"salt of no line", "no document of that name", add(saltPath(contract, "x.pdf"), testSalt(1))},
		{"salt where none is", "not salted", add(saltPath(contract, testDrawing.name), testSalt(1))},
		{"salt of 31 bytes", "has 31 bytes, not 32", set(saltPath(contract, testTerms.name), testSalt(1)[1:])},
		{"salt of 33 bytes", "at most 32", set(saltPath(contract, testTerms.name), make([]byte, 33))},
		{"no policy", "no policy", remove(policyPath)},
		{"empty policy", "policy is empty", set(policyPath, nil)},
		{"policy with NUL", "control character", set(policyPath, []byte("log\x00\n"))},
		{"policy that is not text", "not valid UTF-8", set(policyPath, []byte("\xff\n"))},
		{"policy too long", "at most 262144", set(policyPath, make([]byte, MaxPolicy+1))},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := unpack(t, canonical)
			c.edit(&files)
			sortFiles(files)
			wantError(t, pack(files), c.sentence)
		})
	}
}

func TestChecksumOfAFileInMemoryIsNamed(t *testing.T) {
	files := unpack(t, written(t, testDossier(t)))
	i := index(t, files, "policy")
	files[i].central = set32(16, 1)
	wantError(t, pack(files), "policy has the CRC-32")
}

// A changingReader gives other bytes from a number of reads on.
type changingReader struct {
	io.ReaderAt
	left int
}

func (r *changingReader) ReadAt(b []byte, offset int64) (int, error) {
	n, err := r.ReaderAt.ReadAt(b, offset)
	if r.left--; r.left < 0 {
		for i := range n {
			b[i] ^= 1
		}
	}
	return n, err
}

func TestFileThatChangesWhileItIsReadIsRefused(t *testing.T) {
	b := written(t, testDossier(t))
	for reads := range 30 {
		r := &changingReader{bytes.NewReader(b), reads}
		if _, err := Read(r, int64(len(b))); err == nil && r.left < 0 {
			t.Errorf("other bytes after %d reads go unnoticed", reads)
		}
	}
}

func TestSizeIsNotTrusted(t *testing.T) {
	b := written(t, testDossier(t))
	if _, err := Read(bytes.NewReader(b), int64(len(b))+1); !errors.Is(err, io.EOF) {
		t.Errorf("one byte more than there is: %v", err)
	}
	if _, err := Read(bytes.NewReader(b), MaxSize+1); err == nil || !strings.Contains(err.Error(), "at most 2147483648") {
		t.Errorf("more than 2 GiB: %v", err)
	}
	if _, err := Read(bytes.NewReader(b), MaxSize); !errors.Is(err, io.EOF) {
		t.Errorf("2 GiB, of which most is not there: %v", err)
	}
}

func TestOtherProgramsReadADossier(t *testing.T) {
	d := testDossier(t)
	b := written(t, d)
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	id := d.Contract().ID()
	var names []string
	for _, f := range r.File {
		names = append(names, f.Name)
		if f.Method != zip.Store || f.Flags != 0 || f.ExternalAttrs != 0 || len(f.Extra) != 0 || f.CreatorVersion != 20 || f.ReaderVersion != 20 {
			t.Errorf("%s has the header %+v", f.Name, f.FileHeader)
		}
		if !f.Modified.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s is of %s", f.Name, f.Modified)
		}
	}
	if !slices.IsSorted(names) {
		t.Errorf("files are not sorted: %q", names)
	}
	for _, path := range []string{
		policyPath, recordPath(id), receiptPath(id), firstPath(id),
		documentPath(id, testTerms.name), documentPath(id, testDrawing.name), saltPath(id, testTerms.name),
	} {
		if !slices.Contains(names, path) {
			t.Errorf("%s is not there", path)
		}
	}
	if len(names) != 8 {
		t.Errorf("%d files, want 8: %q", len(names), names)
	}
	for _, f := range unpack(t, b) {
		if f.path == documentPath(id, testDrawing.name) && !bytes.Equal(f.data, testDrawing.data) {
			t.Errorf("drawing reads %q", f.data)
		}
	}
}
