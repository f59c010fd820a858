//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package store

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Who may write where a lock is does not say by it what root empties or locks.
func TestALockIsNoLinkAndEmptiesNothing(t *testing.T) {
	dir := t.TempDir()
	in := Config{Dir: filepath.Join(dir, "store"), Key: home.Key}
	guard := GuardConfig{Dir: filepath.Join(dir, "guard"), Key: home.Key}
	if err := errors.Join(Create(in, emptyLog()), CreateGuard(guard, emptyLog())); err != nil {
		t.Fatal(err)
	}
	closed := func(c io.Closer, err error) error {
		if err != nil {
			return err
		}
		return c.Close()
	}
	explicit := in
	explicit.FS = vfs.Default
	for what, l := range map[string]struct {
		name string
		open func() error
	}{
		"store to write":     {"store/LOCK", func() error { s, err := Open(in); return closed(s, err) }},
		"store to read":      {"store/LOCK", func() error { r, err := OpenRaw(in); return closed(r, err) }},
		"store of that disk": {"store/LOCK", func() error { s, err := Open(explicit); return closed(s, err) }},
		"guard":              {"guard/LOCK", func() error { g, err := OpenGuard(guard); return closed(g, err) }},
		"copy":               {"copy.lock", func() error { return closed(Hold(filepath.Join(dir, "copy.lock"))) }},
		"draft":              {"being-made", func() error { return closed(HoldExisting(filepath.Join(dir, "being-made"))) }},
	} {
		name, victim := filepath.Join(dir, l.name), filepath.Join(dir, "victim")
		for how, make := range map[string]func() error{
			"is L":        func() error { return os.Symlink(victim, name) },
			"has 2 names": func() error { return os.Link(victim, name) },
			"is d":        func() error { return os.Mkdir(name, 0o700) },
		} {
			if err := os.WriteFile(victim, []byte("what root has\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			if err := make(); err != nil {
				t.Fatal(err)
			}
			if err := l.open(); err == nil || errors.Is(err, ErrHeld) || !strings.Contains(err.Error(), how) {
				t.Errorf("%s: %v, want that it %s", what, err, how)
			}
			if b, err := os.ReadFile(victim); err != nil || string(b) != "what root has\n" {
				t.Errorf("%s, which %s: the other file has %q, %v", what, how, b, err)
			}
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
		// A file stays as it is, and holds.
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := l.open(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if b, err := os.ReadFile(name); err != nil || string(b) != "x" {
			t.Errorf("%s: the lock has %q, %v", what, b, err)
		}
	}
	for _, file := range []string{"copy.lock", "being-made"} {
		if err := os.Remove(filepath.Join(dir, file)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := HoldExisting(filepath.Join(dir, "being-made")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "being-made")); err == nil {
		t.Error("a lock was made where one that is there was to be held")
	}
}

// otherWay is set in the process that a test starts: how it locks a file.
const otherWay = "CHIROGRAPH_TEST_LOCK"

// other runs this test in another process, which locks a file until the function that is
// returned is called, and returns what it said.
func other(t *testing.T, way, name string) (said string, end func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestAnotherProcessHasTheSameLock$")
	cmd.Env = append(os.Environ(), otherWay+"="+way+" "+name)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return said, func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
}

// A program of an earlier version locks by Pebble's own way, and each sees the other.
func TestAnotherProcessHasTheSameLock(t *testing.T) {
	if way, name, ok := strings.Cut(os.Getenv(otherWay), " "); ok {
		lock := Hold
		if way == "pebble" {
			lock = vfs.Default.Lock
		}
		_, err := lock(name)
		fmt.Printf("%v\n", err == nil)
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	name := filepath.Join(t.TempDir(), "LOCK")
	for _, way := range []string{"pebble", "ours"} {
		said, end := other(t, way, name)
		if said != "true\n" {
			t.Errorf("%s: %q", way, said)
		}
		if _, err := Hold(name); !errors.Is(err, ErrHeld) {
			t.Errorf("%s: %v", way, err)
		}
		end()
		held, err := Hold(name)
		if err != nil {
			t.Fatal(err)
		}
		// The system would drop the lock with any descriptor of the file that closes.
		if _, err := Hold(name); !errors.Is(err, ErrHeld) {
			t.Error(err)
		}
		if err := os.Rename(name, name+"2"); err != nil {
			t.Fatal(err)
		}
		if _, err := Hold(name + "2"); !errors.Is(err, ErrHeld) {
			t.Error(err)
		}
		if err := os.Rename(name+"2", name); err != nil {
			t.Fatal(err)
		}
		said, end = other(t, way, name)
		if said != "false\n" {
			t.Errorf("%s: %q while this process has it", way, said)
		}
		end()
		if err := held.Close(); err != nil {
			t.Error(err)
		}
		if err := held.Close(); err == nil {
			t.Error("a lock is given up twice")
		}
	}
}

// What was removed while it was held, and made again, is another file.
func TestALockThatIsMadeAgainIsAnother(t *testing.T) {
	name := filepath.Join(t.TempDir(), "being-made")
	first, err := Hold(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	second, err := HoldExisting(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := Drop(second, name); err != nil {
		t.Error(err)
	}
	if err := Drop(first, name); err != nil {
		t.Error(err)
	}
	// One that is open, and not of that name any more, holds nothing.
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := takeLock(name, f, info); !errors.Is(err, errLocked) {
		t.Error(err)
	}
}

// A guard goes with the ledger that it was made for, and with no other.
func TestOnlyAGuardThatIsOfTheLedgerAndEmptyIsRemoved(t *testing.T) {
	cfg := GuardConfig{Dir: filepath.Join(t.TempDir(), "guard"), Key: home.Key}
	files := func() int {
		list, err := os.ReadDir(cfg.Dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if err := RemoveGuard(cfg); err != nil { // there is none
		t.Error(err)
	}
	if err := CreateGuard(cfg, emptyLog()); err != nil {
		t.Fatal(err)
	}
	another := cfg
	another.Key = newSigner(home.Key.Name(), 99).Key
	if err := RemoveGuard(another); err != nil || files() != 3 {
		t.Error("of another ledger:", files(), err)
	}
	g, err := OpenGuard(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := RemoveGuard(cfg); err != nil || files() != 3 {
		t.Error("held:", files(), err)
	}
	remember(t, g, 1)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if err := RemoveGuard(cfg); err != nil || files() != 3 {
		t.Error("with an entry:", files(), err)
	}
	if err := os.RemoveAll(cfg.Dir); err != nil {
		t.Fatal(err)
	}
	if err := CreateGuard(cfg, emptyLog()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(cfg.Dir, "thesis"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := RemoveGuard(cfg); err != nil || files() != 1 {
		t.Error("its own:", files(), err)
	}
}
