package web

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/pages"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

const yearLong = "public, max-age=31536000, immutable"

func TestEveryReadHasItsTypeAndItsCaching(t *testing.T) {
	w := open(t).add(contracts(3)...)
	id := contract(1).ID().String()
	for _, test := range []struct{ path, media, cache, begins string }{
		{"/", "text/plain; charset=utf-8", "public, max-age=2", "This is the Chirograph ledger ledger.example/log.\n\nkey     " + home.String() + "\nurl     https://ledger.example/\npolicy  https://ledger.example/policy\n"},
		{"/checkpoint", "text/plain; charset=utf-8", "public, max-age=2", "ledger.example/log\n3\n"},
		{"/tile/0/000.p/3", "application/octet-stream", yearLong, ""},
		{"/tile/entries/000.p/2", "application/octet-stream", yearLong, ""},
		{"/records/" + id, "text/plain; charset=utf-8", yearLong, "chirograph/contract/v1\n"},
		{"/records/" + id + "/receipt", "text/plain; charset=utf-8", "public, max-age=2", "c2sp.org/tlog-proof@v1\n"},
		{"/contracts/" + id, "application/json", "public, max-age=2", "{\n  \"id\": \"" + id},
		{"/contracts/" + id + "?after=0", "application/json", "no-store", "{\n  \"id\": \"" + id},
		{"/keys/" + maker.Public().String(), "application/json", "public, max-age=2", "{\n  \"key\": \"" + maker.Public().String()},
		{"/consistency/2", "text/plain; charset=utf-8", "public, max-age=2", "old 2\n"},
		{"/policy", "text/plain; charset=utf-8", "public, max-age=2", string(policy)},
		{"/healthz", "text/plain; charset=utf-8", "no-store", "ok\n"},
		{"/readyz", "text/plain; charset=utf-8", "no-store", "ready\n"},
	} {
		get, head := w.get("GET", test.path), w.get("HEAD", test.path)
		b := read(t, get)
		h := get.Header
		if get.StatusCode != 200 || h.Get("Content-Type") != test.media || h.Get("Cache-Control") != test.cache ||
			h.Get("Access-Control-Allow-Origin") != "*" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("GET %s: %d %v", test.path, get.StatusCode, h)
		}
		if !strings.HasPrefix(string(b), test.begins) {
			t.Errorf("GET %s: %s", test.path, b)
		}
		if left := must(io.ReadAll(head.Body)); len(left) > 0 || head.StatusCode != 200 || fmt.Sprint(head.Header) != fmt.Sprint(h) {
			t.Errorf("HEAD %s: %d %v %q, GET has %v", test.path, head.StatusCode, head.Header, left, h)
		}
	}
}

// Whatever anyone could have asked for in a smaller tree is there in this one.
func TestTilesOfEverySmallerTreeAreServed(t *testing.T) {
	const size = 300
	w := open(t).add(contracts(size)...)
	entries := w.checkLog()
	var leaves []byte
	for _, e := range entries {
		h := tlog.LeafHash(e)
		leaves = append(leaves, h[:]...)
	}
	for n := 1; n <= size; n++ {
		index := uint64(n-1) / tlog.MaxWidth
		tile := tlog.Tile{Index: index, Width: tlog.TileWidth(0, index, uint64(n))}
		first := int(index) * tlog.MaxWidth
		if got := read(t, w.get("GET", "/"+tile.Path())); !bytes.Equal(got, leaves[first*32:n*32]) {
			t.Errorf("%s has %d bytes that are not the leaves", tile.Path(), len(got))
		}
		tile.Level = -1
		got := must(tlog.ParseBundle(read(t, w.get("GET", "/"+tile.Path())), tile.Width))
		if !slices.EqualFunc(got, entries[first:n], bytes.Equal) {
			t.Errorf("%s is not the entries", tile.Path())
		}
	}
	if got := read(t, w.get("GET", "/tile/1/000.p/1")); len(got) != 32 {
		t.Errorf("tile of level 1 has %d bytes", len(got))
	}
}

