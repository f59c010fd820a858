package objects

import (
	"slices"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// What is removed on the way from one size to another is what no reader of the last two
// full tiles asks for, each once.
func TestPartialTilesAreSpareWhenTheNextTileIsFull(t *testing.T) {
	needs := func(size uint64, t tlog.Tile) bool { // of the partial ones
		next := tlog.TileWidth(t.Level, t.Index+1, size)
		return next < tlog.MaxWidth
	}
	sizes := []uint64{0, 1, 255, 256, 257, 511, 512, 513, 767, 768, 1 << 16, 1<<16 + 512, 1<<17 - 1, 1 << 17, 1<<17 + 1, 3<<16 + 5}
	for i, from := range sizes {
		for _, size := range sizes[i:] {
			var want []tlog.Tile
			for level := -1; level < 3; level++ {
				for index := uint64(0); tlog.TileWidth(level, index, size) > 0; index++ {
					if tile := (tlog.Tile{Level: level, Index: index, Width: tlog.MaxWidth}); needs(from, tile) && !needs(size, tile) {
						want = append(want, tile)
					}
				}
			}
			if got := spare(from, size); !slices.Equal(got, want) {
				t.Errorf("from %d to %d: %v, want %v", from, size, got, want)
			}
		}
	}
}
