//go:build unix

package main

import (
	"bufio"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A terminal that ends, ends what runs in it as SIGTERM does, however often it says so.
func TestAHangupIsAnOrderlyEnd(t *testing.T) {
	// Where this process ignores it, as under nohup, those that it starts would too.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	dir, policy := newLedger(t)
	file := policyFileOf(t, policy.Bytes())
	to := filepath.Join(t.TempDir(), "copy")
	for _, args := range [][]string{
		{"serve", "--dir", dir, "--listen", "127.0.0.1:0"},
		{"follow", "--dir", to, "--policy", file, "--listen", "127.0.0.1:0", "http://127.0.0.1:1"},
	} {
		c := exec.Command("chirographd", args...)
		out, err := c.StdoutPipe()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.Contains(line, "at http://") {
			t.Errorf("%q says %q, %v", args, line, err)
		}
		for range 3 {
			if err := c.Process.Signal(syscall.SIGHUP); err != nil {
				break // it has ended already
			}
		}
		if err := c.Wait(); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
}
