package rulestest

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// Ledger is the key of the ledger to which the records go.
var Ledger = newKey("ledger.example", "ledger.example")

const (
	begin = 1772355600 // 2026-03-01T09:00:00Z, before the first step
	hour  = 60 * 60
)

func newKey(name, seed string) note.Key {
	sum := sha256.Sum256([]byte(seed))
	public, err := note.ParsePublicKey(ed25519.NewKeyFromSeed(sum[:]).Public().(ed25519.PublicKey))
	if err != nil {
		panic(err)
	}
	k, err := note.NewKey(name, note.Ed25519, public)
	if err != nil {
		panic(err)
	}
	return k
}

// cast has the first keys of those who make contracts, each under two names.
var cast = sync.OnceValue(func() (keys [256][2]note.Key) {
	for i := range keys {
		name := fmt.Sprintf("key%02d.example", i)
		keys[i] = [2]note.Key{newKey(name, name), newKey("new."+name, name)}
	}
	return keys
})

// member returns key number n, under the first of its names or the second.
func member(n, name int) note.Key {
	if n < len(cast()) {
		return cast()[n][name]
	}
	return newKey(fmt.Sprintf("key%02d.example", n), fmt.Sprintf("key%02d.example", n))
}

var roles = []string{"buyer", "manufacturer", "quality-inspector", "designer", "logistics"}

// An author writes what one step submits.
type author struct {
	dice   []byte
	time   int64
	log    Model
	number uint64   // of the step, for the nonce
	drafts [][]byte // all that was submitted
}

// roll returns a number below n, 0 when the dice are used up.
func (a *author) roll(n int) int {
	if len(a.dice) == 0 {
		return 0
	}
	d := int(a.dice[0])
	a.dice = a.dice[1:]
	return d % n
}

// rarely says yes once in n times.
func (a *author) rarely(n int) bool { return a.roll(n) == n-1 }

// step writes the submission that the dice say.
func (a *author) step(dice []byte) Attempt {
	a.dice = dice
	a.number++
	t := a.tick()
	if a.rarely(16) && len(a.drafts) > 0 {
		return Attempt{Time: t, Ledger: Ledger, Bytes: a.again()}
	}
	text := a.text()
	a.dates(text, t)
	b := a.sign(text)
	a.drafts = append(a.drafts, b)
	return Attempt{Time: t, Ledger: Ledger, Bytes: b}
}

// tick moves the clock on, and returns what it shows: at times something earlier.
func (a *author) tick() int64 {
	switch n := a.roll(16); {
	case n < 5:
		return a.time
	case n < 9:
		a.time += int64(n) * 7
	case n < 11:
		a.time += int64(n) * hour
	case n < 13:
		a.time += int64(1+a.roll(3)) * day
	case n < 14:
		a.time += int64(1+a.roll(60)) * day
	case n < 15:
		a.time += day - a.time%day - int64(a.roll(2)) // to the last second of a day, or the first
	default:
		return max(0, a.time-int64(1+a.roll(400)))
	}
	return a.time
}

// again returns something that was submitted before, at times without its last line.
func (a *author) again() []byte {
	b := a.drafts[len(a.drafts)-1-a.roll(256)%len(a.drafts)]
	if text, _, _ := bytes.Cut(b, []byte("\n\n")); a.rarely(4) {
		return append(text[:len(text):len(text)], "\n\n"...)
	}
	return b
}

func (a *author) text() *record.Text {
	contracts := a.of(record.Contract)
	n := a.roll(32)
	switch {
	case len(contracts) == 0 || n < 4:
		return a.contract()
	case n < 10:
		return a.amendment()
	case n < 13:
		text := a.contract()
		a.putUnder(text)
		return text
	case n < 23:
		return a.statement()
	case n < 30:
		return a.termination()
	}
	if n == 30 && a.roll(2) == 0 {
		return a.statement()
	}
	party := pick(a, pick(a, contracts).Record.Text().Parties)
	return &record.Text{Kind: record.Revocation, Key: pick(a, party.Keys), Reason: "lost"}
}

