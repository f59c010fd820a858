package testvectors

import (
	"encoding/base64"
	"slices"
	"strings"
)

// recordNotes are about the note around a text that is good: what it ends in, and
// how its signature lines are written.
func recordNotes() []vector {
	var vs []vector
	for _, m := range models {
		text, whole := m.text.String(), m.note()
		vs = append(vs,
			m.fault("note-without-signatures", "form", "No signature line follows the empty line.", text+"\n"),
			m.fault("note-without-empty-line", "form", "The empty line after the text is missing.", text+strings.TrimPrefix(whole, text+"\n")),
			m.fault("note-ends-with-text", "form", "The note ends with its text.", text),
			m.fault("note-without-last-line-feed", "form", "The last line feed is missing.", strings.TrimSuffix(whole, "\n")),
			m.fault("note-with-empty-line-last", "form", "An empty line follows the signature lines.", whole+"\n"),
			m.fault("note-with-two-empty-lines", "form", "Two empty lines come before the signature lines.", strings.Replace(whole, "\n\n", "\n\n\n", 1)),
			m.fault("note-cut", "form", "The note ends within its last line.", whole[:len(whole)-20]),
			m.fault("note-in-crlf", "form", "All lines end in CR LF.", strings.ReplaceAll(whole, "\n", "\r\n")),
			m.fault("note-with-nul", "form", "A NUL follows the note.", whole+"\x00"),
			m.fault("note-with-byte-order-mark", "form", "A byte order mark comes first.", "\ufeff"+whole),
		)
	}
	c := contractModel
	note := c.note()
	return append(append(vs, signatureLines()...),
		refused("record", "empty", "form", "Nothing at all.", octets("record", "")),
		refused("record", "line-feed", "form", "A line feed.", octets("record", "\n")),
		refused("record", "two-line-feeds", "form", "Two line feeds.", octets("record", "\n\n")),
		refused("record", "signature-lines-alone", "form", "A note whose text is empty.", octets("record", strings.TrimPrefix(note, c.text.String()))),
		c.fault("note-with-text-after", "form", "A line that is no signature line follows the signature lines.", note+"nothing\n"),
		c.fault("note-twice", "form", "The note is there twice.", note+note),
		c.fault("note-in-utf-16", "form", "The note is in UTF-16.", utf16(note)))
}

func utf16(s string) string {
	b := []byte{0xFE, 0xFF}
	for _, r := range s {
		b = append(b, byte(r>>8), byte(r))
	}
	return string(b)
}

