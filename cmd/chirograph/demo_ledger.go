package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/web"
	"github.com/chirograph/chirograph/verify"
)

// drainTime is how long the demo waits for requests that an interruption left behind.
const drainTime = 5 * time.Second

// A demoLedger is a ledger on disk that answers over HTTP: what chirographd runs, in
// a directory that chirographd can serve again.
type demoLedger struct {
	url    string
	log    *ledger.Log
	store  *store.Store
	guard  *store.Guard
	server *http.Server
	served chan error
	conns  *http.Transport // of its clients
}

// startLedger makes a ledger of that key in dir, and serves it at a free port.
func startLedger(dir string, secret keys.SecretKey, now func() time.Time) (_ *demoLedger, err error) {
	key, err := verifierKeyOf(secret)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &demoLedger{url: "http://" + listener.Addr().String(), served: make(chan error, 1), conns: &http.Transport{MaxIdleConnsPerHost: crowdWorkers}}
	defer func() {
		if err != nil {
			err = errors.Join(err, listener.Close(), l.stop())
		}
	}()
	policy := (&verify.Policy{Logs: []verify.Log{{Key: key, URL: l.url}}, Quorum: "none"}).Bytes()
	if err := writeIdentity(dir, secret, policy); err != nil {
		return nil, err
	}
	if err := l.open(dir, ledger.Config{Sign: secret.Sign, Clock: now, Policy: policy}, key); err != nil {
		return nil, err
	}
	handler, err := web.New(web.Config{Key: key, View: l.log.View, Log: l.log, Past: l.log.Past(), Clock: now, Checks: runtime.GOMAXPROCS(0), Policy: policy, URL: l.url})
	if err != nil {
		return nil, err
	}
	l.server = web.NewServer(handler, nil)
	go func() { l.served <- l.server.Serve(listener) }()
	return l, nil
}

// open makes the store and the guard in dir, and opens the log on them.
func (l *demoLedger) open(dir string, cfg ledger.Config, key note.Key) (err error) {
	in := store.Config{Dir: filepath.Join(dir, "store"), Key: key}
	guard := store.GuardConfig{Dir: filepath.Join(dir, "guard"), Key: key}
	if err := ledger.Create(in, guard, cfg); err != nil {
		return err
	}
	if l.store, err = store.Open(in); err != nil {
		return err
	}
	if l.guard, err = store.OpenGuard(guard); err != nil {
		return err
	}
	cfg.Store, cfg.Guard = l.store, l.guard
	l.log, err = ledger.Open(cfg)
	return err
}

// writeIdentity writes what chirographd init does beside the store.
func writeIdentity(dir string, secret keys.SecretKey, policy []byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := secret.WriteFiles(filepath.Join(dir, "ledger.key"), nil); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "policy"), policy, 0o644)
}

// client returns a client that keeps a connection for each of a crowd's workers.
func (l *demoLedger) client(p *verify.Policy) (*client.Client, error) {
	return client.New(client.Config{URL: l.url, Policy: p, HTTP: &http.Client{Transport: l.conns}})
}

// fetch asks as anybody may, and believes nothing.
func (l *demoLedger) fetch(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.url+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := (&http.Client{Transport: l.conns}).Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s%s: %s", l.url, path, resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, int64(tlog.MaxConsistency)))
}

// stop ends the listener, the sequencer, the guard and the store, in this order. It may
// be called again.
func (l *demoLedger) stop() (err error) {
	// One that was dialled and never used would be waited for.
	l.conns.CloseIdleConnections()
	if l.server != nil {
		drain, cancel := context.WithTimeout(context.Background(), drainTime)
		defer cancel()
		if err = l.server.Shutdown(drain); err != nil {
			err = fmt.Errorf("stopping the ledger: %w", errors.Join(err, l.server.Close()))
		}
		if served := <-l.served; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
	}
	if l.log != nil {
		err = errors.Join(err, l.log.Close())
	}
	if l.guard != nil {
		err = errors.Join(err, l.guard.Close())
	}
	if l.store != nil {
		err = errors.Join(err, l.store.Close())
	}
	l.server, l.log, l.guard, l.store = nil, nil, nil, nil
	return err
}
