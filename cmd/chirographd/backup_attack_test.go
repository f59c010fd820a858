//go:build unix

package main

import (
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// everythingIn returns the names of all that is in a directory.
func everythingIn(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	if err := filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		names = append(names, name)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return names
}

// impostor gives one answer to each request at a socket, until the test ends.
func impostor(t *testing.T, path, answer string) {
	t.Helper()
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, len(askBackup)+1))
			_, _ = io.WriteString(conn, answer)
			_ = conn.(*net.UnixConn).CloseWrite()
			_, _ = conn.Read(make([]byte, 1))
			conn.Close()
		}
	}()
	t.Cleanup(func() { listener.Close(); <-done })
}

// Whatever answers at the socket: what is not a copy of the store stays where it is.
func TestABackupMovesNothingButACopyOfTheStore(t *testing.T) {
	kept, _ := newLedger(t)
	to := filepath.Join(t.TempDir(), "kept")
	says(t, 0, nil, "backup", "--dir", kept, "--to", to)
	head, err := os.ReadFile(filepath.Join(to, checkpointFile))
	if err != nil {
		t.Fatal(err)
	}
	for name, prepare := range map[string]func(dir, name string) error{
		"..":                      nil,
		".":                       nil,
		"":                        nil,
		"CURRENT":                 func(dir, name string) error { return os.WriteFile(filepath.Join(dir, name), nil, 0o600) },
		"../guard":                nil,
		"backup-0123456789abcdeF": func(dir, name string) error { return os.Mkdir(filepath.Join(dir, name), 0o700) },
		"backup-0123456789abcdef": func(dir, name string) error { return os.WriteFile(filepath.Join(dir, name), nil, 0o600) },
		"backup-1123456789abcdef": func(dir, name string) error { return os.Symlink("..", filepath.Join(dir, name)) },
		"backup-2123456789abcdef": func(dir, name string) error { return os.MkdirAll(filepath.Join(dir, name, "below"), 0o700) },
		"backup-3123456789abcdef": func(dir, name string) error {
			if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
				return err
			}
			return os.Symlink("/etc/passwd", filepath.Join(dir, name, "000001.log"))
		},
	} {
		dir, _ := newLedger(t)
		if prepare != nil {
			if err := prepare(filepath.Join(dir, storeDir), name); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Mkdir(filepath.Join(dir, controlDir), 0o700); err != nil {
			t.Fatal(err)
		}
		impostor(t, filepath.Join(dir, controlDir, controlSocket), "ok "+name+"\n"+string(head))
		before, place := everythingIn(t, dir), t.TempDir()
		says(t, exitFailed, []string{"there is no backup in"}, "backup", "--dir", dir, "--to", filepath.Join(place, "to"))
		if after := everythingIn(t, dir); !slices.Equal(after, before) {
			t.Errorf("%q: the ledger had %q, and has %q", name, before, after)
		}
		nothingIn(t, place)
	}
}