// signatureLines are ways in which a line is none: the note has no form.
func signatureLines() []vector {
	c := contractModel
	text := c.text.String()
	sig := maker.signs([]byte(text))
	good := maker.sign(text)
	rest := anna.sign(text) + ben.sign(text)
	b64 := base64.StdEncoding.EncodeToString(append(maker.id(), sig...))
	as := func(line string) string { return text + "\n" + line + rest }
	var vs []vector
	for _, x := range []sample{
		{"hyphen", strings.Replace(good, "—", "-", 1), "A hyphen stands for the dash."},
		{"en-dash", strings.Replace(good, "—", "–", 1), "An en dash stands for the dash."},
		{"horizontal-bar", strings.Replace(good, "—", "―", 1), "U+2015 stands for the dash."},
		{"without-dash", strings.TrimPrefix(good, "— "), "The dash is missing."},
		{"without-space-after-dash", strings.Replace(good, "— ", "—", 1), "The space after the dash is missing."},
		{"two-spaces-after-dash", strings.Replace(good, "— ", "—  ", 1), "Two spaces follow the dash."},
		{"no-break-space-after-dash", strings.Replace(good, "— ", "—\u00a0", 1), "A no-break space follows the dash."},
		{"space-before-dash", " " + good, "A space comes before the dash."},
		{"two-spaces-after-name", strings.Replace(good, maker.name+" ", maker.name+"  ", 1), "Two spaces follow the name."},
		{"tab-after-name", strings.Replace(good, maker.name+" ", maker.name+"\t", 1), "A tab follows the name."},
		{"space-after", strings.TrimSuffix(good, "\n") + " \n", "A space ends the line."},
		{"crlf", strings.TrimSuffix(good, "\n") + "\r\n", "The line ends in CR LF."},
		{"third-field", strings.TrimSuffix(good, "\n") + " AAAA\n", "A third field follows."},
		{"without-base64", "— " + maker.name + "\n", "The line ends with the name."},
		{"base64-empty", "— " + maker.name + " \n", "The base64 is empty."},
		{"without-name", "— " + b64 + "\n", "The name is missing."},
		{"name-empty", "—  " + b64 + "\n", "The name is empty."},
		{"name-with-plus", strings.Replace(good, maker.name, "maker+example", 1), "The name has a plus."},
		{"name-with-no-break-space", strings.Replace(good, maker.name, "maker\u00a0example", 1), "The name has a space of Unicode."},
		{"name-not-utf-8", strings.Replace(good, maker.name, "maker\xffexample", 1), "The name is not UTF-8."},
		{"name-with-control", strings.Replace(good, maker.name, "maker\x01example", 1), "The name has a control character."},
		{"vkey", "— " + maker.vkey() + "\n", "A verifier key stands for name and signature."},
		{"base64-unpadded", signatureText(maker.name, strings.TrimRight(b64, "=")), "The base64 lacks its padding."},
		{"base64-padded-too-much", signatureText(maker.name, b64+"="), "The base64 has too much padding."},
		{"base64-unused-bits", signatureText(maker.name, unusedBits(b64)), "The unused bits of the base64 are not zero."},
		{"base64-url-alphabet", signatureText(maker.name, "-_"+b64[2:]), "The base64 has the characters of the URL alphabet."},
		{"base64-with-space", signatureText(maker.name, b64[:40]+" "+b64[40:]), "The base64 has a space."},
		{"base64-with-dot", signatureText(maker.name, b64[:40]+"."+b64[41:]), "The base64 has a dot."},
		{"base64-with-padding-within", signatureText(maker.name, b64[:40]+"===="+b64[44:]), "The base64 has padding in its middle."},
		{"base64-cut", signatureText(maker.name, b64[:len(b64)-5]), "The base64 ends within a group."},
		{"key-id-of-3-bytes", signatureText(maker.name, base64.StdEncoding.EncodeToString(maker.id()[:3])), "The key id lacks a byte, and no signature follows."},
		{"key-id-alone", signatureText(maker.name, base64.StdEncoding.EncodeToString(maker.id())), "No signature follows the key id."},
		{"base64-over-two-lines", signatureText(maker.name, b64[:40]+"\n"+b64[40:]), "A line feed breaks the base64."},
	} {
		vs = append(vs, c.fault("line-"+x.name, "form", x.comment, as(x.value)))
	}
	keys := filler(0, 64)
	m := model{name: "contract", text: partied(split("party", keys, 32, 1)...), ledger: ledgerKey, signers: keys, signed: keys}
	full := m.note()
	return append(vs,
		m.ok("lines-64", "As many signature lines as there may be.", m.text),
		m.fault("lines-65", "form", "A signature line too many; a stranger's.", full+stranger.sign(m.text.String())),
		m.fault("lines-100", "form", "Signature lines too many, as many as a note may have.", full+manyLines(m.text.String(), 36)),
		m.fault("lines-101", "form", "Signature lines too many, more than a note may have.", full+manyLines(m.text.String(), 37)))
}

func signatureText(name, b64 string) string { return "— " + name + " " + b64 + "\n" }

// manyLines returns n lines of strangers.
func manyLines(text string, n int) string {
	var b strings.Builder
	for _, k := range filler(200, 200+n) {
		b.WriteString(k.sign(text))
	}
	return b.String()
}

// unusedBits sets the lowest bit that padded base64 does not use.
func unusedBits(b64 string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	i := len(strings.TrimRight(b64, "=")) - 1
	if i == len(b64)-1 {
		panic("there are no unused bits")
	}
	b := slices.Clone([]byte(b64))
	b[i] = alphabet[strings.IndexByte(alphabet, b[i])|1]
	return string(b)
}
