package audit

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
)

const (
	pageDisputes = 256 // of a page: FORMATS.md, section 5

	// A page that cannot be compared, because it is of another tree than those that
	// the ledger shows, is asked for again: for longer than the two seconds for which
	// an answer may be kept on the way.
	pageTries = 4
	pageWait  = 3 * time.Second
)

// A comparison is of what the ledger says of contracts with what its log says. Each
// page says of how many entries it is, and of what time: the copy is asked for the
// same, so that neither a ledger that goes on nor a cache on the way, and no clock,
// makes a difference between an honest page and the log.
type comparison struct {
	*auditor
	shown uint64 // entries of the tree that the ledger showed before: no page is of fewer for long
	drawn int    // contracts
	lost  int    // of them that are not compared, and are not asked for again
	why   error  // the last that was not compared is not
}

// compareContracts compares the status of some contracts. The error says why one could
// not be compared.
func (a *auditor) compareContracts() error {
	ids, err := a.drawContracts()
	if err != nil {
		return err
	}
	c := comparison{auditor: a, shown: a.tiles.Size, drawn: len(ids)}
	for try := 1; len(ids) > 0; try++ {
		if ids, err = c.pages(ids); err != nil {
			return err
		}
		if len(ids) == 0 || try == pageTries {
			break
		}
		select {
		case <-time.After(pageWait):
		case <-a.ctx.Done():
			return a.ctx.Err()
		}
	}
	if n := c.lost + len(ids); n > 0 {
		return fmt.Errorf("the status of %d of %d contracts is not compared: %w", n, c.drawn, c.why)
	}
	return nil
}

