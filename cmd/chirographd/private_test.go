//go:build unix

package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestASecretKeyThatOthersCanReadIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	says(t, 0, nil, "init", "--dir", dir, "--origin", "ledger.example", "--ml-dsa")
	for _, name := range []string{keyFile, cosignerFile} {
		file := filepath.Join(dir, name)
		for mode, refused := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o604: true, 0o620: true} {
			if err := os.Chmod(file, mode); err != nil {
				t.Fatal(err)
			}
			args := []string{"recover", "--dir", dir, "--without-witnesses"}
			if !refused {
				says(t, 0, []string{"nothing to recover"}, args...)
				continue
			}
			for _, args := range [][]string{args, {"serve", "--dir", dir, "--listen", "127.0.0.1:0"}} {
				says(t, exitFailed, []string{"refused a secret key", file, "its mode is 0" + modeText(mode), "chmod 600"}, args...)
			}
		}
		if err := os.Chmod(file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestATLSKeyThatOthersCanReadIsRefused(t *testing.T) {
	dir, _ := newLedger(t)
	cert, key, _ := newCertificate(t, t.TempDir(), "ledger.example")
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{"refused a secret key", key, "chmod 600"}, "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key)
}

func TestASecretKeyThatAnotherUserLendsIsHisToGuard(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	says(t, 0, nil, "init", "--dir", dir, "--origin", "ledger.example")
	file := filepath.Join(dir, keyFile)
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	err := os.Chown(file, os.Geteuid()+1, -1)
	if os.Geteuid() != 0 {
		if err == nil {
			t.Error("whoever is not root gave a file away")
		}
		return // only root can lend one
	}
	if err != nil {
		t.Fatal(err)
	}
	says(t, 0, []string{"nothing to recover"}, "recover", "--dir", dir, "--without-witnesses")
}

func modeText(m os.FileMode) string {
	return string([]byte{'0' + byte(m>>6&7), '0' + byte(m>>3&7), '0' + byte(m&7)})
}

func TestAGuardWhoseFilesAreEmptyIsDamagedAndNotMissing(t *testing.T) {
	dir, policy := newLedger(t)
	grow(t, dir, "", revocations(t, policy.Logs[0].Key, 2)...)
	for _, name := range []string{"checkpoint.0", "checkpoint.1"} {
		if err := os.Truncate(filepath.Join(dir, guardDir, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"serve", "--dir", dir, "--listen", "127.0.0.1:0"}, {"recover", "--dir", dir, "--without-witnesses"}} {
		says(t, exitFailed, []string{"it is damaged: checkpoint.0 and checkpoint.1 are empty"}, args...)
	}
	if err := os.RemoveAll(filepath.Join(dir, guardDir)); err != nil {
		t.Fatal(err)
	}
	says(t, 0, []string{"begins with the tree of 2 entries"}, "recover", "--dir", dir, "--without-witnesses")
}
