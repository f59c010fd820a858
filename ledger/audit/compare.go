package audit

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/bits"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// How much of what a ledger serves beside its entries is compared. It does not know
// what, so that one that lies of one in ten is found out by two audits in three, and
// by each of them if it lies of one in three.
const (
	comparedTiles     = 8
	comparedContracts = 16
	drawnContracts    = 64 // entries that are looked at for as many contracts; of a smaller log all
)

// compareTiles compares tiles that the ledger serves with those of the copy.
func (a *auditor) compareTiles() error {
	size := a.tiles.Size
	if size == 0 {
		return nil
	}
	levels := uint64(bits.Len64(size)-1)/8 + 1
	done := make(map[tlog.Tile]bool)
	for range comparedTiles {
		level, err := a.draw(levels)
		if err != nil {
			return err
		}
		hash, err := a.draw(size >> (8 * level))
		if err != nil {
			return err
		}
		t := tlog.Tile{Level: int(level), Index: hash / tlog.MaxWidth}
		t.Width = tlog.TileWidth(t.Level, t.Index, size)
		if done[t] {
			continue
		}
		if err := a.compareTile(t); err != nil {
			return err
		}
		done[t] = true
		a.result.Tiles++
	}
	return nil
}

func (a *auditor) compareTile(t tlog.Tile) error {
	want, err := a.store.Tile(t)
	if err != nil {
		return err
	}
	got, err := a.Client.Tile(a.ctx, t)
	if err == nil && !bytes.Equal(got, want) {
		err = found(Tree, t.Index<<(8*(t.Level+1)), "%s as it is served is not of the tree of %d entries", t.Path(), a.tiles.Size)
	}
	return err
}

// draw returns a number below n, which is above 0.
func (a *auditor) draw(n uint64) (uint64, error) {
	var b [8]byte
	_, err := io.ReadFull(a.Random, b[:])
	return binary.BigEndian.Uint64(b[:]) % n, err
}
