package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/ledger/store"
	"github.com/cockroachdb/pebble/v2"
)

// serving serves a ledger until end is called, which returns why it ended.
func serving(t *testing.T, f serveFlags) (url string, end func() error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	stdout, said := io.Pipe()
	ended := make(chan error, 1)
	f.listen = "127.0.0.1:0"
	go func() {
		err := serve(ctx, f, said, slog.New(slog.DiscardHandler))
		said.CloseWithError(io.EOF)
		ended <- err
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		stop()
		t.Fatal(err, <-ended)
	}
	return regexp.MustCompile(`http://[0-9.:]+`).FindString(line), func() error { stop(); return <-ended }
}

// status asks until what is asked for has it, and fails after a while.
func status(t *testing.T, url string, want int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatalf("%s never had the status %d: %v", url, want, err)
		}
		resp.Body.Close()
		if resp.StatusCode == want {
			return
		}
	}
}

// The row that says what is public is gone, by whatever damage. The ledger knows that it
// asked witnesses, and shows nothing that they may not have cosigned.
func TestALedgerThatLostWhatWasPublicShowsNothingBeforeItsWitnessesHaveSeenIt(t *testing.T) {
	dir, policy := newLedger(t)
	key := policy.Logs[0].Key
	asked, file := witnesses(t, key)
	_, end := serving(t, serveFlags{dir: dir, witnesses: file})
	if err := end(); err != nil {
		t.Fatal(err)
	}
	grow(t, dir, file, revocations(t, key, 2)...)
	db, err := pebble.Open(filepath.Join(dir, storeDir), &pebble.Options{FormatMajorVersion: pebble.FormatTableFormatV6, ErrorIfNotExists: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Delete([]byte("published"), pebble.Sync), db.Close()); err != nil {
		t.Fatal(err)
	}
	for _, w := range asked {
		w.SetAway(true)
	}
	url, end := serving(t, serveFlags{dir: dir})
	for _, path := range []string{"/checkpoint", "/tile/0/000.p/2", "/", "/readyz"} {
		status(t, url+path, http.StatusServiceUnavailable)
	}
	status(t, url+"/policy", http.StatusOK)
	for _, w := range asked {
		w.SetAway(false)
	}
	status(t, url+"/checkpoint", http.StatusOK)
	if b := get(t, url+"/checkpoint"); !strings.HasPrefix(string(b), "ledger.example\n2\n") || strings.Count(string(b), "\n— w") != len(asked) {
		t.Errorf("the checkpoint is\n%s", b)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
}

// Whatever byte of the last log of writes is another, the ledger does not start without what
// it acknowledged, and the error says which command helps.
func TestADamagedLogOfWritesIsSaidWithWhatToDo(t *testing.T) {
	dir, policy := newLedger(t)
	for _, r := range revocations(t, policy.Logs[0].Key, 6) {
		grow(t, dir, "", r)
	}
	names, err := filepath.Glob(filepath.Join(dir, storeDir, "*.log"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	name := slices.Max(names)
	whole, err := os.ReadFile(name)
	if err != nil || len(whole) == 0 {
		t.Fatal(len(whole), err)
	}
	restore := snapshot(t, dir, storeDir, guardDir)
	behind := 0 // as if there were less of it
	for _, at := range []int{0, len(whole) / 3, len(whole) / 2, len(whole) * 2 / 3} {
		spoilt := slices.Clone(whole)
		spoilt[at] ^= 1
		if err := os.WriteFile(name, spoilt, 0o644); err != nil {
			t.Fatal(err)
		}
		code, _, stderr := chirographd(t, "serve", "--dir", dir, "--listen", "127.0.0.1:0")
		if strings.Contains(stderr, store.ErrBehind.Error()) {
			behind++
		}
		told := strings.Contains(stderr, "restore a backup, or promote a copy") && strings.Contains(stderr, filepath.Base(name)) ||
			strings.Contains(stderr, fmt.Sprintf("chirographd recover --dir %s", dir))
		if code != exitFailed || !told {
			t.Errorf("byte %d of %d: exit code %d: %s", at, len(whole), code, stderr)
		}
		// What comes after the damage is still in the file, for whoever can read it.
		backup := filepath.Join(t.TempDir(), "backup")
		for _, args := range [][]string{{"backup", "--to", backup}, {"recover", "--without-witnesses"}} {
			if code, _, stderr := chirographd(t, append(args, "--dir", dir)...); code != exitFailed {
				t.Errorf("byte %d: %s: exit code %d: %s", at, args[0], code, stderr)
			}
		}
		if left, err := os.ReadFile(name); err != nil || !bytes.Equal(left, spoilt) {
			t.Errorf("byte %d: the log of writes had %d bytes, and was changed by a start that was refused: %d, %v", at, len(spoilt), len(left), err)
		}
		restore()
	}
	if behind == 0 {
		t.Error("no byte made the log of writes shorter")
	}
}
