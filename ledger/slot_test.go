package ledger_test

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// slots returns the files of a guard that has two sizes, the larger first.
func slots(t *testing.T, fs vfs.FS) [2]string {
	t.Helper()
	var names [2]string
	var sizes [2]uint64
	for i, name := range []string{"checkpoint.0", "checkpoint.1"} {
		names[i] = fs.PathJoin(dir+"-guard", name)
		c, err := tlog.ParseSignedCheckpoint(fileOf(t, fs, names[i]))
		if err != nil {
			t.Fatal(err)
		}
		sizes[i] = c.Size
	}
	if sizes[0] == sizes[1] {
		t.Fatalf("both files have size %d", sizes[0])
	}
	if sizes[0] < sizes[1] {
		names[0], names[1] = names[1], names[0]
	}
	return names
}

func fileOf(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// spoils are what becomes of a file of a guard; nil is that it goes.
var spoils = map[string]func(b []byte) []byte{
	"a bit of its signature is another": func(b []byte) []byte { b[len(b)-10] ^= 1; return b },
	"a bit of its size is another":      func(b []byte) []byte { b[bytes.IndexByte(b, '\n')+1] ^= 1; return b },
	"it is torn":                        func(b []byte) []byte { return b[:len(b)/2] },
	"it is empty":                       func([]byte) []byte { return nil },
	"it is missing":                     nil,
}

func spoil(t *testing.T, fs vfs.FS, name string, as func([]byte) []byte) {
	t.Helper()
	if as == nil {
		if err := fs.Remove(name); err != nil {
			t.Fatal(err)
		}
		return
	}
	b := as(fileOf(t, fs, name))
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err == nil {
		_, err = f.Write(b)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// refused demands that a ledger does not open, twice, for what became of a file.
func refused(t *testing.T, fs vfs.FS, file, of string) {
	t.Helper()
	for range 2 { // the first start changes nothing of it
		err := openError(fs)
		if err == nil || !strings.Contains(err.Error(), file+" is damaged (") || !strings.Contains(err.Error(), "chirographd recover writes it anew") {
			t.Errorf("%s: %v", of, err)
		}
	}
}

// The store was put back to 3 entries, and the file that knew of 4 is damaged.
func TestAStoreThatIsBehindADamagedFileOfItsGuardDoesNotOpen(t *testing.T) {
	for of, as := range spoils {
		three, four := grown(t, vfs.NewMem(), 0, 3), grown(t, vfs.NewMem(), 0, 3)
		w := &world{fs: four, clock: new(clock), sign: home.sign}
		w.clock.unix.Store(epoch)
		w.mustOpen(t)
		w.append(t, unchecked(t, 3))
		w.close(t)
		fs := with(t, three, four)
		newest := slots(t, fs)[0]
		if err := openError(with(t, three, four)); err == nil || !strings.Contains(err.Error(), "a checkpoint of size 4 has left") {
			t.Fatalf("undamaged: %v", err)
		}
		spoil(t, fs, newest, as)
		refused(t, fs, newest, of)
	}
}

// Where the store has exactly what the sound file has, nobody knows what the other had.
func TestAGuardWithADamagedFileAndNothingNewerInTheStoreDoesNotOpen(t *testing.T) {
	for of, as := range spoils {
		fs := grown(t, vfs.NewMem(), 0, 3)
		older := slots(t, fs)[1]
		spoil(t, fs, older, as)
		refused(t, fs, older, of)
	}
}

func TestAFileOfTheGuardThatACrashToreIsWarnedOfAndWrittenAnew(t *testing.T) {
	for of, as := range spoils {
		fs := grown(t, vfs.NewMem(), 0, 3)
		newest := slots(t, fs)[0] // of the tree that the store has
		spoil(t, fs, newest, as)
		for _, want := range []int{1, 0} { // the second start finds it whole
			var lines bytes.Buffer
			w := &world{fs: fs, clock: new(clock), sign: home.sign}
			w.clock.unix.Store(epoch)
			w.config.Log = slog.New(slog.NewTextHandler(&lines, nil))
			if err := w.open(); err != nil {
				t.Fatalf("%s: %v", of, err)
			}
			w.close(t)
			if got := strings.Count(lines.String(), "level=WARN"); got != want || strings.Count(lines.String(), newest) != want {
				t.Errorf("%s: %d warnings, want %d:\n%s", of, got, want, &lines)
			}
		}
	}
}
