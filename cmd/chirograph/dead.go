package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// latest returns the day that it is at least, by the ledger's own clock: that of the
// last entry that is known. What is over by then is so whatever the clock here says.
func (h *held) latest() record.Date { return record.DateOf(h.known.LastTime()) }

// dead says why a draft can't be registered any more, by the registered records here;
// "" for one that may be.
func (h *held) dead(r *record.Record) string {
	if h.Receipt(r.ID()) != nil {
		return ""
	}
	return h.refused(r.Text(), h.latest())
}

// refused says why the rules of admission (testvectors/FORMATS.md, section 4: replaces,
// under, terminates) refuse a draft on that day and on each that follows, by the
// registered records here; "" where they may not.
func (h *held) refused(t *record.Text, day record.Date) string {
	switch t.Kind {
	case record.Termination:
		return h.endsTooLate(t, day)
	case record.Contract:
		if why := h.cannotReplace(t.Replaces, day); why != "" {
			return why
		}
		return h.cannotBeUnder(t, day)
	}
	return ""
}

// ends returns what ends a contract: of a state in memory that never fails.
func (h *held) ends(contract record.ID) []rules.End {
	ends, _ := h.known.Ends(contract)
	return ends
}

// cannotReplace says why nothing takes the place of a contract any more.
func (h *held) cannotReplace(old record.ID, day record.Date) string {
	for _, e := range h.ends(old) {
		switch {
		case e.Replaces:
			return fmt.Sprintf("contract %s is replaced by %s already, entry %d", old, e.ID, e.Index)
		case e.Day <= day:
			return fmt.Sprintf("contract %s is terminated since %s by %s, entry %d", old, e.Day, e.ID, e.Index)
		}
	}
	return ""
}

// endsTooLate says why a termination ends nothing: its day is not before one on which
// the contract ends already. One without a day ends it on the day of registration.
func (h *held) endsTooLate(t *record.Text, day record.Date) string {
	if t.Effective != 0 {
		day = t.Effective
	}
	for _, e := range h.ends(t.Contract) {
		if day < e.Day {
			continue
		}
		how := rules.Terminated
		if e.Replaces {
			how = rules.Replaced
		}
		return fmt.Sprintf("it would end on %s, and contract %s is %s from %s on by %s, entry %d", day, t.Contract, how, e.Day, e.ID, e.Index)
	}
	return ""
}

// cannotBeUnder says why a contract is not made under its frame any more, or never
// could be.
func (h *held) cannotBeUnder(t *record.Text, day record.Date) string {
	st, ok, err := h.status(t.Under, day.Unix())
	if err != nil || !ok {
		return ""
	}
	frame := h.Record(t.Under).Text()
	switch {
	case t.Ledger != frame.Ledger:
		return fmt.Sprintf("it is for the ledger %s, and the frame contract %s is registered by %s", ledgerName(t.Ledger), t.Under, ledgerName(frame.Ledger))
	case over(st):
		return fmt.Sprintf("the frame contract %s is %s", t.Under, st)
	case !signsUnder(t, frame):
		return fmt.Sprintf("no party of the frame contract %s (%s) signs it with as many of its keys as it needs there", t.Under, partyKeys(frame.Parties))
	}
	return ""
}

// ledgerName names a ledger by what it is called and by its key.
func ledgerName(k note.Key) string {
	return fmt.Sprintf("%s (key %s)", k.Name(), k.Public().Fingerprint())
}

// signsUnder says whether a party of a frame contract can sign a text with the keys that
// it has there.
func signsUnder(t, frame *record.Text) bool {
	signers := t.Signers()
	for _, p := range frame.Parties {
		n := 0
		for _, k := range p.Keys {
			if slices.ContainsFunc(signers, func(s note.Key) bool { return s.Public() == k.Public() }) {
				n++
			}
		}
		if n >= p.Threshold {
			return true
		}
	}
	return false
}

// partyKeys names parties with their keys.
func partyKeys(parties []record.Party) string {
	var s []string
	for _, p := range parties {
		var keys []string
		for _, k := range p.Keys {
			keys = append(keys, k.Name())
		}
		s = append(s, p.Role+": "+strings.Join(keys, ", "))
	}
	return strings.Join(s, "; ")
}

// mayBe refuses to draft what by the records here can never be registered, and warns
// where only the clock of this computer says so.
func (a *app) mayBe(h *held, t *record.Text, advice string, args ...any) error {
	if why := h.refused(t, h.latest()); why != "" {
		return hint(no("%s", why), advice, args...)
	}
	if today := record.DateOf(a.now().Unix()); today > h.latest() {
		if why := h.refused(t, today); why != "" {
			a.say("warning: it is %s, and %s: the ledger will refuse this", today, why)
		}
	}
	return nil
}
