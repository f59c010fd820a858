package dossier

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
)

// together saves two dossiers at path: each is past the first look at the file before
// either writes.
func together(t *testing.T, path string, ds [2]*Dossier) (failed [2]error) {
	t.Helper()
	var wg, there sync.WaitGroup
	there.Add(len(ds))
	for i, d := range ds {
		meanwhile(t, d, func() (io.ReadCloser, error) {
			there.Done()
			there.Wait()
			return nil, nil
		})
		wg.Go(func() { failed[i] = d.Save(path) })
	}
	wg.Wait()
	return failed
}

// races is how often two save at once: of 12 one was lost, at the latest, before they
// excluded each other.
const races = 40

func TestOfTwoWhoSaveAtOnceOneIsTold(t *testing.T) {
	for n := range races {
		path := saved(t, testDossier(t))
		ds := [2]*Dossier{open(t, path), open(t, path)}
		for i, d := range ds {
			addRecord(t, d, newRecord(t, statementText(t, d.Contract().ID(), 30+byte(i))))
		}
		failed := together(t, path, ds)
		told := 0
		got := open(t, path)
		for i, err := range failed {
			switch {
			case err != nil && errors.Is(err, ErrChanged), err != nil && runtime.GOOS == "windows":
				told++
			case err != nil:
				t.Error(err)
			case slices.ContainsFunc(ds[i].Records(), func(r *record.Record) bool { return got.Record(r.ID()) == nil }):
				t.Fatalf("race %d: what saver %d saved is lost", n, i)
			}
		}
		if told != 1 && runtime.GOOS != "windows" {
			t.Fatalf("race %d: %d of two were told", n, told)
		}
		wantAlone(t, path)
		for _, d := range append(ds[:], got) {
			d.Close()
		}
	}
}

func TestOfTwoWhoMakeAFileOneIsTold(t *testing.T) {
	for n := range races {
		path := filepath.Join(t.TempDir(), "pumps.chirograph")
		ds := [2]*Dossier{newDossier(t, newRecord(t, contractText(t, 1))), newDossier(t, newRecord(t, contractText(t, 2)))}
		failed := together(t, path, ds)
		got := open(t, path)
		for i, err := range failed {
			if mine := got.Contract().ID() == ds[i].Contract().ID(); mine != (err == nil) || err != nil && !errors.Is(err, fs.ErrExist) {
				t.Fatalf("race %d: the file is what saver %d saved: %v; it was told %v", n, i, mine, err)
			}
		}
		wantAlone(t, path)
		for _, d := range append(ds[:], got) {
			d.Close()
		}
	}
}

// Who is at its last step is waited for, and then the file is another.
func TestWhoSavesWaitsForWhoeverReplacesTheFile(t *testing.T) {
	path := saved(t, testDossier(t))
	want := content(t, path)
	mine := open(t, path)
	addRecord(t, mine, newRecord(t, statementText(t, mine.Contract().ID(), 30)))
	release, err := hold(path)
	if err != nil {
		t.Fatal(err)
	}
	reads := make(chan bool)
	meanwhile(t, mine, func() (io.ReadCloser, error) { close(reads); return nil, nil })
	done := make(chan error)
	go func() { done <- mine.Save(path) }()
	<-reads
	other := path + ".other"
	if err := os.WriteFile(other, want, 0o600); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" { // where it is open, and so stays
		if err := os.Rename(other, path); err != nil {
			t.Fatal(err)
		}
		release()
	}
	if err := <-done; !errors.Is(err, ErrChanged) {
		t.Errorf("error is %v", err)
	}
	if string(content(t, path)) != string(want) {
		t.Error("what the other saved is lost")
	}
}

func TestWhatAKilledCommandLeftIsRemovedByTheNextThatSavesTheFile(t *testing.T) {
	path := saved(t, testDossier(t))
	folder := filepath.Dir(path)
	dead, err := newTemp(path)
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	living, err := newTemp(path)
	if err != nil {
		t.Fatal(err)
	}
	defer living.Close()
	ofAnother, err := newTemp(filepath.Join(folder, "other.chirograph"))
	if err != nil {
		t.Fatal(err)
	}
	ofAnother.Close()
	d := open(t, path)
	addRecord(t, d, newRecord(t, statementText(t, d.Contract().ID(), 30)))
	if err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{dead.Name(): false, living.Name(): true, ofAnother.Name(): true, path: true} {
		if _, err := os.Lstat(name); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestANameAsLongAsNamesCanBeIsSaved(t *testing.T) {
	const longest = 255 // bytes, of most file systems
	path := filepath.Join(t.TempDir(), strings.Repeat("x", longest-len(".chirograph"))+".chirograph")
	d := testDossier(t)
	defer d.Close()
	for n := range 2 {
		if err := d.Save(path); err != nil {
			t.Fatal(fmt.Errorf("time %d: %w", n, err))
		}
	}
	wantAlone(t, path)
}
