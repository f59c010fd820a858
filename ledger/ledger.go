// Package ledger is a log with rules. A [Log] admits records, gives each its number
// and time, signs and publishes; a [View] reads what was published.
//
// # Commit, publish, answer
//
// One goroutine, the sequencer, puts records into the log, a batch after the other.
// A batch begins as soon as the last one is on disk, and takes all that has gathered,
// so a record that comes alone waits for one sync, and a crowd shares it. The steps
// of a batch, in this order:
//
//  1. ask the rules of each record, with the state that the records before it make;
//  2. add the admitted ones to the tree, prove that it goes on from the checkpoint in
//     the guard, and sign its checkpoint;
//  3. write entries, tiles, indexes, state and checkpoint in one synced commit;
//  4. put the checkpoint into the guard, because from here on it leaves;
//  5. ask the witnesses, until the quorum has cosigned it;
//  6. publish it: one swap of the View that all readers load;
//  7. answer.
//
// A crash before the end of 3 leaves nothing of the batch or all of it, and nobody
// was told; a start publishes what is on disk, through 4, 5 and 6. What a batch
// decides, refusals too, leaves the process after 6, because it may rest on entries of
// the same batch.
//
// No batch begins before the last one is published, so the tree that the witnesses
// are asked for is always the newest, and there is one such tree. While there is no
// quorum, reads go on with the View as it was, and records wait.
//
// When a commit fails, nobody knows what the disk has. The log stops for ever, with
// the View as it was, and tells all who wait; the process ends, and the next one
// reads what there is. It stops as well when the guard has, or a witness shows, a tree
// that this one does not go on from. That witnesses only say so stops a log that begins;
// later it signs nothing more until they cosign again, and reads go on.
//
// Other witnesses take their place between 5 and 6, or two batches ([Log.Reload]), when their
// quorum has cosigned the same tree. A View has the policy by which it is public.
//
// # The end
//
// The order of shutdown is: whoever calls [Log.Append] is told to go ([Log.Close]
// answers all that was accepted), then the readers of Views end, then the store is
// closed.
package ledger

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/witness"
)

// Bounds of the sequencer.
const (
	DefaultBatch = 1024 // records: more would make each wait longer than the sync they share
	DefaultQueue = 4096 // records: at most 128 MiB, and four batches of patience

	// maxBatchBytes keeps a batch well below half of the store's memory table,
	// beyond which Pebble writes it another, slower way.
	maxBatchBytes = 4 << 20
)

// Errors of [Log.Append] after which a record may be tried again, later or
// elsewhere. After [ErrStopped] and [ErrUnconfirmed] it may be registered all the same: ask by id.
var (
	ErrBusy    = errors.New("too many records are waiting")
	ErrClosed  = errors.New("the ledger is closing")
	ErrStopped = errors.New("the ledger has stopped")
)

// ErrNoQuorum says that the witnesses' quorum is not there: of a receipt, that the
// published checkpoint is of a time before the ledger's policy; of [Log.Append], that
// nothing is registered before the witnesses have confirmed the ledger's clock.
var ErrNoQuorum = errors.New("the witnesses have not cosigned yet")

// ErrGuard says that the store lacks what the guard knows to have left it, or has another
// history.
var ErrGuard = errors.New("the store is not the one of which the guard has a checkpoint")

// ErrUnsigned says that the ledger's key could not sign, so that nothing was stored.
var ErrUnsigned = errors.New("the ledger cannot sign")

// ErrDoubt says that witnesses whose word weighs say, without a proof, that they have
// another history of the ledger: nothing is signed as long as they do.
var ErrDoubt = errors.New("witnesses say that they have seen another history of the ledger")

// Config is what a Log works with.
type Config struct {
	Store     *store.Store
	Storage   Storage                              // what decides of the store's tree; nil for the store itself
	Guard     *store.Guard                         // of the same ledger
	Sign      func(message []byte) ([]byte, error) // by the store's key
	Cosigner  *Cosigner                            // nil where the ledger has one key
	Witnesses *witness.Witnesses                   // nil for none; open as long as the Log, or until Reload closes them
	Witnessed bool                                 // witnesses were asked when the ledger ran last: the store says what they made public
	Clock     func() time.Time
	Policy    []byte       // the policy by which receipts are checked before they leave
	MaxBatch  int          // records; 0 for DefaultBatch
	MaxQueue  int          // records; 0 for DefaultQueue
	Past      *Past        // what is public is added to it; nil for one that begins with Open
	Log       *slog.Logger // nil for none

	// Batch is told of each batch that is on disk: its records, and how long it took from
	// the first question to the rules to the end of the commit. Nil for nobody.
	Batch func(records int, took time.Duration)
}

