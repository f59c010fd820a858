package store

import (
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2"
)

// ids says of ids whether the database has a row of them, of many in turn, as it was at
// the first. The zero value was not asked yet.
//
// It asks filters, also of the last level, where nearly all ids are: Pebble's Get asks
// none there, and reads a block for each id that is new.
type ids struct {
	it *pebble.Iterator
}

// has says whether there is a row of an id. What is in it, and whether it is true, is
// [State.Find]'s to say.
func (i *ids) has(s *Store, id record.ID) (bool, error) {
	if i.it == nil {
		it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{'r'}, UpperBound: []byte{'r' + 1}, UseL6Filters: true})
		if err != nil {
			return false, err
		}
		i.it = it
	}
	if i.it.SeekPrefixGE(recordKey(id)) {
		return true, nil
	}
	return false, asOne(i.it.Error())
}

// close ends the looking. The error is nil, or that of a has. It is for [Store.call]: where
// a compaction has failed, who lets go of the last files that it read would wait for ever.
func (i *ids) close() error {
	if i.it == nil {
		return nil
	}
	it := i.it
	i.it = nil
	return asOne(it.Close())
}
