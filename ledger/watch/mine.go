package watch

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
)

// Mine is what somebody watches a ledger for. Records that concern these keys and
// contracts are told from the first entry of the log on, a key or contract that is added
// later too. Those that are there before a key is first watched are told as one, but a
// revocation of it.
type Mine struct {
	Keys      []note.PublicKey
	Contracts []record.ID        // with all that replaces them or that they replace, and that is registered
	Records   map[record.ID]bool // that are at hand, in dossiers: whether as registered; they are no news
	Receipts  []Held             // that are at hand, each whose tree the ledger's key signed is compared
}

// A scan is how far the log was searched for some keys and contracts.
type scan struct {
	Interests []string `json:"interests"` // sorted
	Next      uint64   `json:"next"`      // entries below were told
}

// saveEvery is after how many entries it is remembered how far a scan is: what is told
// twice after a crash is at most of so many, and a file is written so often.
const saveEvery = 4096

func keyInterest(k note.PublicKey) string  { return "key " + hex.EncodeToString(k.Bytes()) }
func contractInterest(id record.ID) string { return "contract " + id.String() }
func (s scan) has(interest string) bool {
	_, ok := slices.BinarySearch(s.Interests, interest)
	return ok
}
func (m *Mine) of(has func(string) bool) *Mine {
	some := &Mine{Records: m.Records}
	for _, k := range m.Keys {
		if has(keyInterest(k)) {
			some.Keys = append(some.Keys, k)
		}
	}
	for _, id := range m.Contracts {
		if has(contractInterest(id)) {
			some.Contracts = append(some.Contracts, id)
		}
	}
	return some
}

// scans returns what was remembered of those scans whose keys and contracts are still
// asked for, and one from the beginning for those that are new.
func (m *Mine) scans(old []scan) []scan {
	var asked []string
	for _, k := range m.Keys {
		asked = append(asked, keyInterest(k))
	}
	for _, id := range m.Contracts {
		asked = append(asked, contractInterest(id))
	}
	slices.Sort(asked)
	asked = slices.Compact(asked)
	var scans []scan
	for _, s := range old {
		s.Interests = slices.DeleteFunc(slices.Clone(s.Interests), func(i string) bool { return !slices.Contains(asked, i) })
		asked = slices.DeleteFunc(asked, s.has)
		scans = append(scans, s)
	}
	return join(append(scans, scan{Interests: asked}))
}

// join makes one of the scans that have come equally far, and orders them.
func join(scans []scan) []scan {
	slices.SortStableFunc(scans, func(a, b scan) int {
		switch {
		case a.Next < b.Next:
			return -1
		case a.Next > b.Next:
			return 1
		}
		return 0
	})
	var joined []scan
	for _, s := range scans {
		if last := len(joined) - 1; last >= 0 && joined[last].Next == s.Next {
			joined[last].Interests = slices.Concat(joined[last].Interests, s.Interests)
			slices.Sort(joined[last].Interests)
			continue
		}
		if len(s.Interests) > 0 {
			joined = append(joined, s)
		}
	}
	return joined
}

