// Package peers runs what others published against us: whole sets of vectors, and
// their own implementations as differential partners. It is a module of its own,
// so that what it needs never chooses a version for the programs.
package peers

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/expanded"
	"github.com/chirograph/chirograph/crypto/note"
)

// read decodes a JSON file of a module, in the version that go.mod names and
// go.sum vouches for.
func read(t *testing.T, module, name string, v any) {
	t.Helper()
	out, err := exec.Command("go", "mod", "download", "-json", module).Output()
	if err != nil {
		t.Fatalf("%s: %v", module, err)
	}
	var at struct{ Dir string }
	if err := json.Unmarshal(out, &at); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(at.Dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// judge says what we make of a key and a signature: offline, and, in so many words, where
// records are admitted, which is where keys come again, and are expanded then.
func judge(public, message, sig []byte) string {
	p, err := note.ParsePublicKey(public)
	verdict := say(err, func() bool { return p.Verify(message, sig) })
	keys := expanded.New()
	for _, when := range []string{"first", "second", "third"} {
		p, err := keys.ParsePublicKey(public)
		if again := say(err, func() bool { return keys.Verify(p, message, sig) }); again != verdict {
			return verdict + " offline, " + again + " at the " + when + " submission"
		}
	}
	return verdict
}

func say(err error, verifies func() bool) string {
	switch {
	case err != nil:
		return "no key"
	case !verifies():
		return "refused"
	}
	return "verified"
}

// The 768 vectors of filippo.io/mostly-harmless/ed25519vectors are all signatures
// by the equation with cofactor, of R and A with and without parts of small order,
// with and without a prime order part, in every encoding. Their flags determine
// what we make of them:
//
//   - NonCanonicalA, LowOrderA: the key is none;
//   - else NonCanonicalR: refused, since R is compared byte for byte with the
//     canonical encoding of SB − kA;
//   - else LowOrderResidue: refused, since the parts of small order of R and kA do
//     not add up to the identity, and only a cofactor would hide it;
//   - else the signature verifies, whatever LowOrderR, LowOrderComponentR and
//     LowOrderComponentA say.
func TestEd25519VectorsByTheirFlags(t *testing.T) {
	var vectors []struct {
		A, R, S, M string
		Flags      []string
	}
	read(t, "filippo.io/mostly-harmless/ed25519vectors", "ed25519vectors.json", &vectors)
	count := make(map[string]int)
	for i, v := range vectors {
		want := "verified"
		switch has := func(flag string) bool { return slices.Contains(v.Flags, flag) }; {
		case has("NonCanonicalA"), has("LowOrderA"):
			want = "no key"
		case has("NonCanonicalR"), has("LowOrderResidue"):
			want = "refused"
		}
		if got := judge(unhex(t, v.A), []byte(v.M), append(unhex(t, v.R), unhex(t, v.S)...)); got != want {
			t.Errorf("vector %d, %s: %s, want %s", i, strings.Join(v.Flags, " "), got, want)
		}
		count[want]++
	}
	if len(vectors) != 768 || count["no key"] != 468 || count["refused"] != 214 || count["verified"] != 86 {
		t.Errorf("of %d vectors %v", len(vectors), count)
	}
}

// Those of C2SP's CCTV, which are the same and more: by every encoding of every point of
// small order, and with k of a hash of the canonical encodings where others stand. cctv/README.md
// says where the file is from.
func TestCCTVEd25519ByItsFlags(t *testing.T) {
	b, err := os.ReadFile("cctv/ed25519vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Number        int
		Key, Sig, Msg string
		Flags         []string
	}
	if err := json.Unmarshal(b, &vectors); err != nil {
		t.Fatal(err)
	}
	count := make(map[string]int)
	for _, v := range vectors {
		want := "verified"
		switch has := func(flag string) bool { return slices.Contains(v.Flags, flag) }; {
		case has("non_canonical_A"), has("low_order_A"):
			want = "no key"
		case has("non_canonical_R"), has("low_order_residue"):
			want = "refused"
		}
		if got := judge(unhex(t, v.Key), []byte(v.Msg), unhex(t, v.Sig)); got != want {
			t.Errorf("vector %d, %s: %s, want %s", v.Number, strings.Join(v.Flags, " "), got, want)
		}
		count[want]++
	}
	if len(vectors) != 914 || count["no key"] != 526 || count["refused"] != 302 || count["verified"] != 86 {
		t.Errorf("of %d vectors %v", len(vectors), count)
	}
}

// In the Ed25519 file of Wycheproof no key is odd, so its results are ours.
func TestWycheproofEd25519(t *testing.T) {
	var file struct {
		NumberOfTests int
		TestGroups    []struct {
			PublicKey struct{ Pk string }
			Tests     []struct {
				TcID                      int
				Comment, Msg, Sig, Result string
				Flags                     []string
			}
		}
	}
	read(t, "github.com/c2sp/wycheproof", "testvectors_v1/ed25519_test.json", &file)
	count := make(map[string]int)
	for _, g := range file.TestGroups {
		for _, c := range g.Tests {
			want := map[string]string{"valid": "verified", "invalid": "refused"}[c.Result]
			if got := judge(unhex(t, g.PublicKey.Pk), unhex(t, c.Msg), unhex(t, c.Sig)); got != want {
				t.Errorf("test %d, %s, %v: %s, want %s", c.TcID, c.Comment, c.Flags, got, want)
			}
			count[want]++
		}
	}
	if len(count) != 2 || count["verified"] != 88 || count["refused"] != 63 || file.NumberOfTests != 151 {
		t.Errorf("of %d tests %v", file.NumberOfTests, count)
	}
}
