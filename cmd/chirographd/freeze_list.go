package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/check"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
)

// unfinished counts what a frozen ledger leaves as it is.
type unfinished struct{ inForce, pending, disputes uint64 }

// unfinished prints what is unfinished in a store that nobody else writes, and how much. The
// list is made to its end before any of it is printed, in a file, because a ledger may have a
// million contracts.
func (z *freezing) unfinished(ctx context.Context, s *store.Store) (left unfinished, err error) {
	file, err := os.CreateTemp("", "chirographd-freeze-")
	if err != nil {
		return left, err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	w := bufio.NewWriter(file)
	bar := newProgressBar(z.stderr, "read")
	l := &lister{state: s.State(s.Head()), size: s.Head().Checkpoint.Size, now: z.now, w: w}
	err = l.read(ctx, bar.show)
	bar.end()
	if err != nil {
		return left, err
	}
	if err := w.Flush(); err != nil {
		return left, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return left, err
	}
	if _, err := io.Copy(z.stdout, file); err != nil {
		return left, err
	}
	frozen := ""
	if s.Frozen() {
		frozen = ", frozen for good"
	}
	_, err = fmt.Fprintf(z.stdout, "%s: %s%s; contracts in force: %d, pending: %d; open disputes: %d\n",
		s.Key().Name(), entries(l.size), frozen, l.left.inForce, l.left.pending, l.left.disputes)
	return l.left, err
}

// A lister reads a log from its beginning to its end, and writes what is unfinished.
type lister struct {
	state store.State
	size  uint64
	now   int64 // POSIX seconds, by which contracts are in force
	left  unfinished
	w     io.Writer
}

func (l *lister) read(ctx context.Context, progress func(check.Progress)) error {
	for first := uint64(0); first < l.size; first += tlog.MaxWidth {
		if err := ctx.Err(); err != nil {
			return err
		}
		tile := tlog.Tile{Level: -1, Index: first / tlog.MaxWidth, Width: tlog.TileWidth(-1, first/tlog.MaxWidth, l.size)}
		b, err := l.state.Bundle(tile)
		if err != nil {
			return err
		}
		list, err := tlog.ParseBundle(b, tile.Width)
		if err != nil {
			return err
		}
		for i, entry := range list {
			if err := l.entry(first+uint64(i), entry); err != nil {
				return fmt.Errorf("entry %d: %w", first+uint64(i), err)
			}
		}
		progress(check.Progress{Done: first + uint64(tile.Width), Size: l.size})
	}
	return nil
}

// What the text of a record begins with that may be unfinished.
var (
	contractText  = []byte("chirograph/" + record.Contract.String() + "/")
	statementText = []byte("chirograph/" + record.Statement.String() + "/")
	disputeLine   = []byte("\nabout " + rules.AboutDispute + "\n")
)

// entry writes what is unfinished of an entry, which is of the tree.
func (l *lister) entry(index uint64, entry []byte) error {
	e, err := record.ParseEntry(entry)
	if err != nil {
		return err
	}
	contract := bytes.HasPrefix(e.Record, contractText)
	if !contract && !(bytes.HasPrefix(e.Record, statementText) && bytes.Contains(e.Record, disputeLine)) {
		return nil
	}
	// Its signatures were checked when it came.
	r, err := record.Open(e.Record, func(note.PublicKey, []byte, []byte) bool { return true })
	if err != nil {
		return err
	}
	if contract {
		return l.contract(index, e.Registered, r)
	}
	return l.dispute(index, r)
}

func (l *lister) contract(index uint64, registered int64, r *record.Record) error {
	text := r.Text()
	status, err := rules.StatusWithin(l.state, &rules.Entry{Index: index, Registered: registered, ID: r.ID(), Text: text}, l.now, 0)
	if err != nil {
		return err
	}
	switch status.Standing {
	case rules.InForce:
		l.left.inForce++
	case rules.Pending:
		l.left.pending++
	default:
		return nil
	}
	var parties []string
	for _, p := range text.Parties {
		var names []string
		for _, k := range p.Keys {
			names = append(names, k.Name())
		}
		parties = append(parties, p.Role+" "+strings.Join(names, ", "))
	}
	_, err = fmt.Fprintf(l.w, "contract %s, entry %d: %q, %s; %s\n", r.ID(), index, text.Title, strings.Join(parties, "; "), status)
	return err
}

// dispute writes a dispute where it is open.
func (l *lister) dispute(index uint64, r *record.Record) error {
	place, err := l.state.Place(r.Text().Contract)
	if err != nil {
		return err
	}
	d, ok, err := l.state.Dispute(place.Chain, index)
	if err != nil || !ok || d.Resolved != nil {
		return err
	}
	l.left.disputes++
	_, err = fmt.Fprintf(l.w, "dispute %s, entry %d: open, of contract %s\n", r.ID(), index, r.Text().Contract)
	return err
}
