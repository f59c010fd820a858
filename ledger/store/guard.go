package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
)

// The files of a guard.
const guardLock = "LOCK"

var guardSlots = [2]string{"checkpoint.0", "checkpoint.1"}

// ErrNoGuard says that a directory has no guard.
var ErrNoGuard = errors.New("there is no guard")

// GuardConfig says where a guard is and whose it is.
type GuardConfig struct {
	Dir string
	FS  vfs.FS   // nil for the disk
	Key note.Key // the ledger's
}

// A Guard remembers in a second place the last checkpoint that left the ledger: to a
// reader, a submitter or a witness. A store that went back, by a restored copy or by
// damage that opens as a shorter log, does not know that it did; its guard does.
//
// It is two files of a directory, "checkpoint.0" and "checkpoint.1", written in turn.
// Each has a signed checkpoint as it left, and the larger tree counts. One that is
// torn, because a crash came while it was written, had not left yet, and its tree is in
// the store, which commits first: a damaged file beside a store that has no more than the
// other file is not torn, and may have had more ([Guard.Damaged]). So a checkpoint
// costs one sync of a file that is there, and not the three of a new one under the
// old name. A third file, "frozen", is there from the day on which the ledger is frozen. One
// process holds the guard.
type Guard struct {
	dir   string
	fs    vfs.FS
	key   note.Key
	lock  io.Closer
	slots [2]vfs.File
	last  int    // the slot that was written or read last
	size  uint64 // of the tree in it
	bad   error  // what is wrong with the other, when it was read and not written since

	signed [2][]byte // of each file, what it had when the ledger's signature was found in it
}

// CreateGuard makes a guard with its first checkpoint in a directory that has none, or
// that has one of a ledger of the same key from which no entry has left: its creation
// was cut short, and is done again. It makes the directory too.
func CreateGuard(cfg GuardConfig, c tlog.SignedCheckpoint) error {
	g, err := openGuard(cfg)
	if err != nil {
		return err
	}
	last, err := g.Last()
	switch {
	case err == nil && last.Size > 0:
		err = fmt.Errorf("guard %s: there is one, of size %d", g.dir, last.Size)
	case err == nil || errors.Is(err, ErrNoGuard):
		err = g.Set(c)
	}
	return errors.Join(err, g.Close())
}

