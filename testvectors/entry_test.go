package testvectors

import (
	"encoding/hex"
	"fmt"
	"strings"
)

func leafHash(entry string) []byte { return shaBytes([]byte{0}, []byte(entry)) }

// entryOf returns the entry of a record.
func entryOf(registered, record string) string { return "registered " + registered + "\n" + record }

func entryVectors() []vector {
	ok := func(name, comment string, registered int64, m model) vector {
		entry := entryOf(fmt.Sprint(registered), m.note())
		return accepted("entry", name, comment, octets("entry", entry), member{"registered", registered}, member{"id", m.id()}, member{"leaf", hex.EncodeToString(leafHash(entry))})
	}
	bad := func(name, kind, comment, entry string) vector {
		return refused("entry", name, kind, comment, octets("entry", entry))
	}
	c := contractModel
	var vs []vector
	for _, m := range models {
		vs = append(vs, ok(m.name, "An entry with a "+strings.Split(m.text.String(), "/")[1]+".", 1767690000, m),
			bad(m.name+"-without-registered", "form", "The record comes without the line before it.", m.note()))
	}
	vs = append(vs,
		ok("registered-0", "The first time.", 0, c),
		ok("registered-9999", "The last second of the year 9999.", 253402300799, c),
		ok("registered-before-made", "Whether the time fits the record's, only the rules of admission ask.", 1, c),
		ok("longest", "The longest text, signed by 32 keys with the longest names: it fits an entry.", 253402300799, longestRecord()))
	for _, x := range []sample{
		{"empty", "", "The time is empty."},
		{"negative", "-1", "The time is negative."},
		{"negative-zero", "-0", "Zero has a sign."},
		{"plus", "+1767690000", "The time has a sign."},
		{"leading-zero", "01767690000", "The time has a leading zero."},
		{"two-zeros", "00", "Zero is written with two zeros."},
		{"fraction", "1767690000.5", "The time has a fraction."},
		{"exponent", "1e9", "The time has an exponent."},
		{"hex", "0x695d3b50", "The time is in hex."},
		{"written", "2026-01-06T09:00:00Z", "The time is no number of seconds."},
		{"space-after", "1767690000 ", "A space ends the line."},
		{"space-before", " 1767690000", "Two spaces follow the keyword."},
		{"carriage-return", "1767690000\r", "The line ends in CR LF."},
		{"10000", "253402300800", "The time is in the year 10000."},
		{"of-63-bits", "9223372036854775807", "The time is far beyond the year 9999."},
		{"of-64-bits", "9223372036854775808", "The time is 2^63."},
		{"of-65-bits", "18446744075477241616", "The time is another one modulo 2^64."},
		{"fullwidth-digit", "176769000０", "A digit is outside ASCII."},
	} {
		vs = append(vs, bad("registered-"+x.name, "form", x.comment, entryOf(x.value, c.note())))
	}
	entry := entryOf("1767690000", c.note())
	return append(vs,
		bad("empty", "form", "Nothing at all.", ""),
		bad("line-alone", "form", "The entry is its first line.", "registered 1767690000\n"),
		bad("line-without-line-feed", "form", "The entry is its first line, without a line feed.", "registered 1767690000"),
		bad("keyword-in-uppercase", "form", "The keyword is in uppercase.", strings.Replace(entry, "registered", "Registered", 1)),
		bad("keyword-unknown", "form", "The keyword is another.", strings.Replace(entry, "registered", "recorded", 1)),
		bad("tab", "form", "A tab follows the keyword.", strings.Replace(entry, "registered ", "registered\t", 1)),
		bad("line-twice", "form", "The line is there twice.", "registered 1767690000\n"+entry),
		bad("empty-line-after", "form", "An empty line follows the first.", entryOf("1767690000", "\n"+c.note())),
		bad("space-before", "form", "A space comes first.", " "+entry),
		bad("byte-order-mark", "form", "A byte order mark comes first.", "\ufeff"+entry),
		bad("draft", "form", "The record has no signature line.", entryOf("1767690000", c.text.String()+"\n")),
		bad("record-not-in-form", "form", "The record's time is none.", entryOf("1767690000", signed(c.text.with("made", "made 2026-02-30T09:00:00Z").String(), c.signed...))),
		bad("record-cut", "form", "The record ends within its last line.", entry[:len(entry)-10]),
		bad("stranger", "signed", "A stranger signs the record too.", entry+stranger.sign(c.text.String())),
		bad("signature-flipped", "signed", "A signature is of another text.", entryOf("1767690000", c.text.String()+"\n"+maker.line(maker.signs([]byte("x")))+anna.sign(c.text.String())+ben.sign(c.text.String()))),
		bad("lacks-party", "quorum", "Nobody signs for the buyer.", entryOf("1767690000", signed(c.text.String(), maker))),
		bad("former-missing", "quorum", "Nobody signs for the former manufacturer.", entryOf("1767690000", signed(replacementModel.text.String(), heir, anna, ben))),
		bad("of-32768-bytes", "form", "The entry is as long as it may be, and its text is too long.", entryOf("1767690000", oversized(c, 32768))),
		bad("of-32769-bytes", "size", "The entry is one byte too long.", entryOf("1767690000", oversized(c, 32769))),
		bad("of-32769-bytes-of-nothing", "size", "The entry is one byte too long, and nothing else.", strings.Repeat("\n", 32769)))
}

// longestRecord returns a contract of 22,000 bytes with as many signature lines as
// 32 keys with names of 64 bytes and 32 former ones make.
func longestRecord() model {
	var keys []key
	for _, k := range filler(0, 64) {
		keys = append(keys, k.as(strings.Repeat("n", 61)+k.name))
	}
	m := replacementModel.by(keys, keys)
	m.text = replaced(split("party", keys[:32], 1, 1), split("former", keys[32:], 1, 1))
	m.text = m.padded(22_000)
	return m
}

// oversized returns a record with a text too long for one, that makes an entry of n
// bytes.
func oversized(m model, n int) string {
	rest := n - len(entryOf("1767690000", m.note()))
	for {
		over := m
		over.text = m.padded(len(m.text.String()) + rest)
		if got := len(entryOf("1767690000", over.note())); got == n {
			return over.note()
		} else {
			rest += n - got
		}
	}
}
