package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
)

//go:embed html/*.html html/style.css
var files embed.FS

// style is the one style of all pages, which is in each of them: so a page that is saved
// is whole.
var style = strings.TrimSpace(string(must(files.ReadFile("html/style.css"))))

// ContentSecurity is the policy for the browser that a page is sent with: nothing is
// fetched, nothing runs, the one style is known by its hash, and the one form goes to the
// ledger.
var ContentSecurity = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}()

var templates = parseTemplates("home", "contract", "record", "key", "log", "search", "problem")

func parseTemplates(names ...string) map[string]*template.Template {
	layout := strings.Replace(string(must(files.ReadFile("html/layout.html"))), "STYLE", style, 1)
	base := template.Must(template.New("layout").Funcs(functions).Parse(layout))
	template.Must(base.ParseFS(files, "html/parts.html"))
	all := make(map[string]*template.Template)
	for _, name := range names {
		all[name] = template.Must(template.Must(base.Clone()).ParseFS(files, "html/"+name+".html"))
	}
	return all
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // embedded files are there
	}
	return v
}

// A page is what the templates see.
type page struct {
	Site  *Site
	Root  string // the relative reference to the home page
	Title string // of the window
	Here  string // which of the main pages it is; "" for none
	Path  string // of the page from the home page, without an ending; "" where there is no JSON of it
	Feed  bool   // there is Path.atom
	Query string // what was searched for
	Body  any
}

func (s *Site) render(name, path string, p page) ([]byte, error) {
	p.Site, p.Root = s, Root(path)
	var b bytes.Buffer
	err := templates[name].Execute(&b, p)
	return b.Bytes(), err
}

// HomeHTML returns the page of a Home at a path.
func (s *Site) HomeHTML(path string, h *Home) ([]byte, error) {
	now, err := record.ParseTime(h.Time)
	if err != nil {
		return nil, err
	}
	body := struct {
		*Home
		Now     int64
		LastAt  int64
		Records []row
	}{Home: h, Now: now, Records: rowsOf(h.Latest)}
	if h.Last != "" {
		if body.LastAt, err = record.ParseTime(h.Last); err != nil {
			return nil, err
		}
	}
	return s.render("home", path, page{Title: "Home", Here: "home", Path: "index", Body: body})
}

// ContractHTML returns the page of a contract of the view at a path, whose part of the time
// line begins with an index.
func (s *Site) ContractHTML(view *ledger.View, path string, c *Contract, first uint64) ([]byte, error) {
	around, err := relatedTo(view, c)
	if err != nil {
		return nil, err
	}
	body := struct {
		*Contract
		Related []related
		Drawing *drawing
		Hidden  bool // contracts under it that are not drawn
		Part    bool // there may be others before
	}{c, around, draw(c, around), c.Next != nil || first > 0 || under(c) > MaxUnder, first > 0}
	return s.render("contract", path, page{Title: titled(c.Title), Path: "contracts/" + c.ID, Feed: true, Body: body})
}

// RecordHTML returns the page of a record at a path.
func (s *Site) RecordHTML(path string, r *Record) ([]byte, error) {
	body := struct {
		*Record
		Lines []line
	}{r, explain(r)}
	return s.render("record", path, page{Title: r.Heading(), Path: "records/" + r.ID, Body: body})
}

// Heading says in a few words what the record is.
func (r *Record) Heading() string {
	switch r.Kind {
	case record.Contract.String():
		return titled(r.Title)
	case record.Statement.String():
		return "Statement: " + r.About
	case record.Termination.String():
		return "Termination"
	}
	return "Revocation of the key " + r.Key.Name
}

func titled(title string) string {
	if title == "" {
		return "Contract without a title"
	}
	return title
}

// KeyHTML returns the page of a key at a path, whose records begin with an index.
func (s *Site) KeyHTML(path string, k *Key, first uint64) ([]byte, error) {
	body := struct {
		*Key
		Rows []row
		Part bool // there may be others before
	}{Key: k, Part: first > 0}
	for _, r := range k.Records {
		body.Rows = append(body.Rows, r.row())
	}
	return s.render("key", path, page{Title: "Key " + k.Fingerprint, Path: "keys/" + k.Key, Feed: true, Body: body})
}

// A bundle is where entries are that stand on a page of the log.
type bundle struct {
	First, Last  uint64
	Tile, Bundle string // paths from the home page
}

// LogHTML returns the page of the log at a path.
func (s *Site) LogHTML(path string, l *Log) ([]byte, error) {
	body := struct {
		*Log
		Rows    []row
		Bundles []bundle
		First   bool // it is the newest
	}{Log: l, Rows: rowsOf(l.Entries), First: len(l.Entries) == 0 || l.Entries[0].Index+1 == l.Size}
	for _, e := range l.Entries {
		tile, entries := tilesOf(e.Index, l.Size)
		if n := len(body.Bundles); n > 0 && body.Bundles[n-1].Tile == tile {
			body.Bundles[n-1].First = e.Index
			continue
		}
		body.Bundles = append(body.Bundles, bundle{e.Index, e.Index, tile, entries})
	}
	return s.render("log", path, page{Title: "The log", Here: "log", Path: "log", Body: body})
}

// SearchHTML returns the page of a search at a path.
func (s *Site) SearchHTML(path string, q *Search) ([]byte, error) {
	return s.render("search", path, page{Title: "Search", Here: "search", Query: q.Query, Body: q})
}

// A Problem is an error as people are told it.
type Problem struct {
	Status int
	Title  string
	Detail string
	Rule   string // that is broken; "" for none
}

// ProblemHTML returns the page of a problem at a path.
func (s *Site) ProblemHTML(path string, p Problem) ([]byte, error) {
	return s.render("problem", path, page{Title: fmt.Sprintf("%d %s", p.Status, p.Title), Body: p})
}
