package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// A ContractPage is what the ledger says of a contract, by its word: whatever matters
// is fetched as a receipt, and what the ledger leaves out nobody sees here.
type ContractPage struct {
	Size     uint64 // of the log that the page is of; above 0
	Frozen   bool   // the ledger says that it registers nothing any more, for good; a copy of it never says so
	Time     int64  // POSIX seconds, of the status
	Standing rules.Standing
	Since    record.Date
	By       record.ID    // the contract that replaced it, the termination that ended it; zero for none
	Recorded record.Date  // when what makes it so was registered, where that is after Since; else zero
	Ends     rules.Ending // that is to come; zero for none
	Disputes []record.ID  // that are open, of the first contract in the chain first, at most 256
	More     bool         // others are open
	Events   []Event      // at most 256, by index
	Next     *uint64      // after which the next page begins; nil on the last
}

// An Event is an entry in the time line of a contract, by the ledger's word.
type Event struct {
	Index    uint64
	ID       record.ID
	Relation Relation
	About    string    // token, of a statement; else ""
	Answers  record.ID // the statement that a statement answers; zero for none
	By       int       // how many parties signed a statement or termination; of a contract how many it has
}

// A Relation is what an entry in the time line of a contract is to it.
type Relation string

const (
	States     Relation = "states"     // a statement under the contract
	Terminates Relation = "terminates" // a termination of it
	Replaces   Relation = "replaces"   // the contract that takes its place
	Under      Relation = "under"      // a contract made under it
)

func (r Relation) known() bool {
	return r == States || r == Terminates || r == Replaces || r == Under
}

// Contract fetches a page of what the ledger says of a contract: with its time line
// after the entry of an index, or from the beginning where after is nil. The error is
// a [*Refusal] with the status 404 where the ledger has no such contract.
func (c *Client) Contract(ctx context.Context, id record.ID, after *uint64) (*ContractPage, error) {
	path := "/contracts/" + id.String()
	if after != nil {
		path += fmt.Sprintf("?after=%d", *after)
	}
	a, err := c.get(ctx, path, maxContract)
	if err != nil {
		return nil, err
	}
	page, err := parseContractPage(a.body, id, after)
	if err != nil {
		return nil, fmt.Errorf("GET %s%s: page of a contract: %w", c.base, path, err)
	}
	return page, nil
}

// A pageJSON is a page as it comes.
type pageJSON struct {
	ID     string `json:"id"`
	Size   uint64 `json:"size"`
	Frozen bool   `json:"frozen"`
	Time   string `json:"time"`
	Status struct {
		Standing rules.Standing  `json:"standing"`
		Since    string          `json:"since"`
		By       string          `json:"by"`
		Recorded string          `json:"recorded"`
		Ends     json.RawMessage `json:"ends"`
		Disputes []string        `json:"disputes"`
		More     bool            `json:"more_disputes"`
	} `json:"status"`
	Timeline []eventJSON `json:"timeline"`
	Next     *uint64     `json:"next"`
}

type eventJSON struct {
	Index    uint64   `json:"index"`
	ID       string   `json:"id"`
	Relation Relation `json:"relation"`
	By       []string `json:"by"`
	About    string   `json:"about"`
	Answers  string   `json:"answers"`
}

func parseContractPage(b []byte, id record.ID, after *uint64) (*ContractPage, error) {
	var in pageJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, errors.New("it is not the JSON that was expected")
	}
	if in.ID != id.String() {
		return nil, fmt.Errorf("it is of the contract %.64q, not of %s", in.ID, id)
	}
	if len(in.Timeline) > maxPageRecords || len(in.Status.Disputes) > maxPageRecords {
		return nil, fmt.Errorf("it has %d records and %d disputes, at most %d of each are allowed",
			len(in.Timeline), len(in.Status.Disputes), maxPageRecords)
	}
	page := &ContractPage{Size: in.Size, Frozen: in.Frozen, Next: in.Next}
	if err := in.status(page); err != nil {
		return nil, err
	}
	if err := in.events(page, after); err != nil {
		return nil, err
	}
	return page, nil
}

// status reads how the contract stands, when, and after how many entries.
func (in *pageJSON) status(page *ContractPage) error {
	st := in.Status
	page.Standing, page.More = st.Standing, st.More
	if !page.Standing.Known() {
		return fmt.Errorf("its standing %.32q is none of a contract", st.Standing)
	}
	if page.Size == 0 {
		return errors.New("it does not say of how many entries it is")
	}
	var err error
	if page.Time, err = record.ParseTime(in.Time); err != nil {
		return fmt.Errorf("time: %w", err)
	}
	if page.Since, err = record.ParseDate(st.Since); err != nil {
		return fmt.Errorf("since: %w", err)
	}
	if st.By != "" {
		if page.By, err = record.ParseID(st.By); err != nil {
			return fmt.Errorf("by: %w", err)
		}
	}
	if st.Recorded != "" {
		if page.Recorded, err = record.ParseDate(st.Recorded); err != nil {
			return fmt.Errorf("recorded: %w", err)
		}
	}
	if st.Ends != nil {
		if err := json.Unmarshal(st.Ends, &page.Ends); err != nil {
			return fmt.Errorf("ends: %w", err)
		}
	}
	if page.Disputes, err = parseIDs(st.Disputes); err != nil {
		return fmt.Errorf("dispute: %w", err)
	}
	return nil
}

// events reads the time line, which comes after an index where that is not nil.
func (in *pageJSON) events(page *ContractPage, after *uint64) error {
	for i, e := range in.Timeline {
		event, err := e.event()
		switch {
		case err != nil:
			return fmt.Errorf("record %d of it: %w", i, err)
		case after != nil && e.Index <= *after:
			return fmt.Errorf("record %d of it has the index %d, after %d", i, e.Index, *after)
		case e.Index >= page.Size:
			return fmt.Errorf("record %d of it has the index %d in a log of %d", i, e.Index, page.Size)
		}
		after = &e.Index
		page.Events = append(page.Events, event)
	}
	if page.Next != nil && (len(page.Events) == 0 || *page.Next != *after) {
		return fmt.Errorf("the next one is after %d, which is not its last record", *page.Next)
	}
	return nil
}

func (e *eventJSON) event() (Event, error) {
	out := Event{Index: e.Index, Relation: e.Relation, About: e.About, By: len(e.By)}
	if !e.Relation.known() {
		return out, fmt.Errorf("its relation %.32q is none to a contract", e.Relation)
	}
	var err error
	if out.ID, err = record.ParseID(e.ID); err != nil {
		return out, err
	}
	if e.Relation == States {
		if err := record.CheckToken(e.About); err != nil {
			return out, fmt.Errorf("about: %w", err)
		}
	} else if e.About != "" || e.Answers != "" {
		return out, fmt.Errorf("what %s is about nothing and answers nothing", e.Relation)
	}
	if e.Answers != "" {
		if out.Answers, err = record.ParseID(e.Answers); err != nil {
			return out, fmt.Errorf("answers: %w", err)
		}
	}
	return out, nil
}

func parseIDs(list []string) ([]record.ID, error) {
	var ids []record.ID
	for _, s := range list {
		id, err := record.ParseID(s)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}
