package ledgertest

import (
	"sync"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// made has the records that Signed has made, up to madeMost of them: the contracts of one
// Fake are those of the next, and most of what a test of one costs is signatures.
var made struct {
	sync.Mutex
	of      map[string]*record.Record // by what they are made of
	records map[string]*record.Record // by their bytes
}

// madeMost is more than the longest log of a test has.
const madeMost = 12_000

// makeOnce returns the record of that text and those signers that it has returned before,
// else what is made.
func makeOnce(t *record.Text, by []Signer, make func() *record.Record) *record.Record {
	of := string(t.Bytes())
	for _, s := range by {
		of += s.String() + "\n"
	}
	made.Lock()
	r := made.of[of]
	made.Unlock()
	if r != nil {
		return r
	}
	r = make()
	made.Lock()
	defer made.Unlock()
	if made.of == nil {
		made.of, made.records = map[string]*record.Record{}, map[string]*record.Record{}
	}
	if len(made.of) < madeMost {
		made.of[of], made.records[string(r.Bytes())] = r, r
	}
	return r
}

// open returns what an entry has: the signatures that Signed has made are checked already.
// There is no record in what cannot be folded.
func open(entry []byte) (registered int64, r *record.Record) {
	if e, err := record.ParseEntry(entry); err == nil && len(entry) <= record.MaxEntry {
		made.Lock()
		r = made.records[string(e.Record)]
		made.Unlock()
		if r != nil {
			return e.Registered, r
		}
	}
	e := verify.OpenEntry(entry)
	return e.Registered, e.Record
}
