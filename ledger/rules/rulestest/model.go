package rulestest

import (
	"slices"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// An Entry is a record in a log.
type Entry struct {
	Time   int64 // POSIX seconds
	Record *record.Record
}

// A Model is a log as the list of its entries. Each question goes through the list
// from the start, and is answered as FORMATS.md, section 4, words it; m[:n] is the
// log of size n.
type Model []Entry

// A Status is what the page says of a contract on a day.
type Status struct {
	Standing string    // pending, in force, expired, replaced, terminated
	Since    int64     // days since 1970-01-01: the ending day, or the first in force
	By       record.ID // what replaced or terminated it
	Ends     *Status   // that is to come: with Standing, Since and By; nil for none, and of what has ended
	Disputes []uint64  // indexes of those that are open
}

const day = 24 * 60 * 60

// dayOf returns the date, as days since 1970-01-01, or that of t where there is none.
func dayOf(d record.Date, t int64) int64 {
	if d == 0 {
		return t / day
	}
	return d.Unix() / day
}

// find returns the index of a record, -1 for none.
func (m Model) find(id record.ID) int {
	return slices.IndexFunc(m, func(e Entry) bool { return e.Record.ID() == id })
}

// text returns the text of a registered record of that kind, or nil.
func (m Model) text(id record.ID, kind record.Kind) *record.Text {
	if i := m.find(id); i >= 0 && m[i].Record.Text().Kind == kind {
		return m[i].Record.Text()
	}
	return nil
}

// Judge names the first rule that forbids the text at time t in the ledger of that
// key, "" for none. The record is nil where a signature line of it is at fault.
func (m Model) Judge(ledger note.Key, t int64, text *record.Text, r *record.Record) string {
	switch {
	case text.Ledger != ledger:
		return "form"
	case m.find(text.ID()) >= 0:
		return "once"
	case !m.refers(text):
		return "refers"
	case len(m) > 0 && t < m[len(m)-1].Time, text.Made > t+300, text.SignBy != 0 && t > text.SignBy:
		return "time"
	case r == nil:
		return "signed"
	case m.anyRevoked(text, r):
		return "revoked"
	case !met(text, r):
		return "quorum"
	case text.Replaces != record.ID{} && !m.replaceable(text.Replaces, t):
		return "replaces"
	case text.Under != record.ID{} && !m.frameAllows(text.Under, t, r):
		return "under"
	case text.Kind == record.Termination && !m.mayEnd(text, t):
		return "terminates"
	}
	return ""
}

func lines(parties []record.Party) (list []string) {
	for _, p := range parties {
		list = append(list, p.String())
	}
	return list
}

func (m Model) refers(text *record.Text) bool {
	if text.Kind == record.Contract {
		old := m.text(text.Replaces, record.Contract)
		if text.Replaces != (record.ID{}) && (old == nil || !slices.Equal(lines(text.Former), lines(old.Parties))) {
			return false
		}
		return text.Under == record.ID{} || m.text(text.Under, record.Contract) != nil
	}
	if text.Kind == record.Revocation {
		return true
	}
	contract := m.text(text.Contract, record.Contract)
	if contract == nil {
		return false
	}
	last := -1
	for _, line := range lines(text.Parties) {
		i := slices.Index(lines(contract.Parties), line)
		if i <= last {
			return false
		}
		last = i
	}
	if text.Answers == (record.ID{}) {
		return true
	}
	answered := m.text(text.Answers, record.Statement)
	return answered != nil && slices.Contains(m.line(text.Contract), answered.Contract)
}

// line returns a contract, the one that it replaces, the one that this replaces, and
// so on.
func (m Model) line(contract record.ID) (ids []record.ID) {
	for contract != (record.ID{}) {
		ids = append(ids, contract)
		contract = m.text(contract, record.Contract).Replaces
	}
	return ids
}

func (m Model) revoked(key note.PublicKey) bool {
	return slices.ContainsFunc(m, func(e Entry) bool {
		return e.Record.Text().Kind == record.Revocation && e.Record.Text().Key.Public() == key
	})
}

func (m Model) anyRevoked(text *record.Text, r *record.Record) bool {
	for _, k := range r.Signed() {
		if m.revoked(k.Public()) {
			return true
		}
	}
	return text.Kind == record.Revocation && m.revoked(text.Key.Public())
}

// enough says whether as many keys of the line have signed as it says.
func enough(p record.Party, r *record.Record) bool {
	n := 0
	for _, s := range r.Signed() {
		for _, k := range p.Keys {
			if k.Public() == s.Public() {
				n++
			}
		}
	}
	return n >= p.Threshold
}

func met(text *record.Text, r *record.Record) bool {
	if text.Kind == record.Revocation {
		return len(r.Signed()) == 1
	}
	for _, p := range slices.Concat(text.Parties, text.Former) {
		if !enough(p, r) {
			return false
		}
	}
	return true
}

func (m Model) replaceable(old record.ID, t int64) bool {
	for _, e := range m {
		switch text := e.Record.Text(); {
		case text.Kind == record.Contract && text.Replaces == old:
			return false
		case text.Kind == record.Termination && text.Contract == old && dayOf(text.Effective, e.Time) <= t/day:
			return false
		}
	}
	return true
}

func (m Model) frameAllows(frame record.ID, t int64, r *record.Record) bool {
	return m.Status(frame, t).Standing == "in force" &&
		slices.ContainsFunc(m.text(frame, record.Contract).Parties, func(p record.Party) bool { return enough(p, r) })
}

func (m Model) mayEnd(text *record.Text, t int64) bool {
	contract := m.text(text.Contract, record.Contract)
	first := t / day
	if len(text.Parties) != len(contract.Parties) {
		days := -1
		for _, n := range contract.Terminable {
			if len(text.Parties) == 1 && n.Role == text.Parties[0].Role {
				days = n.Days
			}
		}
		if days < 0 {
			return false
		}
		first += int64(days)
	}
	effective := dayOf(text.Effective, t)
	for _, e := range m {
		switch other := e.Record.Text(); {
		case other.Kind == record.Contract && other.Replaces == text.Contract && effective >= dayOf(other.From, e.Time):
			return false
		case other.Kind == record.Termination && other.Contract == text.Contract && effective >= dayOf(other.Effective, e.Time):
			return false
		}
	}
	return effective >= first
}

// Status returns the status of a contract on the day of time t.
func (m Model) Status(contract record.ID, t int64) Status {
	i := m.find(contract)
	text, today := m[i].Record.Text(), t/day
	var ends []Status
	for _, e := range m {
		switch other := e.Record.Text(); {
		case other.Kind == record.Contract && other.Replaces == contract:
			ends = append(ends, Status{Standing: "replaced", Since: dayOf(other.From, e.Time), By: e.Record.ID()})
		case other.Kind == record.Termination && other.Contract == contract:
			ends = append(ends, Status{Standing: "terminated", Since: dayOf(other.Effective, e.Time), By: e.Record.ID()})
		}
	}
	if text.Until != 0 {
		ends = append(ends, Status{Standing: "expired", Since: dayOf(text.Until, 0) + 1})
	}
	order := []string{"replaced", "terminated", "expired"}
	var s Status
	for _, e := range ends {
		earlier := e.Since < s.Since || e.Since == s.Since && slices.Index(order, e.Standing) < slices.Index(order, s.Standing)
		if s.Standing == "" || earlier {
			s = e
		}
	}
	if s.Standing == "" || s.Since > today {
		coming := s
		if s = (Status{Standing: "in force", Since: dayOf(text.From, m[i].Time)}); coming.Standing != "" {
			s.Ends = &coming
		}
		if today < s.Since {
			s.Standing = "pending"
		}
	}
	s.Disputes = m.disputes(contract)
	return s
}

// disputes returns the open disputes under a contract and those that it replaces, of
// the first of these first.
func (m Model) disputes(contract record.ID) (open []uint64) {
	for _, c := range slices.Backward(m.line(contract)) {
		for i, e := range m {
			text := e.Record.Text()
			if text.About == "dispute" && text.Contract == c && !m.resolved(e.Record.ID()) {
				open = append(open, uint64(i))
			}
		}
	}
	return open
}

func (m Model) resolved(dispute record.ID) bool {
	return slices.ContainsFunc(m, func(e Entry) bool {
		text := e.Record.Text()
		return text.About == "resolution" && text.Answers == dispute &&
			slices.Equal(lines(text.Parties), lines(m.text(text.Contract, record.Contract).Parties))
	})
}

// History returns the indexes of the entries that name a contract as theirs, as the
// one that they replace, or as the one that they are under.
func (m Model) History(contract record.ID) (list []uint64) {
	for i, e := range m {
		text := e.Record.Text()
		if slices.Contains([]record.ID{text.Contract, text.Replaces, text.Under}, contract) {
			list = append(list, uint64(i))
		}
	}
	return list
}

// Contracts returns the ids of all contracts, in the order of the log.
func (m Model) Contracts() (ids []record.ID) {
	for _, e := range m {
		if e.Record.Text().Kind == record.Contract {
			ids = append(ids, e.Record.ID())
		}
	}
	return ids
}
