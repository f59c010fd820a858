package tlog_test

import (
	"fmt"
	"strings"
	"testing"

	sumdb "golang.org/x/mod/sumdb/tlog"

	"github.com/chirograph/chirograph/crypto/tlog"
)

var tilePaths = map[string]tlog.Tile{
	"tile/entries/000":               {Level: -1, Index: 0, Width: 256},
	"tile/entries/x001/x234/067.p/7": {Level: -1, Index: 1234067, Width: 7},
	"tile/0/000":                     {Level: 0, Index: 0, Width: 256},
	"tile/0/000.p/1":                 {Level: 0, Index: 0, Width: 1},
	"tile/0/000.p/255":               {Level: 0, Index: 0, Width: 255},
	"tile/0/001":                     {Level: 0, Index: 1, Width: 256},
	"tile/0/010":                     {Level: 0, Index: 10, Width: 256},
	"tile/0/999":                     {Level: 0, Index: 999, Width: 256},
	"tile/0/x001/000":                {Level: 0, Index: 1000, Width: 256},
	"tile/1/x001/x234/067":           {Level: 1, Index: 1234067, Width: 256},
	"tile/7/000.p/127":               {Level: 7, Index: 0, Width: 127},
	"tile/0/x036/x028/x797/x018/x963/967.p/255":       {Level: 0, Index: 1<<55 - 1, Width: 255},
	"tile/63/x036/x028/x797/x018/x963/967":            {Level: 63, Index: 1<<55 - 1, Width: 256},
	"tile/entries/x036/x028/x797/x018/x963/967.p/255": {Level: -1, Index: 1<<55 - 1, Width: 255},
}

var badTilePaths = []string{
	"", "tile", "tile/", "tile/0", "tile/0/", "/tile/0/000", "0/000", "entries/000", "tile/tile/0/000", "tile/0/000/", "tile/0/000\n", " tile/0/000",
	"tile/-1/000", "tile/00/000", "tile/01/000", "tile/+1/000", "tile/64/000", "tile/18446744073709551616/000", "tile/x/000", "tile//000", "tile/data/000", "tile/Entries/000", "tile/8/0/000",
	"tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/1000", "tile/0/x000/001", "tile/0/x000/x001/234", "tile/0/001/234", "tile/0/x001", "tile/0/x001/x234", "tile/0/x1/000", "tile/0/x001//234", "tile/0/X001/234",
	"tile/0/-01", "tile/0/+01", "tile/0/0x1", "tile/0/1_0", "tile/0/1e3", "tile/0/ 01", "tile/0/x001/x234/0 7", "tile/0/../000", "tile/0/%30", "tile/0/٣٣٣",
	"tile/0/x036/x028/x797/x018/x963/968", "tile/63/x036/x028/x797/x018/x963/968", "tile/entries/x036/x028/x797/x018/x963/968", "tile/0/x018/x446/x744/x073/x709/x551/616", "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/999",
	"tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/01", "tile/0/000.p/256", "tile/0/000.p/257", "tile/0/000.p/-1", "tile/0/000.p/+1", "tile/0/000.p/1/", "tile/0/000.p/1.p/1", "tile/0/000.P/1", "tile/0/.p/1", "tile/0/000.p/x",
}

func TestATileHasOnePath(t *testing.T) {
	for path, tile := range tilePaths {
		if got, err := tlog.ParseTilePath(path); err != nil || got != tile {
			t.Errorf("ParseTilePath(%q) = %+v, %v, not %+v", path, got, err, tile)
		}
		if got := tile.Path(); got != path {
			t.Errorf("%+v has the path %s, not %s", tile, got, path)
		}
	}
	for _, path := range badTilePaths {
		if tile, err := tlog.ParseTilePath(path); err == nil {
			t.Errorf("ParseTilePath(%q) = %+v", path, tile)
		}
	}
}

func TestThePathOfNoTileDoesNotParse(t *testing.T) {
	for _, tile := range []tlog.Tile{
		{},
		{Level: -2, Width: 1}, {Level: 64, Width: 1},
		{Index: 1 << 55, Width: 1}, {Index: 1<<64 - 1, Width: 1},
		{Width: -1}, {Width: 257},
	} {
		if got, err := tlog.ParseTilePath(tile.Path()); err == nil {
			t.Errorf("the path %s of %+v parses as %+v", tile.Path(), tile, got)
		}
	}
}

