// Package tlog is the arithmetic and the texts of a transparency log: hashes,
// trees, tiles, proofs and checkpoints. It reads no files and asks no clock, and
// what an entry means it does not know.
//
// # Hashes
//
// A tree of size n has the leaves 0 to n-1; the leaf i is the bytes of the entry
// i, and D[a:b] are the leaves from a up to, but not including, b. A tree has at
// most 2⁶³−1 leaves. Its root is the Merkle tree hash of RFC 6962, section 2.1:
//
//	MTH({})     = SHA-256()
//	MTH({d})    = SHA-256(0x00 || d)
//	MTH(D[0:n]) = SHA-256(0x01 || MTH(D[0:k]) || MTH(D[k:n])), k the largest power of two below n
//
// In texts a hash is base64: the standard alphabet, padded, the unused bits zero.
//
// # Tiles
//
// The hashes that are stored are those of perfect subtrees whose heights are
// multiples of 8; everything between is computed (c2sp.org/tlog-tiles). Hash i of
// level L is
//
//	MTH(D[i*256^L : (i+1)*256^L])
//
// and tile N of level L is the hashes 256*N to 256*N+255 of that level, one after
// the other, or as many of them as the tree has. A tile is served under
//
//	tile/<L>/<N>[.p/<W>]
//	tile/entries/<N>[.p/<W>]
//
// where L is a decimal from 0 to 63; N is below 2⁵⁵ and written in the fewest
// groups of three digits that hold it, all but the last after an x (1234067 is
// x001/x234/067); and W, which only a partial tile has, is a decimal from 1 to
// 255. Numbers have no leading zeros but those of the groups. No tree has tiles
// above level 7; their paths are read all the same, and [TileWidth] is 0.
//
// Beside each tile of level 0 stands the bundle of its entries: of each, its
// length as two bytes, the higher first, and its bytes.
//
// # Checkpoints
//
// The text of a checkpoint (c2sp.org/tlog-checkpoint@v1.0.0) is three lines, each
// ending in LF:
//
//	<origin>
//	<size, decimal>
//	<root, base64>
//
// An origin is what a key name is in a signed note: 1 to 255 bytes of UTF-8,
// without U+0000 to U+001F, Unicode spaces and plus. Extension lines are refused.
// A signed checkpoint is a note of that text.
//
// # Proofs
//
// A proof that an entry is in a tree (c2sp.org/tlog-proof@v1) is
//
//	c2sp.org/tlog-proof@v1
//	extra <base64>                 only where there is something to carry
//	index <decimal>
//	<hash, base64>                 of RFC 6962, section 2.1.1: at most 63 lines
//	<empty line>
//	<signed checkpoint>
//
// and a proof that one tree continues another, which is also the body of
// add-checkpoint (c2sp.org/tlog-witness@v1.0.0), is
//
//	old <size of the older tree, decimal>
//	<hash, base64>                 of RFC 6962, section 2.1.2: at most 63 lines
//	<empty line>
//	<signed checkpoint of the newer tree>
//
// Each of these texts has one form: what a parser here accepts, printing gives
// back byte for byte. To parse a proof is not to verify it. Whether a proof
// holds is said by [VerifyInclusion] and [VerifyConsistency] alone, and whether
// its checkpoint is anyone's by package note.
package tlog

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

const (
	HashSize = sha256.Size // bytes of a hash
	MaxSize  = 1<<63 - 1   // leaves of a tree: what a decimal in a checkpoint may say
)

// A Hash is the SHA-256 Merkle tree hash of a tree, a subtree or a leaf.
type Hash [HashSize]byte

// The canonical encoding has one text for each value.
var canonical = base64.StdEncoding.Strict()

// String returns the hash in base64.
func (h Hash) String() string { return canonical.EncodeToString(h[:]) }

// ParseHash reads what [Hash.String] prints, and nothing else.
func ParseHash(s string) (Hash, error) {
	b, err := canonical.DecodeString(s)
	if err != nil || len(b) != HashSize || Hash(b).String() != s {
		return Hash{}, fmt.Errorf("hash %.60q is not %d bytes in canonical base64", s, HashSize)
	}
	return Hash(b), nil
}

// LeafHash returns the hash of the leaf that is entry.
func LeafHash(entry []byte) Hash {
	h := sha256.New()
	h.Write([]byte{0x00})
	h.Write(entry)
	var sum Hash
	h.Sum(sum[:0])
	return sum
}

// NodeHash returns the hash of the node whose children are left and right.
func NodeHash(left, right Hash) Hash {
	var b [1 + 2*HashSize]byte
	b[0] = 0x01
	copy(b[1:], left[:])
	copy(b[1+HashSize:], right[:])
	return sha256.Sum256(b[:])
}

// EmptyRoot returns the root of the tree of size 0.
func EmptyRoot() Hash { return sha256.Sum256(nil) }

func checkSize(size uint64) error {
	if size > MaxSize {
		return fmt.Errorf("tree size %d is above %d", size, uint64(MaxSize))
	}
	return nil
}
