package check

import (
	"encoding/json"
	"errors"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/ledger/store"
)

// stateMark is the name of a file in what a check keeps while it runs. What it is in, is a
// check's to remove, also when it was killed while it made or removed it, and what is left
// is no database.
const stateMark = "of-a-check"

// begin opens the copy, and goes on where an earlier run stopped if the store is still as
// it was: what that read can have been damaged since, or repaired.
func (r *run) begin() error {
	s, err := r.open()
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
		if none != nil && !r.marked() {
			return errors.Join(errors.New("it has a copy of a log that no check made: name another folder"), s.Close())
		}
		if err := errors.Join(s.Close(), removeState(r.cfg)); err != nil {
			return err
		}
		if s, err = store.OpenCopy(r.state()); err != nil {
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
	if err := r.mark(); err != nil || r.anchor.Origin == "" {
		return err // without an anchor no run goes on from this one
	}
	return s.Keep(r.anchor)
}

// state is where the copy is.
func (r *run) state() store.Config {
	return store.Config{Dir: r.cfg.State, FS: r.cfg.Store.FS, Key: r.cfg.Store.Key, Bulk: true, Log: r.cfg.Log}
}

// open opens the copy. One of a check that does not open was cut short, and is made anew.
func (r *run) open() (*store.Store, error) {
	s, err := store.OpenCopy(r.state())
	if err == nil || errors.Is(err, store.ErrHeld) || !r.marked() {
		return s, err
	}
	if err := removeState(r.cfg); err != nil {
		return nil, err
	}
	return store.OpenCopy(r.state())
}

// earlier returns what an earlier run kept, if this one can go on from it.
func (r *run) earlier(s *store.Store) (k kept, ok bool) {
	begun, err := s.Kept()
	if err != nil || r.anchor.Origin == "" {
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

func (c Config) files() vfs.FS {
	if c.Store.FS == nil {
		return vfs.Default
	}
	return c.Store.FS
}

// mark says of the copy that a check made it.
func (r *run) mark() error {
	files := r.cfg.files()
	f, err := files.Create(files.PathJoin(r.cfg.State, stateMark), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	return f.Close()
}

// marked says whether what is there is of a check.
func (r *run) marked() bool {
	files := r.cfg.files()
	_, err := files.Stat(files.PathJoin(r.cfg.State, stateMark))
	return err == nil
}

// removeState removes what a check kept, the mark last.
func removeState(cfg Config) error {
	files := cfg.files()
	names, err := files.List(cfg.State)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, name := range names {
		if name != stateMark {
			err = errors.Join(err, files.RemoveAll(files.PathJoin(cfg.State, name)))
		}
	}
	if err != nil {
		return err
	}
	return files.RemoveAll(cfg.State)
}
