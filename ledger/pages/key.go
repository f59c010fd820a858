package pages

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
)

// A Key is a page of what a key has signed. A key that has signed nothing has an empty
// one.
type Key struct {
	Key         string   `json:"key"` // 64 hex digits
	Fingerprint string   `json:"fingerprint"`
	Size        uint64   `json:"size"`             // of the log that was asked
	Frozen      bool     `json:"frozen,omitempty"` // the ledger registers nothing any more, for good: no revocation either
	RevokedBy   *uint64  `json:"revoked_by,omitempty"`
	Records     []Signed `json:"records"`        // by index, at most 256
	Next        *uint64  `json:"next,omitempty"` // ?after=next is the next page
}

// A Signed is a record that a key has signed.
type Signed struct {
	Index      uint64 `json:"index"`
	ID         string `json:"id"`
	Kind       string `json:"kind"`
	Registered string `json:"registered"`
	Name       string `json:"name"` // of the key in that record

	What string `json:"-"` // the title of a contract, what a statement is about, for people; may be empty
}

// KeyAt returns the page of a key, with what it signed from an entry on.
func (s *Site) KeyAt(view *ledger.View, pub note.PublicKey, first uint64) (*Key, error) {
	page := &Key{Key: pub.String(), Fingerprint: pub.Fingerprint(), Size: view.Size(), Frozen: s.Frozen, Records: []Signed{}}
	index, revoked, err := view.Revoked(pub)
	if err != nil {
		return nil, err
	}
	if revoked {
		page.RevokedBy = &index
	}
	list, more, err := view.Key(pub, first, ledger.MaxPage)
	if err != nil {
		return nil, err
	}
	for _, k := range list {
		one, err := signed(view, k.Index, k.Kind, pub)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", k.Index, err)
		}
		page.Records = append(page.Records, one)
	}
	if more {
		page.Next = &page.Records[len(page.Records)-1].Index
	}
	return page, nil
}

// Names returns by which names the records of the page call the key, in their order.
func (k *Key) Names() []string {
	var names []string
	seen := make(map[string]bool)
	for _, r := range k.Records {
		if !seen[r.Name] {
			seen[r.Name] = true
			names = append(names, r.Name)
		}
	}
	return names
}

// signed tells of the entry only what is cheap to tell, because a page has many:
// the record is not read again beyond its signature lines.
func signed(v *ledger.View, index uint64, kind record.Kind, pub note.PublicKey) (Signed, error) {
	b, err := v.Entry(index)
	if err != nil {
		return Signed{}, err
	}
	entry, err := record.ParseEntry(b)
	if err != nil {
		return Signed{}, err
	}
	n, err := note.Parse(entry.Record)
	if err != nil {
		return Signed{}, err
	}
	for _, s := range n.Signatures {
		if k, err := note.NewKey(s.Name, note.Ed25519, pub); err == nil && s.By(k) {
			if !strings.HasPrefix(string(n.Text), "chirograph/"+kind.String()+"/") {
				return Signed{}, fmt.Errorf("the store is damaged: the key index says that it is a %s", kind)
			}
			id := record.ID(sha256.Sum256(n.Text))
			return Signed{index, id.String(), kind.String(), record.FormatTime(entry.Registered), s.Name, subject(n.Text)}, nil
		}
	}
	return Signed{}, fmt.Errorf("no signature line is of key %s", pub.Fingerprint())
}

// subject returns the title or the about line of a text, "" where it has none. No value
// of a line holds a line feed, so that nobody writes one into another.
func subject(text []byte) string {
	for _, keyword := range []string{"\ntitle ", "\nabout "} {
		if _, rest, ok := bytes.Cut(text, []byte(keyword)); ok {
			value, _, _ := bytes.Cut(rest, []byte("\n"))
			return string(value)
		}
	}
	return ""
}
