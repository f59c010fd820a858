package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// A run is the part of a check that takes long, and is kept: the entries, one after the
// other, and what follows from them.
type run struct {
	*checker
	deriver
	tree  tree
	stop  string // why nothing follows from the entries any more, "" while all does
	first uint64 // where this run began
	of    string // what tells the store from what it was, or will be
	told  int    // findings before the first of the run: they are made again each time
}

// kept is what a run keeps with each batch of its copy.
type kept struct {
	Store    string    `json:"store"`   // its identity, as that of store.Raw
	Next     uint64    `json:"next"`    // entries below are read; a multiple of 256, or all
	Derived  uint64    `json:"derived"` // entries that are in the copy
	Tree     tree      `json:"tree"`
	Stop     string    `json:"stop"`
	Findings []Finding `json:"findings"`
}

// entries reads the entries, makes what follows from them, and compares.
func (c *checker) entries(ctx context.Context) (err error) {
	r := &run{checker: c}
	if err := r.begin(); err != nil {
		return fmt.Errorf("what is kept while the check runs, in %s: %w", c.cfg.State, err)
	}
	defer func() { err = errors.Join(err, r.close()) }()
	size := c.head.Checkpoint.Size
	c.result.Resumed = r.first
	if r.first < size {
		err = bundles(ctx, c.raw, r.first, size, true, r.bundle)
	} else if size == 0 {
		err = r.tree.end(c.head.Checkpoint.Checkpoint)
	}
	if err != nil {
		return err
	}
	if r.first < size {
		if err := r.keep(size); err != nil {
			return err
		}
	}
	if err := r.history(); err != nil {
		return err
	}
	if err := c.raw.Strangers(ctx, size, func(key []byte) error { return c.found(store.Describe(key), "no ledger of %d entries has it", size) }); err != nil {
		if err := c.unread("keys", err); err != nil {
			return err
		}
	}
	if r.stop != "" {
		c.result.Open = "the indexes and the state were not compared: " + r.stop
		return nil
	}
	return r.compare(ctx)
}

// compareStep is after how many keys it is told how far the comparison is.
const compareStep = 4096

// compare holds the indexes and the state against what follows from the entries.
func (r *run) compare(ctx context.Context) error {
	size, keys := r.head.Checkpoint.Size, uint64(0)
	for _, table := range []byte(store.Tables) {
		err := r.raw.Compare(r.store, table, func(key, stored, given []byte) error {
			if keys++; keys%compareStep == 0 && size > 0 && r.cfg.Progress != nil {
				r.cfg.Progress(Progress{r.first, size, size, keys})
			}
			if err := ctx.Err(); err != nil || bytes.Equal(stored, given) && (stored == nil) == (given == nil) {
				return err
			}
			return r.differs(key, stored, given)
		})
		if err == nil {
			err = ctx.Err()
		}
		if err := r.unread("table "+string(table), err); err != nil {
			return err
		}
	}
	return nil
}

// unread makes a finding of a part of the store that cannot be read.
func (c *checker) unread(where string, err error) error {
	if !errors.Is(err, store.ErrDamaged) {
		return err
	}
	return c.found(where, "%s", err)
}

// differs tells of a key whose value does not follow from the entries.
func (c *checker) differs(key, stored, given []byte) error {
	where := store.Describe(key)
	switch {
	case given == nil:
		return c.found(where, "stored is %x, the entries give nothing", stored)
	case stored == nil:
		return c.found(where, "nothing is stored, the entries give %x", given)
	}
	return c.found(where, "stored is %x, the entries give %x", stored, given)
}

// bundle checks the entries of a bundle.
func (r *run) bundle(b *bundle) error {
	first, size := b.index*tlog.MaxWidth, r.head.Checkpoint.Size
	end := first + uint64(len(b.entries))
	before := len(r.findings)
	if err := r.there(b); err != nil {
		return err
	}
	if err := r.tree.bundle(b.index, b.leaves); err != nil {
		return err
	}
	if end == size {
		if err := r.tree.end(r.head.Checkpoint.Checkpoint); err != nil {
			return err
		}
	}
	damaged := make(map[string]bool)
	for _, f := range r.findings[before:] {
		if f.Entry && r.stop == "" {
			r.stop = f.Where + " is damaged, and what follows from it is unknown"
		}
		damaged[f.Where] = f.Entry
	}
	for i, e := range b.entries {
		if index := first + uint64(i); !damaged[entryName(index)] {
			if err := r.judge(index, e); err != nil {
				return err
			}
		}
	}
	if r.cfg.Progress != nil {
		r.cfg.Progress(Progress{First: r.first, Done: end, Size: size})
	}
	if end < size && (r.full() || r.stop != "" && b.index%64 == 0) {
		return r.keep(end)
	}
	return nil
}

