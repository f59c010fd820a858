//go:build unix

package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// clone makes a directory what another is, with the modes of its files. Of a store that is open
// files may go meanwhile, and it is done again.
func clone(t *testing.T, from, to string) {
	t.Helper()
	for {
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
		err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			name := filepath.Join(to, strings.TrimPrefix(path, from))
			info, err := d.Info()
			if err != nil {
				return err
			}
			if d.IsDir() {
				return os.Mkdir(name, info.Mode().Perm())
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(name, b, info.Mode().Perm())
		})
		if err == nil {
			return
		}
		if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// A case of promotion: a copy, what it is promoted with, and what it has then.
type promotionCase struct {
	base   string // of the directories that are changed, the copy in "copy"
	flags  promoteFlags
	key    note.Key
	root   tlog.Hash
	size   uint64
	policy string           // file, for follow
	next   []*record.Record // that come after
}

func (c *promotionCase) args() []string {
	args := []string{"promote", "--dir", c.flags.dir, "--key", c.flags.key, "--without-witnesses"}
	if c.flags.mldsa != "" {
		args = append(args, "--ml-dsa", c.flags.mldsa)
	}
	if c.flags.guard != "" {
		args = append(args, "--guard", c.flags.guard)
	}
	if c.flags.lose > 0 {
		args = append(args, "--lose", "220")
	}
	return args
}

// rootOfStore returns the root of what the store in dir shows.
func rootOfStore(t *testing.T, dir string, key note.Key) tlog.Hash {
	t.Helper()
	s, err := store.Open(store.Config{Dir: filepath.Join(dir, storeDir), Key: key})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	return s.Head().Checkpoint.Root
}

// cutCase is a copy that shows 300 entries and began to read 520, of a ledger with two keys.
// With a guard the copy itself knows of 300 alone.
func cutCase(t *testing.T, guarded bool) *promotionCase {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "ledger")
	var stdout, stderr bytes.Buffer
	if code := run([]string{"init", "--dir", dir, "--origin", "ledger.example", "--ml-dsa"}, &stdout, &stderr); code != 0 {
		t.Fatal(stderr.String())
	}
	p, err := verify.ParsePolicy(stdout.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	c := &promotionCase{base: t.TempDir(), key: p.Logs[0].Key, size: 300, policy: policyFileOf(t, p.Bytes())}
	list := revocations(t, c.key, 522)
	grow(t, dir, "", list[:300]...)
	c.root, c.next = rootOfStore(t, dir, c.key), list[300:302]
	c.flags = promoteFlags{key: filepath.Join(dir, keyFile), mldsa: filepath.Join(dir, cosignerFile)}
	c.flags.dir, c.flags.lose, c.flags.alone = filepath.Join(c.base, "copy"), 220, true
	mustCopy(t, dir, c.flags.dir, p.Bytes())
	grow(t, dir, "", list[300:520]...)
	if guarded {
		c.flags.guard = filepath.Join(c.base, "guard")
		clone(t, filepath.Join(dir, guardDir), c.flags.guard)
		return c
	}
	broken := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/tile/entries/002") {
				http.NotFound(w, r)
				return
			}
			h.ServeHTTP(w, r)
		})
	}
	if err := copied(t, dir, c.flags.dir, p.Bytes(), broken); err == nil {
		t.Fatal("the copy was made to its end")
	}
	return c
}

