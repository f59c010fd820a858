package tlog_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// nodes reads the nodes of the tree of a size out of its tiles, each hashed once.
func (l *testLog) nodes(t testing.TB, size uint64) tlog.NodeReader {
	tiles := make(map[tlog.Tile]*tlog.Subtrees)
	return func(level uint, index uint64) (tlog.Hash, error) {
		tileLevel, n, height, within := tlog.NodePlace(level, index)
		tile := tlog.Tile{Level: tileLevel, Index: n, Width: tlog.TileWidth(tileLevel, n, size)}
		if tiles[tile] == nil {
			hashes, err := l.read(tile)
			if err != nil {
				return tlog.Hash{}, err
			}
			tiles[tile] = tlog.NewSubtrees(hashes)
		}
		h, ok := tiles[tile].Root(height, within)
		if !ok {
			t.Fatalf("node %d of level %d is asked of a tree of size %d", index, level, size)
		}
		return h, nil
	}
}

func TestAProofOfNodesIsThatOfTiles(t *testing.T) {
	l := newLog(t, 200_000)
	random := rand.New(rand.NewPCG(6, 0))
	var sizes []uint64
	for size := range uint64(600) {
		sizes = append(sizes, size+1)
	}
	for _, size := range edges {
		sizes = append(sizes, uint64(size))
	}
	for range 100 {
		sizes = append(sizes, 1+random.Uint64N(200_000))
	}
	for _, size := range sizes {
		if size == 0 {
			continue
		}
		nodes := l.nodes(t, size)
		for _, index := range []uint64{0, size / 2, size - 1, random.Uint64N(size), random.Uint64N(size), random.Uint64N(size)} {
			want, err := tlog.InclusionProof(l.read, index, size)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := tlog.InclusionProofOfNodes(nodes, index, size); err != nil || !slices.Equal(got, want) {
				t.Fatalf("inclusion of %d in %d: %s, %v, want %s", index, size, got, err, want)
			}
			if want, err = tlog.ConsistencyProof(l.read, index, size); err != nil {
				t.Fatal(err)
			}
			if got, err := tlog.ConsistencyProofOfNodes(nodes, index, size); err != nil || !slices.Equal(got, want) {
				t.Fatalf("consistency of %d and %d: %s, %v, want %s", index, size, got, err, want)
			}
		}
		want, err := tlog.Root(l.read, size)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tlog.RootOfNodes(nodes, size); err != nil || got != want {
			t.Fatalf("root of size %d: %s, %v, want %s", size, got, err, want)
		}
	}
	if _, err := tlog.RootOfNodes(nil, tlog.MaxSize+1); err == nil {
		t.Error("a tree above MaxSize has a root")
	}
}

func TestATileHasTheSubtreesThatAreWhole(t *testing.T) {
	l := newLog(t, tlog.MaxWidth)
	for width := range tlog.MaxWidth + 1 {
		hashes := make([]byte, 0, width*tlog.HashSize)
		for _, h := range l.leaves[:width] {
			hashes = append(hashes, h[:]...)
		}
		s := tlog.NewSubtrees(hashes)
		for height := uint(0); height <= 8; height++ {
			whole := uint64(width) >> height
			for n := range whole {
				want := mth(l.leaves[n<<height : (n+1)<<height])
				if got, ok := s.Root(height, n); !ok || got != want {
					t.Fatalf("width %d, subtree %d of height %d: %s, %v, want %s", width, n, height, got, ok, want)
				}
			}
			if _, ok := s.Root(height, whole); ok {
				t.Fatalf("width %d has subtree %d of height %d", width, whole, height)
			}
		}
	}
}

func BenchmarkInclusionProofOfNodes(b *testing.B) {
	benchmarkSizes(b, func(b *testing.B, l *testLog, size uint64) {
		nodes := l.nodes(b, size)
		for index := uint64(0); b.Loop(); index = (index*5 + 101) % size {
			if _, err := tlog.InclusionProofOfNodes(nodes, index, size); err != nil {
				b.Fatal(err)
			}
		}
	})
}
