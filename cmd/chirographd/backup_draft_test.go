//go:build unix

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// begun makes a draft with the parts that a backup has, as a killed process leaves it, or
// with its lock.
func begun(t *testing.T, to string, killed bool) *draft {
	t.Helper()
	d, err := newDraft(to)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{storeDir, checkState} {
		if err := os.Mkdir(filepath.Join(d.temp, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"store/000004.sst", "check/000004.sst", policyFile, witnessFile, movedFile, copyOf, "evidence-fork-0.txt", checkpointFile} {
		if err := os.WriteFile(filepath.Join(d.temp, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if killed {
		if err := d.lock.Close(); err != nil { // and the file stays
			t.Fatal(err)
		}
	}
	return d
}

// What killed backups left is removed, where nothing else can be lost by it.
func TestABackupRemovesWhatAKilledOneLeftAndNothingElse(t *testing.T) {
	dir, _ := newLedger(t)
	place := t.TempDir()
	if err := os.Chmod(place, 0o700); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(place, "to")
	begun(t, to, true)
	begun(t, to, true)
	says(t, 0, []string{"0 entries in"}, "backup", "--dir", dir, "--to", to)
	if list, err := os.ReadDir(place); err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if _, err := os.Stat(filepath.Join(to, draftLock)); err == nil {
		t.Error("the lock is in the backup")
	}

	// In a directory that was there, a mount point perhaps.
	within := filepath.Join(place, "within")
	if err := os.Mkdir(within, 0o700); err != nil {
		t.Fatal(err)
	}
	begun(t, within, true)
	says(t, 0, []string{"0 entries in"}, "backup", "--dir", dir, "--to", within)
	if list, err := os.ReadDir(within); err != nil || len(list) != 3 {
		t.Error(list, err)
	}

	// One that runs stays as it is, and is not spoken of.
	other := filepath.Join(place, "other")
	running := begun(t, other, false)
	was := everythingIn(t, running.temp)
	says(t, 0, []string{"0 entries in"}, "backup", "--dir", dir, "--to", other)
	if is := everythingIn(t, running.temp); !slices.Equal(is, was) {
		t.Errorf("it had %q, and has %q", was, is)
	}
	if err := running.discard(); err != nil {
		t.Error(err)
	}
}

// What only looks like a draft, or has something else in it, is named and stays.
func TestABackupNamesWhatItDoesNotRemove(t *testing.T) {
	dir, _ := newLedger(t)
	for name, change := range map[string]func(d *draft) error{
		"something else":      func(d *draft) error { return os.WriteFile(filepath.Join(d.temp, "thesis"), nil, 0o600) },
		"something below":     func(d *draft) error { return os.MkdirAll(filepath.Join(d.temp, storeDir, "below", "it"), 0o700) },
		"no lock":             func(d *draft) error { return os.Remove(filepath.Join(d.temp, draftLock)) },
		"a link for its lock": func(d *draft) error { return relink(filepath.Join(d.temp, draftLock), "/dev/null") },
		"open to others":      func(d *draft) error { return os.Chmod(d.temp, 0o755) },
	} {
		place := t.TempDir()
		to := filepath.Join(place, "to")
		d := begun(t, to, true)
		if err := change(d); err != nil {
			t.Fatal(err)
		}
		says(t, 0, []string{"0 entries in", d.temp + " may be what a killed backup left: look, and remove it"}, "backup", "--dir", dir, "--to", to)
		for _, kept := range []string{"thesis", "store/below/it"} {
			if name == "something else" && kept == "thesis" || name == "something below" && kept != "thesis" {
				if _, err := os.Stat(filepath.Join(d.temp, kept)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		if _, err := os.Stat(d.temp); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Other names are nobody's draft.
	place := t.TempDir()
	for _, name := range []string{".to.tmp", ".to.x1.tmp", ".tox.12.tmp", "to.12.tmp", ".to.12.tmpx"} {
		if err := os.Mkdir(filepath.Join(place, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := clearDrafts(filepath.Join(place, "to")); len(left) > 0 || err != nil {
		t.Error(left, err)
	}
	if list, err := os.ReadDir(place); len(list) != 5 || err != nil {
		t.Error(list, err)
	}
}

func relink(name, to string) error {
	if err := os.Remove(name); err != nil {
		return err
	}
	return os.Symlink(to, name)
}

// The top of a disk is empty with what the disk itself puts there; what has the same name
// elsewhere, somebody put there.
func TestOnlyTheTopOfADiskMayHaveLostAndFound(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, lostAndFound), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	found := fs.DirEntry(list[1])
	if !isTop("/") || isTop(dir) || isTop(filepath.Join(dir, "nowhere")) {
		t.Error("the top of a disk is another")
	}
	if !ofTheDisk("/", found) || ofTheDisk("/", list[0]) || ofTheDisk(dir, found) {
		t.Error("what a disk has at its top is another")
	}
	if err := os.Remove(filepath.Join(dir, "file")); err != nil {
		t.Fatal(err)
	}
	if err := mustBeEmpty(dir); err == nil {
		t.Error("it is empty")
	}
	says(t, exitFailed, []string{"is not empty"}, "init", "--dir", "/", "--origin", "x.example")
}
