package peers

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"filippo.io/mldsa"
	"filippo.io/torchwood"
	fnote "github.com/transparency-dev/formats/note"
	xnote "golang.org/x/mod/sumdb/note"

	"github.com/chirograph/chirograph/crypto/note"
)

// latticeSecret returns the ML-DSA-44 key that belongs to a name, for ever the same.
func latticeSecret(t testing.TB, name string) *mldsa.PrivateKey {
	t.Helper()
	k, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), secret(name).Seed())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func latticeKey(t testing.TB, name string) note.Key {
	t.Helper()
	k, err := note.NewMLDSA44Key(name, latticeSecret(t, name).PublicKey().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// latticeVerifiers returns an ML-DSA-44 key as each peer reads it.
func latticeVerifiers(t testing.TB, k note.Key) map[string]xnote.Verifier {
	t.Helper()
	all := make(map[string]xnote.Verifier)
	add := func(peer string, v xnote.Verifier, err error) {
		if err != nil || v.Name() != k.Name() || v.KeyHash() != k.ID() {
			t.Fatalf("%s reads %.60s… as %v, %v", peer, k, v, err)
		}
		all[peer] = v
	}
	v, err := torchwood.NewCosignatureVerifier(k.String())
	add("torchwood", v, err)
	f, err := fnote.NewVerifierForCosignatureV1(k.String())
	add("formats", f, err)
	s, err := fnote.NewMLDSAVerifier(k.String())
	add("formats, for subtrees", s, err)
	return all
}

func latticeCosign(t testing.TB, name string, text []byte, at int64) []byte {
	t.Helper()
	message, err := latticeKey(t, name).CosignatureMessage(text, at)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := latticeSecret(t, name).SignDeterministic(message, nil)
	if err != nil {
		t.Fatal(err)
	}
	return note.CosignatureBytes(at, sig)
}

func TestPeersVerifyMLDSA44CosignaturesMadeHere(t *testing.T) {
	h := newHistory(10)
	for _, name := range []string{origin, "w", "ключ", strings.Repeat("n", note.MaxName)} {
		k := latticeKey(t, name)
		for _, at := range []int64{1, 1772355600, math.MaxInt64} {
			c := h.signed(t, uint64(at%11), at, "witness.example")
			c.Note.Signatures = append(c.Note.Signatures, k.Signature(latticeCosign(t, name, c.Note.Text, at)))
			for peer, v := range latticeVerifiers(t, k) {
				n, err := xnote.Open(c.Bytes(), xnote.VerifierList(v))
				if err != nil || len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 2 {
					t.Fatalf("%s does not verify the line of %s: %v", peer, name, err)
				}
				if got, err := torchwood.CosignatureTimestamp(n.Sigs[0]); err != nil || got != at {
					t.Errorf("torchwood reads the time %d as %d, %v", at, got, err)
				}
				if got, err := fnote.CoSigV1Timestamp(n.Sigs[0]); err != nil || got.Unix() != at {
					t.Errorf("formats reads the time %d as %d, %v", at, got.Unix(), err)
				}
			}
		}
	}
}

func TestMLDSA44CosignaturesOfPeersVerifyHere(t *testing.T) {
	text := newHistory(3).signed(t, 3, 0).Note.Text
	k := latticeKey(t, "witness.example")
	private := latticeSecret(t, "witness.example")
	torch, err := torchwood.NewCosignatureSigner("witness.example", private)
	if err != nil {
		t.Fatal(err)
	}
	if got := torch.Verifier().String(); got != k.String() {
		t.Errorf("torchwood prints %.60s…, we %.60s…", got, k)
	}
	formats, err := fnote.NewSignerForCosignatureV1(fmt.Sprintf("PRIVATE+KEY+witness.example+%08x+%s", k.ID(),
		base64.StdEncoding.EncodeToString(append([]byte{6}, private.Bytes()...))))
	if err != nil {
		t.Fatal(err)
	}
	for peer, signer := range map[string]xnote.Signer{"torchwood": torch, "formats": formats} {
		data, err := xnote.Sign(&xnote.Note{Text: string(text)}, signer)
		if err != nil {
			t.Fatal(err)
		}
		n, err := note.Parse(data)
		if err != nil || len(n.Signatures) != 1 || !n.Signatures[0].By(k) || !bytes.Equal(n.Bytes(), data) {
			t.Fatalf("what %s signed is %q, %v", peer, data, err)
		}
		if at, err := k.VerifyCosignature(n.Text, n.Signatures[0].Bytes); err != nil || at <= 0 {
			t.Errorf("%s's cosignature of %d: %v", peer, at, err)
		}
	}
}

// One byte in 97 is changed, and each of those of the time.
func TestAnMLDSA44CosignatureThatIsChangedFailsForAll(t *testing.T) {
	text := newHistory(10).signed(t, 10, 0).Note.Text
	k := latticeKey(t, "witness.example")
	all := latticeVerifiers(t, k)
	sig := latticeCosign(t, "witness.example", text, 1772355600)
	for i := 0; i < len(sig); i++ {
		if i >= 8 && i%97 != 0 && i != len(sig)-1 {
			continue
		}
		sig[i] ^= 1
		if _, err := k.VerifyCosignature(text, sig); err == nil {
			t.Errorf("verifies with byte %d changed", i)
		}
		for peer, v := range all {
			if v.Verify(text, sig) {
				t.Errorf("verifies for %s with byte %d changed", peer, i)
			}
		}
		sig[i] ^= 1
	}
}

// A cosignature that we take, torchwood takes, and formats. We refuse more: one that
// says nothing of its time, one of a time that no decimal has, and one of a text with
// a line that it does not cover.
func TestPeersTakeMLDSA44CosignaturesThatWeRefuse(t *testing.T) {
	const name = "witness.example"
	k := latticeKey(t, name)
	text := newHistory(10).signed(t, 10, 0).Note.Text
	extended := append(bytes.Clone(text), "extension\n"...)
	message, err := k.CosignatureMessage(text, 1)
	if err != nil {
		t.Fatal(err)
	}
	signed := func(at uint64) []byte {
		m := bytes.Clone(message)
		binary.BigEndian.PutUint64(m[12+1+len(name):], at)
		sig, err := latticeSecret(t, name).SignDeterministic(m, nil)
		if err != nil {
			t.Fatal(err)
		}
		return append(binary.BigEndian.AppendUint64(nil, at), sig...)
	}
	for _, c := range []struct {
		what               string
		text, sig          []byte
		torchwood, formats bool
		here               bool
	}{
		{"time 1", text, signed(1), true, true, true},
		{"time 0", text, signed(0), true, true, false},
		{"time 2^63 - 1", text, signed(math.MaxInt64), true, true, true},
		{"time 2^63", text, signed(1 << 63), false, true, false},
		{"an extension line", extended, signed(1), false, true, false},
	} {
		_, err := k.VerifyCosignature(c.text, c.sig)
		if (err == nil) != c.here {
			t.Errorf("%s: here %v", c.what, err)
		}
		for peer, v := range latticeVerifiers(t, k) {
			want := c.formats
			if peer == "torchwood" {
				want = c.torchwood
			}
			if got := v.Verify(c.text, c.sig); got != want {
				t.Errorf("%s: %s takes it: %t", c.what, peer, got)
			}
		}
	}
}

func TestPeersReadTheMLDSA44KeysThatWeDo(t *testing.T) {
	good := latticeKey(t, "witness.example").String()
	id := strings.Split(good, "+")[1]
	for _, c := range []struct {
		what, vkey string
		here       bool
	}{
		{"good", good, true},
		{"another id", strings.Replace(good, id, "00000000", 1), false},
		{"another name", "x" + good, false},
		{"a byte less", latticeText(t, 1311), false},
		{"a byte more", latticeText(t, 1313), false},
		{"as many as there are", latticeText(t, 1312), true},
	} {
		_, err := note.ParseKey(c.vkey)
		_, theirs := torchwood.NewCosignatureVerifier(c.vkey)
		if (err == nil) != c.here || (theirs == nil) != c.here {
			t.Errorf("%s: here %v, torchwood %v", c.what, err, theirs)
		}
	}
}

// latticeText prints the verifier key of a public key of n bytes, which are zero.
func latticeText(t testing.TB, n int) string {
	t.Helper()
	material := append([]byte{6}, make([]byte, n)...)
	sum := sha256.Sum256(append([]byte("w\n"), material...))
	return fmt.Sprintf("w+%x+%s", sum[:4], base64.StdEncoding.EncodeToString(material))
}
