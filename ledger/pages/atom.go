package pages

import (
	"bytes"
	"encoding/xml"
	"strconv"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
)

// A feed is one of RFC 4287. Its ids are made of hashes and keys, and of no address, so
// that the feed of a copy, and of a ledger that moved, has the same ones. Its links are
// whole addresses where the ledger says its own, since not every reader of feeds knows what
// to do with others; those of a copy lead to the copy.
type feed struct {
	XMLName  xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID       string      `xml:"id"`
	Title    string      `xml:"title"`
	Subtitle string      `xml:"subtitle"`
	Updated  string      `xml:"updated"` // when the newest entry was registered
	Author   string      `xml:"author>name"`
	Links    []atomLink  `xml:"link"`
	Entries  []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID       string       `xml:"id"`
	Title    string       `xml:"title"`
	Updated  string       `xml:"updated"` // when it was registered: it never changes
	Category atomCategory `xml:"category"`
	Links    []atomLink   `xml:"link"`
	Summary  string       `xml:"summary"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

const (
	atomType = "application/atom+xml"
	htmlType = "text/html"
	textType = "text/plain"
)

// A feedOf is what a feed is about.
type feedOf struct {
	path  string // that the feed stands at
	id    string // after urn:chirograph:
	title string
	page  string // the page with the same, from the home page
}

// Feed returns the feed of all records at a path: the newest 64.
func (s *Site) Feed(view *ledger.View, path string) ([]byte, error) {
	list, err := entries(view, view.Size(), MaxFeed)
	if err != nil {
		return nil, err
	}
	return s.atom(view, list, feedOf{path, "ledger:" + s.Key.Public().String(), s.Key.Name(), "log"})
}

// ContractFeed returns the feed of a contract at a path: the newest 63 records that belong
// to it, and itself. The error is of [ledger.ErrNotFound] where the view has no such
// contract.
func (s *Site) ContractFeed(view *ledger.View, path string, id record.ID) ([]byte, error) {
	found, err := view.Contract(id)
	if err != nil {
		return nil, err
	}
	indexes, err := view.NewestHistory(id, MaxFeed-1)
	if err != nil {
		return nil, err
	}
	var list []Entry
	for _, index := range indexes {
		reg, err := view.Event(id, index)
		if err != nil {
			return nil, err
		}
		list = append(list, entryOf(registered(reg)))
	}
	list = append(list, entryOf(registered(found)))
	return s.atom(view, list, feedOf{path, "contract:" + id.String(), titled(found.Record.Text().Title), "contracts/" + id.String()})
}

// KeyFeed returns the feed of a key at a path: the newest 64 records that it signed.
func (s *Site) KeyFeed(view *ledger.View, path string, pub note.PublicKey) ([]byte, error) {
	records, err := view.NewestKey(pub, MaxFeed)
	if err != nil {
		return nil, err
	}
	var list []Entry
	for _, k := range records {
		reg, err := view.Registered(k.Index)
		if err != nil {
			return nil, err
		}
		list = append(list, entryOf(registered(reg)))
	}
	return s.atom(view, list, feedOf{path, "key:" + s.Key.Public().String() + ":" + pub.String(), "Key " + pub.Fingerprint(), "keys/" + pub.String()})
}

// atom prints a feed of entries, the newest first.
func (s *Site) atom(view *ledger.View, list []Entry, of feedOf) ([]byte, error) {
	root := Root(of.path)
	if s.URL != "" && !s.Copy {
		root = strings.TrimSuffix(s.URL, "/") + "/"
	}
	link := func(rel, media, path string) atomLink { return atomLink{rel, media, root + path} }
	f := feed{
		ID: "urn:chirograph:" + of.id, Title: of.title, Subtitle: "of the Chirograph ledger " + s.Key.Name() + ", by its own word",
		Updated: record.FormatTime(0), Author: s.Key.Name(),
		Links: []atomLink{link("self", atomType, strings.TrimPrefix(of.path, "/")), link("alternate", htmlType, of.page)},
	}
	if len(list) > 0 {
		f.Updated = list[0].Registered
	} else if view.Size() > 0 {
		f.Updated = record.FormatTime(view.LastTime())
	}
	for _, e := range list {
		f.Entries = append(f.Entries, atomEntry{
			ID: "urn:chirograph:record:" + e.ID, Title: e.subject(), Updated: e.Registered, Category: atomCategory{e.Kind},
			Links:   []atomLink{link("alternate", htmlType, pathOf(e.Kind, e.ID)), link("related", textType, "records/"+e.ID+"/receipt")},
			Summary: capital(e.Kind) + ", entry " + thousands(strconv.FormatUint(e.Index, 10)) + " of " + s.Key.Name() + ".",
		})
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	out := xml.NewEncoder(&b)
	out.Indent("", "  ")
	err := out.Encode(f)
	b.WriteByte('\n')
	return b.Bytes(), err
}