func TestWhatIsNotThereIs404(t *testing.T) {
	w := open(t).add(contracts(3)...).add(revocation(deputy))
	id, absent := contract(1).ID().String(), contract(99).ID().String()
	key := maker.Public().String()
	for _, path := range []string{
		"/tile/0/000.p/5", "/tile/0/000", "/tile/0/001", "/tile/0/001.p/1", "/tile/1/000.p/1", "/tile/7/000", "/tile/63/000", "/tile/64/000",
		"/tile/entries/000.p/5", "/tile/entries/000", "/tile/entries/001.p/1", "/tile/entries/000.p/0", "/tile/entries/000.p/256", "/tile/entries/000.p/03",
		"/tile/0/0", "/tile/0/000.p/", "/tile/00/000", "/tile/-1/000", "/tile/0/x000/000", "/tile/0/000.p/+1", "/tile/0/000.p/1/", "/tile/0/%30%30%30.p/3",
		"/tile/", "/tile", "/tile/0/../0/000.p/3", "/tile//0/000.p/3", "/tile/0/x999/x999/x999/x999/x999/x999/999",
		"/records/" + absent, "/records/" + absent + "/receipt", "/records/" + strings.ToUpper(id), "/records/" + id + "/", "/records/" + id + "/receipt/",
		"/records/" + id + "/receipt/receipt", "/records/" + id[1:], "/records/" + strings.Repeat("0", 64), "/records/", "/records//receipt",
		"/contracts/" + absent, "/contracts/" + revocation(deputy).ID().String(), "/contracts/", "/contracts/x",
		"/contracts/" + strings.ToUpper(id), "/contracts/" + id + "/", "/contracts/" + id + "?after=", "/contracts/" + id + "?after=-1", "/contracts/" + id + "?after=01", "/contracts/" + id + "?before=1",
		"/keys/", "/keys/x", "/keys/" + strings.ToUpper(key), "/keys/" + key[2:], "/keys/01" + strings.Repeat("0", 62), "/keys/" + key + "?after=", "/keys/" + key + "?after=01",
		"/keys/" + key + "?after=-1", "/keys/" + key + "?before=1", "/keys/" + key + "?after=1&after=2", "/keys/" + key + "?1",
		"/consistency/5", "/consistency/", "/consistency/01", "/consistency/-1", "/consistency/+1", "/consistency/1.0", "/consistency/9223372036854775808",
		"/checkpoint/", "//checkpoint", "/./checkpoint", "/Checkpoint", "/%63heckpoint", "/policy.txt", "/metrics", "/index.html", "/favicon.ico", "/.git/config",
	} {
		resp := w.get("GET", path)
		if resp.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %v", path, resp.Header)
		}
		wantProblem(t, resp, 404, "", "")
		if head := w.get("HEAD", path); head.StatusCode != 404 || len(must(io.ReadAll(head.Body))) > 0 {
			t.Errorf("HEAD %s: %d", path, head.StatusCode)
		}
	}
	wantProblem(t, w.get("GET", "/tile/0/000.p/5"), 404, "", "tile/0/000.p/5 has the width 4 in the tree of size 4")
	wantProblem(t, w.get("GET", "/consistency/5"), 404, "", "the older tree has the size 5, the latest has 4")
	wantProblem(t, w.get("GET", "/records/"+absent), 404, "", "no record "+absent+" is registered among the first 4")
}

