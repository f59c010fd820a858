package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	cacheSize    = 64 << 20 // bytes of blocks: the right edge and the hot part of the indexes
	memTableSize = 16 << 20 // bytes; times memTables the most that waits in memory, and the most that a start reads back from the log of writes
	memTables    = 4
	tableSize    = 64 << 20 // bytes of a file: 16,000 for a terabyte
	openFiles    = 1000     // files kept open, below the 1,024 that many systems give a process
	blockSize    = 16 << 10 // bytes: ten entries, or two tiles, compress together
	filterBits   = 10       // a key: an absent id is looked for in 1 of 100 tables
	flushedFirst = 16       // memory tables in files before these are merged: with 4 the rows in no order are written over and over, 4.0 times the bytes of a million entries in all and not 2.9
	flushedMost  = 3 * flushedFirst
)

// options are chosen for values that are written once, read by number, and never
// changed, and for one commit at a time that somebody waits for.
func (s *Store) options(cfg Config, create bool) *pebble.Options {
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	l := logger{s, log}
	o := &pebble.Options{
		// Named, because a later one could not be read by an older program. It
		// tells damage in the log of writes from an end that a crash tore off,
		// where another block of 32 KiB follows. In the last block it cannot: to
		// find a store that fell back takes a second place that remembers.
		FormatMajorVersion:          pebble.FormatTableFormatV6,
		FS:                          cfg.FS,
		ErrorIfNotExists:            !create,
		ReadOnly:                    s.readOnly,
		CacheSize:                   cacheSize,
		MemTableSize:                memTableSize,
		MemTableStopWritesThreshold: memTables,
		L0CompactionThreshold:       flushedFirst,
		L0StopWritesThreshold:       flushedMost,
		MaxOpenFiles:                openFiles,
		// One while it keeps up, two when it falls behind: the rest of the
		// machine checks signatures.
		CompactionConcurrencyRange: func() (int, int) { return 1, 2 },
		Logger:                     l,
		EventListener: &pebble.EventListener{
			// A flush or compaction that failed would be tried again, for ever.
			BackgroundError: l.end,
			// A reader that meets a damaged block fails, and no other does.
			DataCorruption: func(info pebble.DataCorruptionInfo) {
				log.Error("store is damaged", "path", info.Path, "err", plain(info.Details))
			},
			WriteStallBegin: func(info pebble.WriteStallBeginInfo) {
				log.Warn("store is behind with its writes", "reason", info.Reason)
			},
			DiskSlow: func(info pebble.DiskSlowInfo) {
				log.Warn("disk is slow", "what", info.String())
			},
		},
	}
	for i := range o.Levels {
		o.TargetFileSizes[i] = tableSize
		o.Levels[i].BlockSize = blockSize
		// On the last level too: most ids that are asked for are new.
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(filterBits)
		o.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.FastestCompression }
	}
	if cfg.Bulk {
		bulk(o)
	}
	o.Experimental.SpanPolicyFunc = spans
	if o.FS == nil {
		o.WithFSDefaults() // the disk, watched for being slow
		o.FS = locks{o.FS}
	}
	o.FS = lockable(o.FS)
	s.disk = disk{FS: o.FS, end: l.end, aside: new(atomic.Pointer[copying])}
	o.FS = s.disk
	return o
}

// spans has no file of the database have entries, ids, or tiles, beside other keys. Entries
// and tiles come in the order of their keys, so that a file of them overlaps none before
// it and is never merged with one, only moved; with ids beside them, all entries would be
// written again whenever ids, which come in no order, are merged. The filters of the files
// of ids, which every admission asks, are all that has to stay in memory: those of all
// rows are four times as large.
func spans(start []byte) (pebble.SpanPolicy, []byte, error) {
	for _, end := range [][]byte{{'e'}, {'e' + 1}, {'r'}, {'r' + 1}, {'t'}, {'t' + 1}} {
		if bytes.Compare(start, end) < 0 {
			return pebble.SpanPolicy{}, end, nil
		}
	}
	return pebble.SpanPolicy{}, nil, nil
}

