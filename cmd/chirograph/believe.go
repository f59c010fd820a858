package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// A fact is a registered record, by a receipt that holds.
type fact struct {
	index      uint64
	registered int64 // POSIX seconds
	record     *record.Record
}

// believe returns nil when what the page of a contract says of its status follows, on
// this day, from receipts: that of the contract, those of the dossier, and those of the
// records that the page names, which are fetched, and whose trees are of one history. What the ledger leaves out altogether
// nobody sees here.
func (a *app) believe(ctx context.Context, q *question, contract *client.Receipt, page *client.ContractPage) error {
	facts, err := q.facts(ctx, contract, page)
	if err != nil {
		return err
	}
	var known rules.Memory
	for _, f := range facts {
		if err := known.Add(f.index, f.registered, f.record); err != nil {
			return fmt.Errorf("%s: %w", q.client.URL(), err)
		}
	}
	entry, err := known.Lookup(q.id)
	if err != nil {
		return err
	}
	// The ledger's clock may be another, and behind a cache an answer is some seconds old.
	now := a.now().Unix()
	if day := record.DateOf(page.Time); day < record.DateOf(now-rules.Skew) || day > record.DateOf(now+rules.Skew) {
		return hint(fmt.Errorf("%s says how contract %s stood at %s, and it is %s", q.client.URL(), q.id, record.FormatTime(page.Time), record.FormatTime(now)),
			"is the clock of this computer right?")
	}
	st, err := rules.StatusAt(&known, entry, page.Time)
	if err != nil {
		return err
	}
	claimed := rules.Status{Standing: page.Standing, Since: page.Since, By: page.By, Recorded: page.Recorded, Ends: page.Ends}
	if st.Standing != claimed.Standing || st.Since != claimed.Since || st.By != claimed.By || st.Recorded != claimed.Recorded || st.Ends != claimed.Ends {
		return hint(fmt.Errorf("%s says that contract %s is %s; by the receipts it is %s", q.client.URL(), q.id, claimed, st),
			"it may be an older answer: ask again; chirograph update, then show, says how it stands by the receipts alone")
	}
	return q.disputed(&known, st.Disputes, page)
}

// facts returns what is known of a contract, in the order of the log.
func (q *question) facts(ctx context.Context, contract *client.Receipt, page *client.ContractPage) ([]fact, error) {
	facts := []fact{{contract.Index, contract.Registered, contract.Record}}
	seen := map[record.ID]bool{q.id: true}
	if q.dossier != nil {
		for _, r := range q.dossier.Records() {
			if receipt := q.dossier.Receipt(r.ID()); receipt != nil && !seen[r.ID()] && r.Text().Ledger == q.client.Ledger() {
				seen[r.ID()] = true
				facts = append(facts, fact{receipt.Proof.Index, receipt.Entry.Registered, r})
			}
		}
	}
	for _, id := range []record.ID{page.By, page.Ends.By} {
		if id == (record.ID{}) || seen[id] {
			continue
		}
		seen[id] = true
		receipt, err := q.client.Receipt(ctx, id)
		if notThere(err) {
			return nil, fmt.Errorf("%s says that %s ends contract %s, and that it does not have it", q.client.URL(), id, q.id)
		}
		if err != nil {
			return nil, err
		}
		if err := q.onePast(ctx, receipt); err != nil {
			return nil, err
		}
		facts = append(facts, fact{receipt.Index, receipt.Registered, receipt.Record})
	}
	slices.SortFunc(facts, func(a, b fact) int { return cmp.Compare(a.index, b.index) })
	return facts, nil
}

// disputed demands that no dispute that the page calls open is known to be resolved, or
// to be something else.
func (q *question) disputed(known *rules.Memory, open []rules.Dispute, page *client.ContractPage) error {
	for _, id := range page.Disputes {
		entry, err := known.Lookup(id)
		if err != nil {
			return err
		}
		if entry != nil && !slices.ContainsFunc(open, func(d rules.Dispute) bool { return d.ID == id }) {
			return fmt.Errorf("%s says that dispute %s is open; by the receipts in %s it is not", q.client.URL(), id, plain(q.path))
		}
	}
	return nil
}
