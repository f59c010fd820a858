package pages

import (
	"encoding/hex"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/chirograph/chirograph/crypto/note"
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

func TestAQueryIsBounded(t *testing.T) {
	for _, test := range []struct {
		raw, want string
		ok        bool
	}{
		{"", "", true}, {"q=", "", true}, {"q=a+b%26c", "a b&c", true}, {"q=%20x%0A", "x", true}, {"q=" + strings.Repeat("A", 64), strings.Repeat("a", 64), true}, {"q=" + strings.Repeat("G", 64), strings.Repeat("G", 64), true},
		{"q=" + strings.Repeat("a", MaxQuery), strings.Repeat("a", MaxQuery), true}, {"q=" + strings.Repeat("a", MaxQuery+1), "", false},
		{"q=" + strings.Repeat("%61", MaxQuery), strings.Repeat("a", MaxQuery), true}, {"q=" + strings.Repeat("%61", MaxQuery) + "+", "", false},
		{"q", "", false}, {"p=x", "", false}, {"q=a&q=b", "", false}, {"q=a;b", "", false}, {"q=a=b", "", false}, {"q=%", "", false}, {"q=%ff", "", false}, {"q=%zz", "", false}, {"Q=a", "", false}, {"&q=a", "", false},
	} {
		if got, _, err := ParseQuery(test.raw); got != test.want || (err == nil) != test.ok {
			t.Errorf("%.80q is %.80q, %v, want %.80q", test.raw, got, err, test.want)
		}
	}
}

// A page says behind what the next one begins, and only that is taken for it.
func TestAQuerySaysBehindWhatItGoesOn(t *testing.T) {
	key := "5866666666666666666666666666666666666666666666666666666666666666"
	long := strings.Repeat("a", 64)
	for raw, name := range map[string]string{
		"q=ann&after=ann.example%2B" + key: "ann.example", "q=a&after=%61%2b" + key: "a", "q=a&after=" + long + "%2B" + key: long, "q=&after=a%2B" + key: "a",
		"q=ann&after=": "", "q=ann&after=ann": "", "q=ann&after=ann+" + key: "", "q=ann&after=%2B" + key: "", "q=a&after=a%2B" + key[:62]: "", "q=a&after=a%2B" + strings.Replace(key, "58", "5F", 1): "",
		"q=a&after=a%2B" + strings.Repeat("0", 64): "", "q=a&after=" + long + "a%2B" + key: "", "q=a&after=a%2B" + key + "&after=a%2B" + key: "", "after=a%2B" + key: "", "after=a%2B" + key + "&q=a": "",
		"q=a&after=a%20b%2B" + key: "", "q=a&after=%zz": "", "q=a&after=" + strings.Repeat("a", 3*MaxQuery+1): "", "q=a&before=a%2B" + key: "",
	} {
		q, after, err := ParseQuery(raw)
		if after.Name != name || (err == nil) != (name != "") || err != nil && q != "" || err == nil && after.Key.String() != key {
			t.Errorf("%.100q is %q behind %v, %v", raw, q, after, err)
		}
	}
}

// A search that gave up, or that has all behind it, does not say that there is nothing.
func TestASearchSaysNothingOnlyWhereThereIsNothing(t *testing.T) {
	pub := must(note.ParsePublicKey(must(hex.DecodeString("5866666666666666666666666666666666666666666666666666666666666666"))))
	site := &Site{Key: must(note.NewKey("ledger.example", note.Ed25519, pub))}
	for want, s := range map[string]Search{"<p>Nothing. An id": {}, "Ask again in a moment": {More: true}, "<p>Nothing else.": {Part: true}} {
		s.Query, s.Keys = "ann", []NamedKey{}
		b := string(must(site.SearchHTML("/search", &s)))
		if !strings.Contains(b, want) || strings.Contains(b, "<p>Nothing. ") != (want == "<p>Nothing. An id") {
			t.Errorf("%+v: no %q in %s", s, want, b)
		}
	}
}

// Whatever is searched for: it is bounded UTF-8 without space about it, and asked again it
// is the same.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{"", "q=", "q=maker.example", "q=%F0%9F%94%8F", "q=+a+", "q=" + strings.Repeat("0A", 32), "q=%C2%A0", "q=a%00b", "q=%E2%80%AE", "q=a&after=a%2B58" + strings.Repeat("66", 31), "q=a&after=a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q, after, err := ParseQuery(raw)
		if err != nil {
			if q != "" || after.Name != "" {
				t.Errorf("%q is %q behind %q and %v", raw, q, after.Name, err)
			}
			return
		}
		if len(q) > MaxQuery || !utf8.ValidString(q) || strings.TrimSpace(q) != q {
			t.Errorf("%q is %q", raw, q)
		}
		var again strings.Builder
		for _, c := range []byte(q) {
			again.WriteString("%" + string("0123456789ABCDEF"[c>>4]) + string("0123456789ABCDEF"[c&15]))
		}
		if got, _, err := ParseQuery("q=" + again.String()); err != nil || got != q {
			t.Errorf("%q is %q, and again %q, %v", raw, q, got, err)
		}
		if s := shown(q); strings.ContainsFunc(s, hides) {
			t.Errorf("%q is shown as %q", q, s)
		}
	})
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
