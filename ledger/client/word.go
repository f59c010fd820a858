package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/note"
)

// A Word is what a ledger says of itself. Nothing vouches for it: no signature, and no
// record.
type Word struct {
	Frozen bool // it registers nothing any more, for good
	Copy   bool // it is a read-only copy that answers, which does not know whether the ledger is frozen
}

// Word fetches what the ledger says of itself. The error is a [*Refusal] with the status
// 404 where it does not say that at all.
func (c *Client) Word(ctx context.Context) (*Word, error) {
	const path = "/index.json"
	a, err := c.get(ctx, path, maxHome)
	if err != nil {
		return nil, err
	}
	w, err := parseWord(a.body, c.ledger)
	if err != nil {
		return nil, fmt.Errorf("GET %s%s: home page: %w", c.base, path, err)
	}
	return w, nil
}

func parseWord(b []byte, ledger note.Key) (*Word, error) {
	var in struct {
		Ledger string `json:"ledger"`
		Frozen bool   `json:"frozen"`
		Copy   bool   `json:"copy"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, errors.New("it is not the JSON that was expected")
	}
	if in.Ledger != ledger.String() {
		return nil, fmt.Errorf("it is of the ledger %.400q, not of %s", in.Ledger, ledger)
	}
	return &Word{Frozen: in.Frozen, Copy: in.Copy}, nil
}
