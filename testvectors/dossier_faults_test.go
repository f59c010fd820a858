package testvectors

import (
	"encoding/binary"
	"slices"
	"strings"
)

// spoilt returns the whole dossier after a change of its archive.
func spoilt(change func(a *zipArchive)) []byte {
	a := archive(whole())
	change(a)
	return a.bytes()
}

// file finds a file of an archive by the beginning of its path.
func (a *zipArchive) file(prefix string) *zipFile {
	return a.files[slices.IndexFunc(a.files, func(f *zipFile) bool { return strings.HasPrefix(f.local.name, prefix) })]
}

// zipFaults are files that are as they should be in a ZIP that is not.
func zipFaults() []vector {
	good := archive(whole()).bytes()
	policy := func(change func(f *zipFile)) []byte {
		return spoilt(func(a *zipArchive) { change(a.file("policy")) })
	}
	header := func(change func(h *zipHeader)) []byte {
		return policy(func(f *zipFile) { f.both(change) })
	}
	central := func(change func(h *zipHeader)) []byte {
		return policy(func(f *zipFile) { change(&f.central) })
	}
	local := func(change func(h *zipHeader)) []byte {
		return policy(func(f *zipFile) { change(&f.local) })
	}
	end := func(at int, value uint16) []byte {
		return spoilt(func(a *zipArchive) { a.end = func(b []byte) { binary.LittleEndian.PutUint16(b[at:], value) } })
	}
	return append(directoryFaults(good),
		badDossier("header-version-10", "A file needs version 10.", header(func(h *zipHeader) { h.needs = 10 })),
		badDossier("header-version-45", "A file needs version 45.", header(func(h *zipHeader) { h.needs = 45 })),
		badDossier("header-made-by-unix", "A file was made on Unix.", central(func(h *zipHeader) { h.madeBy = 0x0314 })),
		badDossier("header-encrypted", "A file has the flag of encryption.", header(func(h *zipHeader) { h.flags = 1 })),
		badDossier("header-flag-utf-8", "A file has the flag of UTF-8 names.", header(func(h *zipHeader) { h.flags = 0x800 })),
		badDossier("header-flag-in-local-alone", "A file has a flag in its local header alone.", local(func(h *zipHeader) { h.flags = 0x800 })),
		badDossier("header-deflate", "A file is compressed.", policy(func(f *zipFile) {
			f.data = deflated(f.data)
			f.both(func(h *zipHeader) { h.method, h.packed = 8, uint32(len(f.data)) })
		})),
		badDossier("header-method-in-local-alone", "A file is stored, and said to be compressed in its local header alone.", local(func(h *zipHeader) { h.method = 8 })),
		badDossier("header-data-descriptor", "A file has a data descriptor, and no sizes in its local header.", policy(func(f *zipFile) {
			f.both(func(h *zipHeader) { h.flags = 8 })
			le := binary.LittleEndian
			f.descriptor = le.AppendUint32(le.AppendUint32(le.AppendUint32([]byte("PK\x07\x08"), f.local.crc), f.local.packed), f.local.size)
			f.local.crc, f.local.packed, f.local.size = 0, 0, 0
		})),
		badDossier("header-time", "A file has a time.", header(func(h *zipHeader) { h.time = 0x4800 })),
		badDossier("header-date", "A file has another date.", header(func(h *zipHeader) { h.date = 0x5c26 })),
		badDossier("header-date-zero", "A file has no date.", header(func(h *zipHeader) { h.date = 0 })),
		badDossier("header-time-in-local-alone", "A file has a time in its local header alone.", local(func(h *zipHeader) { h.time = 1 })),
		badDossier("header-crc", "A file has another CRC-32.", header(func(h *zipHeader) { h.crc ^= 1 })),
		badDossier("header-crc-in-local-alone", "A file has another CRC-32 in its local header.", local(func(h *zipHeader) { h.crc ^= 1 })),
		badDossier("header-crc-in-central-alone", "A file has another CRC-32 in its central header.", central(func(h *zipHeader) { h.crc ^= 1 })),
		badDossier("header-size-in-local-alone", "A file has another size in its local header.", local(func(h *zipHeader) { h.size-- })),
		badDossier("header-sizes-in-central-alone", "A file has other sizes in its central header.", central(func(h *zipHeader) { h.size--; h.packed-- })),
		badDossier("header-packed-in-both", "A file has another stored size.", header(func(h *zipHeader) { h.packed++ })),
		badDossier("header-zip64-sizes", "A file has the sizes that stand for ZIP64.", header(func(h *zipHeader) { h.size, h.packed = 1<<32-1, 1<<32-1 })),
		badDossier("header-sizes-of-4-gib", "A file says that it has almost 4 GiB.", header(func(h *zipHeader) { h.size, h.packed = 1<<32-2, 1<<32-2 })),
		badDossier("header-deflate-bomb", "A file says that it is compressed, from almost 4 GiB.", header(func(h *zipHeader) { h.method, h.size = 8, 1<<32-2 })),
		badDossier("header-overlap", "A file says that it has the bytes of the next ones too.", header(func(h *zipHeader) { h.size, h.packed = h.size+500, h.packed+500 })),
		badDossier("header-name-in-local-alone", "A file has another name in its local header.", local(func(h *zipHeader) { h.name = "Policy" })),
		badDossier("header-extra", "A file has an extra field in both headers.", header(func(h *zipHeader) { h.extra = "UT\x01\x00\x00" })),
		badDossier("header-extra-in-local-alone", "A file has an extra field in its local header.", local(func(h *zipHeader) { h.extra = "UT\x01\x00\x00" })),
		badDossier("header-extra-in-central-alone", "A file has an extra field in its central header.", central(func(h *zipHeader) { h.extra = "UT\x01\x00\x00" })),
		badDossier("header-comment", "A file has a comment.", central(func(h *zipHeader) { h.comment = "the policy" })),
		badDossier("header-internal-attributes", "A file has internal attributes.", central(func(h *zipHeader) { h.internal = 1 })),
		badDossier("header-external-attributes", "A file has external attributes.", central(func(h *zipHeader) { h.external = 0o100644 << 16 })),
		badDossier("header-disk", "A file is on another disk.", central(func(h *zipHeader) { h.disk = 1 })),
		badDossier("header-offset", "A file begins a byte later than its header says.", central(func(h *zipHeader) { h.offset-- })),
		badDossier("end-disk", "The end record is of another disk.", end(4, 1)),
		badDossier("end-disk-of-directory", "The directory is on another disk.", end(6, 1)),
		badDossier("end-count-on-disk", "The end record counts one file fewer on this disk.", end(8, 6)),
		badDossier("end-count", "The end record counts one file fewer.", end(10, 6)),
		badDossier("end-counts-too-many", "The end record counts one file more.", spoilt(func(a *zipArchive) {
			a.end = func(b []byte) { b[8], b[10] = 8, 8 }
		})),
		badDossier("end-counts-too-few", "The end record counts one file fewer, in both places.", spoilt(func(a *zipArchive) {
			a.end = func(b []byte) { b[8], b[10] = 6, 6 }
		})),
		badDossier("end-zip64-count", "The end record has the count that stands for ZIP64.", spoilt(func(a *zipArchive) {
			a.end = func(b []byte) { copy(b[8:], "\xff\xff\xff\xff") }
		})),
		badDossier("end-comment", "The ZIP has a comment.", spoilt(func(a *zipArchive) { a.comment = "x" })),
		badDossier("end-comment-of-another-end", "The ZIP has a comment that is the end record of an empty ZIP.", spoilt(func(a *zipArchive) {
			a.comment = "PK\x05\x06" + strings.Repeat("\x00", 18)
		})),
		badDossier("end-size-of-directory", "The directory is a byte longer than the end record says.", end(12, binary.LittleEndian.Uint16(good[len(good)-10:])-1)),
		badDossier("end-offset-of-directory", "The directory begins a byte later than the end record says.", spoilt(func(a *zipArchive) { a.move = -1 })))
}