// drawContracts returns contracts that entries are of, or are under.
func (a *auditor) drawContracts() ([]record.ID, error) {
	size := a.tiles.Size
	var ids []record.ID
	add := func(index uint64) error {
		e, err := a.store.Registered(index)
		if err != nil {
			return err
		}
		id := e.Record.Text().Contract
		if e.Record.Text().Kind == record.Contract {
			id = e.Record.ID()
		}
		if id != (record.ID{}) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
		return nil
	}
	var index uint64
	for i := uint64(0); i < min(size, drawnContracts) && len(ids) < comparedContracts; i++ {
		index = i
		if size > drawnContracts {
			var err error
			if index, err = a.draw(size); err != nil {
				return nil, err
			}
		}
		if err := add(index); err != nil {
			return nil, err
		}
	}
	// Where revocations alone were drawn, the next contract is there for all.
	for i := uint64(0); i < size && len(ids) == 0; i++ {
		if err := add((index + i) % size); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// A page is what the ledger says of a contract, and when it came.
type page struct {
	*client.ContractPage
	id  record.ID
	now int64 // by the clock of who audits
}

// pages compares these contracts, and returns those to be asked for again.
func (c *comparison) pages(ids []record.ID) (again []record.ID, err error) {
	var pages []page
	largest := uint64(0)
	for _, id := range ids {
		p, err := c.Client.Contract(c.ctx, id, nil)
		var refusal *client.Refusal
		switch {
		case errors.As(err, &refusal) && refusal.Status == http.StatusNotFound:
			return nil, c.denied(id)
		case err != nil:
			return nil, err
		}
		pages = append(pages, page{p, id, c.Clock().Unix()})
		largest = max(largest, p.Size)
	}
	if largest > c.tiles.Size {
		if err := c.catchUp(); err != nil {
			return nil, err
		}
	}
	for _, p := range pages {
		compared, err := c.compare(p)
		if err != nil {
			return nil, err
		}
		if !compared {
			again = append(again, p.id)
		}
	}
	return again, nil
}

// denied is that the ledger does not know a contract of its log.
func (c *comparison) denied(id record.ID) error {
	index, _, err := c.store.State(c.store.Head()).Index(id)
	if err != nil {
		return err
	}
	return notSo(index, id, "the ledger says that it is not registered, and it is entry %d of its log", index)
}

func notSo(index uint64, id record.ID, format string, args ...any) error {
	return &finding{Finding{Rule: Status, Index: index, ID: id, Reason: fmt.Sprintf("contract %s: %s", id, fmt.Sprintf(format, args...))}}
}

// catchUp judges what the ledger has registered since.
func (a *auditor) catchUp() error {
	checkpoint, err := a.Client.Checkpoint(a.ctx)
	if err != nil || checkpoint.Size <= a.tiles.Size { // from a cache on the way, perhaps
		return err
	}
	if err := a.take(checkpoint); err != nil {
		return err
	}
	return a.follow(checkpoint)
}

// compare says whether the page could be compared. If it can never be, that counts as
// lost.
func (c *comparison) compare(p page) (bool, error) {
	if p.Size > c.tiles.Size {
		c.why = fmt.Errorf("the page of contract %s is of %d entries, and the ledger shows no checkpoint of more than %d", p.id, p.Size, c.tiles.Size)
		return false, nil
	}
	if err := c.holds(p); err != nil {
		return false, err
	}
	switch at := record.FormatTime(p.Time); {
	case p.Time < p.now-rules.Skew || p.Time > p.now+rules.Skew:
		c.lost++
		c.why = fmt.Errorf("by the page of contract %s it is %s, and %s here: one of the two clocks is wrong", p.id, at, record.FormatTime(p.now))
	case p.Size < c.shown:
		c.why = fmt.Errorf("the page of contract %s is of %d entries, and the ledger has shown %d before", p.id, p.Size, c.shown)
		return false, nil
	default:
		c.result.Contracts++
	}
	return true, nil
}

// holds compares a page with the first entries of the copy, as many as it is of, on the
// day that it is of. The error is a [*finding] where they differ.
func (a *auditor) holds(p page) error {
	last, err := a.store.Registered(p.Size - 1)
	if err != nil {
		return err
	}
	head := store.Head{Time: last.Time}
	head.Checkpoint.Size = p.Size
	state := a.store.State(head)
	index, _, err := a.store.State(a.store.Head()).Index(p.id)
	if err != nil {
		return err
	}
	at := fmt.Sprintf("after %d entries, at %s", p.Size, record.FormatTime(p.Time))
	switch {
	case index >= p.Size:
		return notSo(index, p.id, "the ledger says how it stands %s, and it is entry %d", at, index)
	case p.Time < last.Time:
		return notSo(index, p.id, "the ledger says how it stands %s, and the last of these is of %s", at, record.FormatTime(last.Time))
	}
	e, err := state.Lookup(p.id)
	if err != nil {
		return err
	}
	want, err := statusAt(state, e, p.Time)
	if err != nil {
		return err
	}
	said := status{rules.Status{Standing: p.Standing, Since: p.Since, By: p.By, Recorded: p.Recorded, Ends: p.Ends}, p.Disputes, p.More}
	if !said.equal(want) {
		return notSo(index, p.id, "the ledger says that it is %s, by its log it is %s, %s", said, want, at)
	}
	return nil
}

// A status is how a contract stands, as the ledger says it or its log.
type status struct {
	rules.Status
	disputes []record.ID // that are open, as many as a page has
	more     bool        // others are open
}

// statusAt returns the status by a state.
func statusAt(state store.State, contract *rules.Entry, t int64) (status, error) {
	st, err := rules.StatusWithin(state, contract, t, pageDisputes+1)
	s := status{Status: st, more: len(st.Disputes) > pageDisputes}
	for _, d := range st.Disputes[:min(len(st.Disputes), pageDisputes)] {
		s.disputes = append(s.disputes, d.ID)
	}
	return s, err
}

func (s status) equal(other status) bool {
	return s.Standing == other.Standing && s.Since == other.Since && s.By == other.By && s.Recorded == other.Recorded && s.Ends == other.Ends &&
		slices.Equal(s.disputes, other.disputes) && s.more == other.more
}

func (s status) String() string {
	text := s.Status.String()
	switch n := len(s.disputes); {
	case s.more:
		text += fmt.Sprintf(", with more than %d open disputes", n)
	case n > 0:
		text += fmt.Sprintf(", with %d open disputes", n)
	}
	return text
}
