package peers

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"math"
	"testing"

	"filippo.io/torchwood"
	fnote "github.com/transparency-dev/formats/note"
	xnote "golang.org/x/mod/sumdb/note"

	"github.com/chirograph/chirograph/crypto/note"
)

// verifiers returns a key as each peer reads it.
func verifiers(t *testing.T, k note.Key) map[string]xnote.Verifier {
	t.Helper()
	all := make(map[string]xnote.Verifier)
	add := func(peer string, v xnote.Verifier, err error) {
		if err != nil || v.Name() != k.Name() || v.KeyHash() != k.ID() {
			t.Fatalf("%s reads %s as %v, %v", peer, k, v, err)
		}
		all[peer] = v
	}
	if k.Type() == note.Ed25519 {
		v, err := xnote.NewVerifier(k.String())
		add("x/mod", v, err)
		v, err = fnote.NewVerifier(k.String())
		add("formats", v, err)
		return all
	}
	v, err := torchwood.NewCosignatureVerifier(k.String())
	add("torchwood", v, err)
	f, err := fnote.NewVerifierForCosignatureV1(k.String())
	add("formats", f, err)
	return all
}

func TestPeersVerifyWhatIsSignedHere(t *testing.T) {
	h := newHistory(10)
	for _, at := range []int64{0, 1, 1772355600, math.MaxInt64} {
		data := h.signed(t, 10, at, "witness.example").Bytes()
		for _, k := range []note.Key{key(t, origin, note.Ed25519), key(t, "witness.example", note.Cosignature)} {
			for peer, v := range verifiers(t, k) {
				n, err := xnote.Open(data, xnote.VerifierList(v))
				if err != nil || len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 1 {
					t.Fatalf("%s does not verify the line of %s: %v", peer, k.Name(), err)
				}
				if k.Type() != note.Cosignature {
					continue
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

func TestACosignatureThatIsChangedFailsForAll(t *testing.T) {
	c := newHistory(10).signed(t, 10, 1772355600, "witness.example")
	k := key(t, "witness.example", note.Cosignature)
	sig := c.Note.Signatures[1].Bytes
	for i := range sig {
		sig[i] ^= 1
		if _, err := k.VerifyCosignature(c.Note.Text, sig); err == nil {
			t.Errorf("verifies with byte %d changed", i)
		}
		for peer, v := range verifiers(t, k) {
			_, err := xnote.Open(c.Bytes(), xnote.VerifierList(v))
			if invalid := new(xnote.InvalidSignatureError); !errors.As(err, &invalid) {
				t.Errorf("%s with byte %d changed: %v", peer, i, err)
			}
		}
		sig[i] ^= 1
	}
}

func TestWhatPeersCosignVerifiesHere(t *testing.T) {
	text := newHistory(3).signed(t, 3, 0).Note.Text
	k := key(t, "witness.example", note.Cosignature)
	signer, err := torchwood.NewCosignatureSigner("witness.example", secret("witness.example"))
	if err != nil {
		t.Fatal(err)
	}
	if got := signer.Verifier().String(); got != k.String() {
		t.Errorf("torchwood prints %s, we %s", got, k)
	}
	data, err := xnote.Sign(&xnote.Note{Text: string(text)}, signer)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Parse(data)
	if err != nil || len(n.Signatures) != 1 || !n.Signatures[0].By(k) || !bytes.Equal(n.Bytes(), data) {
		t.Fatalf("what torchwood signed is %q, %v", data, err)
	}
	if at, err := k.VerifyCosignature(n.Text, n.Signatures[0].Bytes); err != nil || at <= 0 {
		t.Errorf("torchwood's cosignature of %d: %v", at, err)
	}
}

// The peers take points of small order and encodings that are not canonical,
// because crypto/ed25519 does. We are stricter, and only stricter.
func TestPeersTakeKeysThatWeRefuse(t *testing.T) {
	small := make([]byte, ed25519.PublicKeySize)
	if _, err := note.ParsePublicKey(small); err == nil {
		t.Error("a point of small order is a key")
	}
	if _, err := torchwood.NewCosignatureVerifierFromKey("witness.example", ed25519.PublicKey(small)); err != nil {
		t.Errorf("torchwood refuses it too, so strictness costs nothing: %v", err)
	}
}
