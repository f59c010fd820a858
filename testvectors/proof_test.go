package testvectors

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

const proofLine = "c2sp.org/tlog-proof@v1\n"

// hashLines returns the lines of hashes of a proof.
func hashLines(hashes [][]byte) string {
	var b strings.Builder
	for _, h := range hashes {
		b.WriteString(base64.StdEncoding.EncodeToString(h) + "\n")
	}
	return b.String()
}

// tlogProof returns a tlog-proof; extra may be empty.
func tlogProof(extra string, index uint64, hashes [][]byte, checkpoint string) string {
	p := proofLine
	if extra != "" {
		p += "extra " + base64.StdEncoding.EncodeToString([]byte(extra)) + "\n"
	}
	return p + fmt.Sprintf("index %d\n", index) + hashLines(hashes) + "\n" + checkpoint
}

func proofVectors() []vector {
	t := numbered(9)
	checkpoint := signed(checkpointText(ledgerKey.name, 9, t.root(9)), ledgerKey)
	ok := func(name, comment, extra string, index uint64, hashes [][]byte, checkpoint, size string) vector {
		return accepted("proof", name, comment, octets("proof", tlogProof(extra, index, hashes, checkpoint)), member{"index", fmt.Sprint(index)},
			member{"extra", base64.StdEncoding.EncodeToString([]byte(extra))}, member{"hashes", hexes(hashes)}, member{"size", size})
	}
	bad := func(name, comment, proof string) vector {
		return refused("proof", name, "form", comment, octets("proof", proof))
	}
	largest := checkpointText(ledgerKey.name, 1<<63-1, uniform().root(1<<63-1))
	path := uniform().path(1<<62-1, 1<<63-1)
	good := tlogProof("entry", 2, t.path(2, 9), checkpoint)
	vs := []vector{
		ok("plain", "A proof with extra data.", "entry", 2, t.path(2, 9), checkpoint, "9"),
		ok("without-extra", "A proof without extra data.", "", 2, t.path(2, 9), checkpoint, "9"),
		ok("extra-of-1-byte", "The extra data is a zero byte.", "\x00", 2, t.path(2, 9), checkpoint, "9"),
		ok("extra-of-32768-bytes", "The extra data is as long as an entry may be.", strings.Repeat("x", 32768), 2, t.path(2, 9), checkpoint, "9"),
		ok("extra-of-65535-bytes", "The extra data is as long as it may be.", strings.Repeat("x", 65535), 2, t.path(2, 9), checkpoint, "9"),
		bad("extra-of-65536-bytes", "The extra data is one byte too long.", tlogProof(strings.Repeat("x", 65536), 2, t.path(2, 9), checkpoint)),
		ok("index-0", "The proof of the first entry.", "entry", 0, t.path(0, 9), checkpoint, "9"),
		ok("without-hashes", "The proof of the only entry has no hashes.", "entry", 0, nil, signed(checkpointText(ledgerKey.name, 1, t.root(1)), ledgerKey), "1"),
		ok("of-63-hashes", "The longest proof, in the largest tree.", "entry", 1<<62-1, path, signed(largest, ledgerKey), "9223372036854775807"),
		ok("index-beyond-size", "Whether the index is below the size is no matter of form.", "entry", 9, t.path(2, 9), checkpoint, "9"),
		ok("index-2-63-minus-1", "The largest index.", "entry", 1<<63-1, t.path(2, 9), checkpoint, "9"),
		ok("too-few-hashes", "Whether the hashes prove anything is no matter of form.", "entry", 2, t.path(2, 9)[:1], checkpoint, "9"),
		ok("signed-by-stranger", "Who signed the checkpoint is no matter of form.", "entry", 2, t.path(2, 9), signed(checkpointText(ledgerKey.name, 9, t.root(9)), stranger), "9"),
		bad("of-64-hashes", "One hash too many.", tlogProof("entry", 1<<62-1, append(slices.Clone(path), path[0]), signed(largest, ledgerKey))),
	}
	for _, s := range []sample{
		{"empty", "", "Nothing at all."},
		{"first-line-alone", proofLine, "The proof is its first line."},
		{"without-first-line", strings.TrimPrefix(good, proofLine), "The first line is missing."},
		{"version-2", strings.Replace(good, "@v1", "@v2", 1), "The version is another."},
		{"without-version", strings.Replace(good, "@v1", "", 1), "The version is missing."},
		{"first-line-with-scheme", "https://" + good, "The first line is a URL."},
		{"first-line-twice", proofLine + good, "The first line is there twice."},
		{"empty-line-first", "\n" + good, "An empty line comes first."},
		{"byte-order-mark", "\ufeff" + good, "A byte order mark comes first."},
		{"in-crlf", strings.ReplaceAll(good, "\n", "\r\n"), "All lines end in CR LF."},
		{"first-line-in-crlf", strings.Replace(good, "\n", "\r\n", 1), "The first line ends in CR LF."},
		{"without-last-line-feed", strings.TrimSuffix(good, "\n"), "The last line feed is missing."},
		{"empty-line-last", good + "\n", "An empty line comes last."},
		{"without-checkpoint", good[:strings.Index(good, "\n\n")+2], "The checkpoint is missing."},
		{"without-empty-line", strings.Replace(good, "\n\n", "\n", 1), "The empty line before the checkpoint is missing."},
		{"two-empty-lines", strings.Replace(good, "\n\n", "\n\n\n", 1), "Two empty lines come before the checkpoint."},
		{"checkpoint-with-extension-line", tlogProof("entry", 2, t.path(2, 9), signed(checkpointText(ledgerKey.name, 9, t.root(9))+"extension\n", ledgerKey)), "The checkpoint has a fourth line."},
		{"checkpoint-unsigned", tlogProof("entry", 2, t.path(2, 9), checkpointText(ledgerKey.name, 9, t.root(9))+"\n"), "The checkpoint has no signature line."},
		{"checkpoint-size-leading-zero", strings.Replace(good, "\n9\n", "\n09\n", 1), "The checkpoint's size has a leading zero."},
	} {
		vs = append(vs, bad(s.name, s.comment, s.value))
	}
	return append(vs, proofLines(bad, good)...)
}

