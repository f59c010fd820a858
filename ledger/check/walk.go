package check

import (
	"context"
	"errors"
	"sync"

	"github.com/chirograph/chirograph/crypto/expanded"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

const (
	window = 8  // bundles at hand at once: 67 MB if all entries are as long as one can be
	part   = 32 // entries that one goroutine opens, so that a bundle keeps eight processors busy
)

// A bundle is up to 256 entries as the store has them, of which those that are there are
// opened.
type bundle struct {
	index   uint64
	entries []entry
	leaves  []byte // zero for what is not there
}

type entry struct {
	raw     []byte
	err     error        // why there is none
	checked verify.Entry // with every signature
	record  *record.Record
	time    int64
}

// bundles reads the bundles from an index on, opens several at once, and calls f with
// each in the order of the log, until it fails. The signatures are checked where that
// is asked for, by keys that are remembered.
func bundles(ctx context.Context, raw *store.Raw, from, size uint64, signatures bool, f func(*bundle) error) error {
	keys := expanded.New()
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	ahead := make(chan chan *bundle, window-2) // one is in the hands of each side
	running.Go(func() {
		defer close(ahead)
		for n := from / tlog.MaxWidth; n*tlog.MaxWidth < size; n++ {
			next := make(chan *bundle, 1)
			select {
			case ahead <- next:
			case <-ctx.Done():
				return
			}
			running.Go(func() { next <- read(raw, n, size, opener{keys, signatures}) })
		}
	})
	for next := range ahead {
		b := <-next
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(b); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// read reads and opens bundle number n.
func read(raw *store.Raw, n, size uint64, o opener) *bundle {
	first := n * tlog.MaxWidth
	entries, errs := raw.Entries(first, min(first+tlog.MaxWidth, size))
	b := &bundle{index: n, entries: make([]entry, len(entries)), leaves: make([]byte, len(entries)*tlog.HashSize)}
	var opening sync.WaitGroup
	for start := 0; start < len(entries); start += part {
		opening.Go(func() {
			for i := start; i < min(start+part, len(entries)); i++ {
				b.entries[i] = o.open(entries[i], errs[i])
				if errs[i] == nil {
					leaf := tlog.LeafHash(entries[i])
					copy(b.leaves[i*tlog.HashSize:], leaf[:])
				}
			}
		})
	}
	opening.Wait()
	return b
}

// An opener opens entries.
type opener struct {
	keys       *expanded.Keys
	signatures bool // are checked
}

// open opens an entry, as far as it is one.
func (o opener) open(raw []byte, err error) entry {
	e := entry{raw: raw, err: err}
	if err != nil {
		return e
	}
	if o.signatures {
		e.checked = verify.OpenEntryBy(raw, o.keys.ParsePublicKey, o.keys.Verify)
		e.record, e.time = e.checked.Record, e.checked.Registered
		if e.record != nil {
			return e
		}
	}
	parsed, err := record.ParseEntry(raw)
	if err != nil {
		e.err = err
		return e
	}
	e.time = parsed.Registered
	// Who signed it is another question than what it adds to the state.
	n, err := note.Parse(parsed.Record)
	if err != nil {
		e.err = err
		return e
	}
	e.record, e.err = record.OpenNote(n, o.keys.ParsePublicKey, believed)
	return e
}

func believed(note.PublicKey, []byte, []byte) bool { return true }

// A deriver makes again what follows from entries.
type deriver struct {
	store *store.Store // a copy
	batch *store.Batch
}

// A batch is written when it has as many bytes or entries: few enough for what is lost
// when the process is stopped, and for the memory.
const (
	maxBatch      = 4096
	maxBatchBytes = 4 << 20
)

func (d *deriver) full() bool { return d.batch.Len() >= maxBatch || d.batch.Bytes() >= maxBatchBytes }

// next writes the batch, with a note where there is one, and begins another.
func (d *deriver) next(note []byte) error {
	if note != nil {
		d.batch.Note(note)
	}
	err := d.batch.CommitCopy()
	d.batch = d.store.NewBatch()
	return err
}

// close gives up what is not written.
func (d *deriver) close() error { return errors.Join(d.batch.Close(), d.store.Close()) }
