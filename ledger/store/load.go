package store

import (
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2"
)

// load reads what the writer needs, and proves what [Open] says.
func (s *Store) load() error {
	if err := s.checkFormat(); err != nil {
		return err
	}
	value, err := s.get(headKey)
	if err != nil {
		return fmt.Errorf("head: %w", err)
	}
	if s.head, err = s.parseHead(value); err != nil {
		return err
	}
	if err := s.loadTree(); err != nil {
		return err
	}
	if err := s.checkHead(); err != nil {
		return err
	}
	s.prover = &prover{store: s, tree: s.head.Checkpoint.Checkpoint}
	s.recent.begin(s.head.Checkpoint.Size)
	if err := s.checkNothingBeyond(); err != nil {
		return err
	}
	if err := s.checkLastEntry(); err != nil {
		return err
	}
	if err := s.loadFrozen(); err != nil {
		return err
	}
	return s.loadPublished()
}

// checkSigned says whether key, the ledger's, signed the checkpoint, and whether it is
// that of the tree.
func checkSigned(key note.Key, c tlog.SignedCheckpoint, tree *tlog.Tree) error {
	if err := checkTree(key, c.Checkpoint, tree); err != nil {
		return err
	}
	return CheckSigner(key, c)
}

// CheckSigner says whether key, the ledger's, signed the checkpoint under its origin.
func CheckSigner(key note.Key, c tlog.SignedCheckpoint) error {
	if c.Origin != key.Name() {
		return fmt.Errorf("checkpoint has the origin %s, the ledger is %s", c.Origin, key.Name())
	}
	for _, sig := range c.Note.Signatures {
		if sig.By(key) && key.Public().Verify(c.Note.Text, sig.Bytes) {
			return nil
		}
	}
	return fmt.Errorf("checkpoint of size %d has no signature of the ledger %s", c.Size, key)
}

// checkTree says whether the checkpoint is that of the tree.
func checkTree(key note.Key, c tlog.Checkpoint, tree *tlog.Tree) error {
	if c.Origin != key.Name() {
		return fmt.Errorf("checkpoint has the origin %s, the ledger is %s", c.Origin, key.Name())
	}
	if c.Size != tree.Size() || c.Root != tree.Root() {
		return fmt.Errorf("checkpoint of size %d: root %s, tiles of size %d give %s", c.Size, c.Root, tree.Size(), tree.Root())
	}
	return nil
}

// loadTree reads the last tile of each level, and makes the tree of them. A full one
// has to hash to what the level above has of it.
func (s *Store) loadTree() error {
	size := s.head.Checkpoint.Size
	var last [levels][]byte
	for level := range levels {
		n := size >> (8 * level)
		if n == 0 {
			break
		}
		hashes, err := s.tile(level, (n-1)/tlog.MaxWidth)
		if err != nil {
			return err
		}
		want := tlog.TileWidth(level, (n-1)/tlog.MaxWidth, size)
		if got := len(hashes) / tlog.HashSize; got != want {
			return fmt.Errorf("last tile of level %d has %d hashes, of size %d it has %d", level, got, size, want)
		}
		last[level] = hashes
		if n%tlog.MaxWidth != 0 {
			s.edge[level] = hashes
		}
	}
	for level := range levels - 1 {
		if len(last[level]) != tlog.MaxWidth*tlog.HashSize {
			continue
		}
		above := tlog.Hash(last[level+1][len(last[level+1])-tlog.HashSize:])
		if root := subtreeRoot(last[level]); root != above {
			return fmt.Errorf("last tile of level %d: root %s, the level above has %s", level, root, above)
		}
	}
	tree, err := tlog.TreeFromTiles(size, func(t tlog.Tile) ([]byte, error) { return s.edge[t.Level], nil })
	s.tree = tree
	return err
}

// subtreeRoot returns the root of the perfect tree over the hashes of a tile.
func subtreeRoot(hashes []byte) tlog.Hash {
	if len(hashes) == tlog.HashSize {
		return tlog.Hash(hashes)
	}
	half := len(hashes) / 2
	return tlog.NodeHash(subtreeRoot(hashes[:half]), subtreeRoot(hashes[half:]))
}

// checkNothingBeyond says whether the store has an entry or a hash past its size.
func (s *Store) checkNothingBeyond() error {
	size := s.head.Checkpoint.Size
	key, err := s.lastKey(entryKey(0), []byte{'e' + 1})
	if err != nil {
		return err
	}
	if key != nil && string(key) >= string(entryKey(size)) {
		return fmt.Errorf("checkpoint has the size %d, entries go on to the key %x", size, key)
	}
	for level := range levels {
		key, err := s.lastKey(tileKey(level, 0, 0), tileKey(level+1, 0, 0))
		if err != nil {
			return err
		}
		_, index, start, ok := parseTileKey(key)
		if key != nil && (!ok || start >= tlog.TileWidth(level, index, size)) {
			return fmt.Errorf("checkpoint has the size %d, tiles go on to the key %x", size, key)
		}
	}
	return nil
}

// lastKey returns the last key in [lower, upper), nil if there is none.
func (s *Store) lastKey(lower, upper []byte) ([]byte, error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, err
	}
	var key []byte
	if it.Last() {
		key = append(key, it.Key()...)
	}
	return key, it.Close()
}

// checkLastEntry says whether the last entry is the last leaf, and of the head's
// time.
func (s *Store) checkLastEntry() error {
	size := s.head.Checkpoint.Size
	if size == 0 {
		if s.head.Time != 0 {
			return fmt.Errorf("head has the time %d and no entry", s.head.Time)
		}
		return nil
	}
	b, err := s.Entry(size - 1)
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("checkpoint has the size %d, there is no entry %d", size, size-1)
	}
	if err != nil {
		return err
	}
	hashes, err := s.tile(0, (size-1)/tlog.MaxWidth)
	if err != nil {
		return err
	}
	want := tlog.Hash(hashes[len(hashes)-tlog.HashSize:])
	if got := tlog.LeafHash(b); got != want {
		return fmt.Errorf("entry %d has the leaf hash %s, its tile has %s", size-1, got, want)
	}
	e, err := record.ParseEntry(b)
	if err != nil {
		return fmt.Errorf("entry %d: %w", size-1, err)
	}
	if e.Registered != s.head.Time {
		return fmt.Errorf("entry %d has the time %d, the head %d", size-1, e.Registered, s.head.Time)
	}
	return nil
}
