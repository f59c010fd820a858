// Package audit reads a whole log through the rules: it fetches the entries of a
// ledger, computes every leaf and node of its tree, checks every signature, and asks
// [rules.Admit] of each entry what the ledger should have asked.
//
// It keeps what it read in a copy of the log, in a store of its own, made by the code
// that makes the ledger's. So an audit that was cut short goes on where it stopped, a
// later one reads only what is new, and each is proved to continue the one before.
//
// [Hashes] compares all that is served with the tree that was signed, and judges nothing.
//
// # What holds
//
// No entry is judged before it is proved to be in the tree that the ledger signed, so
// that whoever answers in the ledger's name cannot have it accused of what it did not
// sign. Nothing is in the copy but what was proved so and broke no rule. What the
// ledger says of a contract is compared with the copy as it was at the size and the
// time that the ledger names, so that an honest one may go on, stand behind a cache,
// and have another clock; what cannot be compared is not passed over. A finding that
// rests on what the ledger signed comes with evidence, which [verify.Evidence]
// has judged before it is given away.
//
// Signatures in entries are checked by keys that are expanded when they come again
// (package crypto/expanded), whose answer is that of the standard library; whatever the
// ledger is accused of, the standard library has confirmed.
package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/chirograph/chirograph/crypto/expanded"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// What a ledger may be found at that is no rule of admission, and not [verify.Fork].
const (
	Tree   rules.Rule = "tree"   // what it serves is not of the tree that it signed
	Status rules.Rule = "status" // what it says of a contract is not what its log says
	Behind rules.Rule = "behind" // it shows an older tree than one that it has signed
)

// ErrHeld says that another process has the copy open.
var ErrHeld = store.ErrHeld

// Config says what is audited, and where the copy is.
type Config struct {
	Client   *client.Client   // asks the ledger
	Policy   *verify.Policy   // the client's: under it evidence is judged
	Dir      string           // of the copy; it is made where there is none
	Copy     *store.Store     // the copy, open and left open; nil for the one in Dir
	Clock    func() time.Time // says on which day contracts are compared
	Keys     *expanded.Keys   // remembers who signed, from one run to the next; nil for this run alone
	Random   io.Reader        // chooses the tiles and contracts that are compared
	Progress func(Progress)   // called after each bundle; nil for none
	Log      *slog.Logger     // of the store; nil for none
}

// A Progress says how far an audit is.
type Progress struct {
	First uint64 // where this audit began
	Done  uint64 // entries below are judged
	Size  uint64 // of the log
}

// A Result is what an audit found out, also where it could not go on.
type Result struct {
	Ledger     note.Key
	Checkpoint *verify.Checkpoint     // that the ledger showed, with the policy's quorum; nil where it showed none
	Shown      *tlog.SignedCheckpoint // the same as it came, with lines of keys that the policy does not know
	SeenBy     int64                  // POSIX seconds: when a quorum had cosigned it; 0 where the policy asks for none
	Known      uint64                 // entries below were judged by an earlier audit
	Judged     uint64                 // entries below break no rule
	Hashed     uint64                 // of [Hashes]: entries below are those of the tree
	Tiles      int                    // that were fetched to be compared
	Contracts  int                    // whose status was compared
	Finding    *Finding               // nil where nothing was found
}

// A Finding is the first thing that is wrong.
type Finding struct {
	Rule     rules.Rule
	Index    uint64    // of the entry; of a fork the size of the smaller tree
	ID       record.ID // of the record, or of the contract; zero where there is none in form
	Reason   string
	Evidence []byte // nil where nothing that the ledger signed shows it
	Doubt    string // what the evidence leaves open; "" for nothing
}

func (f *Finding) String() string {
	switch f.Rule {
	case verify.Fork:
		return "fork: " + f.Reason
	case Tree, Status, Behind:
		return string(f.Rule) + ": " + f.Reason
	case verify.Backdating:
		return fmt.Sprintf("entry %d is backdated: %s", f.Index, f.Reason)
	}
	return fmt.Sprintf("entry %d breaks the rule %s: %s", f.Index, f.Rule, f.Reason)
}

// Run audits a ledger from where the copy ends to its latest checkpoint. The result is
// there beside an error too, which says why not all could be judged: the ledger did not
// answer, the store failed, an entry is an [*verify.UnknownKind], or the status of a
// contract could not be compared. There is none where the copy could not be opened: it
// is [ErrHeld], or the directory has something else.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	if cfg.Copy != nil {
		return run(ctx, cfg, cfg.Copy)
	}
	s, err := store.OpenCopy(store.Config{Dir: cfg.Dir, Key: cfg.Client.Ledger(), Bulk: true, Log: cfg.Log})
	if err != nil {
		return nil, err
	}
	return run(ctx, cfg, s)
}

