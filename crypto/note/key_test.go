package note_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
)

// vkey prints a verifier key by the specification, of any name, type and material.
func vkey(name string, material []byte) string {
	sum := sha256.Sum256(append([]byte(name+"\n"), material...))
	return fmt.Sprintf("%s+%x+%s", name, sum[:4], base64.StdEncoding.EncodeToString(material))
}

func TestAVerifierKeyPrintsAsItWas(t *testing.T) {
	pub := public(t, "alice.example")
	for _, name := range []string{"a", "alice.example", "alice.example/2026", "ключ", "chirograph/x", strings.Repeat("n", note.MaxName)} {
		for _, typ := range []note.Type{note.Ed25519, note.Cosignature} {
			s := vkey(name, append([]byte{byte(typ)}, pub.Bytes()...))
			k, err := note.ParseKey(s)
			if err != nil {
				t.Fatal(err)
			}
			if k.String() != s || k.Name() != name || k.Type() != typ || k.Public() != pub {
				t.Errorf("%s reads as %s", s, k)
			}
			made, err := note.NewKey(name, typ, pub)
			if err != nil || made != k {
				t.Errorf("NewKey gives %s, %v", made, err)
			}
			agreesOnKey(t, s, k)
		}
	}
}

func TestEveryBadVerifierKeyHasItsOwnError(t *testing.T) {
	pub := public(t, "alice.example").Bytes()
	ed := append([]byte{1}, pub...)
	good := vkey("a", ed)
	id, encoded := good[2:10], good[11:]
	of := func(typ byte, pub []byte) string { return vkey("a", append([]byte{typ}, pub...)) }
	negativeZero := append(append([]byte{1}, make([]byte, 30)...), 0x80)
	notOnCurve := append([]byte{2}, make([]byte, 31)...)
	for _, c := range []struct{ name, vkey, want string }{
		{"nothing", "", "is not <name>+<key id>+<base64>"},
		{"one part", "alice", "is not <name>+<key id>+<base64>"},
		{"two parts", "alice+01020304", "is not <name>+<key id>+<base64>"},
		{"empty name", vkey("", ed), "key name is empty"},
		{"name with space", vkey("a b", ed), `has the character ' '`},
		{"name with no-break space", vkey("a\u00a0b", ed), `has the character '\u00a0'`},
		{"name with ideographic space", vkey("a\u3000b", ed), `has the character '\u3000'`},
		{"name with line feed", vkey("a\nb", ed), `has the character '\n'`},
		{"name with NUL", vkey("a\x00b", ed), `has the character '\x00'`},
		{"name not UTF-8", vkey("a\xff", ed), "is not valid UTF-8"},
		{"name with plus", vkey("a+b", ed), "not canonical base64"},
		{"name of 256 bytes", vkey(strings.Repeat("n", note.MaxName+1), ed), "name has 256 bytes, at most 255"},
		{"wrong key id", "a+00000000+" + encoded, `has the key id "00000000", its name and public key give ` + id},
		{"key id of another name", "b" + good[1:], "has the key id"},
		{"key id of another type", "a+" + id + of(4, pub)[10:], "has the key id"},
		{"upper-case key id", "a+" + strings.ToUpper(id) + "+" + encoded, "has the key id"},
		{"short key id", "a+" + id[1:] + "+" + encoded, "has the key id"},
		{"long key id", "a+0" + id + "+" + encoded, "has the key id"},
		{"empty key id", "a++" + encoded, "has the key id"},
		{"no base64", "a+" + id + "+", "verifier key has no type"},
		{"base64 without padding", strings.TrimRight(of(1, pub[:31]), "="), "not canonical base64"},
		{"unused bits not zero", "a+" + id + "+AB==", "not canonical base64"},
		{"URL alphabet", "a+" + id + "+" + strings.Repeat("_", 44), "not canonical base64"},
		{"line feed in the base64", good[:20] + "\n" + good[20:], "not canonical base64"},
		{"carriage return at the end", good + "\r", "not canonical base64"},
		{"space at the end", good + " ", "not canonical base64"},
		{"type 0x02", of(2, pub), "the type 0x02 is unknown; known are 0x01, 0x04 and 0x06"},
		{"type 0x06 with an Ed25519 key", of(6, pub), "ML-DSA-44 public key has 32 bytes, not 1312"},
		{"type 0xff", of(0xff, pub), "the type 0xff is unknown; known are 0x01, 0x04 and 0x06"},
		{"type alone", of(1, nil), "public key has 0 bytes, not 32"},
		{"31 bytes", of(1, pub[:31]), "public key has 31 bytes, not 32"},
		{"33 bytes", of(1, append(pub[:32:32], 0)), "public key has 33 bytes, not 32"},
		{"not a point", of(1, notOnCurve), "is not a point of the curve"},
		{"not canonical", of(1, negativeZero), "is not in its canonical encoding"},
		{"small order", of(1, make([]byte, 32)), "is a point of small order"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := note.ParseKey(c.vkey)
			wantError(t, err, c.want)
		})
	}
}

