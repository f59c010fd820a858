package tlog_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// The answers of the trees over the entries "", 00, 10, 2021, 3031, 40414243,
// 5051525354555657, 606162636465666768696a6b6c6d6e6f, which implementations of
// RFC 6962 have in common.
func TestKnownRootsOfRFC6962(t *testing.T) {
	entries := []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}
	roots := []string{
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	}
	tree := tlog.NewTree()
	for i, want := range roots {
		if got := tree.Root(); hex.EncodeToString(got[:]) != want {
			t.Errorf("root of size %d is %x, not %s", i, got[:], want)
		}
		if i < len(entries) {
			b, err := hex.DecodeString(entries[i])
			if err != nil {
				t.Fatal(err)
			}
			tree.Append(tlog.LeafHash(b), nil)
		}
	}
	if got := tlog.EmptyRoot(); hex.EncodeToString(got[:]) != roots[0] {
		t.Errorf("the empty root is %x, not %s", got[:], roots[0])
	}
}

func TestHashesAreThoseOfMerkle(t *testing.T) {
	hasher := rfc6962.DefaultHasher
	if got := tlog.EmptyRoot(); !bytes.Equal(got[:], hasher.EmptyRoot()) {
		t.Errorf("the empty root is %x, not %x", got[:], hasher.EmptyRoot())
	}
	last := tlog.EmptyRoot()
	for size := range 300 {
		for _, entry := range [][]byte{bytes.Repeat([]byte{byte(size)}, size), bytes.Repeat([]byte{1}, 110*size)} {
			leaf := tlog.LeafHash(entry)
			if want := hasher.HashLeaf(entry); !bytes.Equal(leaf[:], want) {
				t.Fatalf("leaf of %d bytes has the hash %x, not %x", len(entry), leaf[:], want)
			}
			node := tlog.NodeHash(leaf, last)
			if want := hasher.HashChildren(leaf[:], last[:]); !bytes.Equal(node[:], want) {
				t.Fatalf("node of %s and %s has the hash %x, not %x", leaf, last, node[:], want)
			}
			last = node
		}
	}
}

func TestHashingAllocatesNothing(t *testing.T) {
	entry := make([]byte, 32*1024)
	var h tlog.Hash
	n := testing.AllocsPerRun(100, func() {
		h = tlog.NodeHash(tlog.LeafHash(entry), tlog.EmptyRoot())
		h = tlog.NodeHash(h, tlog.LeafHash(h[:]))
	})
	if n != 0 {
		t.Errorf("hashing allocates %v times", n)
	}
	var tree tlog.Tree
	if n := testing.AllocsPerRun(600, func() { tree.Append(h, nil); h = tree.Root() }); n != 0 {
		t.Errorf("appending allocates %v times", n)
	}
}

func TestAHashHasOneText(t *testing.T) {
	h := tlog.LeafHash([]byte("one"))
	text := h.String()
	if got, err := tlog.ParseHash(text); err != nil || got != h {
		t.Fatalf("ParseHash(%q) = %s, %v, not %s", text, got, err, h)
	}
	zero := tlog.Hash{}.String()
	for name, bad := range map[string]string{
		"empty":            "",
		"hex":              hex.EncodeToString(h[:]),
		"31 bytes":         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
		"33 bytes":         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"without padding":  strings.TrimSuffix(zero, "="),
		"unused bit set":   strings.TrimSuffix(zero, "A=") + "B=",
		"line feed at end": zero + "\n",
		"line feed within": zero[:8] + "\n" + zero[8:],
		"carriage return":  zero + "\r",
		"space":            " " + zero,
		"URL alphabet":     "_" + zero[1:],
		"twice":            zero + zero,
	} {
		if got, err := tlog.ParseHash(bad); err == nil {
			t.Errorf("%s: ParseHash(%q) = %s", name, bad, got)
		}
	}
}