// tellMine tells the records of the copy that concern what is mine and were not told.
func (w *Watcher) tellMine(ctx context.Context, m *Mine) error {
	kept, err := w.kept()
	if err != nil || kept == nil {
		return err // of what was there at the first look, nothing is known yet
	}
	size := w.store.Head().Checkpoint.Size
	w.lookFirst(m, w.state.Scans, kept.Size)
	w.state.Scans = m.scans(w.state.Scans)
	for len(w.state.Scans) > 0 && w.state.Scans[0].Next < size {
		first := &w.state.Scans[0]
		end := min(size, first.Next+saveEvery)
		if len(w.state.Scans) > 1 {
			end = min(end, w.state.Scans[1].Next)
		}
		if err := w.tellSome(m, first, end); err != nil {
			return err
		}
		w.state.Scans = join(w.state.Scans)
		if err := w.state.write(w.cfg.Dir); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return w.tellFirst()
}

// tellSome goes on with the scan that is behind all others, which have told what
// concerns theirs.
func (w *Watcher) tellSome(m *Mine, s *scan, end uint64) error {
	search, err := w.searchFor(m.of(s.has))
	if err != nil {
		return err
	}
	others, err := w.searchFor(m.of(func(i string) bool { return !s.has(i) }))
	if err != nil {
		return err
	}
	for ; s.Next < end; s.Next++ {
		r, err := w.store.Registered(s.Next)
		if err != nil {
			return err
		}
		e, err := search.about(r)
		if err != nil {
			return err
		}
		if e == nil {
			continue
		}
		told, err := others.about(r)
		if err != nil {
			return err
		}
		if told != nil && (told.Severity == Alarm || e.Severity == Info) || w.sumUp(r, *e) {
			continue
		}
		if err := w.tell(*e, nil); err != nil {
			return err
		}
	}
	return nil
}

// A search finds what concerns some keys and contracts.
type search struct {
	*Mine
	state  store.State
	chains map[record.ID]bool // the first contracts of theirs
}

func (w *Watcher) searchFor(m *Mine) (*search, error) {
	s := &search{m, w.store.State(w.store.Head()), make(map[record.ID]bool)}
	for _, id := range m.Contracts {
		place, err := s.state.Place(id)
		if err != nil {
			return nil, err
		}
		s.chains[place.Chain] = true
	}
	return s, nil
}

// about returns what is to be told of a record, nil for nothing.
func (s *search) about(r store.Registered) (*Event, error) {
	if len(s.Keys) == 0 && len(s.Contracts) == 0 {
		return nil, nil
	}
	id, text := r.Record.ID(), r.Record.Text()
	registered, have := s.Records[id]
	e := &Event{Index: &r.Index, ID: id.String(), Severity: Alarm}
	key, signed := s.key(r.Record)
	what := fmt.Sprintf("%s %s, entry %d", describe(text), id, r.Index)
	switch {
	case text.Kind == record.Revocation && key != nil && !registered:
		e.Kind = Revocation
		e.Text = fmt.Sprintf("%s: your key %s is revoked (%s), and signs nothing more", what, nameOf(*key), text.Reason)
	case signed && !have:
		e.Kind, e.key = Key, key
		e.Text = fmt.Sprintf("a record signed by your key %s that you do not have: %s; if you did not sign it, the key is in other hands", nameOf(*key), what)
	case !registered:
		kind, severity, of, party, err := s.under(text)
		switch {
		case err != nil:
			return nil, err
		case kind != "":
			e.Kind, e.Severity, e.key, e.Text = kind, severity, party, fmt.Sprintf("%s: %s", of, what)
		case key != nil && !have:
			e.Kind, e.Severity, e.key, e.Text = Named, Info, key, fmt.Sprintf("your key %s is named in a record that you do not have: %s", nameOf(*key), what)
		default:
			return nil, nil
		}
	default:
		return nil, nil
	}
	return e, nil
}

// key returns a key of mine that the record names, nil if it names none: one that signed
// it, if any did.
func (s *search) key(r *record.Record) (named *note.Key, signed bool) {
	for _, k := range r.Text().Signers() {
		if !slices.Contains(s.Keys, k.Public()) {
			continue
		}
		if r.SignedBy(k.Public()) {
			return &k, true
		}
		if named == nil {
			named = &k
		}
	}
	return named, false
}

// under returns what a record is to a contract of mine, "" for nothing; where it is mine
// only because a key of mine is a party to it, that key.
func (s *search) under(text *record.Text) (kind string, severity Severity, of string, party *note.Key, err error) {
	contract := text.Contract
	if text.Kind == record.Contract {
		contract = text.Replaces
	}
	if contract == (record.ID{}) {
		return "", "", "", nil, nil
	}
	mine, party, err := s.concerns(contract)
	if err != nil || !mine {
		return "", "", "", nil, err
	}
	kind, severity, of = Statement, Info, fmt.Sprintf("under contract %s of yours", contract)
	switch {
	case text.Kind == record.Contract:
		kind, of = Amendment, fmt.Sprintf("contract %s of yours is replaced", contract)
	case text.Kind == record.Termination:
		kind, severity, of = Termination, Alarm, fmt.Sprintf("contract %s of yours is terminated", contract)
	case text.About == rules.AboutDispute:
		kind, severity, of = Dispute, Alarm, "DISPUTE "+of
	case text.About == rules.AboutResolution:
		kind, severity, of = Resolution, Alarm, "RESOLUTION "+of
	}
	return kind, severity, of, party, nil
}

// concerns says whether a registered contract is in the chain of one of mine, or, which
// it returns, one that a key of mine is a party to.
func (s *search) concerns(contract record.ID) (mine bool, party *note.Key, err error) {
	place, err := s.state.Place(contract)
	if err != nil || s.chains[place.Chain] {
		return err == nil, nil, err
	}
	if len(s.Keys) == 0 {
		return false, nil, nil
	}
	e, err := s.state.Lookup(contract)
	if err != nil || e == nil {
		return false, nil, err
	}
	for _, p := range e.Text.Parties {
		for _, k := range p.Keys {
			if slices.Contains(s.Keys, k.Public()) {
				return true, &k, nil
			}
		}
	}
	return false, nil, nil
}

func nameOf(k note.Key) string { return fmt.Sprintf("%s (%s)", k.Name(), k.Public().Fingerprint()) }

// describe says what a record is and by whom, in words of the record that are tokens.
func describe(text *record.Text) string {
	var roles []string
	for _, p := range text.Parties {
		roles = append(roles, p.Role)
	}
	what := text.Kind.String()
	if text.Kind == record.Statement {
		what += " about " + text.About
	}
	if len(roles) > 0 {
		what += " by " + strings.Join(roles, ", ")
	}
	return what
}