// proofLines are faults of the lines extra, index and hashes.
func proofLines(bad func(name, comment, proof string) vector, good string) []vector {
	replace := func(old, with string) string { return strings.Replace(good, old, with, 1) }
	extra := "extra " + base64.StdEncoding.EncodeToString([]byte("entry")) + "\n"
	hash := hashLines([][]byte{numberedLeaf(3)})
	raw := strings.TrimSuffix(hash, "\n")
	var vs []vector
	for _, s := range []sample{
		{"extra-empty", replace(extra, "extra \n"), "The extra data is empty; the line has to be left out."},
		{"extra-without-space", replace(extra, "extra\n"), "The extra line is its keyword."},
		{"extra-twice", replace(extra, extra+extra), "The extra line is there twice."},
		{"extra-after-index", replace(extra+"index 2\n", "index 2\n"+extra), "The extra line follows the index."},
		{"extra-unpadded", replace(extra, strings.TrimRight(extra, "=\n")+"\n"), "The extra data lacks its padding."},
		{"extra-unused-bits", replace(extra, "extra "+unusedBits(extra[6:len(extra)-1])+"\n"), "The unused bits of the extra data's base64 are not zero."},
		{"extra-url-alphabet", replace(extra, "extra -_-_\n"), "The extra data has the characters of the URL alphabet."},
		{"extra-two-spaces", replace("extra ", "extra  "), "Two spaces follow extra."},
		{"extra-space-after", replace(extra, strings.TrimSuffix(extra, "\n")+" \n"), "A space follows the extra data."},
		{"extra-in-uppercase", replace("extra", "Extra"), "extra is in uppercase."},
		{"unknown-line", replace("index 2\n", "note x\nindex 2\n"), "A line with an unknown keyword comes before the index."},
		{"without-index", replace("index 2\n", ""), "The index is missing."},
		{"index-twice", replace("index 2\n", "index 2\nindex 2\n"), "The index is there twice."},
		{"index-after-hashes", replace("index 2\n"+hash, hash+"index 2\n"), "A hash comes before the index."},
		{"index-empty", replace("index 2", "index "), "The index is empty."},
		{"index-leading-zero", replace("index 2", "index 02"), "The index has a leading zero."},
		{"index-000", replace("index 2", "index 000"), "Zero is written with three zeros."},
		{"index-plus", replace("index 2", "index +2"), "The index has a sign."},
		{"index-negative", replace("index 2", "index -2"), "The index is negative."},
		{"index-hex", replace("index 2", "index 0x2"), "The index is in hex."},
		{"index-2-63", replace("index 2", "index 9223372036854775808"), "The index is 2^63."},
		{"index-2-64-plus-2", replace("index 2", "index 18446744073709551618"), "The index is 2 modulo 2^64."},
		{"index-tab", replace("index 2", "index\t2"), "A tab follows index."},
		{"index-two-spaces", replace("index 2", "index  2"), "Two spaces follow index."},
		{"index-space-after", replace("index 2", "index 2 "), "A space follows the index."},
		{"hash-unpadded", replace(raw, strings.TrimRight(raw, "=")), "A hash lacks its padding."},
		{"hash-unused-bits", replace(raw, unusedBits(raw)), "The unused bits of a hash's base64 are not zero."},
		{"hash-of-31-bytes", replace(hash, hashLines([][]byte{numberedLeaf(3)[:31]})), "A hash has 31 bytes."},
		{"hash-of-33-bytes", replace(hash, hashLines([][]byte{append(numberedLeaf(3), 0)})), "A hash has 33 bytes."},
		{"hash-in-hex", replace(raw, fmt.Sprintf("%x", numberedLeaf(3))), "A hash is in hex."},
		{"hash-space-after", replace(raw, raw+" "), "A space follows a hash."},
		{"hash-carriage-return", replace(raw, raw+"\r"), "A hash's line ends in CR LF."},
		{"hashes-in-one-line", replace(hash, raw), "Two hashes stand in one line."},
		{"empty-line-among-hashes", replace(hash, hash+"\n"), "An empty line stands among the hashes."},
	} {
		if s.value == good {
			panic(s.name + " is as the good one")
		}
		vs = append(vs, bad(s.name, s.comment, s.value))
	}
	return vs
}
