package testvectors

import (
	"fmt"
	"strings"
)

// titleRanges are the characters that a title may not have, as the page lists
// them; D800–DFFF are no characters in UTF-8.
var titleRanges = [][2]rune{
	{0x0000, 0x001F}, {0x007F, 0x00A0}, {0x00AD, 0x00AD}, {0x034F, 0x034F}, {0x061C, 0x061C}, {0x115F, 0x1160}, {0x1680, 0x1680},
	{0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x2000, 0x200F}, {0x2028, 0x202F}, {0x205F, 0x206F}, {0x2800, 0x2800}, {0x3000, 0x3000},
	{0x3164, 0x3164}, {0xE000, 0xF8FF}, {0xFDD0, 0xFDEF}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFF},
	{0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},
	{0x1FFFE, 0x1FFFF}, {0x2FFFE, 0x2FFFF}, {0x3FFFE, 0x3FFFF}, {0x4FFFE, 0x4FFFF}, {0x5FFFE, 0x5FFFF}, {0x6FFFE, 0x6FFFF}, {0x7FFFE, 0x7FFFF},
	{0x8FFFE, 0x8FFFF}, {0x9FFFE, 0x9FFFF}, {0xAFFFE, 0xAFFFF}, {0xBFFFE, 0xBFFFF}, {0xCFFFE, 0xCFFFF}, {0xDFFFE, 0x10FFFF},
}

// titled returns the contract with another title.
func titled(title string) lines { return contractModel.text.with("title", "title "+title) }

func recordTitles() []vector {
	c := contractModel
	ok := func(name, comment, title string) vector { return c.ok("title-"+name, comment, titled(title)) }
	bad := func(name, comment, title string) vector { return c.bad("title-"+name, comment, titled(title)) }
	long := strings.Repeat("Forty flow meters. ", 11)
	vs := []vector{
		ok("of-1-byte", "The shortest title.", "x"),
		ok("of-200-bytes", "The longest title.", long[:199]+"x"),
		ok("of-200-bytes-in-100-letters", "Bytes are counted: the longest title in letters of two bytes.", strings.Repeat("é", 100)),
		bad("of-201-bytes", "The title is one byte too long.", long[:200]+"x"),
		bad("of-201-bytes-in-101-letters", "The title has 101 characters, and one byte too many.", strings.Repeat("é", 100)+"e"),
		bad("empty", "The title is empty; it has to be left out.", ""),
		c.bad("title-without-space", "The line is the keyword alone.", c.text.with("title", "title")),
		bad("space-before", "The title begins with a space.", " Forty flow meters"),
		bad("space-after", "The title ends in a space.", "Forty flow meters "),
		bad("two-spaces", "The title has a double space.", "Forty  flow meters"),
		bad("one-space", "The title is a space.", " "),
		ok("like-a-line", "A title may look like another line.", "party buyer 1 nobody"),
		ok("ascii", "All printing ASCII.", "!\"#$%&'()*+,-./0123456789:;<=>?@ABCXYZ[\\]^_`abcxyz{|}~"),
		ok("with-dash", "The dash of signature lines is a character like others.", "— Forty flow meters"),
		ok("decomposed", "Titles are not normalised: e and U+0301 stay two.", "Cafe\u0301"),
		ok("composed", "Titles are not normalised: U+00E9 stays one, and the id differs from that of contract-title-decomposed.json.", "Caf\u00e9"),
		ok("beyond-plane-0", "A character of four bytes.", "Forty \U0001F4A7 meters"),
		ok("right-to-left", "Letters that run from right to left are letters.", "\u05d7\u05d5\u05d6\u05d4"),
		ok("before-surrogates", "U+D7FF, the last before the surrogates.", "\ud7ff"),
		bad("first-of-plane-14", "U+E0000, from which on nothing is allowed.", "Forty\U000E0000meters"),
		bad("tag", "U+E0041, an invisible A.", "Forty\U000E0041meters"),
		bad("variation-selector", "U+E0100 selects a variant.", "Forty\U000E0100meters"),
		bad("bidirectional-override", "U+202E would turn the rest round.", "Pay 10 \u202e001 euro"),
		bad("bidirectional-isolate", "U+2066 begins an isolate.", "Pay \u206610\u2069 euro"),
		bad("zero-width-joiner", "U+200D is invisible.", "Forty\u200dflow meters"),
		bad("tab", "The title has a tab.", "Forty\tflow meters"),
		bad("carriage-return", "The title has a carriage return.", "Forty\rflow meters"),
		bad("escape", "The title begins a terminal's escape sequence.", "\x1b[31mForty flow meters"),
		bad("not-utf-8-byte", "The title has the byte 0xFF, which UTF-8 never has.", "Forty \xff meters"),
		bad("not-utf-8-latin-1", "The title is Latin-1.", "Caf\xe9 meters"),
		bad("not-utf-8-continuation", "The title has a continuation byte alone.", "Forty \x80 meters"),
		bad("not-utf-8-overlong", "The title has a slash in two bytes.", "Forty \xc0\xaf meters"),
		bad("not-utf-8-overlong-nul", "The title has U+0000 in two bytes.", "Forty \xc0\x80 meters"),
		bad("not-utf-8-surrogate-first", "The title has U+D800 in three bytes.", "Forty \xed\xa0\x80 meters"),
		bad("not-utf-8-surrogate-last", "The title has U+DFFF in three bytes.", "Forty \xed\xbf\xbf meters"),
		bad("not-utf-8-surrogate-pair", "The title has U+1F4A7 as two surrogates of three bytes each.", "Forty \xed\xa0\xbd\xed\xb2\xa7 meters"),
		bad("not-utf-8-beyond-10ffff", "The title has 0x110000 in four bytes.", "Forty \xf4\x90\x80\x80 meters"),
		bad("not-utf-8-cut", "The title ends within a character.", "Forty \xe2\x80"),
	}
	return append(vs, titleEdges()...)
}

// titleEdges takes the first and the last character of every refused range, and the
// ones before and after it, as far as they are in none.
func titleEdges() []vector {
	in := func(r rune) bool {
		for _, hidden := range titleRanges {
			if hidden[0] <= r && r <= hidden[1] {
				return true
			}
		}
		return r >= 0xD800 && r <= 0xDFFF || r > 0x10FFFF || r < 0 || r == ' '
	}
	var vs []vector
	done := make(map[rune]bool)
	for _, hidden := range titleRanges {
		for _, r := range []rune{hidden[0] - 1, hidden[0], hidden[1], hidden[1] + 1} {
			title := "Forty" + string(r) + "meters"
			if done[r] || r == '\n' || in(r) && (r < hidden[0] || r > hidden[1]) {
				continue
			}
			done[r] = true
			if in(r) {
				vs = append(vs, contractModel.bad(fmt.Sprintf("title-with-u%06x", r), fmt.Sprintf("The title has U+%04X, the first or last of a range that titles may not have.", r), titled(title)))
			} else {
				vs = append(vs, contractModel.ok(fmt.Sprintf("title-with-u%06x", r), fmt.Sprintf("The title has U+%04X, next to a range that titles may not have.", r), titled(title)))
			}
		}
	}
	return vs
}
