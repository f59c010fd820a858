package testvectors

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"

	"filippo.io/edwards25519"
)

func ed25519Vectors() []vector {
	return slices.Concat(publishedSignatures(), acceptedSignatures(), badPublicKeys(), refusedSignatures(), refusedScalars(), refusedCommitments())
}

func signatureInputs(public, message, sig []byte) []member {
	return []member{{"public", hex.EncodeToString(public)}, {"message", hex.EncodeToString(message)}, {"signature", hex.EncodeToString(sig)}}
}

func acceptedSignature(name, comment string, public, message, sig []byte) vector {
	if cofactorless, _ := holds(public, message, sig); !cofactorless {
		panic(name + " does not hold")
	}
	return accepted("ed25519", name, comment, signatureInputs(public, message, sig)...)
}

func refusedSignature(name, comment string, public, message, sig []byte) vector {
	return refused("ed25519", name, "signature", comment, signatureInputs(public, message, sig)...)
}

// publishedSignatures are the tests 1 to 3 of RFC 8032, section 7.1.
func publishedSignatures() []vector {
	var vs []vector
	for i, v := range [][3]string{
		{"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
			"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
		{"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
			"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
		{"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
			"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
	} {
		vs = append(vs, accepted("ed25519", fmt.Sprintf("rfc-8032-test-%d", i+1), fmt.Sprintf("RFC 8032, section 7.1, TEST %d.", i+1),
			member{"public", v[0]}, member{"message", v[1]}, member{"signature", v[2]}))
	}
	return vs
}

func acceptedSignatures() []vector {
	long := make([]byte, 4096)
	vs := []vector{
		acceptedSignature("plain", "A signature by a key of the prime-order group.", maker.public, []byte("text\n"), maker.signs([]byte("text\n"))),
		acceptedSignature("long-message", "A message of 4,096 bytes.", maker.public, long, maker.signs(long)),
	}
	for t := 1; t < 8; t++ {
		p, m := newPair("mixed", t), []byte("signed without a cofactor\n")
		vs = append(vs,
			acceptedSignature(fmt.Sprintf("mixed-order-a-%dt", t), fmt.Sprintf("The public key has the small-order component [%d]T; S·B = R + k·A holds, k·T being the neutral point.", t), p.public, m, p.sign(m, []int{0}, fits)),
			acceptedSignature(fmt.Sprintf("mixed-order-a-%dt-and-r", t), fmt.Sprintf("The public key has the small-order component [%d]T and R the one that makes S·B = R + k·A hold.", t), p.public, m, p.sign(m, smallOrderOf(t), fits)))
	}
	for _, j := range []int{0, 4, 2, 1} {
		public, message, sig := signWithR(torsion(j).Bytes())
		vs = append(vs, acceptedSignature(fmt.Sprintf("small-order-r-%dt", j), fmt.Sprintf("R is [%d]T, of small order, and equals S·B − k·A: R is compared, and nothing else is asked of it.", j), public, message, sig))
	}
	return vs
}

// signWithR returns a public key and a signature with this R, of small order, that
// satisfies the equation without cofactor: for the neutral point by any key, else by
// one of mixed order and for the first message of a row.
func signWithR(encoded []byte) (public, message, sig []byte) {
	r, _ := decode(encoded)
	j := slices.IndexFunc([]int{0, 1, 2, 3, 4, 5, 6, 7}, func(i int) bool { return torsion(i).Equal(r) == 1 })
	p := plainPair("maker.example")
	if j != 0 {
		p = newPair("mixed", 1)
	}
	for n := 0; ; n++ {
		message = fmt.Appendf(nil, "message %d\n", n)
		sig, _ = p.answer(message, encoded, edwards25519.NewScalar(), j)
		if ok, _ := holds(p.public, message, sig); ok {
			return p.public, message, sig
		}
	}
}

// smallOrderOf returns the multiples of [t]T but the neutral point.
func smallOrderOf(t int) []int {
	var js []int
	for i := 1; i < 8; i++ {
		if j := i * t % 8; j != 0 {
			js = append(js, j)
		}
	}
	return js
}

// badPublicKeys have signatures that others take: where the point is of small
// order, one that satisfies the equation.
func badPublicKeys() []vector {
	m := []byte("one signature fits many texts\n")
	var vs []vector
	for _, p := range badPoints() {
		sig, comment := maker.signs(m), p.comment
		if p.small {
			sig = forgery(p.encoding, m)
			comment += " S·B = R + k·A holds."
		}
		vs = append(vs, refused("ed25519", "public-"+p.name, "key", comment, signatureInputs(p.encoding, m, sig)...))
	}
	return append(vs,
		refused("ed25519", "public-of-31-bytes", "key", "The public key lacks its last byte.", signatureInputs(maker.public[:31], m, maker.signs(m))...),
		refused("ed25519", "public-of-33-bytes", "key", "A byte follows the public key.", signatureInputs(append(slices.Clone(maker.public), 0), m, maker.signs(m))...),
		refused("ed25519", "public-empty", "key", "There is no public key.", signatureInputs(nil, m, maker.signs(m))...))
}

// forgery returns R = rB, S = r for an r at which kA is the neutral point.
func forgery(public, message []byte) []byte {
	for n := 0; ; n++ {
		r := seededScalar(fmt.Sprintf("forgery %d for %x", n, public))
		sig := append(base(r).Bytes(), r.Bytes()...)
		if ok, _ := holds(public, message, sig); ok {
			return sig
		}
	}
}

func refusedSignatures() []vector {
	k, m := maker, []byte("text\n")
	good := k.signs(m)
	change := func(i int, bit byte) []byte {
		sig := slices.Clone(good)
		sig[i] ^= bit
		return sig
	}
	prehashed := sha512.Sum512(m)
	ph, err := privateKey("maker.example").Sign(nil, prehashed[:], &ed25519.Options{Hash: crypto.SHA512})
	if err != nil {
		panic(err)
	}
	ctx, err := privateKey("maker.example").Sign(nil, m, &ed25519.Options{Context: "chirograph"})
	if err != nil {
		panic(err)
	}
	return []vector{
		refusedSignature("other-message", "The signature is of another message.", k.public, []byte("Text\n"), good),
		refusedSignature("other-message-without-line-feed", "The message lacks the line feed with which it was signed.", k.public, []byte("text"), good),
		refusedSignature("other-message-empty", "The message is empty, the signed one was not.", k.public, nil, good),
		refusedSignature("other-key", "The signature is of another key.", anna.public, m, good),
		refusedSignature("flipped-first-bit-of-r", "A bit of R is flipped.", k.public, m, change(0, 1)),
		refusedSignature("flipped-sign-of-r", "The sign bit of R is flipped.", k.public, m, change(31, 0x80)),
		refusedSignature("flipped-first-bit-of-s", "A bit of S is flipped.", k.public, m, change(32, 1)),
		refusedSignature("flipped-last-bit-of-s", "The highest bit of S is set.", k.public, m, change(63, 0x80)),
		refusedSignature("halves-exchanged", "S comes before R.", k.public, m, append(slices.Clone(good[32:]), good[:32]...)),
		refusedSignature("of-63-bytes", "The signature lacks its last byte.", k.public, m, good[:63]),
		refusedSignature("of-65-bytes", "A zero byte follows the signature.", k.public, m, append(slices.Clone(good), 0)),
		refusedSignature("of-32-bytes", "The signature is R alone.", k.public, m, good[:32]),
		refusedSignature("empty", "The signature is empty.", k.public, m, nil),
		refusedSignature("zeros", "The signature is 64 zero bytes.", k.public, m, make([]byte, 64)),
		refusedSignature("prehashed", "The signature is one of Ed25519ph.", k.public, m, ph),
		refusedSignature("with-context", "The signature is one of Ed25519ctx.", k.public, m, ctx),
	}
}

// refusedScalars are good but for an S of L or more.
func refusedScalars() []vector {
	m := []byte("text\n")
	good := maker.signs(m)
	var vs []vector
	for _, n := range []int64{1, 2, 3, 7, 8, 14} {
		s := new(big.Int).SetBytes(reversed(good[32:]))
		s.Add(s, new(big.Int).Mul(big.NewInt(n), order))
		sig := append(slices.Clone(good[:32]), littleEndian(s)...)
		if ok, _ := holds(maker.public, m, sig); !ok {
			panic("S and S + nL are not the same")
		}
		vs = append(vs, refusedSignature(fmt.Sprintf("s-plus-%d-l", n), fmt.Sprintf("S is %d·L more than it should be, which is the same modulo L.", n), maker.public, m, sig))
	}
	ones := slices.Repeat([]byte{0xff}, 32)
	return append(vs,
		refusedSignature("s-is-l", "S is L.", maker.public, m, append(slices.Clone(good[:32]), littleEndian(order)...)),
		refusedSignature("s-of-ones", "All bits of S are set.", maker.public, m, append(slices.Clone(good[:32]), ones...)))
}

// refusedCommitments have an R that only a looser check would take.
func refusedCommitments() []vector {
	m := []byte("R is compared byte for byte\n")
	var vs []vector
	loose := func(name, comment string, public, sig []byte) {
		cofactorless, cofactored := holds(public, m, sig)
		if cofactorless || !cofactored {
			panic(name + " does not hold with a cofactor alone")
		}
		vs = append(vs, refusedSignature(name, comment, public, m, sig))
	}
	p := plainPair("maker.example")
	for t := 1; t < 8; t++ {
		q := newPair("mixed", t)
		loose(fmt.Sprintf("cofactored-a-%dt", t), fmt.Sprintf("The public key has the component [%d]T, and only 8·S·B = 8·R + 8·k·A holds.", t), q.public, q.sign(m, []int{0}, fitsCofactored))
		loose(fmt.Sprintf("cofactored-r-%dt", t), fmt.Sprintf("R has the component [%d]T, and only 8·S·B = 8·R + 8·k·A holds.", t), p.public, p.sign(m, []int{t}, fitsCofactored))
		sig, _ := p.answer(m, torsion(t).Bytes(), edwards25519.NewScalar(), t)
		loose(fmt.Sprintf("cofactored-small-order-r-%dt", t), fmt.Sprintf("R is [%d]T, and only 8·S·B = 8·R + 8·k·A holds.", t), p.public, sig)
	}
	for _, r := range nonCanonicalPoints() {
		if !r.small {
			continue
		}
		public, message, sig := signWithR(r.encoding)
		vs = append(vs, refusedSignature("non-canonical-r-"+r.name, "R is encoded in a way that is not canonical; as a point it is S·B − k·A.", public, message, sig))
	}
	return append(vs, refusedSignature("r-not-on-curve", "R is the encoding of no point.", p.public, m, append(encodeY(big.NewInt(2), 0), maker.signs(m)[32:]...)))
}
