package pages

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
)

// A Search is what was searched for, and the keys that are called so.
type Search struct {
	Query string     `json:"query"`
	Keys  []NamedKey `json:"keys"`           // by name; at most 64
	More  bool       `json:"more,omitempty"` // there are others
}

// A NamedKey is a key that signed a record which calls it by a name.
type NamedKey struct {
	Name        string `json:"name"` // by the word of the record
	Key         string `json:"key"`  // 64 hex digits
	Fingerprint string `json:"fingerprint"`
	First       uint64 `json:"first"` // the first entry that it signed so
}

// SearchFor returns the keys that signed under a name with this beginning; none for "".
func SearchFor(view *ledger.View, q string) (*Search, error) {
	s := &Search{Query: q, Keys: []NamedKey{}}
	if q == "" {
		return s, nil
	}
	list, more, err := view.Names(q, MaxNames)
	if err != nil {
		return nil, err
	}
	for _, k := range list {
		s.Keys = append(s.Keys, NamedKey{k.Name, k.Key.String(), k.Key.Fingerprint(), k.First})
	}
	s.More = more
	return s, nil
}

// ParseQuery reads the query of a search, as a form of one field sends it: "q=" and what
// was typed, percent-encoded. The empty query, of whoever has typed nothing yet, is "". What
// it returns has at most [MaxQuery] bytes of UTF-8, no space at its ends, and, where it is
// 64 hex digits, these in lowercase.
func ParseQuery(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	typed, ok := strings.CutPrefix(raw, "q=")
	if !ok || strings.ContainsAny(typed, "&;=") {
		return "", errors.New("it is not q= and one value")
	}
	if len(typed) > 3*MaxQuery {
		return "", fmt.Errorf("it has %d bytes, at most %d are allowed", len(typed), 3*MaxQuery)
	}
	q, err := url.QueryUnescape(typed)
	if err != nil || !utf8.ValidString(q) {
		return "", errors.New("it is not percent-encoded UTF-8")
	}
	if q = strings.TrimSpace(q); len(q) > MaxQuery {
		return "", fmt.Errorf("it searches for %d bytes, at most %d are allowed", len(q), MaxQuery)
	}
	if lower := strings.ToLower(q); len(q) == 64 && isHex(lower) {
		return lower, nil
	}
	return q, nil
}

func isHex(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil
}

// Named returns what 64 hex digits or a verifier key name: the path, from the home page, of
// a contract, of another record, or of a key that signed something or is revoked; "" where
// the view has none of them.
func Named(view *ledger.View, q string) (path string, err error) {
	if k, err := note.ParseKey(q); err == nil && k.Type() == note.Ed25519 {
		return keyNamed(view, k.Public())
	}
	id, err := record.ParseID(q)
	if err != nil {
		return "", nil
	}
	found, err := view.Lookup(id)
	switch {
	case err != nil:
		return "", err
	case found != nil && found.Index < view.Size() && found.Text.Kind == record.Contract:
		return "contracts/" + q, nil
	case found != nil && found.Index < view.Size():
		return "records/" + q, nil
	}
	b, err := hex.DecodeString(q)
	if err != nil {
		return "", nil
	}
	pub, err := note.ParsePublicKey(b)
	if err != nil {
		return "", nil // a hash is a point on the curve, or not
	}
	return keyNamed(view, pub)
}

func keyNamed(view *ledger.View, pub note.PublicKey) (path string, err error) {
	list, _, err := view.Key(pub, 0, 1)
	if err != nil {
		return "", err
	}
	_, revoked, err := view.Revoked(pub)
	if err != nil || len(list) == 0 && !revoked {
		return "", err
	}
	return "keys/" + pub.String(), nil
}
