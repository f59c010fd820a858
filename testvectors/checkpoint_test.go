package testvectors

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// checkpointText returns the three lines of a checkpoint.
func checkpointText(origin string, size uint64, root []byte) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root))
}

var (
	w1 = witnessKey("witness.example/w1")
	w2 = witnessKey("witness.example/w2")
	w3 = witnessKey("witness.example/w3")
)

func checkpointVectors() []vector {
	root := numbered(9).root(9)
	text := checkpointText(ledgerKey.name, 9, root)
	ok := func(name, comment string, size uint64, root []byte, note string) vector {
		return accepted("checkpoint", name, comment, octets("checkpoint", note), member{"vkey", ledgerKey.vkey()},
			member{"origin", ledgerKey.name}, member{"size", fmt.Sprint(size)}, member{"root", hex.EncodeToString(root)})
	}
	bad := func(name, kind, comment, note string) vector {
		return refused("checkpoint", name, kind, comment, octets("checkpoint", note), member{"vkey", ledgerKey.vkey()})
	}
	good := ledgerKey.sign(text)
	sig := ledgerKey.signs([]byte(text))
	flipped := slices.Clone(sig)
	flipped[0] ^= 1
	note := text + "\n" + good
	vs := []vector{
		ok("plain", "A checkpoint with the line of its log.", 9, root, note),
		ok("size-0", "The checkpoint of an empty log.", 0, emptyRoot(), signed(checkpointText(ledgerKey.name, 0, emptyRoot()), ledgerKey)),
		ok("size-2-63-minus-1", "The largest tree.", 1<<63-1, uniform().root(1<<63-1), signed(checkpointText(ledgerKey.name, 1<<63-1, uniform().root(1<<63-1)), ledgerKey)),
		ok("cosigned", "Two witnesses cosigned.", 9, root, note+w1.cosign(text, 1767690000)+w2.cosign(text, 1767690001)),
		ok("log-line-last", "The log's line comes after others.", 9, root, text+"\n"+w1.cosign(text, 1767690000)+good),
		ok("strangers-line-of-the-logs-name", "A line of the log's name and another key id is of no known key.", 9, root, note+stranger.as(ledgerKey.name).sign(text)),
		ok("strangers-line-of-the-logs-id", "A line of the log's key id and another name is of no known key.", 9, root, note+signatureLine("other.example", ledgerKey.id(), flipped)),
		ok("line-of-ml-dsa-length", "A line of an unknown key is as long as an ML-DSA-44 cosignature.", 9, root, note+signatureLine(ledgerKey.name, []byte{6, 6, 6, 6}, make([]byte, 8+2420))),
		ok("unknown-line-of-1-byte", "A line of an unknown key has a signature of one byte.", 9, root, note+signatureLine("other.example", []byte{1, 2, 3, 4}, []byte{0})),
		ok("unknown-line-with-name-outside-ascii", "A line of an unknown key has a name outside ASCII.", 9, root, note+signatureLine("свидетель.example", []byte{1, 2, 3, 4}, sig)),
		ok("unknown-line-with-name-of-255-bytes", "A line of an unknown key has the longest name.", 9, root, note+signatureLine(strings.Repeat("n", 255), []byte{1, 2, 3, 4}, []byte{5})),
		ok("log-line-twice", "The log's line is there twice, and both verify.", 9, root, note+good),
		ok("lines-100", "As many lines as a note may have.", 9, root, note+manyLines(text, 99)),
		bad("origin-with-space", "form", "The origin has a space.", signed(checkpointText("ledger example", 9, root), ledgerKey)),
		bad("origin-with-plus", "form", "The origin has a plus.", signed(checkpointText("ledger+example", 9, root), ledgerKey)),
		bad("origin-of-256-bytes", "form", "The origin is a byte too long.", signed(checkpointText(strings.Repeat("n", 256), 9, root), ledgerKey)),
		bad("lines-101", "form", "One line too many.", note+manyLines(text, 100)),
		bad("unsigned-by-log", "signature", "Only a witness signed.", text+"\n"+w1.cosign(text, 1767690000)),
		bad("signed-by-stranger", "signature", "A stranger signed, under another name.", signed(text, stranger)),
		bad("signed-by-stranger-under-the-logs-name", "signature", "A stranger signed under the log's name.", signed(text, stranger.as(ledgerKey.name))),
		bad("signed-by-log-under-another-name", "signature", "The log's key signed under another name.", signed(text, ledgerKey.as("other.example"))),
		bad("cosigned-by-log-key", "signature", "The log's key cosigned instead of signing.", text+"\n"+ledgerKey.ofType(4).cosign(text, 1767690000)),
		bad("signature-flipped", "signature", "A bit of the signature is flipped.", text+"\n"+ledgerKey.line(flipped)),
		bad("signature-of-63-bytes", "signature", "The signature lacks a byte.", text+"\n"+ledgerKey.line(sig[:63])),
		bad("signature-of-65-bytes", "signature", "The signature has a byte too many.", text+"\n"+ledgerKey.line(append(slices.Clone(sig), 0))),
		bad("signature-of-other-size", "signature", "The signature is of a checkpoint of another size.", text+"\n"+ledgerKey.line(ledgerKey.signs([]byte(checkpointText(ledgerKey.name, 8, root))))),
		bad("signature-with-empty-line", "signature", "The signature is of the text and the empty line.", text+"\n"+ledgerKey.line(ledgerKey.signs([]byte(text+"\n")))),
		bad("log-line-twice-first-fails", "signature", "Of two lines of the log the first does not verify.", text+"\n"+ledgerKey.line(flipped)+good),
		bad("log-line-twice-second-fails", "signature", "Of two lines of the log the second does not verify.", note+ledgerKey.line(flipped)),
		bad("origin-of-other-log", "origin", "The log signed a checkpoint of another log.", signed(checkpointText("ledger.example/2025", 9, root), ledgerKey)),
		bad("origin-in-uppercase", "origin", "The origin differs from the log's name in case.", signed(checkpointText("Ledger.example/2026", 9, root), ledgerKey)),
		bad("origin-with-slash-after", "origin", "The origin has a slash more than the log's name.", signed(checkpointText(ledgerKey.name+"/", 9, root), ledgerKey)),
	}
	return append(vs, checkpointForms(bad)...)
}

