package note_test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"filippo.io/edwards25519"

	"github.com/chirograph/chirograph/crypto/note"
)

// The rule (testvectors/FORMATS.md, section 2): A is canonical and not of small
// order, S < L, R is compared byte for byte, SB = R + kA without cofactor. Every
// published edge case is made here from points and scalars, and each is shown to
// be what it claims before it is put to the test.

// verdict is what became of a key and a signature: "key: <why>" where ParsePublicKey
// refuses, else whether Verify takes it.
func verdict(key, message, sig []byte) string {
	p, err := note.ParsePublicKey(key)
	switch {
	case err != nil && strings.Contains(err.Error(), "small order"):
		return "key: small order"
	case err != nil && strings.Contains(err.Error(), "canonical"):
		return "key: not canonical"
	case err != nil:
		return "key: " + err.Error()
	case p.Verify(message, sig):
		return "accept"
	}
	return "reject"
}

// The twelve cases of "Taming the Many EdDSAs" (Chalkias, Garillot, Nikolaenko,
// 2020, eprint 2020/1244), which are those of novifinancial/ed25519-speccheck,
// under their numbers there, with the table of its README.
func TestTamingTheManyEdDSAs(t *testing.T) {
	small := smallPoints()
	zero, a, r := scalarFrom(0), scalarOf("a"), scalarOf("r")
	pure := edwards25519.NewIdentityPoint()
	identity, noncanonical := pure.Bytes(), smallEncodings()
	var odd []byte // an encoding of the identity that is not the canonical one
	for p, all := range noncanonical {
		if isIdentity(p) {
			odd = all[1]
		}
	}
	eight := scalarFrom(8)
	prereduced := func(k *edwards25519.Scalar) bool { // 8k mod L loses the multiple of 8
		return !isIdentity(times(new(edwards25519.Scalar).Multiply(eight, k), small[1]))
	}
	for _, c := range []struct {
		number                   int
		what                     string
		forge                    forge
		residue                  bool // kT + U is not the identity
		where                    func(*edwards25519.Scalar) bool
		addL                     int64
		cofactorless, cofactored bool // as the table has it
		want                     string
	}{
		{0, "S = 0, A and R small", forge{a: zero, r: zero, t: small[1], u: small[3]}, false, nil, 0, true, true, "key: small order"},
		{1, "A small, R mixed", forge{a: zero, r: r, t: small[1], u: small[3]}, false, nil, 0, true, true, "key: small order"},
		{2, "A mixed, R small", forge{a: a, r: zero, t: small[1], u: small[3]}, false, nil, 0, true, true, "accept"},
		{3, "A and R mixed", forge{a: a, r: r, t: small[1], u: small[3]}, false, nil, 0, true, true, "accept"},
		{4, "A and R mixed, with a residue", forge{a: a, r: r, t: small[1], u: small[3]}, true, nil, 0, false, true, "reject"},
		{5, "A mixed, R of order L", forge{a: a, r: r, t: small[1], u: pure}, true, prereduced, 0, false, true, "reject"},
		{6, "S above L", forge{a: a, r: r, t: pure, u: pure}, false, nil, 1, true, true, "reject"},
		{7, "S far above L", forge{a: a, r: r, t: pure, u: pure}, false, nil, 14, true, true, "reject"},
		{8, "R small, not canonical, reduced for the hash",
			forge{a: a, r: zero, t: small[1], u: pure, encodedR: odd, hashedR: identity}, false, nil, 0, true, true, "reject"},
		{9, "R small, not canonical, hashed as it is",
			forge{a: a, r: zero, t: small[1], u: pure, encodedR: odd, hashedR: odd}, false, nil, 0, true, true, "reject"},
		{10, "A small, not canonical, reduced for the hash",
			forge{a: zero, r: r, t: pure, u: pure, encodedA: odd, hashedA: identity}, false, nil, 0, true, true, "key: not canonical"},
		{11, "A small, not canonical, hashed as it is",
			forge{a: zero, r: r, t: pure, u: pure, encodedA: odd, hashedA: odd}, false, nil, 0, true, true, "key: not canonical"},
	} {
		t.Run(fmt.Sprintf("%d: %s", c.number, c.what), func(t *testing.T) {
			message, sig := c.forge.sign(t, c.residue, c.where)
			sig = plus(sig, c.addL)
			if less, with := c.forge.equations(message, sig); less != c.cofactorless || with != c.cofactored {
				t.Fatalf("made a case in which the equation without cofactor is %v and with it %v", less, with)
			}
			if got := verdict(c.forge.key(), message, sig); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// "It's 255:19AM. Do you know what your validation criteria are?" (de Valence,
// 2020) and ZIP 215 with its test vectors: 14 encodings of the 8 points of small
// order, 196 pairs of A and R, every one a signature of any text with S = 0 by
// the equation with cofactor.
func TestNoPointOfSmallOrderIsAKey(t *testing.T) {
	encodings, pairs := 0, 0
	for _, as := range smallEncodings() {
		for i, a := range as {
			encodings++
			want := "key: small order"
			if i > 0 {
				want = "key: not canonical"
			}
			for _, rs := range smallEncodings() {
				for _, r := range rs {
					pairs++
					if got := verdict(a, []byte("Zcash"), append(slices.Clone(r), make([]byte, 32)...)); got != want {
						t.Errorf("A %x: %s, want %s", a, got, want)
					}
				}
			}
		}
	}
	if encodings != 14 || pairs != 196 {
		t.Errorf("made %d encodings and %d pairs, published are 14 and 196", encodings, pairs)
	}
}

// "The Provable Security of Ed25519" (Brendel, Cremers, Jackson, Zhao, 2020, eprint
// 2020/823, message-bound security): by a key of small order one signature is of
// many texts, so its owner may deny what it signed. With A the identity, of all.
func TestOneSignatureIsOfOneText(t *testing.T) {
	f := forge{a: scalarFrom(0), r: scalarOf("r"), t: edwards25519.NewIdentityPoint(), u: edwards25519.NewIdentityPoint()}
	_, sig := f.sign(t, false, nil)
	for _, text := range []string{"I owe you nothing\n", "I owe you everything\n"} {
		if !ed25519.Verify(f.key(), []byte(text), sig) {
			t.Errorf("crypto/ed25519 refuses %q, so this shows nothing", text)
		}
		if got := verdict(f.key(), []byte(text), sig); got != "key: small order" {
			t.Errorf("%q: %s", text, got)
		}
	}
}

// RFC 8032, section 5.1.3, steps 1 and 4. Of the 26 encodings that are not
// canonical, 6 are of small order and 20 are not.
func TestOnlyTheCanonicalEncodingIsAKey(t *testing.T) {
	all := nonCanonical()
	if len(all) != 26 {
		t.Errorf("made %d encodings, there are 26", len(all))
	}
	large := 0
	for _, b := range all {
		p, err := new(edwards25519.Point).SetBytes(b)
		if err != nil {
			t.Fatal(err)
		}
		if !isIdentity(new(edwards25519.Point).MultByCofactor(p)) {
			large++
			if _, err := note.ParsePublicKey(p.Bytes()); err != nil {
				t.Errorf("canonical %x: %v", p.Bytes(), err)
			}
		}
		if got := verdict(b, nil, make([]byte, 64)); got != "key: not canonical" {
			t.Errorf("%x: %s", b, got)
		}
	}
	if large != 20 {
		t.Errorf("%d of them are of large order, there are 20", large)
	}
}

// RFC 8032, section 5.1.2: a key is what its point is encoded as. At both ends of the
// field, and one bit beside it.
func TestAKeyIsWhatItsPointIsEncodedAs(t *testing.T) {
	var all [][]byte
	for n := range int64(300) {
		for _, y := range []*big.Int{big.NewInt(n), new(big.Int).Sub(field, big.NewInt(n-19))} {
			if y.BitLen() < 256 {
				all = append(all, encode(y))
			}
		}
	}
	for _, b := range slices.Clone(all) {
		for _, bit := range []int{8, 9, 100, 240, 247, 248, 250, 253, 254, 255} {
			turned := slices.Clone(b)
			turned[bit/8] ^= 1 << (bit % 8)
			all = append(all, turned)
		}
	}
	keys := 0
	for _, b := range all {
		p, err := new(edwards25519.Point).SetBytes(b)
		want := err == nil && bytes.Equal(p.Bytes(), b) && !isIdentity(new(edwards25519.Point).MultByCofactor(p))
		if _, err := note.ParsePublicKey(b); (err == nil) != want {
			t.Errorf("%x: %v, want a key: %v", b, err, want)
		}
		if want {
			keys++
		}
	}
	if keys < 2000 || keys > len(all)-2000 {
		t.Errorf("%d of %d are keys: too few of one kind to show anything", keys, len(all))
	}
}

// About half of all y are of no point (RFC 8032, section 5.1.3, step 3). 2 is one.
func TestWhatIsNoPointIsNoKey(t *testing.T) {
	b := make([]byte, 32)
	b[0] = 2
	_, err := note.ParsePublicKey(b)
	wantError(t, err, "is not a point of the curve")
	for _, n := range []int{0, 31, 33} {
		_, err := note.ParsePublicKey(make([]byte, n))
		wantError(t, err, fmt.Sprintf("public key has %d bytes, not 32", n))
	}
}

// A key with a part of small order is a key (ZIP 215; mostly-harmless/ed25519vectors,
// flags LowOrderComponentA and LowOrderResidue): what it signs verifies exactly
// where the small parts of R and kA add up to nothing.
func TestAMixedKeySignsWhereNothingIsLeft(t *testing.T) {
	for i, point := range smallPoints() {
		for j, u := range smallPoints() {
			f := forge{a: scalarOf("a"), r: scalarOf("r"), t: point, u: u}
			accepted := 0
			for n := range 64 {
				message := []byte{byte(n)}
				k := challenge(f.pointR().Bytes(), f.key(), message)
				s := new(edwards25519.Scalar).MultiplyAdd(k, f.a, f.r)
				sig := slices.Concat(f.pointR().Bytes(), s.Bytes())
				less, with := f.equations(message, sig)
				if !with {
					t.Fatal("made a signature that fails the equation with cofactor")
				}
				want := "reject"
				if less {
					want, accepted = "accept", accepted+1
				}
				if got := verdict(f.key(), message, sig); got != want {
					t.Errorf("T %d, U %d, message %d: %s, want %s", i, j, n, got, want)
				}
			}
			if pure := i == 0 && j == 0; pure && accepted != 64 || i == 0 && j != 0 && accepted != 0 {
				t.Errorf("T %d, U %d: %d of 64 accepted", i, j, accepted)
			}
		}
	}
}

// R is compared byte for byte: no other encoding of a right R will do, whichever
// is hashed (ed25519-speccheck 8 and 9 with each of the 6 encodings).
func TestRHasOneEncoding(t *testing.T) {
	tried := 0
	for u, encodings := range smallEncodings() {
		for i, r := range encodings {
			for _, hashed := range [][]byte{encodings[0], r} {
				f := forge{a: scalarOf("a"), r: scalarFrom(0), t: smallPoints()[1], u: u, encodedR: r, hashedR: hashed}
				message, sig := f.sign(t, false, nil)
				want := "accept"
				if i > 0 {
					want, tried = "reject", tried+1
				}
				if got := verdict(f.key(), message, sig); got != want {
					t.Errorf("R %x, hashed as %x: %s, want %s", r, hashed, got, want)
				}
			}
		}
	}
	if tried != 12 {
		t.Errorf("tried %d, not 6 encodings in 2 ways", tried)
	}
}

// RFC 8032, section 8.4: S is below L, or each signature has others. S + L to
// S + 15L are all that fit 32 bytes. Decoders that look at the upper three bits
// alone, as ref10 does, take the first.
func TestSIsBelowL(t *testing.T) {
	pub, message := public(t, "alice.example"), []byte("text\n")
	sig := ed25519.Sign(secret("alice.example"), message)
	for n := range int64(16) {
		if got := pub.Verify(message, plus(sig, n)); got != (n == 0) {
			t.Errorf("S + %dL: %v", n, got)
		}
	}
}

func TestASignatureHas64Bytes(t *testing.T) {
	pub, message := public(t, "alice.example"), []byte("text\n")
	sig := ed25519.Sign(secret("alice.example"), message)
	for _, bad := range [][]byte{nil, {}, sig[:63], append(slices.Clone(sig), 0), sig[:32], append(slices.Clone(sig), sig...)} {
		if pub.Verify(message, bad) {
			t.Errorf("a signature of %d bytes verifies", len(bad))
		}
	}
	for i := range 64 * 8 {
		bad := slices.Clone(sig)
		bad[i/8] ^= 1 << (i % 8)
		if pub.Verify(message, bad) {
			t.Errorf("the signature verifies with bit %d turned", i)
		}
	}
}