// A Cosigner is the ledger's second key, with which it cosigns its own checkpoints.
type Cosigner struct {
	Key  note.Key // of a type that cosigns, under the ledger's name
	Sign func(message []byte) ([]byte, error)
}

// A Log is the one writer of a ledger.
type Log struct {
	store    *store.Store
	storage  Storage
	guard    *store.Guard
	signer   signer
	past     *Past
	log      *slog.Logger
	maxBatch int
	frozen   bool // for good
	batch    func(records int, took time.Duration)

	// terms is whom the log asks, and by what it judges receipts: for the sequencer to change.
	terms   atomic.Pointer[terms]
	changes chan *change // to the sequencer

	left    tlog.Checkpoint // of the sequencer: what the guard has
	leaving sync.Mutex      // held while the store has a head that the guard has not
	seen    atomic.Int64    // POSIX seconds: by when a quorum of others had seen what is published; 0 without
	idle    atomic.Int64    // POSIX seconds: since when the stored head waits for its quorum; 0 when it does not

	confirmed atomic.Bool // the witnesses' quorum has cosigned since Open; true without witnesses

	// taken is what is on disk for certain. It is for [Log.Taken] alone: nothing else of
	// what is not published leaves the process.
	taken atomic.Pointer[store.State]

	// view is the published head. Readers load it once per request and never look
	// past its size: Pebble shows batches before they are synced.
	view atomic.Pointer[View]

	mu    sync.RWMutex // held to send to queue, and alone to close it
	shut  error        // why nothing is sent any more
	queue chan *Pending

	lost bool // of the sequencer: the store does not say any more what the witnesses made public

	pendingMu sync.Mutex
	pending   map[record.ID][]*Pending // what was taken and is not answered, no two of the same bytes and at most maxForms of an id: as many as queue and a batch have

	err  error         // why the log stopped, nil after Close; set before done
	done chan struct{} // closed when the sequencer has ended

	// ctx ends when nobody waits for witnesses any more.
	ctx    context.Context
	cancel context.CancelFunc
}

// A Registration says where a record is in the log.
type Registration struct {
	Index      uint64
	Registered int64 // POSIX seconds
	New        bool  // false if that id was registered before
	View       *View // covers the index

	record *record.Record // where new: with Registered it makes the entry
}

// Create makes the store and the guard of a new ledger, with the signed checkpoint of
// the empty log. Of cfg it uses Sign, Cosigner and Clock.
func Create(in store.Config, guard store.GuardConfig, cfg Config) error {
	c, err := signer{in.Key, cfg.Sign, cfg.Cosigner, cfg.Clock}.checkpoint(tlog.Checkpoint{Origin: in.Key.Name(), Root: tlog.EmptyRoot()})
	if err != nil {
		return err
	}
	// The store last: what a crash cuts short has none, and is done again.
	if err := store.CreateGuard(guard, c); err != nil {
		return err
	}
	return store.Create(in, c)
}

// Open proves that the store has everything that left the ledger, by its guard, and
// publishes what was published before, or without witnesses all that it has. With
// witnesses it goes on to publish the rest when they have cosigned it; where the store
// has lost what they made public, nothing is public until then ([View.Begun]). It takes
// records from the beginning.
func Open(cfg Config) (*Log, error) {
	l := &Log{
		store:    cfg.Store,
		storage:  cfg.Storage,
		guard:    cfg.Guard,
		signer:   signer{cfg.Store.Key(), cfg.Sign, cfg.Cosigner, cfg.Clock},
		log:      cmp.Or(cfg.Log, slog.New(slog.DiscardHandler)),
		frozen:   cfg.Store.Frozen(),
		maxBatch: cmp.Or(cfg.MaxBatch, DefaultBatch),
		batch:    cfg.Batch,
		queue:    make(chan *Pending, cmp.Or(cfg.MaxQueue, DefaultQueue)),
		pending:  make(map[record.ID][]*Pending),
		changes:  make(chan *change),
		done:     make(chan struct{}),
	}
	if l.storage == nil {
		l.storage = embedded{cfg.Store}
	}
	if err := l.signer.check(cfg.Store.Head().Checkpoint); err != nil {
		return nil, err
	}
	policy, err := readPolicy(cfg.Policy, cfg.Store.Key())
	if err != nil {
		return nil, err
	}
	l.terms.Store(&terms{policy, cfg.Witnesses})
	if l.past = cfg.Past; l.past == nil {
		l.past = NewPast(policy, cfg.Clock)
	}
	if err := l.staysFrozen(); err != nil {
		return nil, err
	}
	if err := l.resume(cfg.Witnessed); err != nil {
		return nil, err
	}
	l.sure()
	l.confirmed.Store(cfg.Witnesses == nil)
	l.ctx, l.cancel = context.WithCancel(context.Background())
	go l.run()
	return l, nil
}

