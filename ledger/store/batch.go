package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2"
)

// A Batch is entries on their way to the end of the log. It is a rules.State: that
// of the store with the entries that it has so far. One batch is open at a time;
// one that is not committed leaves no trace.
type Batch struct {
	store *Store
	db    *pebble.Batch
	time  int64
	tree  tlog.Tree
	entry []byte // room for the entry that is added

	// What the rules ask for: the state before this batch, and what its own entries
	// add. Maps, and not an indexed batch: that would sort every key, tiles and
	// entries too, to find the one in a thousand that is asked for here.
	state   State
	overlay overlay
	ids     presence
	names   presence

	// rows are all but entries and tiles, in the order in which they came. They go
	// into the database's batch at the end, in the order of their keys: what is
	// put into its memory beside what came before, need not be looked for there.
	rows     []row
	rowBytes int

	// edge[L] goes on from the store's. What lies beyond the store's length is
	// this batch's, and unknown to the store until the batch is committed. Hashes
	// from start[L] on are in no batch before.
	edge  [levels][]byte
	start [levels]int
	full  map[tlog.Tile][]byte // tiles that the batch filled
}

// NewBatch begins a batch at the end of the log.
func (s *Store) NewBatch() *Batch {
	b := &Batch{
		store:   s,
		db:      s.db.NewBatch(),
		time:    s.head.Time,
		tree:    s.tree,
		state:   s.State(s.head),
		overlay: newOverlay(),
		edge:    s.edge,
	}
	for level, hashes := range b.edge {
		b.start[level] = len(hashes) / tlog.HashSize
	}
	return b
}

// Append adds the record, registered at that time in POSIX seconds, and returns its
// index. It asks no rule. When it fails, the batch is as it was before.
func (b *Batch) Append(registered int64, r *record.Record) (index uint64, err error) {
	index = b.tree.Size()
	b.entry = record.AppendEntry(b.entry[:0], registered, r)
	entry := b.entry
	if _, err := record.ParseEntry(entry); err != nil {
		return 0, fmt.Errorf("entry %d: %w", index, err)
	}
	if err := b.fold(index, registered, r); err != nil {
		return 0, fmt.Errorf("entry %d: %w", index, err)
	}
	b.set(entryKey(index), entry)
	b.tree.Append(tlog.LeafHash(entry), b.addHash)
	return index, nil
}

// set puts a value into the batch. That fails only in a batch that was committed.
func (b *Batch) set(key, value []byte) {
	if err := b.db.Set(key, value, nil); err != nil {
		panic("store: " + err.Error())
	}
}

// A row is a key with its value, or one that is taken away.
type row struct {
	key, value []byte
	settled    bool
}

// row puts a value into the batch that is not an entry's and not a tile's. Both slices
// are the batch's from here on.
func (b *Batch) row(key, value []byte) {
	b.rows = append(b.rows, row{key: key, value: value})
	b.rowBytes += len(key) + len(value)
}

// settle takes an openKey away. It was set once and is never set again, so Pebble's
// SingleDelete would do, with which the two vanish where they meet; but a merge that
// meets one panics where it cannot read on.
func (b *Batch) settle(key []byte) {
	b.rows = append(b.rows, row{key: key, settled: true})
	b.rowBytes += len(key)
}

// setRows puts the rows into the database's batch. Those of one key stay in their order.
func (b *Batch) setRows() {
	slices.SortStableFunc(b.rows, func(x, y row) int { return bytes.Compare(x.key, y.key) })
	for _, r := range b.rows {
		if !r.settled {
			b.set(r.key, r.value)
		} else if err := b.db.Delete(r.key, nil); err != nil {
			panic("store: " + err.Error())
		}
	}
}

// addHash adds hash number index of a level to the last tile of that level, and
// stores the tile when it is full.
func (b *Batch) addHash(level int, index uint64, h tlog.Hash) {
	edge := append(b.edge[level], h[:]...)
	if want := int(index%tlog.MaxWidth+1) * tlog.HashSize; len(edge) != want {
		panic(fmt.Sprintf("store: last tile of level %d has %d bytes with hash %d, not %d", level, len(edge), index, want))
	}
	b.edge[level] = edge
	if len(edge) < tlog.MaxWidth*tlog.HashSize {
		return
	}
	tile := index / tlog.MaxWidth
	if b.full == nil {
		b.full = make(map[tlog.Tile][]byte)
	}
	b.full[tlog.Tile{Level: level, Index: tile}] = edge[b.start[level]*tlog.HashSize:]
	if b.start[level] > 0 {
		if err := b.db.DeleteRange(tileKey(level, tile, 0), tileKey(level, tile, tlog.MaxWidth), nil); err != nil {
			panic("store: " + err.Error())
		}
	}
	b.set(tileKey(level, tile, 0), edge)
	// Not cut to length zero: up to where the store has it, it is still the store's.
	b.edge[level], b.start[level] = nil, 0
}

