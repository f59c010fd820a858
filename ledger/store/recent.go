package store

import (
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// How much the writer remembers, so that it need not ask the database for each record.
const (
	recentIDs  = 1 << 14 // ids of the last entries, 1.5 MB: four queues of a ledger, and some batches
	latelyMost = 1 << 14 // keys that are not revoked, 1.5 MB, and keys with their names, 3 MB: the parties of most days
)

// An Absence says that the first entries of a log, so many, have no record of an id:
// somebody asked the database, outside of the goroutine that writes. The zero value says
// nothing.
type Absence struct {
	store *Store
	id    record.ID
	below uint64
}

// Absence is [State.Index], which proves to the writer what it says where the record is
// not there ([Batch.Knowing]).
func (s State) Absence(id record.ID) (a Absence, index uint64, ok bool, err error) {
	var look presence
	has, err := look.has(s.store, recordKey(id))
	_ = s.store.call(look.close) // says what has said
	if err != nil {
		return Absence{}, 0, false, err
	}
	if has {
		if index, ok, err = s.Index(id); err != nil || ok {
			return Absence{}, index, ok, err
		}
	}
	return Absence{s.store, id, s.size}, 0, false, nil
}

// Knowing returns the batch as the rules' state for a record of which somebody knows
// where it is not. It answers as the batch does.
func (b *Batch) Knowing(a Absence) rules.State { return knowing{b, a} }

type knowing struct {
	*Batch
	absence Absence
}

// Index returns the index of the record of this id. Where the absence and the ids of
// the entries since say together that it is not there, the database is not asked.
func (k knowing) Index(id record.ID) (index uint64, ok bool, err error) {
	s, a := k.store, k.absence
	if k.overlay.records[id] == nil && a.store == s && a.id == id && s.recent.since(a.below) && !s.recent.has(id) {
		return 0, false, nil
	}
	// One that is registered too: what memory says of it is compared with the entry.
	return k.Batch.Index(id)
}

// recent has the ids of the entries from number first on, as many as recentIDs. It is
// for the goroutine that writes.
type recent struct {
	first, next uint64
	ids         map[record.ID]uint64 // the number of the entry
	order       []record.ID          // that of entry n is at n % recentIDs
}

// begin forgets all: the next entry is number next.
func (r *recent) begin(next uint64) {
	*r = recent{first: next, next: next, ids: make(map[record.ID]uint64), order: make([]record.ID, recentIDs)}
}

// since says whether all entries from number n on are known.
func (r *recent) since(n uint64) bool { return r.ids != nil && n >= r.first }

func (r *recent) has(id record.ID) bool {
	_, ok := r.ids[id]
	return ok
}

// add adds the id of the next entry.
func (r *recent) add(id record.ID) {
	place := &r.order[r.next%recentIDs]
	if r.next-r.first == recentIDs {
		// Whoever asks no rule may have added it once more since.
		if r.ids[*place] == r.first {
			delete(r.ids, *place)
		}
		r.first++
	}
	r.ids[id], *place = r.next, id
	r.next++
}

// lately has keys of which the database said something that no entry changed since, at
// most latelyMost. The oldest makes room. It is for the goroutine that writes.
type lately[K comparable] struct {
	keys  map[K]int // the place in order
	order []K       // a place whose key has another, or none, is free
	next  int
}

func (v *lately[K]) has(key K) bool {
	_, ok := v.keys[key]
	return ok
}

func (v *lately[K]) add(key K) {
	if v.has(key) {
		return
	}
	if v.keys == nil {
		v.keys = make(map[K]int)
	}
	if len(v.order) < latelyMost {
		v.order = append(v.order, key)
	} else {
		if at, ok := v.keys[v.order[v.next]]; ok && at == v.next {
			delete(v.keys, v.order[v.next])
		}
		v.order[v.next] = key
	}
	v.keys[key] = v.next
	v.next = (v.next + 1) % latelyMost
}

// forget forgets a key.
func (v *lately[K]) forget(key K) { delete(v.keys, key) }

// remember has the writer know what a batch that is committed now has added.
func (s *Store) remember(o *overlay) {
	for _, id := range o.ids {
		s.recent.add(id)
	}
	for key := range o.revoked {
		s.valid.forget(key)
	}
	for n := range o.named {
		s.named.add(n)
	}
}
