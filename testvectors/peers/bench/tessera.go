package main

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	badger "github.com/transparency-dev/tessera/storage/posix/antispam"
	xnote "golang.org/x/mod/sumdb/note"
)

// leastInterval is the shortest time between two checkpoints that Tessera's POSIX
// storage allows.
const leastInterval = 100 * time.Millisecond

// A rival is Tessera's log on files, open in this process.
type rival struct {
	appender *tessera.Appender
	reader   tessera.LogReader
	end      func() error
}

// openRival opens a new log in dir, with batches of that size and age, and with the
// index on disk that refuses what it has seen where guarded is set.
func openRival(ctx context.Context, j job) (*rival, error) {
	secret, _, err := xnote.GenerateKey(crand.Reader, "rival.example")
	if err != nil {
		return nil, err
	}
	s, err := xnote.NewSigner(secret)
	if err != nil {
		return nil, err
	}
	age, err := time.ParseDuration(j.Age)
	if err != nil {
		return nil, err
	}
	driver, err := posix.New(ctx, posix.Config{Path: j.Dir})
	if err != nil {
		return nil, err
	}
	opts := tessera.NewAppendOptions().WithCheckpointSigner(s).WithCheckpointInterval(leastInterval).WithBatching(uint(j.Batch), age)
	if j.Guarded {
		// The index follows the log, once a second at least. With the 2,048 entries that it
		// may be behind unless one says, no more than that are taken a second; what is
		// in memory knows as many as are allowed here.
		opt := badger.AntispamOpts{PushbackThreshold: tessera.DefaultAntispamInMemorySize}
		seen, err := badger.NewAntispam(ctx, filepath.Join(j.Dir, ".state", "antispam"), opt)
		if err != nil {
			return nil, err
		}
		opts = opts.WithAntispam(tessera.DefaultAntispamInMemorySize, seen)
	}
	r := new(rival)
	var shutdown func(context.Context) error
	if r.appender, shutdown, r.reader, err = tessera.NewAppender(ctx, driver, opts); err != nil {
		return nil, err
	}
	r.end = func() error { return shutdown(ctx) }
	return r, nil
}

// pushback is how long whoever is told to wait waits.
const pushback = time.Millisecond

// add adds records, of which the signatures are checked before on all cores, and
// returns when all have their number, which Tessera gives when they are in its tree.
func (r *rival) add(ctx context.Context, list [][]byte, signed [][]signature, c checker) error {
	cores := runtime.GOMAXPROCS(0)
	errs := make([]error, cores)
	var next atomic.Int64
	var group sync.WaitGroup
	for core := range cores {
		group.Go(func() {
			type one struct {
				i      int64
				future tessera.IndexFuture
			}
			var waiting []one
			answer := func() error {
				w := waiting[0]
				waiting = waiting[1:]
				for {
					_, err := w.future()
					if !errors.Is(err, tessera.ErrPushback) {
						return err
					}
					time.Sleep(pushback)
					w.future = r.appender.Add(ctx, tessera.NewEntry(list[w.i]))
				}
			}
			for i := next.Add(1) - 1; i < int64(len(list)) && errs[core] == nil; i = next.Add(1) - 1 {
				if errs[core] = c.verify(signed[i]); errs[core] != nil {
					break
				}
				waiting = append(waiting, one{i, r.appender.Add(ctx, tessera.NewEntry(list[i]))})
				if len(waiting) == window/cores {
					errs[core] = answer()
				}
			}
			for len(waiting) > 0 && errs[core] == nil {
				errs[core] = answer()
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// tesseraChild adds the records of a file to a new log of Tessera.
func tesseraChild(j job) (m metrics, err error) {
	list, err := readRecords(j.Records, j.N)
	if err != nil {
		return nil, err
	}
	signed, err := signatures(list)
	if err != nil {
		return nil, err
	}
	c, err := newChecker(j.Check)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	r, err := openRival(ctx, j)
	if err != nil {
		return nil, err
	}
	before, err := used()
	if err != nil {
		return nil, errors.Join(err, r.end())
	}
	err = r.add(ctx, list, signed, c)
	added, err2 := used()
	if err := errors.Join(err, err2, r.end()); err != nil {
		return nil, err
	}
	// What the index on disk has still to do then is work for these records too.
	ended, err := used()
	m = added.since(before, j.N)
	m["cpu"] = ended.since(before, j.N)["cpu"]
	return m, err
}

// poll is how often it is looked whether a checkpoint is there.
const poll = time.Millisecond

// tesseraLatencyChild measures the time from the call to a published checkpoint, of
// records that come alone: at any moment between two checkpoints.
func tesseraLatencyChild(j job) (m metrics, err error) {
	list, err := readRecords(j.Records, j.N)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	r, err := openRival(ctx, j)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	awaiter := tessera.NewPublicationAwaiter(ctx, r.reader.ReadCheckpoint, poll)
	random := rand.New(rand.NewPCG(20260301, 0))
	var took []float64
	for _, b := range list {
		time.Sleep(time.Duration(random.Int64N(int64(leastInterval))))
		begun := time.Now()
		if _, _, err := awaiter.Await(ctx, r.appender.Add(ctx, tessera.NewEntry(b))); err != nil {
			return nil, fmt.Errorf("await: %w", err)
		}
		took = append(took, time.Since(begun).Seconds())
	}
	return metrics{"p50": quantile(took, 0.5), "p99": quantile(took, 0.99)}, nil
}
