package audit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"net/http"
	"slices"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// How much of what a ledger serves beside its entries is compared. It does not know
// what, so that one that lies of one in ten is found out by two audits in three, and
// by each of them if it lies of one in three.
const (
	comparedTiles     = 8
	comparedContracts = 16
	drawnContracts    = 64  // entries that are looked at for as many contracts; of a smaller log all
	pageDisputes      = 256 // of a page: FORMATS.md, section 5
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

// compareContracts compares what the ledger says of contracts with what its log says.
func (a *auditor) compareContracts() error {
	size := a.tiles.Size
	done := make(map[record.ID]bool)
	for i := range min(drawnContracts, size) {
		index := i
		if size > drawnContracts {
			var err error
			if index, err = a.draw(size); err != nil {
				return err
			}
		}
		e, err := a.store.Registered(index)
		if err != nil {
			return err
		}
		id := e.Record.Text().Contract
		if e.Record.Text().Kind == record.Contract {
			id = e.Record.ID()
		}
		if id == (record.ID{}) || done[id] {
			continue
		}
		done[id] = true
		if err := a.compareContract(id); err != nil {
			return err
		}
		if len(done) == comparedContracts {
			break
		}
	}
	return nil
}

func (a *auditor) compareContract(id record.ID) error {
	said, same, err := a.sameStatus(id)
	if err != nil {
		return err
	}
	if same {
		a.result.Contracts++
		return nil
	}
	// What was registered meanwhile may have changed it.
	c, err := a.Client.Checkpoint(a.ctx)
	if err != nil || c.Size != a.tiles.Size {
		return err
	}
	want, err := a.status(id, a.Clock().Unix())
	if err != nil {
		return err
	}
	return &finding{Finding{Rule: Status, Index: want.index, ID: id,
		Reason: fmt.Sprintf("contract %s: the ledger says that it is %s, by its log it is %s", id, said, want)}}
}

// sameStatus compares the status of a contract, and returns what the ledger says. The
// ledger's clock may be on another side of midnight than this one.
func (a *auditor) sameStatus(id record.ID) (said status, same bool, err error) {
	page, err := a.Client.Contract(a.ctx, id, nil)
	var refusal *client.Refusal
	switch {
	case errors.As(err, &refusal) && refusal.Status == http.StatusNotFound:
		said.unknown = true
		return said, false, nil
	case err != nil:
		return said, false, err
	}
	said.Status = rules.Status{Standing: page.Standing, Since: page.Since, By: page.By}
	said.disputes, said.more = page.Disputes, page.More
	now := a.Clock().Unix()
	for _, t := range []int64{now, now - rules.Skew, now + rules.Skew} {
		want, err := a.status(id, t)
		if err != nil {
			return said, false, err
		}
		if want.Standing == said.Standing && want.Since == said.Since && want.By == said.By &&
			slices.Equal(want.disputes, said.disputes) && want.more == said.more {
			return said, true, nil
		}
	}
	return said, false, nil
}

// A status is how a contract stands, as the ledger says it or its log.
type status struct {
	rules.Status
	unknown  bool        // the ledger knows no such contract
	disputes []record.ID // that are open, as many as a page has
	more     bool        // others are open
	index    uint64      // of the contract
}

func (s status) String() string {
	if s.unknown {
		return "not registered"
	}
	text := s.Status.String()
	switch n := len(s.disputes); {
	case s.more:
		text += fmt.Sprintf(", with more than %d open disputes", n)
	case n > 0:
		text += fmt.Sprintf(", with %d open disputes", n)
	}
	return text
}

// status returns the status by the copy.
func (a *auditor) status(id record.ID, t int64) (status, error) {
	state := a.store.State(a.store.Head())
	e, err := state.Lookup(id)
	if err != nil {
		return status{}, err
	}
	// As the ledger does: the last entry may be ahead of the clock.
	st, err := rules.StatusAt(state, e, max(t, state.LastTime()))
	s := status{Status: st, index: e.Index}
	for _, d := range st.Disputes[:min(len(st.Disputes), pageDisputes)] {
		s.disputes = append(s.disputes, d.ID)
	}
	s.more = len(st.Disputes) > pageDisputes
	return s, err
}
