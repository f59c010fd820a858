//go:build linux && !race

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// limitMemory has a running process get no more memory once it has so many bytes of it that
// it may write (RLIMIT_DATA). Package syscall has no call for another process.
func limitMemory(pid int, bytes uint64) error {
	limit := syscall.Rlimit{Cur: bytes, Max: bytes}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_DATA, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// memoryOf returns how many bytes a process has that it may write.
func memoryOf(t *testing.T, pid int) uint64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	var kilobytes uint64
	_, after, _ := strings.Cut(string(b), "VmData:")
	if _, err := fmt.Sscan(after, &kilobytes); err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}

// The ledger gets no more memory in the middle of its work and dies of it, wherever that
// is. It comes back under the limit under which it worked before, and has what it
// acknowledged: what a start reads back is bounded, and is not more than what a ledger has
// anyway.
func TestIncidentUnrecoverableAfterRunningOutOfMemory(t *testing.T) {
	dir, policy := newLedger(t)
	list := revocations(t, policy.Logs[0].Key, records)
	t.Setenv("GOGC", "off") // so that it asks for more until there is none
	p := startLedger(t, dir)
	t.Setenv("GOGC", "100")
	var limit uint64
	receipts := submitAll(t, p.url, list, func() {
		limit = memoryOf(t, p.Process.Pid)
		if err := limitMemory(p.Process.Pid, limit/2); err != nil {
			t.Error(err)
		}
	})
	if len(receipts) == len(list) {
		p.Process.Kill()
		t.Fatalf("it registered all %d records in %d bytes", len(list), limit)
	}
	if err := p.Wait(); err == nil {
		t.Errorf("it ended well, and said %s", p.stderr.String())
	}
	said, _, _ := strings.Cut(p.stderr.String(), "\n")
	t.Logf("at %d MiB and %d records: %v, %s", limit>>20, len(receipts), p.ProcessState, said)

	again := exec.Command("sh", "-c", fmt.Sprintf(`ulimit -d %d && exec chirographd serve --dir "$0" --listen 127.0.0.1:0`, limit>>10), dir)
	var stderr bytes.Buffer
	again.Stderr = &stderr
	stdout, err := again.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		again.Process.Kill()
		again.Wait()
		t.Fatalf("it did not come back within %d bytes: %v\n%s", limit, err, stderr.String())
	}
	if n := len(get(t, address.FindString(line)+"/checkpoint")); n == 0 {
		t.Error("it shows no checkpoint")
	}
	if err := again.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := again.Wait(); err != nil {
		t.Errorf("%v\n%s", err, stderr.String())
	}
	checkAfter(t, dir, policy, list, receipts)
}
