package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/chirograph/chirograph/crypto/expanded"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// A checker reads records, and checks their signatures, as the server does.
type checker struct {
	read  record.ReadKey
	check record.Check
}

// checkers are the ways to do so, which all give one answer.
var checkers = map[string]func() checker{
	"standard": func() checker { return checker{note.ParsePublicKey, note.PublicKey.Verify} },
	"expanded": func() checker {
		keys := expanded.New()
		return checker{keys.ParsePublicKey, keys.Verify}
	},
}

func checkerNames() []string { return slices.Sorted(maps.Keys(checkers)) }

func newChecker(name string) (checker, error) {
	if f, ok := checkers[name]; ok {
		return f(), nil
	}
	return checker{}, fmt.Errorf("there is no check %q, only %q", name, checkerNames())
}

// newBeliever returns a checker that every signature passes: for what is measured
// without.
func newBeliever() checker {
	return checker{expanded.New().ParsePublicKey, func(note.PublicKey, []byte, []byte) bool { return true }}
}

// open reads a record with at least one signature line, and checks every line.
func (c checker) open(b []byte) (*record.Record, error) {
	n, err := note.Parse(b)
	if err != nil {
		return nil, err
	}
	return record.OpenNote(n, c.read, c.check)
}

// verify says whether all signatures hold.
func (c checker) verify(list []signature) error {
	for _, s := range list {
		if !c.check(s.key, s.message, s.sig) {
			return fmt.Errorf("the signature of %s does not verify", s.key.Fingerprint())
		}
	}
	return nil
}

// A signature is what a check is asked about.
type signature struct {
	key          note.PublicKey
	message, sig []byte
}

// signatures returns those of records, with the keys read: what is left to do is to
// check them.
func signatures(list [][]byte) ([][]signature, error) {
	all := make([][]signature, len(list))
	read := newBeliever().read
	for i, b := range list {
		take := checker{read, func(key note.PublicKey, message, sig []byte) bool {
			all[i] = append(all[i], signature{key, message, sig})
			return true
		}}
		if _, err := take.open(b); err != nil {
			return nil, fmt.Errorf("record %d: %w", i, err)
		}
	}
	return all, nil
}
