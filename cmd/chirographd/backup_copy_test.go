//go:build unix

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
)

// A copy is checked and backed up as a ledger is, and its backup is a copy.
func TestTheBackupOfACopyIsACopy(t *testing.T) {
	dir, policy := newLedger(t)
	key := policy.Logs[0].Key
	grow(t, dir, "", revocations(t, key, 5)...)
	place := t.TempDir()
	followed, to := filepath.Join(place, "copy"), filepath.Join(place, "backup")
	mustCopy(t, dir, followed, policy.Bytes())
	says(t, 0, []string{"copy of ledger.example: sound: 5 entries, root "}, "check", "--dir", followed)
	says(t, 0, []string{"copy of ledger.example: 5 entries in", "verified"}, "backup", "--dir", followed, "--to", to)
	says(t, 0, []string{"copy of ledger.example: sound: 5 entries"}, "check", "--dir", to)
	grow(t, dir, "", revocations(t, key, 7)[5:]...)
	for _, c := range []string{followed, to} {
		mustCopy(t, dir, c, policy.Bytes()) // it goes on
		says(t, 0, []string{"copy of ledger.example: sound: 7 entries"}, "check", "--dir", c)
	}

	// Damage of each kind is found, and is in no backup.
	restore := snapshot(t, followed, storeDir)
	for table, where := range map[byte]string{
		'e': "entry 0: it has the leaf hash", 't': "tile/0/000: hash ", 'r': "index: record ", 'v': "state: revocation of the key ", 'p': "published checkpoint: ", 'k': "kept checkpoint: ",
	} {
		tamper(t, followed, func(k, value []byte) []byte {
			if table == 'k' && string(k) != "kept" {
				return nil
			}
			return flipOf(table)(k, value)
		})
		says(t, exitDamaged, []string{"copy of ledger.example: damaged", where, "it is a copy: chirographd follow makes another"}, "check", "--dir", followed)
		says(t, exitFailed, []string{"there is no backup in"}, "backup", "--dir", followed, "--to", filepath.Join(place, "damaged"))
		restore()
	}
	says(t, exitFailed, []string{"is a copy of the ledger at"}, "rebuild", "--dir", followed)
}

// A copy that somebody has is left alone, and it is said what to do; so is one that shows
// nothing yet, or has no store.
func TestACopyThatIsHeldIsNotBackedUp(t *testing.T) {
	dir, policy := newLedger(t)
	place := t.TempDir()
	followed, to := filepath.Join(place, "copy"), filepath.Join(place, "backup")
	mustCopy(t, dir, followed, policy.Bytes())
	hold, err := holdCopy(followed)
	if err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{"stop it first; or back up the ledger itself"}, "backup", "--dir", followed, "--to", to)
	if err := hold.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := store.OpenCopy(store.Config{Dir: filepath.Join(followed, storeDir), Key: policy.Logs[0].Key})
	if err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{"what runs is not checked"}, "check", "--dir", followed)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(followed, storeDir)); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{"a promotion was cut short"}, "backup", "--dir", followed, "--to", to)
	if s, err = store.OpenCopy(store.Config{Dir: filepath.Join(followed, storeDir), Key: policy.Logs[0].Key}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{"shows nothing yet"}, "backup", "--dir", followed, "--to", to)
	says(t, 0, []string{"shows nothing yet"}, "check", "--dir", followed)
}

// What follow has against the ledger is in the backup, so that promote refuses that too. What
// only has the name is none, and may be another's secret.
func TestEvidenceIsInTheBackupOfACopy(t *testing.T) {
	dir, policy := newLedger(t)
	place := t.TempDir()
	followed := filepath.Join(place, "copy")
	mustCopy(t, dir, followed, policy.Bytes())
	if err := os.WriteFile(filepath.Join(followed, "evidence-fork-0.txt"), []byte("root:x:0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{"evidence-fork-0.txt: it is no evidence"}, "backup", "--dir", followed, "--to", filepath.Join(place, "to"))
	b, err := os.ReadFile(filepath.Join("..", "..", "testvectors", "evidence", "absent-all-there.json"))
	var vector struct{ Evidence string }
	if err == nil {
		err = json.Unmarshal(b, &vector)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(followed, "evidence-fork-0.txt"), []byte(vector.Evidence), 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, 0, nil, "backup", "--dir", followed, "--to", filepath.Join(place, "to"))
	if err := mustHaveNoEvidence(filepath.Join(place, "to")); err == nil {
		t.Error("the backup has no evidence")
	}
}

// What is public is held against its quorum in a backup too: it is told, and the backup is
// there all the same, since the ledger has no more.
func TestABackupSaysWhereTheQuorumIsNotMet(t *testing.T) {
	dir, policy := newLedger(t)
	key := policy.Logs[0].Key
	grow(t, dir, "", revocations(t, key, 2)...)
	w, err := witnesstest.New("w.example", key, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, witnessFile), []byte("log "+key.String()+"\nwitness w "+w.Key.String()+" http://w.example\nquorum w\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "to")
	says(t, 0, []string{"2 entries in", "warning: it is as in the ledger, and there published checkpoint: ", "is not met"}, "backup", "--dir", dir, "--to", to)
	says(t, exitDamaged, []string{"is not met"}, "check", "--dir", to)
}
