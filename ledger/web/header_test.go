package web

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	verifier "github.com/chirograph/chirograph/verify/page"
)

// wantHeader says whether an answer has the header of every answer, and of its status
// and endpoint these fields, and no other.
func wantHeader(t *testing.T, what string, resp *http.Response, want map[string]string) {
	t.Helper()
	want = maps.Clone(want)
	maps.Copy(want, map[string]string{
		"Content-Security-Policy":      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "cross-origin",
		"Referrer-Policy":              "no-referrer",
		"X-Content-Type-Options":       "nosniff",
	})
	for name, values := range resp.Header {
		if name == "Content-Length" || name == "Date" || name == "Connection" {
			continue
		}
		if got, ok := want[name]; !ok || len(values) != 1 || values[0] != got {
			t.Errorf("%s: status %d, %s is %q, want %q", what, resp.StatusCode, name, values, got)
		}
		delete(want, name)
	}
	for name, value := range want {
		t.Errorf("%s: status %d, without %s, want %q", what, resp.StatusCode, name, value)
	}
}

// Every endpoint with every status that it can have.
func TestEveryEndpointHasTheHeaderOfItsStatus(t *testing.T) {
	reg := contract(0)
	id, key := reg.ID().String(), maker.Public().String()
	const few, year = "public, max-age=2", yearLong
	for _, e := range []struct {
		path, media, cache string
		large, gzip        bool
	}{
		{"/", plainText, few, false, false},
		{"/log", jsonText, few, true, false},
		{"/log.json", jsonText, few, true, false},
		{"/index.json", jsonText, few, true, false},
		{"/feed.atom", atomText, few, true, true},
		{"/records/" + id + ".txt", plainText, year, false, false},
		{"/records/" + id + ".json", jsonText, few, true, false},
		{"/contracts/" + id + ".json", jsonText, few, true, false},
		{"/contracts/" + id + ".atom", atomText, few, true, true},
		{"/keys/" + key + ".json", jsonText, few, true, false},
		{"/keys/" + key + ".atom", atomText, few, true, true},
		{"/checkpoint", plainText, few, false, false},
		{"/tile/entries/000.p/1", octets, year, true, true},
		{"/tile/0/000.p/1", octets, year, false, false},
		{"/records/" + id, plainText, year, false, false},
		{"/records/" + id + "/receipt", plainText, few, true, false},
		{"/contracts/" + id, jsonText, few, true, false},
		{"/keys/" + key, jsonText, few, true, false},
		{"/consistency/1", plainText, few, false, false},
		{"/policy", plainText, few, false, false},
		{"/healthz", plainText, never, false, false},
		{"/readyz", plainText, never, false, false},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			what := method + " " + e.path
			w := open(t).add(reg)
			found := map[string]string{"Content-Type": e.media, "Cache-Control": e.cache, "Access-Control-Allow-Origin": "*"}
			if e.gzip {
				found["Vary"] = "Accept-Encoding"
			}
			if slices.Contains([]string{"/", "/log", "/records/" + id, "/contracts/" + id, "/keys/" + key}, e.path) {
				found["Vary"] = "Accept"
			}
			problem := map[string]string{"Content-Type": problemText, "Cache-Control": never, "Access-Control-Allow-Origin": "*"}
			want := func(resp *http.Response, status int, header map[string]string, more ...string) {
				t.Helper()
				if resp.StatusCode != status {
					t.Errorf("%s: status %d, want %d", what, resp.StatusCode, status)
				}
				header = maps.Clone(header)
				for i := 0; i < len(more); i += 2 {
					header[more[i]] = more[i+1]
				}
				wantHeader(t, what, resp, header)
			}
			want(w.get(method, e.path), 200, found)
			// There is no validator, so each of these gets the whole.
			for _, condition := range [][]string{
				{"If-None-Match", "*"}, {"If-Match", `"x"`}, {"If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"}, {"If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"},
				{"Range", "bytes=0-0"}, {"Range", "bytes=0-0", "If-Range", `"x"`}, {"Cache-Control", "no-cache"}, {"Origin", "https://other.example"},
			} {
				want(w.get(method, e.path, condition...), 200, found)
			}
			if e.gzip {
				want(w.get(method, e.path, "Accept-Encoding", "gzip"), 200, found, "Content-Encoding", "gzip")
			}
			for _, query := range []string{"?", "?x=1", "?after=", "?after=01", "?after=0&after=0"} {
				want(w.get(method, e.path+query), 404, problem)
			}
			if (strings.HasPrefix(e.path, "/contracts/") || strings.HasPrefix(e.path, "/keys/")) && !e.gzip {
				want(w.get(method, e.path+"?after=0"), 200, found, "Cache-Control", never)
			} else {
				want(w.get(method, e.path+"?after=0"), 404, problem)
			}
			want(w.get(method, e.path+"0/x"), 404, problem)
			for _, other := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW"} {
				resp := w.get(other, e.path)
				unshared := maps.Clone(problem)
				delete(unshared, "Access-Control-Allow-Origin")
				want(resp, 405, unshared, "Allow", "GET, HEAD")
			}
			if e.large {
				rated := open(t).add(reg).rated(1, 1)
				want(rated.get(method, e.path), 200, found)
				want(rated.get(method, e.path), 429, problem, "Retry-After", "1")
				full := open(t).add(reg)
				fill(t, full.h.gate.places)
				fill(t, full.h.reads.places)
				want(full.get(method, e.path), 503, problem, "Retry-After", "1")
				crowd := open(t).add(reg)
				for _, g := range []*gate{crowd.h.gate, crowd.h.reads} {
					g.places = newShare(3)
					for range 2 {
						_ = g.places.take(crowd.h.cfg.Proxy.client(httptest.NewRequest("GET", "/", nil)), 1, errBusy)
					}
				}
				want(crowd.get(method, e.path), 429, problem, "Retry-After", "1")
			}
			if e.path == "/readyz" {
				if err := w.log.Close(); err != nil {
					t.Fatal(err)
				}
				want(w.get(method, e.path), 503, problem, "Retry-After", "10")
			}
			w.h.cfg.View = func() *ledger.View { panic("a fault") }
			want(w.get(method, e.path), 500, problem)
		}
	}
}

