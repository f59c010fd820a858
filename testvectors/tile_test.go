package testvectors

import "fmt"

func tileVectors() []vector {
	var vs []vector
	for _, c := range []struct {
		name, path string
		level      int
		index      string
		width      int
	}{
		{"first", "tile/0/000", 0, "0", 256},
		{"partial-1", "tile/0/000.p/1", 0, "0", 1},
		{"partial-255", "tile/0/000.p/255", 0, "0", 255},
		{"partial-10", "tile/1/002.p/10", 1, "2", 10},
		{"index-999", "tile/0/999", 0, "999", 256},
		{"index-1000", "tile/0/x001/000", 0, "1000", 256},
		{"index-1234067", "tile/0/x001/x234/067", 0, "1234067", 256},
		{"index-1234067-partial", "tile/0/x001/x234/067.p/8", 0, "1234067", 8},
		{"index-2-53-plus-1", "tile/0/x009/x007/x199/x254/x740/993", 0, "9007199254740993", 256},
		{"index-2-55-minus-1", "tile/0/x036/x028/x797/x018/x963/967", 0, "36028797018963967", 256},
		{"level-7", "tile/7/000", 7, "0", 256},
		{"level-10", "tile/10/000", 10, "0", 256},
		{"level-63", "tile/63/000", 63, "0", 256},
		{"entries", "tile/entries/000", -1, "0", 256},
		{"entries-partial", "tile/entries/000.p/3", -1, "0", 3},
		{"entries-1000", "tile/entries/x001/000.p/17", -1, "1000", 17},
	} {
		vs = append(vs, accepted("tile", c.name, fmt.Sprintf("Tile %s of level %d, %d wide.", c.index, c.level, c.width),
			octets("path", c.path), member{"level", c.level}, member{"index", c.index}, member{"width", c.width}))
	}
	for _, s := range badTiles {
		vs = append(vs, refused("tile", s.name, "form", s.comment, octets("path", s.value)))
	}
	return vs
}

var badTiles = []sample{
	{"empty", "", "Nothing at all."},
	{"tile-alone", "tile", "The path is its first step."},
	{"without-level", "tile/000", "The level is missing."},
	{"without-index", "tile/0", "The index is missing."},
	{"index-empty", "tile/0/", "The index is empty."},
	{"slash-first", "/tile/0/000", "A slash comes first."},
	{"slash-last", "tile/0/000/", "A slash comes last."},
	{"two-slashes", "tile//0/000", "There are two slashes in a row."},
	{"other-prefix", "tiles/0/000", "The path begins with another word."},
	{"uppercase", "Tile/0/000", "The path begins in uppercase."},
	{"checkpoint", "checkpoint", "The path of another resource."},
	{"level-64", "tile/64/000", "Levels end at 63."},
	{"level-100", "tile/100/000", "Levels end at 63."},
	{"level-negative", "tile/-1/000", "The level is negative."},
	{"level-plus", "tile/+1/000", "The level has a sign."},
	{"level-leading-zero", "tile/00/000", "The level has a leading zero."},
	{"level-01", "tile/01/000", "The level has a leading zero."},
	{"level-of-65-bits", "tile/18446744073709551616/000", "The level is 0 modulo 2^64."},
	{"level-word", "tile/data/000", "The level is a word of another format."},
	{"entries-uppercase", "tile/Entries/000", "entries is in uppercase."},
	{"entry", "tile/entry/000", "entries is in the singular."},
	{"index-1-digit", "tile/0/0", "The index has one digit."},
	{"index-2-digits", "tile/0/00", "The index has two digits."},
	{"index-4-digits", "tile/0/0000", "The index has four digits in one step."},
	{"index-1000-in-one-step", "tile/0/1000", "The index has four digits in one step."},
	{"index-leading-zeros", "tile/0/x000/000", "The index has a step of zeros in front."},
	{"index-leading-zeros-1", "tile/0/x000/001", "The index has a step of zeros in front."},
	{"index-two-steps-of-zeros", "tile/0/x000/x000/001", "The index has two steps of zeros in front."},
	{"index-without-x", "tile/0/001/000", "A step that is not the last lacks its x."},
	{"index-x-last", "tile/0/x000", "The last step has an x."},
	{"index-x-in-all", "tile/0/x001/x000", "The last step has an x."},
	{"index-x-uppercase", "tile/0/X001/000", "The x is in uppercase."},
	{"index-x-twice", "tile/0/xx001/000", "The x is there twice."},
	{"index-step-of-2-digits", "tile/0/x01/000", "A step has two digits."},
	{"index-step-of-4-digits", "tile/0/x0001/000", "A step has four digits."},
	{"index-hex", "tile/0/00a", "The index is in hex."},
	{"index-negative", "tile/0/-01", "The index is negative."},
	{"index-space", "tile/0/ 01", "The index has a space."},
	{"index-2-55", "tile/0/x036/x028/x797/x018/x963/968", "The index is 2^55, and no tree has so many tiles."},
	{"index-2-63", "tile/0/x009/x223/x372/x036/x854/x775/808", "The index is 2^63."},
	{"index-2-64", "tile/0/x018/x446/x744/x073/x709/x551/616", "The index is 0 modulo 2^64."},
	{"index-of-30-digits", "tile/0/x001/x000/x000/x000/x000/x000/x000/x000/x000/000", "The index is far too large."},
	{"width-0", "tile/0/000.p/0", "A partial tile is at least 1 wide."},
	{"width-256", "tile/0/000.p/256", "A tile that is 256 wide is not partial."},
	{"width-257", "tile/0/000.p/257", "A tile is at most 256 wide."},
	{"width-1000", "tile/0/000.p/1000", "A tile is at most 256 wide."},
	{"width-leading-zero", "tile/0/000.p/01", "The width has a leading zero."},
	{"width-empty", "tile/0/000.p/", "The width is missing."},
	{"width-without-slash", "tile/0/000.p", "The width is missing, with its slash."},
	{"width-plus", "tile/0/000.p/+1", "The width has a sign."},
	{"width-negative", "tile/0/000.p/-1", "The width is negative."},
	{"width-of-65-bits", "tile/0/000.p/18446744073709551617", "The width is 1 modulo 2^64."},
	{"width-twice", "tile/0/000.p/1.p/1", "There are two widths."},
	{"width-after-slash", "tile/0/000/.p/1", "A slash comes before the width."},
	{"width-in-uppercase", "tile/0/000.P/1", "The p is in uppercase."},
	{"width-and-slash", "tile/0/000.p/1/", "A slash comes last."},
	{"width-before-index", "tile/0/x001.p/1/000", "The width stands within the index."},
	{"query", "tile/0/000?x=1", "A query follows the path."},
	{"escaped", "tile/0/%30%30%30", "The digits are escaped."},
	{"above", "tile/../tile/0/000", "The path leads up and down again."},
	{"line-feed-last", "tile/0/000\n", "A line feed comes last."},
	{"nul-last", "tile/0/000\x00", "A NUL comes last."},
	{"fullwidth-digit", "tile/0/00０", "A digit is outside ASCII."},
}
