//go:build unix

package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/chirograph/chirograph/ledger/store"
)

// A backup that gets its name while another looks for what killed ones left stays whole.
func TestABackupThatGetsItsNameIsNotTakenForDead(t *testing.T) {
	const rounds = 200
	for range rounds {
		to := filepath.Join(t.TempDir(), "to")
		d := begun(t, to, false)
		if err := os.RemoveAll(filepath.Join(d.temp, checkState)); err != nil {
			t.Fatal(err)
		}
		want := len(everythingIn(t, d.temp)) - 1 // the lock goes
		finished := make(chan struct{})
		var others sync.WaitGroup
		for range 2 {
			others.Go(func() {
				for {
					if left, err := clearDrafts(to); err != nil || len(left) > 0 {
						t.Error(left, err)
					}
					select {
					case <-finished:
						return
					default:
					}
				}
			})
		}
		err := d.finish()
		close(finished)
		others.Wait()
		if has := everythingIn(t, to); err != nil || len(has) != want {
			t.Fatalf("the backup has %q, want %d files, %v", has, want, err)
		}
	}
}

// Who looked at a draft before it got its name makes no lock in it, neither there nor in the backup.
func TestADraftWithoutALockIsNotTakenForDead(t *testing.T) {
	d := begun(t, filepath.Join(t.TempDir(), "to"), true)
	if err := os.Remove(filepath.Join(d.temp, draftLock)); err != nil {
		t.Fatal(err)
	}
	was := everythingIn(t, d.temp)
	if err := clearDraft(d.temp); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if is := everythingIn(t, d.temp); !slices.Equal(is, was) {
		t.Errorf("it had %q, and has %q", was, is)
	}
}

// Backups of other days that were killed go too, and nothing else that is named so.
func TestABackupRemovesTheKilledOnesOfOtherDays(t *testing.T) {
	place := t.TempDir()
	if err := os.Chmod(place, 0o700); err != nil {
		t.Fatal(err)
	}
	killed, running := begun(t, filepath.Join(place, "2026-11-21"), true), begun(t, filepath.Join(place, "2026-11-20"), false)
	unlocked := begun(t, filepath.Join(place, "2026-11-19"), true)
	if err := os.Remove(filepath.Join(unlocked.temp, draftLock)); err != nil {
		t.Fatal(err)
	}
	if left, err := clearDrafts(filepath.Join(place, "2026-11-22")); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
	for d, stays := range map[*draft]bool{killed: false, running: true, unlocked: true} {
		if isGone(d.temp) == stays {
			t.Errorf("%s: is there: %v, want %v", d.temp, !stays, stays)
		}
	}
	if err := running.discard(); err != nil {
		t.Error(err)
	}
}

// A directory that was moved is still open to who had it open: what was put in it is seen.
func TestAMovedCopyHasNoLinkThatCameAfter(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "000004.sst"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := mustBeFiles(dir); err != nil {
		t.Error(err)
	}
	if err := os.Symlink("/dev/null", filepath.Join(dir, "LOCK")); err != nil {
		t.Fatal(err)
	}
	if err := mustBeFiles(dir); err == nil || !strings.Contains(err.Error(), "LOCK is no regular file") {
		t.Error(err)
	}
}

// What one user's backup would make in another's store keeps the ledger from its start.
func TestAStoppedLedgerIsBackedUpByItsUser(t *testing.T) {
	dir, _ := newLedger(t)
	if err := mustOwn(dir); err != nil {
		t.Error(err)
	}
	to := filepath.Join(t.TempDir(), "to")
	if os.Geteuid() != 0 { // a directory of root's there is always
		other := t.TempDir()
		if err := os.Symlink("/", filepath.Join(other, storeDir)); err != nil {
			t.Fatal(err)
		}
		if err := mustOwn(other); err == nil || !strings.Contains(err.Error(), "sudo -u '#0'") {
			t.Error(err)
		}
		return
	}
	for _, name := range []string{dir, filepath.Join(dir, storeDir)} {
		if err := os.Chown(name, 12345, -1); err != nil {
			t.Fatal(err)
		}
		before := everythingIn(t, dir)
		says(t, exitFailed, []string{name + " is of the user with the number 12345", "sudo -u '#12345'", "there is no backup in"}, "backup", "--dir", dir, "--to", to)
		if after := everythingIn(t, dir); !slices.Equal(after, before) {
			t.Errorf("the ledger had %q, and has %q", before, after)
		}
		if err := os.Chown(name, 0, -1); err != nil {
			t.Fatal(err)
		}
	}
	// A lock that root makes is the user's who has the store.
	if err := os.Chown(filepath.Join(dir, storeDir), 12345, -1); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, storeDir, "LOCK")
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	says(t, 0, nil, "check", "--dir", dir)
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid != 12345 {
		t.Errorf("the lock is of %d, want 12345", uid)
	}
}

// Of ledgers that are made at once with one guard, one comes to be, and its guard is whole.
func TestOneGuardIsOfOneLedger(t *testing.T) {
	const rounds, makers = 60, 3
	for round := range rounds {
		base := t.TempDir()
		guard := filepath.Join(base, "guard")
		if round%2 == 0 { // one that is empty is as good as none
			if err := os.Mkdir(guard, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		var begin, all sync.WaitGroup
		begin.Add(1)
		dirs, errs := [makers]string{}, [makers]error{}
		for i := range makers {
			dirs[i] = filepath.Join(base, "ledger"+string(rune('a'+i)))
			all.Go(func() {
				begin.Wait()
				_, errs[i] = initLedger(initFlags{dir: dirs[i], origin: "ledger.example", guard: guard})
			})
		}
		begin.Done()
		all.Wait()
		made := 0
		for i, err := range errs {
			if err != nil {
				if !isGone(dirs[i]) {
					t.Errorf("%s is there, %v", dirs[i], err)
				}
				continue
			}
			made++
			key, err := readKey(dirs[i])
			if err != nil {
				t.Fatal(err)
			}
			g, err := store.OpenGuard(store.GuardConfig{Dir: guard, Key: key})
			if err != nil {
				t.Fatal(err)
			}
			if what, why := g.Damaged(); why != nil {
				t.Errorf("%s: %v", what, why)
			}
			if err := g.Close(); err != nil {
				t.Error(err)
			}
		}
		if made != 1 {
			t.Fatalf("round %d: %d ledgers were made, want 1: %v", round, made, errs)
		}
	}
}

// A ledger that does not come to be takes its guard with it, and the directory if it is new.
func TestALedgerThatFailsLeavesNoGuard(t *testing.T) {
	for _, isNew := range []bool{true, false} {
		dir, policy := newLedger(t)
		guard := filepath.Join(filepath.Dir(dir), "guard")
		if err := os.Mkdir(guard, 0o700); err != nil {
			t.Fatal(err)
		}
		g := store.GuardConfig{Dir: guard, Key: policy.Logs[0].Key}
		own, err := store.ReadGuard(store.GuardConfig{Dir: filepath.Join(dir, guardDir), Key: g.Key})
		if err != nil {
			t.Fatal(err)
		}
		if err := store.CreateGuard(g, own[0].Checkpoint); err != nil {
			t.Fatal(err)
		}
		if err := removeGuard(guard, g.Key, isNew); err != nil {
			t.Error(err)
		}
		if isGone(guard) != isNew {
			t.Errorf("the directory was new: %v, and is gone: %v", isNew, isGone(guard))
		}
		if !isNew {
			nothingIn(t, guard)
		}
	}
}
