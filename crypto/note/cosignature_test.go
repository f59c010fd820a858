package note_test

import (
	"crypto/ed25519"
	"math"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
)

const checkpoint = "ledger.example\n3\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n"

func TestACosignatureIsOverTimeAndCheckpoint(t *testing.T) {
	if got, want := string(note.CosignatureMessage([]byte(checkpoint), 1_700_000_000)), "cosignature/v1\ntime 1700000000\n"+checkpoint; got != want {
		t.Fatalf("message is %q, want %q", got, want)
	}
	k := key(t, "witness.example", note.Cosignature)
	for _, at := range []int64{0, 1, 1_700_000_000, math.MaxInt64} {
		sig := cosign(at)
		if len(sig) != 72 {
			t.Fatalf("cosignature has %d bytes, not 72", len(sig))
		}
		if got, err := k.VerifyCosignature([]byte(checkpoint), sig); err != nil || got != at {
			t.Errorf("cosignature of %d gives %d, %v", at, got, err)
		}
	}
}

func cosign(at int64) []byte {
	return note.CosignatureBytes(at, ed25519.Sign(secret("witness.example"), note.CosignatureMessage([]byte(checkpoint), at)))
}

func TestEveryBadCosignatureHasItsOwnError(t *testing.T) {
	k := key(t, "witness.example", note.Cosignature)
	good := cosign(1_700_000_000)
	changed := func(i int) []byte {
		b := append([]byte(nil), good...)
		b[i] ^= 1
		return b
	}
	beyond := append([]byte(nil), good...)
	beyond[0] = 0x80
	for _, c := range []struct {
		name string
		key  note.Key
		text string
		sig  []byte
		want string
	}{
		{"key that signs notes", key(t, "witness.example", note.Ed25519), checkpoint, good, "has the type 0x01, cosignatures have 0x04 or 0x06"},
		{"no key", note.Key{}, checkpoint, good, "has the type 0x00"},
		{"nothing", k, checkpoint, nil, "has 0 bytes, at least 8"},
		{"7 bytes", k, checkpoint, good[:7], "has 7 bytes, at least 8"},
		{"8 bytes", k, checkpoint, good[:8], "does not verify"},
		{"71 bytes", k, checkpoint, good[:71], "does not verify"},
		{"73 bytes", k, checkpoint, append(good[:72:72], 0), "does not verify"},
		{"time of 2^63 and more", k, checkpoint, beyond, "at most 9223372036854775807 is allowed"},
		{"another time", k, checkpoint, changed(7), "does not verify"},
		{"another signature", k, checkpoint, changed(8), "does not verify"},
		{"another checkpoint", k, "x" + checkpoint, good, "does not verify"},
		{"another witness", key(t, "other.example", note.Cosignature), checkpoint, good, "cosignature of other.example does not verify"},
		{"signature without time", k, checkpoint,
			note.CosignatureBytes(0, ed25519.Sign(secret("witness.example"), []byte(checkpoint))), "does not verify"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.key.VerifyCosignature([]byte(c.text), c.sig)
			wantError(t, err, c.want)
		})
	}
}