// there tells of entries that are not there.
func (r *run) there(b *bundle) error {
	for i, e := range b.entries {
		if e.raw == nil {
			why := "it cannot be read: " + e.err.Error()
			if errors.Is(e.err, store.ErrNotFound) {
				why = "it is not there"
			}
			if err := r.entry(b.index*tlog.MaxWidth+uint64(i), "%s", why); err != nil {
				return err
			}
		}
	}
	return nil
}

// judge asks the form, the signatures and the rules of an entry of the tree, and adds
// what follows from it.
func (r *run) judge(index uint64, e entry) error {
	var refusal *rules.Refusal
	var unknown *verify.UnknownKind
	err := e.checked.Admit(r.batch, r.raw.Key())
	switch {
	case errors.As(err, &refusal) && (r.stop == "" || stateless[refusal.Rule]):
		if err := r.entry(index, "it breaks the rule %s", refusal); err != nil {
			return err
		}
	case r.stop != "":
		return nil
	case errors.As(err, &unknown):
		return fmt.Errorf("entry %d: %w", index, err)
	case err != nil && refusal == nil:
		return err
	}
	if r.stop != "" {
		return nil
	}
	if e.record == nil {
		r.stop = fmt.Sprintf("entry %d is none, and what follows from it is unknown", index)
		return nil
	}
	if _, err := r.batch.Append(e.time, e.record); err != nil {
		return err
	}
	return nil
}

// tilesAreWrong says whether a finding is of a tile.
func (r *run) tilesAreWrong() bool {
	return slices.ContainsFunc(r.findings, func(f Finding) bool { return strings.HasPrefix(f.Where, "tile/") })
}

// stateless has the rules that an entry breaks whatever came before it.
var stateless = map[rules.Rule]bool{rules.Form: true, rules.Size: true, rules.Signed: true, rules.Quorum: true}

// history compares the trees that the ledger signed, and their times, with the entries.
func (r *run) history() error {
	head := r.head.Checkpoint
	continues := func(where string, h store.Head, timed bool) error {
		c := h.Checkpoint
		switch {
		case c.Size > head.Size:
			return r.found(where, "it is of %d entries, the store has %d", c.Size, head.Size)
		case r.stop != "":
			// By the tiles of the store: where some are wrong, they say nothing.
			if err := r.raw.Continues(c.Checkpoint, head.Checkpoint); err != nil && !r.tilesAreWrong() {
				return r.found(where, "%s", err)
			}
			return nil
		}
		if err := r.store.Continues(c.Checkpoint); err != nil {
			return r.found(where, "%s", err)
		}
		var last int64
		if c.Size > 0 {
			e, err := r.store.Registered(c.Size - 1)
			if err != nil {
				return err
			}
			last = e.Time
		}
		if timed && h.Time != last {
			return r.found(where, "it has the time %d, its last entry %d", h.Time, last)
		}
		return nil
	}
	if r.own {
		if err := continues("checkpoint", r.head, true); err != nil {
			return err
		}
	}
	public, err := r.raw.Published()
	switch {
	case err == nil:
		err = continues(published, public, true)
	case !errors.Is(err, store.ErrNotFound):
		err = r.found(published, "%s", err)
	case r.cfg.Copy && !r.cfg.Node && len(r.cfg.Known) > 0:
		err = r.found(published, "it is not there")
	default:
		err = nil
	}
	if err == nil && r.cfg.Copy {
		err = r.begun(public.Checkpoint.Size, continues)
	}
	for _, g := range r.cfg.Known {
		if err == nil && g.Err == nil {
			err = continues(g.Name, store.Head{Checkpoint: g.Checkpoint}, false)
		}
	}
	return err
}

// begun compares the checkpoint that a copy reads towards, which is no smaller than what
// it shows.
func (r *run) begun(shown uint64, continues func(string, store.Head, bool) error) error {
	const where = "kept checkpoint"
	kept, err := r.raw.Kept()
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return r.found(where, "%s", err)
	case kept.Size < shown:
		return r.found(where, "it is of %d entries, the copy shows %d", kept.Size, shown)
	case kept.Size > r.head.Checkpoint.Size:
		return nil // not read to its end
	}
	return continues(where, store.Head{Checkpoint: kept}, false)
}
