package store

import "github.com/chirograph/chirograph/ledger/record"

// fold adds what entry number index says to the rules' state and to the indexes. It
// is the only code that does, it depends on nothing but the entry and the state that
// those before it made, and it asks no rule: the entry is in the log.
func (b *Batch) fold(index uint64, registered int64, r *record.Record) {
	id, text := r.ID(), r.Text()
	number := entryKey(index)[1:]

	b.time = registered
	b.records[id] = index
	b.set(recordKey(id), append(number, byte(text.Kind)))
	for _, key := range r.Signed() {
		b.set(signedKey(key.Public(), index), []byte{byte(text.Kind)})
	}
	if text.Kind == record.Revocation {
		key := text.Key.Public()
		b.revoked[key] = index
		b.set(revokedKey(key), number)
	}
}
