package verify_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

var seenByAll = []line{saw("w1", now+10), saw("w2", now+20), saw("w3", now+30)}

func TestANewerTreeBeginsWithTheOlderOne(t *testing.T) {
	log := newTree(t).fill(300)
	p := policy(t, quorumTwo)
	for _, sizes := range [][2]uint64{{0, 0}, {0, 1}, {0, 300}, {1, 1}, {1, 2}, {3, 7}, {4, 8}, {255, 256}, {256, 257}, {299, 300}, {300, 300}} {
		old, size := sizes[0], sizes[1]
		x, err := verify.Consistency(p, log.checkpoint(old), log.consistency(old, size, seenByAll...).Bytes())
		if err != nil {
			t.Fatalf("%d to %d: %s", old, size, err)
		}
		if x.Old.Size != old || x.New.Size != size || x.Old.Origin != home || x.New.Log.Key != key(home) || x.SeenBy != now+20 {
			t.Errorf("%d to %d: extension is %+v and %+v, seen by %d", old, size, x.Old.Checkpoint, x.New.Checkpoint, x.SeenBy)
		}
	}
}

func TestTheOlderCheckpointMayBeThatOfAReceipt(t *testing.T) {
	log := newTree(t).fill(9)
	proof, err := tlog.ParseProof(log.proof(2, 5).Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verify.Consistency(policy(t, quorumNone), proof.Checkpoint, log.consistency(5, 9).Bytes()); err != nil {
		t.Error(err)
	}
}

// A pairing is a consistency proof from size 5 to size 9 that holds, in its parts.
type pairing struct {
	policy string
	old    tlog.SignedCheckpoint
	proof  tlog.Consistency
	bytes  func([]byte) []byte // of the proof; nil: as they are
}

func (c *pairing) verify(t *testing.T) (*verify.Extension, error) {
	t.Helper()
	b := c.proof.Bytes()
	if c.bytes != nil {
		b = c.bytes(b)
	}
	return verify.Consistency(policy(t, c.policy), c.old, b)
}

func goodPairing(t *testing.T) *pairing {
	t.Helper()
	log := newTree(t).fill(9)
	return &pairing{policy: quorumTwo, old: log.checkpoint(5), proof: log.consistency(5, 9, seenByAll...)}
}

// under puts the checkpoint under other lines.
func under(c tlog.SignedCheckpoint, lines ...line) tlog.SignedCheckpoint {
	return signed(c.Checkpoint, lines...)
}

func TestEachStepOfAConsistencyProofHasItsFailure(t *testing.T) {
	log := newTree(t).fill(9)
	other := newTree(t)
	other.name = elsewhere
	other.fill(9)
	rewritten := newTree(t).fill(4)
	rewritten.add([]byte("another past"))
	rewritten.fill(4)
	newer := log.consistency(5, 9).Checkpoint
	two := logLine(home) + logLine(elsewhere)
	hashes := func(change func(h []tlog.Hash) []tlog.Hash) func(*pairing) {
		return func(c *pairing) { c.proof.Hashes = change(c.proof.Hashes) }
	}
	for _, c := range []struct {
		name string
		step verify.Step
		do   func(c *pairing)
		want string
	}{
		{"nothing", verify.StepForm, func(c *pairing) { c.bytes = func([]byte) []byte { return nil } }, "proof: consistency proof has no empty line"},
		{"a receipt", verify.StepForm, func(c *pairing) { c.bytes = func([]byte) []byte { return log.proof(2, 9).Bytes() } }, "where old belongs"},
		{"cut short", verify.StepForm, func(c *pairing) { c.bytes = func(b []byte) []byte { return b[:len(b)-1] } }, "does not end in a line feed"},
		{"a leading zero", verify.StepForm, func(c *pairing) { c.bytes = replace(t, "old 5", "old 05") }, "leading zeros"},
		{"CRLF", verify.StepForm, func(c *pairing) {
			c.bytes = func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) }
		}, "no empty line"},
		{"64 hashes", verify.StepForm, hashes(func([]tlog.Hash) []tlog.Hash { return make([]tlog.Hash, 64) }), "has 64 hashes, at most 63"},

		{"no log", verify.StepCheckpoint, func(c *pairing) { c.policy = "quorum none\n" }, "no log of the policy signed the older checkpoint, of \"ledger.example\""},
		{"an unsigned older one", verify.StepCheckpoint, func(c *pairing) { c.old = under(c.old, saw("w1", now)) }, "no log of the policy signed the older checkpoint"},
		{"a changed signature of the older one", verify.StepCheckpoint, func(c *pairing) { c.old = under(c.old, spoilt(signs(home))) }, "older: the signature of ledger.example under the checkpoint does not verify"},
		{"a changed cosignature of the older one", verify.StepCheckpoint, func(c *pairing) { c.old = under(c.old, signs(home), spoilt(saw("w1", now))) }, "older: witness w1"},
		{"an older one of another log", verify.StepCheckpoint, func(c *pairing) {
			c.policy, c.old = two+"quorum none\n", other.checkpoint(5)
		}, "newer: the checkpoint is of \"ledger.example\", the ledger is elsewhere.example"},
		{"a newer one of another log", verify.StepCheckpoint, func(c *pairing) {
			c.policy, c.proof.Checkpoint = two+"quorum none\n", other.checkpoint(9)
		}, "newer: the checkpoint is of \"elsewhere.example\", the ledger is ledger.example"},
		{"a newer one of another key of the log's name", verify.StepCheckpoint, func(c *pairing) {
			next := keyOf(home, "its next key", note.Ed25519)
			c.policy = logLine(home) + "log " + next.String() + "\nquorum none\n"
			c.proof.Checkpoint = under(newer, signsAs(next, "its next key"))
		}, "newer: the checkpoint is not signed by the key of ledger.example, " + key(home).Public().Fingerprint()},
		{"an unsigned newer one", verify.StepCheckpoint, func(c *pairing) { c.proof.Checkpoint = under(newer, seenByAll...) }, "newer: the checkpoint is not signed"},
		{"a changed signature of the newer one", verify.StepCheckpoint, func(c *pairing) { c.proof.Checkpoint = under(newer, spoilt(signs(home))) }, "newer: the signature of ledger.example"},
		{"a changed cosignature of the newer one", verify.StepCheckpoint, func(c *pairing) {
			c.proof.Checkpoint = under(newer, append([]line{signs(home), spoilt(saw("w1", now))}, seenByAll...)...)
		}, "newer: witness w1"},
		{"another known log's line that fails", verify.StepCheckpoint, func(c *pairing) {
			c.policy, c.proof.Checkpoint = two+"quorum none\n", under(newer, signs(home), spoilt(signs(elsewhere)))
		}, "newer: the signature of elsewhere.example"},

		{"no quorum", verify.StepQuorum, func(c *pairing) { c.proof.Checkpoint = under(newer, signs(home), saw("w2", now)) }, "the quorum most of the checkpoint is not met: w2 cosigned at 2026-05-28T20:26:40Z"},
		{"a quorum for the older one alone", verify.StepQuorum, func(c *pairing) {
			c.old, c.proof.Checkpoint = under(c.old, append([]line{signs(home)}, seenByAll...)...), under(newer, signs(home))
		}, "no witness of the policy cosigned"},

		{"another size", verify.StepSize, func(c *pairing) { c.proof = log.consistency(4, 9, seenByAll...) }, "the proof is from size 4, the older checkpoint has 5"},
		{"swapped", verify.StepSize, func(c *pairing) {
			c.old, c.proof.Checkpoint = under(newer, signs(home)), under(c.old, append([]line{signs(home)}, seenByAll...)...)
		}, "the proof is from size 5, the older checkpoint has 9"},

		{"swapped, with its size", verify.StepConsistency, func(c *pairing) {
			c.old, c.proof.Checkpoint = under(newer, signs(home)), under(c.old, append([]line{signs(home)}, seenByAll...)...)
			c.proof.Old = 9
		}, "the tree of 5 entries, " + log.checkpoint(5).Root.String() + ", does not begin with the one of 9, " + newer.Root.String()},
		{"a rewritten past", verify.StepConsistency, func(c *pairing) { c.proof = rewritten.consistency(5, 9, seenByAll...) }, "the tree of 9 entries, " + rewritten.checkpoint(9).Root.String()},
		{"a past that was rewritten before", verify.StepConsistency, func(c *pairing) { c.old = rewritten.checkpoint(5) }, "does not begin with the one of 5, " + rewritten.checkpoint(5).Root.String()},
		{"one hash short", verify.StepConsistency, hashes(func(h []tlog.Hash) []tlog.Hash { return h[1:] }), "does not begin"},
		{"one hash long", verify.StepConsistency, hashes(func(h []tlog.Hash) []tlog.Hash { return append(h, h[0]) }), "does not begin"},
		{"no hashes", verify.StepConsistency, hashes(func([]tlog.Hash) []tlog.Hash { return nil }), "does not begin"},
		{"a changed hash", verify.StepConsistency, hashes(func(h []tlog.Hash) []tlog.Hash { h[0][0] ^= 1; return h }), "does not begin"},
		{"equal sizes of two roots", verify.StepConsistency, func(c *pairing) {
			c.old, c.proof = rewritten.checkpoint(9), log.consistency(9, 9, seenByAll...)
		}, "does not begin"},
		{"equal sizes with a hash", verify.StepConsistency, func(c *pairing) {
			c.old, c.proof = log.checkpoint(9), log.consistency(9, 9, seenByAll...)
			c.proof.Hashes = make([]tlog.Hash, 1)
		}, "does not begin"},
		{"size 0 with another root", verify.StepConsistency, func(c *pairing) {
			c.old = signed(tlog.Checkpoint{Origin: home, Root: log.checkpoint(5).Root}, signs(home))
			c.proof = log.consistency(0, 9, seenByAll...)
		}, "does not begin with the one of 0"},
		{"size 0 with hashes", verify.StepConsistency, func(c *pairing) {
			c.old, c.proof.Old = log.checkpoint(0), 0
		}, "does not begin with the one of 0"},
		{"from something to nothing", verify.StepConsistency, func(c *pairing) {
			c.proof.Hashes, c.proof.Checkpoint = nil, under(log.checkpoint(0), append([]line{signs(home)}, seenByAll...)...)
		}, "the tree of 0 entries"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := goodPairing(t)
			c.do(p)
			x, err := p.verify(t)
			if x != nil {
				t.Error("a failure comes with an extension")
			}
			wantFailure(t, err, c.step, c.want)
		})
	}
}