// directoryFaults are files in the wrong order, places, or number, and bytes that
// belong to none.
func directoryFaults(good []byte) []vector {
	return []vector{
		badDossier("empty", "Nothing at all.", nil),
		badDossier("empty-zip", "A ZIP without files.", (&zipArchive{}).bytes()),
		badDossier("not-a-zip", "The file is a receipt.", []byte(filedModel.registered(4, 9))),
		badDossier("cut-by-one-byte", "The last byte is missing.", good[:len(good)-1]),
		badDossier("cut-in-half", "The second half is missing.", good[:len(good)/2]),
		badDossier("cut-before-directory", "Directory and end record are missing.", good[:strings.Index(string(good), "PK\x01\x02")]),
		badDossier("without-end", "The end record is missing.", good[:len(good)-22]),
		badDossier("byte-after", "A byte follows the ZIP.", append(slices.Clone(good), 0)),
		badDossier("line-feed-after", "A line feed follows the ZIP.", append(slices.Clone(good), '\n')),
		badDossier("byte-before", "A byte comes before the ZIP, and its offsets count it.", spoilt(func(a *zipArchive) { a.before = []byte{0} })),
		badDossier("byte-before-uncounted", "A byte comes before the ZIP.", append([]byte{0}, good...)),
		badDossier("program-before", "A script comes before the ZIP.", spoilt(func(a *zipArchive) { a.before = []byte("#!/bin/sh\nexit 0\n") })),
		badDossier("byte-before-directory", "A byte stands between the files and the directory.", spoilt(func(a *zipArchive) { a.between = []byte{0} })),
		badDossier("byte-between-files", "A byte stands between two files.", spoilt(func(a *zipArchive) { a.files[2].descriptor = []byte{0} })),
		badDossier("hidden-file", "A file stands among the others that the directory does not list.", spoilt(func(a *zipArchive) {
			a.central = slices.Clone(a.files)
			a.files = slices.Insert(a.files, 3, zipped("policy", nonePolicy+"# hidden\n"))
		})),
		badDossier("listed-twice", "The directory lists a file twice.", spoilt(func(a *zipArchive) { a.central = append(slices.Clone(a.files), a.files[6]) })),
		badDossier("unlisted", "The directory does not list the last file.", spoilt(func(a *zipArchive) { a.central = a.files[:6] })),
		badDossier("twice", "Two files have one path, and different bytes.", spoilt(func(a *zipArchive) {
			a.files = slices.Insert(a.files, 3, zipped("policy", nonePolicy+"# other\n"))
		})),
		badDossier("twice-the-same", "Two files have one path and the same bytes.", spoilt(func(a *zipArchive) {
			a.files = slices.Insert(a.files, 3, zipped("policy", nonePolicy))
		})),
		badDossier("unsorted", "Two files are in the wrong order.", spoilt(func(a *zipArchive) { a.files[0], a.files[1] = a.files[1], a.files[0] })),
		badDossier("reversed", "All files are in reverse order.", spoilt(func(a *zipArchive) { slices.Reverse(a.files) })),
		badDossier("unsorted-directory", "The directory is in another order than the files.", spoilt(func(a *zipArchive) {
			a.central = slices.Clone(a.files)
			slices.Reverse(a.central)
		})),
		badDossier("unsorted-files", "The files are in another order than the directory.", spoilt(func(a *zipArchive) {
			a.central = slices.Clone(a.files)
			slices.Reverse(a.files)
		})),
		badDossier("two-zips", "Two dossiers follow one another.", append(slices.Clone(good), good...)),
	}
}

