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
	Standing rules.Standing
	Since    record.Date
	By       record.ID   // the contract that replaced it, the termination that ended it; zero for none
	Disputes []record.ID // that are open, in the order of the log, at most 256
	More     bool        // others are open
	Events   []Event     // at most 256, by index
	Next     *uint64     // after which the next page begins; nil on the last
}

// An Event is an entry in the time line of a contract, by the ledger's word.
type Event struct {
	Index uint64
	ID    record.ID
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

func parseContractPage(b []byte, id record.ID, after *uint64) (*ContractPage, error) {
	var in struct {
		ID     string `json:"id"`
		Status struct {
			Standing rules.Standing `json:"standing"`
			Since    string         `json:"since"`
			By       string         `json:"by"`
			Disputes []string       `json:"disputes"`
			More     bool           `json:"more_disputes"`
		} `json:"status"`
		Timeline []struct {
			Index uint64 `json:"index"`
			ID    string `json:"id"`
		} `json:"timeline"`
		Next *uint64 `json:"next"`
	}
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
	page := &ContractPage{Standing: in.Status.Standing, More: in.Status.More, Next: in.Next}
	if !page.Standing.Known() {
		return nil, fmt.Errorf("its standing %.32q is none of a contract", in.Status.Standing)
	}
	var err error
	if page.Since, err = record.ParseDate(in.Status.Since); err != nil {
		return nil, fmt.Errorf("since: %w", err)
	}
	if in.Status.By != "" {
		if page.By, err = record.ParseID(in.Status.By); err != nil {
			return nil, fmt.Errorf("by: %w", err)
		}
	}
	if page.Disputes, err = parseIDs(in.Status.Disputes); err != nil {
		return nil, fmt.Errorf("dispute: %w", err)
	}
	for i, e := range in.Timeline {
		id, err := record.ParseID(e.ID)
		if err != nil {
			return nil, fmt.Errorf("record %d of it: %w", i, err)
		}
		if after != nil && e.Index <= *after {
			return nil, fmt.Errorf("record %d of it has the index %d, after %d", i, e.Index, *after)
		}
		after = &e.Index
		page.Events = append(page.Events, Event{e.Index, id})
	}
	if page.Next != nil && (len(page.Events) == 0 || *page.Next != *after) {
		return nil, fmt.Errorf("the next one is after %d, which is not its last record", *page.Next)
	}
	return page, nil
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
