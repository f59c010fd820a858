package pages

import (
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
)

// A Log is a page of the log, the newest entry first.
type Log struct {
	Ledger      string       `json:"ledger"` // vkey
	Size        uint64       `json:"size"`
	Entries     []Entry      `json:"entries"`               // at most 64
	Next        *uint64      `json:"next,omitempty"`        // ?before=next is the page of those before
	Checkpoints []Checkpoint `json:"checkpoints,omitempty"` // that were public since the process began, the newest first, of each minute the last; at most 256
}

// An Entry is an entry of the log, in short.
type Entry struct {
	Index      uint64   `json:"index"`
	ID         string   `json:"id"`
	Kind       string   `json:"kind"`
	Registered string   `json:"registered"`
	Title      string   `json:"title,omitempty"`
	Contract   string   `json:"contract,omitempty"` // under which a statement or termination is
	By         []string `json:"by,omitempty"`       // roles
	About      string   `json:"about,omitempty"`
	Effective  string   `json:"effective,omitempty"`
	Key        string   `json:"key,omitempty"` // that a revocation revokes: 64 hex digits
	Reason     string   `json:"reason,omitempty"`

	KeyName string `json:"-"` // of Key, by the record's word
}

// A Checkpoint is one that was public.
type Checkpoint struct {
	Size  uint64 `json:"size"`
	Root  string `json:"root"`
	Shown string `json:"shown"` // since when, by the clock of the process
}

// LogAt returns the page of the entries before an index; the newest where before is at
// least the size.
func (s *Site) LogAt(view *ledger.View, before uint64) (*Log, error) {
	before = min(before, view.Size())
	list, err := entries(view, before, MaxLog)
	if err != nil {
		return nil, err
	}
	l := &Log{Ledger: s.Key.String(), Size: view.Size(), Entries: list}
	if before > MaxLog {
		next := before - MaxLog
		l.Next = &next
	}
	if s.Past == nil {
		return l, nil
	}
	for _, c := range s.Past.Checkpoints() {
		if c.Size <= view.Size() { // the view is of a moment, and so is all that is on its page
			l.Checkpoints = append(l.Checkpoints, Checkpoint{Size: c.Size, Root: c.Root.String(), Shown: record.FormatTime(c.At)})
		}
	}
	return l, nil
}

// entries returns the entries before an index, the newest first, at most limit of them.
func entries(view *ledger.View, before uint64, limit int) ([]Entry, error) {
	list := []Entry{}
	for i := before; i > 0 && len(list) < limit; i-- {
		reg, err := view.Registered(i - 1)
		if err != nil {
			return nil, err
		}
		list = append(list, entryOf(registered(reg)))
	}
	return list, nil
}

func entryOf(reg registered) Entry {
	t := reg.Record.Text()
	e := Entry{
		Index: reg.Index, ID: reg.Record.ID().String(), Kind: t.Kind.String(), Registered: record.FormatTime(reg.Time),
		Title: t.Title, Contract: optionalID(t.Contract), By: roles(t.Parties), About: t.About, Effective: date(t.Effective),
		Reason: t.Reason,
	}
	if t.Kind == record.Revocation {
		e.Key, e.KeyName = t.Key.Public().String(), t.Key.Name()
	}
	return e
}

// tilesOf returns the paths of the tile and the bundle that have an entry in a tree.
func tilesOf(index, size uint64) (tile, bundle string) {
	n := index / tlog.MaxWidth
	width := tlog.TileWidth(0, n, size)
	return tlog.Tile{Level: 0, Index: n, Width: width}.Path(), tlog.Tile{Level: -1, Index: n, Width: width}.Path()
}
