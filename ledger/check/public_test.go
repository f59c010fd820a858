package check_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/check"
	"github.com/chirograph/chirograph/ledger/rules/rulestest"
	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
	"github.com/chirograph/chirograph/verify"
)

func TestWhatAWitnessedLedgerShowsIsHeldAgainstItsWitnesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, history(t, 1003, 300)[:40], 7, 14)
	at := time.Unix(1_800_000_000, 0)
	text := "log " + rulestest.Ledger.String() + "\n"
	head, published := w.piece(t, "head"), w.piece(t, "published")
	_, signed, _ := strings.Cut(published, "\n")
	c, err := tlog.ParseSignedCheckpoint([]byte(signed))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for i := range 2 {
		one, err := witnesstest.New(fmt.Sprintf("w%d.example", i), rulestest.Ledger, func() time.Time { return at })
		if err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf("witness w%d %s http://w%d.example\n", i, one.Key, i)
		lines = append(lines, string(one.Cosign(c.Checkpoint, at)))
	}
	both, err := verify.ParsePolicy([]byte(text + "group both all w0 w1\nquorum both\n"))
	if err != nil {
		t.Fatal(err)
	}
	stolen := lines[0] // of what is published, and not of the head
	const notMet, noLine = "the quorum both of the checkpoint is not met", "witness w0: "
	for name, v := range map[string]struct {
		head, published string
		quorum          bool
		want            string // "" for sound
	}{
		"cosigned":                         {head, published + lines[0] + lines[1], true, ""},
		"one line lost":                    {head, published + lines[0], true, notMet},
		"no witness has seen it":           {head, published, true, notMet},
		"nobody is asked":                  {head, published, false, ""},
		"the row is gone":                  {head, "", true, "it is not there, and what the ledger would show for it is not witnessed"},
		"it is gone, and nobody is asked":  {head, "", false, ""},
		"a known line that is not of it":   {head + stolen, published + lines[0] + lines[1], true, "checkpoint: "},
		"that, and nobody is asked":        {head + stolen, published, false, noLine},
		"a line of a key that nobody told": {head, published + lines[0] + lines[1] + "\u2014 x.example AAAAAAAA\n", true, ""},
	} {
		c := w.clone(t)
		changes := map[string][]byte{"head": []byte(v.head), "published": nil}
		if v.published != "" {
			changes["published"] = []byte(v.published)
		}
		c.tamper(t, changes)
		r, err := check.Run(t.Context(), check.Config{Store: c.store(), Known: c.known(t), State: stateDir, Policy: both, Quorum: v.quorum})
		if err != nil {
			t.Fatal(name, err)
		}
		if v.want == "" && len(r.Findings) > 0 || v.want != "" && (len(r.Findings) != 1 || !strings.Contains(findings(r), v.want)) {
			t.Errorf("%s: found\n%s", name, findings(r))
		}
	}
	if r, err := check.Run(t.Context(), check.Config{Store: newWorld(t, nil, 1, 9).store(), State: stateDir, Policy: both, Quorum: true}); err != nil || len(r.Findings) > 0 {
		t.Errorf("empty: %v, found\n%s", err, findings(r))
	}
}