func TestAKeyIsMadeOfAGoodNameAKnownTypeAndAPublicKey(t *testing.T) {
	pub := public(t, "alice.example")
	for _, c := range []struct {
		name string
		typ  note.Type
		pub  note.PublicKey
		want string
	}{
		{"", note.Ed25519, pub, "key name is empty"},
		{"a\u2003b", note.Ed25519, pub, "has the character"},
		{"a", 0, pub, "has the type 0x00"},
		{"a", note.MLDSA44, pub, "key a has the type 0x06; an Ed25519 public key has 0x01 or 0x04"},
		{"a", note.Ed25519, note.PublicKey{}, "key a has no public key"},
	} {
		_, err := note.NewKey(c.name, c.typ, c.pub)
		wantError(t, err, c.want)
	}
}

// Base64 has any letters; and an error shows no letter of what is secret.
func TestASecretKeyIsNeitherTakenNorShownAndNoOtherIsTakenForOne(t *testing.T) {
	const vkey = "bob.example+32ab176e+AQAAPRIVATE+KEY+FwFqDQaVN/omV+TcKSs+RUagrWTj"
	k, err := note.ParseKey(vkey)
	if err != nil || k.String() != vkey {
		t.Errorf("%s, %v", k, err)
	}
	const secret = "AXNlY3JldHNlY3JldHNlY3JldHNlY3JldHNlY3JldHNl"
	for _, text := range []string{
		"PRIVATE+KEY+bob.example+32ab176e+" + secret, "PRIVATE+KEY+" + secret, "bob.example+PRIVATE+KEY+bob.example+32ab176e+" + secret,
		" PRIVATE+KEY+bob.example+32ab176e+" + secret, "bob.example+32ab176e+PRIVATE+KEY+bob.example+32ab176e+" + secret,
	} {
		_, err := note.ParseKey(text)
		wantError(t, err, "a secret key, PRIVATE+KEY+…, where a verifier key belongs")
		if strings.Contains(err.Error(), secret[:8]) {
			t.Error(err)
		}
	}
}

// The key is TEST 1 of RFC 8032, section 7.1. What is wanted was printed by
// ssh-keygen -lf of OpenSSH for its line "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI…".
func TestAFingerprintIsTheOneOfSSHKeygen(t *testing.T) {
	b, err := hex.DecodeString("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
	if err != nil {
		t.Fatal(err)
	}
	p, err := note.ParsePublicKey(b)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.Fingerprint(), "SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8"; got != want {
		t.Errorf("fingerprint is %s, ssh-keygen prints %s", got, want)
	}
	if p.String() != hex.EncodeToString(b) || !bytes.Equal(p.Bytes(), b) {
		t.Errorf("key prints as %s", p)
	}
}

func TestThePublicKeyCannotBeChangedFromOutside(t *testing.T) {
	p := public(t, "alice.example")
	p.Bytes()[0] ^= 1
	if p != public(t, "alice.example") {
		t.Error("the bytes that were given out are the key's own")
	}
}

func TestTheZeroKeyVerifiesNothing(t *testing.T) {
	taken := 0
	for i := range 64 {
		text, sig := []byte{byte(i)}, make([]byte, ed25519.SignatureSize)
		if ed25519.Verify(make([]byte, ed25519.PublicKeySize), text, sig) {
			taken++ // 32 zero bytes encode a point of order 4, which needs no secret
		}
		if (note.PublicKey{}).Verify(text, sig) {
			t.Fatal("the zero key verifies a signature")
		}
	}
	if taken == 0 {
		t.Error("crypto/ed25519 takes none of these either, so they show nothing")
	}
}
