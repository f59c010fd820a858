package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// A Raw is a store as it lies on disk: nothing that it gives was compared with
// anything but the checksums of Pebble. It is held, and not changed.
type Raw struct {
	store  *Store
	files  vfs.FS
	tables sstable.ReaderOptions
}

// OpenRaw opens a store of any format, or what is left of one, to be read alone. The
// error is ErrHeld where a process has it, and ErrDamaged where the database is. Of a
// key it needs none.
func OpenRaw(cfg Config) (*Raw, error) { return openRaw(cfg, !copied) }

// OpenRawCopy opens a copy of a log that another keeps, as OpenRaw opens a ledger's own.
// Its head is signed by nobody; what it shows of it is what is published.
func OpenRawCopy(cfg Config) (*Raw, error) { return openRaw(cfg, copied) }

func openRaw(cfg Config, isCopy bool) (*Raw, error) {
	s := &Store{dir: cfg.Dir, key: cfg.Key, copy: isCopy, readOnly: true, failed: make(chan struct{})}
	err := s.open(cfg, false)
	if failed := s.Err(); failed != nil {
		// Nothing is written, so what fails is what Pebble cannot make sense of.
		return nil, fmt.Errorf("%w: %w", ErrDamaged, failed)
	}
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", cfg.Dir, asDamage(err))
	}
	files := cfg.FS
	if files == nil {
		files = vfs.Default
	}
	return &Raw{s, files, s.options(cfg, false).MakeReaderOptions()}, nil
}

// Close lets another process have the store.
func (r *Raw) Close() error { return r.store.Close() }

// Format returns the first line of the format key, without its end, and the key of
// the ledger as it stands there.
func (r *Raw) Format() (number, key string, err error) {
	value, err := r.store.get(formatKey)
	if err != nil {
		return "", "", fmt.Errorf("format: %w", asDamage(err))
	}
	number, rest, _ := strings.Cut(string(value), "\n")
	return number, strings.TrimSuffix(rest, "\n"), nil
}

// WantFormat returns the first line that the format key has to have, without its end.
func (r *Raw) WantFormat() string { return strings.TrimSuffix(r.store.format(), "\n") }

// Head returns the head, which the ledger's key signed; that of a copy is signed by
// nobody.
func (r *Raw) Head() (Head, error) {
	if !r.store.copy {
		return r.head(headKey, "head")
	}
	value, err := r.store.get(headKey)
	if err != nil {
		return Head{}, fmt.Errorf("head: %w", asDamage(err))
	}
	h, err := r.store.parseHead(value)
	if err == nil && !bytes.Equal(r.store.headBytes(h), value) {
		err = errors.New("it is not of its one form")
	}
	if err == nil && h.Checkpoint.Origin != r.store.key.Name() {
		err = fmt.Errorf("it is of the ledger %s, not of %s", h.Checkpoint.Origin, r.store.key.Name())
	}
	if err != nil {
		return Head{}, fmt.Errorf("head: %w", err)
	}
	return h, nil
}

// Published returns what is published where that is not the head; ErrNotFound where
// there is none.
func (r *Raw) Published() (Head, error) { return r.head(publishedKey, "published head") }

func (r *Raw) head(key []byte, name string) (Head, error) {
	value, err := r.store.get(key)
	if err != nil {
		return Head{}, fmt.Errorf("%s: %w", name, asDamage(err))
	}
	h, err := parseHead(value)
	if err == nil && !bytes.Equal(h.bytes(), value) {
		err = errors.New("it is not of its one form")
	}
	if err == nil {
		err = CheckSigner(r.store.key, h.Checkpoint)
	}
	if err != nil {
		return Head{}, fmt.Errorf("%s: %w", name, err)
	}
	for i, sig := range h.Checkpoint.Note.Signatures {
		if sig.By(r.store.key) && !r.store.key.Public().Verify(h.Checkpoint.Note.Text, sig.Bytes) {
			return Head{}, fmt.Errorf("%s: signature line %d is of the ledger's key, and does not verify", name, i+1)
		}
	}
	return h, nil
}

