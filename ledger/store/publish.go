package store

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2"
)

// Published returns the head that was published last: the one of the store, unless
// [Store.Publish] said another. It is for the goroutine that writes.
func (s *Store) Published() Head {
	if s.published != nil {
		return *s.published
	}
	return s.head
}

// Held says whether what is published was said by [Store.Publish] or [Store.Hold], and is
// not just the head.
func (s *Store) Held() bool { return s.published != nil }

// Shown returns the signed head that a copy shows, if it has reached one. It is for the
// goroutine that writes.
func (s *Store) Shown() (Head, bool) {
	if !s.copy || s.published == nil {
		return Head{}, false
	}
	return *s.published, true
}

// Publish remembers that this checkpoint is the public one, with the cosignatures
// that make it so, and returns when that is on disk. From then on a head that is
// committed is not published before Publish says so, until it is called with the head
// itself, as it was committed. The caller has verified that the log begins with it. A
// copy shows nothing before its first Publish.
func (s *Store) Publish(c tlog.SignedCheckpoint) error {
	if !s.copy && bytes.Equal(c.Bytes(), s.head.Checkpoint.Bytes()) {
		return s.publishHead()
	}
	if err := CheckSigner(s.key, c); err != nil {
		return err
	}
	if c.Size > s.head.Checkpoint.Size {
		return fmt.Errorf("checkpoint of size %d is not to be published: the store has %d entries", c.Size, s.head.Checkpoint.Size)
	}
	time, err := s.timeOf(c.Size)
	if err != nil {
		return err
	}
	return s.setPublished(&Head{c, time})
}

// publishHead forgets that another head than that of the store is the public one.
func (s *Store) publishHead() error {
	if s.published == nil {
		return nil
	}
	if err := s.write(func() error { return s.db.Delete(publishedKey, pebble.Sync) }); err != nil {
		return err
	}
	s.published = nil
	return nil
}

// Hold has the head that is published now stay so until [Store.Publish]: no commit
// publishes any more by itself.
func (s *Store) Hold() error {
	if s.published != nil {
		return nil
	}
	return errors.Join(s.is(!copied), s.setPublished(&Head{s.head.Checkpoint, s.head.Time}))
}

func (s *Store) setPublished(h *Head) error {
	if err := s.write(func() error { return s.db.Set(publishedKey, h.bytes(), pebble.Sync) }); err != nil {
		return err
	}
	s.published = h
	return nil
}

// timeOf returns when the last entry of the first size was registered; 0 for none.
func (s *Store) timeOf(size uint64) (int64, error) {
	switch size {
	case 0:
		return 0, nil
	case s.head.Checkpoint.Size:
		return s.head.Time, nil
	}
	b, err := s.Entry(size - 1)
	if err != nil {
		return 0, err
	}
	e, err := record.ParseEntry(b)
	return e.Registered, err
}

// loadPublished reads what is published, and proves that the log begins with it.
func (s *Store) loadPublished() error {
	value, err := s.get(publishedKey)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("published head: %w", err)
	}
	h, err := parseHead(value)
	if err != nil {
		return fmt.Errorf("published head: %w", err)
	}
	c := h.Checkpoint
	if err := CheckSigner(s.key, c); err != nil {
		return fmt.Errorf("published head: %w", err)
	}
	if err := s.Continues(c.Checkpoint); err != nil {
		return fmt.Errorf("published head: %w", err)
	}
	if time, err := s.timeOf(c.Size); err != nil || time != h.Time {
		return fmt.Errorf("published head has the time %d, its last entry %d (%v)", h.Time, time, err)
	}
	s.published = &h
	return nil
}

// Continues proves, from hashes read from the database, that the store's tree begins
// with that of the checkpoint. The error names the sizes or the roots.
func (s *Store) Continues(old tlog.Checkpoint) error {
	head := s.head.Checkpoint.Checkpoint
	return continues(old, head, s.Tile)
}

// Continues proves of the tree that the batch makes what [Store.Continues] proves of
// the store's.
func (b *Batch) Continues(old tlog.Checkpoint) error {
	return continues(old, tlog.Checkpoint{Size: b.tree.Size(), Root: b.tree.Root()}, b.Tile)
}

func continues(old, head tlog.Checkpoint, read tlog.TileReader) error {
	if old.Size > head.Size {
		return fmt.Errorf("the tree has %d entries, a checkpoint of size %d has left", head.Size, old.Size)
	}
	hashes, err := tlog.ConsistencyProof(read, old.Size, head.Size)
	if err != nil {
		return err
	}
	err = tlog.VerifyConsistency(old.Size, old.Root, head.Size, head.Root, hashes)
	if err == nil {
		return nil
	}
	if root, failed := tlog.Root(read, old.Size); failed == nil && root != old.Root {
		err = fmt.Errorf("its first %d have the root %s, the checkpoint has %s", old.Size, root, old.Root)
	}
	return fmt.Errorf("the tree of %d entries does not begin with that of the checkpoint of size %d: %w", head.Size, old.Size, err)
}
