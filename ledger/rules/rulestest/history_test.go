package rulestest_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules/rulestest"
)

func TestTheModelSharesNothingWithTheRules(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if paths := strings.Fields(string(out)); len(paths) < 10 || slices.Contains(paths, "github.com/chirograph/chirograph/ledger/rules") {
		t.Errorf("reaches %v", paths)
	}
}

func TestAHistoryIsTheSameForItsSeed(t *testing.T) {
	one, two := rulestest.Story(rulestest.Steps(7, 100)), rulestest.Story(rulestest.Steps(7, 100))
	if one != two || one == rulestest.Story(rulestest.Steps(8, 100)) {
		t.Error("two stories of one seed differ, or those of two are the same")
	}
}

// resolves says whether a resolution is among what the steps register.
func resolves(steps []rulestest.Step) bool {
	log, _ := rulestest.Play(steps, func(rulestest.Model, rulestest.Attempt) error { return nil })
	return slices.ContainsFunc(log, func(e rulestest.Entry) bool {
		text := e.Record.Text()
		return text.About == "resolution" && text.Answers != record.ID{}
	})
}

func TestAFaultIsCutDownToWhatItNeeds(t *testing.T) {
	steps := rulestest.Steps(1, 400)
	least := rulestest.Minimal(steps, resolves)
	if len(least) != 3 || !resolves(least) {
		t.Fatalf("a resolution of something under a contract takes 3 steps, not %d:\n%s", len(least), rulestest.Story(least))
	}
	story := rulestest.Story(least)
	if strings.Count(story, "admitted as ") != 3 || strings.Contains(story, "refused") || !strings.Contains(story, "\nabout resolution\nanswers ") {
		t.Errorf("the story is\n%s", story)
	}
	if rulestest.Minimal(steps[:0], resolves) != nil {
		t.Error("what does not fail has a least history")
	}
}
