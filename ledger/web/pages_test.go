package web

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"html/template"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/pages"
	"github.com/chirograph/chirograph/ledger/record"
	verifier "github.com/chirograph/chirograph/verify/page"
)

// What programs read is what it was before there were pages, to the byte.
func TestTheJSONThatProgramsReadIsWhatItWas(t *testing.T) {
	w, c := story(t)
	for name, path := range map[string]string{
		"contract": "/contracts/" + c.String(), "contract-after": "/contracts/" + c.String() + "?after=3",
		"key": "/keys/" + maker.Public().String(), "key-revoked": "/keys/" + deputy.Public().String(), "key-none": "/keys/" + newSigner("nobody").Public().String(),
		"home": "/",
	} {
		got := read(t, w.get("GET", path))
		file := "testdata/before/" + name
		if want := must(os.ReadFile(file)); string(got) != string(want) {
			t.Errorf("%s is\n%s\nwas\n%s", path, got, want)
		}
	}
}

// story registers a contract with all that can belong to it, and returns its id.
func story(t testing.TB) (*world, record.ID) {
	w := open(t)
	one := func(r *record.Record) *record.Record {
		w.add(r)
		return r
	}
	frame := one(sealed(draft(100, func(t *record.Text) { t.Title = "Frame for pumps & valves" }), maker, buyer)).ID()
	first := one(sealed(draft(101, func(t *record.Text) { t.Title = `Forty <flow> meters "שלום"`; t.Under = frame }), maker, buyer)).ID()
	c := one(sealed(draft(102, func(t *record.Text) {
		t.Title, t.Replaces, t.Former, t.Under = `Fifty <flow> meters, "שלום" & more`, first, t.Parties, frame
		t.From, t.Until = today-1, today+300
		t.Terminable = []record.Notice{{Role: "buyer", Days: 30}}
		t.Documents = append(t.Documents, record.Document{Salted: true, Hash: [32]byte{2}, Size: 8192, Media: "image/svg+xml", Kind: "drawing", Name: "meter (1).svg"})
	}), maker, buyer)).ID()
	stated := one(under(1, record.Statement, c, byMaker, maker))
	one(under(2, record.Statement, c, func(t *record.Text) { t.About, t.Answers = "acceptance", stated.ID() }, maker, deputy))
	one(under(3, record.Statement, c, func(t *record.Text) { byMaker(t); t.About = "dispute" }, maker))
	one(sealed(draft(103, func(t *record.Text) { t.Title, t.Under = "Call-off", c }), maker, buyer))
	one(sealed(draft(104, func(t *record.Text) { t.Under = c }), maker, buyer))
	one(under(4, record.Termination, c, func(t *record.Text) { t.Effective = today + 90 }, maker, buyer))
	one(revocation(deputy))
	one(amendment(105, c, today+30))
	return w, c
}

// ask asks for a path as a browser does.
func (w *world) ask(path string) *http.Response { return w.get("GET", path, "Accept", firefox) }

