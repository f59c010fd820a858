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

// A Search is what was searched for, and the keys that are called so. Anybody may call any
// number of keys so: whoever goes on by Next, page by page, misses none of the others.
type Search struct {
	Query string     `json:"query"`
	Keys  []NamedKey `json:"keys"`           // by name, and of one name by key; at most 64
	More  bool       `json:"more,omitempty"` // there are others, or, where there are no keys, may be in a moment
	Next  string     `json:"next,omitempty"` // &after=next is the next page
	Hint  string     `json:"hint,omitempty"` // where nothing is found: what was typed, and what to search for instead

	Part bool `json:"-"` // others come before these
}

// A NamedKey is a key that signed a record which calls it by a name.
type NamedKey struct {
	Name        string `json:"name"` // by the word of the record
	Key         string `json:"key"`  // 64 hex digits
	Fingerprint string `json:"fingerprint"`
	First       uint64 `json:"first"` // the first entry that it signed so
}

// SearchFor returns the keys that signed under a name with this beginning, behind after
// ([ledger.View.Names]); none for "".
func SearchFor(view *ledger.View, q string, after ledger.NamedKey) (*Search, error) {
	s := &Search{Query: q, Keys: []NamedKey{}, Part: after.Name != ""}
	if q == "" {
		return s, nil
	}
	list, more, err := view.Names(q, after, MaxNames)
	if err != nil {
		return nil, err
	}
	for _, k := range list {
		s.Keys = append(s.Keys, NamedKey{k.Name, k.Key.String(), k.Key.Fingerprint(), k.First})
	}
	s.More = more
	if len(list) == 0 && !more && !s.Part {
		s.Hint = hint(q)
	}
	if more && len(list) > 0 {
		last := list[len(list)-1]
		s.Next = last.Name + "+" + last.Key.String()
	}
	return s, nil
}

// ParseQuery reads the query of a search, as a form of one field sends it: "q=" and what
// was typed, percent-encoded. The empty query, of whoever has typed nothing yet, is "". What
// it returns has at most [MaxQuery] bytes of UTF-8, no space at its ends, and, where it is
// 64 hex digits, these in lowercase. "&after=" and the next of a page may follow, a name, +
// and a key, also percent-encoded; the name is empty where it does not.
func ParseQuery(raw string) (q string, after ledger.NamedKey, err error) {
	if raw == "" {
		return "", after, nil
	}
	typed, next, part := strings.Cut(raw, "&after=")
	typed, ok := strings.CutPrefix(typed, "q=")
	if !ok {
		return "", after, errNoSearch
	}
	if q, err = unescape(typed); err != nil {
		return "", after, err
	}
	if part {
		if after, err = parseNext(next); err != nil {
			return "", after, err
		}
	}
	if lower := strings.ToLower(q); len(q) == 64 && isHex(lower) {
		return lower, after, nil
	}
	return q, after, nil
}

var errNoSearch = errors.New("it is not q= and one value")

// unescape returns a value of a query, without space at its ends.
func unescape(typed string) (string, error) {
	if strings.ContainsAny(typed, "&;=") {
		return "", errNoSearch
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
	return q, nil
}

// parseNext reads where a page of names goes on.
func parseNext(typed string) (after ledger.NamedKey, err error) {
	s, err := unescape(typed)
	if err != nil {
		return after, err
	}
	name, digits, _ := strings.Cut(s, "+")
	b, err := hex.DecodeString(digits)
	if err != nil || hex.EncodeToString(b) != digits || record.CheckKeyName(name) != nil {
		return after, fmt.Errorf("after=%.140q is not the next of a page: a name, %%2B and a key", s)
	}
	key, err := note.ParsePublicKey(b)
	if err != nil {
		return after, fmt.Errorf("after=%.140q: %w", s, err)
	}
	return ledger.NamedKey{Name: name, Key: key}, nil
}

func isHex(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil
}

// Named returns what 64 hex digits or a key ([keyTyped]) name: the path, from the home page,
// of a contract, of another record, or of a key that signed something or is revoked; ""
// where the view has none of them.
func Named(view *ledger.View, q string) (path string, err error) {
	if pub, is, err := keyTyped(q); is && err == nil {
		return keyNamed(view, pub)
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