func TestEverySubmissionHasTheHeaderOfItsStatus(t *testing.T) {
	w := open(t).add(contract(0), revocation(deputy))
	problem := map[string]string{"Content-Type": problemText, "Cache-Control": never}
	seen := make(map[int]bool)
	want := func(resp *http.Response, status int, more ...string) {
		t.Helper()
		seen[status] = true
		if resp.StatusCode != status {
			t.Errorf("status %d, want %d: %s", resp.StatusCode, status, must(io.ReadAll(resp.Body)))
		}
		header := maps.Clone(problem)
		for i := 0; i < len(more); i += 2 {
			header[more[i]] = more[i+1]
		}
		wantHeader(t, "POST", resp, header)
	}
	receipt := func(r *record.Record) []string {
		return []string{"Content-Type", plainText, "Location", "/records/" + r.ID().String()}
	}
	want(w.post(contract(1).Bytes()), 201, receipt(contract(1))...)
	want(w.post(contract(1).Bytes()), 200, receipt(contract(1))...)
	want(w.post([]byte("hello")), 400)
	want(w.do(httptest.NewRequest("POST", "/records?x", nil)), 404)
	want(w.do(httptest.NewRequest("PUT", "/records", nil)), 405, "Allow", "POST")
	want(w.get("OPTIONS", "/records", "Access-Control-Request-Method", "POST", "Origin", "https://other.example"), 405, "Allow", "POST")
	want(w.post(sealed(draft(2, nil), maker, deputy).Bytes()), 409)
	want(w.post(bytes.Repeat([]byte("a"), record.MaxRecord+1)), 413)
	want(w.do(httptest.NewRequest("POST", "/records", nil)), 415)
	want(w.post(sealed(draft(2, nil), maker).Bytes()), 422)
	busy := open(t)
	fill(t, busy.h.submitters)
	want(busy.post(contract(2).Bytes()), 503, "Retry-After", "1")
	want(busy.post([]byte("hello")), 400)
	rated := open(t).rated(1, 1)
	want(rated.post(contract(2).Bytes()), 201, receipt(contract(2))...)
	want(rated.post(contract(3).Bytes()), 429, "Retry-After", "1")
	w.h.cfg.View = func() *ledger.View { panic("a fault") }
	want(w.post(contract(2).Bytes()), 500)
	for rule, status := range refusals {
		if !seen[status] {
			t.Errorf("status %d, of rule %s, is not asked for", status, rule)
		}
	}
}

