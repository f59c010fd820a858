package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/store/faultfs"
	"github.com/chirograph/chirograph/ledger/web"
	"github.com/chirograph/chirograph/ledger/witness"
	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
	"github.com/chirograph/chirograph/verify"
)

// A world is what stays when a machine fails: who has seen what, the witnesses, and
// the time.
type world struct {
	seen    *onlooker
	network witnesstest.Network // nil without witnesses
	policy  []byte
	parsed  *verify.Policy
	unix    atomic.Int64
}

func newWorld(witnessed bool) *world {
	w := &world{seen: new(onlooker), policy: []byte("log " + home.String() + "\nquorum none\n")}
	w.unix.Store(epoch)
	if witnessed {
		w.network = make(witnesstest.Network)
		b := []byte("log " + home.String() + "\n")
		for _, name := range []string{"one.example", "two.example"} {
			x := must(witnesstest.New(name, home.Key, w.now))
			x.Before(func(c tlog.SignedCheckpoint) { w.seen.saw("a witness", c) })
			w.network[name] = x
			b = fmt.Appendf(b, "witness %s %s http://%s\n", name[:3], x.Key, name)
		}
		w.policy = append(b, "group both all one two\nquorum both\n"...)
	}
	w.parsed = must(verify.ParsePolicy(w.policy))
	return w
}

// fork returns a world like this one from now on, for another future of the ledger.
func (w *world) fork() *world {
	out := &world{policy: w.policy, parsed: w.parsed}
	out.unix.Store(w.unix.Load())
	if w.network != nil {
		out.network = make(witnesstest.Network)
		for name, x := range w.network {
			x = x.Copy()
			x.Clock = out.now
			out.network[name] = x
		}
	}
	// After the witnesses: what they have been sent was seen.
	out.seen = w.seen.snapshot()
	for _, x := range out.network {
		x.Before(func(c tlog.SignedCheckpoint) { out.seen.saw("a witness", c) })
	}
	return out
}

// now is the clock of all. It goes on by a second with each step of the work.
func (w *world) now() time.Time { return time.Unix(w.unix.Load(), 0) }

const (
	storeDir = "ledger/store"
	guardDir = "ledger/guard"
)

// patience is how long an answer or a point may take: a hundred times as long as any does.
const patience = time.Minute

// A process is a ledger that runs on a disk, as chirographd has it.
type process struct {
	world   *world
	fs      *faultfs.FS
	store   *store.Store
	guard   *store.Guard
	asks    *witness.Witnesses // nil for none
	log     *ledger.Log
	handler *web.Handler
}

func storeConfig(fs vfs.FS) store.Config {
	return store.Config{Dir: storeDir, FS: fs, Key: home.Key}
}

func guardConfig(fs vfs.FS) store.GuardConfig {
	return store.GuardConfig{Dir: guardDir, FS: fs, Key: home.Key}
}

// create makes a ledger on the disk, and leaves none when it fails, as chirographd init
// does.
func (w *world) create(fs vfs.FS) error {
	err := ledger.Create(storeConfig(fs), guardConfig(fs), ledger.Config{Sign: home.sign, Clock: w.now})
	if err != nil {
		return errors.Join(err, fs.RemoveAll("ledger"))
	}
	return nil
}

// start runs a ledger on the disk. Where it fails, all is closed that was opened.
func (w *world) start(fs *faultfs.FS) (*process, error) {
	p := &process{world: w, fs: fs}
	if err := p.open(); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *process) open() (err error) {
	w, at := p.world, storeConfig(p.fs)
	at.Guard = guardDir
	if p.store, err = store.Open(at); err != nil {
		return err
	}
	if p.guard, err = store.OpenGuard(guardConfig(p.fs)); err != nil {
		return err
	}
	cfg := ledger.Config{Store: p.store, Guard: p.guard, Sign: home.sign, Clock: w.now, Policy: w.policy}
	if w.network != nil {
		s := p.store
		p.asks, err = witness.New(witness.Config{
			Ledger: home.Key, Policy: w.parsed, Clock: w.now, Transport: w.network,
			Prove: func(old, size uint64) ([]tlog.Hash, error) { return tlog.ConsistencyProof(s.Tile, old, size) },
		})
		if err != nil {
			return err
		}
		cfg.Witnesses = p.asks
	}
	if p.log, err = ledger.Open(cfg); err != nil {
		return err
	}
	p.handler, err = web.New(web.Config{Key: home.Key, View: p.log.View, Log: p.log, Clock: w.now, Checks: 2, Policy: w.policy})
	return err
}

