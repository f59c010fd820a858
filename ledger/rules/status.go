package rules

import (
	"fmt"
	"math"

	"github.com/chirograph/chirograph/ledger/record"
)

// A Standing is how a contract stands on a day.
type Standing string

const (
	Pending    Standing = "pending"    // registered, and its first day is still to come
	InForce    Standing = "in force"   //
	Expired    Standing = "expired"    // its last day is over
	Replaced   Standing = "replaced"   // another contract took its place
	Terminated Standing = "terminated" // parties ended it
)

// Known says whether s is one of the five.
func (s Standing) Known() bool {
	return s == Pending || s == InForce || s == Expired || s == Replaced || s == Terminated
}

// A Status is how a contract stands on a day.
type Status struct {
	Standing Standing
	Since    record.Date // first day of this standing; of a pending contract its first day in force, which is to come
	By       record.ID   // the contract that replaced it, the termination that ended it
	Recorded record.Date // the day on which what makes it stand so was registered, where that is after Since; else zero
	Ends     Ending      // that is to come, by what is registered; zero for none, and for a contract that has ended
	Disputes []Dispute   // that are open, of the contract and of those it replaced, in the order of [State.Disputes]
}

// StatusAt returns the status of a contract in the state s, on the day of time t in
// POSIX seconds. It is a pure function of these.
func StatusAt(s State, contract *Entry, t int64) (Status, error) {
	return StatusWithin(s, contract, t, math.MaxInt)
}

// StatusWithin is StatusAt with the first of the disputes, at most limit. Of a store it
// costs the same whatever the history: a few reads, and one for each dispute.
func StatusWithin(s State, contract *Entry, t int64, limit int) (Status, error) {
	ends, err := s.Ends(contract.ID)
	if err != nil {
		return Status{}, err
	}
	status := standing(contract, ends, record.DateOf(t))
	if status.Recorded, err = recorded(s, contract, status); err != nil {
		return Status{}, err
	}
	place, err := s.Place(contract.ID)
	if err != nil {
		return Status{}, err
	}
	if status.Disputes, err = s.Disputes(place, limit); err != nil {
		return Status{}, err
	}
	return status, nil
}

// recorded returns the day on which what makes the contract stand so was registered,
// zero unless that is after the day from which it stands so.
func recorded(s State, contract *Entry, st Status) (record.Date, error) {
	if st.By != (record.ID{}) {
		e, err := s.Lookup(st.By)
		if err != nil || e == nil {
			return 0, err
		}
		contract = e
	}
	if day := record.DateOf(contract.Registered); day > st.Since {
		return day, nil
	}
	return 0, nil
}

// standing is StatusAt without the disputes and without what was registered when.
func standing(contract *Entry, ends []End, today record.Date) Status {
	end := ending(contract.Text, ends)
	if end.Day != 0 && end.Day <= today {
		return Status{Standing: end.How, Since: end.Day, By: end.By}
	}
	status := Status{Standing: InForce, Since: startDay(contract.Text, contract.Registered), Ends: end}
	if today < status.Since {
		status.Standing = Pending
	}
	return status
}

// String says the status in words, without the disputes: both days where it was made
// to begin before it was registered, and the end that is to come.
func (s Status) String() string {
	text := s.today()
	switch {
	case s.Standing == Pending && s.Ends.Day != 0 && s.Ends.Day <= s.Since:
		text += ": never in force"
	case s.Standing == Pending:
		text += fmt.Sprintf(": in force from %s on", s.Since)
	case s.Recorded != 0:
		text += fmt.Sprintf(", as was registered on %s", s.Recorded)
	}
	if s.Ends.Day != 0 {
		text += "; ends: " + s.Ends.String()
	}
	return text
}

// today says how the contract stands on the day, and not what comes.
func (s Status) today() string {
	switch s.Standing {
	case Pending:
		return "pending"
	case Replaced, Terminated:
		return fmt.Sprintf("%s by %s since %s", s.Standing, s.By, s.Since)
	}
	return fmt.Sprintf("%s since %s", s.Standing, s.Since)
}