func TestTheFirstStepOfAConsistencyProofThatFailsIsNamed(t *testing.T) {
	steps := []struct {
		step verify.Step
		do   func(c *pairing)
	}{
		{verify.StepForm, func(c *pairing) { c.bytes = replace(t, "old ", "old 0") }},
		{verify.StepCheckpoint, func(c *pairing) { c.old = under(c.old, spoilt(signs(home))) }},
		{verify.StepQuorum, func(c *pairing) { c.proof.Checkpoint = under(c.proof.Checkpoint, signs(home)) }},
		{verify.StepSize, func(c *pairing) { c.proof.Old = 4 }},
		{verify.StepConsistency, func(c *pairing) { c.proof.Hashes = c.proof.Hashes[1:] }},
	}
	for i, first := range steps {
		for _, second := range steps[i:] {
			t.Run(fmt.Sprint(first.step, " and ", second.step), func(t *testing.T) {
				c := goodPairing(t)
				first.do(c)
				if second.step != first.step {
					second.do(c)
				}
				_, err := c.verify(t)
				wantFailure(t, err, first.step, "")
			})
		}
	}
}

func TestOnlyTheNewerCheckpointNeedsTheQuorum(t *testing.T) {
	c := goodPairing(t)
	c.old = under(c.old, signs(home))
	x, err := c.verify(t)
	if err != nil || len(x.Old.Cosignatures) != 0 || len(x.New.Cosignatures) != 3 {
		t.Errorf("extension is %+v, %v", x, err)
	}
	c = goodPairing(t)
	c.policy, c.proof.Checkpoint = quorumNone, under(c.proof.Checkpoint, signs(home))
	if x, err = c.verify(t); err != nil || x.SeenBy != 0 {
		t.Errorf("without a quorum the extension is %+v, %v", x, err)
	}
}