func TestEveryPathHasTheFaceThatIsAskedFor(t *testing.T) {
	w, c := story(t)
	key := maker.Public().String()
	for _, test := range []struct{ path, none, json, html string }{
		{"/", plainText, jsonText, htmlText},
		{"/index.json", jsonText, "", ""},
		{"/records/" + c.String(), plainText, jsonText, htmlText},
		{"/records/" + c.String() + ".json", jsonText, "", ""},
		{"/records/" + c.String() + ".txt", plainText, "", ""},
		{"/records/" + c.String() + "/receipt", plainText, "", ""},
		{"/contracts/" + c.String(), jsonText, jsonText, htmlText},
		{"/contracts/" + c.String() + ".json", jsonText, "", ""},
		{"/contracts/" + c.String() + ".atom", atomText, "", ""},
		{"/contracts/" + c.String() + "?after=3", jsonText, jsonText, htmlText},
		{"/contracts/" + c.String() + ".json?after=3", jsonText, "", ""},
		{"/keys/" + key, jsonText, jsonText, htmlText},
		{"/keys/" + key + ".json", jsonText, "", ""},
		{"/keys/" + key + ".atom", atomText, "", ""},
		{"/keys/" + key + "?after=1", jsonText, jsonText, htmlText},
		{"/log", jsonText, jsonText, htmlText},
		{"/log?before=4", jsonText, jsonText, htmlText},
		{"/log.json", jsonText, "", ""},
		{"/log.json?before=4", jsonText, "", ""},
		{"/search", jsonText, jsonText, htmlText},
		{"/search?q=nobody", jsonText, jsonText, htmlText},
		{"/feed.atom", atomText, "", ""},
		{"/verify", htmlText, "", ""},
		{"/checkpoint", plainText, "", ""},
		{"/policy", plainText, "", ""},
		{"/tile/0/000.p/2", octets, "", ""},
	} {
		one := test.json == ""
		for accept, want := range map[string]string{"": test.none, "*/*": test.none, "text/nothing": test.none, "application/json": test.json, firefox: test.html} {
			if one {
				want = test.none
			}
			header := []string{"Accept", accept}
			if accept == "" {
				header = nil
			}
			get, head := w.get("GET", test.path, header...), w.get("HEAD", test.path, header...)
			b := read(t, get)
			if get.StatusCode != 200 || get.Header.Get("Content-Type") != want {
				t.Errorf("GET %s, Accept %q: %d %s, want %s", test.path, accept, get.StatusCode, get.Header.Get("Content-Type"), want)
			}
			if left := must(io.ReadAll(head.Body)); len(left) > 0 || fmt.Sprint(head.Header) != fmt.Sprint(get.Header) {
				t.Errorf("HEAD %s, Accept %q: %v, GET has %v", test.path, accept, head.Header, get.Header)
			}
			if got := strings.Contains(get.Header.Get("Vary")+",", "Accept,"); got == one {
				t.Errorf("GET %s, Accept %q: Vary is %q", test.path, accept, get.Header.Get("Vary"))
			}
			if want == jsonText && !json.Valid(b) || want == htmlText && !bytes.HasPrefix(b, []byte("<!doctype html>")) || want == atomText && !bytes.HasPrefix(b, []byte("<?xml")) {
				t.Errorf("GET %s, Accept %q: %.100s", test.path, accept, b)
			}
		}
	}
}

// What is asked for by no path, or with a query of another's, is not there; a person is
// told so on a page, with the status and the words that a program gets.
func TestAPersonIsToldOfAnErrorOnAPage(t *testing.T) {
	w, c := story(t)
	for _, path := range []string{
		"/nothing", "/log/", "/log.atom", "/log?after=1", "/log?before=0", "/log?before=01", "/log?before=", "/search?p=1", "/search?q=%zz", "/search?q=a&q=b", "/search?q=a&after=a", "/search?after=a", "/search?q=" + strings.Repeat("a", 257),
		"/contracts/" + c.String() + ".atom?after=1", "/contracts/" + c.String() + ".txt", "/contracts/" + c.String() + ".html", "/records/" + c.String() + ".atom", "/records/" + c.String() + "/receipt.json", "/records/" + c.String() + "/receipt.txt",
		"/records/.json", "/contracts/.atom", "/index", "/index.json?after=1", "/feed.atom?before=1", "/feed", "/entries/99", "/entries/01", "/entries/", "/entries/1.json", "/verify?x", "/verify/", "/verify.json",
		strings.Repeat("/", 5000), "/tile/0/000.p/99", "/keys/" + strings.Repeat("0", 64) + ".json",
	} {
		plain, told := w.get("GET", path), w.ask(path)
		var p problem
		if err := json.Unmarshal(must(io.ReadAll(plain.Body)), &p); err != nil || plain.StatusCode != 404 {
			t.Fatalf("%.100s: %d %v", path, plain.StatusCode, err)
		}
		if strings.Contains(path, ".json") && strings.HasSuffix(strings.SplitN(path, "?", 2)[0], ".json") {
			wantProblem(t, told, 404, "", p.Detail)
			continue
		}
		b := string(must(io.ReadAll(told.Body)))
		h := told.Header
		if told.StatusCode != 404 || h.Get("Content-Type") != htmlText || h.Get("Cache-Control") != never || h.Get("Content-Security-Policy") != pages.ContentSecurity || len(b) > 32<<10 {
			t.Errorf("%.100s: %d %v, %d bytes", path, told.StatusCode, h, len(b))
		}
		for _, word := range []string{"404", "Not Found", html.EscapeString(p.Detail)} {
			if !strings.Contains(strings.ReplaceAll(b, "&#43;", "+"), word) {
				t.Errorf("%.100s: the page does not say %q", path, word)
			}
		}
	}
	for method, status := range map[string]int{"POST": 405, "BREW": 405} {
		wantProblem(t, w.get(method, "/log", "Accept", firefox), status, "", "only GET, HEAD is allowed here")
	}
	rated, _ := story(t)
	rated.rated(1, 1)
	if got := rated.ask("/"); got.StatusCode != 200 {
		t.Error(got.Status)
	}
	busy := rated.ask("/")
	if busy.StatusCode != 429 || busy.Header.Get("Retry-After") != "1" || busy.Header.Get("Content-Type") != htmlText {
		t.Errorf("%s %v", busy.Status, busy.Header)
	}
	if got := rated.get("GET", "/"); got.StatusCode != 200 {
		t.Errorf("who asks for no page has no turn to wait for: %s", got.Status)
	}
}

