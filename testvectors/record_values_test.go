package testvectors

import (
	"fmt"
	"slices"
	"strings"
)

// A sample is one way to write a value.
type sample struct{ name, value, comment string }

// A slot is a place in a model's text that takes samples.
type slot struct {
	model
	name string
	put  func(value string) lines
}

// line returns the slot for what follows a keyword.
func (m model) line(keyword string) slot {
	return slot{m, keyword, func(v string) lines { return m.text.with(keyword+" ", keyword+" "+v) }}
}

func (s slot) accept(samples ...sample) []vector {
	var vs []vector
	for _, x := range samples {
		vs = append(vs, s.ok(s.name+"-"+x.name, x.comment, s.put(x.value)))
	}
	return vs
}

func (s slot) refuse(samples ...sample) []vector {
	var vs []vector
	for _, x := range samples {
		vs = append(vs, s.bad(s.name+"-"+x.name, x.comment, s.put(x.value)))
	}
	return vs
}

var goodTokens = []sample{
	{"of-1-letter", "x", "The shortest token."},
	{"of-32-bytes", "x" + strings.Repeat("y", 31), "The longest token."},
	{"with-digits-and-hyphens", "x-1--2-", "Digits and hyphens follow the first letter."},
}

var badTokens = []sample{
	{"empty", "", "The token is empty."},
	{"of-33-bytes", "x" + strings.Repeat("y", 32), "The token is one byte too long."},
	{"uppercase", "Xy", "The token begins with an uppercase letter."},
	{"uppercase-within", "xY", "The token has an uppercase letter."},
	{"digit-first", "1x", "The token begins with a digit."},
	{"hyphen-first", "-x", "The token begins with a hyphen."},
	{"underscore", "x_y", "The token has an underscore."},
	{"dot", "x.y", "The token has a dot."},
	{"plus", "x+y", "The token has a plus."},
	{"outside-ascii", "xé", "The token has a letter outside ASCII."},
	{"kelvin-sign", "x\u212a", "The token has U+212A, whose lowercase is k."},
	{"tab", "x\ty", "The token has a tab."},
}

var goodNames = []sample{
	{"of-1-byte", "9", "The shortest key name, a digit."},
	{"of-64-bytes", "N" + strings.Repeat("n", 63), "The longest key name."},
	{"with-everything", "aZ09._@/-", "A key name with each kind of character."},
}

var badNames = []sample{
	{"of-65-bytes", "N" + strings.Repeat("n", 64), "The key name is one byte too long."},
	{"dot-first", ".example", "The key name begins with a dot."},
	{"underscore-first", "_example", "The key name begins with an underscore."},
	{"at-first", "@example", "The key name begins with an at sign."},
	{"slash-first", "/example", "The key name begins with a slash."},
	{"hyphen-first", "-example", "The key name begins with a hyphen."},
	{"colon", "a:b", "The key name has a colon."},
	{"backslash", `a\b`, "The key name has a backslash."},
	{"tilde", "a~b", "The key name has a tilde."},
	{"comma", "a,b", "The key name has a comma."},
	{"percent", "a%20b", "The key name has a percent sign."},
	{"outside-ascii", "aé", "The key name has a letter outside ASCII."},
	{"empty", "", "The key name is empty."},
}

var badIDs = []sample{
	{"empty", "", "The id is empty."},
	{"of-63-digits", sha("frame")[:63], "The id lacks a digit."},
	{"of-65-digits", sha("frame") + "0", "The id has a digit too many."},
	{"uppercase", strings.ToUpper(sha("frame")), "The id is in uppercase hex."},
	{"one-uppercase-digit", sha("frame")[:63] + "A", "The id has an uppercase digit."},
	{"not-hex", sha("frame")[:63] + "g", "The id has a letter that is no hex digit."},
	{"zero", strings.Repeat("0", 64), "The id is zero, which names no record."},
	{"with-algorithm", "sha256:" + sha("frame"), "The id names its algorithm."},
	{"two", sha("frame") + " " + sha("other frame"), "There are two ids."},
	{"space-after", sha("frame") + " ", "A space follows the id."},
}

