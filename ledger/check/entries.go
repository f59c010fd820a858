package check

import (
	"context"
	"encoding/json"
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
	Next     uint64    `json:"next"`    // entries below are read; a multiple of 256
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
	err = bundles(ctx, c.raw, r.first, size, true, r.bundle)
	if err != nil {
		return err
	}
	if size == 0 || r.first == size {
		if err := r.tree.end(c.head.Checkpoint.Checkpoint); err != nil {
			return err
		}
	}
	if err := r.next(nil); err != nil {
		return err
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
	for _, table := range []byte(store.Tables) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.raw.Compare(r.store, table, c.differs); err != nil {
			if err := c.unread("table "+string(table), err); err != nil {
				return err
			}
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

// begin opens the copy, and goes on where an earlier run stopped if the store is still as
// it was: what that read can have been damaged since, or repaired.
func (r *run) begin() error {
	cfg := store.Config{Dir: r.cfg.State, FS: r.cfg.Store.FS, Key: r.cfg.Store.Key, Log: r.cfg.Log}
	s, err := store.OpenCopy(cfg)
	if err != nil {
		return err
	}
	if r.of, err = r.raw.Identity(); err != nil {
		return errors.Join(err, s.Close())
	}
	k, ok := r.earlier(s)
	_, none := s.Noted()
	r.result.Anew = !ok && none == nil
	if !ok && s.Head().Checkpoint.Size > 0 {
		if none != nil {
			return errors.Join(errors.New("it has a copy of a log that no check made: name another folder"), s.Close())
		}
		if err := errors.Join(s.Close(), removeState(r.cfg)); err != nil {
			return err
		}
		if s, err = store.OpenCopy(cfg); err != nil {
			return err
		}
	}
	r.deriver, r.opened = deriver{s, s.NewBatch()}, true
	r.told = len(r.findings)
	if ok {
		r.first, r.tree, r.stop = k.Next, k.Tree, k.Stop
		r.findings = append(r.findings, k.Findings...)
	}
	r.tree.raw, r.tree.found = r.raw, &r.findings
	if !r.own {
		return nil // no run goes on from this one
	}
	return s.Keep(r.head.Checkpoint)
}

// earlier returns what an earlier run kept, if this one can go on from it.
func (r *run) earlier(s *store.Store) (k kept, ok bool) {
	begun, err := s.Kept()
	if err != nil || !r.own {
		return k, false
	}
	b, err := s.Noted()
	if err != nil || json.Unmarshal(b, &k) != nil || k.Store != r.of || k.Derived != s.Head().Checkpoint.Size {
		return k, false
	}
	return k, r.raw.Continues(begun.Checkpoint, r.head.Checkpoint.Checkpoint) == nil
}

// keep writes what was done so far.
func (r *run) keep(next uint64) error {
	b, err := json.Marshal(kept{r.of, next, r.store.Head().Checkpoint.Size + uint64(r.batch.Len()), r.tree, r.stop, r.findings[r.told:]})
	if err != nil {
		return err
	}
	return r.next(b)
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
		r.cfg.Progress(Progress{r.first, end, size})
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
	published, err := r.raw.Published()
	if err == nil {
		err = continues("published checkpoint", published, true)
	} else if errors.Is(err, store.ErrNotFound) {
		err = nil
	} else {
		err = r.found("published checkpoint", "%s", err)
	}
	for _, g := range r.cfg.Known {
		if err == nil && g.Err == nil {
			err = continues(g.Name, store.Head{Checkpoint: g.Checkpoint}, false)
		}
	}
	return err
}
