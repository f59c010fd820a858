package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// What update leaves free in a dossier: one party alone can state things without end,
// and what decides how the contract stands has to find room all the same, today and
// later.
const (
	freeRecords = dossier.MaxRecords / 4
	freeBytes   = dossier.MaxHeld / 4
	maxFetches  = dossier.MaxRecords // of records in time lines: contracts made under a frame are asked for, and not kept
	maxLeft     = 64 * 256           // of a time line that are read and not here: 64 pages, and then it is "more than"
)

// follow fetches what belongs to the contract in place: what decides how it stands, and
// then what else was stated under it, under those that it took the place of, and under
// those that took its place.
func (u *updating) follow(ctx context.Context) error {
	h := hold(u.dossier)
	for _, r := range h.order {
		if r.Text().About == rules.AboutDispute && u.has(r.ID()) && !h.resolved(r.ID()) {
			u.unresolved[r.ID()] = true
		}
	}
	decided := make(map[record.ID]bool)
	if err := u.each(ctx, decided, u.decide); err != nil {
		return err
	}
	if err := u.each(ctx, make(map[record.ID]bool), u.fetchRest); err != nil {
		return err
	}
	return u.sayLeft()
}

// each does something with each contract of the chain that was not done, and settles
// what came of it.
func (u *updating) each(ctx context.Context, done map[record.ID]bool, do func(context.Context, *record.Record) error) error {
	for {
		next := u.undone(done)
		if next == nil {
			return nil
		}
		done[next.ID()] = true
		if err := errors.Join(do(ctx, next), u.settle(ctx)); err != nil {
			return err
		}
	}
}

// undone returns a contract, of the one in place and those that it took the place of,
// that is not done; nil if there is none.
func (u *updating) undone(done map[record.ID]bool) *record.Record {
	for r := u.dossier.InPlace(); r != nil; r = u.dossier.Record(r.Text().Replaces) {
		if u.dossier.Receipt(r.ID()) != nil && !done[r.ID()] {
			return r
		}
	}
	return nil
}

// decide fetches what decides how a contract stands: the contracts that it names, what
// ends it, the disputes that are open, the revocations of its keys, and by its time line
// what ended it before and what resolves the disputes that are here.
func (u *updating) decide(ctx context.Context, contract *record.Record) error {
	if err := u.named(ctx, contract); err != nil {
		return err
	}
	page, err := u.client.Contract(ctx, contract.ID(), nil)
	if err != nil {
		return err
	}
	for _, id := range append([]record.ID{page.By, page.Ends.By}, page.Disputes...) {
		if id == (record.ID{}) || u.has(id) {
			continue
		}
		if err := u.fetchUnder(ctx, contract.ID(), id, nil); err != nil {
			return err
		}
	}
	if err := u.revocations(ctx, contract); err != nil {
		return err
	}
	return u.walk(ctx, contract, page)
}

// named fetches the contracts that a registered one names and that are not there: whose
// place it took, and its frame; and those that they name.
func (u *updating) named(ctx context.Context, contract *record.Record) error {
	above := []*record.Record{contract}
	for len(above) > 0 {
		r := above[0]
		above = above[1:]
		for _, id := range []record.ID{r.Text().Replaces, r.Text().Under} {
			if id == (record.ID{}) || u.has(id) {
				continue
			}
			receipt, err := u.receiptOf(ctx, id, nil)
			if err != nil {
				return err
			}
			if receipt.Record.Text().Kind != record.Contract || receipt.Index >= u.index[r.ID()] {
				return fmt.Errorf("%s has %s %s as entry %d, and contract %s, entry %d, names it", u.client.URL(),
					receipt.Record.Text().Kind, id, receipt.Index, r.ID(), u.index[r.ID()])
			}
			u.take(receipt)
			above = append(above, receipt.Record)
		}
	}
	return nil
}

// walk reads the time line of a contract, from its first page on. What decides how it
// stands is fetched, and what else there is, remembered; contracts made under it are
// neither.
func (u *updating) walk(ctx context.Context, contract *record.Record, page *client.ContractPage) error {
	seen := make(map[record.ID]bool)
	for {
		for _, e := range page.Events {
			if seen[e.ID] {
				return fmt.Errorf("%s lists %s twice under contract %s", u.client.URL(), e.ID, contract.ID())
			}
			seen[e.ID] = true
			if err := u.event(ctx, contract, e); err != nil {
				return err
			}
		}
		if page.Next == nil {
			return nil
		}
		if u.listed > maxLeft {
			u.more = true
			return nil
		}
		var err error
		if page, err = u.client.Contract(ctx, contract.ID(), page.Next); err != nil {
			return err
		}
	}
}

