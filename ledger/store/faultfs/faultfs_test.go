package faultfs

import (
	"errors"
	"io"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

var errTest = errors.New("as the test says")

// failing returns a disk whose operations of a kind fail.
func failing(disk vfs.FS, kind Kind, done Done) *FS {
	return New(disk, func(op Op) (f Fault) {
		if op.Kind == kind {
			f = Fault{errTest, done}
		}
		return f
	})
}

func content(t *testing.T, disk vfs.FS, name string) string {
	t.Helper()
	f, err := disk.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAWriteThatFailsIsDoneAsFarAsItIsSaid(t *testing.T) {
	for done, want := range map[Done]string{Nothing: "", Half: "ab", All: "abcd"} {
		disk := vfs.NewMem()
		f, err := failing(disk, Write, done).Create("x", vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := f.Write([]byte("abcd")); !errors.Is(err, errTest) || n != len(want) {
			t.Errorf("done %d: %d bytes, %v", done, n, err)
		}
		if got := content(t, disk, "x"); got != want {
			t.Errorf("done %d: the disk has %q, not %q", done, got, want)
		}
	}
}

func TestAnOperationThatFailsIsDoneOrNot(t *testing.T) {
	for done, there := range map[Done]bool{Nothing: false, Half: false, All: true} {
		disk := vfs.NewMem()
		if _, err := failing(disk, Create, done).Create("x", vfs.WriteCategoryUnspecified); !errors.Is(err, errTest) {
			t.Errorf("create, done %d: %v", done, err)
		}
		if err := failing(disk, Mkdir, done).MkdirAll("d", 0o700); !errors.Is(err, errTest) {
			t.Errorf("mkdir, done %d: %v", done, err)
		}
		for _, name := range []string{"x", "d"} {
			if _, err := disk.Stat(name); (err == nil) != there {
				t.Errorf("done %d: %s: %v", done, name, err)
			}
		}
	}
}

func TestLocksAreGoneWithTheProcess(t *testing.T) {
	disk := vfs.NewMem()
	sound := func(Op) Fault { return Fault{} }
	first := New(disk, sound)
	if _, err := first.Lock("LOCK"); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Lock("LOCK"); err == nil {
		t.Error("locked twice")
	}
	first.Kill()
	if _, err := first.Stat("LOCK"); !errors.Is(err, ErrGone) {
		t.Errorf("after its end: %v", err)
	}
	second := New(disk, sound)
	l, err := second.Lock("LOCK")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Lock("LOCK"); err != nil {
		t.Errorf("unlocked: %v", err)
	}
}
