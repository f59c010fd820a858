package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
)

// What update leaves free in a dossier: one party alone can state things without end,
// and what decides how the contract stands has to find room all the same, today and
// later.
const (
	freeRecords = dossier.MaxRecords / 4
	freeBytes   = dossier.MaxHeld / 4
	maxFetches  = dossier.MaxRecords // of records in time lines: contracts made under a frame are asked for, and not kept
	maxLeft     = 64 * 256           // that are counted: 64 pages, and then it is "more than"
)

// follow fetches what belongs to the contract in place: what decides how it stands, and
// then what else was stated under it, under those that it took the place of, and under
// those that took its place.
func (u *updating) follow(ctx context.Context) error {
	decided, walked := make(map[record.ID]bool), make(map[record.ID]bool)
	for {
		if err := u.each(ctx, decided, u.decide); err != nil {
			return err
		}
		if err := u.each(ctx, walked, u.walk); err != nil {
			return err
		}
		if u.undone(decided) == nil {
			return u.sayLeft()
		}
	}
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
// ends it, the disputes that are open, and the revocations of its keys.
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
	return u.revocations(ctx, contract)
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
			receipt, err := u.listed(ctx, id, nil)
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

// walk fetches the time line of a contract, but for the contracts made under it, as far
// as there is room.
func (u *updating) walk(ctx context.Context, contract *record.Record) error {
	seen := make(map[record.ID]bool)
	var after *uint64
	for {
		page, err := u.client.Contract(ctx, contract.ID(), after)
		if err != nil {
			return err
		}
		for _, e := range page.Events {
			if seen[e.ID] {
				return fmt.Errorf("%s lists %s twice under contract %s", u.client.URL(), e.ID, contract.ID())
			}
			seen[e.ID] = true
			if err := u.event(ctx, contract.ID(), e); err != nil {
				return err
			}
		}
		if after = page.Next; after == nil || u.left > maxLeft {
			return nil
		}
	}
}

// event fetches what stands in a time line and is not there, or counts it.
func (u *updating) event(ctx context.Context, contract record.ID, e client.Event) error {
	if index, ok := u.index[e.ID]; ok {
		if index != e.Index {
			return fmt.Errorf("%s lists %s as entry %d, by its receipt it is entry %d", u.client.URL(), e.ID, e.Index, index)
		}
		return nil
	}
	if u.room > freeRecords && u.bytes > freeBytes && u.fetches < maxFetches {
		return u.fetchUnder(ctx, contract, e.ID, &e.Index)
	}
	u.left++
	return u.below(ctx, e.Index)
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
	case u.left > maxLeft:
		u.say("more than %d records were left out: one file holds %d, and has to have room for what decides how the contract stands", maxLeft, dossier.MaxRecords)
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

// listed fetches the receipt of what the ledger says that it has, at that index unless
// it is nil.
func (u *updating) listed(ctx context.Context, id record.ID, index *uint64) (*client.Receipt, error) {
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

// fetchUnder fetches a record that belongs to the contract: an open dispute may be one
// of those whose place it took.
func (u *updating) fetchUnder(ctx context.Context, contract, id record.ID, index *uint64) error {
	receipt, err := u.listed(ctx, id, index)
	if err != nil {
		return err
	}
	t := receipt.Record.Text()
	older := index == nil && t.Kind == record.Statement && u.has(t.Contract)
	if t.Contract != contract && t.Replaces != contract && !older {
		if t.Under == contract {
			return nil
		}
		return fmt.Errorf("%s says that %s %s belongs to contract %s, and it does not", u.client.URL(), t.Kind, id, contract)
	}
	if t.Replaces == contract && u.inTheWay(receipt.Record) {
		return nil
	}
	u.take(receipt)
	return nil
}

// inTheWay says whether a draft in the dossier is about the contract whose place another
// took: a dossier is about one contract, so that other is not put in.
func (u *updating) inTheWay(first *record.Record) bool {
	draft, old := u.dossier.Contract(), first.Text().Replaces
	if u.has(draft.ID()) || draft.ID() == first.ID() || u.dossier.InPlace().ID() != old {
		return false
	}
	why := no("contract %s takes the place of %s, and the draft %s, which is in this file, is made under that", first.ID(), old, draft.ID())
	if draft.Text().Replaces == old {
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
	receipt, err := u.listed(ctx, id, &index)
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
