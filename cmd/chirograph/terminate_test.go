package main

import (
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/ledger/record"
)

// drafted returns the one record of a dossier that is not registered.
func (s *stage) drafted(path string) *record.Record {
	s.Helper()
	d := s.open(path)
	for _, r := range d.Records() {
		if d.Receipt(r.ID()) == nil {
			return r
		}
	}
	s.Fatal("there is no draft")
	return nil
}

// says that a command has that exit code, and that standard error has the text.
func (s *stage) answers(code int, want string, args ...string) {
	s.Helper()
	if got := s.tool(args...); got != code || !strings.Contains(s.stderr.String(), want) {
		s.Fatalf("%q: exit code %d, want %d and %q\n%s%s", args, got, code, want, s.stdout.String(), s.stderr.String())
	}
}

// The rule terminates: effective is the day of registration and the notice away, at the
// least. So the draft lapses with the last day on which it could be registered.
func TestANoticeLapsesWhenItIsTooLateForIt(t *testing.T) {
	const notice = 30
	for _, c := range []struct {
		name   string
		ahead  record.Date // from today to effective
		by     string
		signBy string // days from today, as --sign-by; "" for none
		want   record.Date
		says   string
	}{
		{"on the last day", notice, "buyer", "", 0, "it can be registered until 2026-09-21, that day included: it ends the contract on 2026-10-21, with 30 days' notice"},
		{"a day before", notice + 1, "buyer", "", 1, "it can be registered until 2026-09-22, "},
		{"at a later day than may be said", notice + 5, "buyer", "2026-10-30", 5, "it can be registered until 2026-09-26, "},
		{"at an earlier one", notice + 5, "buyer", "2026-09-23", 2, ""},
		{"by all", 5, "buyer,manufacturer", "", 5, "it can be registered until 2026-09-26, that day included: it ends the contract on 2026-09-26\n"},
		{"in good time", notice + 100, "buyer", "", -1, ""},
		{"by all, on no day", 0, "buyer,manufacturer", "", -1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			text := s.contractText()
			text.Terminable = []record.Notice{{Role: "buyer", Days: notice}}
			contract, receipt := s.register(text, "ann.example", "dan.example")
			path := s.save(contract, receipt)
			today := record.DateOf(s.now.Unix())
			args := []string{"terminate", path, "--by", c.by}
			if c.ahead > 0 {
				args = append(args, "--effective", (today + c.ahead).String())
			}
			if c.signBy != "" {
				args = append(args, "--sign-by", c.signBy)
			}
			s.answers(exitYes, c.says, args...)
			if c.says == "" && strings.Contains(s.stderr.String(), "can be registered until") {
				t.Error(s.stderr.String())
			}
			want := (today + c.want + 1).Unix() - 1
			if c.want < 0 {
				want = s.now.Unix() + signDays*24*60*60
			}
			if got := s.drafted(path).Text().SignBy; got != want {
				t.Errorf("it lapses at %s, want %s", readable(got), readable(want))
			}
		})
	}
}

// What the file shows to be over is not ended again, and nothing ends after its last day.
func TestAnEndComesBeforeEveryOther(t *testing.T) {
	s := newStage(t)
	today := record.DateOf(s.now.Unix())
	text := s.contractText()
	text.Until = today + 60
	contract, first := s.register(text, "ann.example", "dan.example")
	end := s.text(record.Termination)
	end.Contract, end.Parties, end.Effective = contract.ID(), contract.Text().Parties, today+40
	ends, second := s.register(end, "ann.example", "dan.example")
	path, unaware := s.save(contract, first, second), s.save(contract, first)

	terminate := func(path string, day record.Date) []string {
		return []string{"terminate", path, "--by", "buyer,manufacturer", "--effective", day.String()}
	}
	already := "and contract " + contract.ID().String() + " is terminated from " + end.Effective.String() + " on by " + ends.ID().String() + ", entry 1"
	s.answers(exitNo, "it would end on "+(today+41).String()+", "+already, terminate(path, today+41)...)
	s.answers(exitNo, "it would end on "+end.Effective.String()+", "+already, terminate(path, end.Effective)...)
	s.answers(exitYes, "", terminate(s.save(contract, first, second), today+39)...)
	s.answers(exitNo, "it would end on "+(today+61).String()+", and it ends by itself: "+text.Until.String()+" is its last day", terminate(unaware, today+61)...)
	s.answers(exitYes, "", terminate(unaware, text.Until)...)

	// By the records it is not over before somebody registered something later: the clock here may be wrong.
	s.now = s.now.Add(50 * 24 * time.Hour)
	s.answers(exitYes, "warning: it is "+(today+50).String()+", and it would end on "+(today+50).String()+", "+already+": the ledger will refuse this",
		"terminate", path, "--by", "buyer,manufacturer")
	s.now = s.now.Add(50 * 24 * time.Hour)
	s.answers(exitYes, "the contract has ended by itself: "+text.Until.String()+" was its last day", "terminate", s.save(contract, first), "--by", "buyer,manufacturer")
}
