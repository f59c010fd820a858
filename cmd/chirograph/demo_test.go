//go:build unix

package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// demoLimit is how long the demo may take.
const demoLimit = 20 * time.Second

// apart points everything that a program finds by the environment at folders of the
// test, and returns those that the demo has to leave empty.
func apart(t *testing.T) (home, temp string) {
	t.Helper()
	home, temp = t.TempDir(), t.TempDir()
	for _, name := range []string{"CHIROGRAPH_HOME", "HOME", "XDG_CONFIG_HOME"} {
		t.Setenv(name, home)
	}
	t.Setenv("TMPDIR", temp)
	return home, temp
}

func mustBeEmpty(t *testing.T, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		left, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range left {
			t.Errorf("%s was left in %s", f.Name(), dir)
		}
	}
}

// play runs the demo as a whole.
func play(stdout io.Writer, args ...string) (code int, stderr string) {
	var talk bytes.Buffer
	code = run(append([]string{"demo"}, args...), strings.NewReader(""), stdout, &talk)
	return code, talk.String()
}

func TestTheDemoTellsItsStoryAndItsCommandsWork(t *testing.T) {
	home, temp := apart(t)
	keep := filepath.Join(t.TempDir(), "it's kept") // to be quoted
	var story, talk bytes.Buffer
	// Its clock stands, so that the crowd is not late where the machine is slow.
	now := time.Now()
	a := &app{stdin: strings.NewReader(""), stdout: &story, stderr: &talk, random: fixed(), now: func() time.Time { return now }, getenv: os.Getenv}
	root := a.root()
	root.SetArgs([]string{"demo", "--keep", keep})
	if err := root.ExecuteContext(t.Context()); err != nil || talk.Len() > 0 {
		t.Fatalf("%v; stderr:\n%s", err, talk.String())
	}
	mustBeEmpty(t, home, temp)
	want, err := os.ReadFile("testdata/demo.txt")
	if err != nil {
		t.Fatal(err)
	}
	if why := likeness(story.String(), string(want)); why != "" {
		t.Error(why)
	}
	told, _, _ := strings.Cut(story.String(), "What to try next")
	for line := range strings.Lines(told) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > storyWidth {
			t.Errorf("a line has %d columns, at most %d are allowed: %s", n, storyWidth, line)
		}
	}
	tryNext(t, story.String(), keep)
	checkKept(t, keep)
	mustBeEmpty(t, home)
}

// tryNext runs the commands that the summary proposes, each as it stands there, and
// wants the exit code that its story has.
func tryNext(t *testing.T, story, keep string) {
	t.Helper()
	_, next, _ := strings.Cut(story, "What to try next\n")
	var commands []string
	for line := range strings.Lines(next) {
		if c, ok := strings.CutPrefix(line, "      "); ok {
			commands = append(commands, strings.TrimSpace(c))
		}
	}
	codes := []int{0, 0, 1, 1, 1, 0, -1, 0} // -1: it serves until it is told to end
	if len(commands) != len(codes) {
		t.Fatalf("%d commands, want %d:\n%s", len(commands), len(codes), next)
	}
	for i, command := range commands {
		if codes[i] < 0 {
			command = replaceAfter(t, command, " --listen ", "127.0.0.1:0")
			url := serveCommandLine(t, command)
			commands[i+1] += " --ledger " + url
			continue
		}
		c := shellCommand(command)
		out, err := c.CombinedOutput()
		if got := c.ProcessState.ExitCode(); got != codes[i] {
			t.Errorf("%s\nexit %d (%v), want %d:\n%s", command, got, err, codes[i], out)
		}
	}
}

// shellCommand runs a command line that is for users of the source. The programs
// that it would build are on the path.
func shellCommand(line string) *exec.Cmd {
	return exec.Command("sh", "-c", "exec "+strings.TrimPrefix(line, "go run ./cmd/"))
}

func replaceAfter(t *testing.T, line, mark, value string) string {
	t.Helper()
	before, _, ok := strings.Cut(line, mark)
	if !ok {
		t.Fatalf("%s has no%s", line, mark)
	}
	return before + mark + value
}

// serveCommandLine runs a ledger until the test ends, and returns its URL.
func serveCommandLine(t *testing.T, line string) string {
	t.Helper()
	c := shellCommand(line)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(c.Process.Signal(os.Interrupt), c.Wait()); err != nil {
			t.Error(err)
		}
	})
	first, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(first, " at ")
	url, entries, ok := strings.Cut(strings.TrimSpace(rest), ", ")
	if !ok || entries != "1001 entries" {
		t.Fatalf("the ledger says %q", first)
	}
	return url
}