func TestAnErrorOfAPathIsShort(t *testing.T) {
	for _, path := range []string{"tile/0/" + strings.Repeat("x001/", 1e5) + "001", "tile/" + strings.Repeat("9", 1e5) + "/000", strings.Repeat("0", 1e5)} {
		if _, err := tlog.ParseTilePath(path); err == nil || len(err.Error()) > 300 {
			t.Errorf("error %.400v", err)
		}
	}
}

// The width is how many hashes of the level come after those of the tiles before.
func TestTheWidthIsWhatTheTreeHas(t *testing.T) {
	for _, size := range edges {
		l := newLog(t, size)
		for level, hashes := range l.levels {
			stored := len(hashes) / tlog.HashSize
			for index := range uint64(260) {
				want := min(max(stored-256*int(index), 0), 256)
				if got := tlog.TileWidth(level, index, uint64(size)); got != want {
					t.Fatalf("size %d: tile %d of level %d has the width %d, not %d", size, index, level, got, want)
				}
			}
		}
		for index := range uint64(260) {
			if got, want := tlog.TileWidth(-1, index, uint64(size)), tlog.TileWidth(0, index, uint64(size)); got != want {
				t.Fatalf("size %d: bundle %d has the width %d, its tile %d", size, index, got, want)
			}
		}
	}
}

func TestTheWidthAtTheEndsOfItsRange(t *testing.T) {
	for _, c := range []struct {
		level       int
		index, size uint64
		want        int
	}{
		{0, 273, 70000, 112}, {1, 0, 70000, 256}, {1, 1, 70000, 17}, {2, 0, 70000, 1}, {3, 0, 70000, 0}, // the example of c2sp.org/tlog-tiles
		{0, 1<<55 - 1, tlog.MaxSize, 255}, {-1, 1<<55 - 1, tlog.MaxSize, 255}, {0, 1 << 55, tlog.MaxSize, 0},
		{0, 1 << 56, tlog.MaxSize, 0}, {0, 1<<64 - 1, tlog.MaxSize, 0}, {0, 1<<56 + 1, 1000, 0},
		{7, 0, tlog.MaxSize, 127}, {7, 1, tlog.MaxSize, 0}, {8, 0, tlog.MaxSize, 0}, {63, 0, tlog.MaxSize, 0},
		{64, 0, tlog.MaxSize, 0}, {-2, 0, tlog.MaxSize, 0}, {1 << 30, 0, tlog.MaxSize, 0}, {-1 << 30, 0, tlog.MaxSize, 0},
	} {
		if got := tlog.TileWidth(c.level, c.index, c.size); got != c.want {
			t.Errorf("size %d: tile %d of level %d has the width %d, not %d", c.size, c.index, c.level, got, c.want)
		}
	}
}

func FuzzTilePath(f *testing.F) {
	for path := range tilePaths {
		f.Add(path)
	}
	for _, path := range badTilePaths {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		tile, err := tlog.ParseTilePath(path)
		theirs, theirErr := sumdbTile(path)
		switch {
		case err == nil && tile.Path() != path:
			t.Errorf("path %q is printed %q", path, tile.Path())
		case err == nil && (theirErr != nil || tile != theirs):
			t.Errorf("path %q is %+v, sumdb says %+v, %v", path, tile, theirs, theirErr)
		case err != nil && theirErr == nil && theirs.Level < 64 && theirs.Index < 1<<55:
			t.Errorf("path %q: %v; sumdb says %+v", path, err, theirs)
		}
	})
}

// sumdbTile reads a path as one of golang.org/x/mod/sumdb/tlog, which has the
// height in it and the word data for entries.
func sumdbTile(path string) (tlog.Tile, error) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok || strings.HasPrefix(rest, "data/") {
		return tlog.Tile{}, fmt.Errorf("%q is not a path here", path)
	}
	if entries, ok := strings.CutPrefix(rest, "entries/"); ok {
		rest = "data/" + entries
	}
	t, err := sumdb.ParseTilePath("tile/8/" + rest)
	return tlog.Tile{Level: t.L, Index: uint64(t.N), Width: t.W}, err
}
