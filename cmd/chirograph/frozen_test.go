package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const saidFrozen = "that it is frozen for good, which nothing signs: it registers nothing any more"

// ends has the front say that the ledger is frozen for good, on its home page and on those
// of contracts.
func (s *stage) ends() {
	s.page("/", func(page map[string]any) { page["frozen"] = true })
}

// Whoever sends a dossier wrote the URL in it, and may answer there what he likes: that
// is told of the dossiers that name this URL, and of all only where the user asked for the
// policy there. Commands that ask nobody go on asking nobody.
func TestThatALedgerIsFrozenIsTheWordOfAnAddress(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	there := s.policyOf()
	there.Logs[0].URL = s.front.URL
	sent, own := s.under(there, contract, nil, receipt), s.save(contract, receipt)
	s.ends()
	for _, command := range []string{"status", "update"} {
		s.tells(exitYes, command, sent)
		if !strings.Contains(s.stdout.String(), "ledger.example says "+saidFrozen) {
			t.Errorf("%s: %s", command, s.stdout.String())
		}
	}
	s.now = s.now.Add(48 * time.Hour)
	asked := s.requests.Load()
	s.tells(exitYes, "show", sent)
	s.says("ledger.example said on 2026-09-21, at " + s.front.URL + ", " + saidFrozen)
	s.tells(exitYes, "show", own)
	s.lacks("frozen")
	if n := s.requests.Load(); n != asked {
		t.Errorf("%d requests", n-asked)
	}
	s.remember(s.front.URL)
	s.tells(exitYes, "show", own)
	s.says(saidFrozen)

	// The ledger's own address does not say so: what the pinned one said stays, and is told.
	s.tells(exitYes, "status", own)
	s.says(saidFrozen)
	s.tells(exitYes, "show", own)
	s.says(saidFrozen)
	s.change = nil
	s.tells(exitYes, "status", own, "--ledger", s.front.URL)
	s.says("ledger.example said, at " + s.front.URL + ", that it is frozen for good, and does not say so any more")
	for _, path := range []string{own, sent} {
		s.tells(exitYes, "show", path)
		s.lacks("frozen")
	}
}

// What the home page of the ledger does not say, or that of another says, is no word.
func TestWhoDoesNotSayWhetherTheLedgerIsFrozenIsNotHeard(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	path := s.save(contract, receipt)
	for _, test := range []struct {
		status int
		body   string
		says   string // "" for nothing
	}{
		{404, `{"type":"about:blank"}`, ""},
		{503, "", "whether ledger.example is frozen for good was not found out: GET "},
		{200, `{"ledger":"other.example+00000000+AA==","frozen":true}`, "was not found out: GET "},
		{200, `frozen`, "it is not the JSON that was expected"},
	} {
		s.change = func(q *http.Request, _ []byte) (int, []byte) {
			if q.URL.Path != "/index.json" {
				return 0, nil
			}
			return test.status, []byte(test.body)
		}
		s.wants(exitYes, "update", path)
		if test.says == "" {
			s.lacks("frozen")
		} else {
			s.says(test.says)
		}
		s.tells(exitYes, "show", path)
		s.lacks("frozen")
	}
}

func TestWhatIsRememberedOfAFrozenLedgerHasOneForm(t *testing.T) {
	s := newStage(t)
	word := &frozenWord{s.key, "http://ledger.example", s.now.Unix()}
	good := string(word.bytes())
	if w, err := parseFrozen([]byte(good)); err != nil || *w != *word {
		t.Fatalf("%+v %v", w, err)
	}
	for name, bad := range map[string]string{
		"nothing": "", "a line more": good + "\n", "no end": strings.TrimSuffix(good, "\n"), "CRLF": strings.ReplaceAll(good, "\n", "\r\n"),
		"no key": strings.Replace(good, "ledger.example+", "ledger.example-", 1), "no URL": strings.Replace(good, "http:", "gopher:", 1), "no time": strings.Replace(good, "Z\n", "\n", 1),
	} {
		if w, err := parseFrozen([]byte(bad)); err == nil {
			t.Errorf("%s: %+v", name, w)
		}
	}

	// As long as it may be, and a byte more.
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	path := s.save(contract, receipt)
	kept := filepath.Join(s.dir, "home", "policies")
	s.must(os.MkdirAll(kept, 0o700))
	a := &app{getenv: func(string) string { return filepath.Join(s.dir, "home") }}
	file, err := a.rememberedFile(s.ledger.url, frozenExtension)
	s.must(err)
	for more, says := range []string{saidFrozen, "what is remembered of a ledger can't be read: "} {
		long := *word
		long.url += "/" + strings.Repeat("a", maxFrozen+more-len(good)-1)
		s.must(os.WriteFile(file, long.bytes(), 0o600))
		s.tells(exitYes, "show", path)
		s.says(says)
	}
}

func FuzzFrozenWord(f *testing.F) {
	f.Add([]byte("ledger.example+e17d3332+Aefb3XzTx82sdpAkqIDj4snCnWl1eJZOusvFioGtVpYY\nhttp://ledger.example\n2026-11-23T13:19:09Z\n"))
	f.Add([]byte("\n\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if w, err := parseFrozen(b); err == nil && !bytes.Equal(w.bytes(), b) {
			t.Errorf("%q is read as %q", b, w.bytes())
		}
	})
}
