package testvectors

import (
	"fmt"
	"slices"
	"strings"
)

// documentLine returns a document line of the contract beside its terms.
func documentLine(commitment, size, media, kind, name string) string {
	return "document " + commitment + " " + size + " " + media + " " + kind + " " + name
}

// field returns a slot of the drawing of the contract, by its number in the line.
func field(name string, number int) slot {
	return slot{contractModel, "document-" + name, func(v string) lines {
		f := []string{"sha256:" + sha("drawing"), "48213", "application/pdf", "drawing", "drawing.pdf"}
		f[number] = v
		return contractModel.text.with("document sha256", "document "+strings.Join(f, " "))
	}}
}

// saltedSize returns the slot for the size of the terms, which are salted.
func saltedSize() slot {
	return slot{contractModel, "document-salted-size", func(v string) lines {
		return contractModel.text.with("document salted", documentLine("salted-sha256:"+sha("terms"), v, "text/markdown", "terms", "document-1.md"))
	}}
}

func recordDocuments() []vector {
	commitment, size, media, name := field("commitment", 0), field("size", 1), field("media", 2), field("name", 4)
	h := sha("drawing")
	half := strings.Repeat("x", 64)
	return slices.Concat(
		commitment.accept(sample{"zero", "sha256:" + strings.Repeat("0", 64), "Any 32 bytes are a hash."}),
		commitment.refuse(
			sample{"empty", "", "The commitment is empty."},
			sample{"bare", h, "The hash comes without its algorithm."},
			sample{"other-algorithm", "sha512:" + h + h, "The algorithm is another."},
			sample{"uppercase-algorithm", "SHA256:" + h, "The algorithm is in uppercase."},
			sample{"hyphen", "sha-256:" + h, "The algorithm has a hyphen."},
			sample{"uppercase", "sha256:" + strings.ToUpper(h), "The hash is in uppercase hex."},
			sample{"of-63-digits", "sha256:" + h[:63], "The hash lacks a digit."},
			sample{"of-65-digits", "sha256:" + h + "0", "The hash has a digit too many."},
			sample{"not-hex", "sha256:" + h[:63] + "g", "The hash has a letter that is no hex digit."},
			sample{"equals-sign", "sha256=" + h, "An equals sign follows the algorithm."},
			sample{"salted-twice", "salted-salted-sha256:" + h, "The algorithm is salted twice."},
			sample{"space-after-colon", "sha256: " + h, "A space follows the colon."},
		),
		size.accept(
			sample{"0", "0", "An empty file."},
			sample{"1", "1", "A file of one byte."},
			sample{"2-53-minus-1", "9007199254740991", "The largest size."},
		),
		size.refuse(badSizes("9007199254740992")...),
		saltedSize().accept(
			sample{"4096", "4096", "The least size of a salted document."},
			sample{"2-53-minus-4096", "9007199254736896", "The largest size of a salted document."},
		),
		saltedSize().refuse(
			sample{"0", "0", "The size of a salted document is at least 4,096."},
			sample{"1", "1", "The size of a salted document is rounded up."},
			sample{"4095", "4095", "The size of a salted document is a multiple of 4,096."},
			sample{"4097", "4097", "The size of a salted document is a multiple of 4,096."},
			sample{"2048", "2048", "The size of a salted document is a multiple of 4,096."},
			sample{"2-53", "9007199254740992", "The size is a multiple of 4,096 and too large."},
			sample{"leading-zero", "04096", "The size has a leading zero."},
		),
		media.accept(
			sample{"shortest", "a/b", "The shortest media type."},
			sample{"longest", half + "/" + half, "The longest media type."},
			sample{"with-everything", "0application.x+y-z/9vnd.a+b-c", "A media type with each kind of character."},
		),
		media.refuse(
			sample{"empty", "", "The media type is empty."},
			sample{"without-slash", "pdf", "The slash is missing."},
			sample{"first-half-empty", "/pdf", "The first half is empty."},
			sample{"second-half-empty", "application/", "The second half is empty."},
			sample{"two-slashes", "application/x/pdf", "There are two slashes."},
			sample{"first-half-of-65-bytes", half + "x/pdf", "The first half is one byte too long."},
			sample{"second-half-of-65-bytes", "application/" + half + "x", "The second half is one byte too long."},
			sample{"uppercase", "application/PDF", "The media type has uppercase letters."},
			sample{"parameter", "text/plain;charset=utf-8", "The media type has a parameter."},
			sample{"underscore", "application/x_y", "The media type has an underscore."},
			sample{"dot-first", ".application/pdf", "The first half begins with a dot."},
			sample{"plus-first", "application/+xml", "The second half begins with a plus."},
			sample{"hyphen-first", "application/-x", "The second half begins with a hyphen."},
			sample{"wildcard", "application/*", "The media type has an asterisk."},
		),
		name.accept(goodFileNames()...), name.refuse(badFileNames()...),
		documentSets(),
	)
}

