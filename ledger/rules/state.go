package rules

import (
	"cmp"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// A State is what the entries of a log below a size say, read as the rules need it.
// What is not there is nil, false or empty; an error says that the state could not be
// read.
type State interface {
	// Index returns the entry that has the record of this id.
	Index(id record.ID) (index uint64, ok bool, err error)
	// Lookup returns the entry with what it says, nil if there is none.
	Lookup(id record.ID) (*Entry, error)
	// Revoked returns the entry that revokes the key.
	Revoked(key note.PublicKey) (index uint64, ok bool, err error)
	// Place returns where a registered contract stands in its chain.
	Place(contract record.ID) (Place, error)
	// Ends returns what ends a contract: at most the one that replaces it, and after
	// it the last termination, which has the least day of all.
	Ends(contract record.ID) ([]End, error)
	// Dispute returns the dispute in a chain that is the entry of this index.
	Dispute(chain record.ID, index uint64) (d Dispute, ok bool, err error)
	// Disputes returns the open disputes of the contract at this place and of those
	// before it in its chain, by depth, and of one depth in the order of the log: the
	// first of them, at most limit.
	Disputes(at Place, limit int) ([]Dispute, error)
	// LastTime returns the time of the last entry in POSIX seconds, 0 if there is none.
	LastTime() int64
}

// An Entry is a registered record, as the rules need it.
type Entry struct {
	Index      uint64
	Registered int64 // POSIX seconds
	ID         record.ID
	Text       *record.Text // shared, not to be changed
}

// A Place is where a contract stands among those that took each other's place. A
// contract is replaced once, so they form a chain, and of two in one chain the
// deeper came later.
type Place struct {
	Chain record.ID // the id of the first contract in the chain
	Depth uint64    // how many come before
}

// An End is an entry that ends a contract on a day: the contract that replaces it,
// or a termination.
type End struct {
	Index    uint64
	ID       record.ID
	Replaces bool        // a contract; else a termination
	Day      record.Date // first day no longer in force
}

// A Dispute is a statement about "dispute".
type Dispute struct {
	Index    uint64
	ID       record.ID
	Depth    uint64  // in the chain, of the contract that is disputed
	Resolved *uint64 // the entry that resolves it; nil while it is open
}

// CompareDisputes orders the disputes of a chain as [State.Disputes] does.
func CompareDisputes(a, b Dispute) int {
	return cmp.Or(cmp.Compare(a.Depth, b.Depth), cmp.Compare(a.Index, b.Index))
}

// An Effect is what one entry adds to the state, beside its index and its time.
// What is nil or zero it does not add.
type Effect struct {
	Place    *Place          // of the entry, a contract
	Contract record.ID       // that the entry ends, states, or replaces: in whose time line it stands
	Frame    record.ID       // under which the entry, a contract, is made
	End      *End            // of Contract
	Dispute  *Dispute        // in Chain
	Resolves *Dispute        // in Chain, now with Resolved
	Chain    record.ID       // of Dispute and Resolves
	Revokes  *note.PublicKey // by the entry
}

// Fold returns what an admitted record adds to the state s as entry number index,
// registered at time t. It is a pure function of these.
func Fold(s State, index uint64, t int64, r *record.Record) (Effect, error) {
	text := r.Text()
	switch text.Kind {
	case record.Contract:
		return foldContract(s, index, t, r)
	case record.Statement:
		return foldStatement(s, index, r)
	case record.Termination:
		return Effect{
			Contract: text.Contract,
			End:      &End{Index: index, ID: r.ID(), Day: effective(text, t)},
		}, nil
	default:
		key := text.Key.Public()
		return Effect{Revokes: &key}, nil
	}
}

func foldContract(s State, index uint64, t int64, r *record.Record) (Effect, error) {
	text := r.Text()
	e := Effect{Place: &Place{Chain: r.ID()}, Frame: text.Under}
	if text.Replaces == (record.ID{}) {
		return e, nil
	}
	old, err := s.Place(text.Replaces)
	if err != nil {
		return Effect{}, err
	}
	e.Place = &Place{Chain: old.Chain, Depth: old.Depth + 1}
	e.Contract = text.Replaces
	e.End = &End{Index: index, ID: r.ID(), Replaces: true, Day: startDay(text, t)}
	return e, nil
}

func foldStatement(s State, index uint64, r *record.Record) (Effect, error) {
	text := r.Text()
	e := Effect{Contract: text.Contract}
	if text.About != AboutDispute && (text.About != AboutResolution || text.Answers == record.ID{}) {
		return e, nil
	}
	place, err := s.Place(text.Contract)
	if err != nil {
		return Effect{}, err
	}
	e.Chain = place.Chain
	if text.About == AboutDispute {
		e.Dispute = &Dispute{Index: index, ID: r.ID(), Depth: place.Depth}
		return e, nil
	}
	contract, err := s.Lookup(text.Contract)
	if err != nil || contract == nil || len(text.Parties) < len(contract.Text.Parties) {
		return e, err
	}
	answered, err := s.Lookup(text.Answers)
	if err != nil || answered == nil {
		return e, err
	}
	d, ok, err := s.Dispute(place.Chain, answered.Index)
	if err != nil || !ok || d.Resolved != nil {
		return e, err
	}
	d.Resolved = &index
	e.Resolves = &d
	return e, nil
}

// What two statements are about that the state knows.
const (
	AboutDispute    = "dispute"
	AboutResolution = "resolution"
)

// startDay returns the first day in force of a contract registered at t.
func startDay(text *record.Text, t int64) record.Date {
	if text.From != 0 {
		return text.From
	}
	return record.DateOf(t)
}

// effective returns the first day no longer in force by a termination registered
// at t.
func effective(text *record.Text, t int64) record.Date {
	if text.Effective != 0 {
		return text.Effective
	}
	return record.DateOf(t)
}