func TestAQueryThatNobodyReadsIs404(t *testing.T) {
	w := open(t).add(contracts(3)...)
	id, key := contract(1).ID().String(), maker.Public().String()
	for _, path := range []string{"/", "/checkpoint", "/tile/0/000.p/1", "/tile/entries/000.p/1", "/records/" + id, "/records/" + id + "/receipt",
		"/contracts/" + id, "/keys/" + key, "/consistency/2", "/policy", "/healthz", "/readyz"} {
		if resp := w.get("GET", path); resp.StatusCode != 200 {
			t.Errorf("%s: status %d", path, resp.StatusCode)
		}
		for _, query := range []string{"?", "?anything", "?a=b", "?after=", "?after=x", "?&"} {
			wantProblem(t, w.get("GET", path+query), 404, "", "query ")
		}
		want := 404
		if strings.HasPrefix(path, "/contracts/") || strings.HasPrefix(path, "/keys/") {
			want = 200
		}
		if resp := w.get("GET", path+"?after=1"); resp.StatusCode != want {
			t.Errorf("%s?after=1: status %d, want %d", path, resp.StatusCode, want)
		}
	}
	r := contract(9)
	wantProblem(t, w.do(must(http.NewRequest("POST", "/records?x", bytes.NewReader(r.Bytes())))), 404, "", `query "x"`)
	wantProblem(t, w.get("GET", "/records/"+r.ID().String()), 404, "", "no record")
}

func TestOnlyTheNamedMethodsAreAllowed(t *testing.T) {
	w := open(t)
	for _, e := range endpoints {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"} {
			resp := w.get(method, e.path)
			switch {
			case e.post && method == "POST", !e.post && (method == "GET" || method == "HEAD"):
				if resp.StatusCode == 405 {
					t.Errorf("%s %s: 405", method, e.path)
				}
			case e.post:
				if method == "HEAD" {
					continue // its problem has no body
				}
				wantProblem(t, resp, 405, "", "only POST is allowed here")
			default:
				wantProblem(t, resp, 405, "", "only GET, HEAD is allowed here")
			}
		}
	}
}

func TestABundleIsTheSameCompressed(t *testing.T) {
	w := open(t).add(contracts(30)...)
	const path = "/tile/entries/000.p/30"
	plain := read(t, w.get("GET", path))
	for _, test := range []struct {
		accept []string
		gzip   bool
	}{
		{nil, false}, {[]string{""}, false}, {[]string{"gzip"}, true}, {[]string{"GZip"}, true}, {[]string{"x-gzip"}, true}, {[]string{"identity"}, false},
		{[]string{"deflate, gzip;q=1.0, *;q=0.5"}, true}, {[]string{"br", "gzip"}, true}, {[]string{"gzip;q=0"}, false}, {[]string{"gzip; q=0.000"}, false},
		{[]string{"gzip;q=0.001"}, true}, {[]string{"*"}, true}, {[]string{"*;q=0"}, false}, {[]string{"gzip;q=0, *"}, false}, {[]string{"*, gzip;q=0"}, false},
		{[]string{"gzippo"}, false}, {[]string{",,"}, false},
	} {
		var header []string
		for _, a := range test.accept {
			header = append(header, "Accept-Encoding", a)
		}
		resp := w.get("GET", path, header...)
		b := read(t, resp)
		encoding := ""
		if test.gzip {
			encoding = "gzip"
			if len(b) >= len(plain) {
				t.Errorf("%q: %d bytes, %d without compression", test.accept, len(b), len(plain))
			}
			b = must(io.ReadAll(must(gzip.NewReader(bytes.NewReader(b)))))
		}
		if resp.Header.Get("Content-Encoding") != encoding || resp.Header.Get("Vary") != "Accept-Encoding" || resp.Header.Get("Cache-Control") != yearLong {
			t.Errorf("%q: %v", test.accept, resp.Header)
		}
		if !bytes.Equal(b, plain) {
			t.Errorf("%q: the bundle is not the same", test.accept)
		}
	}
	if resp := w.get("GET", "/tile/0/000.p/30", "Accept-Encoding", "gzip"); resp.Header.Get("Content-Encoding") != "" {
		t.Error("hashes are compressed")
	}
}

