package tlog

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
)

const (
	MaxWidth = 1 << tileHeight // hashes of a full tile, entries of a full bundle

	tileHeight   = 8
	maxLevel     = 63        // of a path: c2sp.org/tlog-tiles
	maxTileIndex = 1<<55 - 1 // of a path: the last tile of level 0 in a tree of MaxSize
	entriesLevel = -1
)

// A Tile names a tile, or at level -1 the bundle of entries beside a tile of
// level 0.
type Tile struct {
	Level int    // -1 to 63
	Index uint64 // on its level, below 2⁵⁵
	Width int    // hashes or entries in it, 1 to 256; a tile below 256 is partial
}

// A TileReader returns the Width*32 bytes of a tile of level 0 or above. They
// belong to the reader, which leaves them as they are until the function that it
// was handed to returns; that function does not change them.
type TileReader func(t Tile) ([]byte, error)

// TileWidth returns the width, at most 256, that the tile of that level (-1 for a
// bundle) and index has in a tree of that size: 0 where the tree has no such
// tile.
func TileWidth(level int, index, size uint64) int {
	if level < entriesLevel || level > maxLevel {
		return 0
	}
	n := size >> (max(level, 0) * tileHeight)
	if index > n/MaxWidth {
		return 0
	}
	return int(min(n-index*MaxWidth, MaxWidth))
}

// Path returns the path of the tile below the log's URL, without a slash before
// it. That of a tile outside the ranges of its fields does not parse.
func (t Tile) Path() string {
	b := []byte("tile/entries")
	if t.Level != entriesLevel {
		b = strconv.AppendInt([]byte("tile/"), int64(t.Level), 10)
	}
	digits := strconv.FormatUint(t.Index, 10)
	if n := len(digits) % 3; n != 0 {
		digits = "00"[n-1:] + digits
	}
	for ; len(digits) > 3; digits = digits[3:] {
		b = append(append(b, "/x"...), digits[:3]...)
	}
	b = append(append(b, '/'), digits...)
	if t.Width != MaxWidth {
		b = strconv.AppendInt(append(b, ".p/"...), int64(t.Width), 10)
	}
	return string(b)
}

// ParseTilePath reads what [Tile.Path] prints, and nothing else.
func ParseTilePath(path string) (Tile, error) {
	level, rest, _ := strings.Cut(strings.TrimPrefix(path, "tile/"), "/")
	index, width, partial := strings.Cut(rest, ".p/")
	t := Tile{Level: entriesLevel, Width: MaxWidth}
	if level != "entries" {
		n, err := note.ParseDecimal(level)
		if err != nil || n > maxLevel {
			return Tile{}, fmt.Errorf("tile %.100q: the level is neither entries nor a decimal up to %d", path, maxLevel)
		}
		t.Level = int(n)
	}
	digits := strings.ReplaceAll(strings.ReplaceAll(strings.TrimPrefix(index, "x"), "/x", ""), "/", "")
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || n > maxTileIndex {
		return Tile{}, fmt.Errorf("tile %.100q: the index is no number up to %d", path, uint64(maxTileIndex))
	}
	t.Index = n
	if partial {
		n, err := note.ParseDecimal(width)
		if err != nil || n == 0 || n >= MaxWidth {
			return Tile{}, fmt.Errorf("tile %.100q: the width is not a decimal from 1 to %d", path, MaxWidth-1)
		}
		t.Width = int(n)
	}
	if want := t.Path(); path != want {
		return Tile{}, fmt.Errorf("tile %.100q has the path %s", path, want)
	}
	return t, nil
}

// readTile returns the hashes of t, and errors that name it.
func readTile(read TileReader, t Tile) ([]byte, error) {
	data, err := read(t)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.Path(), err)
	}
	if len(data) != t.Width*HashSize {
		return nil, fmt.Errorf("%s has %d bytes, not %d", t.Path(), len(data), t.Width*HashSize)
	}
	return data, nil
}

// subtreeRoot returns the root of a perfect subtree over hashes, 2^k of them.
func subtreeRoot(hashes []byte) Hash {
	if len(hashes) == HashSize {
		return Hash(hashes)
	}
	half := len(hashes) / 2
	return NodeHash(subtreeRoot(hashes[:half]), subtreeRoot(hashes[half:]))
}
