//go:build linux

package keys

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"

	"github.com/chirograph/chirograph/crypto/keys/keystest"
)

// What the kernel says of the process, after NoDumps.
func printDumps() {
	before, _, _ := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_GET_DUMPABLE, 0, 0)
	if err := NoDumps(); err != nil {
		fmt.Print(err)
		return
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &limit); err != nil {
		fmt.Print(err)
		return
	}
	after, _, _ := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_GET_DUMPABLE, 0, 0)
	fmt.Printf("%d before, %d after; core files of %d bytes", before, after, limit.Cur)
}

func TestAProcessWithSecretsIsNotDumped(t *testing.T) {
	out, err := child("dumps").CombinedOutput()
	if err != nil || string(out) != "1 before, 0 after; core files of 0 bytes" {
		t.Errorf("%s, %v", out, err)
	}
}

// panicWith dies while it signs by each key of a directory, as a bug in signing would have it.
func panicWith(dir string) {
	if err := NoDumps(); err != nil {
		panic(err)
	}
	debug.SetTraceback("crash") // the most that Go prints
	ed, err := Open(filepath.Join(dir, "key"), nil)
	if err != nil {
		panic(err)
	}
	second, err := OpenMLDSA44(filepath.Join(dir, "second"))
	if err != nil {
		panic(err)
	}
	dying(ed, second, []byte("text"))
}

//go:noinline
func dying(ed SecretKey, second MLDSA44Key, message []byte) {
	if _, err := ed.Sign(message); err != nil {
		panic(err)
	}
	if _, err := second.Sign(message); err != nil {
		panic(err)
	}
	ed.secret = ed.secret[:40] // so that crypto/ed25519 panics with the secret in its hands
	_, _ = ed.Sign(message)
}

func TestNoTraceOfACrashHoldsASecret(t *testing.T) {
	dir := t.TempDir()
	seed, ed := keystest.Seed(1), keystest.Seed(2)
	k, err := Generate(strings.NewReader(string(ed)), "alice")
	if err != nil {
		t.Fatal(err)
	}
	if err := k.WriteFiles(filepath.Join(dir, "key"), nil); err != nil {
		t.Fatal(err)
	}
	second, err := GenerateMLDSA44(strings.NewReader(string(seed)))
	if err != nil {
		t.Fatal(err)
	}
	if err := second.WriteFile(filepath.Join(dir, "second")); err != nil {
		t.Fatal(err)
	}
	cmd := child("die:" + dir)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "ed25519") || !strings.Contains(string(out), "keys.dying(") {
		t.Fatalf("it did not die in signing: %v\n%s", err, out)
	}
	for _, secret := range [][]byte{seed, ed} {
		keystest.NoneOf(t, secret, "the trace", out)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 3 {
		t.Errorf("it left %v, %v", files, err)
	}
}
