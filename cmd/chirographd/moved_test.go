//go:build unix

package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
)

// heldUp runs a command that reads a policy of witnesses after it has looked where the log is, and
// before it opens the store, and has something else be done in between.
func heldUp(t *testing.T, key note.Key, command func(witnesses string) error, meanwhile func()) error {
	t.Helper()
	_, policy := witnesses(t, key)
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	ended, opened := make(chan error, 1), make(chan *os.File, 1)
	go func() { ended <- command(pipe) }()
	go func() {
		f, err := os.OpenFile(pipe, os.O_WRONLY, 0) // when the command opens it
		if err != nil {
			t.Error(err)
		}
		opened <- f
	}()
	select {
	case err := <-ended:
		t.Fatalf("it read no policy: %v", err)
	case f := <-opened:
		meanwhile()
		if _, err := io.WriteString(f, mustReadFile(t, policy)); err != nil {
			t.Error(err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	return <-ended
}

// What a command found before it had the store, is not so any more when it has it.
func TestALogThatGoesIntoABucketMeanwhileIsNotServedWhereItWas(t *testing.T) {
	for name, command := range map[string]func(dir, witnesses string) error{
		"serve": func(dir, witnesses string) error {
			_, _, err := servedOnce(t, serveFlags{dir: dir, witnesses: witnesses})
			return err
		},
		"recover": func(dir, witnesses string) error {
			return recoverGuard(t.Context(), recoverFlags{dir: dir, witnesses: witnesses}, io.Discard)
		},
	} {
		dir, key := newLedgerWithTwoKeys(t)
		grow(t, dir, "", revocations(t, key, 3)...)
		f := bucketAt(t, objectstest.NewMemory())
		err := heldUp(t, key, func(witnesses string) error { return command(dir, witnesses) }, func() {
			says(t, 0, []string{"3 entries"}, migrateArgs(dir, "--to-bucket", f)...)
		})
		if err == nil || !strings.Contains(err.Error(), "is in the bucket "+f.bucket) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestALogThatComesBackMeanwhileIsNoNodes(t *testing.T) {
	dir, key := newLedgerWithTwoKeys(t)
	list := revocations(t, key, 4)
	grow(t, dir, "", list[:3]...)
	f := bucketAt(t, objectstest.NewMemory())
	says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
	b, err := f.open()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err = heldUp(t, key, func(witnesses string) error {
		return runNode(ctx, nodeFlags{dir: dir, bucket: f, listen: "127.0.0.1:0", at: "http://127.0.0.1:1", after: leastAfter, witnesses: witnesses}, b, &oneLine{end: cancel}, slog.New(slog.DiscardHandler))
	}, func() {
		says(t, 0, []string{"3 entries"}, migrateArgs(dir, "--from-bucket", f)...)
	})
	if err == nil || !strings.Contains(err.Error(), "came back: chirographd serve runs it") {
		t.Error(err)
	}
	grow(t, dir, "", list[3])
}

// A migration goes by what the directory says when it has the store, and not when it was begun.
func TestAMigrationGoesOnFromWhatAnotherLeft(t *testing.T) {
	cut := errors.New("cut")
	for way, last := range map[string]string{"--to-bucket": "the head is there", "--from-bucket": "the head says that the log left"} {
		dir, key := newLedgerWithTwoKeys(t)
		grow(t, dir, "", revocations(t, key, 3)...)
		m := objectstest.NewMemory()
		f := bucketAt(t, m)
		if way == "--from-bucket" {
			says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
		}
		flags := migrateFlags{dir: dir, to: way == "--to-bucket", from: way != "--to-bucket", after: leastAfter, bucketFlags: f}
		late, err := newMigration(flags, io.Discard, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		defer late.close()
		if err := migrateOnce(t, flags, func(step string) error {
			if step == last {
				return cut
			}
			return nil
		}); !errors.Is(err, cut) {
			t.Fatal(err)
		}
		do := late.toBucket
		if flags.from {
			do = late.fromBucket
		}
		if err := do(t.Context()); err != nil {
			t.Errorf("%s: %v", way, err)
		}
		if h, _ := headIn(t, m, key); (h.State == objects.Moved) != flags.from {
			t.Errorf("%s: the head says %s", way, h.State)
		}
	}
}

// Whoever says it again names another place by mistake, where there may be another bucket of that
// name: a second log would begin there.
func TestAMigrationIsSaidAgainForTheSamePlaceAlone(t *testing.T) {
	cut := errors.New("cut")
	for _, way := range []string{"--to-bucket", "--from-bucket"} {
		dir, key := newLedgerWithTwoKeys(t)
		grow(t, dir, "", revocations(t, key, 3)...)
		m, elsewhere := objectstest.NewMemory(), objectstest.NewMemory()
		f := bucketAt(t, m)
		if way == "--from-bucket" {
			says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
		}
		if err := migrateOnce(t, migrateFlags{dir: dir, to: way == "--to-bucket", from: way != "--to-bucket", after: leastAfter, bucketFlags: f}, func(step string) error {
			if step == "the directory is marked" {
				return cut
			}
			return nil
		}); !errors.Is(err, cut) {
			t.Fatal(err)
		}
		mark := mustReadFile(t, filepath.Join(dir, movedFile))
		other := f
		other.bucket = "ledgers/b"
		says(t, exitFailed, []string{"in the bucket ledgers/a", "not in ledgers/b"}, migrateArgs(dir, way, other)...)
		other = bucketAt(t, elsewhere)
		says(t, exitFailed, []string{"bucket ledgers/a at " + f.endpoint, "not at " + other.endpoint, "say it as the first time"}, migrateArgs(dir, way, other)...)
		if now := mustReadFile(t, filepath.Join(dir, movedFile)); now != mark {
			t.Errorf("%s: the directory said\n%sand says\n%s", way, mark, now)
		}
		if _, there := headIn(t, elsewhere, key); there {
			t.Errorf("%s: there are two logs", way)
		}
		says(t, 0, []string{"3 entries"}, migrateArgs(dir, way, f)...)
	}
}
