package verify

import (
	"cmp"
	"slices"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// Relate puts the items in the order of their registration and lets them judge each
// other. A statement, termination or amendment whose contract is among them is of
// that contract's parties, and registered after it, or fails. A contract whose frame
// is among them was made by a party of that, while it was in force as far as the
// items go, or fails. A record that a key signed after an entry that revokes it
// fails. A contract that another replaced, says so. The same entry may be there more
// than once. That the items contradict each other is for [Contradiction] to say.
func Relate(items []Item) {
	SortByIndex(items)
	k := knowledge{make(map[record.ID][]Item), make(map[ledgerKey]uint64), make(map[note.Key]*rules.Memory)}
	for _, item := range items {
		if item.Registration != nil {
			k.note(item)
		}
	}
	learned := 0
	for _, item := range items {
		// Of what is before it only: an entry does not end its own frame.
		for ; items[learned].order() < item.order(); learned++ {
			k.learn(items[learned])
		}
		if item.Registration != nil {
			item.relate(k)
		}
	}
}

// knowledge is what the items say that judges others.
type knowledge struct {
	records map[record.ID][]Item
	revoked map[ledgerKey]uint64       // by the entry
	states  map[note.Key]*rules.Memory // by ledger: of the records so far that hold
}

type ledgerKey struct {
	ledger note.Key
	key    note.PublicKey
}

func (k knowledge) note(i Item) {
	k.records[i.Record.ID()] = append(k.records[i.Record.ID()], i)
	t := i.Record.Text()
	if k.states[t.Ledger] == nil {
		k.states[t.Ledger] = new(rules.Memory)
	}
	if t.Kind != record.Revocation {
		return
	}
	key := ledgerKey{t.Ledger, t.Key.Public()}
	if _, ok := k.revoked[key]; !ok {
		k.revoked[key] = i.Registration.Index
	}
}

// learn adds what holds to the state, which refuses an entry that it has already. Of
// two pasts it takes one, whichever: nothing makes good their [Contradiction].
func (k knowledge) learn(i Item) {
	if i.holds() {
		_ = k.states[i.Record.Text().Ledger].Add(i.Registration.Index, i.Registration.Registered, i.Record)
	}
}

// relate judges the item. Of several faults the one stays that the rules name first.
func (i Item) relate(k knowledge) {
	good := i.checkUnder(k)
	good = i.checkRevoked(k.revoked) && good
	parent, lines := named(i.Record.Text())
	copies := k.records[parent]
	if len(copies) == 0 {
		return
	}
	if good = i.checkParties(copies[0], lines) && good; good && i.Record.Text().Kind == record.Contract {
		for _, old := range copies {
			old.Replaced = i.Record.ID().String()
		}
	}
}

// SortByIndex puts the items in the order of their registration, failures first.
func SortByIndex(items []Item) {
	slices.SortStableFunc(items, func(a, b Item) int { return cmp.Compare(a.order(), b.order()) })
}

func (i Item) order() uint64 {
	if i.Registration == nil {
		return 0
	}
	return i.Registration.Index
}

// named returns the contract whose party lines a text repeats, and these lines.
func named(t *record.Text) (record.ID, []record.Party) {
	if t.Kind == record.Contract {
		return t.Replaces, t.Former
	}
	return t.Contract, t.Parties
}

// checkUnder asks the rule of subcontracts, by what was registered before.
func (i Item) checkUnder(k knowledge) bool {
	t := i.Record.Text()
	copies := k.records[t.Under]
	if len(copies) == 0 {
		return true
	}
	frame := copies[0]
	if !i.checkEarlier(StepUnder, frame) {
		return false
	}
	entry := &rules.Entry{Index: frame.Registration.Index, Registered: frame.Registration.Registered, ID: t.Under, Text: frame.Record.Text()}
	if err := rules.CheckUnder(k.states[t.Ledger], entry, i.Registration.Registered, i.Record); err != nil {
		i.Fail(StepUnder, "contract %s breaks the rule %s", i.Record.ID(), err)
		return false
	}
	party, _ := rules.FrameParty(entry.Text, i.Record)
	i.prove("%s of contract %s, which this is made under, signed it with its keys there", party.Role, t.Under)
	i.settle(missingFrame(t.Under))
	return true
}

func (i Item) checkRevoked(revoked map[ledgerKey]uint64) bool {
	for _, k := range i.Record.Signed() {
		if at, ok := revoked[ledgerKey{i.Record.Text().Ledger, k.Public()}]; ok && at < i.Registration.Index {
			i.Fail(StepSignatures, "the key of %s, %s, was revoked by entry %d, this is entry %d", k.Name(), k.Public().Fingerprint(), at, i.Registration.Index)
			return false
		}
	}
	return true
}

// checkEarlier demands that what the record names is a contract that its ledger
// registered before it.
func (i Item) checkEarlier(step Step, contract Item) bool {
	t := contract.Record.Text()
	switch at := contract.Registration.Index; {
	case t.Kind != record.Contract:
		i.Fail(step, "contract %s is none, but a %s", contract.ID, t.Kind)
	case t.Ledger != i.Record.Text().Ledger:
		i.Fail(step, "contract %s is registered by another ledger, %s", contract.ID, t.Ledger.Name())
	case at >= i.Registration.Index:
		i.Fail(step, "contract %s was registered later, as entry %d, this is entry %d", contract.ID, at, i.Registration.Index)
	default:
		return true
	}
	return false
}

// checkParties demands that the lines are those of the contract: all, where they
// are those of one that is replaced, else some, in their order.
func (i Item) checkParties(contract Item, lines []record.Party) bool {
	t, amends := contract.Record.Text(), i.Record.Text().Kind == record.Contract
	fault := func(format string, args ...any) bool {
		i.Fail(StepSignatures, format, args...)
		return false
	}
	if !i.checkEarlier(StepSignatures, contract) {
		return false
	}
	rest := t.Parties
	for _, line := range lines {
		n := slices.IndexFunc(rest, func(p record.Party) bool { return p.String() == line.String() })
		if n < 0 || amends && n > 0 {
			return fault("%s is not so a party of contract %s, or not in this place", line.Role, contract.ID)
		}
		rest = rest[n+1:]
	}
	if amends && len(rest) > 0 {
		return fault("%s, a party of contract %s, is not among the former", rest[0].Role, contract.ID)
	}
	i.prove("its signers are parties of contract %s", contract.ID)
	i.settle(missingParties(contract.Record.ID()))
	return true
}