// event fetches what stands in a time line, is not there and decides how the contract
// stands, and remembers what else does.
func (u *updating) event(ctx context.Context, contract *record.Record, e client.Event) error {
	if index, ok := u.index[e.ID]; ok {
		if index != e.Index {
			return fmt.Errorf("%s lists %s as entry %d, by its receipt it is entry %d", u.client.URL(), e.ID, e.Index, index)
		}
		return nil
	}
	u.listed++
	switch {
	case e.Relation == client.Under || u.passed[e.ID]:
		return nil
	case e.Relation != client.States && u.roomBeside(freeRecords, freeBytes), u.resolves(contract, e) && u.roomBeside(freeRecords/2, freeBytes/2):
		delete(u.unresolved, e.Answers)
		return u.fetchUnder(ctx, contract.ID(), e.ID, &e)
	}
	u.rest[contract.ID()] = append(u.rest[contract.ID()], e)
	return nil
}

// resolves says whether an entry is listed as the resolution, by all parties, of a
// dispute that is here. There is one of each dispute, so that this needs no room of
// which there is none.
func (u *updating) resolves(contract *record.Record, e client.Event) bool {
	return e.About == rules.AboutResolution && u.unresolved[e.Answers] && e.By == len(contract.Text().Parties)
}

// roomBeside says whether there is room for a record, and what stays free beside it.
func (u *updating) roomBeside(records int, bytes int64) bool {
	return u.room > records && u.bytes > bytes && u.fetches < maxFetches
}

