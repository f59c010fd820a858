package main

import (
	"os"
	"path/filepath"
	"testing"
)

// Issue 5, point 1: nothing is signed over a wrong guard, and it is said what and where.
func TestADamagedFileOfTheGuardIsNamedAndRecoverWritesItAnew(t *testing.T) {
	dir, policy := newLedger(t)
	grow(t, dir, "", revocations(t, policy.Logs[0].Key, 3)...)
	_, file := witnesses(t, policy.Logs[0].Key)
	restore := snapshot(t, dir, guardDir)
	for _, asked := range [][]string{{"--without-witnesses"}, {"--witness-policy", file}} {
		damaged := ""
		for _, name := range []string{"checkpoint.0", "checkpoint.1"} {
			// Of the newest one it is a write that a crash tore: the store has its tree.
			path := filepath.Join(dir, guardDir, name)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			b[len(b)-10] ^= 1
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			if code, _, _ := chirographd(t, "check", "--dir", dir); code != exitDamaged {
				t.Errorf("check of it: exit code %d", code)
			}
			if _, _, err := servedOnce(t, serveFlags{dir: dir}); err != nil {
				damaged = path
				says(t, exitFailed, []string{path + " is damaged (", "chirographd recover"}, "serve", "--dir", dir, "--listen", "127.0.0.1:0")
				break
			}
			restore()
		}
		if damaged == "" {
			t.Fatal("the ledger starts with either file damaged")
		}
		args := append([]string{"recover", "--dir", dir}, asked...)
		says(t, 0, []string{damaged + " was damaged (", "is written anew: the guard has the tree of 3 entries"}, args...)
		says(t, 0, []string{"nothing to recover"}, args...)
		if _, _, err := servedOnce(t, serveFlags{dir: dir}); err != nil {
			t.Errorf("after recover: %v", err)
		}
		restore()
	}
}
