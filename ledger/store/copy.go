package store

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// What the format key of a copy begins with.
const (
	anyCopy    = "chirograph copy " // of any version
	copyFormat = anyCopy + "3\n"
)

// Errors of a store that is opened as what it is not: by [Open] a copy, by [OpenCopy] a
// ledger's own.
var (
	ErrCopy = errors.New("the store is a copy of a ledger's log")
	ErrOwn  = errors.New("the store is a ledger's own, and no copy")
)

// copied is what [Store.copy] is in a copy.
const copied = true

// OpenCopy opens a copy of a log that another keeps, and makes it where the directory
// is new or empty; one that has something else it leaves alone. A copy has the same tables as the ledger's own store, made by
// the same code, and differs in its head, which is the tree that was read so far and
// is signed by nobody. No ledger opens a copy as its own, and nobody a ledger's store
// as a copy. It is proved as [Open] proves a store.
func OpenCopy(cfg Config) (*Store, error) {
	if err := free(cfg); err != nil {
		return nil, fmt.Errorf("store %s: %w", cfg.Dir, err)
	}
	s, err := open(cfg, true)
	if err != nil {
		return nil, err
	}
	s.copy = copied
	if err := s.openCopy(); err != nil {
		return nil, errors.Join(fmt.Errorf("store %s: %w", s.dir, err), s.Close())
	}
	return s, nil
}

// IsCopy says whether a store is a copy by the form that it says it has. It reads no more,
// and changes nothing. Of what is not to be read the answer is no: whoever opens it finds
// out why. The error is ErrHeld where a process has it.
func IsCopy(cfg Config) (bool, error) {
	r, err := OpenRawCopy(cfg)
	if errors.Is(err, ErrHeld) {
		return false, err
	}
	if err != nil {
		return false, nil
	}
	number, _, err := r.Format()
	return err == nil && strings.HasPrefix(number, anyCopy), r.Close()
}

// free says whether the directory has a database, or nothing but what is left of one
// that a crash cut short.
func free(cfg Config) error {
	files := cfg.FS
	if files == nil {
		files = vfs.Default
	}
	names, err := files.List(cfg.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if desc, err := pebble.Peek(cfg.Dir, files); err != nil || desc.Exists {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		if !leftover.MatchString(name) {
			return fmt.Errorf("has %q and no copy of a log: one is made in a folder that is new or empty", name)
		}
	}
	return nil
}

// leftover is what Pebble names its files.
var leftover = regexp.MustCompile(`\A(LOCK|(MANIFEST|OPTIONS)-[0-9]+|marker\.[^/]+|temporary\.[0-9]+\.dbtmp|[0-9]+\.(log|sst|dbtmp))\z`)

func (s *Store) openCopy() error {
	key, err := s.lastKey(nil, nil)
	if err != nil {
		return err
	}
	if key == nil {
		empty := tlog.Checkpoint{Origin: s.key.Name(), Root: tlog.EmptyRoot()}
		if err := s.create(tlog.SignedCheckpoint{Checkpoint: empty}); err != nil {
			return err
		}
	}
	return s.call(s.load)
}

// CommitCopy writes the batch to a copy. It does not wait for the disk: a crash may
// take the last batches, each whole and none without those after it. [Store.Sync]
// waits for all.
func (b *Batch) CommitCopy() error {
	checkpoint, err := b.Checkpoint()
	if err := errors.Join(err, b.store.Err(), b.store.is(copied)); err != nil {
		return errors.Join(err, b.Close())
	}
	return b.commit(tlog.SignedCheckpoint{Checkpoint: checkpoint}, pebble.NoSync)
}

// Sync returns when everything that was committed is on disk.
func (s *Store) Sync() error {
	return s.write(func() error { return s.db.LogData(nil, pebble.Sync) })
}

// Keep puts a checkpoint of the ledger, which the caller has verified, in the place
// of the one that a copy kept before. It returns when it is on disk, with everything
// that was committed.
func (s *Store) Keep(c tlog.SignedCheckpoint) error {
	if err := s.is(copied); err != nil {
		return err
	}
	return s.write(func() error { return s.db.Set(keptKey, c.Bytes(), pebble.Sync) })
}

// Kept returns the checkpoint that a copy keeps, or ErrNotFound.
func (s *Store) Kept() (tlog.SignedCheckpoint, error) {
	b, err := s.get(keptKey)
	if err != nil {
		return tlog.SignedCheckpoint{}, fmt.Errorf("kept checkpoint: %w", err)
	}
	c, err := tlog.ParseSignedCheckpoint(b)
	if err != nil {
		return tlog.SignedCheckpoint{}, fmt.Errorf("kept checkpoint: %w", err)
	}
	return c, nil
}

// write does what writes, after which the store has failed if it did.
func (s *Store) write(f func() error) error {
	if err := s.Err(); err != nil {
		return err
	}
	if err := s.call(f); err != nil {
		s.fail(err)
		return s.err
	}
	return nil
}

// IsCopy says whether the store is a copy now. It is for the goroutine that writes.
func (s *Store) IsCopy() bool { return s.copy }

// is says whether the store is a copy, or is none.
func (s *Store) is(wanted bool) error {
	switch {
	case s.copy == wanted:
		return nil
	case s.copy:
		return ErrCopy
	}
	return ErrOwn
}

func (s *Store) format() string {
	if s.copy {
		return copyFormat
	}
	return format
}

func (s *Store) headBytes(h Head) []byte {
	if s.copy {
		return append(fmt.Appendf(nil, "%d\n", h.Time), h.Checkpoint.Text()...)
	}
	return h.bytes()
}

func (s *Store) parseHead(b []byte) (Head, error) {
	if s.copy {
		return parseHeadOf(b, unsigned)
	}
	return parseHead(b)
}

// unsigned reads the text of a checkpoint.
func unsigned(text []byte) (tlog.SignedCheckpoint, error) {
	c, err := tlog.ParseCheckpoint(text)
	return tlog.SignedCheckpoint{Checkpoint: c}, err
}

// checkHead says whether the head is that of the tiles.
func (s *Store) checkHead() error {
	if s.copy {
		return checkTree(s.key, s.head.Checkpoint.Checkpoint, &s.tree)
	}
	return checkSigned(s.key, s.head.Checkpoint, &s.tree)
}