// View returns the published log.
func (l *Log) View() *View { return l.view.Load() }

// Past returns what was public since Open, and before where Config says so.
func (l *Log) Past() *Past { return l.past }

// Key returns the ledger's key.
func (l *Log) Key() note.Key { return l.store.Key() }

// Append registers a record and returns when its entry and a checkpoint that covers
// it are on disk and published. An id that is registered already is a success too,
// whatever its signature lines, and the first stays. The error is a [*rules.Refusal],
// a [*ClockError], ErrFrozen, ErrBusy, ErrClosed, ErrStopped, ErrUnconfirmed, ErrDoubt, that of ctx, or another one
// of the ledger's own. When ctx ends, only the waiting does: the record may be
// registered.
func (l *Log) Append(ctx context.Context, r *record.Record) (Registration, error) {
	if err := ctx.Err(); err != nil {
		return Registration{}, err
	}
	view := l.View()
	absent, index, ok, err := view.Absence(r.ID())
	if err != nil {
		return Registration{}, err
	}
	if ok && view.Begun() {
		return view.registration(index)
	}
	p, shared, err := l.SubmitAbsent(r, absent)
	if err != nil {
		return Registration{}, err
	}
	reg, err := p.Wait(ctx)
	reg.New = reg.New && !shared
	return reg, err
}

// unsure returns the doubt in which a record is not taken; nil for one that is there,
// whose turn may come.
func (l *Log) unsure(id record.ID) error {
	doubt := l.Doubt()
	if doubt == nil {
		return nil
	}
	taken, err := l.Taken(id)
	if taken {
		return nil
	}
	return cmp.Or(err, doubt)
}

// sure has Taken know of all that is in the store: of the sequencer, when no batch is
// being written.
func (l *Log) sure() {
	s := l.store.State(l.store.Head())
	l.taken.Store(&s)
}

// Taken says whether the record of this id is on disk, published or not.
func (l *Log) Taken(id record.ID) (bool, error) {
	_, ok, err := l.taken.Load().Index(id)
	return ok, err
}

// Refuse says why a record whose signature lines are at fault is not registered: a
// [*rules.Refusal], of [rules.Once] where its id is public by now, a [*ClockError],
// ErrNoQuorum where nothing that is registered may be shown, ErrUnconfirmed, ErrStopped, or an
// error of the ledger's own. It waits for its Storage, until ctx ends.
func (l *Log) Refuse(ctx context.Context, fault *record.SignatureError) error {
	view := l.View()
	if view.Size() > 0 && !view.Begun() {
		return ErrNoQuorum // a reason may tell what the tree has
	}
	t, err := l.time(view.LastTime())
	if err != nil {
		return err
	}
	return l.final(ctx, rules.Refuse(view, l.Key(), t, fault))
}

// Waiting returns since when what is stored waits for the witnesses' quorum, in POSIX
// seconds; 0 when nothing does.
func (l *Log) Waiting() int64 { return l.idle.Load() }

// Seen returns by when a quorum of witnesses, without the ledger itself, had seen the published
// tree, in POSIX seconds; 0 where none has.
func (l *Log) Seen() int64 { return l.seen.Load() }

// Reports returns how the witnesses have done; nil where none are asked.
func (l *Log) Reports() []witness.Report {
	if w := l.asked(); w != nil {
		return w.Reports()
	}
	return nil
}

// Confirmed says whether the witnesses' quorum has cosigned the ledger's tree since Open,
// so that what is public is the newest that they have seen. Without witnesses it is true.
func (l *Log) Confirmed() bool { return l.confirmed.Load() }

// closePatience is how long witnesses are waited for at the end: what they have not
// cosigned by then is on disk, and is published by the next start.
const closePatience = 5 * time.Second

// Close takes no more records, waits until all that were taken are answered, and
// returns why the log stopped if it did. The store, the guard and the witnesses stay
// open.
func (l *Log) Close() error {
	l.close(ErrClosed)
	patience := time.AfterFunc(closePatience, l.cancel)
	defer patience.Stop()
	<-l.done
	return l.err
}

func (l *Log) close(why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut == nil {
		close(l.queue)
		l.shut = why
	}
}

// Done returns a channel that is closed when the log takes no more records and has
// answered all: after Close, or when it stopped by itself.
func (l *Log) Done() <-chan struct{} { return l.done }

// Err returns why the log stopped, once Done is closed: nil after Close alone.
func (l *Log) Err() error {
	select {
	case <-l.done:
		return l.err
	default:
		return nil
	}
}
