package verify

import (
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// StatusFrom returns the status of a contract at time t, in POSIX seconds, as it
// follows from the items alone: those that hold, of the contract's ledger, in the
// order of their registration. The ledger may have others. Ok is false when the
// contract is not among them. The error is the [Contradiction] of the items.
func StatusFrom(items []Item, contract record.ID, t int64) (status rules.Status, ok bool, err error) {
	if f := Contradiction(items); f != nil {
		return status, false, f
	}
	sorted := append([]Item(nil), items...)
	SortByIndex(sorted)
	var known rules.Memory
	seen := make(map[record.ID]bool)
	i := indexOf(sorted, contract)
	if i < 0 || sorted[i].Record.Text().Kind != record.Contract {
		return status, false, nil
	}
	ledger := sorted[i].Record.Text().Ledger
	for _, item := range sorted {
		if !item.holds() || item.Record.Text().Ledger != ledger || seen[item.Record.ID()] {
			continue
		}
		seen[item.Record.ID()] = true
		if err := known.Add(item.Registration.Index, item.Registration.Registered, item.Record); err != nil {
			return status, false, err
		}
	}
	entry, err := known.Lookup(contract)
	if err != nil {
		return status, false, err
	}
	status, err = rules.StatusAt(&known, entry, t)
	return status, err == nil, err
}

func indexOf(items []Item, id record.ID) int {
	for i, item := range items {
		if item.holds() && item.Record.ID() == id {
			return i
		}
	}
	return -1
}

// holds says whether a record is registered, as far as the item goes.
func (i Item) holds() bool { return i.Registration != nil && i.Verdict != No }