// ErrNone says that a directory has no store, or that there is no directory.
var ErrNone = errors.New("there is none")

// open opens the database alone.
func open(cfg Config, create bool) (*Store, error) {
	s := &Store{dir: cfg.Dir, key: cfg.Key, failed: make(chan struct{})}
	if err := s.open(cfg, create); err != nil {
		return nil, fmt.Errorf("store %s: %w", cfg.Dir, err)
	}
	return s, nil
}

func (s *Store) open(cfg Config, create bool) error {
	files := lockable(cfg.FS)
	if !create {
		// Asked first, because Pebble makes the directory that it then misses.
		desc, err := pebble.Peek(cfg.Dir, files)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !desc.Exists {
			return ErrNone
		}
		if err != nil {
			return err
		}
	}
	lock, err := lockDir(cfg.Dir, files)
	if s.readOnly && errors.Is(err, syscall.EROFS) {
		lock, err = lockDir(cfg.Dir, readOnlyFiles{files}) // nobody writes there
	}
	if err != nil {
		return err
	}
	if !s.readOnly {
		if err := removeAside(cfg.Dir, files); err != nil {
			return errors.Join(err, unlock(lock))
		}
	}
	o := s.options(cfg, create)
	s.lock, o.Lock = lock, lock
	err = s.call(func() (err error) {
		s.db, err = pebble.Open(cfg.Dir, o)
		return err
	})
	if err != nil && s.Err() == nil {
		return errors.Join(asOne(err), unlock(lock))
	}
	return err
}

func unlock(lock *pebble.Lock) error {
	if lock == nil {
		return nil
	}
	return lock.Close()
}

// lockDir holds the directory for this process. Of one that does not exist it
// returns nil: Pebble makes and locks it.
func lockDir(dir string, files vfs.FS) (*pebble.Lock, error) {
	lock, err := pebble.LockDirectory(dir, files)
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.As(err, &path): // the file itself
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w (%w)", ErrHeld, err)
	}
	return lock, nil
}

// call returns what f, a call of Pebble that writes or may wait for one, returns, or why
// the store failed, whichever is first. f runs in a goroutine of its own because Pebble's
// Fatalf ends up in it, and because what failed may hold what others wait for, for ever;
// see [logger.end].
func (s *Store) call(f func() error) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			// A failed append to the log of writes panics.
			if r := recover(); r != nil {
				s.fail(fmt.Errorf("pebble: %v", r))
			}
		}()
		done <- f()
	}()
	select {
	case err := <-done:
		if failed := s.Err(); failed != nil {
			return failed
		}
		return err
	case <-s.failed:
		return s.err
	}
}

// fail makes the store failed for ever. The first reason stays.
func (s *Store) fail(err error) {
	s.failing.Do(func() {
		s.err = fmt.Errorf("store %s failed: %w", s.dir, err)
		close(s.failed)
	})
}

// A logger is Pebble's way to the log, and to the end.
type logger struct {
	store *Store
	log   *slog.Logger
}

func (l logger) Infof(format string, args ...any) { l.log.Debug(fmt.Sprintf(format, args...)) }

func (l logger) Errorf(format string, args ...any) { l.log.Error(fmt.Sprintf(format, args...)) }

// Fatalf does not return. Pebble calls it when a commit or the list of its files
// could not be synced, and counts on the process to end: were it to return, the
// commit would report success, and with a list that is not on disk the log of writes
// could be deleted that the data is still in.
func (l logger) Fatalf(format string, args ...any) { l.end(fmt.Errorf(format, args...)) }

// end fails the store and stops the goroutine where it is, with the locks that it
// has, for ever. To exit is not a library's to do, to panic would end the process without a
// word to those who wait, and runtime.Goexit would run the goroutine's deferred
// calls, which go on as if all were well. Who waits for the goroutine is told by
// [Store.call], and who runs the process by [Store.Failed].
func (l logger) end(err error) {
	l.log.Error("store failed", "err", err)
	l.store.fail(err)
	select {}
}