func TestRecordIsServedByteForByte(t *testing.T) {
	r := contract(7)
	w := open(t).add(contracts(3)...).add(r)
	if got := read(t, w.get("GET", "/records/"+r.ID().String())); !bytes.Equal(got, r.Bytes()) {
		t.Errorf("%s\nwant\n%s", got, r.Bytes())
	}
	reg, err := verify.Receipt(must(verify.ParsePolicy(policy)), read(t, w.get("GET", "/records/"+r.ID().String()+"/receipt")))
	if err != nil || reg.Index != 3 || reg.Registered != epoch || !bytes.Equal(reg.Record.Bytes(), r.Bytes()) {
		t.Errorf("%+v, %v", reg, err)
	}
}

func TestEveryOlderTreeIsContinued(t *testing.T) {
	w := open(t)
	old := []tlog.SignedCheckpoint{must(tlog.ParseSignedCheckpoint(read(t, w.get("GET", "/checkpoint"))))}
	for _, r := range contracts(9) {
		w.add(r)
		old = append(old, must(tlog.ParseSignedCheckpoint(read(t, w.get("GET", "/checkpoint")))))
	}
	for size, c := range old {
		b := read(t, w.get("GET", fmt.Sprintf("/consistency/%d", size)))
		if _, err := verify.Consistency(must(verify.ParsePolicy(policy)), c, b); err != nil {
			t.Errorf("from size %d: %v", size, err)
		}
		if proof := must(tlog.ParseConsistency(b)); (size == 0 || size == 9) && len(proof.Hashes) > 0 {
			t.Errorf("from size %d: %d hashes", size, len(proof.Hashes))
		}
	}
}

