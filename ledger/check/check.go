// Package check reads a store that no process has, and believes nothing of it: [Run]
// says everything that is wrong with it, and [Rebuild] makes what follows from the
// entries anew.
//
// # What is compared
//
// The head, what is published and both files of the guard are signed by the ledger, and
// of one history; each line under them whose key is known verifies, and a ledger that asks
// witnesses shows what they cosigned. Every entry has its form, every signature in it holds, and the rules
// of admission admit it after those before it. Its leaf hash is the one in its tile,
// and the tiles are those of the head, level by level: where two do not agree, the hash
// above says which is wrong. What follows from the entries, the indexes and the state,
// is made again in a copy beside, by the code that made it, and compared key for key,
// both ways; and there is no key that no ledger has. The checksums of all blocks of the
// database hold.
//
// What it takes: the time of one signature check for each signature line, on all cores;
// memory for some thousand entries; and on disk as much as the store has, for the copy.
package check

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// MaxFindings is how many findings are told: who has that many looks at the disk, and
// not at the list. A check ends there.
const MaxFindings = 100

// Config says what is checked.
type Config struct {
	Store    store.Config      // FS, Dir and Key
	Copy     bool              // the store is a copy of a log that another keeps
	Node     bool              // it is that of a node, whose guard may know of more than the copy shows
	Known    []store.GuardFile // what the ledger signed and others keep: those of the guard; none for nothing
	Policy   *verify.Policy    // whose keys' lines under a checkpoint have to verify; nil for the ledger's own alone
	Quorum   bool              // what is public has to meet the quorum of Policy: the ledger asks witnesses
	State    string            // directory of what is kept while the check runs, of which nothing else is in; removed at its end
	Progress func(Progress)    // called after each bundle, and every some thousand keys that are compared; nil for none
	Log      *slog.Logger      // of what is made again; nil for none
}

// A Progress says how far a check is.
type Progress struct {
	First    uint64 // where this run began
	Done     uint64 // entries below are read
	Size     uint64
	Compared uint64 // keys of indexes and state, when all entries are read
}

// A Finding is something that is wrong.
type Finding struct {
	Where string `json:"where"`
	What  string `json:"what"`
	Entry bool   `json:"entry,omitempty"` // an entry is wrong, which nothing brings back but a copy
	Unmet bool   `json:"unmet,omitempty"` // what is public lacks cosignatures, which the ledger asks for again
}

func (f Finding) String() string { return f.Where + ": " + f.What }

// A Result is what a check found.
type Result struct {
	Head     store.Head // of a copy: what it shows, zero where it shows nothing yet
	Resumed  uint64     // entries below were read by an earlier run that was interrupted
	Anew     bool       // an earlier run was interrupted, and the store is not as it was then: nothing of that run was taken
	Findings []Finding
	More     bool   // there may be others: the check ended at MaxFindings
	Open     string // what could not be compared because of the findings; "" for nothing
}

// errFull ends a check that has enough findings.
var errFull = errors.New("enough findings")

// Run checks a store. The error says why it could not be checked to its end: it is
// [store.ErrHeld], or there is none, or ctx ended, after which the next run goes on
// where this one stopped if nobody opens the store for writing before. A store that is so damaged that it does not open is a finding.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	c := &checker{cfg: cfg, result: new(Result)}
	err := c.run(ctx)
	if errors.Is(err, errFull) {
		c.result.More, err = true, nil
	}
	if err == nil && c.opened {
		err = removeState(cfg)
	}
	c.result.Findings = c.findings
	return c.result, err
}

// A checker is one run.
type checker struct {
	cfg    Config
	raw    *store.Raw
	head   store.Head
	own    bool                  // the head is the store's own
	anchor tlog.SignedCheckpoint // of the ledger's key, by which a later run knows the store again; zero for none
	opened bool                  // what is in cfg.State is of a check
	result *Result
	findings
}

// findings are those so far.
type findings []Finding

// add tells of one more. It fails when these are enough.
func (f *findings) add(finding Finding) error {
	*f = append(*f, finding)
	if len(*f) >= MaxFindings {
		return errFull
	}
	return nil
}

func (f *findings) found(where, format string, args ...any) error {
	return f.add(Finding{Where: where, What: fmt.Sprintf(format, args...)})
}

func (f *findings) entry(index uint64, format string, args ...any) error {
	return f.add(Finding{Where: entryName(index), What: fmt.Sprintf(format, args...), Entry: true})
}

func entryName(index uint64) string { return fmt.Sprintf("entry %d", index) }

func (c *checker) run(ctx context.Context) (err error) {
	open := store.OpenRaw
	if c.cfg.Copy {
		open = store.OpenRawCopy
	}
	c.raw, err = open(c.cfg.Store)
	if errors.Is(err, store.ErrDamaged) {
		c.result.Open = "nothing else could be read"
		return c.found("store", "%s", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.raw.Close()) }()
	if err := c.known(); err != nil {
		return err
	}
	if ok, err := c.heads(); !ok || err != nil {
		return err
	}
	if err := c.signatures(); err != nil {
		return err
	}
	if err := c.frozen(); err != nil {
		return err
	}
	if err := c.files(ctx); err != nil {
		return err
	}
	return c.entries(ctx)
}

// known tells of checkpoints that are none.
func (c *checker) known() error {
	for _, k := range c.cfg.Known {
		if k.Err != nil {
			if err := c.found(k.Name, "%s", k.Err); err != nil {
				return err
			}
		}
	}
	return nil
}

// heads reads the format, and the head under which the rest is checked. It returns
// false where there is none.
func (c *checker) heads() (bool, error) {
	number, key, err := c.raw.Format()
	switch {
	case err != nil:
		err = c.found("format", "%s", err)
	case number != c.raw.WantFormat():
		err = c.found("format", "it is %.80q, this program reads %q", number, c.raw.WantFormat())
	case key != c.raw.Key().String():
		err = c.found("format", "it is of the ledger %.400s, not %s", key, c.raw.Key())
	}
	if err != nil {
		return false, err
	}
	if c.head, err = c.raw.Head(); err == nil {
		c.own, c.result.Head, c.anchor = true, c.head, c.head.Checkpoint
		if c.cfg.Copy {
			c.result.Head, _ = c.raw.Published() // why it cannot be read, history says
			c.anchor = c.result.Head.Checkpoint
		}
		return true, nil
	}
	if err := c.found("checkpoint", "%s", err); err != nil {
		return false, err
	}
	last, ok := newest(c.cfg.Known)
	if !ok || c.cfg.Copy {
		c.result.Open = "without a checkpoint that the ledger signed, in the store or its guard, the rest says nothing"
		return false, nil
	}
	c.head = store.Head{Checkpoint: last}
	c.result.Head = c.head
	c.result.Open = fmt.Sprintf("the rest was compared with the checkpoint of size %d that its guard has", last.Size)
	return true, nil
}

// newest returns the largest of the checkpoints.
func newest(known []store.GuardFile) (last tlog.SignedCheckpoint, ok bool) {
	for _, g := range known {
		if g.Err == nil && (!ok || g.Checkpoint.Size > last.Size) {
			last, ok = g.Checkpoint, true
		}
	}
	return last, ok
}

// files reads every block of the database.
func (c *checker) files(ctx context.Context) error {
	return c.raw.Files(func(name string, err error) error {
		if err == nil {
			return ctx.Err()
		}
		return c.found("file "+name, "%s", err)
	})
}
