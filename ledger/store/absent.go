package store

import "github.com/cockroachdb/pebble/v2"

// presence says of keys of one table whether the database has them, of many in turn, as
// it was at the first. The zero value was not asked yet.
//
// It asks filters, also of the last level, where nearly all ids are: Pebble's Get asks
// none there, and reads a block for each id that is new.
type presence struct {
	it *pebble.Iterator
}

// has says whether there is a row at a key. What is in it, and whether it is true, others
// say ([State.Find], [State.Names]).
func (p *presence) has(s *Store, key []byte) (bool, error) {
	if p.it == nil {
		it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{key[0]}, UpperBound: []byte{key[0] + 1}, UseL6Filters: true})
		if err != nil {
			return false, err
		}
		p.it = it
	}
	if p.it.SeekPrefixGE(key) {
		return true, nil
	}
	return false, asOne(p.it.Error())
}

// close ends the looking. The error is nil, or that of a has. It is for [Store.call]: where
// a compaction has failed, who lets go of the last files that it read would wait for ever.
func (p *presence) close() error {
	if p.it == nil {
		return nil
	}
	it := p.it
	p.it = nil
	return asOne(it.Close())
}