// of returns the entries of a kind.
func (a *author) of(kind record.Kind) (list []Entry) {
	for _, e := range a.log {
		if e.Record.Text().Kind == kind {
			list = append(list, e)
		}
	}
	return list
}

// pick returns an element: half of the time one of the last four.
func pick[T any](a *author, list []T) T {
	n := a.roll(256)
	if n < 128 {
		n %= 4
	}
	return list[len(list)-1-n%len(list)]
}

// anyID returns the id of a record of that kind, at times of one of another kind or
// of none.
func (a *author) anyID(kind record.Kind) record.ID {
	list := a.of(kind)
	switch {
	case a.rarely(48):
		return pick(a, []Entry(a.log)).Record.ID()
	case a.rarely(48) || len(list) == 0:
		return sha256.Sum256(binary.BigEndian.AppendUint64([]byte("no record"), a.number))
	}
	return pick(a, list).Record.ID()
}

// party returns a line whose keys none of the others have. The more keys are revoked,
// the later are those that it takes.
func (a *author) party(role string, others []record.Party) record.Party {
	p := record.Party{Role: role}
	taken := func(k note.Key) bool {
		return slices.ContainsFunc(append(others[:len(others):len(others)], p), func(p record.Party) bool {
			return slices.ContainsFunc(p.Keys, func(other note.Key) bool { return other.Public() == k.Public() })
		})
	}
	n := a.roll(64) + 2*len(a.of(record.Revocation))
	for want := 1 + a.roll(3); len(p.Keys) < want; n++ {
		k := member(n, a.roll(8)/7)
		if !taken(k) && (!a.log.revoked(k.Public()) || a.rarely(16)) {
			p.Keys = append(p.Keys, k)
		}
	}
	p.Threshold = 1 + a.roll(len(p.Keys))
	return p
}

func (a *author) contract() *record.Text {
	text := &record.Text{Kind: record.Contract}
	for range 2 + a.roll(3) {
		text.Parties = append(text.Parties, a.party(roles[len(text.Parties)], text.Parties))
	}
	return text
}

func (a *author) amendment() *record.Text {
	text := a.contract()
	text.Replaces = a.anyID(record.Contract)
	text.Former = text.Parties
	if old := a.log.text(text.Replaces, record.Contract); old != nil {
		text.Former = slices.Clone(old.Parties)
		switch n := a.roll(8); {
		case n < 5:
			text.Parties = slices.Clone(old.Parties)
		case n < 7: // one leaves, another comes
			parties := slices.Clone(old.Parties)
			i := a.roll(len(parties))
			parties[i] = a.party(parties[i].Role, parties)
			text.Parties = parties
		}
	}
	switch f := text.Former; a.roll(24) {
	case 20:
		text.Former = f[:len(f)-1]
	case 21:
		text.Former = f[1:]
	case 22:
		f[0], f[1] = f[1], f[0]
	case 23:
		f[0].Threshold = 1 + f[0].Threshold%len(f[0].Keys)
	}
	if a.rarely(8) {
		a.putUnder(text)
	}
	return text
}

// putUnder makes the contract one under another, mostly with a party of that.
func (a *author) putUnder(text *record.Text) {
	text.Under = a.anyID(record.Contract)
	frame := a.log.text(text.Under, record.Contract)
	if frame == nil || a.rarely(8) {
		return
	}
	keys := pick(a, frame.Parties).Keys
	text.Parties = slices.DeleteFunc(text.Parties, func(p record.Party) bool {
		return p.Role == "lead-contractor" || slices.ContainsFunc(p.Keys, func(k note.Key) bool {
			return slices.ContainsFunc(keys, func(f note.Key) bool { return f.Public() == k.Public() })
		})
	})
	text.Parties = append(text.Parties, record.Party{Role: "lead-contractor", Threshold: 1 + a.roll(len(keys)), Keys: keys})
	if len(text.Parties) < 2 {
		text.Parties = append(text.Parties, a.party("supplier", text.Parties))
	}
}

