package objects_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
	"github.com/chirograph/chirograph/ledger/objects/s3"
)

// The tests of this file are for a store that runs: what is here over a bucket in memory is
// there over one that S3 answers for. Of the environment they read
//
//	CHIROGRAPH_BUCKET    NAME or NAME/prefix, below which each ledger has a prefix of its own
//	CHIROGRAPH_ENDPOINT  http or https URL of a gateway, or several with commas between
//	CHIROGRAPH_REGION    where the store has one
//	CHIROGRAPH_KEY       id of a key that may read, write, list and delete there
//	CHIROGRAPH_SECRET    of that key
//	CHIROGRAPH_EVERY     of how many points of fault one is tried; each where it is not given
//
// and without a bucket they have nothing to do. What they write they leave there.

const (
	answered = time.Minute // for one request of a store on a busy machine
	atOnce   = 32          // requests
)

// A kept is a bucket of which all values that an object had are known, as of
// objectstest.Memory.
type kept interface {
	objects.Bucket
	History(name string) []objectstest.Write
}

// A shop is a store that the environment names. Its requests are made outside of the bubble
// of a test (testing/synctest), whose clock stands still meanwhile: the connections of a
// client would keep it from going on for ever.
type shop struct {
	t         *testing.T
	config    s3.Config // but for Endpoint
	endpoints []string
	idle      chan *clerk

	mu      sync.Mutex
	buckets int
}

// A clerk makes requests, one after the other. Its channels are of no bubble.
type clerk struct {
	ask  chan func()
	done chan struct{}
}

// shopOf returns the store that the environment names, nil where it names none.
func shopOf(t *testing.T) *shop {
	t.Helper()
	name := os.Getenv("CHIROGRAPH_BUCKET")
	if name == "" {
		t.Log("nothing to do: CHIROGRAPH_BUCKET names no bucket of a store that runs")
		return nil
	}
	s := &shop{
		t: t, endpoints: strings.Split(os.Getenv("CHIROGRAPH_ENDPOINT"), ","), idle: make(chan *clerk, atOnce),
		config: s3.Config{
			Bucket: name + "/" + strings.ToLower(rand.Text()), Region: os.Getenv("CHIROGRAPH_REGION"),
			Credentials: s3.Credentials{ID: os.Getenv("CHIROGRAPH_KEY"), Secret: os.Getenv("CHIROGRAPH_SECRET")},
		},
	}
	for range atOnce {
		c := &clerk{make(chan func()), make(chan struct{})}
		s.idle <- c
		go func() {
			for f := range c.ask {
				f()
				c.done <- struct{}{}
			}
		}()
	}
	t.Cleanup(func() {
		for range atOnce {
			close((<-s.idle).ask)
		}
	})
	t.Logf("%s over %v", s.config.Bucket, s.endpoints)
	return s
}

// outside runs what does not know of the bubble that its caller is in.
func (s *shop) outside(f func(ctx context.Context)) {
	c := <-s.idle
	c.ask <- func() {
		ctx, cancel := context.WithTimeout(context.Background(), answered)
		defer cancel()
		f(ctx)
	}
	<-c.done
	s.idle <- c
}

// bucket returns an empty bucket, until the test ends: a prefix of the store's, over all
// gateways in turn.
func (s *shop) bucket(t *testing.T) kept {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buckets++
	w := &watched{shop: s, history: make(map[string][]objectstest.Write), writing: make(map[string]*sync.Mutex)}
	for _, endpoint := range s.endpoints {
		cfg := s.config
		cfg.Endpoint, cfg.Bucket = endpoint, fmt.Sprintf("%s/%d", cfg.Bucket, s.buckets)
		b, err := s3.New(cfg)
		must(t, err)
		w.gateways = append(w.gateways, b)
		t.Cleanup(b.Close)
	}
	return w
}

// A watched is a bucket of a store. After each write it is read, over the next gateway, what
// is there now: so its history is what a reader found, and not what the store answered.
type watched struct {
	shop     *shop
	gateways []*s3.Bucket

	mu      sync.Mutex
	turn    int
	writing map[string]*sync.Mutex // held while an object is written and read
	history map[string][]objectstest.Write
}

func (w *watched) gateway() *s3.Bucket {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turn++
	return w.gateways[w.turn%len(w.gateways)]
}

func (w *watched) lock(name string) *sync.Mutex {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.writing[name] == nil {
		w.writing[name] = new(sync.Mutex)
	}
	return w.writing[name]
}

func (w *watched) History(name string) []objectstest.Write {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.history[name][:len(w.history[name]):len(w.history[name])]
}

// ask makes a request that only reads.
func (w *watched) ask(ctx context.Context, request func(ctx context.Context, b *s3.Bucket) error) error {
	err := ctx.Err()
	if err == nil {
		w.shop.outside(func(ctx context.Context) { err = request(ctx, w.gateway()) })
	}
	return err
}