// isPromoted demands that the copy is the ledger, has what it showed, and nothing of the
// work left beside it.
func (c *promotionCase) isPromoted(t *testing.T) {
	t.Helper()
	s, err := store.Open(store.Config{Dir: filepath.Join(c.flags.dir, storeDir), Key: c.key})
	if err != nil {
		t.Fatal(err)
	}
	head := s.Head().Checkpoint
	for i := range c.size {
		if _, err := s.Registered(i); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil || head.Size != c.size || head.Root != c.root {
		t.Fatalf("the ledger has %d entries, root %s; want %d, %s: %v", head.Size, head.Root, c.size, c.root, err)
	}
	list, err := os.ReadDir(c.flags.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range list {
		if !slices.Contains([]string{storeDir, policyFile, keyFile, cosignerFile, guardDir, guardFile, held}, file.Name()) {
			t.Errorf("%s is left", file.Name())
		}
	}
	says(t, 0, []string{"has the ledger already, with 300 entries"}, c.args()...)
	says(t, 0, []string{"nothing to recover: the ledger has 300 entries"}, "recover", "--dir", c.flags.dir, "--without-witnesses")
	if c.flags.guard == "" {
		grow(t, c.flags.dir, "", c.next...)
	}
}

// Issue 5, point 4. A kill at any step of a promotion leaves a copy that the same words
// promote, a ledger, or what a follow settles, and never half a key.
func TestAPromotionThatIsKilledAfterAnyStepIsDoneAgain(t *testing.T) {
	for _, guarded := range []bool{false, true} {
		c := cutCase(t, guarded)
		snaps := t.TempDir()
		var steps []string
		f := c.flags
		f.step = func(step string) {
			clone(t, c.base, filepath.Join(snaps, string(rune('a'+len(steps)))))
			steps = append(steps, step)
		}
		if err := promote(t.Context(), f, io.Discard); err != nil {
			t.Fatal(err)
		}
		if min := 13; len(steps) < min {
			t.Fatalf("%d steps: %q", len(steps), steps)
		}
		for i, step := range steps {
			for _, follows := range []bool{false, true} {
				clone(t, filepath.Join(snaps, string(rune('a'+i))), c.base)
				for _, name := range []string{"key", "mldsa"} {
					given, there := c.flags.key, filepath.Join(c.flags.dir, keyFile)
					if name == "mldsa" {
						given, there = c.flags.mldsa, filepath.Join(c.flags.dir, cosignerFile)
					}
					if err := mustBe(there, mustRead(t, given)); err != nil && !errors.Is(err, fs.ErrNotExist) {
						t.Errorf("killed after %q: %v", step, err)
					}
				}
				if follows { // at an address where nobody is
					says(t, exitFailed, nil, "follow", "--once", "--dir", c.flags.dir, "--policy", c.policy, "http://127.0.0.1:1")
				}
				code, stdout, stderr := chirographd(t, c.args()...)
				if code != 0 {
					t.Fatalf("killed after %q, guarded %t, follow %t: exit code %d\n%s%s", step, guarded, follows, code, stdout, stderr)
				}
				c.isPromoted(t)
			}
		}
		t.Logf("%d steps", len(steps))
	}
}

func mustRead(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What a kill leaves of a guard while promote writes it looks like damage, and is known not
// to be; without the note of promote it is damage.
func TestAGuardThatPromoteLeftHalfWrittenIsWrittenAndADamagedOneIsNot(t *testing.T) {
	c := cutCase(t, false)
	kept, noted := t.TempDir()+"/before", t.TempDir()+"/noted"
	clone(t, c.base, kept)
	guard := filepath.Join(c.flags.dir, guardDir)
	var whole []byte
	f := c.flags
	f.step = func(step string) {
		switch step {
		case "that the guard is written, is noted":
			clone(t, c.base, noted)
		case "the guard is whole":
			whole = mustRead(t, filepath.Join(guard, "checkpoint.0"))
		}
	}
	if err := promote(t.Context(), f, io.Discard); err != nil || len(whole) == 0 {
		t.Fatal(err, len(whole))
	}
	for name, files := range map[string]map[string][]byte{
		"one file":             {"checkpoint.0": {}},
		"two files":            {"checkpoint.0": {}, "checkpoint.1": {}},
		"one torn":             {"checkpoint.0": {}, "checkpoint.1": whole[:len(whole)/2]},
		"one whole":            {"checkpoint.0": {}, "checkpoint.1": whole},
		"one whole, one torn":  {"checkpoint.0": whole[:len(whole)-1], "checkpoint.1": whole},
		"two that are no note": {"checkpoint.0": bytes.Repeat([]byte{0}, 200), "checkpoint.1": bytes.Repeat([]byte{0}, 200)},
	} {
		for from, code := range map[string]int{noted: 0, kept: exitFailed} {
			clone(t, from, c.base)
			if err := os.MkdirAll(guard, 0o700); err != nil {
				t.Fatal(err)
			}
			for file, b := range files {
				if err := os.WriteFile(filepath.Join(guard, file), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, stdout, stderr := chirographd(t, c.args()...)
			if got != code {
				t.Errorf("%s, noted %t: exit code %d, want %d\n%s%s", name, from == noted, got, code, stdout, stderr)
			} else if code == 0 {
				c.isPromoted(t)
			}
		}
	}
}

// Another key is in the place of the one that is given: nothing is changed.
func TestAKeyThatIsThereIsNotWrittenOver(t *testing.T) {
	c := cutCase(t, false)
	other := []byte("another key\n")
	name := filepath.Join(c.flags.dir, keyFile)
	if err := os.WriteFile(name, other, 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{"is there, and is another"}, c.args()...)
	if got := mustRead(t, name); !bytes.Equal(got, other) || store.HasGuard(filepath.Join(c.flags.dir, guardDir)) {
		t.Errorf("%q, or there is a guard", got)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	says(t, 0, nil, c.args()...)
	c.isPromoted(t)
}

// What is promoted is promoted: to say it again changes nothing, and by another key it is
// refused.
func TestWhatIsPromotedIsNotPromotedAgain(t *testing.T) {
	c := cutCase(t, false)
	says(t, 0, []string{"is the ledger, from the tree of 300 entries on"}, c.args()...)
	before := make(map[string]string)
	for _, name := range []string{policyFile, keyFile, cosignerFile, "guard/checkpoint.0", "guard/checkpoint.1"} {
		before[name] = string(mustRead(t, filepath.Join(c.flags.dir, name)))
	}
	for range 2 {
		says(t, 0, []string{"has the ledger already, with 300 entries"}, c.args()...)
	}
	for name, want := range before {
		if got := string(mustRead(t, filepath.Join(c.flags.dir, name))); got != want {
			t.Errorf("%s was changed", name)
		}
	}
	strange, _ := newLedger(t)
	says(t, exitFailed, []string{"the ledger's is"}, "promote", "--dir", c.flags.dir, "--key", filepath.Join(strange, keyFile), "--ml-dsa", c.flags.mldsa, "--without-witnesses")
	if err := os.Rename(filepath.Join(c.flags.dir, guardDir), filepath.Join(c.base, "gone")); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{"there is no guard", "recover --help"}, c.args()...)
	empty := t.TempDir()
	says(t, exitFailed, []string{"there is no copy of a ledger in " + empty}, "promote", "--dir", empty, "--key", c.flags.key, "--without-witnesses")
	if list, err := os.ReadDir(empty); err != nil || len(list) > 0 {
		t.Errorf("it made %v in a directory that has no copy: %v", list, err)
	}
}
