package rules

import (
	"github.com/chirograph/chirograph/ledger/record"
)

// refers finds the contracts that a text names, and demands that its by and former
// lines are their party lines.
func refers(s State, text *record.Text) (refs references, err error) {
	switch text.Kind {
	case record.Contract:
		if refs.contract, err = contractOf(s, "replaces", text.Replaces); err != nil {
			return refs, err
		}
		if err := sameParties(refs.contract, text.Former); err != nil {
			return refs, err
		}
		refs.frame, err = contractOf(s, "under", text.Under)
		return refs, err
	case record.Statement, record.Termination:
		if refs.contract, err = contractOf(s, "contract", text.Contract); err != nil {
			return refs, err
		}
		if err := someParties(refs.contract, text.Parties); err != nil {
			return refs, err
		}
		return refs, answers(s, text)
	}
	return refs, nil
}

// contractOf returns the contract that a line names, nil if the text has no such
// line.
func contractOf(s State, keyword string, id record.ID) (*Entry, error) {
	if id == (record.ID{}) {
		return nil, nil
	}
	e, err := s.Lookup(id)
	switch {
	case err != nil:
		return nil, err
	case e == nil:
		return nil, refuse(Refers, "%s names %s, which is not registered", keyword, id)
	case e.Text.Kind != record.Contract:
		return nil, refuse(Refers, "%s names %s, which is a %s", keyword, id, e.Text.Kind)
	}
	return e, nil
}

// sameParties demands that former lines are all party lines of the contract.
func sameParties(contract *Entry, former []record.Party) error {
	if contract == nil {
		return nil
	}
	parties := contract.Text.Parties
	for i := range max(len(former), len(parties)) {
		switch {
		case i == len(former):
			return refuse(Refers, "former lacks %s, a party of contract %s", parties[i].Role, contract.ID)
		case i == len(parties) || !former[i].Equal(parties[i]):
			return refuse(Refers, "former %s is not so a party of contract %s, or not in this place", former[i].Role, contract.ID)
		}
	}
	return nil
}

// someParties demands that by lines are party lines of the contract, in its order.
func someParties(contract *Entry, by []record.Party) error {
	rest := contract.Text.Parties
	for _, p := range by {
		for len(rest) > 0 && !rest[0].Equal(p) {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return refuse(Refers, "by %s is not so a party of contract %s, or not in this order", p.Role, contract.ID)
		}
		rest = rest[1:]
	}
	return nil
}

// answers demands that what a statement answers is an earlier statement under the
// same contract, or under one that it replaces at any remove.
func answers(s State, text *record.Text) error {
	if text.Answers == (record.ID{}) {
		return nil
	}
	e, err := s.Lookup(text.Answers)
	switch {
	case err != nil:
		return err
	case e == nil:
		return refuse(Refers, "answers names %s, which is not registered", text.Answers)
	case e.Text.Kind != record.Statement:
		return refuse(Refers, "answers names %s, which is a %s", text.Answers, e.Text.Kind)
	case e.Text.Contract == text.Contract:
		return nil
	}
	theirs, err := s.Place(e.Text.Contract)
	if err != nil {
		return err
	}
	ours, err := s.Place(text.Contract)
	if err != nil {
		return err
	}
	if theirs.Chain != ours.Chain || theirs.Depth > ours.Depth {
		return refuse(Refers, "answers names a statement under contract %s, which is neither %s nor one that it replaces", e.Text.Contract, text.Contract)
	}
	return nil
}

// replaces demands that nothing took the contract's place, and that it is not over.
func replaces(s State, old *Entry, t int64) error {
	if old == nil {
		return nil
	}
	ends, err := s.Ends(old.ID)
	if err != nil {
		return err
	}
	for _, e := range ends {
		if e.Replaces {
			return refuse(Replaces, "contract %s is replaced by %s already, entry %d", old.ID, e.ID, e.Index)
		}
	}
	for _, e := range ends {
		if today := record.DateOf(t); e.Day <= today {
			return refuse(Replaces, "contract %s is terminated since %s by %s, entry %d; it is %s", old.ID, e.Day, e.ID, e.Index, today)
		}
	}
	return nil
}

// CheckUnder asks the rule Under of r, a contract made under the frame, as registered
// at time t, in POSIX seconds, after the entries that made s: whether the frame is in
// force then, and one of its parties signed. It returns nil, a [*Refusal], or the
// error of s. Of a state that lacks entries it refuses nothing that the whole admits.
func CheckUnder(s State, frame *Entry, t int64, r *record.Record) error {
	ends, err := s.Ends(frame.ID)
	if err != nil {
		return err
	}
	if st := standing(frame, ends, record.DateOf(t)); st.Standing != InForce {
		return refuse(Under, "the frame contract %s is %s, on %s", frame.ID, st.today(), record.DateOf(t))
	}
	if _, ok := FrameParty(frame.Text, r); !ok {
		return refuse(Under, "no party of the frame contract %s has signed with as many of its keys as it needs there", frame.ID)
	}
	return nil
}

// FrameParty returns the first party of a frame contract that signed r, under
// whatever role it has there, by its keys and its threshold in the frame.
func FrameParty(frame *record.Text, r *record.Record) (p record.Party, ok bool) {
	for _, p := range frame.Parties {
		signed := 0
		for _, k := range p.Keys {
			if r.SignedBy(k.Public()) {
				signed++
			}
		}
		if signed >= p.Threshold {
			return p, true
		}
	}
	return record.Party{}, false
}

// terminates demands that who ends the contract may, and from that day, and that it
// has not ended by then.
func terminates(s State, contract *Entry, t int64, text *record.Text) error {
	today, day, notice := record.DateOf(t), effective(text, t), 0
	if len(text.Parties) < len(contract.Text.Parties) {
		var err error
		if notice, err = noticeOf(contract, text.Parties); err != nil {
			return err
		}
	}
	if first := today + record.Date(notice); day < first {
		return refuse(Terminates, "effective is %s, it is %s and takes %d days' notice, so %s at the earliest", day, today, notice, first)
	}
	ends, err := s.Ends(contract.ID)
	if err != nil {
		return err
	}
	for _, e := range ends {
		if day < e.Day {
			continue
		}
		if e.Replaces {
			return refuse(Terminates, "effective is %s, contract %s is replaced from %s on by %s, entry %d", day, contract.ID, e.Day, e.ID, e.Index)
		}
		return refuse(Terminates, "effective is %s, contract %s is terminated from %s on by %s, entry %d", day, contract.ID, e.Day, e.ID, e.Index)
	}
	return nil
}

// noticeOf returns the days of notice with which the one party may end the contract.
func noticeOf(contract *Entry, by []record.Party) (days int, err error) {
	if len(by) != 1 {
		return 0, refuse(Terminates, "%d of %d parties end contract %s: all may, or one that is listed as terminable", len(by), len(contract.Text.Parties), contract.ID)
	}
	for _, n := range contract.Text.Terminable {
		if n.Role == by[0].Role {
			return n.Days, nil
		}
	}
	return 0, refuse(Terminates, "%s may not end contract %s alone: it is not listed as terminable", by[0].Role, contract.ID)
}
