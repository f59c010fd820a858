package web

import (
	"bytes"
	"encoding/xml"
	"net/url"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/pages"
	"github.com/chirograph/chirograph/ledger/record"
)

// A feed has what RFC 4287 asks for, also when nothing is in it, and ids that are no
// address's.
func TestEveryFeedIsAFeed(t *testing.T) {
	empty := open(t)
	w, c := story(t)
	copied := must(New(Config{Key: home.Key, View: w.log.View, Copy: &Copy{Ready: func() error { return nil }}, Clock: w.clock, Checks: 1, Policy: policy, URL: "https://ledger.example/"}))
	list := make([]*record.Record, 0, 100)
	for i := range uint64(100) {
		list = append(list, under(1000+i, record.Statement, c, byMaker, maker))
	}
	type link struct {
		Rel  string `xml:"rel,attr"`
		Href string `xml:"href,attr"`
	}
	type feedXML struct {
		XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string   `xml:"id"`
		Title   string   `xml:"title"`
		Updated string   `xml:"updated"`
		Author  string   `xml:"author>name"`
		Links   []link   `xml:"link"`
		Entries []struct {
			ID      string `xml:"id"`
			Title   string `xml:"title"`
			Updated string `xml:"updated"`
			Links   []link `xml:"link"`
		} `xml:"entry"`
	}
	check := func(w *world, path string, entries int) feedXML {
		t.Helper()
		var f feedXML
		b := read(t, w.get("GET", path))
		if err := xml.Unmarshal(b, &f); err != nil {
			t.Fatalf("%s: %v in %s", path, err, b)
		}
		if _, err := record.ParseTime(f.Updated); err != nil || !strings.HasPrefix(f.ID, "urn:chirograph:") || f.Title == "" || f.Author == "" || len(f.Links) != 2 || f.Links[0].Rel != "self" {
			t.Errorf("%s: %s", path, b)
		}
		base := must(url.Parse("http://here.test" + path))
		if self := must(base.Parse(f.Links[0].Href)); self.Path != path || !strings.HasSuffix(f.Links[1].Href, strings.TrimSuffix(strings.Replace(path, "feed.atom", "log", 1), ".atom")) {
			t.Errorf("%s says that it is at %s, and the page at %s", path, self, f.Links[1].Href)
		}
		ids := make(map[string]bool)
		for i, e := range f.Entries {
			ids[e.ID] = true
			if _, err := record.ParseTime(e.Updated); err != nil || e.Title == "" || len(e.Links) != 2 || !strings.HasPrefix(e.ID, "urn:chirograph:record:") || i > 0 && e.Updated > f.Entries[i-1].Updated {
				t.Errorf("%s: entry %d: %+v", path, i, e)
			}
			for _, l := range e.Links {
				if resp := w.get("GET", must(base.Parse(l.Href)).Path); resp.StatusCode != 200 {
					t.Errorf("%s links to %s: %s", path, l.Href, resp.Status)
				}
			}
		}
		if len(f.Entries) != entries || len(ids) != entries || entries > 0 && f.Updated != f.Entries[0].Updated {
			t.Errorf("%s has %d entries, want %d, of %s", path, len(f.Entries), entries, f.Updated)
		}
		return f
	}
	check(empty, "/feed.atom", 0)
	check(empty, "/keys/"+maker.Public().String()+".atom", 0)
	all, one, key := "/feed.atom", "/contracts/"+c.String()+".atom", "/keys/"+maker.Public().String()+".atom"
	before := check(w, all, 11)
	if f := check(w, one, 8); f.Entries[7].ID != "urn:chirograph:record:"+c.String() {
		t.Errorf("the last entry is %+v", f.Entries[7])
	}
	check(w, key, 10)
	there := w.h
	w.h = copied
	if f := check(w, all, 11); f.ID != before.ID || f.Entries[0].ID != before.Entries[0].ID || f.Links[0].Href != "./feed.atom" {
		t.Errorf("the copy's is %s at %q, the ledger's %s", f.ID, f.Links[0].Href, before.ID)
	}
	w.h = there
	w.unix.Store(epoch + 60)
	w.add(list...)
	check(w, all, pages.MaxFeed)
	if f := check(w, key, pages.MaxFeed); f.Entries[0].Updated != record.FormatTime(epoch+60) {
		t.Errorf("the newest of a key is of %s", f.Entries[0].Updated)
	}
	if f := check(w, one, pages.MaxFeed); f.Entries[0].Updated != record.FormatTime(epoch+60) || f.Entries[pages.MaxFeed-1].ID != "urn:chirograph:record:"+c.String() {
		t.Errorf("the newest of a contract is of %s", f.Entries[0].Updated)
	}
}

// Links are whole addresses where the ledger says its own, and lead back to where the feed
// was read from where it does not, and at a copy.
func TestLinksOfFeedsAreWholeWhereTheAddressIsKnown(t *testing.T) {
	w, c := story(t)
	paths := []string{"/feed.atom", "/contracts/" + c.String() + ".atom", "/keys/" + maker.Public().String() + ".atom"}
	away := &Copy{Ledger: "https://ledger.example/", Ready: func() error { return nil }}
	for _, at := range []struct {
		url, want string // how every link begins; "" where it is relative
		copy      *Copy
	}{
		{"https://ledger.example/", "https://ledger.example/", nil},
		{"https://ledger.example", "https://ledger.example/", nil},
		{"https://example.org/our/ledger/", "https://example.org/our/ledger/", nil},
		{"", "", nil},
		{"https://ledger.example/", "", away},
	} {
		w.h = must(New(Config{Key: home.Key, View: w.log.View, Copy: at.copy, Clock: w.clock, Checks: 1, Policy: policy, URL: at.url}))
		for _, path := range paths {
			var f struct {
				Links []struct {
					Rel  string `xml:"rel,attr"`
					Href string `xml:"href,attr"`
				} `xml:"link"`
				Of []struct {
					Href string `xml:"href,attr"`
				} `xml:"entry>link"`
			}
			b := read(t, w.get("GET", path))
			if err := xml.Unmarshal(b, &f); err != nil || len(f.Of) < 2 || len(f.Links) != 2 {
				t.Fatalf("%s: %v in %s", path, err, b)
			}
			back := pages.Root(path)
			if at.want != "" {
				back = at.want
			}
			if self := f.Links[0]; self.Rel != "self" || self.Href != back+path[1:] {
				t.Errorf("%s of %q says that it is at %s", path, at.url, self.Href)
			}
			for _, l := range append(f.Of, struct {
				Href string `xml:"href,attr"`
			}{f.Links[1].Href}) {
				if !strings.HasPrefix(l.Href, back) || strings.Contains(l.Href[len(back):], ":") || bytes.Contains(b, []byte("xml:base")) {
					t.Errorf("%s of %q links to %s", path, at.url, l.Href)
				}
			}
		}
	}
}