func TestContractAsJSON(t *testing.T) {
	r := sealed(draft(1, func(text *record.Text) {
		text.Title, text.From, text.Until = "Forty <flow> meters", record.DateOf(epoch), record.DateOf(epoch)+9
		text.Terminable = []record.Notice{{Role: "buyer", Days: 30}}
		text.Documents = append(text.Documents, record.Document{Salted: true, Hash: [32]byte{2}, Size: 4096, Media: "image/png", Kind: "drawing", Name: "document-2.png"})
	}), maker, deputy)
	w := open(t).add(contract(0)).add(r)
	key := func(s signer, signed bool) string {
		return fmt.Sprintf(`{"name":%q,"vkey":%q,"key":%q,"fingerprint":%q,"signed":%v}`, s.Name(), s.Key, s.Public(), s.Public().Fingerprint(), signed)
	}
	want := fmt.Sprintf(`{"id":"%s","kind":"contract","ledger":"%s","index":1,"size":2,"registered":"2026-09-21T14:13:20Z","made":"2026-09-21T14:12:20Z","sign_by":"2026-09-22T14:13:20Z","time":"2026-09-21T14:13:20Z",
		"title":"Forty <flow> meters","parties":[{"role":"manufacturer","threshold":1,"keys":[%s]},{"role":"buyer","threshold":1,"keys":[%s,%s]}],
		"documents":[{"name":"terms.txt","kind":"terms","media_type":"text/plain","size":1,"commitment":"sha256:01%[6]s"},
		{"name":"document-2.png","kind":"drawing","media_type":"image/png","size":4096,"commitment":"salted-sha256:02%[6]s"}],
		"from":"2026-09-21","until":"2026-09-30","terminable":[{"role":"buyer","days":30}],
		"status":{"standing":"in force","since":"2026-09-21","ends":{"day":"2026-10-01","how":"expired"},"disputes":[]},"timeline":[]}`,
		r.ID(), home.Key, key(maker, true), key(buyer, false), key(deputy, true), strings.Repeat("0", 62))
	if got := read(t, w.get("GET", "/contracts/"+r.ID().String())); !sameJSON(got, []byte(want)) {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	read(t, w.get("GET", "/contracts/"+contract(0).ID().String()))
	wantProblem(t, w.get("GET", "/contracts/"+revocation(deputy).ID().String()), 404, "", "")
}

func sameJSON(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	return bytes.Equal(must(json.Marshal(x)), must(json.Marshal(y)))
}

func TestPagesOfAKeyHoldAllThatItSigned(t *testing.T) {
	const n = 600
	w := open(t).add(contracts(n)...).add(revocation(buyer))
	page := func(s signer, query string) pages.Key {
		var p pages.Key
		b := read(t, w.get("GET", "/keys/"+s.Public().String()+query))
		if err := json.Unmarshal(b, &p); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		return p
	}
	query, seen := "", 0
	for pages := 1; ; pages++ {
		p := page(maker, query)
		for _, s := range p.Records {
			if s.Index != uint64(seen) || s.Name != "maker.example" || s.Kind != "contract" || s.Registered != "2026-09-21T14:13:20Z" {
				t.Fatalf("record %d: %+v", seen, s)
			}
			if index, ok, err := w.log.View().Index(must(record.ParseID(s.ID))); !ok || index != s.Index || err != nil {
				t.Fatalf("record %s is entry %d, %v, %v", s.ID, index, ok, err)
			}
			seen++
		}
		if p.Size != n+1 || p.RevokedBy != nil || len(p.Records) > 256 {
			t.Errorf("page %d: size %d, %d records, revoked by %v", pages, p.Size, len(p.Records), p.RevokedBy)
		}
		if p.Next == nil {
			if pages != 3 || seen != n {
				t.Errorf("%d pages of %d records", pages, seen)
			}
			break
		}
		query = fmt.Sprintf("?after=%d", *p.Next)
	}
	p := page(buyer, fmt.Sprintf("?after=%d", n-1))
	if len(p.Records) != 1 || p.Records[0].Kind != "revocation" || p.RevokedBy == nil || *p.RevokedBy != n || p.Next != nil {
		t.Errorf("%+v", p)
	}
	for _, query := range []string{fmt.Sprintf("?after=%d", n), "?after=9223372036854775807"} {
		if p := page(buyer, query); len(p.Records) != 0 || p.Records == nil || p.Next != nil || *p.RevokedBy != n {
			t.Errorf("%s: %+v", query, p)
		}
	}
	if p := page(deputy, ""); len(p.Records) != 0 || p.RevokedBy != nil {
		t.Errorf("a key that signed nothing: %+v", p)
	}
}

// A reader has no log, and answers everything but submissions.
func TestReadsNeedNoLog(t *testing.T) {
	w := open(t).add(contracts(2)...)
	var err error
	if w.h, err = New(Config{Key: home.Key, View: w.log.View, Clock: w.clock, Checks: 1, Policy: policy}); err != nil {
		t.Fatal(err)
	}
	w.checkLog()
	if got := string(read(t, w.get("GET", "/readyz"))); got != "ready\n" {
		t.Error(got)
	}
	if got := string(read(t, w.get("GET", "/"))); !strings.Contains(got, "policy  /policy\n") {
		t.Error(got)
	}
	for _, method := range []string{"GET", "POST"} {
		wantProblem(t, w.get(method, "/records"), http.StatusNotFound, "", "nothing at this path")
	}
}

func TestHandlerNeedsWhatItServes(t *testing.T) {
	w := open(t)
	good := Config{Key: home.Key, View: w.log.View, Clock: w.clock, Checks: 1, Policy: policy}
	for want, change := range map[string]func(*Config){
		"its key, its view, its policy and a clock": func(c *Config) { c.Key = note.Key{} },
		"its view, its policy and a clock":          func(c *Config) { c.View = nil },
		"its policy and a clock":                    func(c *Config) { c.Policy = nil },
		"and a clock":                               func(c *Config) { c.Clock = nil },
		"at least one request":                      func(c *Config) { c.Checks = 0 },
	} {
		cfg := good
		change(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
