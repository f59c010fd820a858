package rules

import (
	"fmt"

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
	Since    record.Date // first day of this standing
	By       record.ID   // the contract that replaced it, the termination that ended it
	Disputes []Dispute   // that are open, of the contract and of those it replaced, in the order of the log
}

// StatusAt returns the status of a contract in the state s, on the day of time t in
// POSIX seconds. It is a pure function of these.
func StatusAt(s State, contract *Entry, t int64) (Status, error) {
	ends, err := s.Ends(contract.ID)
	if err != nil {
		return Status{}, err
	}
	status := standing(contract, ends, record.DateOf(t))
	place, err := s.Place(contract.ID)
	if err != nil {
		return Status{}, err
	}
	disputes, err := s.Disputes(place.Chain)
	if err != nil {
		return Status{}, err
	}
	for _, d := range disputes {
		if d.Depth <= place.Depth {
			status.Disputes = append(status.Disputes, d)
		}
	}
	return status, nil
}

// standing is StatusAt without the disputes. Of the days on which a contract ends the
// earliest stands; on a tie a replacement, then a termination, then its expiry.
func standing(contract *Entry, ends []End, day record.Date) Status {
	status := Status{Standing: InForce, Since: startDay(contract.Text, contract.Registered)}
	if day < status.Since {
		status = Status{Standing: Pending, Since: record.DateOf(contract.Registered)}
	}
	ended := record.Date(0)
	end := func(s Standing, since record.Date, by record.ID) {
		if since <= day && (ended == 0 || since < ended) {
			ended, status = since, Status{Standing: s, Since: since, By: by}
		}
	}
	for _, e := range ends {
		if e.Replaces {
			end(Replaced, e.Day, e.ID)
		}
	}
	for _, e := range ends {
		if !e.Replaces {
			end(Terminated, e.Day, e.ID)
		}
	}
	if contract.Text.Until != 0 {
		end(Expired, contract.Text.Until+1, record.ID{})
	}
	return status
}

// String says the status in words, without the disputes.
func (s Status) String() string {
	switch s.Standing {
	case Pending:
		return "pending"
	case Replaced:
		return fmt.Sprintf("replaced by %s since %s", s.By, s.Since)
	case Terminated:
		return fmt.Sprintf("terminated by %s since %s", s.By, s.Since)
	}
	return fmt.Sprintf("%s since %s", s.Standing, s.Since)
}