// checkKept verifies what is for the user to keep, and that the evidence is one.
func checkKept(t *testing.T, keep string) {
	t.Helper()
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(keep, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	policy, err := verify.ParsePolicy(read(demoPolicy))
	if err != nil {
		t.Fatal(err)
	}
	var trees []tlog.SignedCheckpoint
	for _, name := range []string{"first.checkpoint", "kept.checkpoint", "forged/rewritten.checkpoint"} {
		c, err := tlog.ParseSignedCheckpoint(read(name))
		if err == nil {
			_, err = policy.Checkpoint(c)
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		trees = append(trees, c)
	}
	if _, err := verify.Consistency(policy, trees[0], read("first-to-kept.consistency")); err != nil {
		t.Errorf("from the first to the kept one: %v", err)
	}
	if trees[1].Size != trees[2].Size || trees[1].Root == trees[2].Root {
		t.Errorf("kept:\n%s\nrewritten:\n%s\nwant one size and two roots", trees[1].Text(), trees[2].Text())
	}
	if _, err := record.Open(read("forged/stranger.note"), note.PublicKey.Verify); err == nil {
		t.Error("the stranger's signatures verify")
	}
	info, err := os.Stat(filepath.Join(keep, "ann.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("ann.key: %v, %v", info, err)
	}
}

func TestTheDemoEndsInTimeAndLeavesNothing(t *testing.T) {
	home, temp := apart(t)
	var story bytes.Buffer
	start := time.Now()
	if code, stderr := play(&story); code != exitYes || stderr != "" {
		t.Fatalf("exit %d, want 0; stderr:\n%s", code, stderr)
	}
	if took := time.Since(start); took > demoLimit && len(raceFlag) == 0 {
		t.Errorf("it took %s, at most %s are allowed", took, demoLimit)
	}
	mustBeEmpty(t, home, temp)
	if !strings.Contains(story.String(), " demo --keep pumps\n") {
		t.Errorf("it does not say how its files are kept:\n%s", story.String())
	}
}

// A trigger is a writer that does something when a text passes.
type trigger struct {
	text string
	pull func() error
	seen bytes.Buffer
}

func (w *trigger) Write(b []byte) (int, error) {
	w.seen.Write(b)
	if w.text != "" && strings.Contains(w.seen.String(), w.text) {
		w.text = ""
		if err := w.pull(); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

func TestAnInterruptedDemoLeavesNothing(t *testing.T) {
	interrupt := func() error {
		self, err := os.FindProcess(os.Getpid())
		return errors.Join(err, self.Signal(os.Interrupt))
	}
	empty := t.TempDir()
	fresh := filepath.Join(t.TempDir(), "new")
	for _, c := range []struct {
		at   string
		args []string
	}{
		{" 1. A ledger", nil},
		{" 4. It goes round", []string{"--keep", fresh}},
		{" 7. 1,000 more", []string{"--keep", empty}},
		{"12. Forgery", nil},
	} {
		home, temp := apart(t)
		code, stderr := play(&trigger{text: c.at, pull: interrupt}, c.args...)
		if code != exitUnasked || stderr != "chirograph: interrupted; the demo's files are removed\n" {
			t.Errorf("%s: exit %d, want %d; stderr %q", c.at, code, exitUnasked, stderr)
		}
		mustBeEmpty(t, home, temp, empty, filepath.Dir(fresh))
	}
}

func TestADemoThatNobodyReadsLeavesNothing(t *testing.T) {
	home, temp := apart(t)
	broken := &trigger{text: " 2. ", pull: func() error { return errors.New("nobody reads") }}
	code, stderr := play(broken)
	if code != exitUnasked || !strings.Contains(stderr, "nobody reads") {
		t.Errorf("exit %d, want %d; stderr %q", code, exitUnasked, stderr)
	}
	mustBeEmpty(t, home, temp)
}

func TestTheDemoKeepsItsFilesInAnEmptyFolderOnly(t *testing.T) {
	home, temp := apart(t)
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "mine"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	comma := filepath.Join(t.TempDir(), "a,b")
	for keep, want := range map[string]string{
		full:                        "is not empty, it has mine",
		filepath.Join(full, "mine"): "not a directory",
		comma:                       "has a comma",
	} {
		var story bytes.Buffer
		code, stderr := play(&story, "--keep", keep)
		if code != exitUnasked || !strings.Contains(stderr, want) || story.Len() > 0 {
			t.Errorf("--keep %s: exit %d, stderr %q, want %d and %q; it told %q", keep, code, stderr, exitUnasked, want, story.String())
		}
	}
	b, err := os.ReadFile(filepath.Join(full, "mine"))
	if err != nil || string(b) != "mine" {
		t.Errorf("my file is %q now, %v", b, err)
	}
	mustBeEmpty(t, home, temp, filepath.Dir(comma))
}