// What strangers call a thing is shown as they wrote it, is no markup, turns nothing that
// stands about it, and hides nothing.
func TestWhatStrangersWroteIsShownAndNothingElse(t *testing.T) {
	const witness = "<b>w</b>\u202eevil\u200b&amp;"
	title := `</title><script>alert("x")</script><!-- שלום '`
	hostile := "log " + home.String() + "\nwitness " + witness + " " + must(note.NewKey("<i>\u2066k", note.Cosignature, maker.Public())).String() + "\nquorum none\n"
	w := newWorld(t, func(cfg *ledger.Config) { cfg.Policy = []byte(hostile) }, "ledger", vfs.NewMem())
	w.h = must(New(Config{Key: home.Key, View: w.log.View, Log: w.log, Past: w.log.Past(), Clock: w.clock, Checks: 1, Policy: []byte(hostile)}))
	c := sealed(draft(1, func(t *record.Text) { t.Title = title }), maker, buyer)
	sub := sealed(draft(2, func(t *record.Text) { t.Title, t.Under = title+title[:9], c.ID() }), maker, buyer)
	w.add(c)
	w.add(sub)
	escaped := template.HTMLEscapeString(title)
	for path, want := range map[string][]string{
		"/":                                   {escaped, `<bdi>&lt;b&gt;w&lt;/b&gt;\u{202e}evil\u{200b}&amp;amp;</bdi>`},
		"/log":                                {"<bdi>" + escaped + "</bdi>"},
		"/contracts/" + c.ID().String():       {"<h1><bdi>" + escaped + "</bdi></h1>", "<title>" + escaped},
		"/contracts/" + sub.ID().String():     {"<bdi>" + escaped + "</bdi>"},
		"/records/" + c.ID().String():         {"<h1><bdi>" + escaped + "</bdi></h1>", "<b>title</b> <bdi>" + escaped + "</bdi>"},
		"/keys/" + maker.Public().String():    {"<bdi>" + escaped + "</bdi>"},
		"/search?q=%3Cu%3E%E2%80%AE%26%22%27": {`“<bdi>&lt;u&gt;\u{202e}&amp;&#34;&#39;</bdi>”`, `value="&lt;u&gt;` + "\u202e" + `&amp;&#34;&#39;"`},
	} {
		b := string(read(t, w.ask(path)))
		for _, text := range want {
			if !strings.Contains(b, text) {
				t.Errorf("%s has no %q:\n%s", path, text, b)
			}
		}
		for _, text := range []string{"<script", "<i>", "<u>", "<!-- ש"} {
			if strings.Contains(b, text) {
				t.Errorf("%s has %q", path, text)
			}
		}
	}
	for _, path := range []string{"/feed.atom", "/contracts/" + c.ID().String() + ".atom"} {
		var f struct {
			Entries []struct {
				Title string `xml:"title"`
			} `xml:"entry"`
		}
		if err := xml.Unmarshal(read(t, w.get("GET", path)), &f); err != nil || len(f.Entries) != 2 || f.Entries[1].Title != title {
			t.Errorf("%s: %v, %+v", path, err, f)
		}
	}
}