// The directory of a socket that is elsewhere has to be the one that the ledger made.
func TestASocketElsewhereHasToBeOfTheLedgersUser(t *testing.T) {
	dir, _ := newLedger(t)
	if err := os.Mkdir(filepath.Join(dir, controlDir), 0o700); err != nil {
		t.Fatal(err)
	}
	base := t.TempDir()
	short := filepath.Join(base, "short")
	made := func(mode fs.FileMode) func() error {
		return func() error {
			if err := os.Mkdir(short, 0o700); err != nil {
				return err
			}
			return os.Chmod(short, mode)
		}
	}
	for name, c := range map[string]struct {
		make func() error
		want string
	}{
		"own":      {made(0o700), ""},
		"open":     {made(0o755), "has to be a directory of mode 0700"},
		"link":     {func() error { return os.Symlink(base, short) }, "has to be a directory of mode 0700"},
		"none":     {func() error { return nil }, "no such file"},
		"relative": {nil, "no absolute path"},
	} {
		named := short
		if c.make == nil {
			named = "short"
		} else if err := c.make(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, controlDir, controlPlace), []byte(named+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := findSocket(dir); c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if err := os.RemoveAll(short); err != nil {
			t.Fatal(err)
		}
	}
	if os.Getuid() == 0 { // only root can make what another user made
		if err := os.Mkdir(short, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(short, 12345, -1); err != nil {
			t.Fatal(err)
		}
		if err := mustBePrivate(short, dir); err == nil || !strings.Contains(err.Error(), "another user's") {
			t.Error(err)
		}
	}
}

// Links are followed before anything is decided: a backup goes where they lead, and never
// into the ledger's directory.
func TestABackupGoesWhereALinkLeads(t *testing.T) {
	dir, _ := newLedger(t)
	place := t.TempDir()
	disk, link, inside := filepath.Join(place, "disk"), filepath.Join(place, "link"), filepath.Join(place, "inside")
	if err := os.Mkdir(disk, 0o750); err != nil {
		t.Fatal(err)
	}
	was, err := os.Stat(disk)
	if err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{link: disk, inside: dir, filepath.Join(place, "store"): filepath.Join(dir, storeDir)} {
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	before := everythingIn(t, dir)
	for _, to := range []string{"inside/new", "inside/new/below", "store/new"} {
		says(t, exitFailed, []string{"is in the ledger's directory, and would be lost with it"}, "backup", "--dir", dir, "--to", filepath.Join(place, to))
	}
	says(t, exitFailed, []string{"is in the ledger's directory"}, "backup", "--dir", inside, "--to", filepath.Join(dir, "new"))
	if after := everythingIn(t, dir); !slices.Equal(after, before) {
		t.Errorf("the ledger had %q, and has %q", before, after)
	}
	says(t, 0, []string{"0 entries in"}, "backup", "--dir", dir, "--to", link)
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Error("the link is gone", err)
	}
	// A mount point cannot be replaced: the directory is the one that was there.
	if is, err := os.Stat(disk); err != nil || !os.SameFile(is, was) || is.Mode() != was.Mode() {
		t.Error("the directory is another", err)
	}
	list, err := os.ReadDir(disk)
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	if want := []string{checkpointFile, policyFile, storeDir}; err != nil || !slices.Equal(names, want) {
		t.Errorf("the backup has %q, want %q, %v", names, want, err)
	}
	says(t, 0, nil, "check", "--dir", disk)
}

// A failure after the first part has its name leaves a directory that was there empty.
func TestABackupThatStopsHalfwayHasNoCheckpoint(t *testing.T) {
	to := t.TempDir()
	d, err := newDraft(to)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(d.temp, storeDir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.temp, checkpointFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.finish(); err == nil { // there is no policy
		t.Error("a backup without a policy is finished")
	}
	if err := d.discard(); err != nil {
		t.Error(err)
	}
	nothingIn(t, to)
}

// Root reads what the ledger's user may not: nothing that a link names gets into a backup.
func TestABackupReadsNoLinkAndNoNonsense(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("the secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, make := range map[string]func(string) error{
		"is no regular file": func(name string) error { return os.Symlink(secret, name) },
		witnessFile + ": ":   func(name string) error { return os.Link(secret, name) },
	} {
		dir, _ := newLedger(t)
		if err := make(filepath.Join(dir, witnessFile)); err != nil {
			t.Fatal(err)
		}
		place := t.TempDir()
		says(t, exitFailed, []string{name, "there is no backup in"}, "backup", "--dir", dir, "--to", filepath.Join(place, "to"))
		nothingIn(t, place)
	}
}

// Law 8: as many copies as may be held at once, and one more; and each for its time.
func TestCopiesOfTheStoreAreFewAndNotForEver(t *testing.T) {
	dir, _ := newLedger(t)
	l, c := controlled(t, dir)
	var held []*storeCopy
	for range maxCopies {
		s, err := askSnapshot(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, s)
	}
	if _, err := askSnapshot(t.Context(), dir); err == nil || !strings.Contains(err.Error(), strconv.Itoa(maxCopies)+" backups are being made") {
		t.Error(err)
	}
	for _, s := range held {
		s.close()
	}
	if c.copyTime != copyTime {
		t.Error(c.copyTime)
	}
	short := &control{log: l, logger: slog.New(slog.DiscardHandler), copies: make(chan struct{}, 1), copyTime: time.Millisecond}
	server, client := net.Pipe()
	defer client.Close()
	go func() {
		_, _ = io.WriteString(client, askBackup+"\n")
		_, _ = io.Copy(io.Discard, client)
	}()
	if err := short.serve(server); err == nil || !strings.Contains(err.Error(), "not done after 1ms") {
		t.Error(err)
	}
	server.Close()
	if err := c.Close(); err != nil { // returns when what was begun has ended
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, storeDir, "backup-*"))
	if err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}
