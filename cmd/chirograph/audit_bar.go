package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/chirograph/chirograph/ledger/audit"
)

// An auditBar shows how far an audit is: on a terminal as a bar in one line, with the
// rate and the time that is left, else as a line for each tenth.
type auditBar struct {
	w        io.Writer
	terminal bool
	now      func() time.Time

	start time.Time
	drawn time.Time // when the bar was
	tenth uint64    // that was last printed
	open  bool      // the bar's line has no end yet
}

// redraw is how long a bar stays as it is, for the eye and for slow lines.
const redraw = 100 * time.Millisecond

func (a *app) newAuditBar() *auditBar {
	f, ok := a.stderr.(*os.File)
	return &auditBar{w: a.stderr, terminal: ok && term.IsTerminal(int(f.Fd())), now: a.now, start: a.now()}
}

func (b *auditBar) show(p audit.Progress) {
	now := b.now()
	text := fmt.Sprintf("%s of %s entries, %s", thousands(p.Done), thousands(p.Size), pace(p, now.Sub(b.start)))
	if !b.terminal {
		if tenth := (p.Done - p.First) * 10 / (p.Size - p.First); tenth > b.tenth {
			b.tenth = tenth
			fmt.Fprintln(b.w, text)
		}
		return
	}
	if p.Done < p.Size && now.Sub(b.drawn) < redraw {
		return
	}
	b.drawn, b.open = now, true
	cells := int(p.Done * barCells / p.Size)
	fmt.Fprintf(b.w, "\r[%s%s] %s\x1b[K", strings.Repeat("#", cells), strings.Repeat(".", barCells-cells), text)
}

// pace says the rate so far, and how long the rest takes at that rate.
func pace(p audit.Progress, took time.Duration) string {
	rate := float64(p.Done-p.First) / max(took.Seconds(), 1e-3)
	if p.Done == p.Size {
		return fmt.Sprintf("%s/s", thousands(int64(rate)))
	}
	left := time.Duration(float64(p.Size-p.Done) / rate * float64(time.Second))
	return fmt.Sprintf("%s/s, %s left", thousands(int64(rate)), left.Round(time.Second))
}

// end ends the bar's line.
func (b *auditBar) end() {
	if b.open {
		fmt.Fprintln(b.w)
	}
}