func recordValues() []vector {
	c, p, s, t, r := contractModel, replacementModel, statementModel, terminationModel, revocationModel
	var vs []vector
	add := func(more ...vector) { vs = append(vs, more...) }

	about, kind := s.line("about"), slot{c, "document-kind", func(v string) lines {
		return c.text.with("document sha256", "document sha256:"+sha("drawing")+" 48213 application/pdf "+v+" drawing.pdf")
	}}
	role := slot{c, "role", func(v string) lines {
		return c.text.without("terminable").with("party manufacturer", partyLine("party", v, "1", maker))
	}}
	for _, place := range []slot{about, kind, role} {
		add(place.accept(goodTokens...)...)
		add(place.refuse(badTokens...)...)
	}
	add(about.refuse(sample{"two", "delivery payment", "A statement is about one thing."}, sample{"space-after", "delivery ", "A space follows the token."})...)
	for _, token := range []string{"delivery", "inspection", "rejection", "payment", "sale", "return", "cost", "dispute", "resolution", "notice"} {
		add(about.accept(sample{token, token, "A statement about a thing that the page lists."})...)
	}

	for _, n := range goodNames {
		k := maker.as(n.value)
		add(c.by([]key{k, anna, ben, cleo}, []key{k, anna, ben}).ok("key-name-"+n.name, n.comment, c.text.with("party manufacturer", partyLine("party", "manufacturer", "1", k))))
		add(r.by([]key{k}, []key{k}).ok("key-name-"+n.name, n.comment, r.text.with("key", "key "+k.vkey())))
		m := c
		m.ledger = ledgerKey.as(n.value)
		add(m.ok("ledger-name-"+n.name, n.comment, c.text.with("ledger", "ledger "+m.ledger.vkey())))
	}
	for _, n := range badNames {
		k := maker.as(n.value)
		add(c.by(nil, []key{k, anna, ben}).bad("key-name-"+n.name, n.comment, c.text.with("party manufacturer", partyLine("party", "manufacturer", "1", k))))
		add(r.by(nil, []key{k}).bad("key-name-"+n.name, n.comment, r.text.with("key", "key "+k.vkey())))
		add(c.bad("ledger-name-"+n.name, n.comment, c.text.with("ledger", "ledger "+ledgerKey.as(n.value).vkey())))
	}
	for _, n := range []string{"chirograph", "chirograph.example", "Chirograph/x", "x/chirograph/x"} {
		m := c
		m.ledger = ledgerKey.as(n)
		add(m.ok("origin-"+fileName(n), "The origin does not begin with chirograph/.", c.text.with("ledger", "ledger "+m.ledger.vkey())))
	}
	for _, n := range []string{"chirograph/", "chirograph/contract/v1", "chirograph/x"} {
		for _, m := range models {
			add(m.bad("origin-"+fileName(n), "The origin begins with chirograph/.", m.text.with("ledger", "ledger "+ledgerKey.as(n).vkey())))
		}
	}
	add(contractModel.by([]key{maker.as("chirograph/x"), anna, ben, cleo}, []key{maker.as("chirograph/x"), anna, ben}).ok("key-name-like-a-kind",
		"Only origins may not begin with chirograph/.", c.text.with("party manufacturer", partyLine("party", "manufacturer", "1", maker.as("chirograph/x")))))

	for _, place := range []slot{p.line("replaces"), p.line("under"), s.line("contract"), s.line("answers"), t.line("contract")} {
		add(place.refuse(badIDs...)...)
	}
	nonce := c.line("nonce")
	add(nonce.accept(sample{"zero", strings.Repeat("0", 32), "Any 16 bytes are a nonce."}, sample{"ones", strings.Repeat("f", 32), "Any 16 bytes are a nonce."})...)
	add(nonce.refuse(
		sample{"empty", "", "The nonce is empty."},
		sample{"of-31-digits", strings.Repeat("0", 31), "The nonce lacks a digit."},
		sample{"of-30-digits", strings.Repeat("0", 30), "The nonce lacks a byte."},
		sample{"of-33-digits", strings.Repeat("0", 33), "The nonce has a digit too many."},
		sample{"of-34-digits", strings.Repeat("0", 34), "The nonce has a byte too many."},
		sample{"uppercase", strings.Repeat("F", 32), "The nonce is in uppercase hex."},
		sample{"not-hex", strings.Repeat("0", 31) + "g", "The nonce has a letter that is no hex digit."},
		sample{"with-prefix", "0x" + strings.Repeat("0", 30), "The nonce begins with 0x."})...)
	return append(vs, terminables()...)
}

// fileName makes a name for a file of a key's name.
func fileName(s string) string {
	return strings.ToLower(strings.Trim(strings.NewReplacer("/", "-", ".", "-", "_", "-").Replace(s), "-")) + fmt.Sprintf("-%s", sha(s)[:4])
}

func terminables() []vector {
	place := contractModel.line("terminable")
	return slices.Concat(place.accept(
		sample{"first-party", "manufacturer:90", "One party may end the contract alone."},
		sample{"last-party", "buyer:1", "One party may end the contract alone."},
		sample{"days-0", "manufacturer:0", "No notice at all."},
		sample{"days-3650", "manufacturer:3650 buyer:3650", "The longest notice."},
	), place.refuse(
		sample{"empty", "", "No party is listed."},
		sample{"days-3651", "manufacturer:3651", "The notice is one day too long."},
		sample{"days-negative", "manufacturer:-1", "The notice is negative."},
		sample{"days-empty", "manufacturer:", "The days are missing."},
		sample{"days-leading-zero", "manufacturer:090", "The days have a leading zero."},
		sample{"days-two-zeros", "manufacturer:00", "Zero is written with two zeros."},
		sample{"days-plus", "manufacturer:+90", "The days have a sign."},
		sample{"days-fraction", "manufacturer:1.5", "The days have a fraction."},
		sample{"days-hex", "manufacturer:0x5a", "The days are in hex."},
		sample{"days-exponent", "manufacturer:9e1", "The days have an exponent."},
		sample{"days-of-65-bits", "manufacturer:18446744073709551616", "The days are zero modulo 2^64."},
		sample{"without-days", "manufacturer", "The days are missing with their colon."},
		sample{"without-role", ":90", "The role is missing."},
		sample{"role-of-no-party", "inspector:90", "The role is no party's."},
		sample{"role-in-uppercase", "Manufacturer:90", "The role differs from the party's in case."},
		sample{"role-twice", "manufacturer:90 manufacturer:90", "A role is listed twice."},
		sample{"out-of-order", "buyer:30 manufacturer:90", "The roles are not in the order of the parties."},
		sample{"two-spaces", "manufacturer:90  buyer:30", "Two spaces separate the roles."},
		sample{"space-after", "manufacturer:90 buyer:30 ", "A space ends the line."},
		sample{"comma", "manufacturer:90,buyer:30", "A comma separates the roles."},
		sample{"two-colons", "manufacturer:90:30", "There are two numbers."},
		sample{"space-after-colon", "manufacturer: 90", "A space follows the colon."},
	))
}
