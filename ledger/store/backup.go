package store

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// asidePrefix begins the name of the directory in which a copy of the store is made,
// within the store's own, so that files can be linked and not copied.
const asidePrefix = "backup-"

// ErrNoLinks says that a file of the store could not be linked.
var ErrNoLinks = errors.New("the file system of the store makes no hard links")

// SnapshotLinked is [Store.Snapshot] where whoever writes waits for it: the error is
// ErrNoLinks where files would have to be copied, which takes as long as there is much of
// the store.
func (s *Store) SnapshotLinked() (dir string, err error) { return s.snapshot(true) }

// Snapshot makes a copy of the database as it is, in a new directory within the
// store's own, and returns its name: as hard links, but for the log of writes and what
// is small, and as whole files where the file system has no links. That costs no flush, and
// what is committed meanwhile may be in it or not: the caller has nothing committed
// where that matters. A copy that fails fails alone; the store goes on.
//
// The caller takes the directory away. [Open] removes what an earlier process left.
func (s *Store) Snapshot() (dir string, err error) { return s.snapshot(false) }

func (s *Store) snapshot(linked bool) (dir string, err error) {
	if err := s.Err(); err != nil {
		return "", err
	}
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	dir = s.disk.PathJoin(s.dir, asidePrefix+hex.EncodeToString(random[:]))
	if !s.disk.aside.CompareAndSwap(nil, &copying{dir, linked}) {
		return "", errors.New("another copy of the store is being made")
	}
	defer s.disk.aside.Store(nil)
	if err := s.call(func() error { return s.db.Checkpoint(dir) }); err != nil {
		return "", fmt.Errorf("copy of the store: %w", errors.Join(err, s.disk.FS.RemoveAll(dir)))
	}
	return dir, nil
}

// A copying is the copy that is being made.
type copying struct {
	dir    string
	linked bool // and no file of a table is copied
}

// A noLink is why a file could not be linked. Pebble gives up where that is not allowed.
type noLink struct{ why error }

func (e noLink) Error() string { return fmt.Sprintf("%s: %s", ErrNoLinks, e.why) }

func (e noLink) Is(err error) bool { return err == ErrNoLinks || err == fs.ErrPermission }

// removeAside removes copies that a process left that was killed.
func removeAside(dir string, files vfs.FS) error {
	names, err := files.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, name := range names {
		if strings.HasPrefix(name, asidePrefix) {
			err = errors.Join(err, files.RemoveAll(files.PathJoin(dir, name)))
		}
	}
	return err
}

// isAside says whether a name is in the copy that is being made. What fails there fails
// the copy alone.
func (d disk) isAside(name string) bool {
	if d.aside == nil {
		return false
	}
	a := d.aside.Load()
	if a == nil {
		return false
	}
	rest, ok := strings.CutPrefix(name, a.dir)
	return ok && (rest == "" || os.IsPathSeparator(rest[0]))
}

// linkAside links a file into a copy. Where there are no links, for whatever reason, Pebble
// copies the file when it is told so by an error that is none of those after which it
// gives up.
func (d disk) linkAside(old, name string) error {
	err := d.FS.Link(old, name)
	if a := d.aside.Load(); err != nil && a != nil && a.linked {
		return noLink{err}
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("no link: %v", err)
	}
	return err
}