// OpenGuard holds the guard of a ledger for this process. The error is ErrNoGuard
// where there is none, and not where its files are empty, ErrHeld where another process has it, or says what it has
// that is not a checkpoint of the ledger.
func OpenGuard(cfg GuardConfig) (*Guard, error) {
	files := cfg.FS
	if files == nil {
		files = vfs.Default
	}
	// Asked first, so that nothing is made in a place that somebody named by mistake.
	if !hasGuard(files, cfg.Dir) {
		return nil, fmt.Errorf("guard %s: %w", cfg.Dir, ErrNoGuard)
	}
	g, err := openGuard(cfg)
	if err != nil {
		return nil, err
	}
	err = g.renew()
	if errors.Is(err, ErrNoGuard) {
		// The files are there: somebody or something emptied them.
		err = fmt.Errorf("guard %s: it is damaged: %s and %s are empty, and what they had is lost; recover it from a copy, or take both away as for a ledger without a guard", g.dir, guardSlots[0], guardSlots[1])
	}
	if err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

// renew writes what the guard has once more, in its place, and returns when it is on
// disk. What is read may be in the memory of the machine alone, where a process left it
// that was killed before its sync, or whose sync failed; this one would go on from it,
// and a crash take it away. To sync would not do: after one that failed the next says
// that all is well.
func (g *Guard) renew() error {
	c, err := g.Last()
	if err != nil {
		return err
	}
	return g.put(g.last, c)
}

// HasGuard says whether there may be a guard in a directory of the disk.
func HasGuard(dir string) bool { return hasGuard(vfs.Default, dir) }

func hasGuard(files vfs.FS, dir string) bool {
	for _, name := range guardSlots {
		if _, err := files.Stat(files.PathJoin(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

// openGuard holds the guard, and has both files be there.
func openGuard(cfg GuardConfig) (*Guard, error) {
	g := &Guard{dir: cfg.Dir, fs: lockable(cfg.FS), key: cfg.Key}
	if err := g.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("guard %s: %w", g.dir, err), g.Close())
	}
	return g, nil
}

func (g *Guard) open() error {
	above, err := g.missing()
	if err == nil {
		err = g.fs.MkdirAll(g.dir, 0o700)
	}
	if err != nil {
		return err
	}
	g.lock, err = g.fs.Lock(g.fs.PathJoin(g.dir, guardLock))
	var path *fs.PathError
	switch {
	case errors.As(err, &path): // the file itself
		return err
	case err != nil:
		return fmt.Errorf("%w (%w)", ErrHeld, err)
	}
	for i, name := range guardSlots {
		if g.slots[i], err = g.fs.OpenReadWrite(g.fs.PathJoin(g.dir, name), vfs.WriteCategoryUnspecified); err != nil {
			return err
		}
	}
	for _, dir := range append([]string{g.dir, g.fs.PathDir(g.dir)}, above...) {
		if err := g.sync(dir); err != nil {
			return err
		}
	}
	return nil
}

// missing returns the directories beyond that of the guard's own name which get a new
// name when the guard's is made.
func (g *Guard) missing() (above []string, err error) {
	for dir := g.fs.PathDir(g.dir); g.fs.PathDir(dir) != dir; dir = g.fs.PathDir(dir) {
		_, err := g.fs.Stat(dir)
		if !errors.Is(err, fs.ErrNotExist) {
			return above, err
		}
		above = append(above, g.fs.PathDir(dir))
	}
	return above, nil
}

// sync has the names in a directory be on disk.
func (g *Guard) sync(name string) error {
	dir, err := g.fs.OpenDir(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Last reads the checkpoint from the disk. It is the ledger's: signed by its key, of
// its origin. A file that cannot be read is an error, and not a torn one: it may have
// the larger tree.
func (g *Guard) Last() (tlog.SignedCheckpoint, error) {
	var have [2]tlog.SignedCheckpoint
	var errs [2]error
	for i := range g.slots {
		var b []byte
		have[i], b, errs[i] = g.readBytes(i)
		if errors.Is(errs[i], errUnread) {
			return tlog.SignedCheckpoint{}, fmt.Errorf("guard %s: %w; where it stays so, take %s away and run chirographd recover", g.dir, errs[i], guardSlots[i])
		}
		// The same bytes have the same signature.
		if errs[i] == nil && !bytes.Equal(b, g.signed[i]) {
			if errs[i] = CheckSigner(g.key, have[i]); errs[i] == nil {
				g.signed[i] = bytes.Clone(b) // have shares memory with b
			}
		}
	}
	newest := 0
	if errs[0] != nil || errs[1] == nil && have[1].Size > have[0].Size {
		newest = 1
	}
	if errs[newest] == nil {
		g.last, g.size, g.bad = newest, have[newest].Size, errs[1-newest]
		return have[newest], nil
	}
	// Where one is empty, the other says what is wrong.
	err := errs[newest]
	if errors.Is(err, ErrNoGuard) {
		err = errs[1-newest]
	}
	if !errors.Is(err, ErrNoGuard) {
		err = fmt.Errorf("neither %s nor %s is a checkpoint of the ledger: %w", guardSlots[0], guardSlots[1], err)
	}
	return tlog.SignedCheckpoint{}, fmt.Errorf("guard %s: %w", g.dir, err)
}

// Damaged names the file of the two that had no checkpoint of the ledger when the guard
// was read and that was not written since, and says why; "" where both had one. Both are written when
// a guard is made, so one that is empty, as a missing one is made anew, had one too.
func (g *Guard) Damaged() (file string, why error) {
	switch {
	case g.bad == nil:
		return "", nil
	case errors.Is(g.bad, ErrNoGuard):
		return g.fs.PathJoin(g.dir, guardSlots[1-g.last]), errors.New("it was empty or missing")
	}
	return g.fs.PathJoin(g.dir, guardSlots[1-g.last]), g.bad
}

// errUnread says that nobody knows what a file has.
var errUnread = errors.New("it cannot be read")

// read reads one file.
func (g *Guard) read(slot int) (tlog.SignedCheckpoint, error) {
	c, _, err := g.readBytes(slot)
	return c, err
}

// readBytes is read, with what the file has.
func (g *Guard) readBytes(slot int) (tlog.SignedCheckpoint, []byte, error) {
	b, err := io.ReadAll(io.NewSectionReader(g.slots[slot], 0, note.MaxSize+1))
	if err != nil {
		return tlog.SignedCheckpoint{}, nil, fmt.Errorf("%w: %w", errUnread, err)
	}
	if len(b) == 0 {
		return tlog.SignedCheckpoint{}, nil, ErrNoGuard
	}
	c, err := tlog.ParseSignedCheckpoint(b)
	return c, b, err
}

// Put remembers a checkpoint that the ledger signed and that is not smaller than the
// last one that was read or put, and returns when it is on disk. When it fails nobody
// knows which of the two is there, and the ledger has to end.
func (g *Guard) Put(c tlog.SignedCheckpoint) error {
	if c.Size < g.size {
		return fmt.Errorf("guard %s: checkpoint of size %d after one of size %d", g.dir, c.Size, g.size)
	}
	// Where locks do not work, another process may have been here.
	if err := g.foreign(g.size); err != nil {
		return err
	}
	if err := g.put(1-g.last, c); err != nil {
		return err
	}
	return g.foreign(c.Size)
}

// foreign says whether the files have what this process did not write: a larger tree,
// or in the file that it wrote last not the one of that size.
func (g *Guard) foreign(size uint64) error {
	for i := range g.slots {
		if _, err := g.fs.Stat(g.fs.PathJoin(g.dir, guardSlots[i])); err != nil {
			return fmt.Errorf("guard %s: it was taken away: %w", g.dir, err)
		}
		c, err := g.read(i)
		if errors.Is(err, errUnread) {
			return fmt.Errorf("guard %s: %w", g.dir, err)
		}
		// A torn file may say any size, and is not signed.
		if err == nil && c.Size > size && CheckSigner(g.key, c) == nil || i == g.last && (err != nil || c.Size != size) {
			return fmt.Errorf("guard %s: size %d was written last, and now there is %d (%v): another process has it", g.dir, size, c.Size, err)
		}
	}
	return nil
}

// Set remembers a checkpoint whatever was there, and returns when that is on disk.
func (g *Guard) Set(c tlog.SignedCheckpoint) error {
	if err := CheckSigner(g.key, c); err != nil {
		return fmt.Errorf("guard %s: %w", g.dir, err)
	}
	return cmp.Or(g.put(1-g.last, c), g.put(1-g.last, c))
}

func (g *Guard) put(slot int, c tlog.SignedCheckpoint) error {
	if err := g.write(slot, c.Bytes()); err != nil {
		return fmt.Errorf("guard %s: checkpoint of size %d: %w", g.dir, c.Size, err)
	}
	if slot != g.last {
		g.bad = nil
	}
	g.last, g.size = slot, c.Size
	return nil
}

func (g *Guard) write(slot int, b []byte) error {
	info, err := g.slots[slot].Stat()
	if err != nil {
		return err
	}
	if info.Size() > int64(len(b)) {
		// Made anew, because a file is not cut. Sizes only grow, but where a ledger
		// is told that it lost something.
		if err := g.remake(slot); err != nil {
			return err
		}
	}
	if _, err := g.slots[slot].WriteAt(b, 0); err != nil {
		return err
	}
	return g.slots[slot].Sync()
}

// remake makes a file empty.
func (g *Guard) remake(slot int) error {
	name := g.fs.PathJoin(g.dir, guardSlots[slot])
	f, err := g.fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close(), g.slots[slot].Close()); err != nil {
		return err
	}
	if g.slots[slot], err = g.fs.OpenReadWrite(name, vfs.WriteCategoryUnspecified); err != nil {
		return err
	}
	return g.sync(g.dir)
}

// Close lets another process hold the guard.
func (g *Guard) Close() error {
	var err error
	for _, f := range g.slots {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	if g.lock != nil {
		err = errors.Join(err, g.lock.Close())
	}
	return err
}
