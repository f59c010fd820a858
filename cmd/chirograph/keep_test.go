package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// wantFiles fails when the folder has other files than these.
func wantFiles(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(want) {
		t.Errorf("the folder has %v, %v; want %d files", entries, err, len(want))
	}
	for name, content := range want {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != content {
			t.Errorf("%s is %q, %v; want %q", name, b, err, content)
		}
	}
}

func TestANewFileReplacesNoneThatCameMeanwhile(t *testing.T) {
	for range 40 {
		dir := t.TempDir()
		path := filepath.Join(dir, "bob.revocation")
		contents := [...]string{"one", "two"}
		var failed [len(contents)]error
		var ready, done sync.WaitGroup
		ready.Add(len(contents))
		for i, content := range contents {
			done.Go(func() {
				failed[i] = newFile(path, forOwner, &late{strings.NewReader(content), sync.OnceFunc(func() {
					ready.Done()
					ready.Wait() // both have begun to write
				})})
			})
		}
		done.Wait()
		for i, err := range failed {
			if err == nil {
				if failed[1-i] == nil {
					t.Fatal("both were told that their file is there")
				}
				wantFiles(t, dir, map[string]string{"bob.revocation": contents[i]})
			} else if !errors.Is(err, fs.ErrExist) || err.Error() != path+" is there already" || advice(err) != "name another file; nothing is written over" {
				t.Fatalf("%v, hint: %s", err, advice(err))
			}
		}
	}
}

// A late reader does something before it is first read.
type late struct {
	r     io.Reader
	first func()
}

func (l *late) Read(b []byte) (int, error) { l.first(); return l.r.Read(b) }

func TestEvidenceReplacesNoOtherEvidence(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "evidence-ledger.example-7.txt")
	names := make(map[string]string)
	for range 2 { // the same again is not written again
		for _, content := range []string{"first", "second", "third"} {
			name, err := keepBeside(path, []byte(content))
			if err != nil {
				t.Fatal(err)
			}
			names[filepath.Base(name)] = content
		}
	}
	wantFiles(t, dir, names)
	if len(names) != 3 || names["evidence-ledger.example-7.txt"] != "first" || names["evidence-ledger.example-7.16367aacb67a4a01.txt"] != "second" {
		t.Errorf("names are %v", names)
	}
	// Where even the name with the hash is another file's, it says so.
	if err := os.WriteFile(filepath.Join(dir, "evidence-ledger.example-7.04efaf080f5a3e74.txt"), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	names["evidence-ledger.example-7.04efaf080f5a3e74.txt"] = "other"
	if name, err := keepBeside(path, []byte("four")); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "7.04efaf080f5a3e74.txt is there already") {
		t.Errorf("%q, %v", name, err)
	}
	wantFiles(t, dir, names)
}

// The receipts of both trees are kept that the dossier does not have, whatever was kept
// before, and whichever is the largest.
func TestTheReceiptThatShowsAForkIsKept(t *testing.T) {
	tree := func(size uint64, root byte) tlog.SignedCheckpoint {
		var c tlog.SignedCheckpoint
		c.Origin, c.Size, c.Root = "ledger.example", size, tlog.Hash{root}
		return c
	}
	got := func(c tlog.SignedCheckpoint, bytes string) *client.Receipt {
		return &client.Receipt{Registration: &verify.Registration{Checkpoint: &verify.Checkpoint{SignedCheckpoint: c}}, Bytes: []byte(bytes)}
	}
	path := draftFile(t)
	d, err := dossier.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	dir := filepath.Dir(path)
	draft, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"x.chirograph": string(draft)}
	held := tree(3, 1)
	for _, c := range []struct {
		fork  fork
		adds  map[string]string
		hints []string
	}{
		{fork{held, tree(5, 2), ""}, map[string]string{"x.chirograph.conflict.tlog-proof": "five"}, []string{"the other receipt is in ", "x.chirograph.conflict.tlog-proof: "}},
		{fork{held, tree(5, 2), ""}, nil, []string{"x.chirograph.conflict.tlog-proof: "}},
		{fork{held, tree(4, 2), ""}, map[string]string{"x.chirograph.conflict.04efaf080f5a3e74.tlog-proof": "four"}, []string{"x.chirograph.conflict.04efaf080f5a3e74.tlog-proof: "}},
		{fork{tree(4, 2), tree(9, 9), ""}, map[string]string{"x.chirograph.conflict.edcd8e701a2df0cd.tlog-proof": "nine"}, []string{"the receipts are in ", ".04efaf080f5a3e74.tlog-proof and ", ".edcd8e701a2df0cd.tlog-proof: "}},
		{fork{held, tree(3, 3), ""}, nil, []string{"both receipts are in " + path}},
	} {
		k := (&app{}).newKeeper(path, d, nil)
		k.held = []*client.Receipt{got(tree(4, 2), "four"), got(tree(5, 2), "five"), got(tree(9, 9), "nine")}
		err := k.refuse(&c.fork)
		for _, want := range c.hints {
			if !strings.Contains(advice(err), want) {
				t.Errorf("%v: the hint is %q, without %q", c.fork, advice(err), want)
			}
		}
		for name, content := range c.adds {
			files[name] = content
		}
		wantFiles(t, dir, files)
	}
}

func TestAReceiptOfANoteReplacesNoFileThatCameMeanwhile(t *testing.T) {
	s := newStage(t)
	revocation := func(name string) *record.Record {
		text := s.text(record.Revocation)
		text.Key, text.Reason = testKey(t, name), "lost"
		return s.sign(text, name)
	}
	ann, dan := revocation("ann.example"), revocation("dan.example")
	first, err := s.client.Submit(t.Context(), ann)
	s.must(err)
	for _, c := range []struct {
		r         *record.Record
		meanwhile []byte
		code      int
	}{{ann, first.Bytes, exitYes}, {dan, []byte("another file"), exitUnasked}, {dan, first.Bytes, exitUnasked}} {
		path := filepath.Join(t.TempDir(), "note")
		s.must(os.WriteFile(path, c.r.Bytes(), 0o600))
		s.before = func() { s.must(os.WriteFile(path+".tlog-proof", c.meanwhile, 0o600)) }
		s.wants(c.code, "submit", path)
		if c.code != exitYes {
			s.says("chirograph: " + path + ".tlog-proof is there already\nhint: name another file; nothing is written over")
		}
		wantFiles(t, filepath.Dir(path), map[string]string{"note": string(c.r.Bytes()), "note.tlog-proof": string(c.meanwhile)})
	}
}
