package client

import (
	"context"
	"net/http"
	"strings"
	"testing"
)

func TestWhatALedgerSaysOfItselfIsOfThatLedger(t *testing.T) {
	l, other := newLog("ledger.example"), newLog("other.example")
	of := func(l *fakeLog, members string) string {
		return `{"name":"x","ledger":"` + l.Key.String() + `"` + members + `}`
	}
	for _, test := range []struct {
		body string
		want Word
		err  string
	}{
		{body: of(l, ``)},
		{body: of(l, `,"frozen":true`), want: Word{Frozen: true}},
		{body: of(l, `,"copy":true,"size":4`), want: Word{Copy: true}},
		{body: of(l, `,"frozen":"yes"`), err: "it is not the JSON that was expected"},
		{body: "<!doctype html>", err: "it is not the JSON that was expected"},
		{body: `{"frozen":true}`, err: `it is of the ledger "", not of ` + l.Key.String()},
		{body: of(other, `,"frozen":true`), err: `it is of the ledger "` + other.Key.String()},
		{body: of(l, strings.Repeat(" ", maxHome-len(of(l, ``))))},
		{body: of(l, strings.Repeat(" ", maxHome+1-len(of(l, ``)))), err: "the 1048576 bytes that are allowed"},
	} {
		h, asked := recorded(body(http.StatusOK, []byte(test.body)))
		got, err := l.client(t, h).Word(context.Background())
		if test.err != "" {
			wantError(t, err, test.err)
			continue
		}
		if err != nil || *got != test.want {
			t.Errorf("%.100s: %+v %v, want %+v", test.body, got, err, test.want)
		}
		if paths := asked(); len(paths) != 1 || !strings.HasSuffix(paths[0], "/index.json") {
			t.Errorf("asked %q", paths)
		}
	}
	_, err := l.client(t, body(http.StatusNotFound, nil)).Word(context.Background())
	wantError(t, err, "404 Not Found")
}

func FuzzWord(f *testing.F) {
	l := newLog("ledger.example")
	for _, s := range []string{`{}`, `{"ledger":"` + l.Key.String() + `","frozen":true}`, `{"ledger":"` + l.Key.String() + `","copy":true}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w, err := parseWord([]byte(s), l.Key)
		if (w == nil) != (err != nil) {
			t.Errorf("%v %v", w, err)
		}
		if w != nil && w.Frozen && !strings.Contains(strings.ToLower(s), "true") {
			t.Errorf("frozen by %q", s)
		}
	})
}
