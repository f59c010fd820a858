package dossier

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func saved(t *testing.T, d *Dossier) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "pumps.chirograph")
	if err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return path
}

func open(t *testing.T, path string) *Dossier {
	t.Helper()
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// wantAlone fails when there is more in the folder than that file.
func wantAlone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != filepath.Base(path) {
		t.Errorf("the folder has %v", entries)
	}
}

func TestSavedFileIsTheOneForm(t *testing.T) {
	d := testDossier(t)
	want := written(t, d)
	path := saved(t, d)
	if !bytes.Equal(content(t, path), want) {
		t.Error("the file is not what WriteTo writes")
	}
	wantAlone(t, path)
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("the new file has the mode %v, %v", info.Mode(), err)
	}
	if again := open(t, path); !bytes.Equal(written(t, again), want) {
		t.Error("the file reads otherwise")
	}
}

func TestDossierIsSavedOverTheFileItWasReadFrom(t *testing.T) {
	path := saved(t, testDossier(t))
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	d := open(t, path)
	id := d.Contract().ID()
	for n := range byte(3) {
		addRecord(t, d, newRecord(t, statementText(t, id, 20+n)))
		want := written(t, d)
		if err := d.Save(path); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(content(t, path), want) || !bytes.Equal(written(t, d), want) {
			t.Fatal("the file is not what WriteTo writes")
		}
		if checked, err := d.CheckDocuments(id); err != nil || checked[0].State != Matches || checked[1].State != Matches {
			t.Fatalf("documents after saving: %v, %v", checked, err)
		}
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o640 {
		t.Errorf("the file has the mode %v, %v; it had 0640", info.Mode(), err)
	}
	wantAlone(t, path)
}

func TestDocumentsAreReadFromTheSavedFile(t *testing.T) {
	folder := t.TempDir()
	given := filepath.Join(folder, "given")
	if err := os.WriteFile(given, testDrawing.data, 0o600); err != nil {
		t.Fatal(err)
	}
	d := newDossier(t, newRecord(t, contractText(t, 1)))
	if err := d.AddDocument(d.Contract().ID(), testDrawing.name, File(given), nil); err != nil {
		t.Fatal(err)
	}
	saved(t, d)
	if err := os.Remove(given); err != nil {
		t.Fatal(err)
	}
	copied := saved(t, d.clone())
	if b := content(t, copied); !bytes.Contains(b, testDrawing.data) {
		t.Error("the drawing is not in the copy")
	}
}

func TestSaveNeverReplacesAnotherFile(t *testing.T) {
	path := saved(t, testDossier(t))
	want := content(t, path)
	other := newDossier(t, newRecord(t, contractText(t, 2)))
	for name, d := range map[string]*Dossier{"new": other, "read elsewhere": open(t, saved(t, other))} {
		if err := d.Save(path); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "there is another file") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !bytes.Equal(content(t, path), want) {
		t.Error("the file has changed")
	}
	wantAlone(t, path)
}

func TestSaveNeverUndoesWhatAnotherSaved(t *testing.T) {
	path := saved(t, testDossier(t))
	mine, theirs := open(t, path), open(t, path)
	addRecord(t, theirs, newRecord(t, statementText(t, theirs.Contract().ID(), 30)))
	if err := theirs.Save(path); err != nil {
		t.Fatal(err)
	}
	want := content(t, path)
	if err := mine.Save(path); !errors.Is(err, fs.ErrExist) || !errors.Is(err, ErrChanged) || !strings.HasSuffix(err.Error(), "changed since it was read") {
		t.Errorf("error is %v", err)
	}
	if !bytes.Equal(content(t, path), want) {
		t.Error("what the other saved is lost")
	}
	if checked, err := mine.CheckDocuments(mine.Contract().ID()); err != nil || checked[0].State != Matches {
		t.Errorf("the documents of what was read are lost: %v, %v", checked, err)
	}
	wantAlone(t, path)
}

// meanwhile adds the drawing to d with a source that does something when it is
// read the second time, which is when d is saved.
func meanwhile(t *testing.T, d *Dossier, do func() (io.ReadCloser, error)) {
	t.Helper()
	reads := 0
	err := d.AddDocument(d.Contract().ID(), testDrawing.name, func() (io.ReadCloser, error) {
		if reads++; reads == 2 {
			if in, err := do(); in != nil || err != nil {
				return in, err
			}
		}
		return Bytes(testDrawing.data)()
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

func TestWriterThatIsInterruptedLeavesTheOldFileWhole(t *testing.T) {
	for name, do := range map[string]func() (io.ReadCloser, error){
		"document gone":      absent,
		"document unread":    failing(testDrawing.data[:3]),
		"document changed":   Bytes(bytes.ToUpper(testDrawing.data)),
		"document shortened": Bytes(testDrawing.data[:3]),
	} {
		t.Run(name, func(t *testing.T) {
			path := saved(t, testDossier(t))
			want := content(t, path)
			d := open(t, path)
			meanwhile(t, d, do)
			if err := d.Save(path); err == nil {
				t.Error("saved")
			}
			if !bytes.Equal(content(t, path), want) {
				t.Error("the old file has changed")
			}
			wantAlone(t, path)
			if err := d.Save(path); err != nil {
				t.Errorf("it is not saved when the document is there again: %v", err)
			}
			wantAlone(t, path)
		})
	}
	t.Run("died", func(t *testing.T) {
		path := saved(t, testDossier(t))
		want := content(t, path)
		d := open(t, path)
		meanwhile(t, d, func() (io.ReadCloser, error) { panic("died") })
		func() {
			defer func() { recover() }()
			d.Save(path)
		}()
		if !bytes.Equal(content(t, path), want) {
			t.Error("the old file has changed")
		}
	})
}

func TestFileThatAnotherSavesMeanwhileStays(t *testing.T) {
	path := saved(t, testDossier(t))
	d, theirs := open(t, path), open(t, path)
	addRecord(t, theirs, newRecord(t, statementText(t, theirs.Contract().ID(), 30)))
	meanwhile(t, d, func() (io.ReadCloser, error) { return nil, theirs.Save(path) })
	if err := d.Save(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error is %v", err)
	}
	if got := open(t, path); len(got.Records()) != 3 {
		t.Error("what the other saved is lost")
	}
	wantAlone(t, path)
}

func TestRenameThatFailsLeavesTheDossierUsable(t *testing.T) {
	path := saved(t, testDossier(t))
	d := open(t, path)
	temp := filepath.Join(t.TempDir(), "not there")
	if err := d.replace(temp, path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
	if checked, err := d.CheckDocuments(d.Contract().ID()); err != nil || checked[0].State != Matches {
		t.Errorf("documents cannot be read any more: %v, %v", checked, err)
	}
	if err := d.Save(path); err != nil {
		t.Errorf("saved later: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := d.replace(temp, path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

func TestLinkIsFollowed(t *testing.T) {
	path := saved(t, testDossier(t))
	link := filepath.Join(t.TempDir(), "link.chirograph")
	if err := os.Symlink(path, link); err != nil {
		if runtime.GOOS == "windows" {
			return // it takes a privilege there
		}
		t.Fatal(err)
	}
	d := open(t, link)
	addRecord(t, d, newRecord(t, statementText(t, d.Contract().ID(), 30)))
	want := written(t, d)
	if err := d.Save(link); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is no link any more: %v, %v", info.Mode(), err)
	}
	if !bytes.Equal(content(t, path), want) {
		t.Error("the file that it names is not saved")
	}
}

func TestWhatIsNoFileIsNotOpened(t *testing.T) {
	folder := t.TempDir()
	if _, err := Open(folder); err == nil || !strings.Contains(err.Error(), "not a file") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Open(filepath.Join(folder, "x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
	path := filepath.Join(folder, "x.chirograph")
	if err := os.WriteFile(path, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path+": dossier has 5 bytes") {
		t.Errorf("another file: %v", err)
	}
	if err := testDossier(t).Save(filepath.Join(folder, "no", "x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	if err := newDossier(t, newRecord(t, contractText(t, 1))).Close(); err != nil {
		t.Errorf("closing what was never open: %v", err)
	}
}