// by returns lines of some of a contract's parties: all for the dice 0, at times
// others, or in another order.
func (a *author) by(contract record.ID) []record.Party {
	text := a.log.text(contract, record.Contract)
	if text == nil {
		return []record.Party{a.party("buyer", nil)}
	}
	by := slices.Clone(text.Parties)
	switch n := a.roll(8); {
	case n >= 6:
		i := a.roll(len(by))
		by = slices.Delete(by, i, i+1)
	case n >= 3:
		i := a.roll(len(by))
		by = by[i : i+1]
	}
	switch last := len(by) - 1; a.roll(24) {
	case 21:
		by[last] = a.party(by[last].Role, by[:last])
	case 22:
		by[0], by[last] = by[last], by[0]
	case 23:
		by[0].Threshold = 1 + by[0].Threshold%len(by[0].Keys)
	}
	return by
}

func (a *author) statement() *record.Text {
	about := []string{"delivery", "dispute", "resolution", "dispute", "acceptance", "resolution"}[a.roll(6)]
	text := &record.Text{Kind: record.Statement, About: about, Contract: a.anyID(record.Contract)}
	if a.roll(4) > 0 || about == "resolution" {
		text.Answers = a.anyID(record.Statement)
	}
	if s := a.log.text(text.Answers, record.Statement); s != nil && !a.rarely(6) {
		text.Contract = s.Contract // or what came after
		for _, e := range a.of(record.Contract) {
			if e.Record.Text().Replaces == text.Contract && a.roll(2) == 0 {
				text.Contract = e.Record.ID()
			}
		}
	}
	text.Parties = a.by(text.Contract)
	return text
}

func (a *author) termination() *record.Text {
	text := &record.Text{Kind: record.Termination, Contract: a.anyID(record.Contract)}
	text.Parties = a.by(text.Contract)
	return text
}

// dates fills in the days and times of a text that is submitted at t.
func (a *author) dates(text *record.Text, t int64) {
	text.Ledger = Ledger
	if a.rarely(64) {
		text.Ledger = newKey("other.example", "other.example")
	}
	binary.BigEndian.PutUint64(text.Nonce[:], a.number)
	text.Made = t - int64(a.roll(100))
	if n := a.roll(48); n >= 46 {
		text.Made = t + 300 + int64(n-46)
	}
	if text.Kind != record.Revocation {
		text.SignBy = text.Made + 30*day
		if n := a.roll(48); n >= 46 && text.Made < t-2 {
			text.SignBy = t - int64(n-46)
		}
	}
	today := record.DateOf(t)
	near := func(before, after int) record.Date {
		return today - record.Date(before) + record.Date(a.roll(before+after))
	}
	after := record.Date(0) // the day after the last of the contract that the text ends
	if old := a.log.text(cmp.Or(text.Replaces, text.Contract), record.Contract); old != nil && old.Until > 0 && a.roll(2) == 0 {
		after = old.Until + 1
	}
	if text.Kind == record.Termination && a.roll(4) > 0 {
		text.Effective = cmp.Or(after, near(1, 40))
	}
	if text.Kind != record.Contract {
		return
	}
	text.Documents = []record.Document{{Size: 1, Media: "text/plain", Kind: record.Terms, Name: "terms.txt"}}
	if a.roll(3) > 0 {
		text.From = cmp.Or(after, near(2, 20))
	}
	if a.roll(4) == 3 {
		text.Until = max(text.From, today) + record.Date(a.roll(60))
	}
	for _, p := range text.Parties {
		if a.roll(2) == 1 {
			text.Terminable = append(text.Terminable, record.Notice{Role: p.Role, Days: []int{0, 1, 7, 20}[a.roll(4)]})
		}
	}
}
