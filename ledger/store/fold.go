package store

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// An overlay is what the entries of a batch add to the state, for the rules to read
// before it is committed.
type overlay struct {
	ids      []record.ID // of the entries, in their order
	records  map[record.ID]*rules.Entry
	revoked  map[note.PublicKey]uint64
	places   map[record.ID]rules.Place
	ends     map[record.ID][]rules.End
	disputes map[record.ID][]rules.Dispute // by chain: new ones, and old ones that are resolved now
	named    map[naming]bool
}

func newOverlay() overlay {
	return overlay{
		nil, make(map[record.ID]*rules.Entry), make(map[note.PublicKey]uint64), make(map[record.ID]rules.Place),
		make(map[record.ID][]rules.End), make(map[record.ID][]rules.Dispute), make(map[naming]bool),
	}
}

// fold adds what entry number index says to the rules' state and to the indexes. It
// is the only code that does; it depends on nothing but the entry and the state that
// those before it made, and it asks no rule: the entry is in the log.
func (b *Batch) fold(index uint64, registered int64, r *record.Record) error {
	effect, err := rules.Fold(b, index, registered, r)
	if err != nil {
		return err
	}
	signed := r.Signed()
	named, err := b.newNamings(signed)
	if err != nil {
		return err
	}
	id, kind := r.ID(), byte(r.Text().Kind)
	number := entryKey(index)[1:]

	b.time = registered
	b.overlay.ids = append(b.overlay.ids, id)
	b.overlay.records[id] = &rules.Entry{Index: index, Registered: registered, ID: id, Text: r.Text()}
	b.row(recordKey(id), append(number, kind))
	for _, key := range signed {
		b.row(signedKey(key.Public(), index), []byte{kind})
	}
	b.foldNames(index, id, named)
	if effect.Revokes != nil {
		b.overlay.revoked[*effect.Revokes] = index
		b.row(revokedKey(*effect.Revokes), number)
	}
	for _, contract := range []record.ID{effect.Contract, effect.Frame} {
		if contract != (record.ID{}) {
			b.row(historyKey(contract, index), []byte{kind})
		}
	}
	b.foldContract(id, effect)
	b.foldDisputes(effect)
	return nil
}

func (b *Batch) foldContract(id record.ID, effect rules.Effect) {
	if p := effect.Place; p != nil && p.Depth > 0 {
		b.overlay.places[id] = *p
		b.row(placeKey(id), binary.BigEndian.AppendUint64(slices.Clone(p.Chain[:]), p.Depth))
	}
	if e := effect.End; e != nil {
		b.overlay.ends[effect.Contract] = append(b.overlay.ends[effect.Contract], *e)
		b.row(endKey(effect.Contract, e.Replaces, e.Index), append(binary.BigEndian.AppendUint32(nil, uint32(e.Day)), e.ID[:]...))
	}
}

func (b *Batch) foldDisputes(effect rules.Effect) {
	if d := effect.Dispute; d != nil {
		b.foldDispute(effect.Chain, *d)
		b.row(openKey(effect.Chain, d.Depth, d.Index), d.ID[:])
	}
	if d := effect.Resolves; d != nil {
		b.foldDispute(effect.Chain, *d)
		b.settle(openKey(effect.Chain, d.Depth, d.Index))
		b.row(settledKey(effect.Chain, *d.Resolved), entryKey(d.Index)[1:])
	}
}

func (b *Batch) foldDispute(chain record.ID, d rules.Dispute) {
	same := func(old rules.Dispute) bool { return old.Index == d.Index }
	b.overlay.disputes[chain] = append(slices.DeleteFunc(b.overlay.disputes[chain], same), d)
	b.row(disputeKey(chain, d.Index), disputeValue(d))
}

// Index returns the index of the record of this id.
func (b *Batch) Index(id record.ID) (index uint64, ok bool, err error) {
	if e := b.overlay.records[id]; e != nil {
		return e.Index, true, nil
	}
	if has, err := b.ids.has(b.store, recordKey(id)); err != nil || !has {
		return 0, false, err
	}
	return b.state.Index(id)
}

// Lookup returns the registered record of this id, nil if there is none.
func (b *Batch) Lookup(id record.ID) (*rules.Entry, error) {
	if e := b.overlay.records[id]; e != nil {
		return e, nil
	}
	return b.state.Lookup(id)
}

// Revoked returns the index of the entry that revokes the key.
func (b *Batch) Revoked(key note.PublicKey) (index uint64, ok bool, err error) {
	if index, ok := b.overlay.revoked[key]; ok {
		return index, true, nil
	}
	if b.store.valid.has(key) {
		return 0, false, nil
	}
	index, ok, err = b.state.Revoked(key)
	if err == nil && !ok {
		b.store.valid.add(key)
	}
	return index, ok, err
}

// Place returns where a registered contract stands in its chain.
func (b *Batch) Place(contract record.ID) (rules.Place, error) {
	if p, ok := b.overlay.places[contract]; ok {
		return p, nil
	}
	return b.state.Place(contract)
}

// Ends returns what ends a contract: at most the one that replaces it, and the last
// termination.
func (b *Batch) Ends(contract record.ID) ([]rules.End, error) {
	ends, err := b.state.Ends(contract)
	return rules.LastEnds(append(ends, b.overlay.ends[contract]...)), err
}

// Dispute returns the dispute in a chain that is the entry of this index.
func (b *Batch) Dispute(chain record.ID, index uint64) (rules.Dispute, bool, error) {
	for _, d := range b.overlay.disputes[chain] {
		if d.Index == index {
			return d, true, nil
		}
	}
	return b.state.Dispute(chain, index)
}

// Disputes returns the open disputes of the contract at this place and of those
// before it in its chain, at most limit.
func (b *Batch) Disputes(at rules.Place, limit int) ([]rules.Dispute, error) {
	own := b.overlay.disputes[at.Chain]
	// Each of the batch may settle one of the store.
	open, err := b.state.Disputes(at, len(own)+min(limit, math.MaxInt-len(own)))
	for _, d := range own {
		open = slices.DeleteFunc(open, func(old rules.Dispute) bool { return old.Index == d.Index })
		if d.Resolved == nil && d.Depth <= at.Depth {
			open = append(open, d)
		}
	}
	slices.SortFunc(open, rules.CompareDisputes)
	return open[:min(len(open), limit)], err
}

// LastTime returns the time of the last entry in POSIX seconds, 0 if there is none.
func (b *Batch) LastTime() int64 { return b.time }