// A page of everything that a contract and its time line can have is within its bound.
func TestTheLargestPagesAreWithinTheirBound(t *testing.T) {
	w := open(t)
	var keys []signer
	for i := range 64 {
		keys = append(keys, newSigner(fmt.Sprintf("%02d%s", i, strings.Repeat("x", 62))))
	}
	large := sealed(draft(1, func(t *record.Text) {
		t.Title, t.Parties, t.Documents = strings.Repeat("<", 200), nil, nil
		for i := range 32 {
			t.Parties = append(t.Parties, record.Party{Role: fmt.Sprintf("role-%02d-%s", i, strings.Repeat("y", 24)), Threshold: 1, Keys: []note.Key{keys[2*i].Key, keys[2*i+1].Key}})
		}
		for i := range 32 {
			d := record.Document{Salted: true, Hash: [32]byte{1}, Size: 4096, Media: "text/" + strings.Repeat("z", 60), Kind: "drawing", Name: fmt.Sprintf("%02d%s", i, strings.Repeat("d", 126))}
			if i == 0 {
				d.Kind = record.Terms
			}
			t.Documents = append(t.Documents, d)
		}
	}), every(keys, 2)...)
	w.add(large)
	c := large.ID()
	var list []*record.Record
	for i := range uint64(257) {
		list = append(list, sealed(under(i, record.Statement, c, func(t *record.Text) { t.Parties, t.About = large.Text().Parties, "dispute" }), every(keys, 2)...))
	}
	w.add(list...)
	list = nil
	for i := range uint64(257) {
		list = append(list, sealed(draft(500+i, func(t *record.Text) { t.Under, t.Parties, t.Title = c, large.Text().Parties, strings.Repeat(">", 200) }), every(keys, 2)...))
	}
	w.add(list...)
	largest := 0
	for _, path := range []string{"/", "/log", "/contracts/" + c.String(), "/contracts/" + c.String() + "?after=257", "/records/" + c.String(), "/keys/" + keys[0].Public().String(), "/feed.atom", "/contracts/" + c.String() + ".atom"} {
		n := len(read(t, w.ask(path)))
		t.Logf("%s: %d bytes", path[:min(30, len(path))], n)
		largest = max(largest, n)
	}
	if largest > pages.MaxHTML || largest < pages.MaxHTML/4 {
		t.Errorf("the largest page has %d bytes, the bound is %d", largest, pages.MaxHTML)
	}
}

// every returns each n-th signer.
func every(list []signer, n int) (some []signer) {
	for i := 0; i < len(list); i += n {
		some = append(some, list[i])
	}
	return some
}

// A copy shows the pages of the ledger, and says that it is none.
func TestThePagesOfACopySayThatItIsOne(t *testing.T) {
	w, c := story(t)
	w.h = must(New(Config{Key: home.Key, View: w.log.View, Copy: &Copy{Ledger: "https://ledger.example", Ready: func() error { return nil }}, Clock: w.clock, Checks: 1, Policy: policy, URL: "https://ledger.example"}))
	for _, path := range []string{"/", "/log", "/contracts/" + c.String(), "/keys/" + maker.Public().String(), "/nothing"} {
		if b := string(must(io.ReadAll(w.ask(path).Body))); !strings.Contains(b, "read-only copy of a Chirograph ledger") {
			t.Errorf("%s does not say so", path)
		}
	}
	if b := string(read(t, w.ask("/"))); !strings.Contains(b, "takes no records; the ledger is at <bdi>https://ledger.example</bdi>") {
		t.Error(b)
	}
	var h pages.Home
	if err := json.Unmarshal(read(t, w.get("GET", "/index.json")), &h); err != nil || !h.Copy || h.Size != 11 || len(h.Latest) != pages.MaxLatest || h.Ledger != home.String() {
		t.Errorf("%v %+v", err, h)
	}
	w.h.cfg.View = func() *ledger.View { return nil }
	resp := w.ask("/log")
	if b := string(must(io.ReadAll(resp.Body))); resp.StatusCode != 503 || !strings.Contains(b, "this copy of the ledger has read nothing to its end yet") || resp.Header.Get("Retry-After") != "10" {
		t.Errorf("%s %s", resp.Status, b)
	}
	if resp := w.ask("/verify"); resp.StatusCode != 200 {
		t.Errorf("the verifier: %s", resp.Status)
	}
}