// An error is nothing that a cache may keep, or take for what was asked: what is not
// there yet is there the moment after.
func TestAnErrorIsNotKeptInThePlaceOfWhatComes(t *testing.T) {
	w := open(t).add(contract(0))
	r := contract(1)
	for _, path := range []string{"/records/" + r.ID().String(), "/records/" + r.ID().String() + "/receipt", "/contracts/" + r.ID().String(), "/tile/0/000.p/2", "/tile/entries/000.p/2", "/consistency/2"} {
		wantProblem(t, w.get("GET", path), 404, "", "")
		if h := w.get("HEAD", path).Header; h.Get("Cache-Control") != never || h.Get("Vary") != "" || h.Get("Content-Type") != problemText {
			t.Errorf("HEAD %s: %v", path, h)
		}
	}
	w.add(r)
	for _, path := range []string{"/records/" + r.ID().String(), "/records/" + r.ID().String() + "/receipt", "/contracts/" + r.ID().String(), "/tile/0/000.p/2", "/tile/entries/000.p/2", "/consistency/2"} {
		if resp := w.get("GET", path); resp.StatusCode != 200 {
			t.Errorf("%s: status %d", path, resp.StatusCode)
		}
	}
}

// A cache that leaves queries out of its keys gives nobody another's answer: a proof has
// its sizes in its path, and a page that a query chose is not kept.
func TestAProofIsNamedByItsPathAlone(t *testing.T) {
	w := open(t).add(contracts(4)...)
	for size := range uint64(5) {
		resp := w.get("GET", fmt.Sprintf("/consistency/%d", size))
		if b := read(t, resp); !bytes.HasPrefix(b, fmt.Appendf(nil, "old %d\n", size)) || resp.Header.Get("Cache-Control") != latest {
			t.Errorf("size %d: %v %s", size, resp.Header, b)
		}
	}
	id, key := contract(1).ID().String(), maker.Public().String()
	for _, path := range []string{"/consistency/2?old=1", "/consistency?old=2", "/consistency/?2", "/records/" + id + "/receipt?size=1", "/tile/0/000.p/4?x", "/checkpoint?1"} {
		wantProblem(t, w.get("GET", path), 404, "", "")
	}
	for _, path := range []string{"/keys/" + key, "/contracts/" + id} {
		first, after := w.get("GET", path), w.get("GET", path+"?after=2")
		if first.Header.Get("Cache-Control") != latest || after.StatusCode != 200 || after.Header.Get("Cache-Control") != never {
			t.Errorf("%s: %v, with a query %v", path, first.Header, after.Header)
		}
	}
}