// badSizes lists ways in which a decimal is no size, beyond being too large.
func badSizes(tooLarge string) []sample {
	return []sample{
		{"too-large", tooLarge, "The size is one too large."},
		{"of-63-bits", "9223372036854775807", "The size is too large."},
		{"of-64-bits", "18446744073709551615", "The size is too large."},
		{"of-65-bits", "18446744073709551617", "The size is 1 modulo 2^64."},
		{"empty", "", "The size is empty."},
		{"leading-zero", "048213", "The size has a leading zero."},
		{"two-zeros", "00", "Zero is written with two zeros."},
		{"negative", "-1", "The size is negative."},
		{"negative-zero", "-0", "Zero has a sign."},
		{"plus", "+48213", "The size has a sign."},
		{"fraction", "48213.0", "The size has a fraction."},
		{"exponent", "48e3", "The size has an exponent."},
		{"hex", "0xbc55", "The size is in hex."},
		{"separator", "48,213", "The size has a separator."},
		{"underscore", "48_213", "The size has a separator."},
		{"unit", "48k", "The size has a unit."},
		{"fullwidth-digit", "4821３", "A digit is outside ASCII."},
	}
}

func goodFileNames() []sample {
	list := []sample{
		{"of-1-byte", "a", "The shortest name."},
		{"of-2-bytes", "a)", "A closing parenthesis may end a name."},
		{"of-128-bytes", "a" + strings.Repeat("b", 123) + ".pdf", "The longest name."},
		{"of-128-bytes-and-parenthesis", "a" + strings.Repeat("b", 126) + ")", "The longest name, ending in a parenthesis."},
		{"with-everything", "aZ09 ._()-z", "A name with each kind of character."},
		{"with-two-spaces", "a  b", "Spaces may be double within a name."},
		{"with-two-dots", "a..b", "Dots may be double within a name."},
		{"without-ending", "README", "A name without an ending."},
	}
	for _, n := range []string{"CONSOLE", "console.txt", "COM10.txt", "COM", "LPT.txt", "a.CON", "NULL", "AUXILIARY.md", "con-1.txt", "PRN_1"} {
		list = append(list, sample{"near-device-" + fileName(n), n, "A name that only resembles a Windows device."})
	}
	return list
}

