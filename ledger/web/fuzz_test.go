package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// Whatever is sent is answered: with a receipt if and only if it is a record with
// good signatures, or one whose id is there; else with a problem of 4xx.
func FuzzPostRecord(f *testing.F) {
	w := open(f).add(contract(0))
	f.Add(contract(0).Bytes())
	f.Add(contract(1).Bytes())
	f.Add(revocation(deputy).Bytes())
	f.Add(sealed(draft(2, nil), maker).Bytes())
	f.Add([]byte("chirograph/contract/v1\n\n— a b\n"))
	f.Add([]byte{})
	trust := must(verify.ParsePolicy(policy))
	f.Fuzz(func(t *testing.T, b []byte) {
		resp := w.post(b)
		got := must(io.ReadAll(resp.Body))
		switch resp.StatusCode {
		case 200, 201:
			reg, err := verify.Receipt(trust, got)
			if err != nil {
				t.Fatalf("receipt: %v", err)
			}
			if !bytes.HasPrefix(b, append(reg.Record.Text().Bytes(), '\n')) {
				t.Errorf("the receipt is of another record")
			}
			if resp.StatusCode == 201 && !bytes.Equal(reg.Record.Bytes(), b) {
				t.Errorf("what was registered is not what was sent")
			}
		case 400, 409, 413, 422:
			var p problem
			if err := json.Unmarshal(got, &p); err != nil || p.Rule == "" || p.Detail == "" || refusals[p.Rule] != resp.StatusCode {
				t.Errorf("status %d: %s", resp.StatusCode, got)
			}
			if r, err := record.Open(b, note.PublicKey.Verify); err == nil && resp.StatusCode == 400 && r.Text().Ledger == home.Key && r.Text().Kind == record.Revocation {
				t.Errorf("a revocation in form is not: %s", got)
			}
		default:
			t.Errorf("status %d: %s", resp.StatusCode, got)
		}
	})
}

// Whatever path is asked for: what is served has one path, and an error has none of
// its header.
func FuzzPath(f *testing.F) {
	w := open(f).add(contracts(3)...)
	for _, e := range endpoints {
		f.Add(e.path)
	}
	id := contract(0).ID().String()
	for _, path := range []string{"/tile/0/000.p/3", "/tile/entries/000.p/1", "/tile/0/x000/000", "/records/" + id, "/records/" + id + "/receipt",
		"/contracts/" + id, "/keys/" + maker.Public().String() + "?after=1", "/consistency/2", "/%2e%2e/", "/checkpoint?x=y#z",
		"/log?before=2", "/log.json?before=1", "/search?q=maker", "/search?q=" + id, "/entries/1", "/records/" + id + ".json", "/contracts/" + id + ".atom", "/index.json"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil || u.Host != "" {
			return
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.URL = u
		resp := w.do(r)
		cache := resp.Header.Get("Cache-Control")
		switch resp.StatusCode {
		case 200:
			e, _, _ := find(u.EscapedPath())
			if u.ForceQuery || u.RawQuery != "" && (e.query == "" || !strings.HasPrefix(u.RawQuery, e.query+"=")) {
				t.Errorf("%s is served, with a query", path)
			}
			if want := u.EscapedPath(); cache == immutable && want[:6] == "/tile/" {
				if tile, err := tlog.ParseTilePath(want[1:]); err != nil || "/"+tile.Path() != want {
					t.Errorf("%s is served", path)
				}
			}
		case 303:
			to, err := u.Parse(resp.Header.Get("Location"))
			if err != nil || to.Host != "" || to.Scheme != "" {
				t.Fatalf("%s sends on to %q", path, resp.Header.Get("Location"))
			}
			if there := w.do(httptest.NewRequest("GET", to.String(), nil)); there.StatusCode != 200 {
				t.Errorf("%s sends on to %s: %d", path, to, there.StatusCode)
			}
		case 404, 405:
			wantProblem(t, resp, resp.StatusCode, "", "")
		default:
			t.Errorf("%s: status %d", path, resp.StatusCode)
		}
	})
}

// Whatever is read as a stream: its records, written again, are what it began with, and
// what comes after them is no record.
func FuzzFrames(f *testing.F) {
	f.Add(framed(contract(0).Bytes(), []byte("a")))
	for _, s := range []string{"", "0\n", "1\na", "01\na", "5\nhell", "1\na1\r\nb", "32749\n", "99999\n", "1\n\n1\n1", "18446744073709551617\na"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in := newFrames(bytes.NewReader(b))
		var again []byte
		for {
			body, err := in.next()
			if err == nil {
				if len(body) < 1 || len(body) > record.MaxRecord {
					t.Fatalf("a record of %d bytes", len(body))
				}
				again = append(again, framed(body)...)
				continue
			}
			var p *problem
			if fault := errors.As(err, &p); fault == bytes.Equal(again, b) || !fault && err != io.EOF || !bytes.HasPrefix(b, again) {
				t.Errorf("%q gives %q, then %v", b, again, err)
			}
			return
		}
	})
}
