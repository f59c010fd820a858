package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/chirograph/chirograph/ledger/check"
)

// A progressBar shows on a terminal how far a command is, in one line, and in the end
// what was done and how fast, also where there is no terminal.
type progressBar struct {
	w        io.Writer
	did      string
	terminal bool
	now      func() time.Time

	start, drawn time.Time
	last         check.Progress
	read         time.Time // when the last entry was read
	open         bool      // the line has no end yet
}

// redraw is how long the line stays as it is.
const redraw = time.Second

func newProgressBar(w io.Writer, did string) *progressBar {
	f, ok := w.(*os.File)
	b := &progressBar{w: w, did: did, terminal: ok && term.IsTerminal(int(f.Fd())), now: time.Now}
	b.start = b.now()
	b.drawn = b.start
	return b
}

func (b *progressBar) show(p check.Progress) {
	now := b.now()
	if p.Done != b.last.Done {
		b.read = now
	}
	b.last = p
	if !b.terminal || now.Sub(b.drawn) < redraw {
		return
	}
	b.drawn, b.open = now, true
	fmt.Fprintf(b.w, "\r%s\x1b[K", b.text(now))
}

// text says how far it is and how fast it went.
func (b *progressBar) text(now time.Time) string {
	p, compared := b.last, ""
	if p.Compared > 0 {
		now, compared = b.read, fmt.Sprintf("; compared %d keys", p.Compared)
	}
	rate := float64(p.Done-p.First) / max(now.Sub(b.start).Seconds(), 1e-3)
	return fmt.Sprintf("%s %d of %s, %d %%, %.0f/s%s", b.did, p.Done, entries(p.Size), p.Done*100/p.Size, rate, compared)
}

// end writes the last line.
func (b *progressBar) end() {
	if b.last.Size == 0 {
		return
	}
	begin := ""
	if b.open {
		begin = "\r"
	}
	fmt.Fprintf(b.w, "%s%s\n", begin, b.text(b.now()))
}
