package watch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
)

// A firstLook is what there is of a key in the part of the log that was there when it
// was first watched for. It is told as one: a key with a history would else be ten
// thousand alarms.
type firstLook struct {
	Until  uint64            `json:"until"`  // entries from here on came later, and are told each
	Counts map[string]uint64 `json:"counts"` // of what was not told yet, by kind
	Name   string            `json:"name"`   // of the key, as the last record has it
	At     int64             `json:"at"`     // when the last was registered
	Last   Event             `json:"last"`   // what the last would have been told as; of alarms, where there are any
}

// whyMine says for which reason records concern a key, by the kind that they are told as.
var whyMine = map[string]string{
	Key: "signed with it", Named: "naming it", Amendment: "amendments of its contracts", Statement: "statements under its contracts",
	Dispute: "disputes under its contracts", Resolution: "resolutions under its contracts", Termination: "terminations of its contracts",
}

// lookFirst begins the first look of each key that no scan had before, at so many
// entries, and forgets those of keys that nobody asks for any more.
func (w *Watcher) lookFirst(m *Mine, old []scan, size uint64) {
	asked := make(map[string]bool)
	for _, k := range m.Keys {
		interest := keyInterest(k)
		asked[interest] = true
		if !slices.ContainsFunc(old, func(s scan) bool { return s.has(interest) }) {
			w.state.First[interest] = firstLook{Until: size}
		}
	}
	for interest := range w.state.First {
		if !asked[interest] {
			delete(w.state.First, interest)
		}
	}
}

// sumUp counts what concerns me by a key of which this is the first look, and says
// whether it did.
func (w *Watcher) sumUp(r store.Registered, e Event) bool {
	if e.key == nil {
		return false
	}
	interest := keyInterest(e.key.Public())
	f, ok := w.state.First[interest]
	if !ok || r.Index >= f.Until {
		return false
	}
	if f.Counts == nil {
		f.Counts = make(map[string]uint64)
	}
	f.Counts[e.Kind]++
	if e.Severity == Alarm || f.Last.Severity != Alarm {
		f.Name, f.At, f.Last = nameOf(*e.key), r.Time, e
	}
	w.state.First[interest] = f
	return true
}

// tellFirst tells what was summed up, and ends each first look whose part of the log is
// scanned. Where not all of that is judged yet, the rest is told as one when it is.
func (w *Watcher) tellFirst() error {
	for _, interest := range sortedKeys(w.state.First) {
		f := w.state.First[interest]
		if len(f.Counts) > 0 {
			if err := w.tell(f.event(), nil); err != nil {
				return err
			}
		}
		w.state.First[interest] = firstLook{Until: f.Until}
		i := slices.IndexFunc(w.state.Scans, func(s scan) bool { return s.has(interest) })
		if i < 0 || w.state.Scans[i].Next >= f.Until {
			delete(w.state.First, interest)
		}
	}
	return nil
}

// event returns the one event for all, which is the last where that is all there is.
func (f firstLook) event() Event {
	var n uint64
	var kinds []string
	for _, kind := range sortedKeys(f.Counts) {
		n += f.Counts[kind]
		kinds = append(kinds, fmt.Sprintf("%s: %d", whyMine[kind], f.Counts[kind]))
	}
	e := f.Last
	if n == 1 {
		return e
	}
	e.Text = fmt.Sprintf("%d records that are in no dossier of yours concern your key %s: %s; the last is entry %d, of %s",
		n, f.Name, strings.Join(kinds, ", "), *e.Index, record.FormatTime(f.At))
	switch f.Counts[Key] {
	case 0:
	case 1:
		e.Text += "; if you did not sign the one that is signed with it, the key is in other hands"
	default:
		e.Text += fmt.Sprintf("; if you did not sign all the %d that are signed with it, the key is in other hands", f.Counts[Key])
	}
	e.Text += "; each later one is told by itself"
	return e
}