// close ends the process in order: sequencer, witnesses, guard, store.
func (p *process) close() error {
	var errs []error
	if p.log != nil {
		errs = append(errs, p.log.Close())
	}
	if p.asks != nil {
		p.asks.Close()
	}
	if p.guard != nil {
		errs = append(errs, p.guard.Close())
	}
	if p.store != nil {
		errs = append(errs, p.store.Close())
	}
	p.fs.Kill()
	return errors.Join(errs...)
}

// stopped says whether the ledger has stopped, and the process would end.
func (p *process) stopped() bool {
	select {
	case <-p.log.Done():
		return true
	case <-p.store.Failed():
		<-p.log.Done()
		return true
	default:
		return false
	}
}

// endTime is how long a process goes on whose store has failed, where something waits for
// ever for a lock that what failed keeps: chirographd ends it then, after some more
// seconds, and who waited has a broken connection.
const endTime = 2 * time.Second

func (p *process) do(method, path string, body []byte) *httptest.ResponseRecorder {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, path, bytes.NewReader(body))
	if body != nil {
		r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	answer, answered := httptest.NewRecorder(), make(chan struct{})
	go func() {
		defer close(answered)
		p.handler.ServeHTTP(answer, r)
	}()
	select {
	case <-answered:
	case <-p.store.Failed():
		select {
		case <-answered:
		case <-time.After(endTime):
			broken := httptest.NewRecorder()
			broken.Code = http.StatusBadGateway
			return broken
		}
	}
	if ctx.Err() != nil {
		panic(fmt.Sprintf("%s %s: no answer after %s", method, path, patience))
	}
	return answer
}

// post submits records all at once, and looks at every answer.
func (p *process) post(records ...*record.Record) error {
	errs := make([]error, len(records))
	var group sync.WaitGroup
	for i, r := range records {
		group.Go(func() {
			known := p.world.seen.acknowledged(r.ID())
			a := p.do(http.MethodPost, "/records", r.Bytes())
			errs[i] = p.answered(r, known, a)
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// answered judges an answer to a submission: a receipt that holds, or trouble.
func (p *process) answered(r *record.Record, known bool, a *httptest.ResponseRecorder) error {
	switch {
	case a.Code == http.StatusCreated && known:
		return fmt.Errorf("record %s is acknowledged as new for the second time", r.ID())
	case a.Code == http.StatusCreated || a.Code == http.StatusOK:
		return p.world.receipt(r, a.Body.Bytes())
	case a.Code < 500:
		return fmt.Errorf("record %s: status %d: %s", r.ID(), a.Code, a.Body)
	}
	return nil
}

// look reads the checkpoint and asks for a record that was acknowledged.
func (p *process) look(r *record.Record) error {
	if a := p.do(http.MethodGet, "/checkpoint", nil); a.Code == http.StatusOK {
		c, err := tlog.ParseSignedCheckpoint(a.Body.Bytes())
		if err != nil {
			return err
		}
		p.world.seen.saw("a reader", c)
	}
	if !p.world.seen.acknowledged(r.ID()) {
		return nil
	}
	for _, path := range []string{"", "/receipt"} {
		a := p.do(http.MethodGet, "/records/"+r.ID().String()+path, nil)
		switch {
		case a.Code >= 500:
		case a.Code != http.StatusOK:
			return fmt.Errorf("record %s was acknowledged; %s has the status %d: %s", r.ID(), path, a.Code, a.Body)
		case path == "" && !bytes.Equal(a.Body.Bytes(), r.Bytes()):
			return fmt.Errorf("record %s is served with other bytes", r.ID())
		case path != "":
			if err := p.world.receipt(r, a.Body.Bytes()); err != nil {
				return err
			}
		}
	}
	return nil
}
