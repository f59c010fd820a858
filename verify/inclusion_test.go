package verify_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

// step returns the step at which it failed, "" where it did not.
func step(t *testing.T, err error) verify.Step {
	t.Helper()
	if err == nil {
		return ""
	}
	var failure *verify.Failure
	if !errors.As(err, &failure) {
		t.Fatalf("no failure: %v", err)
	}
	return failure.Step
}

// forged is a line of which a bit is wrong.
func forged(l line) line {
	return func(text []byte) note.Signature {
		s := l(text)
		s.Bytes = bytes.Clone(s.Bytes)
		s.Bytes[len(s.Bytes)-1] ^= 1
		return s
	}
}

func TestACheckpointThatIsVerifiedOnceJudgesEachReceiptAsIfAlone(t *testing.T) {
	log := newTree(t).fill(9)
	early, late := log.register(now-9999, twoParties(t)), log.register(now, twoParties(t))
	log.fill(300)
	size := log.tree.Size()
	enough := []line{saw("w1", now), saw("w2", now)}
	for name, c := range map[string]struct {
		policy string
		lines  []line
		of     string // "" for the ledger
	}{
		"no quorum asked":        {policy: quorumNone},
		"quorum met":             {policy: quorumTwo, lines: enough},
		"quorum not met":         {policy: quorumTwo, lines: enough[:1]},
		"met for the early one":  {policy: quorumTwo, lines: []line{saw("w1", now-5000), saw("w2", now-5000)}},
		"a false line":           {policy: quorumTwo, lines: []line{saw("w1", now), forged(saw("w2", now))}},
		"no log of the policy":   {policy: quorumNone, of: "other.example"},
		"a false line of a log":  {policy: quorumNone, lines: []line{forged(signs(home))}},
		"a line of no one known": {policy: quorumNone, lines: []line{saw("w9", now)}},
	} {
		p, ledger := policy(t, c.policy), key(home)
		if c.of != "" {
			ledger = key(c.of)
		}
		includer, failed := p.Includer(ledger, log.checkpoint(size, c.lines...))
		for _, index := range []uint64{early, late} {
			good := log.proof(index, size, c.lines...)
			bad := map[string]tlog.Proof{"itself": good}
			other := good
			other.Extra = log.leaves[early+late-index]
			bad["another entry"] = other
			other = good
			other.Index++
			bad["another index"] = other
			other = good
			other.Index = size
			bad["an index beyond"] = other
			other = good
			other.Hashes = other.Hashes[1:]
			bad["a hash less"] = other
			other = good
			other.Extra = log.leaves[0]
			bad["no entry"] = other
			if failed != nil {
				if got, want := step(t, failed), step(t, verify.Inclusion(p, ledger, good.Bytes())); got != want {
					t.Errorf("%s: the checkpoint fails at %q, a receipt under it at %q", name, got, want)
				}
				continue
			}
			for what, proof := range bad {
				want := step(t, verify.Inclusion(p, ledger, proof.Bytes()))
				if got := step(t, includer.Inclusion(proof.Bytes())); got != want || what != "itself" && got == "" {
					t.Errorf("%s, entry %d, %s: it fails at %q, alone at %q", name, index, what, got, want)
				}
			}
		}
	}
}

func TestAReceiptUnderAnotherCheckpointThanTheVerifiedIsRefused(t *testing.T) {
	log := newTree(t).fill(9)
	at := log.register(now, twoParties(t))
	log.fill(10)
	size := log.tree.Size()
	p := policy(t, quorumNone)
	checkpoint := log.checkpoint(size, saw("w1", now))
	includer, err := p.Includer(key(home), checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	good := log.proof(at, size, saw("w1", now))
	if err := includer.Inclusion(good.Bytes()); err != nil {
		t.Fatal(err)
	}
	others := map[string]tlog.Proof{
		"of a smaller tree":    log.proof(at, size-1, saw("w1", now)),
		"without a line":       log.proof(at, size),
		"with one of one more": log.proof(at, size, saw("w1", now), saw("w2", now)),
	}
	for i := range checkpoint.Note.Signatures {
		flipped := log.proof(at, size, saw("w1", now))
		flipped.Checkpoint.Note.Signatures[i].Bytes[7] ^= 1
		others[fmt.Sprintf("with a bit of line %d flipped", i)] = flipped
	}
	for name, proof := range others {
		if err := includer.Inclusion(proof.Bytes()); step(t, err) != verify.StepCheckpoint || !strings.Contains(err.Error(), "another checkpoint") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// It shares no byte with the one that it was given.
	checkpoint.Note.Signatures[0].Bytes[0] ^= 1
	checkpoint.Note.Text[0] ^= 1
	if err := includer.Inclusion(good.Bytes()); err != nil {
		t.Errorf("after a bit of the caller's checkpoint flipped: %v", err)
	}
	changed := good
	changed.Checkpoint = checkpoint
	if err := includer.Inclusion(changed.Bytes()); err == nil {
		t.Error("a checkpoint is believed of which a bit flipped since")
	}
}