// pathFaults are files that no dossier has.
func pathFaults() []vector {
	m := filedModel
	var vs []vector
	for _, s := range []sample{
		{"above", "../policy", "A path leads up."},
		{"above-within", "documents/" + m.id() + "/../../policy", "A path leads up and down again."},
		{"above-as-name", "documents/" + m.id() + "/..", "A document is the folder above."},
		{"above-windows", `documents\..\..\policy`, "A path leads up, with backslashes."},
		{"here", "./policy", "A path begins with a dot."},
		{"absolute", "/policy", "A path is absolute."},
		{"drive", "C:policy", "A path has a drive."},
		{"folder", "records/", "A folder has an entry."},
		{"folder-of-documents", "documents/" + m.id() + "/", "A folder has an entry."},
		{"two-slashes", "documents//" + m.id() + "/drawing 7.pdf", "A path has two slashes."},
		{"document-in-folder", "documents/" + m.id() + "/a/drawing 7.pdf", "A document is in a folder of its own."},
		{"unknown-file", "readme.txt", "A file is none that a dossier has."},
		{"unknown-folder", "keys/maker", "A folder is none that a dossier has."},
		{"policy-in-folder", "policy/policy", "The policy is in a folder."},
		{"policy-in-uppercase", "Policy", "The policy is there again, in uppercase."},
		{"backup", "policy~", "A backup of the policy."},
		{"mac", "__MACOSX/._policy", "What a Mac adds."},
		{"record-without-ending", "records/" + m.id(), "A record lacks its ending."},
		{"record-of-other-ending", "records/" + m.id() + ".txt", "A record has another ending."},
		{"record-in-uppercase", "records/" + strings.ToUpper(m.id()) + ".note", "A record's id is in uppercase."},
		{"record-short-id", "records/" + m.id()[:63] + ".note", "A record's id lacks a digit."},
		{"receipt-second", "receipts/" + m.id() + ".second.tlog-proof", "A receipt is neither the newest nor the first."},
		{"receipt-without-ending", "receipts/" + m.id(), "A receipt lacks its ending."},
		{"empty", "", "A path is empty."},
		{"nul", "policy\x00", "A path has a NUL."},
		{"outside-ascii", "documents/" + m.id() + "/Pl\u00e4ne.pdf", "A path is not ASCII."},
		{"fullwidth", "ｐolicy", "A path is not ASCII."},
		{"far-too-long", "documents/" + m.id() + "/" + strings.Repeat("n", 1000), "A path is longer than any may be."},
	} {
		vs = append(vs, badDossier("path-"+s.name, s.comment, archive(with(whole(), s.value, "x")).bytes()))
	}
	return vs
}
