package tlog_test

import (
	"bytes"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
)

func bundle(t testing.TB, entries ...[]byte) []byte {
	var b []byte
	for _, entry := range entries {
		var err error
		if b, err = tlog.AppendBundle(b, entry); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func TestABundleGivesItsEntries(t *testing.T) {
	if got, want := bundle(t, []byte("ab"), nil, []byte("c")), []byte("\x00\x02ab\x00\x00\x00\x01c"); !bytes.Equal(got, want) {
		t.Errorf("bundle is %q, not %q", got, want)
	}
	var entries [][]byte
	for i := range tlog.MaxWidth {
		entries = append(entries, bytes.Repeat([]byte{byte(i)}, i*i))
		b := bundle(t, entries...)
		got, err := tlog.ParseBundle(b, i+1)
		if err != nil {
			t.Fatal(err)
		}
		for j := range entries {
			if !bytes.Equal(got[j], entries[j]) {
				t.Fatalf("entry %d of %d is %x, not %x", j, i+1, got[j], entries[j])
			}
		}
		for _, width := range []int{i, i + 2} {
			if _, err := tlog.ParseBundle(b, width); err == nil {
				t.Errorf("bundle of %d entries is one of %d", i+1, width)
			}
		}
	}
}

func TestABundleIsFilledByItsEntries(t *testing.T) {
	b := bundle(t, []byte("first"), nil, bytes.Repeat([]byte("x"), 300))
	for n := range b {
		if _, err := tlog.ParseBundle(b[:n], 3); err == nil {
			t.Errorf("the first %d bytes of %d are the bundle", n, len(b))
		}
	}
	_, err := tlog.ParseBundle(append(b, 0), 3)
	wantError(t, err, "bundle has 1 bytes after its 3 entries")
	for _, width := range []int{-1, 0, tlog.MaxWidth + 1} {
		_, err := tlog.ParseBundle(b, width)
		wantError(t, err, "there are 1 to 256 in a bundle")
	}
	_, err = tlog.ParseBundle(make([]byte, 2*(tlog.MaxWidth+1)), tlog.MaxWidth+1)
	wantError(t, err, "bundle of 257 entries")
}

func TestAnEntryHasAtMostMaxEntryBytes(t *testing.T) {
	long := bytes.Repeat([]byte("x"), tlog.MaxEntry)
	if got, err := tlog.ParseBundle(bundle(t, long), 1); err != nil || !bytes.Equal(got[0], long) {
		t.Errorf("an entry of %d bytes is one of %d, %v", len(long), len(got[0]), err)
	}
	_, err := tlog.AppendBundle(nil, append(long, 'x'))
	wantError(t, err, "entry has 65536 bytes, at most 65535 are allowed")
}

func TestAppendingToAnEntryLeavesTheNext(t *testing.T) {
	entries, err := tlog.ParseBundle(bundle(t, []byte("a"), []byte("b")), 2)
	if err != nil {
		t.Fatal(err)
	}
	_ = append(entries[0], "xyz"...) // as long as what follows it
	if string(entries[1]) != "b" {
		t.Errorf("entry 1 is %q, not %q", entries[1], "b")
	}
}

func FuzzBundle(f *testing.F) {
	f.Add([]byte{}, 0)
	f.Add([]byte{}, 1)
	f.Add(bundle(f, nil), 1)
	f.Add(bundle(f, []byte("first"), nil, []byte("third")), 3)
	f.Add(bundle(f, []byte("first"))[:3], 1)
	f.Add(append(bundle(f, []byte("first")), 0), 1)
	f.Add(make([]byte, 2*tlog.MaxWidth), tlog.MaxWidth)
	f.Fuzz(func(t *testing.T, b []byte, width int) {
		entries, err := tlog.ParseBundle(b, width)
		if err != nil {
			return
		}
		if len(entries) != width {
			t.Errorf("bundle of width %d has %d entries", width, len(entries))
		}
		if got := bundle(t, entries...); !bytes.Equal(got, b) {
			t.Errorf("bundle %x is printed %x", b, got)
		}
	})
}
