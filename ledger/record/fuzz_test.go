package record_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// whole is what holds of every record that was opened.
func whole(t *testing.T, data []byte, r *record.Record) {
	t.Helper()
	if !bytes.Equal(r.Bytes(), data) {
		t.Fatalf("prints as %q", r.Bytes())
	}
	text := r.Text().Bytes()
	if !bytes.HasPrefix(data, append(bytes.Clone(text), '\n')) || r.ID() != sha256.Sum256(text) || r.ID() != r.Text().ID() {
		t.Fatalf("the text is %q", text)
	}
	if len(data) > record.MaxRecord {
		t.Fatalf("a record of %d bytes does not fit an entry", len(data))
	}
	signers, last := r.Text().Signers(), -1
	for _, k := range r.Signed() {
		i := slices.Index(signers, k)
		if i <= last || !r.SignedBy(k.Public()) {
			t.Fatalf("%s is number %d of those who may sign, after %d", k, i, last)
		}
		last = i
	}
	if merged, err := r.Merge(r); err != nil || !bytes.Equal(merged.Bytes(), data) {
		t.Fatalf("merging a record with itself changes it: %v", err)
	}
	if r.Complete() != (len(r.Missing()) == 0) {
		t.Fatal("complete and missing somebody")
	}
}

// sameNote demands of [record.OpenNote] what [record.Open] returned.
func sameNote(t *testing.T, data []byte, check record.Check, want *record.Record, wantErr error) {
	t.Helper()
	n, err := note.ParseDraft(data)
	if err != nil {
		return
	}
	r, err := record.OpenNote(n, note.ParsePublicKey, check)
	switch {
	case (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error():
		t.Fatalf("the note: %v, its bytes: %v", err, wantErr)
	case err == nil && (!bytes.Equal(r.Bytes(), want.Bytes()) || !slices.Equal(r.Signed(), want.Signed())):
		t.Fatalf("the note is read as %q", r.Bytes())
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(signedContract(f).Bytes())
	for _, text := range goodTexts() {
		r := draft(f, text)
		f.Add(r.Bytes())
		f.Add(sign(f, r, "bob.example").Bytes())
	}
	f.Add([]byte("chirograph/contract/v1\n\n— a AAAAAAA=\n"))
	length := func(_ note.PublicKey, _, sig []byte) bool { return len(sig) == 64 }
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, check := range []record.Check{note.PublicKey.Verify, length} {
			d, draftErr := record.OpenDraft(data, check)
			if draftErr == nil {
				whole(t, data, d)
			}
			r, err := record.Open(data, check)
			sameNote(t, data, check, r, err)
			var fault *record.SignatureError
			switch {
			case err == nil:
				whole(t, data, r)
			case errors.As(err, &fault):
				if _, err := record.ParseText(fault.Text.Bytes()); err != nil || draftErr == nil || fault.Reason == "" {
					t.Fatalf("the text at fault is out of form: %v", err)
				}
			}
			if draftErr == nil && (err == nil) != (len(d.Signed()) > 0) {
				t.Fatalf("a draft with %d lines: %v", len(d.Signed()), err)
			}
		}
	})
}

func FuzzParseText(f *testing.F) {
	for _, text := range goodTexts() {
		f.Add(text.Bytes())
	}
	f.Add([]byte(""))
	f.Add([]byte("\n"))
	f.Add([]byte("chirograph/revocation/v1\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		x, err := record.ParseText(text)
		if err != nil {
			if x != nil {
				t.Fatal("a text comes with an error")
			}
			return
		}
		if !bytes.Equal(x.Bytes(), text) || x.ID() != sha256.Sum256(text) {
			t.Fatalf("prints as %q", x.Bytes())
		}
		if _, err := record.New(x); err != nil {
			t.Fatalf("no draft can be made of it: %v", err)
		}
		if n := len(x.Signers()); n < 1 || n > record.MaxKeys {
			t.Fatalf("%d keys may sign", n)
		}
		for _, r := range x.Requirements() {
			if r.Threshold < 1 || r.Threshold > len(r.Keys) {
				t.Fatalf("threshold of %s is %d of %d", r.Name(), r.Threshold, len(r.Keys))
			}
		}
	})
}

func FuzzParseEntry(f *testing.F) {
	f.Add(record.Entry{Registered: 1772355600, Record: signedContract(f).Bytes()}.Bytes())
	for _, s := range []string{"", "registered 0\n", "registered 01\n", "registered -1\n", "registered 253402300799\nx", "registered 253402300800\nx", "registered \n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := record.ParseEntry(data)
		if err != nil {
			return
		}
		if !bytes.Equal(e.Bytes(), data) || len(data) > record.MaxEntry || e.Registered < 0 || e.Registered > lastSecond {
			t.Fatalf("prints as %q", e.Bytes())
		}
	})
}
