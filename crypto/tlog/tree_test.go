package tlog_test

import (
	"bytes"
	"fmt"
	"math/bits"
	"strconv"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// A testLog is a tree with its tiles in memory. It counts what is read.
type testLog struct {
	tree   tlog.Tree
	leaves []tlog.Hash
	levels [8][]byte
	reads  map[tlog.Tile]int
}

func leaf(i int) tlog.Hash { return tlog.LeafHash([]byte(strconv.Itoa(i))) }

// newLog returns the log of n entries, of which entry i is i in decimal.
func newLog(t testing.TB, n int) *testLog {
	l := &testLog{reads: map[tlog.Tile]int{}}
	for i := range n {
		l.leaves = append(l.leaves, leaf(i))
		l.tree.Append(leaf(i), l.emit(t))
	}
	return l
}

func (l *testLog) emit(t testing.TB) func(int, uint64, tlog.Hash) {
	return func(level int, index uint64, h tlog.Hash) {
		if next := len(l.levels[level]) / tlog.HashSize; index != uint64(next) {
			t.Fatalf("level %d: hash %d comes where hash %d belongs", level, index, next)
		}
		l.levels[level] = append(l.levels[level], h[:]...)
	}
}

func (l *testLog) read(tile tlog.Tile) ([]byte, error) {
	l.reads[tile]++
	hashes := l.levels[tile.Level]
	start := tile.Index * tlog.MaxWidth * tlog.HashSize
	end := start + uint64(tile.Width)*tlog.HashSize
	if tile.Width < 1 || tile.Width > tlog.MaxWidth || end > uint64(len(hashes)) {
		return nil, fmt.Errorf("%s is not there", tile.Path())
	}
	return hashes[start:end:end], nil
}

// checkReads demands that each tile was read once, as wide as in a tree of that
// size, and forgets what was read.
func (l *testLog) checkReads(t *testing.T, size int) {
	t.Helper()
	for tile, n := range l.reads {
		if n != 1 {
			t.Errorf("%s is read %d times", tile.Path(), n)
		}
		if want := tlog.TileWidth(tile.Level, tile.Index, uint64(size)); tile.Width != want {
			t.Errorf("%s is read, its width in size %d is %d", tile.Path(), size, want)
		}
	}
	clear(l.reads)
}

// mth is MTH of RFC 6962, section 2.1, word for word.
func mth(d []tlog.Hash) tlog.Hash {
	switch len(d) {
	case 0:
		return tlog.EmptyRoot()
	case 1:
		return d[0]
	}
	k := split(len(d))
	return tlog.NodeHash(mth(d[:k]), mth(d[k:]))
}

// split returns the largest power of two below n.
func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

// edges are sizes where the tree grows by a level or a tile.
var edges = []int{0, 1, 2, 3, 254, 255, 256, 257, 258, 511, 512, 513, 65279, 65280, 65281, 65535, 65536, 65537, 65793}

func TestTheRootIsTheMerkleTreeHash(t *testing.T) {
	l := newLog(t, 600)
	tree := tlog.NewTree()
	for size := 0; ; size++ {
		if tree.Size() != uint64(size) {
			t.Fatalf("size is %d after %d leaves", tree.Size(), size)
		}
		if got, want := tree.Root(), mth(l.leaves[:size]); got != want {
			t.Fatalf("root of size %d is %s, not %s", size, got, want)
		}
		if size == len(l.leaves) {
			break
		}
		tree.Append(l.leaves[size], nil)
	}
}

func TestTreesAreThoseOfMerkle(t *testing.T) {
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	theirs := factory.NewEmptyRange(0)
	var tree tlog.Tree
	for i := range edges[len(edges)-1] {
		var got, want []string
		h := leaf(i)
		tree.Append(h, func(level int, index uint64, h tlog.Hash) {
			got = append(got, fmt.Sprintf("%d/%d %x", 8*level, index, h[:]))
		})
		err := theirs.Append(h[:], func(id compact.NodeID, hash []byte) {
			if id.Level%8 == 0 {
				want = append(want, fmt.Sprintf("%d/%d %x", id.Level, id.Index, hash))
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("leaf %d emits %s, not %s", i, got, want)
		}
		root := tree.Root()
		if theirs, err := theirs.GetRootHash(nil); err != nil || !bytes.Equal(root[:], theirs) {
			t.Fatalf("root of size %d is %x, not %x (%v)", i+1, root[:], theirs, err)
		}
	}
}

func TestTilesHoldPerfectSubtrees(t *testing.T) {
	l := newLog(t, 65793)
	width := 1
	for level, hashes := range l.levels {
		if got, want := len(hashes)/tlog.HashSize, len(l.leaves)/width; got != want {
			t.Errorf("level %d has %d hashes, not %d", level, got, want)
		}
		for i := 0; len(hashes) > 0; i, hashes = i+1, hashes[tlog.HashSize:] {
			if got, want := tlog.Hash(hashes), mth(l.leaves[i*width:(i+1)*width]); got != want {
				t.Fatalf("level %d: hash %d is %s, not %s", level, i, got, want)
			}
		}
		width *= 256
	}
}

func TestTheRightEdgeGivesTheTree(t *testing.T) {
	l := newLog(t, 65793)
	wanted := map[int]bool{}
	for _, size := range edges {
		wanted[size] = true
	}
	var tree tlog.Tree
	for size := 0; size <= len(l.leaves); size++ {
		if size <= 600 || wanted[size] {
			got, err := tlog.TreeFromTiles(uint64(size), l.read)
			if err != nil {
				t.Fatal(err)
			}
			if got != tree {
				t.Fatalf("tiles of size %d give a tree of size %d and root %s, not %s", size, got.Size(), got.Root(), tree.Root())
			}
			if len(l.reads) > 3 {
				t.Errorf("size %d takes %d reads", size, len(l.reads))
			}
			l.checkReads(t, size)
			root, err := tlog.Root(l.read, uint64(size))
			if err != nil || root != tree.Root() {
				t.Errorf("tiles of size %d give the root %s, %v, not %s", size, root, err, tree.Root())
			}
			l.checkReads(t, size)
		}
		if size < len(l.leaves) {
			tree.Append(l.leaves[size], nil)
		}
	}
}

func TestACopyOfATreeIsAnotherTree(t *testing.T) {
	for size := range 70 {
		tree := newLog(t, size).tree
		root, other := tree.Root(), tree
		other.Append(leaf(-1), nil)
		if tree.Size() != uint64(size) || tree.Root() != root {
			t.Errorf("tree of size %d became one of size %d when its copy grew", size, tree.Size())
		}
		tree.Append(leaf(-1), nil)
		if tree != other {
			t.Errorf("tree and copy of size %d differ after the same leaf", size)
		}
	}
}

// hugeTiles are the tiles of trees of any size whose leaves are all the same.
func hugeTiles(tile tlog.Tile) ([]byte, error) {
	h := leaf(0)
	for range 8 * tile.Level {
		h = tlog.NodeHash(h, h)
	}
	return bytes.Repeat(h[:], tile.Width), nil
}

func TestATreeHasAtMostMaxSizeLeaves(t *testing.T) {
	tree, err := tlog.TreeFromTiles(tlog.MaxSize-1, hugeTiles)
	if err != nil {
		t.Fatal(err)
	}
	tree.Append(leaf(0), nil)
	full, err := tlog.TreeFromTiles(tlog.MaxSize, hugeTiles)
	if err != nil {
		t.Fatal(err)
	}
	if tree != full {
		t.Errorf("size %d and a leaf has the root %s, size %d has %s", uint64(tlog.MaxSize-1), tree.Root(), uint64(tlog.MaxSize), full.Root())
	}
	if _, err := tlog.TreeFromTiles(tlog.MaxSize+1, hugeTiles); err == nil {
		t.Errorf("there is a tree of size %d", uint64(tlog.MaxSize+1))
	}
	if _, err := tlog.Root(hugeTiles, tlog.MaxSize+1); err == nil {
		t.Errorf("there is a root of size %d", uint64(tlog.MaxSize+1))
	}
	defer func() {
		if r := recover(); r != "tlog: tree is full" {
			t.Errorf("a leaf on top of %d: %v", uint64(tlog.MaxSize), r)
		}
	}()
	tree.Append(leaf(0), nil)
}