// Kept returns the checkpoint that a copy keeps, which the ledger's key signed; ErrNotFound
// where there is none.
func (r *Raw) Kept() (tlog.SignedCheckpoint, error) {
	c, err := r.store.Kept()
	if err == nil {
		err = CheckSigner(r.store.key, c)
	}
	return c, asDamage(err)
}

// Identity returns what is another one after the store was opened for writing, or a file
// of it changed: a hash of the names, the sizes and the times of its files.
func (r *Raw) Identity() (string, error) {
	names, err := r.files.List(r.store.dir)
	if err != nil {
		return "", err
	}
	slices.Sort(names)
	h := sha256.New()
	for _, name := range names {
		info, err := r.files.Stat(r.files.PathJoin(r.store.dir, name))
		if err != nil {
			return "", err
		}
		// Who holds the store makes the file LOCK anew, also to read it.
		if info.IsDir() || name == "LOCK" {
			continue
		}
		if _, err := fmt.Fprintf(h, "%q %d %d\n", name, info.Size(), info.ModTime().UnixNano()); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Entry returns the entry with that index, or ErrNotFound.
func (r *Raw) Entry(index uint64) ([]byte, error) {
	b, err := r.store.Entry(index)
	return b, asDamage(err)
}

// Entries returns the entries from first on and below end, and in the place of each
// that is not there or cannot be read, nil and the reason.
func (r *Raw) Entries(first, end uint64) (entries [][]byte, errs []error) {
	err := r.store.each(entryKey(first), entryKey(end), func(key, value []byte) error {
		if len(key) != len(entryKey(0)) {
			return nil // a stranger: see Strangers
		}
		if lastNumber(key) != first+uint64(len(entries)) {
			return errEnough
		}
		entries = append(entries, bytes.Clone(value))
		return nil
	})
	errs = make([]error, end-first)
	if err == nil && uint64(len(entries)) == end-first {
		return entries, errs
	}
	// One by one, past what is damaged.
	entries = make([][]byte, end-first)
	for i := range entries {
		entries[i], errs[i] = r.Entry(first + uint64(i))
	}
	return entries, errs
}

// Tile returns all hashes that there are of a tile, none where there are none.
func (r *Raw) Tile(level int, index uint64) ([]byte, error) {
	hashes, err := r.store.tile(level, index)
	return hashes, asDamage(err)
}

// Continues proves of the tree of the head what [Store.Continues] proves of a store.
func (r *Raw) Continues(old, head tlog.Checkpoint) error { return continues(old, head, r.store.Tile) }

// Key returns the ledger's key, as it was told.
func (r *Raw) Key() note.Key { return r.store.key }

// Files calls f with each table file of the database, and why not all that is in it can
// be read; nil where every checksum in it holds.
func (r *Raw) Files(f func(name string, err error) error) error {
	tables, err := r.store.db.SSTables()
	if err != nil {
		return asDamage(err)
	}
	for _, level := range tables {
		for _, t := range level {
			name := fmt.Sprintf("%06d.sst", t.BackingSSTNum)
			if err := f(name, r.checkBlocks(name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Raw) checkBlocks(name string) (err error) {
	// A block whose length was changed can have more in it than there is.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	f, err := r.files.Open(r.files.PathJoin(r.store.dir, name))
	if err != nil {
		return err
	}
	readable, err := objstorageprovider.NewFileReadable(f, r.files, objstorageprovider.NewReadaheadConfig(), name)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	reader, err := sstable.NewReader(context.Background(), readable, r.tables)
	if err != nil {
		return errors.Join(named(err, name), readable.Close())
	}
	return errors.Join(named(reader.ValidateBlockChecksums(), name), reader.Close())
}

// named returns an error of Pebble about a file that was opened without its number with
// that number, and in one line.
func named(err error, name string) error {
	if err == nil {
		return nil
	}
	return errors.New(strings.ReplaceAll(plain(err), "000000", strings.TrimSuffix(name, ".sst")))
}

// Tables are the names of the tables that [Raw.Compare] compares: those that follow from
// the entries, but for the tiles.
const Tables = "rkvcxdosha"

// Compare calls f with each key that a table has here or in the other store, and with
// both values, nil where there is none, until f fails. The error is f's, or ErrDamaged
// where the table cannot be read to its end.
func (r *Raw) Compare(other *Store, table byte, f func(key, stored, other []byte) error) error {
	bounds := &pebble.IterOptions{LowerBound: []byte{table}, UpperBound: []byte{table + 1}}
	a, err := r.store.db.NewIter(bounds)
	if err != nil {
		return asDamage(err)
	}
	b, err := other.db.NewIter(bounds)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	err = merge(a, b, f)
	return errors.Join(err, asDamage(a.Close()), b.Close())
}

func merge(a, b *pebble.Iterator, f func(key, stored, other []byte) error) error {
	first, second := a.First(), b.First()
	for first || second {
		order := 0
		switch {
		case !first && a.Error() != nil:
			return nil // said by Close
		case !second:
			order = -1
		case !first:
			order = 1
		default:
			order = bytes.Compare(a.Key(), b.Key())
		}
		var key, stored, given []byte
		if order >= 0 {
			key, given = b.Key(), present(b.Value())
		}
		if order <= 0 {
			key, stored = a.Key(), present(a.Value())
		}
		if !aside(key) {
			if err := f(key, stored, given); err != nil {
				return err
			}
		}
		if order >= 0 {
			second = b.Next()
		}
		if order <= 0 {
			first = a.Next()
		}
	}
	return nil
}

// present returns a value that is there, which is not nil when it has no bytes.
func present(value []byte) []byte {
	if value == nil {
		return []byte{}
	}
	return value
}

// aside says whether a key is of no table, although it begins as the keys of one.
func aside(key []byte) bool {
	return bytes.Equal(key, headKey) || bytes.Equal(key, keptKey)
}

// Strangers calls f with each key that no ledger of that size has, but for those that
// Compare finds. It ends with the error of f or of ctx.
func (r *Raw) Strangers(ctx context.Context, size uint64, f func(key []byte) error) error {
	it, err := r.store.db.NewIter(nil)
	if err != nil {
		return asDamage(err)
	}
	for valid := it.First(); valid && err == nil; {
		key := it.Key()
		if next := afterTable(key); next != nil {
			valid = it.SeekGE(next)
			continue
		}
		value := it.LazyValue() // its length is in the key's block
		if err = ctx.Err(); err == nil && strange(key, value.Len(), size) && !(r.store.copy && bytes.Equal(key, keptKey)) {
			err = f(key)
		}
		valid = it.Next()
	}
	return errors.Join(err, asDamage(it.Close()))
}

// afterTable returns the first key after the table that a key is in, or the one before
// that which is of no table; nil where the key is of none of Tables.
func afterTable(key []byte) []byte {
	if len(key) == 0 || bytes.Equal(key, keptKey) || strings.IndexByte(Tables, key[0]) < 0 {
		return nil
	}
	if keptKey[0] == key[0] && bytes.Compare(key, keptKey) < 0 {
		return keptKey
	}
	return []byte{key[0] + 1}
}

// strange says whether a key that is in no table of Tables, with a value of so many
// bytes, is one that no ledger of that size has.
func strange(key []byte, bytes int, size uint64) bool {
	switch string(key) {
	case "":
		return true
	case string(formatKey), string(headKey), string(publishedKey), string(frozenKey):
		return false
	}
	switch key[0] {
	case 'e':
		return len(key) != len(entryKey(0)) || lastNumber(key) >= size
	case 't':
		level, index, start, ok := parseTileKey(key)
		width := 0
		if ok && level < levels {
			width = tlog.TileWidth(level, index, size)
		}
		return bytes%tlog.HashSize != 0 || bytes == 0 || start+bytes/tlog.HashSize > width
	}
	return true
}
