package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// A KeyPage is a page of what a key has signed, by the ledger's word: whatever
// matters is fetched as a receipt. What the ledger leaves out nobody sees here.
type KeyPage struct {
	Records   []Signed // at most 256, by index
	RevokedBy *uint64  // the entry that revokes the key; nil for none
	Next      *uint64  // after which the next page begins; nil on the last
}

// A Signed is a record that a key signed, by the ledger's word.
type Signed struct {
	Index      uint64
	ID         record.ID
	Kind       string // contract, statement, termination or revocation
	Registered int64  // POSIX seconds
	Name       string // of the key in that record
}

const maxPageRecords = 256 // FORMATS.md, section 5

// Key fetches a page of what the key has signed: after the entry of an index, or
// from the beginning where after is nil.
func (c *Client) Key(ctx context.Context, pub note.PublicKey, after *uint64) (*KeyPage, error) {
	path := "/keys/" + pub.String()
	if after != nil {
		path += fmt.Sprintf("?after=%d", *after)
	}
	a, err := c.get(ctx, path, maxKeyPage)
	if err != nil {
		return nil, err
	}
	page, err := parseKeyPage(a.body, pub, after)
	if err != nil {
		return nil, fmt.Errorf("GET %s%s: page of a key: %w", c.base, path, err)
	}
	return page, nil
}

func parseKeyPage(b []byte, pub note.PublicKey, after *uint64) (*KeyPage, error) {
	var in struct {
		Key       string  `json:"key"`
		RevokedBy *uint64 `json:"revoked_by"`
		Next      *uint64 `json:"next"`
		Records   []struct {
			Index      uint64 `json:"index"`
			ID         string `json:"id"`
			Kind       string `json:"kind"`
			Registered string `json:"registered"`
			Name       string `json:"name"`
		} `json:"records"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, errors.New("it is not the JSON that was expected")
	}
	if in.Key != pub.String() {
		return nil, fmt.Errorf("it is of the key %.64q, not of %s", in.Key, pub)
	}
	if len(in.Records) > maxPageRecords {
		return nil, fmt.Errorf("it has %d records, at most %d are allowed", len(in.Records), maxPageRecords)
	}
	page := &KeyPage{RevokedBy: in.RevokedBy, Next: in.Next}
	for i, s := range in.Records {
		id, err := record.ParseID(s.ID)
		if err != nil {
			return nil, fmt.Errorf("record %d of it: %w", i, err)
		}
		registered, err := record.ParseTime(s.Registered)
		if err != nil {
			return nil, fmt.Errorf("record %d of it: registered: %w", i, err)
		}
		if err := checkClaims(s.Kind, s.Name); err != nil {
			return nil, fmt.Errorf("record %d of it: %w", i, err)
		}
		if after != nil && s.Index <= *after {
			return nil, fmt.Errorf("record %d of it has the index %d, after %d", i, s.Index, *after)
		}
		after = &s.Index
		page.Records = append(page.Records, Signed{s.Index, id, s.Kind, registered, s.Name})
	}
	if page.Next != nil && (len(page.Records) == 0 || *page.Next != *after) {
		return nil, fmt.Errorf("the next one is after %d, which is not its last record", *page.Next)
	}
	return page, nil
}

func checkClaims(kind, name string) error {
	for k := record.Contract; k <= record.Revocation; k++ {
		if k.String() == kind {
			return record.CheckKeyName(name)
		}
	}
	return fmt.Errorf("kind %.32q is none of a record", kind)
}
