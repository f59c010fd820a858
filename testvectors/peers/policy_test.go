package peers

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"filippo.io/torchwood"
	"github.com/transparency-dev/formats/witness"
	"pgregory.net/rapid"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

func witnessName(i int) string { return fmt.Sprintf("witness%d.example", i) }

// drawPolicy draws a policy of one log, with URLs and with a group as the quorum, or
// none: what all three of us read.
func drawPolicy(t *rapid.T, ledger string, vkeys []string) string {
	lines := []string{"# a policy", "log " + ledger + " https://ledger.example/"}
	var free []string
	for i, vkey := range vkeys {
		name := fmt.Sprintf("w%d", i)
		free = append(free, name)
		lines = append(lines, fmt.Sprintf("witness %s %s https://%s/", name, vkey, witnessName(i)), "")
	}
	quorum := "none"
	for i := range rapid.IntRange(0, 4).Draw(t, "groups") {
		n := rapid.IntRange(1, len(free)).Draw(t, "members")
		members := rapid.Permutation(free).Draw(t, "order")
		k := rapid.OneOf(rapid.SampledFrom([]string{"any", "all"}), rapid.Map(rapid.IntRange(1, n), func(k int) string { return fmt.Sprint(k) })).Draw(t, "k")
		name := fmt.Sprintf("g%d", i)
		lines = append(lines, fmt.Sprintf("group %s %s %s", name, k, strings.Join(members[:n], " ")))
		free, quorum = append(members[n:], name), name
	}
	return strings.Join(append(lines, "quorum "+quorum), "\n") + "\n"
}

func TestAQuorumIsMetForPeersAsItIsHere(t *testing.T) {
	h := newHistory(5)
	var vkeys []string
	for i := range 6 {
		vkeys = append(vkeys, key(t, witnessName(i), note.Cosignature).String())
	}
	count := make(map[bool]int)
	rapid.Check(t, func(r *rapid.T) {
		text := drawPolicy(r, key(t, origin, note.Ed25519).String(), vkeys)
		var who []string
		for i := range vkeys {
			if rapid.Bool().Draw(r, "cosigns") {
				who = append(who, witnessName(i))
			}
		}
		c := h.signed(t, 5, 1772355600, who...)
		p, err := verify.ParsePolicy([]byte(text))
		if err != nil {
			r.Fatalf("%v in\n%s", err, text)
		}
		again, err := verify.ParsePolicy(p.Bytes())
		if err != nil || string(again.Bytes()) != string(p.Bytes()) {
			r.Fatalf("prints as\n%s\n%v", p.Bytes(), err)
		}
		_, err = verify.Consistency(p, c, tlog.Consistency{Old: 5, Checkpoint: c}.Bytes())
		var failure *verify.Failure
		if err != nil && (!errors.As(err, &failure) || failure.Step != verify.StepQuorum) {
			r.Fatal(err)
		}
		met := err == nil
		count[met]++
		for _, printed := range []string{text, string(p.Bytes())} {
			theirs, err := torchwood.ParsePolicy([]byte(printed))
			if err != nil {
				r.Fatalf("torchwood: %v in\n%s", err, printed)
			}
			if _, _, err := torchwood.VerifyCheckpoint(c.Bytes(), theirs); (err == nil) != met {
				r.Fatalf("quorum met: %v here, torchwood: %v\n%s\n%v", met, err, printed, who)
			}
			group, err := witness.ParsePolicy([]byte(printed))
			if err != nil {
				r.Fatalf("formats: %v in\n%s", err, printed)
			}
			if group.Satisfied(c.Bytes()) != met {
				r.Fatalf("quorum met: %v here, and not in formats\n%s\n%v", met, printed, who)
			}
		}
	})
	if count[true] == 0 || count[false] == 0 {
		t.Errorf("quorums met and not met: %v", count)
	}
}

func TestPoliciesThatAllRefuse(t *testing.T) {
	log := "log " + key(t, origin, note.Ed25519).String() + " https://ledger.example/\n"
	w := func(name string, i int) string {
		return fmt.Sprintf("witness %s %s https://w/\n", name, key(t, witnessName(i), note.Cosignature))
	}
	for name, text := range map[string]string{
		"no quorum":              log + w("a", 0),
		"quorum of nothing":      log + w("a", 0) + "quorum b\n",
		"group of nothing":       log + w("a", 0) + "group g any b\nquorum g\n",
		"group of itself":        log + w("a", 0) + "group g any a g\nquorum g\n",
		"groups in a circle":     log + w("a", 0) + "group g any h\ngroup h any g\nquorum g\n",
		"group of more than all": log + w("a", 0) + "group g 2 a\nquorum g\n",
		"two of one name":        log + w("a", 0) + w("a", 1) + "quorum a\n",
		"unknown keyword":        log + "ledger x\nquorum none\n",
	} {
		if _, err := verify.ParsePolicy([]byte(text)); err == nil {
			t.Errorf("%s is accepted", name)
		}
		if _, err := torchwood.ParsePolicy([]byte(text)); err == nil {
			t.Errorf("torchwood takes %s", name)
		}
		if _, err := witness.ParsePolicy([]byte(text)); err == nil {
			t.Errorf("formats takes %s", name)
		}
	}
}

func TestPeersTakePoliciesThatWeRefuse(t *testing.T) {
	ledger := key(t, origin, note.Ed25519).String()
	cosigner := key(t, witnessName(0), note.Cosignature).String()
	for name, text := range map[string]string{
		"one key as two witnesses": "witness a " + cosigner + " https://w/\nwitness b " + cosigner + " https://w/\ngroup g 2 a b\nquorum g\n",
		"a member counted twice":   "witness a " + cosigner + " https://w/\ngroup g 2 a a\nquorum g\n",
		"quorum before its group":  "witness a " + cosigner + " https://w/\nquorum g\ngroup g all a\n",
		"no line feed at the end":  "witness a " + cosigner + " https://w/\nquorum a",
		"CRLF":                     "witness a " + cosigner + " https://w/\r\nquorum a\r\n",
	} {
		text = "log " + ledger + " https://ledger.example/\n" + text
		if _, err := verify.ParsePolicy([]byte(text)); err == nil {
			t.Errorf("%s is accepted", name)
		}
		_, errTorchwood := torchwood.ParsePolicy([]byte(text))
		_, errFormats := witness.ParsePolicy([]byte(text))
		if errTorchwood != nil && errFormats != nil {
			t.Errorf("both refuse %s too: %v, %v", name, errTorchwood, errFormats)
		}
	}
}
