package testvectors

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"filippo.io/mldsa"
)

// latticeSecret returns the ML-DSA-44 private key whose seed is the hash of its label.
func latticeSecret(label string) *mldsa.PrivateKey {
	k, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), shaBytes([]byte("chirograph test vectors: ML-DSA-44 "+label)))
	if err != nil {
		panic(err)
	}
	return k
}

// latticeKey returns the key of type 0x06 of a label, under the label as its name.
func latticeKey(label string) key {
	k := latticeSecret(label)
	return key{label, 6, k.PublicKey().Bytes(), func(m []byte) []byte { return latticeSign(k, m, "") }}
}

// latticeSign signs without randomness, so that a message has one signature.
func latticeSign(k *mldsa.PrivateKey, message []byte, context string) []byte {
	sig, err := k.SignDeterministic(message, &mldsa.Options{Context: context})
	if err != nil {
		panic(err)
	}
	return sig
}

// A cosigned is what a key of type 0x06 signs, of any values.
type cosigned struct {
	label       string
	name        string
	time        uint64
	origin      string
	start, size uint64
	root        []byte
}

// cosignedOf returns what a key of this name signs for a checkpoint's text.
func cosignedOf(name, text string, time uint64) cosigned {
	l := parse(text)
	size, err := strconv.ParseUint(l[1], 10, 64)
	if err != nil {
		panic(err)
	}
	root, err := base64.StdEncoding.DecodeString(l[2])
	if err != nil {
		panic(err)
	}
	return cosigned{"subtree/v1\n\x00", name, time, l[0], 0, size, root}
}

func (c cosigned) message() []byte {
	b := append([]byte(c.label), byte(len(c.name)))
	b = append(b, c.name...)
	b = binary.BigEndian.AppendUint64(b, c.time)
	b = append(b, byte(len(c.origin)))
	b = append(b, c.origin...)
	b = binary.BigEndian.AppendUint64(b, c.start)
	b = binary.BigEndian.AppendUint64(b, c.size)
	return append(b, c.root...)
}

var (
	lattice1  = latticeKey("lattice.example/1")
	lattice2  = latticeKey("lattice.example/2")
	ledgerOwn = latticeKey("second key of the ledger").as(ledgerKey.name)
)

// latticeTwins returns two keys of type 0x06 with one name and one key id, which are
// bytes without a secret key: the first collision of their numbers.
func latticeTwins() (a, b key) {
	of := func(n uint32) key {
		return bare("twin.example", binary.BigEndian.AppendUint32(make([]byte, 1308), n)).ofType(6)
	}
	a, b = of(41137), of(53587)
	if string(a.id()) != string(b.id()) {
		panic("the twins have different key ids")
	}
	return a, b
}

// latticeKeys are vkeys of type 0x06 that are none.
func latticeKeys() []vkeyCase {
	k := lattice1
	b64 := base64.StdEncoding.EncodeToString(k.material())
	id := hex.EncodeToString(k.id())
	of := func(typ byte, public []byte) string { return bare(k.name, public).ofType(typ).vkey() }
	return []vkeyCase{
		{"type-06-of-1311-bytes", "An ML-DSA-44 key lacks a byte.", of(6, k.public[:1311])},
		{"type-06-of-1313-bytes", "An ML-DSA-44 key has a byte too many, a zero.", of(6, append(slices.Clone(k.public), 0))},
		{"type-06-of-1952-bytes", "The public key is as long as one of ML-DSA-65.", of(6, make([]byte, 1952))},
		{"type-06-alone", "The type 0x06 is there without a public key.", of(6, nil)},
		{"type-06-id-of-type-04", "The key id is that of the same bytes with the type 0x04.", strings.Replace(k.vkey(), id, hex.EncodeToString(k.ofType(4).id()), 1)},
		{"type-06-id-of-other-name", "The key id is that of the same public key under another name.", strings.Replace(k.vkey(), id, hex.EncodeToString(k.as("other.example").id()), 1)},
		{"type-06-unpadded", "The base64 of 1,313 bytes lacks its padding.", strings.TrimRight(k.vkey(), "=")},
		{"type-06-unused-bits", "The unused bits of the base64 of 1,313 bytes are not zero.", strings.Replace(k.vkey(), b64, unusedBits(b64), 1)},
		{"type-01-of-1312-bytes", "An ML-DSA-44 key has the type 0x01.", of(1, k.public)},
		{"type-04-of-1312-bytes", "An ML-DSA-44 key has the type 0x04.", of(4, k.public)},
		{"type-05-of-1312-bytes", "An ML-DSA-44 key has the type 0x05.", of(5, k.public)},
	}
}
