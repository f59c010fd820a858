package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
)

// tamper changes a value of a ledger's store.
func tamper(t *testing.T, dir string, change func(key, value []byte) []byte) {
	t.Helper()
	db, err := pebble.Open(filepath.Join(dir, storeDir), &pebble.Options{FormatMajorVersion: pebble.FormatTableFormatV6, ErrorIfNotExists: true})
	if err != nil {
		t.Fatal(err)
	}
	it, err := db.NewIter(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := db.NewBatch()
	for it.First(); it.Valid(); it.Next() {
		if value := change(it.Key(), append([]byte(nil), it.Value()...)); value != nil {
			if err := b.Set(it.Key(), value, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, err := range []error{it.Close(), db.Apply(b, pebble.Sync), db.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// flipOf changes the last byte of the values of a table.
func flipOf(table byte) func(key, value []byte) []byte {
	return func(key, value []byte) []byte {
		if key[0] != table || string(key) == "head" || string(key) == "format" {
			return nil
		}
		value[len(value)-1] ^= 1
		return value
	}
}

func TestACheckThatFindsDamageNeverExitsWithZero(t *testing.T) {
	dir, policy := newLedger(t)
	grow(t, dir, "", revocations(t, policy.Logs[0].Key, 5)...)
	restore := snapshot(t, dir, storeDir, guardDir)
	says(t, 0, []string{"ledger.example: sound: 5 entries, root ", "checked 5 of 5 entries, 100 %"}, "check", "--dir", dir)
	for table, where := range map[byte]string{
		'e': "  entry 0: it has the leaf hash", 't': "  tile/0/000: hash ", 'r': "  index: record ", 'k': "  index: key ", 'v': "  state: revocation of the key ",
	} {
		tamper(t, dir, flipOf(table))
		says(t, exitDamaged, []string{"ledger.example: damaged\n", where, "chirographd: the ledger is damaged: "}, "check", "--dir", dir)
		restore()
	}
	for _, name := range []string{"checkpoint.0", "checkpoint.1"} {
		file := filepath.Join(dir, guardDir, name)
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)-10] ^= 1
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		says(t, exitDamaged, []string{"  guard: " + name + ": "}, "check", "--dir", dir)
		restore()
	}
	says(t, 0, []string{"sound: 5 entries"}, "check", "--dir", dir)
	if _, err := os.Stat(dir + ".check"); err == nil {
		t.Error("what the check kept is still there")
	}
	says(t, exitFailed, []string{"--dir has to be given"}, "check")
	says(t, exitFailed, []string{"no such file"}, "check", "--dir", filepath.Join(dir, "nowhere"))
	if err := os.RemoveAll(filepath.Join(dir, guardDir)); err != nil {
		t.Fatal(err)
	}
	says(t, exitDamaged, []string{"guard: ", "there is no guard"}, "check", "--dir", dir)
}

func TestALedgerThatAsksWitnessesIsCheckedAgainstThem(t *testing.T) {
	dir, policy := newLedger(t)
	grow(t, dir, "", revocations(t, policy.Logs[0].Key, 5)...)
	file := filepath.Join(dir, witnessFile)
	asks := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w, err := witnesstest.New("w.example", policy.Logs[0].Key, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	asks("log " + policy.Logs[0].Key.String() + "\nwitness w " + w.Key.String() + " http://w.example\nquorum w\n")
	says(t, exitDamaged, []string{"published checkpoint: it is not there, and what the ledger would show for it is not witnessed", "is not met"}, "check", "--dir", dir)
	asks("quorum w\n")
	says(t, exitFailed, []string{witnessFile, "policy line 1"}, "check", "--dir", dir)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	says(t, 0, []string{"sound: 5 entries"}, "check", "--dir", dir)
}

func TestABackupIsCheckedWithoutKeysAndGuard(t *testing.T) {
	dir, policy := newLedger(t)
	grow(t, dir, "", revocations(t, policy.Logs[0].Key, 5)...)
	to := filepath.Join(t.TempDir(), "backup")
	says(t, 0, nil, "backup", "--dir", dir, "--to", to)
	says(t, 0, []string{"sound: 5 entries"}, "check", "--dir", to)
	tamper(t, to, flipOf('e'))
	says(t, exitDamaged, []string{"entry 4: it has the leaf hash"}, "check", "--dir", to)
}

func TestRebuildRepairsWhatFollowsFromTheEntries(t *testing.T) {
	dir, policy := newLedger(t)
	list := revocations(t, policy.Logs[0].Key, 6)
	grow(t, dir, "", list[:5]...)
	before := filepath.Join(dir, beforeDir)
	for _, table := range []byte("trkv") {
		tamper(t, dir, flipOf(table))
		says(t, 0, []string{"rebuilt from 5 entries", "the old store is in " + before}, "rebuild", "--dir", dir)
		says(t, 0, []string{"sound: 5 entries"}, "check", "--dir", dir)
		says(t, 0, []string{"was rebuilt, and is unchanged since", before + "; to make it once more, move it away"}, "rebuild", "--dir", dir)
		tamper(t, dir, flipOf(table))
		says(t, exitFailed, []string{before, "a rebuild before was done", "changed since"}, "rebuild", "--dir", dir)
		tamper(t, dir, flipOf(table))
		if err := os.RemoveAll(before); err != nil {
			t.Fatal(err)
		}
	}
	says(t, 0, []string{"the old store is removed"}, "rebuild", "--dir", dir, "--discard")
	restore := snapshot(t, dir, storeDir)
	tamper(t, dir, flipOf('e'))
	says(t, exitFailed, []string{"nothing was changed: entry 0: ", "only a copy of the log has it"}, "rebuild", "--dir", dir)
	restore()
	grow(t, dir, "", list[5])
	says(t, 0, []string{"sound: 6 entries"}, "check", "--dir", dir)
}

func TestARebuildThatWasCutShortIsRunAgain(t *testing.T) {
	dir, policy := newLedger(t)
	grow(t, dir, "", revocations(t, policy.Logs[0].Key, 5)...)
	path := func(name string) string { return filepath.Join(dir, name) }
	// While it was made: what is there is begun again.
	if err := os.MkdirAll(path(rebuiltDir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path(rebuiltDir), "000004.log"), []byte("torn"), 0o644); err != nil {
		t.Fatal(err)
	}
	says(t, 0, []string{"rebuilt from 5 entries"}, "rebuild", "--dir", dir)
	// Between the two names: the new one is whole, and the old one under its other name.
	if err := os.Rename(path(storeDir), path(rebuiltDir)); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{"chirographd rebuild"}, "serve", "--dir", dir, "--listen", "127.0.0.1:0")
	says(t, 0, []string{"rebuilt from 5 entries"}, "rebuild", "--dir", dir)
	says(t, 0, []string{"sound: 5 entries"}, "check", "--dir", dir)
	// After the second name, with nothing said: that is the end.
	says(t, 0, []string{"was rebuilt, and is unchanged since"}, "rebuild", "--dir", dir)
	if names, err := filepath.Glob(path("store*")); err != nil || strings.Join(names, " ") != path(storeDir)+" "+path(beforeDir) {
		t.Errorf("there are %v, %v", names, err)
	}
}

// A rebuild that was stopped while it removed the old store ends that, and does not begin anew.
func TestARebuildThatWasCutShortAtItsLastStepRemovesTheOldStore(t *testing.T) {
	dir, policy := newLedger(t)
	grow(t, dir, "", revocations(t, policy.Logs[0].Key, 5)...)
	says(t, 0, []string{"rebuilt from 5 entries"}, "rebuild", "--dir", dir)
	before := filepath.Join(dir, beforeDir)
	for _, name := range []string{"MANIFEST-*", "marker.*"} {
		files, err := filepath.Glob(filepath.Join(before, name))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
	}
	says(t, 0, []string{"was rebuilt, and is unchanged since; the old store is removed"}, "rebuild", "--dir", dir, "--discard")
	if _, err := os.Stat(before); err == nil {
		t.Error("the old store is there")
	}
	says(t, 0, []string{"sound: 5 entries"}, "check", "--dir", dir)
}
