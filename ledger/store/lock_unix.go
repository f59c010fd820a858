//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
)

// taken are the locks of this process. The system knows them by process and file alone: it
// would give one twice, and take it away with the first descriptor of the file that closes.
var taken struct {
	sync.Mutex
	list []*lock
}

type lock struct {
	info  os.FileInfo
	files []*os.File // the first has the lock, and the others close with it
}

// Close lets another process have the lock.
func (l *lock) Close() error {
	taken.Lock()
	defer taken.Unlock()
	i := slices.Index(taken.list, l)
	if i < 0 {
		return fs.ErrClosed
	}
	taken.list = slices.Delete(taken.list, i, i+1)
	var err error
	for _, f := range l.files {
		err = errors.Join(err, f.Close())
	}
	return err
}

// takenAs returns the lock of this process that is the file; nil where there is none.
func takenAs(info os.FileInfo) *lock {
	for _, l := range taken.list {
		if os.SameFile(l.info, info) {
			return l
		}
	}
	return nil
}

// lockFile holds a file for this process. The lock is of Pebble's kind, and one that a
// process has by Pebble's own way counts.
func lockFile(name string, create bool) (io.Closer, error) {
	taken.Lock()
	defer taken.Unlock()
	switch info, err := os.Lstat(name); {
	case errors.Is(err, fs.ErrNotExist) && create:
	case err != nil:
		return nil, err
	case takenAs(info) != nil:
		return nil, errLocked
	default:
		if err := mustLock(name, info); err != nil {
			return nil, err
		}
	}
	f, err := openLock(name, create)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if l := takenAs(info); l != nil { // it got this name a moment ago
		l.files = append(l.files, f)
		return nil, errLocked
	}
	if err := takeLock(name, f, info); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	l := &lock{info, []*os.File{f}}
	taken.list = append(taken.list, l)
	return l, nil
}

// takeLock locks an open file, which has to be the one of that name then.
func takeLock(name string, f *os.File, info os.FileInfo) error {
	if err := mustLock(name, info); err != nil {
		return err
	}
	whole := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &whole)
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
		return fmt.Errorf("%w (%w)", errLocked, err)
	}
	if err != nil {
		return &fs.PathError{Op: "lock", Path: name, Err: err}
	}
	// Who had it may have taken the name away, and another holds the file that has it now.
	if now, err := os.Lstat(name); err != nil || !os.SameFile(now, info) {
		return fmt.Errorf("%w: it was made again meanwhile", errLocked)
	}
	return nil
}

// openLock opens the file of a lock as it is, and follows no link. One that root makes is
// the user's who has the directory: he has to open it when root is gone.
func openLock(name string, create bool) (*os.File, error) {
	const flags = os.O_RDWR | syscall.O_NOFOLLOW | syscall.O_NONBLOCK
	f, err := os.OpenFile(name, flags, 0)
	if !create || !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	f, err = os.OpenFile(name, flags|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) { // another process was faster
		return os.OpenFile(name, flags, 0)
	}
	if err != nil || os.Geteuid() != 0 {
		return f, err
	}
	if info, err := os.Stat(filepath.Dir(name)); err == nil {
		if dir, ok := info.Sys().(*syscall.Stat_t); ok && dir.Uid != 0 {
			_ = f.Chown(int(dir.Uid), int(dir.Gid)) // some disks have no owners, and then it is not needed
		}
	}
	return f, nil
}

// namesOf returns how many names a file has.
func namesOf(info os.FileInfo) uint64 {
	if own, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(own.Nlink) // of another size on other systems
	}
	return 1
}
