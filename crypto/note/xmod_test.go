package note_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"testing"

	xnote "golang.org/x/mod/sumdb/note"

	"github.com/chirograph/chirograph/crypto/note"
)

// agreesWithXMod demands that golang.org/x/mod/sumdb/note takes what Parse took,
// with the same text and the same lines, but for repeated ones, which it drops.
func agreesWithXMod(t *testing.T, data []byte, n note.Note) {
	t.Helper()
	_, err := xnote.Open(data, xnote.VerifierList())
	var unverified *xnote.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		t.Fatalf("x/mod: %v", err)
	}
	if unverified.Note.Text != string(n.Text) {
		t.Fatalf("text is %q, of x/mod %q", n.Text, unverified.Note.Text)
	}
	theirs := unverified.Note.UnverifiedSigs
	seen := make(map[string]bool)
	for _, s := range n.Signatures {
		line := string(s.Append(nil))
		if seen[line] {
			continue
		}
		seen[line] = true
		if len(theirs) == 0 {
			t.Fatalf("x/mod lacks the line %q", line)
		}
		b, err := base64.StdEncoding.DecodeString(theirs[0].Base64)
		if err != nil || theirs[0].Name != s.Name || theirs[0].Hash != s.ID ||
			!bytes.Equal(b, append(binary.BigEndian.AppendUint32(nil, s.ID), s.Bytes...)) {
			t.Fatalf("line is %q, of x/mod %+v", line, theirs[0])
		}
		theirs = theirs[1:]
	}
	if len(theirs) > 0 {
		t.Fatalf("x/mod has %d lines more", len(theirs))
	}
}

// agreesOnSignature demands that k finds in n what x/mod finds that knows k alone:
// its first line, and whether it verifies.
func agreesOnSignature(t *testing.T, data []byte, n note.Note, k note.Key) {
	t.Helper()
	v, err := xnote.NewVerifier(k.String())
	if err != nil {
		t.Fatal(err)
	}
	_, err = xnote.Open(data, xnote.VerifierList(v))
	var unverified *xnote.UnverifiedNoteError
	var invalid *xnote.InvalidSignatureError
	theirs := map[bool]string{err == nil: "verifies", errors.As(err, &unverified): "has no line", errors.As(err, &invalid): "fails"}[true]
	ours := "has no line"
	for _, s := range n.Signatures {
		if s.By(k) {
			if ours = "fails"; k.Public().Verify(n.Text, s.Bytes) {
				ours = "verifies"
			}
			break
		}
	}
	if ours != theirs {
		t.Fatalf("key %s %s here, and in x/mod %s: %v", k, ours, theirs, err)
	}
}

// agreesOnKey demands that x/mod takes a key that ParseKey took, if it knows its
// type.
func agreesOnKey(t *testing.T, vkey string, k note.Key) {
	t.Helper()
	v, err := xnote.NewVerifier(vkey)
	if k.Type() != note.Ed25519 {
		if err == nil {
			t.Fatalf("x/mod takes %s, and should be asked about it", vkey)
		}
		return
	}
	if err != nil || v.Name() != k.Name() || v.KeyHash() != k.ID() {
		t.Fatalf("x/mod reads %s as %v, %v", vkey, v, err)
	}
	theirs, err := xnote.NewEd25519VerifierKey(k.Name(), k.Public().Bytes())
	if err != nil || theirs != vkey {
		t.Fatalf("x/mod prints %s for %s, %v", theirs, vkey, err)
	}
}

func TestWhatXModSignsVerifies(t *testing.T) {
	k := key(t, "alice.example", note.Ed25519)
	material := append([]byte{1}, secret("alice.example").Seed()...)
	id, _, _ := bytes.Cut([]byte(k.String()[len("alice.example+"):]), []byte("+"))
	signer, err := xnote.NewSigner("PRIVATE+KEY+alice.example+" + string(id) + "+" + base64.StdEncoding.EncodeToString(material))
	if err != nil {
		t.Fatal(err)
	}
	data, err := xnote.Sign(&xnote.Note{Text: "text\n\nand more\n"}, signer)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(n.Signatures) != 1 || !n.Signatures[0].By(k) || !k.Public().Verify(n.Text, n.Signatures[0].Bytes) {
		t.Fatal("what x/mod signed does not verify")
	}
	if want := signed(t, "text\n\nand more\n", "alice.example").Bytes(); !bytes.Equal(data, want) {
		t.Fatalf("x/mod prints %q, we %q", data, want)
	}
	agreesOnSignature(t, data, n, k)
	n.Signatures[0].Bytes[0] ^= 1
	agreesOnSignature(t, n.Bytes(), n, k)
	agreesOnSignature(t, n.Bytes(), n, key(t, "bob.example", note.Ed25519))
}

func FuzzParse(f *testing.F) {
	for _, s := range goodNotes(f) {
		if len(s) < 2000 {
			f.Add([]byte(s))
		}
	}
	f.Add([]byte(exampleNote))
	for _, s := range []string{"", "\n", "\n\n", "text\n\n", "text\r\n\r\n— a AAAAAAA=\r\n", "text\n\n— a AAAAAAB=\n", "a\n\n— a AAAAAAA=", "a\n\n— a+b AAAAAAA=\n"} {
		f.Add([]byte(s))
	}
	known, err := note.ParseKey(exampleKey)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		draft, draftErr := note.ParseDraft(data)
		n, err := note.Parse(data)
		if err != nil {
			if draftErr == nil && len(draft.Signatures) > 0 {
				t.Fatalf("a draft with %d lines is no note: %v", len(draft.Signatures), err)
			}
			return
		}
		if draftErr != nil {
			t.Fatalf("a note is no draft: %v", draftErr)
		}
		if !bytes.Equal(n.Bytes(), data) || !bytes.Equal(draft.Bytes(), data) {
			t.Fatalf("prints as %q", n.Bytes())
		}
		if len(n.Signatures) > note.MaxSignatures || len(data) > note.MaxSize {
			t.Fatalf("%d lines in %d bytes are accepted", len(n.Signatures), len(data))
		}
		agreesWithXMod(t, data, n)
		agreesOnSignature(t, data, n, known)
	})
}

func FuzzParseKey(f *testing.F) {
	f.Add(exampleKey)
	f.Add(key(f, "alice.example", note.Cosignature).String())
	f.Add(vkey("a", append([]byte{1}, make([]byte, 32)...)))
	f.Add(vkey("a", append([]byte{6}, public(f, "a").Bytes()...)))
	f.Add(latticeKey(f, "alice.example").String())
	f.Add("a+00000000+")
	f.Add("++")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		k, err := note.ParseKey(s)
		if err != nil {
			if k != (note.Key{}) {
				t.Fatal("a key comes with an error")
			}
			return
		}
		if k.String() != s {
			t.Fatalf("%q prints as %q", s, k)
		}
		if k.Type() == note.MLDSA44 {
			if made, err := note.NewMLDSA44Key(k.Name(), k.PublicBytes()); err != nil || made != k {
				t.Fatalf("NewMLDSA44Key gives %v, %v", made, err)
			}
			agreesOnKey(t, s, k)
			return
		}
		made, err := note.NewKey(k.Name(), k.Type(), k.Public())
		if err != nil || made != k {
			t.Fatalf("NewKey gives %v, %v", made, err)
		}
		if p, err := note.ParsePublicKey(k.Public().Bytes()); err != nil || p != k.Public() {
			t.Fatalf("its public key is none: %v", err)
		}
		agreesOnKey(t, s, k)
	})
}
