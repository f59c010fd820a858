// Package rulestest tests whoever judges by the rules of admission, or keeps what
// they read: it makes histories, of all kinds of records and of breaches, and judges
// them by a model of its own, that shares no code with package rules.
//
// A history is made of steps, which are nothing but dice. Any part of a history is
// one too, so that one that shows a fault can be cut down to what the fault needs.
package rulestest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// A Step is the dice with which one submission is made. Zeros make the plainest one.
type Step [128]byte

// Steps returns n steps, for a seed always the same.
func Steps(seed uint64, n int) []Step {
	random := rand.New(rand.NewPCG(seed, 0))
	steps := make([]Step, n)
	for i := range steps {
		for j := range steps[i] {
			steps[i][j] = byte(random.Uint32())
		}
	}
	return steps
}

// An Attempt is a submission.
type Attempt struct {
	Time   int64    // of the ledger's clock, POSIX seconds
	Ledger note.Key // to which it is submitted
	Bytes  []byte
	Record *record.Record         // nil with Fault
	Fault  *record.SignatureError // of its first wrong signature line
	Rule   string                 // the rule that forbids it, "" when it is admitted
}

// String prints the attempt as a history prints.
func (a Attempt) String() string {
	var text *record.Text
	if a.Record != nil {
		text = a.Record.Text()
	} else {
		text = a.Fault.Text
	}
	verdict := "admitted as " + text.ID().String()
	if a.Rule != "" {
		verdict = "refused: " + a.Rule
	}
	return fmt.Sprintf("at %s, %s:\n%s", record.FormatTime(a.Time), verdict, a.Bytes)
}

// Play makes the submissions of the steps, and calls f with each, and with the log
// before it, until f returns an error. It returns the log with what is admitted.
func Play(steps []Step, f func(log Model, a Attempt) error) (Model, error) {
	a := author{time: begin}
	for _, s := range steps {
		attempt := a.step(s[:])
		attempt.Record, attempt.Fault = parse(attempt.Bytes)
		text := (*record.Text)(nil)
		if attempt.Record != nil {
			text = attempt.Record.Text()
		} else {
			text = attempt.Fault.Text
		}
		attempt.Rule = a.log.Judge(attempt.Ledger, attempt.Time, text, attempt.Record)
		if err := f(a.log, attempt); err != nil {
			return a.log, err
		}
		if attempt.Rule == "" {
			a.log = append(a.log, Entry{attempt.Time, attempt.Record})
		}
	}
	return a.log, nil
}

// Minimal returns a part of the steps, with dice turned to 0, that still fails: as
// little as leaving out and turning by halves comes to. It is nil where they do not
// fail.
func Minimal(steps []Step, fails func([]Step) bool) []Step {
	if !fails(steps) {
		return nil
	}
	steps = slices.Clone(steps)
	for {
		n := len(steps)
		steps = plain(without(steps, fails), fails)
		if len(steps) == n {
			return steps
		}
	}
}

// without leaves out what the failure does not need.
func without(steps []Step, fails func([]Step) bool) []Step {
	for size := len(steps); size > 0; size /= 2 {
		for i := 0; i+size <= len(steps); {
			if rest := slices.Delete(slices.Clone(steps), i, i+size); fails(rest) {
				steps = rest
			} else {
				i += size
			}
		}
	}
	return steps
}

// plain turns the dice to 0 that the failure does not need.
func plain(steps []Step, fails func([]Step) bool) []Step {
	for i := range steps {
		for size := len(steps[i]); size > 0; size /= 2 {
			for j := 0; j < len(steps[i]); j += size {
				old := steps[i]
				clear(steps[i][j : j+size])
				if steps[i] != old && !fails(steps) {
					steps[i] = old
				}
			}
		}
	}
	return steps
}

// Story prints what the steps submit and what becomes of it.
func Story(steps []Step) string {
	var b strings.Builder
	_, _ = Play(steps, func(_ Model, a Attempt) error {
		fmt.Fprintln(&b, a)
		return nil
	})
	return b.String()
}
