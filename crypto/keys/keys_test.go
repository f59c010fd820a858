package keys

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
)

var (
	_ Signer = SecretKey{}
	_ Signer = AgentKey{}
)

// keyOf returns the key whose secret is 32 times b.
func keyOf(t testing.TB, b byte, name string) SecretKey {
	t.Helper()
	k, err := Generate(bytes.NewReader(bytes.Repeat([]byte{b}, ed25519.SeedSize)), name)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// wantError fails unless err says each of words.
func wantError(t testing.TB, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one that says %q", words)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}

func TestGeneratedKeyIsRFC8032(t *testing.T) {
	// RFC 8032, section 7.1, test 2.
	seed, _ := hex.DecodeString("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
	k, err := Generate(bytes.NewReader(seed), "alice@example.com/2026")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := k.Public().String(), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"; got != want {
		t.Errorf("public key %s, want %s", got, want)
	}
	if k.Name() != "alice@example.com/2026" {
		t.Errorf("name %q", k.Name())
	}
	sig, err := k.Sign([]byte{0x72})
	if err != nil {
		t.Fatal(err)
	}
	const want = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
		"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
	if hex.EncodeToString(sig) != want {
		t.Errorf("signature %x, want %s", sig, want)
	}
}

func TestGenerateRefuses(t *testing.T) {
	for _, name := range []string{"", "two words", "plus+sign", "line\nfeed", "\xff", strings.Repeat("a", note.MaxName+1)} {
		if _, err := Generate(bytes.NewReader(make([]byte, 32)), name); err == nil {
			t.Errorf("name %q was taken", name)
		}
	}
	_, err := Generate(bytes.NewReader(make([]byte, 31)), "alice")
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("31 random bytes: %v", err)
	}
}

func TestNoPrintHoldsTheSecret(t *testing.T) {
	k := keyOf(t, 0xa7, "alice")
	want := `"alice" ` + k.Public().Fingerprint()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, k); got != want {
			t.Errorf("%s prints %s, want %s", verb, got, want)
		}
		if got := fmt.Sprintf(verb, &k); got != want {
			t.Errorf("%s of a pointer prints %s, want %s", verb, got, want)
		}
		if got := fmt.Sprintf(verb, []Signer{k}); !strings.Contains(got, want) || strings.Contains(got, "a7a7") || strings.Contains(got, "167") {
			t.Errorf("%s of a slice prints %s", verb, got)
		}
	}
}

func TestZeroValuesSignNothing(t *testing.T) {
	for _, s := range []Signer{SecretKey{}, AgentKey{}} {
		if sig, err := s.Sign([]byte("text")); err == nil {
			t.Errorf("%T: signature %x", s, sig)
		}
	}
	if err := (SecretKey{}).WriteFiles(t.TempDir()+"/key", nil); err == nil {
		t.Error("a zero key was written")
	}
}