// Tile returns the first t.Width hashes, 1 to 256, of a tile of level 0 or above of the
// tree that the batch makes, or ErrNotFound. Hashes of entries before the batch are
// read from the database, and not taken from what the writer remembers of them.
func (b *Batch) Tile(t tlog.Tile) ([]byte, error) {
	var before, added []byte
	if full, ok := b.full[tlog.Tile{Level: t.Level, Index: t.Index}]; ok {
		added = full
	} else if n := b.tree.Size() >> (8 * t.Level); n/tlog.MaxWidth == t.Index {
		added = b.edge[t.Level][b.start[t.Level]*tlog.HashSize:]
	}
	if width := tlog.TileWidth(t.Level, t.Index, b.store.tree.Size()); width > 0 {
		var err error
		if before, err = b.store.Tile(tlog.Tile{Level: t.Level, Index: t.Index, Width: min(width, t.Width)}); err != nil {
			return nil, err
		}
	}
	hashes := append(before, added...)
	if len(hashes) < t.Width*tlog.HashSize {
		return nil, fmt.Errorf("%s: %w", t.Path(), ErrNotFound)
	}
	return hashes[:t.Width*tlog.HashSize], nil
}

// Len returns how many entries the batch has, until it is committed.
func (b *Batch) Len() int { return int(b.tree.Size() - b.store.tree.Size()) }

// Bytes returns about how many bytes the batch will write.
func (b *Batch) Bytes() int { return b.db.Len() + b.rowBytes }

// Checkpoint returns the checkpoint that the batch needs to be signed. It fails
// unless the tree that the batch goes on from is that of the last one.
func (b *Batch) Checkpoint() (tlog.Checkpoint, error) {
	last := b.store.head.Checkpoint
	if root := b.store.tree.Root(); last.Size != b.store.tree.Size() || last.Root != root {
		return tlog.Checkpoint{}, fmt.Errorf("checkpoint of size %d: root %s, the tree of size %d has %s",
			last.Size, last.Root, b.store.tree.Size(), root)
	}
	return tlog.Checkpoint{Origin: b.store.key.Name(), Size: b.tree.Size(), Root: b.tree.Root()}, nil
}

// Commit writes the batch, with the signed form of its checkpoint, and returns when
// it is on disk. When it fails for another reason than the checkpoint, the store has
// failed, and whether the batch is on disk nobody knows. Either way it is over.
func (b *Batch) Commit(checkpoint tlog.SignedCheckpoint) error {
	s := b.store
	if s.frozen {
		return errors.Join(ErrFrozen, b.Close())
	}
	if err := errors.Join(s.Err(), s.is(!copied), checkSigned(s.key, checkpoint, &b.tree)); err != nil {
		return errors.Join(err, b.Close())
	}
	return b.commit(checkpoint, pebble.Sync)
}

// commit writes the batch, with a head of its tree.
func (b *Batch) commit(checkpoint tlog.SignedCheckpoint, sync *pebble.WriteOptions) error {
	s := b.store
	for level, hashes := range b.edge {
		if start := b.start[level]; start*tlog.HashSize < len(hashes) {
			index := checkpoint.Size >> (8 * level) / tlog.MaxWidth
			b.set(tileKey(level, index, start), hashes[start*tlog.HashSize:])
		}
	}
	b.setRows()
	head := Head{checkpoint, b.time}
	b.set(headKey, s.headBytes(head))
	err := s.call(func() error { return s.db.Apply(b.db, sync) })
	if err != nil {
		s.fail(err)
		return s.err
	}
	s.head, s.tree, s.edge = head, b.tree, b.edge
	s.prover = &prover{store: s, tree: head.Checkpoint.Checkpoint}
	s.remember(&b.overlay)
	return b.Close()
}

// Close gives up a batch that is not committed.
func (b *Batch) Close() error {
	// Why the store failed is said by others.
	err := b.store.call(func() error { return errors.Join(b.ids.close(), b.names.close()) })
	if b.store.Err() != nil {
		err = nil
	}
	return errors.Join(err, b.db.Close())
}

// Entries returns copies of the entries that were appended, in their order: Pebble has the
// memory of a batch for others when that is committed. It is for who has not committed it.
func (b *Batch) Entries() ([][]byte, error) {
	list := make([][]byte, 0, b.Len())
	for r := b.db.Reader(); len(r) > 0; {
		kind, key, value, ok, err := r.Next()
		if err != nil || !ok {
			return nil, fmt.Errorf("entries of a batch: %w", err)
		}
		if kind == pebble.InternalKeyKindSet && len(key) == len(entryKey(0)) && key[0] == 'e' {
			list = append(list, bytes.Clone(value))
		}
	}
	if len(list) != b.Len() {
		return nil, fmt.Errorf("a batch of %d entries has %d", b.Len(), len(list))
	}
	return list, nil
}