// put makes a request that writes, and reads what is there then.
func (w *watched) put(ctx context.Context, name string, replaced objects.Version, body []byte, request func(ctx context.Context, b *s3.Bucket) (objects.Version, error)) (v objects.Version, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	w.shop.outside(func(ctx context.Context) {
		writing := w.lock(name)
		writing.Lock()
		defer writing.Unlock()
		v, err = request(ctx, w.gateway())
		there, version, failed := w.gateway().Get(ctx, name, 1<<25)
		w.mu.Lock()
		defer w.mu.Unlock()
		list := w.history[name]
		switch {
		case err == nil && (failed != nil || version != v || !bytes.Equal(there, body)):
			w.shop.t.Errorf("%s of %s: version %q was put, and there is %q, %v", name, w.gateways[0], v, version, failed)
		case failed != nil && !errors.Is(failed, objects.ErrAbsent):
			w.shop.t.Errorf("%s of %s can't be read: %v", name, w.gateways[0], failed)
		case failed == nil && (err == nil || len(list) == 0 || list[len(list)-1].Version != version):
			w.history[name] = append(list, objectstest.Write{Replaced: replaced, Version: version, Bytes: there})
		}
	})
	return v, err
}

func (w *watched) Get(ctx context.Context, name string, most int) (b []byte, v objects.Version, err error) {
	err = w.ask(ctx, func(ctx context.Context, g *s3.Bucket) (err error) { b, v, err = g.Get(ctx, name, most); return err })
	return b, v, err
}

func (w *watched) Peek(ctx context.Context, name string, most int) (b []byte, v objects.Version, err error) {
	err = w.ask(ctx, func(ctx context.Context, g *s3.Bucket) (err error) { b, v, err = g.Peek(ctx, name, most); return err })
	return b, v, err
}

func (w *watched) Create(ctx context.Context, name string, b []byte) (objects.Version, error) {
	return w.put(ctx, name, "", b, func(ctx context.Context, g *s3.Bucket) (objects.Version, error) { return g.Create(ctx, name, b) })
}

func (w *watched) Swap(ctx context.Context, name string, v objects.Version, b []byte) (objects.Version, error) {
	return w.put(ctx, name, v, b, func(ctx context.Context, g *s3.Bucket) (objects.Version, error) { return g.Swap(ctx, name, v, b) })
}

func (w *watched) List(ctx context.Context, prefix, after string, most int) (names []string, err error) {
	err = w.ask(ctx, func(ctx context.Context, g *s3.Bucket) (err error) {
		names, err = g.List(ctx, prefix, after, most)
		return err
	})
	return names, err
}

func (w *watched) Delete(ctx context.Context, name string) error {
	return w.ask(ctx, func(ctx context.Context, g *s3.Bucket) error { return g.Delete(ctx, name) })
}

func TestALedgerInAStoreKeepsTheLaws(t *testing.T) {
	s := shopOf(t)
	if s == nil {
		return
	}
	ledgertest.Storage(t, ledgerIn(s.bucket))
	t.Logf("%d laws", s.buckets)
}

// everyOf returns of how many points one is tried.
func everyOf(t *testing.T) int {
	given := os.Getenv("CHIROGRAPH_EVERY")
	if given == "" {
		return 1
	}
	every, err := strconv.Atoi(given)
	if err != nil || every < 1 {
		t.Fatalf("CHIROGRAPH_EVERY is %q, and no number from 1", given)
	}
	return every
}

// There are few of these points, and three times as many of them are tried.
func TestAFaultAtAnyWriteInAStoreLosesNothing(t *testing.T) {
	s := shopOf(t)
	if s == nil {
		return
	}
	ledgertest.Faults(t, (everyOf(t)+2)/3, faultedIn(s.bucket, nil))
}

// The points of an empty bucket, with all checks of those in memory.
func TestAFaultAtAnyRequestOfAStoreSplitsNothing(t *testing.T) {
	s := shopOf(t)
	if s == nil {
		return
	}
	every := everyOf(t)
	requests := base{stored: s.bucket(t)}.requests(t)
	points, all, hit, kinds := 0, 0, make(map[int]bool), make(map[objectstest.Kind]bool)
	for at := 1; at <= requests; at++ {
		for i, p := range (base{}).points(at, requests) {
			if all++; (at+i)%every != 0 {
				continue // others at each request
			}
			points++
			hit[at], kinds[p.kind] = true, true
			t.Run(fmt.Sprintf("%d/%s", at, p), func(t *testing.T) {
				t.Parallel()
				p.base.stored = s.bucket(t)
				if !p.try(t) {
					t.Error("there is no such request")
				}
			})
		}
	}
	if len(hit) != requests || len(kinds) != len(objectstest.Kinds)+1 {
		t.Errorf("of %d requests %d have a fault, of %d kinds", requests, len(hit), len(kinds))
	}
	t.Logf("%d points of %d: a fault at each of %d requests, of %d kinds", points, all, requests, len(kinds))
}
