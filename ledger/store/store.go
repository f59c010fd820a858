// Package store keeps a ledger on disk: its entries, the tiles of its tree, what
// the rules ask for, and the signed checkpoint, in one Pebble database. It is the
// only package that sees Pebble.
//
// # Keys
//
// A key begins with the name of its table; numbers in it are big-endian, so that
// they sort.
//
//	format                            "chirograph store 3\n", the ledger's vkey, "\n"
//	                                  of a copy "chirograph copy 3\n", the same
//	head                              time of the last entry, "\n", the signed checkpoint; of a copy its text
//	published                         where it is not the head: the published one, signed, of the same form; of a copy the one that it shows
//	kept                              of a copy: the newest checkpoint that the ledger signed
//	note                              of a copy: what its maker keeps with it
//	frozen                            of a ledger that is frozen for good: the text of its checkpoint
//	e index(8)                        the entry
//	t level(1) index(8) start(2)      hashes of that tile from number start on
//	r id(32)                          index(8) of the record, its kind(1)
//	k public key(32) index(8)         kind(1) of a record that the key signed
//	v public key(32)                  index(8) of the key's revocation
//	c contract(32)                    the first contract of its chain(32), its depth(8), above 0
//	x contract(32) kind(1) index(8)   day(4) and id(32) of what ends it: a contract, a termination
//	d chain(32) index(8)              of a dispute: depth(8), index of its resolution(8), id(32)
//	o chain(32) depth(8) index(8)     id(32) of a dispute that is open
//	s chain(32) index(8)              of a resolution: index(8) of the dispute that it settles
//	h contract(32) index(8)           kind(1) of an entry in its time line
//	a name 0(1) public key(32)        index(8) and id(32) of the first record that the key signed under the name
//
// The tile at the right edge is kept in pieces, one a batch, so that a lone record
// writes 32 bytes and not a tile; the batch that fills the tile puts the whole in
// their place, at start 0. A tile of a smaller width is a prefix of what is there.
//
// # What holds
//
// A batch is on disk whole or not at all, with the checkpoint of the tree that it
// makes. So everything here agrees with the head at every moment, after a crash at
// any of them too, and there is nothing to repair; [Open] makes sure of it at the
// right edge. Tiles and entries never change. After a failed write the store has
// [Store.Failed] and writes nothing any more: what a disk that failed holds, a
// process learns only by starting again.
//
// One goroutine writes. Any may read, and sees a batch before [Batch.Commit] has
// returned: who may not, reads no index beyond the size that it was told.
package store

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Format is the format that this program reads and writes.
const Format = "chirograph store 3"

// format is the first line of the format key. What follows it is of another form
// when the number is another.
const format = Format + "\n"

// remedies says what to do with a store of another format. What is in a store of the
// first number lacks the tables o and s, of the second the table a.
var remedies = map[string]string{
	"chirograph store 1": ": chirographd rebuild makes it of this one",
	"chirograph store 2": ": chirographd rebuild makes it of this one",
	"chirograph copy 1":  ": a new copy is made in another folder",
	"chirograph copy 2":  ": a new copy is made in another folder",
}

// ErrNotFound says that the store was asked for something that it does not have.
// Every other error of a read says that the store could not be read or is damaged.
var ErrNotFound = errors.New("not in the store")

// ErrHeld says that another process has the store open.
var ErrHeld = errors.New("held by another process")

// ErrBehind says that a store has less than left the ledger, by its guard.
var ErrBehind = errors.New("the store is behind its guard")

// Config says where a store is and whose it is.
type Config struct {
	Dir   string
	FS    vfs.FS       // nil for the disk
	Key   note.Key     // the ledger's, with which its checkpoints are signed
	Guard string       // the directory of its guard, on the same FS; "" for a store that has none
	Bulk  bool         // a copy that is read in bulk, from its beginning or nearly: larger steps
	Log   *slog.Logger // nil for none
}

