//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
	"github.com/chirograph/chirograph/ledger/store"
)

// nothingIn demands that a directory is empty, also of names that begin with a dot.
func nothingIn(t *testing.T, dir string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil || len(list) > 0 {
		t.Errorf("%s has %v, %v", dir, list, err)
	}
}

// A copy with a wrong byte never gets the name of a backup.
func TestADamagedCopyIsNoBackup(t *testing.T) {
	dir, policy := newLedger(t)
	grow(t, dir, "", revocations(t, policy.Logs[0].Key, 300)...)
	grow(t, dir, "") // what was in the log of writes is in a table now
	tables, err := filepath.Glob(filepath.Join(dir, storeDir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatal(tables, err)
	}
	for _, table := range tables {
		b, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/3] ^= 4
		if err := os.WriteFile(table, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	place := t.TempDir()
	says(t, exitFailed, []string{"there is no backup in"}, "backup", "--dir", dir, "--to", filepath.Join(place, "to"))
	nothingIn(t, place)
}

// Who is told to stop leaves nothing.
func TestAnInterruptedBackupLeavesNothing(t *testing.T) {
	dir, policy := newLedger(t)
	grow(t, dir, "", revocations(t, policy.Logs[0].Key, 3)...)
	place := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := backup(ctx, backupFlags{dir: dir, to: filepath.Join(place, "to")}, io.Discard, io.Discard); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	nothingIn(t, place)
	says(t, 0, []string{"3 entries in"}, "backup", "--dir", dir, "--to", filepath.Join(place, "to"))
}

// Where the backup is on another file system, files are copied.
func TestFilesThatCannotBeMovedAreCopied(t *testing.T) {
	from := t.TempDir()
	for name, text := range map[string]string{"a": "1", "b": ""} {
		if err := os.WriteFile(filepath.Join(from, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	to := filepath.Join(t.TempDir(), "to")
	within, err := os.OpenRoot(filepath.Dir(from))
	if err != nil {
		t.Fatal(err)
	}
	defer within.Close()
	root, files, err := openFiles(within, filepath.Base(from))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := copyFiles(t.Context(), root, files, to); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": "1", "b": ""} {
		if b, err := os.ReadFile(filepath.Join(to, name)); err != nil || string(b) != want {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
}

// A backup of a ledger that does not run counts as leaving: what a crash kept from the
// guard is in it before it is in the backup.
func TestABackupOfAStoppedLedgerLeavesThroughTheGuard(t *testing.T) {
	dir, policy := newLedger(t)
	key := policy.Logs[0].Key
	grow(t, dir, "", revocations(t, key, 2)...)
	restore := snapshot(t, dir, guardDir)
	grow(t, dir, "", revocations(t, key, 5)...)
	restore() // as if the process had been killed after its last commit
	says(t, 0, []string{"5 entries in"}, "backup", "--dir", dir, "--to", filepath.Join(t.TempDir(), "to"))
	g, err := store.OpenGuard(store.GuardConfig{Dir: filepath.Join(dir, guardDir), Key: key})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if last, err := g.Last(); err != nil || last.Size != 5 {
		t.Error(last.Size, err)
	}
}

// A controlled is a ledger that answers at its socket.
func controlled(t *testing.T, dir string) (*ledger.Log, *control) {
	t.Helper()
	id, err := readIdentity(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(store.Config{Dir: filepath.Join(dir, storeDir), Key: id.key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	g, err := store.OpenGuard(store.GuardConfig{Dir: filepath.Join(dir, guardDir), Key: id.key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	l, err := ledger.Open(ledger.Config{Store: s, Guard: g, Sign: id.secret.Sign, Clock: time.Now, Policy: id.policy.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c, err := listenControl(dir, l, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return l, c
}

func TestTheSocketIsItsUsersAlone(t *testing.T) {
	dir, _ := newLedger(t)
	_, c := controlled(t, dir)
	for name, want := range map[string]os.FileMode{controlDir: os.ModeDir | 0o700, filepath.Join(controlDir, controlSocket): os.ModeSocket | 0o600} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, controlDir)); err == nil {
		t.Error("the socket is left")
	}
}

// Law 8: the longest path of a socket, and one longer, for which there is another place.
func TestASocketWhosePathIsTooLongIsElsewhere(t *testing.T) {
	base, err := os.MkdirTemp("", "c")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(base)
	for _, length := range []int{maxSocketPath, maxSocketPath + 1, 200} {
		place := filepath.Join(base, strings.Repeat("d", length-len(base)-len(controlSocket)-2))
		if err := os.Mkdir(place, 0o700); err != nil {
			t.Fatal(err)
		}
		path, err := socketPath(place)
		if err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("unix", path)
		if err != nil {
			t.Fatalf("%d bytes: %v", length, err)
		}
		if within := filepath.Dir(path) == place; within != (length <= maxSocketPath) {
			t.Errorf("%d bytes: %s", length, path)
		}
		if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
			t.Error(info.Mode(), err)
		}
		listener.Close()
		if err := removeControl(place); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Dir(path)); err == nil {
			t.Errorf("%s is left", path)
		}
	}
}

func TestALedgerWhosePathIsLongIsBackedUpWhileItRuns(t *testing.T) {
	short, policy := newLedger(t)
	dir := filepath.Join(filepath.Dir(short), strings.Repeat("long", 30))
	if err := os.Rename(short, dir); err != nil {
		t.Fatal(err)
	}
	l, _ := controlled(t, dir)
	if _, err := l.Append(t.Context(), revocations(t, policy.Logs[0].Key, 1)[0]); err != nil {
		t.Fatal(err)
	}
	says(t, 0, []string{"1 entry in"}, "backup", "--dir", dir, "--to", filepath.Join(t.TempDir(), "to"))
}

// What a caller who was killed has not moved away, is removed; nonsense is answered.
func TestNoCopyOfTheStoreIsLeftInIt(t *testing.T) {
	dir, _ := newLedger(t)
	_, c := controlled(t, dir)
	path, err := findSocket(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range []string{"backup\n", "backup", "restore\n", "", strings.Repeat("x", 1000)} {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(conn)
		if want := map[bool]string{true: "ok ", false: "error "}[request == "backup\n"]; !bytes.HasPrefix(answer, []byte(want)) && len(request) < 100 {
			t.Errorf("%.10q is answered by %q", request, answer)
		}
		conn.Close()
	}
	if err := c.Close(); err != nil { // returns when what was begun has ended
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, storeDir, "backup-*"))
	if err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}

// What a killed server left at its socket does not keep the next from starting, nor a
// backup from opening the store itself.
func TestASocketThatAKilledServerLeftIsNoServer(t *testing.T) {
	dir, _ := newLedger(t)
	place := filepath.Join(dir, controlDir)
	if err := os.Mkdir(place, 0o700); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(place, controlSocket))
	if err != nil {
		t.Fatal(err)
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	listener.Close()
	says(t, 0, []string{"0 entries in"}, "backup", "--dir", dir, "--to", filepath.Join(t.TempDir(), "to"))
	controlled(t, dir)
	says(t, 0, []string{"0 entries in"}, "backup", "--dir", dir, "--to", filepath.Join(t.TempDir(), "to"))
}

// Who takes the socket away, or puts his own in its place, keeps nobody from a backup for
// longer than until the ledger looks.
func TestALedgerWhoseSocketIsGoneOrAnothersListensAgain(t *testing.T) {
	short, _ := newLedger(t)
	other, _ := newLedger(t)
	long := filepath.Join(filepath.Dir(other), strings.Repeat("long", 30))
	if err := os.Rename(other, long); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{short, long} {
		_, c := controlled(t, dir)
		for name, disturb := range map[string]func(path string) error{
			"nothing":         func(string) error { return nil },
			"its socket":      os.Remove,
			"where it is":     func(path string) error { return os.RemoveAll(filepath.Dir(path)) },
			"what says where": func(string) error { return os.RemoveAll(filepath.Join(dir, controlDir)) },
			"an impostor": func(path string) error {
				if err := os.Remove(path); err != nil {
					return err
				}
				impostor(t, path, "error go away\n")
				return nil
			},
		} {
			path, err := findSocket(dir)
			if err == nil {
				err = disturb(path)
			}
			if err != nil {
				t.Fatal(name, err)
			}
			if name != "nothing" {
				says(t, exitFailed, []string{"there is no backup in"}, "backup", "--dir", dir, "--to", filepath.Join(t.TempDir(), "to"))
			}
			c.look()
			says(t, 0, []string{"entries in"}, "backup", "--dir", dir, "--to", filepath.Join(t.TempDir(), "to"))
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(dir, controlDir)); err == nil {
			t.Error("the socket is left")
		}
	}
}

// What is restored from a backup of a directory whose log is in a bucket, or on the way, is not
// served as a ledger of one machine.
func TestABackupSaysThatTheLogIsInABucket(t *testing.T) {
	dir, key := newLedgerWithTwoKeys(t)
	grow(t, dir, "", revocations(t, key, 3)...)
	f := bucketAt(t, objectstest.NewMemory())
	says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
	to := filepath.Join(t.TempDir(), "backup")
	says(t, 0, nil, "backup", "--dir", dir, "--to", to)
	if got, want := mustReadFile(t, filepath.Join(to, movedFile)), mustReadFile(t, filepath.Join(dir, movedFile)); got != want {
		t.Errorf("it says %q, not %q", got, want)
	}
	if err := mustBeHere(to); err == nil {
		t.Error("it is served as a ledger of one machine")
	}
	says(t, 0, nil, migrateArgs(dir, "--from-bucket", f)...)
	to = filepath.Join(t.TempDir(), "backup")
	says(t, 0, nil, "backup", "--dir", dir, "--to", to)
	if _, err := os.Stat(filepath.Join(to, movedFile)); err == nil {
		t.Error("the log is where its directory is, and the backup says that it is in a bucket")
	}
	if err := os.WriteFile(filepath.Join(dir, movedFile), []byte("a secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{movedFile}, "backup", "--dir", dir, "--to", to+"2")
}