// checkpointForms are texts that are no checkpoints, signed all the same, and
// notes that are none.
func checkpointForms(bad func(name, kind, comment, note string) vector) []vector {
	root := base64.StdEncoding.EncodeToString(numbered(9).root(9))
	of := func(name, comment, text string) vector { return bad(name, "form", comment, signed(text, ledgerKey)) }
	origin := ledgerKey.name + "\n"
	good := origin + "9\n" + root + "\n"
	var vs []vector
	for _, s := range []sample{
		{"empty", "", "The size is empty."}, {"leading-zero", "09", "The size has a leading zero."}, {"two-zeros", "00", "Zero is written with two zeros."},
		{"plus", "+9", "The size has a sign."}, {"negative", "-9", "The size is negative."}, {"negative-zero", "-0", "Zero has a sign."},
		{"hex", "0x9", "The size is in hex."}, {"fraction", "9.0", "The size has a fraction."}, {"exponent", "9e0", "The size has an exponent."},
		{"space-after", "9 ", "A space follows the size."}, {"space-before", " 9", "A space comes before the size."}, {"carriage-return", "9\r", "The line ends in CR LF."},
		{"2-63", "9223372036854775808", "The size is 2^63."}, {"2-64-plus-9", "18446744073709551625", "The size is 9 modulo 2^64."}, {"word", "nine", "The size is a word."},
		{"fullwidth-digit", "９", "A digit is outside ASCII."},
	} {
		vs = append(vs, of("size-"+s.name, s.comment, origin+s.value+"\n"+root+"\n"))
	}
	for _, s := range []sample{
		{"empty", "", "The root is empty."}, {"unpadded", strings.TrimRight(root, "="), "The root's base64 lacks its padding."},
		{"unused-bits", unusedBits(root), "The unused bits of the root's base64 are not zero."},
		{"of-31-bytes", base64.StdEncoding.EncodeToString(numbered(9).root(9)[:31]), "The root has 31 bytes."},
		{"of-33-bytes", base64.StdEncoding.EncodeToString(append(numbered(9).root(9), 0)), "The root has 33 bytes."},
		{"url-alphabet", base64.URLEncoding.EncodeToString(slices.Repeat([]byte{0xff}, 32)), "The root's base64 has the characters of the URL alphabet."},
		{"hex", hex.EncodeToString(numbered(9).root(9)), "The root is in hex."}, {"space-after", root + " ", "A space follows the root."},
		{"carriage-return", root + "\r", "The line ends in CR LF."}, {"padded-too-much", root + "=", "The root's base64 has too much padding."},
	} {
		vs = append(vs, of("root-"+s.name, s.comment, origin+"9\n"+s.value+"\n"))
	}
	return append(vs,
		of("extension-line", "A fourth line follows.", good+"extension\n"),
		of("two-extension-lines", "Two more lines follow.", good+"extension\n1767690000\n"),
		of("without-root", "The root is missing.", origin+"9\n"),
		of("without-size", "The size is missing.", origin+root+"\n"),
		of("without-origin", "The origin is missing.", "9\n"+root+"\n"),
		of("origin-empty", "The origin is empty.", "\n9\n"+root+"\n"),
		of("origin-alone", "The text is the origin alone.", origin),
		of("lines-in-other-order", "Size and root are exchanged.", origin+root+"\n9\n"),
		of("empty-line-last", "An empty line ends the text.", good+"\n"),
		of("origin-not-utf-8", "The origin is not UTF-8.", "ledger\xff\n9\n"+root+"\n"),
		of("origin-with-nul", "The origin has a NUL.", "ledger\x00\n9\n"+root+"\n"),
		bad("empty", "form", "Nothing at all.", ""),
		bad("without-lines", "form", "No signature line follows the empty line.", good+"\n"),
		bad("without-empty-line", "form", "The empty line is missing.", good+ledgerKey.sign(good)),
		bad("without-last-line-feed", "form", "The last line feed is missing.", strings.TrimSuffix(signed(good, ledgerKey), "\n")),
		bad("in-crlf", "form", "All lines end in CR LF.", strings.ReplaceAll(signed(good, ledgerKey), "\n", "\r\n")),
		bad("with-byte-order-mark-line", "form", "A line that is no signature line follows.", signed(good, ledgerKey)+"\ufeff\n"),
		bad("line-of-unknown-key-malformed", "form", "A line of an unknown key is not canonical base64.", signed(good, ledgerKey)+"— other.example AAAA=\n"),
		bad("line-of-unknown-key-without-signature", "form", "A line of an unknown key has a key id alone.", signed(good, ledgerKey)+signatureLine("other.example", []byte{1, 2, 3, 4}, nil)),
		bad("line-with-name-of-256-bytes", "form", "The name in a line is one byte too long.", signed(good, ledgerKey)+signatureLine(strings.Repeat("n", 256), []byte{1, 2, 3, 4}, []byte{5})))
}

