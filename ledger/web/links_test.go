package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/pages"
	"github.com/chirograph/chirograph/ledger/record"
)

// An element of a page, with its attributes.
type element struct {
	name  string
	attrs map[string]string
}

// elements takes a page apart.
func elements(t testing.TB, b []byte) (list []element) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(b))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		token, err := d.Token()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatalf("%v in %s", err, b)
		}
		if start, ok := token.(xml.StartElement); ok {
			e := element{start.Name.Local, make(map[string]string)}
			for _, a := range start.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			list = append(list, e)
		}
	}
}

// Nothing on a page runs, is fetched from anywhere, or leads elsewhere; the only style is
// the one that its header knows; and each link leads to what is there.
func TestEveryLinkOfEveryPageLeadsToWhatIsThere(t *testing.T) {
	w, c := story(t)
	list := make([]*record.Record, 0, 300)
	for i := range uint64(300) { // so that there are second pages
		list = append(list, under(1000+i, record.Statement, c, byMaker, maker))
	}
	w.add(list...)
	const at = "http://ledger.test/some/where"
	seen := map[string]string{"/": "the beginning", "/search?q=nobody": "typed", "/search?q=maker": "typed"}
	todo := []string{"/", "/search?q=nobody", "/search?q=maker"}
	pagesSeen := 0
	for len(todo) > 0 {
		path := todo[0]
		todo = todo[1:]
		resp := w.ask(path)
		if resp.StatusCode == 303 {
			to := must(must(url.Parse(at + path)).Parse(resp.Header.Get("Location")))
			path = strings.TrimPrefix(to.String(), at)
			if resp = w.ask(path); seen[path] == "" {
				seen[path] = "sent on"
			}
		}
		if resp.StatusCode != 200 {
			t.Errorf("%s, linked from %s: %s", path, seen[path], resp.Status)
			continue
		}
		if resp.Header.Get("Content-Type") != htmlText || path == "/verify" {
			continue
		}
		pagesSeen++
		b := read(t, resp)
		if csp := resp.Header.Get("Content-Security-Policy"); csp != pages.ContentSecurity {
			t.Errorf("%s has the policy %s", path, csp)
		}
		_, style, _ := bytes.Cut(b, []byte("<style>"))
		style, _, _ = bytes.Cut(style, []byte("</style>"))
		sum := sha256.Sum256(style)
		if hash := base64.StdEncoding.EncodeToString(sum[:]); !strings.Contains(pages.ContentSecurity, "'sha256-"+hash+"'") {
			t.Errorf("%s: the style has the hash %s", path, hash)
		}
		for _, e := range elements(t, b) {
			for name, value := range e.attrs {
				switch {
				case name == "href" || name == "action":
					to := must(must(url.Parse(at + path)).Parse(value))
					local, ok := strings.CutPrefix(to.String(), at)
					if to.Fragment != "" {
						continue
					}
					if !ok {
						t.Errorf("%s links to %q", path, value)
					} else if seen[local] == "" {
						seen[local] = path
						todo = append(todo, local)
					}
				case strings.HasPrefix(name, "on"), name == "style", name == "src", name == "srcset", name == "formaction", name == "target", name == "background", name == "poster", name == "ping":
					t.Errorf("%s: %s has %s=%q", path, e.name, name, value)
				}
			}
			if e.name == "script" || e.name == "iframe" || e.name == "img" || e.name == "object" || e.name == "base" || e.name == "link" && e.attrs["rel"] != "alternate" {
				t.Errorf("%s has the element %+v", path, e)
			}
		}
	}
	t.Logf("%d pages, %d links", pagesSeen, len(seen))
	for _, want := range []string{"/log?before=247", "/contracts/" + c.String() + "?after=259", "/keys/" + deputy.Public().String(), "/keys/" + maker.Public().String() + ".atom", "/records/" + c.String() + ".json", "/verify", "/policy", "/checkpoint", "/feed.atom", "/index.json"} {
		if seen[want] == "" {
			t.Errorf("no page links to %s", want)
		}
	}
}