// Nothing that a caller sends comes back but as a JSON string in which no markup is
// left, in whatever place it was sent.
func TestNothingThatIsSentComesBackAsItWas(t *testing.T) {
	const marker = `<script>alert("x'&y")</script>`
	const encoded = "%3Cscript%3Ealert(%22x'&y%22)%3C/script%3E"
	w := open(t).add(contract(0))
	server := httptest.NewUnstartedServer(nil)
	server.Config = NewServer(w.h, nil)
	server.Start()
	defer server.Close()
	var requests []string
	host := server.Listener.Addr().String()
	plain := func(line string, header ...string) {
		requests = append(requests, line+"\r\nHost: "+host+"\r\nConnection: close\r\n"+strings.Join(header, "")+"\r\n")
	}
	for _, e := range endpoints {
		path := strings.TrimSuffix(e.path, "/")
		for _, m := range []string{marker, encoded, strings.ReplaceAll(marker, " ", "+"), "%0d%0aX-Injected:%20" + encoded, "javascript:alert(1)//" + encoded, "..%2f" + encoded, "%00" + encoded} {
			for _, method := range []string{"GET", "POST", "BREW", "OPTIONS"} {
				plain(method + " " + path + "/" + m + " HTTP/1.1")
				plain(method + " " + path + "?" + m + " HTTP/1.1")
				plain(method + " " + e.path + "?after=" + m + " HTTP/1.1")
				plain(method + " " + e.path + m + "/receipt HTTP/1.1")
				plain(method + " http://" + m + e.path + " HTTP/1.1")
				plain(method + " " + e.path + "#" + m + " HTTP/1.1")
			}
			plain("GET "+path+"/"+m+" HTTP/1.1", "Accept: text/html\r\n")
			plain("GET "+path+"?q="+m+" HTTP/1.1", "Accept: text/html\r\n")
		}
		plain(marker + " " + e.path + " HTTP/1.1")
		plain("GET " + e.path + " " + marker)
		for _, name := range []string{"Accept", "Accept-Encoding", "Origin", "Referer", "User-Agent", "Cookie", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Range",
			"If-None-Match", "Transfer-Encoding", "Expect", "Upgrade", "Connection", "TE", "Trailer", "X-Request-ID", "X-HTTP-Method-Override", marker} {
			plain("GET "+e.path+" HTTP/1.1", name+": "+marker+"\r\n")
		}
		requests = append(requests, "GET "+e.path+" HTTP/1.1\r\nHost: "+marker+"\r\nConnection: close\r\n\r\n")
	}
	for _, media := range []string{"text/plain", marker, "text/plain; charset=" + marker, `text/plain; charset="` + strings.ReplaceAll(marker, `"`, `\"`) + `"`} {
		for _, encoding := range []string{"", "Content-Encoding: " + marker + "\r\n"} {
			whole := contract(1).Text().Bytes()
			for _, body := range []string{
				marker, marker + "\n\n— x y\n", string(whole) + "\n— " + marker + " AAAA\n", string(whole) + "\n" + marker + "\n",
				strings.Replace(string(contract(1).Bytes()), "terms.txt", marker, 1), strings.Replace(string(contract(1).Bytes()), "manufacturer", marker, 1),
				strings.Replace(string(contract(1).Bytes()), "made ", marker+" ", 1), strings.Replace(string(contract(1).Bytes()), "chirograph/contract/v1", "chirograph/"+marker, 1),
				strings.Replace(string(contract(1).Bytes()), "— buyer.example", "— "+marker, 1), strings.Replace(string(contract(1).Bytes()), home.String(), marker, 1),
			} {
				plain("POST /records HTTP/1.1", "Content-Type: "+media+"\r\n", encoding, fmt.Sprintf("Content-Length: %d\r\n", len(body)))
				requests[len(requests)-1] += body
			}
		}
	}
	statuses := make(map[string]int)
	for _, request := range requests {
		answer := bytes.Replace(exchange(t, host, request), verifier.HTML, nil, 1) // which is a script
		for _, raw := range []string{"<script", "</script", "alert(\"", "X-Injected: "} {
			if bytes.Contains(answer, []byte(raw)) {
				t.Fatalf("%q is answered with\n%s", request, answer)
			}
		}
		if len(answer) > 12 {
			statuses[string(answer[9:12])]++
		}
	}
	t.Logf("%d requests, statuses %v", len(requests), statuses)
	for _, status := range []string{"200", "400", "404", "405", "415"} {
		if statuses[status] == 0 {
			t.Errorf("no request was answered %s: %v", status, slices.Sorted(maps.Keys(statuses)))
		}
	}
	if w.lines.String() != "" {
		t.Errorf("log: %s", w.lines)
	}
}
