package web

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
)

// The JSON of a page of what a key has signed. A key that has signed nothing has an
// empty one.
type keyPageJSON struct {
	Key         string       `json:"key"` // 64 hex digits
	Fingerprint string       `json:"fingerprint"`
	Size        uint64       `json:"size"` // of the log that was asked
	RevokedBy   *uint64      `json:"revoked_by,omitempty"`
	Records     []signedJSON `json:"records"`        // by index, at most 256
	Next        *uint64      `json:"next,omitempty"` // ?after=next is the next page
}

type signedJSON struct {
	Index      uint64 `json:"index"`
	ID         string `json:"id"`
	Kind       string `json:"kind"`
	Registered string `json:"registered"`
	Name       string `json:"name"` // of the key in that record
}

func (h *Handler) key(q *request) (*answer, error) {
	pub, err := parsePublicKey(q.rest)
	if err != nil {
		return nil, err
	}
	first, err := firstIndex(q.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	page := keyPageJSON{Key: pub.String(), Fingerprint: pub.Fingerprint(), Size: q.view.Size(), Records: []signedJSON{}}
	index, revoked, err := q.view.Revoked(pub)
	if err != nil {
		return nil, err
	}
	if revoked {
		page.RevokedBy = &index
	}
	list, more, err := q.view.Key(pub, first, ledger.MaxPage)
	if err != nil {
		return nil, err
	}
	for _, k := range list {
		s, err := signed(q.view, k.Index, k.Kind, pub)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", k.Index, err)
		}
		page.Records = append(page.Records, s)
	}
	if more {
		page.Next = &page.Records[len(page.Records)-1].Index
	}
	return asJSON(page)
}

// firstIndex reads the query of a page: nothing, or after=<index>.
func firstIndex(query string) (uint64, error) {
	if query == "" {
		return 0, nil
	}
	digits, _ := strings.CutPrefix(query, "after=")
	after, err := note.ParseDecimal(digits)
	if err != nil || digits == query {
		return 0, notFound("query %.60q is not after=<index>", query)
	}
	return after + 1, nil
}

// signed tells of the entry only what is cheap to tell, because a page has many:
// the record is not read again beyond its signature lines.
func signed(v *ledger.View, index uint64, kind record.Kind, pub note.PublicKey) (signedJSON, error) {
	b, err := v.Entry(index)
	if err != nil {
		return signedJSON{}, err
	}
	entry, err := record.ParseEntry(b)
	if err != nil {
		return signedJSON{}, err
	}
	n, err := note.Parse(entry.Record)
	if err != nil {
		return signedJSON{}, err
	}
	for _, s := range n.Signatures {
		if k, err := note.NewKey(s.Name, note.Ed25519, pub); err == nil && s.By(k) {
			if !strings.HasPrefix(string(n.Text), "chirograph/"+kind.String()+"/") {
				return signedJSON{}, fmt.Errorf("the store is damaged: the key index says that it is a %s", kind)
			}
			id := record.ID(sha256.Sum256(n.Text))
			return signedJSON{index, id.String(), kind.String(), record.FormatTime(entry.Registered), s.Name}, nil
		}
	}
	return signedJSON{}, fmt.Errorf("no signature line is of key %s", pub.Fingerprint())
}
