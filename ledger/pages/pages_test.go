package pages

import (
	"strings"
	"testing"
)

func TestWhatWouldHideIsWrittenOut(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "",
		"pumps & <valves>":         "pumps & <valves>",
		"\u05e9\u05dc\u05d5\u05dd": "\u05e9\u05dc\u05d5\u05dd",
		"a\u202eb":                 `a\u{202e}b`,
		"a\x00\u200b\ufeffb":       `a\u{0}\u{200b}\u{feff}b`,
		"\U000e0041":               `\u{e0041}`,
		"\xff\xfea":                "\ufffda",
		"a b\tc\n":                 `a b\u{9}c\u{a}`,
	} {
		if got := shown(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}

func TestRootIsTheWayBackToTheHomePage(t *testing.T) {
	for path, want := range map[string]string{
		"/": "./", "/log": "./", "/keys/x": "../", "/records/x/receipt": "../../", "//": "../", "": "./",
		"/1/2/3/4/5/6/7/8/9": "../../../../../../../../", "/1/2/3/4/5/6/7/8/9/10": "/",
	} {
		if got := Root(path); got != want {
			t.Errorf("from %s it is %s, want %s", path, got, want)
		}
	}
}

func TestWordsForNumbersAndTimes(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{count(0, "day"), "no days"}, {count(1, "entry"), "1 entry"}, {count(uint64(1234567), "entry"), "1,234,567 entries"}, {count(30, "day"), "30 days"}, {count(999, "record"), "999 records"},
		{ago(100, 159), "less than a minute ago"}, {ago(100, 160), "1 minute ago"}, {ago(0, 3599), "59 minutes ago"}, {ago(0, 3600), "1 hour ago"}, {ago(0, 2*86400-1), "47 hours ago"}, {ago(0, 2*86400), "2 days ago"}, {ago(5, 4), "in the future"},
		{human("2026-09-01"), "1 September 2026"}, {human("2026-09-21T14:13:20Z"), "21 September 2026, 14:13:20 UTC"}, {human("POSIX second 253402300800"), "POSIX second 253402300800"},
		{eve("2026-03-01"), "2026-02-28"}, {eve("1970-01-01"), "1970-01-01"}, {eve("x"), "x"},
		{conjunction(nil), ""}, {conjunction([]string{"a"}), "a"}, {conjunction([]string{"a", "b"}), "a and b"}, {conjunction([]string{"a", "b", "c"}), "a, b and c"},
		{size(Document{Size: 1, Commitment: "sha256:"}), "1 byte"}, {size(Document{Size: 8192, Commitment: "salted-sha256:"}), "up to 8,192 bytes"},
		{capital(""), ""}, {capital("in force"), "In force"},
		{clip(strings.Repeat("ש", 21)), strings.Repeat("ש", 21)}, {clip(strings.Repeat("ש", 22)), strings.Repeat("ש", 20) + "…"},
	} {
		if test.got != test.want {
			t.Errorf("%q, want %q", test.got, test.want)
		}
	}
}

// Each keyword that a record can have is explained.
func TestEveryLineIsExplained(t *testing.T) {
	for _, keyword := range strings.Fields("ledger made sign-by nonce title party document from until terminable replaces former under contract by about answers effective key reason") {
		if means[keyword] == "" {
			t.Errorf("%s has no meaning", keyword)
		}
	}
}

// What stands about a contract is drawn in boxes of which none lies on another.
func TestADrawingHasABoxForEachContractAboutIt(t *testing.T) {
	c := &Contract{Title: "This"}
	var all []related
	for _, how := range []string{"frame", "replaces", "replaced"} {
		all = append(all, related{How: how, ID: strings.Repeat("1", 64), Title: how})
	}
	for range MaxUnder {
		all = append(all, related{How: "under"})
	}
	if draw(c, nil) != nil {
		t.Error("a contract alone is drawn")
	}
	for i := range 1 << 4 {
		var some []related
		for j, r := range all {
			if i>>min(j, 3)&1 == 1 {
				some = append(some, r)
			}
		}
		if len(some) == 0 {
			continue
		}
		d := draw(c, some)
		self, places := 0, make(map[[2]int]bool)
		for _, b := range d.Boxes {
			places[[2]int{b.X, b.Y}] = true
			if b.Self {
				self++
			}
			if b.X < 0 || b.Y < 0 || b.X+boxWidth > d.Width || b.Y+boxHeight > d.Height {
				t.Errorf("%+v is not within %d×%d", b, d.Width, d.Height)
			}
		}
		if len(d.Boxes) != len(some)+1 || len(places) != len(d.Boxes) || self != 1 || len(d.Lines) != len(some) {
			t.Errorf("%d contracts: %+v", len(some), d)
		}
	}
}
