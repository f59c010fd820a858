package client

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/web"
)

// realLedger starts a ledger on disk and its server, and returns the URL.
func realLedger(t *testing.T, l *fakeLog) string {
	t.Helper()
	in := store.Config{Dir: filepath.Join(t.TempDir(), "ledger"), Key: l.Key}
	guard := store.GuardConfig{Dir: filepath.Join(t.TempDir(), "guard"), Key: l.Key}
	text := policy(l).Bytes()
	clock := func() time.Time { return time.Unix(now, 0) }
	cfg := ledger.Config{Sign: l.Sign, Policy: text, Clock: clock}
	if err := ledger.Create(in, guard, cfg); err != nil {
		t.Fatal(err)
	}
	cfg.Store, cfg.Guard = must(store.Open(in)), must(store.OpenGuard(guard))
	log := must(ledger.Open(cfg))
	h := must(web.New(web.Config{Key: l.Key, View: log.View, Log: log, Clock: clock, Checks: 2, Policy: text}))
	server := httptest.NewUnstartedServer(nil)
	server.Config = web.NewServer(h, nil)
	server.Start()
	t.Cleanup(func() {
		server.Close()
		if err := errors.Join(log.Close(), cfg.Guard.Close(), cfg.Store.Close()); err != nil {
			t.Error(err)
		}
	})
	return server.URL
}

// From the policy to the proof that nothing was changed, through a real ledger.
func TestTheWholeWay(t *testing.T) {
	l := newLog("ledger.example/log")
	url := realLedger(t, l)
	ctx := t.Context()
	_, p, err := Policy(ctx, nil, url)
	if err != nil {
		t.Fatal(err)
	}
	c := must(New(Config{URL: url, Policy: p}))
	if c.Ledger() != l.Key {
		t.Fatalf("ledger %s", c.Ledger())
	}
	empty := must(c.Checkpoint(ctx))
	for i := range 5 {
		for _, isNew := range []bool{true, false} {
			receipt, err := c.Submit(ctx, l.contract(i))
			if err != nil || receipt.New != isNew || receipt.Index != uint64(i) || receipt.Registered != now {
				t.Fatalf("contract %d: %+v, %v", i, receipt, err)
			}
		}
	}
	id := l.contract(3).ID()
	receipt, err := c.Receipt(ctx, id)
	if err != nil || receipt.Index != 3 || receipt.Checkpoint.Size != 5 {
		t.Errorf("%+v, %v", receipt, err)
	}
	if r, err := c.Record(ctx, id); err != nil || !bytes.Equal(r.Bytes(), l.contract(3).Bytes()) {
		t.Error(err)
	}
	x, proof, err := c.Consistency(ctx, empty.SignedCheckpoint)
	if err != nil || x.Old.Size != 0 || x.New.Size != 5 || len(proof) == 0 {
		t.Errorf("%+v, %v", x, err)
	}
	page, err := c.Key(ctx, newSigner("maker.example", note.Ed25519).Public(), nil)
	if err != nil || len(page.Records) != 5 || page.Records[3].ID != id || page.Next != nil || page.RevokedBy != nil {
		t.Errorf("%+v, %v", page, err)
	}
	wantRefusal := func(err error, status int, rule rules.Rule) {
		t.Helper()
		var refusal *Refusal
		if !errors.As(err, &refusal) || refusal.Status != status || refusal.Rule != rule || refusal.Detail == "" {
			t.Errorf("%v, want %d by the rule %q", err, status, rule)
		}
	}
	_, err = c.Receipt(ctx, l.contract(9).ID())
	wantRefusal(err, http.StatusNotFound, "")
	maker := newSigner("maker.example", note.Ed25519)
	_, err = c.Submit(ctx, must(must(record.New(l.contract(9).Text())).Sign(maker.Public(), maker.Sign)))
	wantRefusal(err, http.StatusUnprocessableEntity, rules.Quorum)
	_, err = c.Submit(ctx, newLog("ledger.example/log2").contract(9))
	wantRefusal(err, http.StatusBadRequest, rules.Form)
}