// A Store is an open store.
type Store struct {
	db   *pebble.DB
	lock *pebble.Lock // nil where Pebble has it
	disk disk         // as Pebble has it
	dir  string
	key  note.Key
	copy bool // of a log that another keeps

	readOnly bool

	// Of the one goroutine that writes. edge[L] has the hashes of the last tile
	// of level L while it is not full.
	head      Head
	published *Head // nil where it is the head
	frozen    bool
	tree      tlog.Tree
	edge      [levels][]byte
	prover    *prover // of the head
	recent    recent
	valid     lately[note.PublicKey] // that nothing revokes
	named     lately[naming]         // that are in the table a

	proven proven                                              // of all readers
	known  memory[[ed25519.PublicKeySize]byte, note.PublicKey] // of all readers: keys that records name

	failed  chan struct{} // closed when err is set
	failing sync.Once
	err     error
}

// A Head is what a store says of itself as a whole.
type Head struct {
	Checkpoint tlog.SignedCheckpoint // of all entries; in a copy without its note, because nobody signs it
	Time       int64                 // when the last entry was registered, POSIX seconds; 0 if there is none
}

// Create makes a store with no entries in a directory that has none. The
// checkpoint is the signed one of the empty tree.
func Create(cfg Config, checkpoint tlog.SignedCheckpoint) error {
	if err := checkSigned(cfg.Key, checkpoint, new(tlog.Tree)); err != nil {
		return err
	}
	s, err := open(cfg, true)
	if err != nil {
		return err
	}
	if err := s.create(checkpoint); err != nil {
		return errors.Join(fmt.Errorf("store %s: %w", s.dir, err), s.Close())
	}
	return s.Close()
}

func (s *Store) create(checkpoint tlog.SignedCheckpoint) error {
	// A creation that a crash cut short has left no key, and is done again.
	it, err := s.db.NewIter(nil)
	if err != nil {
		return err
	}
	exists := it.First()
	if err := it.Close(); err != nil {
		return err
	}
	if exists {
		return errors.New("exists already")
	}
	b := s.db.NewBatch()
	head := Head{Checkpoint: checkpoint}
	if err := errors.Join(
		b.Set(formatKey, []byte(s.format()+s.key.String()+"\n"), nil),
		b.Set(headKey, s.headBytes(head), nil),
	); err != nil {
		return err
	}
	return s.call(func() error { return s.db.Apply(b, pebble.Sync) })
}

// Open opens the store of the ledger of that key, and proves that its checkpoint is
// the key's, that the right edge of its tiles hashes to it, that its last entry is
// the last leaf, and that there is nothing beyond. One that has fewer entries than its guard
// knows of is not opened, and stays as it is: the error is ErrBehind.
func Open(cfg Config) (*Store, error) {
	if err := notBehind(cfg); err != nil {
		return nil, err
	}
	s, err := open(cfg, false)
	if err != nil {
		return nil, err
	}
	if err := s.call(s.load); err != nil {
		return nil, errors.Join(fmt.Errorf("store %s: %w", s.dir, err), s.Close())
	}
	return s, nil
}

// checkFormat compares what the format key says with what this program reads.
func (s *Store) checkFormat() error {
	value, err := s.get(formatKey)
	if errors.Is(err, ErrNotFound) {
		return errors.New("was never finished: it has no format number")
	}
	if err != nil {
		return err
	}
	got, rest, _ := strings.Cut(string(value), "\n")
	if want := strings.TrimSuffix(s.format(), "\n"); got != want {
		switch got + "\n" {
		case copyFormat:
			return ErrCopy
		case format:
			return ErrOwn
		}
		return fmt.Errorf("has the format %.80q, this program reads %q%s", got, want, remedies[got])
	}
	if want := s.key.String(); rest != want+"\n" {
		return fmt.Errorf("is of the ledger %.400s, not %s", strings.TrimSuffix(rest, "\n"), want)
	}
	return nil
}

// Head returns the head. It is for the goroutine that writes.
func (s *Store) Head() Head { return s.head }

// Key returns the ledger's key.
func (s *Store) Key() note.Key { return s.key }

// Failed returns a channel that is closed when a write has failed. The process
// should end then, and never write to the disk as if it had not.
func (s *Store) Failed() <-chan struct{} { return s.failed }

// Err returns why the store failed, once Failed is closed.
func (s *Store) Err() error {
	select {
	case <-s.failed:
		return s.err
	default:
		return nil
	}
}

// Close closes the store, when nobody reads or writes any more. A store that failed
// stays as the failure left it, with its directory held, until the process ends.
func (s *Store) Close() error {
	if err := s.Err(); err != nil {
		return err
	}
	err := s.call(s.db.Close)
	if s.lock != nil && s.Err() == nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}