// There is no entry whose time could say that a cosignature is too old.
func TestEveryCosignatureOfTheNewerCheckpointCounts(t *testing.T) {
	for _, at := range []int64{0, 1, math.MaxInt64} {
		c := goodPairing(t)
		c.proof.Checkpoint = under(c.proof.Checkpoint, signs(home), saw("w3", at), saw("w1", at))
		if x, err := c.verify(t); err != nil || x.SeenBy != at {
			t.Errorf("cosigned at %d: %+v, %v", at, x, err)
		}
	}
}

// A log whose name has two keys in the policy is continued by either, if that one
// signed both.
func TestOneKeySignedBothCheckpoints(t *testing.T) {
	next := keyOf(home, "its next key", note.Ed25519)
	for _, p := range []string{logLine(home) + "log " + next.String() + "\n", "log " + next.String() + "\n" + logLine(home)} {
		c := goodPairing(t)
		c.policy = p + "quorum none\n"
		c.old = under(c.old, signs(home), signsAs(next, "its next key"))
		c.proof.Checkpoint = under(c.proof.Checkpoint, signsAs(next, "its next key"))
		x, err := c.verify(t)
		if err != nil || x.New.Log.Key != next || x.Old.Log.Key != next {
			t.Errorf("extension is %+v, %v", x, err)
		}
	}
}