func TestAFrozenLedgerSaysSoOnItsHomePage(t *testing.T) {
	w := open(t)
	for _, frozen := range []bool{false, true} {
		w.h.site.Frozen = frozen
		page, data := string(read(t, w.ask("/"))), string(read(t, w.get("GET", "/index.json")))
		if strings.Contains(page, "Frozen for good.") != frozen || strings.Contains(data, `"frozen": true`) != frozen {
			t.Errorf("frozen %v: %s %s", frozen, page, data)
		}
	}
}

// The verifier is sent as it is, with nothing beside its own policy but that nobody frames
// it.
func TestTheVerifierIsServedAsItIs(t *testing.T) {
	w := open(t)
	resp := w.get("GET", "/verify")
	if !bytes.Equal(read(t, resp), verifier.HTML) {
		t.Error("it is another page")
	}
	h := resp.Header
	if h.Get("Content-Security-Policy") != "frame-ancestors 'none'" || h.Get("Content-Type") != htmlText || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || strings.Contains(h.Get("Cache-Control"), "immutable") {
		t.Errorf("%v", h)
	}
}

// A contract that was never to begin, one that will, one that ended: each is said in words.
func TestHowAContractStandsIsSaidInWords(t *testing.T) {
	w := open(t)
	one := func(r *record.Record) record.ID {
		w.add(r)
		return r.ID()
	}
	dated := one(sealed(draft(1, func(t *record.Text) { t.From, t.Until = today+10, today+20 }), maker, buyer))
	ended := one(contract(2))
	end := one(under(1, record.Termination, ended, func(t *record.Text) { t.Effective = today + 5 }, maker, buyer))
	stopped := one(sealed(draft(3, func(t *record.Text) { t.From = today + 10 }), maker, buyer))
	one(under(2, record.Termination, stopped, func(t *record.Text) { t.Effective = today + 3 }, maker, buyer))
	renewed := one(contract(4))
	renewal := one(amendment(5, renewed, today+7))
	for _, test := range []struct {
		contract record.ID
		after    int64 // days
		want     []string
	}{
		{dated, 0, []string{"<strong>Pending</strong>: it comes into force on <time datetime=\"2026-10-01\">1 October 2026</time>.", "Its last day is <time datetime=\"2026-10-11\">"}},
		{dated, 10, []string{"<strong>In force</strong> since <time datetime=\"2026-10-01\">"}},
		{dated, 21, []string{"<strong>Expired</strong>: <time datetime=\"2026-10-11\">11 October 2026</time> was its last day."}},
		{ended, 0, []string{"<strong>In force</strong> since", `It ends on <time datetime="2026-09-26">26 September 2026</time>, by <a href="../records/` + end.String() + `">a termination</a>`}},
		{ended, 5, []string{"<strong>Terminated</strong> since", end.String()}},
		{stopped, 0, []string{"<strong>Pending</strong>: it never comes into force."}},
		{renewed, 0, []string{`from then on <a href="../contracts/` + renewal.String() + `">another contract</a> takes its place`}},
		{renewed, 7, []string{`<strong>Replaced</strong> since <time datetime="2026-09-28">28 September 2026</time> by <a href="../contracts/` + renewal.String()}},
		{renewal, 7, []string{"No end is set.", "No dispute is open."}},
	} {
		w.unix.Store(epoch + test.after*day)
		b := string(read(t, w.ask("/contracts/"+test.contract.String())))
		for _, want := range test.want {
			if !strings.Contains(b, want) {
				t.Errorf("after %d days the page has no %q:\n%s", test.after, want, b)
			}
		}
	}
}