// Read does what [Run] does with the entries, into a copy that is open, and compares
// nothing beside them: it asks for the checkpoint, tiles and bundles of the ledger, and
// for nothing else. Random and Clock of cfg are not used.
func Read(ctx context.Context, cfg Config) (*Result, error) {
	return runner(ctx, cfg, cfg.Copy, (*auditor).read)
}

// run audits into an open copy, and closes it where the caller had none open.
func run(ctx context.Context, cfg Config, s *store.Store) (*Result, error) {
	return runner(ctx, cfg, s, (*auditor).run)
}

func runner(ctx context.Context, cfg Config, s *store.Store, do func(*auditor) error) (*Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	result := &Result{Ledger: cfg.Client.Ledger()}
	a := &auditor{Config: cfg, ctx: ctx, store: s, result: result}
	if a.Keys == nil && s != nil {
		a.Keys = expanded.New()
	}
	err := do(a)
	var found *finding
	if errors.As(err, &found) {
		result.Finding, err = &found.Finding, nil
	}
	if s == nil {
		return result, err
	}
	result.Judged = s.Head().Checkpoint.Size
	if cfg.Copy == nil {
		err = errors.Join(err, s.Close())
	}
	if failed := s.Err(); failed != nil { // all that came after comes of it
		return result, failed
	}
	return result, err
}

// An auditor is one run.
type auditor struct {
	Config
	ctx    context.Context
	store  *store.Store
	tiles  *tiles // of the ledger's checkpoint
	result *Result
}

// A finding ends a run as an error does.
type finding struct{ Finding }

func (f *finding) Error() string { return f.String() }

func found(rule rules.Rule, index uint64, format string, args ...any) error {
	return &finding{Finding{Rule: rule, Index: index, Reason: fmt.Sprintf(format, args...)}}
}

// read judges what is new.
func (a *auditor) read() error {
	a.result.Known = a.store.Head().Checkpoint.Size
	checkpoint, err := a.show()
	if err != nil {
		return err
	}
	return a.follow(checkpoint)
}

// show asks for the ledger's checkpoint, and takes it.
func (a *auditor) show() (*verify.Checkpoint, error) {
	checkpoint, err := a.Client.Checkpoint(a.ctx)
	if err != nil {
		return nil, err
	}
	shown := checkpoint.SignedCheckpoint
	a.result.Shown = &shown
	return checkpoint, a.take(checkpoint)
}

// take makes a checkpoint the one that all is compared with.
func (a *auditor) take(checkpoint *verify.Checkpoint) (err error) {
	checkpoint.Note.Signatures = a.known(checkpoint.Note.Signatures)
	a.result.Checkpoint = checkpoint
	if a.result.SeenBy, err = a.Policy.SeenBy(checkpoint); err != nil {
		return err
	}
	a.tiles = a.tilesOf(checkpoint.Checkpoint)
	return nil
}

func (a *auditor) run() error {
	if err := a.read(); err != nil {
		return err
	}
	if err := a.compareTiles(); err != nil {
		return err
	}
	return a.compareContracts()
}

// follow judges the entries from where the copy ends to the checkpoint that was taken.
func (a *auditor) follow(checkpoint *verify.Checkpoint) error {
	if err := a.continues(checkpoint); err != nil {
		return err
	}
	if err := a.replay(a.store.Head().Checkpoint.Size); err != nil {
		return err
	}
	if head := a.store.Head().Checkpoint; head.Size != checkpoint.Size || head.Root != checkpoint.Root {
		return found(Tree, 0, "%d entries give the root %s, the checkpoint has %d entries and %s", head.Size, head.Root, checkpoint.Size, checkpoint.Root)
	}
	return nil
}

// known returns the signature lines of keys that the policy knows. Others, which a
// ledger may add as long and as many as it likes, would only fill what is kept.
func (a *auditor) known(all []note.Signature) (known []note.Signature) {
	for _, s := range all {
		if slices.ContainsFunc(a.Policy.Logs, func(l verify.Log) bool { return s.By(l.Key) }) ||
			slices.ContainsFunc(a.Policy.Witnesses, func(w verify.Witness) bool { return s.By(w.Key) }) {
			known = append(known, s)
		}
	}
	return known
}