func badFileNames() []sample {
	list := []sample{
		{"empty", "", "The name is empty."},
		{"of-129-bytes", "a" + strings.Repeat("b", 124) + ".pdf", "The name is one byte too long."},
		{"dot", ".", "The name is a dot."},
		{"two-dots", "..", "The name is that of the folder above."},
		{"dot-first", ".profile", "The name begins with a dot."},
		{"dot-last", "drawing.", "The name ends in a dot."},
		{"space-first", " drawing.pdf", "The name begins with a space."},
		{"space-last", "drawing.pdf ", "The name ends in a space."},
		{"hyphen-first", "-rf", "The name begins with a hyphen."},
		{"hyphen-last", "drawing-", "The name ends in a hyphen."},
		{"underscore-first", "_drawing", "The name begins with an underscore."},
		{"underscore-last", "drawing_", "The name ends in an underscore."},
		{"parenthesis-first", "(drawing)", "The name begins with a parenthesis."},
		{"parenthesis-alone", ")", "The name is a parenthesis alone."},
		{"open-parenthesis-last", "drawing(", "The name ends in an open parenthesis."},
		{"slash", "a/b.pdf", "The name has a slash."},
		{"path-above", "a/../../b.pdf", "The name is a path that leads out."},
		{"backslash", `a\b.pdf`, "The name has a backslash."},
		{"colon", "a:b", "The name has a colon, a stream on Windows."},
		{"asterisk", "a*b", "The name has an asterisk."},
		{"quote", `a"b`, "The name has a quotation mark."},
		{"less-than", "a<b", "The name has a less-than sign."},
		{"plus", "a+b", "The name has a plus."},
		{"percent", "a%2fb", "The name has a percent sign."},
		{"nul", "a\x00b", "The name has a NUL."},
		{"tab", "a\tb", "The name has a tab."},
		{"delete", "a\x7fb", "The name has U+007F."},
		{"outside-ascii", "Pl\u00e4ne.pdf", "The name has a letter outside ASCII."},
		{"not-utf-8", "Pl\xe4ne.pdf", "The name is not UTF-8."},
	}
	for _, n := range []string{"CON", "con", "Con.txt", "PRN", "prn.md", "AUX", "aux.tar.gz", "NUL", "nul.pdf", "COM1", "com9.txt", "COM5.a.b", "LPT1", "lpt9.pdf", "LpT3"} {
		list = append(list, sample{"device-" + fileName(n), n, "The name is that of a Windows device."})
	}
	return list
}

// documentSets concern more than one document.
func documentSets() []vector {
	c, s, t := contractModel, statementModel, terminationModel
	terms := func(name string) string {
		return documentLine("sha256:"+sha(name), "10", "text/plain", "terms", name)
	}
	other := func(name string) string {
		return documentLine("sha256:"+sha(name), "10", "text/plain", "attachment", name)
	}
	many := func(n int) []string {
		var list []string
		for i := range n {
			list = append(list, other(fmt.Sprintf("file%02d", i)))
		}
		return list
	}
	return []vector{
		c.bad("documents-none", "A contract without documents has no terms.", c.text.without("document")),
		c.bad("documents-with-two-terms", "Two documents have the kind terms.", c.text.with("document sha256", terms("terms2.txt"))),
		c.ok("documents-with-terms-last", "The terms may be any of the documents.", c.text.without("document salted").after("document", terms("terms.txt"))),
		c.ok("documents-same-content", "Two documents may have one content under two names.", c.text.with("document sha256", documentLine("salted-sha256:"+sha("terms"), "8192", "text/markdown", "copy", "copy.md"))),
		c.bad("documents-same-name", "Two documents have one name.", c.text.with("document sha256", other("document-1.md"))),
		c.bad("documents-same-name-but-case", "Two documents have names that differ in case alone.", c.text.with("document sha256", other("Document-1.MD"))),
		c.bad("documents-same-name-but-case-in-statement-kind", "Two documents have names that differ in case alone.", c.text.after("document sha256", other("Minutes.txt"), other("minutes.TXT"))),
		s.bad("documents-same-name-but-case", "Two documents have names that differ in case alone.", s.text.after("document", other("MINUTES.txt"))),
		c.ok("documents-64", "As many documents as there may be.", c.text.after("document sha256", many(62)...)),
		c.bad("documents-65", "One document too many.", c.text.after("document sha256", many(63)...)),
		s.ok("documents-64", "As many documents as there may be.", s.text.after("document", many(63)...)),
		s.bad("documents-65", "One document too many.", s.text.after("document", many(64)...)),
		t.bad("documents-65", "One document too many.", t.text.after("document", many(64)...)),
		s.ok("documents-with-terms", "Only contracts have to have terms; statements may.", s.text.after("document", terms("terms.txt"))),
		c.bad("document-without-name", "The name is missing.", c.text.with("document sha256", "document sha256:"+sha("drawing")+" 48213 application/pdf drawing")),
		c.bad("document-two-spaces", "Two spaces separate commitment and size.", c.text.with("document sha256", "document sha256:"+sha("drawing")+"  48213 application/pdf drawing drawing.pdf")),
		c.bad("document-tab", "A tab separates commitment and size.", c.text.with("document sha256", "document sha256:"+sha("drawing")+"\t48213 application/pdf drawing drawing.pdf")),
	}
}