func cosignatureVectors() []vector {
	return slices.Concat(plainCosignatures(), goodLatticeCosignatures(), otherLatticeMessages(), badLatticeCosignatures(), malformedLatticeCosignatures())
}

func plainCosignatures() []vector {
	text := checkpointText(ledgerKey.name, 9, numbered(9).root(9))
	head := signed(text, ledgerKey)
	const time = 1767690000
	ok := func(name, comment string, time uint64, note string) vector {
		return accepted("cosignature", name, comment, octets("checkpoint", note), member{"vkey", w1.vkey()}, member{"time", fmt.Sprint(time)})
	}
	bad := func(name, kind, comment, note string) vector {
		return refused("cosignature", name, kind, comment, octets("checkpoint", note), member{"vkey", w1.vkey()})
	}
	good := w1.cosignature(text, time)
	change := func(i int, bits byte) string {
		sig := slices.Clone(good)
		sig[i] ^= bits
		return head + w1.line(sig)
	}
	late := append([]byte{0x80, 0, 0, 0, 0, 0, 0, 0}, w1.signs([]byte("cosignature/v1\ntime 9223372036854775808\n"+text))...)
	ancient := append(slices.Clone(good[:8]), w1.signs([]byte("cosignature/v1\ntime 01767690000\n"+text))...)
	return []vector{
		ok("plain", "A witness cosigned.", time, head+w1.cosign(text, time)),
		ok("without-log", "Whether the log signed is another question.", time, text+"\n"+w1.cosign(text, time)),
		ok("among-others", "Other witnesses cosigned too.", time, head+w2.cosign(text, time-5)+w1.cosign(text, time)+w3.cosign(text, time+5)),
		ok("time-1", "The earliest time.", 1, head+w1.cosign(text, 1)),
		ok("time-2-63-minus-1", "The latest time.", 1<<63-1, head+w1.cosign(text, 1<<63-1)),
		ok("time-of-33-bits", "A time after 2106.", 1<<32+1, head+w1.cosign(text, 1<<32+1)),
		ok("other-line-fails", "A line of another witness, which is not asked for, does not verify.", time, head+w2.line(good)+w1.cosign(text, time)),
		ok("line-of-type-06", "The same name has a line of the type 0x06, which is another key, and that does not verify.", time, head+lattice1.as(w1.name).line(make([]byte, 2428))+w1.cosign(text, time)),
		ok("line-of-type-01", "The same name has a line of the type 0x01, which is another key.", time, head+w1.ofType(1).sign(text)+w1.cosign(text, time)),
		ok("two-lines", "The witness has two lines, of which the later time counts.", time+1, head+w1.cosign(text, time)+w1.cosign(text, time+1)),
		ok("two-lines-later-first", "The witness has two lines, of which the later time counts.", time+1, head+w1.cosign(text, time+1)+w1.cosign(text, time)),
		bad("absent", "signature", "The witness has no line.", head),
		bad("of-other-witness", "signature", "Another witness cosigned.", head+w2.cosign(text, time)),
		bad("of-other-witness-under-the-name", "signature", "Another witness cosigned under this one's name.", head+w2.as(w1.name).cosign(text, time)),
		bad("of-other-key-under-name-and-id", "signature", "Another witness's signature has name and key id of this one.", head+w1.line(w2.cosignature(text, time))),
		bad("under-other-name", "signature", "The witness cosigned under another name.", head+w1.as("witness.example/w9").cosign(text, time)),
		bad("plain-signature", "signature", "The witness signed as a log does, without a time, under its key id.", head+w1.line(w1.signs([]byte(text)))),
		bad("plain-signature-behind-a-time", "signature", "The witness signed as a log does; a time stands before it.", head+w1.line(append(slices.Clone(good[:8]), w1.signs([]byte(text))...))),
		bad("type-01", "signature", "The witness's key signed as one of type 0x01.", head+w1.ofType(1).sign(text)),
		bad("time-changed", "signature", "The time is a second later than the one cosigned.", change(7, 1)),
		bad("time-little-endian", "signature", "The time has its bytes the other way round.", head+w1.line(append(reversed(good[:8]), good[8:]...))),
		bad("time-2-63", "signature", "The time is 2^63.", head+w1.line(late)),
		bad("time-with-leading-zero", "signature", "The time was cosigned with a leading zero.", head+w1.line(ancient)),
		bad("r-flipped", "signature", "A bit of R is flipped.", change(8, 1)),
		bad("s-flipped", "signature", "A bit of S is flipped.", change(50, 1)),
		bad("of-71-bytes", "signature", "The cosignature lacks a byte.", head+w1.line(good[:71])),
		bad("of-73-bytes", "signature", "The cosignature has a byte too many.", head+w1.line(append(slices.Clone(good), 0))),
		bad("of-8-bytes", "signature", "The cosignature is a time alone.", head+w1.line(good[:8])),
		bad("of-7-bytes", "signature", "The cosignature is not even a time.", head+w1.line(good[:7])),
		bad("of-other-checkpoint", "signature", "The cosignature is of another checkpoint.", head+w1.cosign(checkpointText(ledgerKey.name, 8, numbered(9).root(8)), time)),
		bad("of-whole-note", "signature", "The cosignature is of the text and the log's line.", head+w1.cosign(head, time)),
		bad("without-last-line-feed", "signature", "The cosignature is of the text without its last line feed.", head+w1.cosign(strings.TrimSuffix(text, "\n"), time)),
		bad("two-first-fails", "signature", "Of two lines of the witness the first does not verify.", change(8, 1)+w1.cosign(text, time)),
		bad("two-second-fails", "signature", "Of two lines of the witness the second does not verify.", head+w1.cosign(text, time+1)+strings.TrimPrefix(change(8, 1), head)),
		bad("not-a-note", "form", "The empty line is missing.", text+w1.cosign(text, time)),
		bad("not-a-checkpoint", "form", "The text has two lines.", "ledger.example/2026\n9\n\n"+w1.cosign("ledger.example/2026\n9\n", time)),
		bad("extension-line", "form", "The checkpoint has a fourth line.", text+"extension\n\n"+w1.cosign(text+"extension\n", time)),
	}
}
