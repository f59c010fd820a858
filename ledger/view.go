package ledger

import (
	"errors"
	"fmt"
	"sync"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// ErrNotFound says that the published log does not have what was asked for. Every
// other error of a View is the ledger's own fault.
var ErrNotFound = errors.New("not in the log")

// MaxPage is how many records [View.Key] returns at most, and how many keys [View.Names]:
// what one answer over HTTP has (FORMATS.md, section 5).
const MaxPage = 256

// A View is the log at a published checkpoint. It does not change, it is a
// rules.State, and what was registered later is not there. What it gives away it has
// proved: entries and tiles to be of the tree, and what the indexes and the state say
// by the entries that they name. It may be read as long as the store is open.
type View struct {
	store.State
	store  *store.Store
	head   store.Head
	begun  bool
	policy *verify.Policy

	// includer verifies the checkpoint by the policy when the first receipt is asked for.
	includer func() (*verify.Includer, error)
}

func newView(s *store.Store, head store.Head, policy *verify.Policy) *View {
	return &View{s.State(head), s, head, true, policy, sync.OnceValues(func() (*verify.Includer, error) {
		return policy.Includer(s.Key(), head.Checkpoint)
	})}
}

// Reading returns the same View for one answer, which one goroutine makes: it opens no
// record twice, and counts what it reads ([store.State.Cost]).
func (v *View) Reading() *View {
	one := *v
	one.State = v.State.Reading()
	return &one
}

// Checkpoint returns the signed checkpoint.
func (v *View) Checkpoint() tlog.SignedCheckpoint { return v.head.Checkpoint }

// Begun says whether the View may be shown. With witnesses, that of a new ledger, which has
// no entry, is public when their quorum has cosigned it, as every later one; and so is that
// of a store which lost what was public. Such a View has entries, and nobody sees them.
func (v *View) Begun() bool { return v.begun }

// Policy returns the policy by which receipts are checked before they leave. It is not to
// be changed.
func (v *View) Policy() *verify.Policy { return v.policy }

// Size returns the number of entries.
func (v *View) Size() uint64 { return v.head.Checkpoint.Size }

// absent makes an error of the store one of the ledger.
func absent(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%w: %v", ErrNotFound, err)
	}
	return err
}

// Tile returns a tile of level 0 or above, or ErrNotFound. A tile that is wider by
// now is cut to the width that was asked for. It is shared, and not to be changed.
func (v *View) Tile(t tlog.Tile) ([]byte, error) {
	b, err := v.State.Tile(t)
	return b, absent(err)
}

// Node returns the root of the perfect subtree over the 2^level leaves from index<<level
// on, or ErrNotFound.
func (v *View) Node(level uint, index uint64) (tlog.Hash, error) {
	h, err := v.State.Node(level, index)
	return h, absent(err)
}

// Bundle returns the entries beside a tile of level 0, or ErrNotFound, as Tile does.
func (v *View) Bundle(t tlog.Tile) ([]byte, error) {
	if t.Level != -1 {
		return nil, fmt.Errorf("%s: %w", t.Path(), ErrNotFound)
	}
	b, err := v.State.Bundle(t)
	return b, absent(err)
}

// Entry returns the entry with that index, or ErrNotFound.
func (v *View) Entry(index uint64) ([]byte, error) {
	b, err := v.State.Entry(index)
	return b, absent(err)
}

// Key returns records that the key signed, in the order of the log, with indexes
// from first on: at most limit of them, and at most MaxPage. More says whether there
// are others behind.
func (v *View) Key(key note.PublicKey, first uint64, limit int) (list []store.KeyRecord, more bool, err error) {
	limit = max(0, min(limit, MaxPage))
	list, err = v.store.KeyRecords(key, first, v.Size(), limit+1)
	if len(list) > limit {
		return list[:limit], true, err
	}
	return list, false, err
}

// NewestKey returns the last records that the key signed, the newest first: at most limit
// of them, and at most MaxPage.
func (v *View) NewestKey(key note.PublicKey, limit int) ([]store.KeyRecord, error) {
	return v.store.NewestKeyRecords(key, v.Size(), max(0, min(limit, MaxPage)))
}

// NewestHistory returns the last indexes of what belongs to a contract, the newest first:
// at most limit of them, and at most MaxPage.
func (v *View) NewestHistory(contract record.ID, limit int) ([]uint64, error) {
	return v.State.NewestHistory(contract, max(0, min(limit, MaxPage)))
}

// A NamedKey is a key under a name.
type NamedKey = store.NamedKey

// Names returns the keys that signed under a name with this beginning: at most limit of
// them, and at most MaxPage, by the bytes of the names, and of one name by those of the
// keys, behind after ([store.State.Names]). More says whether there are others behind, or
// may be.
func (v *View) Names(prefix string, after NamedKey, limit int) (list []NamedKey, more bool, err error) {
	return v.State.Names(prefix, after, max(0, min(limit, MaxPage)))
}

// History returns the indexes, from first on, of what belongs to a contract: at most
// MaxPage of them, in the order of the log. More says whether there are others
// behind.
func (v *View) History(contract record.ID, first uint64) (list []uint64, more bool, err error) {
	list, err = v.State.History(contract, first, MaxPage+1)
	if len(list) > MaxPage {
		return list[:MaxPage], true, err
	}
	return list, false, err
}

// Registered returns the record at that index, or ErrNotFound.
func (v *View) Registered(index uint64) (store.Registered, error) {
	r, err := v.State.Registered(index)
	return r, absent(err)
}

// Event returns the record at that index, which is in the time line of the contract.
func (v *View) Event(contract record.ID, index uint64) (store.Registered, error) {
	r, err := v.Registered(index)
	if err != nil {
		return r, err
	}
	if t := r.Record.Text(); t.Contract != contract && t.Replaces != contract && t.Under != contract {
		return store.Registered{}, fmt.Errorf("the store is damaged: entry %d is in the time line of contract %s, and does not name it", index, contract)
	}
	return r, nil
}

// Record returns the record of this id, or ErrNotFound.
func (v *View) Record(id record.ID) (store.Registered, error) {
	index, ok, err := v.Index(id)
	if err != nil {
		return store.Registered{}, err
	}
	if !ok {
		return store.Registered{}, fmt.Errorf("record %s: %w", id, ErrNotFound)
	}
	return v.Registered(index)
}

// Contract returns the contract of this id, or ErrNotFound.
func (v *View) Contract(id record.ID) (store.Registered, error) {
	r, err := v.Record(id)
	if err == nil && r.Record.Text().Kind != record.Contract {
		return store.Registered{}, fmt.Errorf("record %s is a %s, contract: %w", id, r.Record.Text().Kind, ErrNotFound)
	}
	return r, err
}

// registration returns where the record is that was registered before.
func (v *View) registration(index uint64) (Registration, error) {
	b, err := v.Entry(index)
	if err != nil {
		return Registration{}, err
	}
	e, err := record.ParseEntry(b)
	if err != nil {
		return Registration{}, fmt.Errorf("entry %d: %w", index, err)
	}
	return Registration{Index: index, Registered: e.Registered, View: v}, nil
}
