package web

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/pages"
	"github.com/chirograph/chirograph/ledger/record"
)

// openSSH is the line of the public key file, without a comment.
func openSSH(s signer) string {
	key := must(hex.DecodeString(s.Public().String()))
	return "ssh-ed25519 " + base64.StdEncoding.EncodeToString(append([]byte("\x00\x00\x00\x0bssh-ed25519\x00\x00\x00 "), key...))
}

func TestTheSearchSendsOnToWhatItNames(t *testing.T) {
	w, c := story(t)
	statement := must(pages.IDAt(w.log.View(), 3)).String()
	for q, want := range map[string]string{
		c.String():                                        "./contracts/" + c.String(),
		strings.ToUpper(c.String()):                       "./contracts/" + c.String(),
		"+%20" + c.String() + "%09":                       "./contracts/" + c.String(),
		statement:                                         "./records/" + statement,
		maker.Public().String():                           "./keys/" + maker.Public().String(),
		deputy.Public().String():                          "./keys/" + deputy.Public().String(),
		url.QueryEscape(buyer.String()):                   "./keys/" + buyer.Public().String(),
		contract(999).ID().String():                       "",
		newSigner("nobody").Public().String():             "",
		strings.Repeat("0", 64):                           "",
		url.QueryEscape(newSigner("no").String()):         "",
		url.QueryEscape(openSSH(maker) + " maker@laptop"): "./keys/" + maker.Public().String(),
		url.QueryEscape(openSSH(deputy)):                  "./keys/" + deputy.Public().String(),
		url.QueryEscape(openSSH(newSigner("no"))):         "",
		url.QueryEscape(maker.Public().Fingerprint()):     "",
		"":       "",
		"nobody": "",
		url.QueryEscape("\x00\u202e<script>&=?#%"): "",
	} {
		resp := w.ask("/search?q=" + q)
		if got := resp.Header.Get("Location"); got != want || (resp.StatusCode == 303) != (want != "") || resp.StatusCode != 303 && resp.StatusCode != 200 {
			t.Errorf("%q: %s to %q, want %q", q, resp.Status, got, want)
		}
	}
	resp := w.get("GET", "/entries/3")
	if resp.StatusCode != 303 || resp.Header.Get("Location") != "../records/"+statement || resp.Header.Get("Cache-Control") != immutable {
		t.Errorf("%s %v", resp.Status, resp.Header)
	}
}

// A search finds keys by the beginning of a name under which they signed.
func TestTheSearchFindsKeysByTheBeginningOfAName(t *testing.T) {
	w, _ := story(t)
	for q, want := range map[string]string{
		"maker.example": "maker.example", "m": "maker.example", "buyer": "buyer.example", "d": "deputy.example", "Maker": "", "aker": "", "": "", "maker.example0": "",
	} {
		var s pages.Search
		if err := json.Unmarshal(read(t, w.get("GET", "/search?q="+q)), &s); err != nil || s.Query != q || s.More || s.Keys == nil {
			t.Fatalf("%q: %v %+v", q, err, s)
		}
		var got []string
		for _, k := range s.Keys {
			got = append(got, k.Name)
			if want := newSigner(k.Name); k.Key != want.Public().String() || k.Fingerprint != want.Public().Fingerprint() {
				t.Errorf("%q finds %+v", q, k)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q finds %s, want %s", q, got, want)
		}
	}
	if b := string(read(t, w.ask("/search?q=mak"))); !strings.Contains(b, `<a href="./keys/`+maker.Public().String()+`"><bdi>maker.example</bdi></a>`) || !strings.Contains(b, `<a href="./entries/0">entry 0</a>`) {
		t.Error(b)
	}
	for n, more := range map[int]bool{pages.MaxNames: false, pages.MaxNames + 1: true} {
		w := open(t)
		var list []*record.Record
		for i := range n {
			list = append(list, revocation(newSigner(fmt.Sprintf("key-%d.example", i))))
		}
		w.add(list...)
		var s pages.Search
		if err := json.Unmarshal(read(t, w.get("GET", "/search?q=key-")), &s); err != nil || len(s.Keys) != pages.MaxNames || s.More != more || (s.Next != "") != more {
			t.Errorf("of %d keys: %v, %d, more: %v, next: %q", n, err, len(s.Keys), s.More, s.Next)
		}
		page := string(read(t, w.ask("/search?q=key-")))
		next := regexp.MustCompile(`<a class="button" href="([^"]*)" rel="next">`).FindStringSubmatch(page)
		if (next != nil) != more {
			t.Errorf("of %d keys the page goes on: %q", n, next)
		}
		if !more {
			continue
		}
		path := "/search" + html.UnescapeString(next[1])
		if want := "/search?q=key-&after=" + url.QueryEscape(s.Next); !strings.EqualFold(path, want) {
			t.Errorf("the page goes on at %s, the JSON at %s", path, want)
		}
		seen := map[string]bool{}
		for _, k := range s.Keys {
			seen[k.Name] = true
		}
		s = pages.Search{}
		if err := json.Unmarshal(read(t, w.get("GET", path)), &s); err != nil || len(s.Keys) != 1 || s.More || s.Next != "" || seen[s.Keys[0].Name] {
			t.Errorf("the next page: %v, %+v", err, s)
		}
		if page := string(read(t, w.ask(path))); !strings.Contains(page, s.Keys[0].Name) || !strings.Contains(page, `href="?q=key-">From the beginning`) {
			t.Error(page)
		}
	}
}

// Who searches for a key, and finds nothing, is told the same by the page and the JSON.
func TestASearchForAKeyThatDidNothingSaysWhatItWas(t *testing.T) {
	w, c := story(t)
	nobody := newSigner("nobody")
	for q, want := range map[string]string{
		openSSH(nobody) + " nobody":   "The key with the fingerprint " + nobody.Public().Fingerprint() + " signed nothing here",
		nobody.Key.String():           "The key with the fingerprint " + nobody.Public().Fingerprint() + " signed nothing here",
		maker.Public().Fingerprint():  "A key is not found by its fingerprint",
		"ssh-rsa AAAAB3NzaC1yc2E= me": "only ssh-ed25519 keys sign here",
		"nobody":                      "",
		strings.Repeat("0", 64):       "",
		"maker":                       "",
		c.String()[:63]:               "",
	} {
		var s pages.Search
		path := "/search?q=" + url.QueryEscape(q)
		if err := json.Unmarshal(read(t, w.get("GET", path)), &s); err != nil || !strings.Contains(s.Hint, want) || (s.Hint == "") != (want == "") {
			t.Errorf("%q: %v, hint %q, want %q", q, err, s.Hint, want)
		}
		page := html.UnescapeString(string(read(t, w.ask(path))))
		if !strings.Contains(page, s.Hint) || strings.Contains(page, "An id has 64") != (s.Hint == "" && len(s.Keys) == 0) {
			t.Errorf("%q, hint %q: %s", q, s.Hint, page)
		}
	}
}