// fetchRest fetches what was remembered of a contract, as far as there is room, or counts
// it.
func (u *updating) fetchRest(ctx context.Context, contract *record.Record) error {
	for _, e := range u.rest[contract.ID()] {
		var err error
		switch {
		case u.has(e.ID):
		case u.roomBeside(freeRecords, freeBytes):
			err = u.fetchUnder(ctx, contract.ID(), e.ID, &e)
		default:
			u.left++
			err = u.below(ctx, e.Index)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// below demands that an index that the ledger names is that of an entry of a tree that
// it signed.
func (u *updating) below(ctx context.Context, index uint64) error {
	if index < u.size {
		return nil
	}
	c, err := u.client.Checkpoint(ctx)
	if err != nil {
		return err
	}
	if u.size = max(u.size, c.Size); index >= u.size {
		return fmt.Errorf("%s names entry %d, and has signed a tree of %d", u.client.URL(), index, u.size)
	}
	return nil
}

func (u *updating) sayLeft() error {
	switch {
	case u.more:
		u.say("the ledger lists more than %d records that are not here, and the list was not read to its end: one file holds %d, and has to have room for what decides how the contract stands", maxLeft, dossier.MaxRecords)
	case u.left > 0:
		u.say("%s left out: one file holds %d, and has to have room for what decides how the contract stands",
			counted(u.left, "record was", "records were"), dossier.MaxRecords)
	}
	return nil
}

// has says whether the dossier has the receipt of a record, or is about to.
func (u *updating) has(id record.ID) bool {
	_, ok := u.index[id]
	return ok
}

// take has a receipt put into the dossier with the next that are settled.
func (u *updating) take(receipt *client.Receipt) {
	u.keeper.take(receipt)
	u.size = max(u.size, receipt.Checkpoint.Size)
	id := receipt.Record.ID()
	if !u.has(id) {
		u.index[id] = receipt.Index
		u.room--
		u.bytes -= int64(len(receipt.Record.Bytes()) + 2*len(receipt.Bytes)) // there will be a newer one
	}
}

// receiptOf fetches the receipt of what the ledger says that it has, at that index unless
// it is nil.
func (u *updating) receiptOf(ctx context.Context, id record.ID, index *uint64) (*client.Receipt, error) {
	u.fetches++
	receipt, err := u.client.Receipt(ctx, id)
	switch {
	case notThere(err):
		return nil, fmt.Errorf("%s names %s, and says that it does not have it", u.client.URL(), id)
	case err != nil:
		return nil, err
	case index != nil && receipt.Index != *index:
		return nil, fmt.Errorf("%s lists %s as entry %d, by its receipt it is entry %d", u.client.URL(), id, *index, receipt.Index)
	}
	return receipt, nil
}

// fetchUnder fetches a record that belongs to the contract, as it is listed; where e is
// nil, as the page names it: an open dispute may be one of those whose place it took.
func (u *updating) fetchUnder(ctx context.Context, contract, id record.ID, e *client.Event) error {
	var index *uint64
	if e != nil {
		index = &e.Index
	}
	receipt, err := u.receiptOf(ctx, id, index)
	if err != nil {
		return err
	}
	t := receipt.Record.Text()
	relation := relationTo(contract, t)
	older := e == nil && t.Kind == record.Statement && u.has(t.Contract)
	switch {
	case relation == "" && !older:
		return fmt.Errorf("%s says that %s %s belongs to contract %s, and it does not", u.client.URL(), t.Kind, id, contract)
	case e != nil && relation != e.Relation:
		return fmt.Errorf("%s lists %s %s as what %s contract %s, and it is what %s it", u.client.URL(), t.Kind, id, e.Relation, contract, relation)
	case relation == client.Under:
		return fmt.Errorf("%s says that contract %s decides how contract %s stands, and it is made under that", u.client.URL(), id, contract)
	case relation == client.Replaces && u.inTheWay(receipt.Record):
		u.passed[id] = true
		return nil
	}
	u.take(receipt)
	return nil
}

// relationTo returns what a record is to a contract; "" for nothing.
func relationTo(contract record.ID, t *record.Text) client.Relation {
	switch {
	case t.Kind == record.Statement && t.Contract == contract:
		return client.States
	case t.Kind == record.Termination && t.Contract == contract:
		return client.Terminates
	case t.Replaces == contract:
		return client.Replaces
	case t.Under == contract:
		return client.Under
	}
	return ""
}

// inTheWay says whether a draft in the dossier is about the contract whose place another
// took: a dossier is about one contract, so that other is not put in.
func (u *updating) inTheWay(first *record.Record) bool {
	draft, old := u.dossier.Contract(), first.Text().Replaces
	if u.has(draft.ID()) || draft.ID() == first.ID() || u.dossier.InPlace().ID() != old {
		return false
	}
	if from := first.Text().From; draft.Text().Replaces != old && from > record.DateOf(u.now().Unix()) {
		u.say("contract %s takes the place of %s from %s on; it is left out while the draft %.12s, which is made under that, is in this file", first.ID(), old, from, draft.ID())
		return true
	}
	why := no("contract %s takes the place of %s, and the draft %s, which is in this file, is made under that", first.ID(), old, draft.ID())
	if draft.Text().Replaces == old {
		u.beaten[draft.ID()] = fmt.Sprintf("contract %s is replaced by %s already", old, first.ID())
		why = no("%s came first: contract %s takes the place of %s, so the ledger refuses the draft %s", recordName(first), first.ID(), old, draft.ID())
	}
	u.failed = hint(why, "chirograph drop %s %.12s takes the draft out; update then fetches what came first, and that can be amended", plain(u.keeper.path), draft.ID())
	return true
}

// revocations fetches the revocation of each key that the contract lists.
func (u *updating) revocations(ctx context.Context, contract *record.Record) error {
	for _, k := range contract.Text().Signers() {
		page, err := u.client.Key(ctx, k.Public(), nil)
		if err != nil {
			return err
		}
		if page.RevokedBy == nil {
			continue
		}
		if err := u.revocation(ctx, k.Public(), *page.RevokedBy, page); err != nil {
			return err
		}
	}
	return nil
}

// revocation fetches the revocation of a key, which is that entry as the ledger says.
// The page is the first of the key.
func (u *updating) revocation(ctx context.Context, pub note.PublicKey, index uint64, page *client.KeyPage) error {
	if err := u.below(ctx, index); err != nil {
		return err
	}
	if index > 0 {
		before := index - 1
		var err error
		if page, err = u.client.Key(ctx, pub, &before); err != nil {
			return err
		}
	}
	if len(page.Records) == 0 || page.Records[0].Index != index {
		return fmt.Errorf("%s says that entry %d revokes key %s, and does not list it", u.client.URL(), index, pub.Fingerprint())
	}
	id := page.Records[0].ID
	if at, ok := u.index[id]; ok && at == index && u.revokes(u.dossier.Record(id), pub) {
		return nil
	}
	receipt, err := u.receiptOf(ctx, id, &index)
	if err != nil {
		return err
	}
	if !u.revokes(receipt.Record, pub) {
		return fmt.Errorf("%s says that %s %s revokes key %s, and it does not", u.client.URL(), receipt.Record.Text().Kind, id, pub.Fingerprint())
	}
	u.take(receipt)
	return nil
}

// revokes says whether a record, nil for none, is the revocation of the key.
func (u *updating) revokes(r *record.Record, pub note.PublicKey) bool {
	return r != nil && r.Text().Kind == record.Revocation && r.Text().Key.Public() == pub
}
