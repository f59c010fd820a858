package rules_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/rules/rulestest"
)

// histories returns how many histories a test plays: few, or as many as the
// environment says.
func histories(t testing.TB, few uint64) uint64 {
	t.Helper()
	s := os.Getenv("CHIROGRAPH_TEST_HISTORIES")
	if s == "" {
		return few
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// ruleOf returns what the rules say of an attempt: a rule's name, "" for admitted.
func ruleOf(s rules.State, a rulestest.Attempt) (string, error) {
	var err error
	if a.Record != nil {
		err = rules.Admit(s, a.Ledger, a.Time, a.Record)
	} else {
		err = rules.Refuse(s, a.Ledger, a.Time, a.Fault)
	}
	var refusal *rules.Refusal
	if errors.As(err, &refusal) {
		return string(refusal.Rule), nil
	}
	return "", err
}

// statusIs compares the status of a contract on the day of t with the model's.
func statusIs(s rules.State, log rulestest.Model, contract record.ID, t int64) error {
	e, err := s.Lookup(contract)
	if err != nil {
		return err
	}
	got, err := rules.StatusAt(s, e, t)
	if err != nil {
		return err
	}
	want := log.Status(contract, t)
	coming := rulestest.Status{Since: -1} // as Unix counts the zero Date
	if want.Ends != nil {
		coming = *want.Ends
	}
	same := string(got.Ends.How) == coming.Standing && got.Ends.Day.Unix() == coming.Since*86400 && got.Ends.By == coming.By
	same = same && string(got.Standing) == want.Standing && got.Since.Unix() == want.Since*86400 && got.By == want.By && len(got.Disputes) == len(want.Disputes)
	for i := 0; same && i < len(want.Disputes); i++ {
		same = got.Disputes[i].Index == want.Disputes[i] && got.Disputes[i].ID == log[want.Disputes[i]].Record.ID()
	}
	if !same {
		return fmt.Errorf("status of %s at size %d on %s is %+v, want %+v", contract, len(log), record.DateOf(t), got, want)
	}
	return nil
}

// judged plays a history, and compares each verdict, and the status of contracts on
// days before and after, with what the model says. It counts what it met.
func judged(steps []rulestest.Step, met map[string]int) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	state := new(rules.Memory)
	random := rand.New(rand.NewPCG(1, uint64(len(steps))))
	_, err = rulestest.Play(steps, func(log rulestest.Model, a rulestest.Attempt) error {
		rule, err := ruleOf(state, a)
		if err != nil || rule != a.Rule {
			return fmt.Errorf("%q, want %q (%v) of the submission %s", rule, a.Rule, err, a)
		}
		met[rule]++
		if rule == "" {
			if err := state.Add(uint64(len(log)), a.Time, a.Record); err != nil {
				return err
			}
			log = append(log, rulestest.Entry{Time: a.Time, Record: a.Record})
			met[a.Record.Text().Kind.String()]++
		}
		contracts := log.Contracts()
		if len(contracts) == 0 {
			return nil
		}
		contract := contracts[random.IntN(len(contracts))]
		at := max(0, a.Time+int64(random.IntN(60)-30)*86400)
		status := log.Status(contract, at)
		met[status.Standing]++
		met["open disputes"] += len(status.Disputes)
		return statusIs(state, log, contract, at)
	})
	return err
}

func TestTheRulesAgreeWithASecondModelInEveryHistory(t *testing.T) {
	met := make(map[string]int)
	for seed := range histories(t, 30) {
		n := 400
		if seed%10 == 9 {
			n = 2500
		}
		steps := rulestest.Steps(seed, n)
		fails := func(steps []rulestest.Step) bool { return judged(steps, make(map[string]int)) != nil }
		if err := judged(steps, met); err != nil {
			least := rulestest.Minimal(steps, fails)
			t.Fatalf("history %d: %v; of %d steps it needs %d: %v\n%s", seed, err, len(steps), len(least), judged(least, met), rulestest.Story(least))
		}
	}
	for _, what := range []string{
		"", "form", "once", "refers", "time", "signed", "revoked", "quorum", "replaces", "under", "terminates",
		"contract", "statement", "termination", "revocation",
		"pending", "in force", "expired", "replaced", "terminated", "open disputes",
	} {
		if met[what] < 10 {
			t.Errorf("the histories have %d of %q, too few to say anything", met[what], what)
		}
	}
}
