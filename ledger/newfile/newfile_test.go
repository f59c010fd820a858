package newfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
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

func TestWhatIsThereStays(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	if err := Write(path, 0o640, strings.NewReader("one")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o640 {
		t.Errorf("the new file has the mode %v, %v", info.Mode(), err)
	}
	if err := Write(path, 0o640, strings.NewReader("two")); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("error is %v", err)
	}
	wantFiles(t, dir, map[string]string{"x": "one"})
}

// A link that leads nowhere is something, too: what is written does not go there.
func TestALinkIsNotFollowed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), path); err != nil {
		if runtime.GOOS == "windows" {
			return // it takes a privilege there
		}
		t.Fatal(err)
	}
	if err := Write(path, 0o600, strings.NewReader("one")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error is %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
}

// What could not be written to its end is not there, so that the next time is not refused.
func TestNothingIsLeftOfWhatFailed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	full := errors.New("the disk is full")
	if err := Write(path, 0o600, io.MultiReader(strings.NewReader("half"), iotest.ErrReader(full))); !errors.Is(err, full) {
		t.Errorf("error is %v", err)
	}
	wantFiles(t, dir, nil)
	if err := Write(path, 0o600, strings.NewReader("whole")); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, map[string]string{"x": "whole"})
	if err := Write(filepath.Join(dir, "no", "x"), 0o600, strings.NewReader("")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestANameIsGivenOnceWithAndWithoutLinks(t *testing.T) {
	for name, give := range map[string]func(temp, path string) error{"links": Name, "no links": nameWithoutLinks} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "x")
			for _, content := range []string{"one", "two"} {
				if err := os.WriteFile(filepath.Join(dir, content), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := give(filepath.Join(dir, "none"), path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("nothing: %v", err)
			}
			if err := give(filepath.Join(dir, "one"), path); err != nil {
				t.Fatal(err)
			}
			if err := give(filepath.Join(dir, "two"), path); !errors.Is(err, fs.ErrExist) {
				t.Errorf("error is %v", err)
			}
			wantFiles(t, dir, map[string]string{"x": "one", "two": "two"})
		})
	}
}

// The answer to a link may be lost, and the link there.
func TestALinkThatTookEffectIsTheFile(t *testing.T) {
	dir := t.TempDir()
	temp, path := filepath.Join(dir, "temp"), filepath.Join(dir, "x")
	if err := os.WriteFile(temp, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(temp, path); err != nil {
		t.Fatal(err)
	}
	if err := Name(temp, path); err != nil {
		t.Error(err)
	}
	wantFiles(t, dir, map[string]string{"x": "one"})
}

// DESIGN.md, section 1: the offline verifier writes by it.
func TestItKnowsNothingOfTheProject(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	for _, dep := range deps {
		if strings.Contains(dep, ".") && dep != "github.com/chirograph/chirograph/ledger/newfile" || dep == "net" || dep == "os/exec" {
			t.Errorf("newfile reaches %s", dep)
		}
	}
	if len(deps) == 0 {
		t.Error("go list says nothing")
	}
}
