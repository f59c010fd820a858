package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/cockroachdb/pebble/v2"
)

// Promote makes a copy the ledger's own store, in one synced write: its head becomes
// the checkpoint, which the ledger's key has signed and which is of the tree that the copy has. The
// store is open as the ledger's from then on. Where the copy shows that checkpoint, what is
// public stays so, as by [Store.Hold].
func (s *Store) Promote(c tlog.SignedCheckpoint) error {
	if shown := s.published; shown != nil && bytes.Equal(shown.bytes(), Head{c, s.head.Time}.bytes()) {
		return s.promote(c, shown)
	}
	return s.promote(c, nil)
}

// PromoteHolding is as Promote, and in the same write the public checkpoint is this one, as
// after [Store.Publish] or [Store.Hold]: no crash leaves a store that shows its head
// instead. The caller has verified that the log begins with it.
func (s *Store) PromoteHolding(c, public tlog.SignedCheckpoint) error {
	err := CheckSigner(s.key, public)
	if err == nil && public.Size > s.head.Checkpoint.Size {
		err = fmt.Errorf("checkpoint of size %d is not public: the store has %d entries", public.Size, s.head.Checkpoint.Size)
	}
	if err != nil {
		return fmt.Errorf("store %s is not made the ledger's: %w", s.dir, err)
	}
	time, err := s.timeOf(public.Size)
	if err != nil {
		return err
	}
	return s.promote(c, &Head{public, time})
}

// promote makes the copy the ledger's own, with what is public; nil for its head.
func (s *Store) promote(c tlog.SignedCheckpoint, public *Head) error {
	if err := errors.Join(s.is(copied), checkSigned(s.key, c, &s.tree)); err != nil {
		return fmt.Errorf("store %s is not made the ledger's: %w", s.dir, err)
	}
	head := Head{c, s.head.Time}
	b := s.db.NewBatch()
	published := b.Delete(publishedKey, nil)
	if public != nil {
		published = b.Set(publishedKey, public.bytes(), nil)
	}
	if err := errors.Join(
		b.Set(formatKey, []byte(format+s.key.String()+"\n"), nil),
		b.Set(headKey, head.bytes(), nil),
		published,
		b.Delete(keptKey, nil),
	); err != nil {
		return errors.Join(err, b.Close())
	}
	if err := s.write(func() error { return s.db.Apply(b, pebble.Sync) }); err != nil {
		return err
	}
	s.copy, s.head, s.published = !copied, head, public
	return nil
}

// ClearGuard has the files of a guard be empty in which nothing is a checkpoint, as a
// crash leaves them while they are made, so that [CreateGuard] makes them. Only whoever
// knows that it was so may ask for it: damage looks the same. One that has a checkpoint, of
// whatever ledger, or that cannot be read, it leaves alone, which is an error.
func ClearGuard(cfg GuardConfig) error {
	g, err := openGuard(cfg)
	if err != nil {
		return err
	}
	return errors.Join(g.clear(), g.Close())
}

func (g *Guard) clear() error {
	for slot := range g.slots {
		var path *fs.PathError
		switch c, err := g.read(slot); {
		case err == nil:
			return fmt.Errorf("guard %s: it has a checkpoint of %s of size %d, and is not made anew", g.dir, c.Origin, c.Size)
		case errors.As(err, &path):
			return fmt.Errorf("guard %s: %w", g.dir, err)
		}
	}
	return errors.Join(g.remake(0), g.remake(1))
}

// Demote makes the ledger's own store a copy again, in one synced write: it shows what was
// published, and what it has beyond that was signed. The store is open as a copy from then
// on.
func (s *Store) Demote() error {
	if err := s.is(!copied); err != nil {
		return fmt.Errorf("store %s is not made a copy: %w", s.dir, err)
	}
	signed, shown := s.head.Checkpoint, s.Published()
	head := Head{tlog.SignedCheckpoint{Checkpoint: signed.Checkpoint}, s.head.Time}
	b := s.db.NewBatch()
	published := b.Delete(publishedKey, nil) // nothing yet
	if shown.Checkpoint.Size > 0 {
		published = b.Set(publishedKey, shown.bytes(), nil)
	}
	if err := errors.Join(
		b.Set(formatKey, []byte(copyFormat+s.key.String()+"\n"), nil),
		b.Set(headKey, fmt.Appendf(nil, "%d\n%s", head.Time, head.Checkpoint.Text()), nil),
		published,
		b.Set(keptKey, signed.Bytes(), nil),
		b.Delete(frozenKey, nil),
	); err != nil {
		return errors.Join(err, b.Close())
	}
	if err := s.write(func() error { return s.db.Apply(b, pebble.Sync) }); err != nil {
		return err
	}
	s.copy, s.head, s.published, s.frozen = copied, head, nil, false
	if shown.Checkpoint.Size > 0 {
		s.published = &shown
	}
	return nil
}