func TestACheckpointIsVerifiedByItself(t *testing.T) {
	log := newTree(t).fill(3)
	p := policy(t, quorumTwo)
	c, err := p.Checkpoint(log.checkpoint(3, saw("w3", now), saw(stranger, now)))
	if err != nil {
		t.Fatal(err)
	}
	if c.Log.Key != key(home) || c.Size != 3 || len(c.Cosignatures) != 1 || c.Cosignatures[0].Witness.Name != "w3" || c.Cosignatures[0].Time != now {
		t.Errorf("checkpoint is %+v", c)
	}
	at := log.checkpoint(3)
	for _, bad := range []struct {
		c    tlog.SignedCheckpoint
		step verify.Step
		want string
	}{
		{under(at, signs(stranger)), verify.StepCheckpoint, "no log of the policy signed the checkpoint of \"ledger.example\""},
		{under(at, spoilt(signs(home))), verify.StepCheckpoint, "the signature of ledger.example"},
		{under(at, signs(home), spoilt(saw("w3", now))), verify.StepCosignature, "witness w3"},
		{signed(tlog.Checkpoint{Origin: stranger, Size: 3, Root: at.Root}, signs(home)), verify.StepCheckpoint, "no log of the policy signed the checkpoint of \"mallory.example\""},
	} {
		_, err := p.Checkpoint(bad.c)
		wantFailure(t, err, bad.step, bad.want)
	}
}

// FuzzConsistency asks that whatever holds is an extension of the tree that is
// known, and that whatever does not names a step.
func FuzzConsistency(f *testing.F) {
	log := newTree(f).fill(9)
	old := log.checkpoint(5)
	p := policy(f, quorumNone)
	var roots [10]tlog.Hash
	for size := range roots {
		roots[size] = log.checkpoint(uint64(size)).Root
	}
	whole := log.consistency(5, 9).Bytes()
	f.Add(whole)
	f.Add(log.consistency(0, 9).Bytes())
	f.Add(log.consistency(5, 5).Bytes())
	f.Add(bytes.Replace(whole, []byte("old 5"), []byte("old 4"), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := verify.Consistency(p, old, b)
		if fail := new(verify.Failure); err != nil {
			if !errors.As(err, &fail) || fail.Step == "" || fail.Reason == "" {
				t.Fatalf("error %v names no step", err)
			}
			return
		}
		if x.New.Size >= uint64(len(roots)) || x.New.Root != roots[x.New.Size] {
			t.Fatalf("another tree of %d entries holds", x.New.Size)
		}
	})
}
