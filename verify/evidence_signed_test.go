package verify_test

import (
	"slices"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

// resigned returns the charge with checkpoints of these lines.
func resigned(c *verify.Charge, lines ...line) *verify.Charge {
	for i := range c.Proofs {
		c.Proofs[i].Checkpoint = signed(c.Proofs[i].Checkpoint.Checkpoint, lines...)
	}
	if c.Rule == verify.Fork {
		c.Checkpoint = signed(c.Checkpoint.Checkpoint, lines...)
		c.Consistency.Checkpoint = signed(c.Consistency.Checkpoint.Checkpoint, lines...)
	}
	return c
}

// charges are one of an entry and one of two trees.
func charges(t testing.TB) map[string]*verify.Charge {
	t.Helper()
	return map[string]*verify.Charge{"entry": cheat(t).evidence(rules.Once, nil, 2, 0), "fork": fork(t, 5, 6, 9)}
}

// A ledger puts under its checkpoints what it likes, and knows neither who will judge
// it nor whom they trust.
func TestNoOtherLineShieldsALedgerFromItsOwnSignature(t *testing.T) {
	twin := keyOf(home, "twin", note.Ed25519) // of another log of that name
	own := signs(home)
	for _, policyText := range []string{
		quorumNone, quorumTwo,
		logLine(elsewhere) + logLine(home) + witnessLine("w1") + "quorum none\n",
		"log " + twin.String() + "\n" + logLine(home) + witnessLine("w1") + "quorum w1\n",
	} {
		p := policy(t, policyText)
		for name, lines := range map[string][]line{
			"nothing":              nil,
			"a witness":            {spoilt(saw("w1", now))},
			"a witness, cut short": {cut(saw("w1", now))},
			"another log":          {spoilt(signs(elsewhere))},
			"a log of its name":    {spoilt(signsAs(twin, "twin"))},
			"itself":               {spoilt(own)},
			"itself, cut short":    {cut(own)},
			"a stranger, often":    slices.Repeat([]line{spoilt(signs(stranger))}, 98),
			"a witness that saw":   {saw("w1", now)},
		} {
			for kind := range charges(t) {
				for _, all := range [][]line{append(slices.Clone(lines), own), append([]line{own}, lines...)} {
					b, err := verify.Evidence(p, resigned(charges(t)[kind], all...).Bytes())
					if err != nil || b.Verdict != verify.Yes || b.Checkpoint.Log.Key != key(home) || b.Checkpoint.Cosignatures != nil {
						t.Errorf("%s, beside a line of %s: %v, %v", kind, name, b, err)
					}
				}
			}
		}
	}
}

// What a checkpoint is left with for evidence convicts as well as all that it had.
func TestALineOfTheLedgerAloneConvicts(t *testing.T) {
	p := policy(t, logLine(home)+witnessLine("w1")+"quorum w1\n")
	log := p.Logs[0]
	for kind := range charges(t) {
		c := resigned(charges(t)[kind], saw("w1", now), spoilt(signs(home)), signs(home), signs(elsewhere))
		long := len(c.Bytes())
		for i := range c.Proofs {
			c.Proofs[i].Checkpoint = log.Alone(c.Proofs[i].Checkpoint)
			if lines := c.Proofs[i].Checkpoint.Note.Signatures; len(lines) != 1 || !lines[0].By(log.Key) {
				t.Errorf("%s: %d lines", kind, len(lines))
			}
		}
		if c.Rule == verify.Fork {
			c.Checkpoint, c.Consistency.Checkpoint = log.Alone(c.Checkpoint), log.Alone(c.Consistency.Checkpoint)
		}
		if b, err := verify.Evidence(p, c.Bytes()); err != nil || b.Verdict != verify.Yes || len(c.Bytes()) >= long {
			t.Errorf("%s: %v, %v", kind, b, err)
		}
	}
	if lines := log.Alone(signed(newTree(t).fill(1).checkpoint(1).Checkpoint, saw("w1", now), spoilt(signs(home)))).Note.Signatures; len(lines) > 0 {
		t.Errorf("%d lines of nobody", len(lines))
	}
}

func TestWithoutASignatureOfItsOwnNoLedgerIsConvicted(t *testing.T) {
	twin := keyOf(home, "twin", note.Ed25519)
	p := policy(t, logLine(home)+logLine(elsewhere)+witnessLine("w1")+"quorum w1\n")
	for name, lines := range map[string][]line{
		"a witness alone":          {saw("w1", now)},
		"another log":              {signs(elsewhere)},
		"a stranger of its name":   {signsAs(twin, "twin")},
		"its line, of another key": {signsAs(key(home), "twin")},
		"its line, cut short":      {cut(signs(home))},
		"all of these":             {spoilt(signs(home)), cut(signs(home)), signs(elsewhere), saw("w1", now), signsAs(twin, "twin")},
	} {
		for kind, c := range charges(t) {
			b, err := verify.Evidence(p, resigned(c, lines...).Bytes())
			if b != nil {
				t.Errorf("%s: %s convicts: %s", kind, name, b)
			}
			wantFailure(t, err, verify.StepCheckpoint, "no log of the policy signed the checkpoint of \"ledger.example\"")
		}
	}
	// Of two trees it has to have signed both, and not each of two logs one.
	c := fork(t, 5, 6, 9)
	c.Checkpoint = signed(c.Checkpoint.Checkpoint, signsAs(twin, "twin"))
	both := policy(t, logLine(home)+"log "+twin.String()+"\nquorum none\n")
	_, err := verify.Evidence(both, c.Bytes())
	wantFailure(t, err, verify.StepCheckpoint, "no log of the policy signed")
	c.Consistency.Checkpoint = signed(c.Consistency.Checkpoint.Checkpoint, signs(home), signsAs(twin, "twin"))
	if b, err := verify.Evidence(both, c.Bytes()); err != nil || b.Checkpoint.Log.Key != twin {
		t.Errorf("%v, %v", b, err)
	}
}

// A chain of three contracts, 0, 1 and 2, with a statement under the first, 3, one under
// the last, 4, and then what each case adds.
func chained(t testing.TB, add func(chain []*record.Text, first, last *record.Text) *record.Record) *tree {
	t.Helper()
	l := newTree(t)
	var chain []*record.Text
	for i := range 3 {
		text := contractText(t, 1)
		if i > 0 {
			text = amendmentText(t, chain[i-1].ID(), makers())
			text.Parties = makers()
		}
		l.register(now, sign(t, text, both...))
		chain = append(chain, text)
	}
	said := []*record.Text{statementText(chain[0].ID(), makers()[:1], 1), statementText(chain[2].ID(), makers()[:1], 1)}
	for _, text := range said {
		l.register(now, sign(t, text, "alice.example"))
	}
	l.register(now, add(chain, said[0], said[1]))
	return l.fill(3)
}

func TestAChainIsAskedForWhereContractsAreComparedAndNowhereElse(t *testing.T) {
	p := policy(t, quorumNone)
	oneSided := chained(t, func(chain []*record.Text, _, _ *record.Text) *record.Record {
		return sign(t, terminationText(chain[2].ID(), makers()[:1]), "alice.example")
	})
	twice := chained(t, func(chain []*record.Text, _, _ *record.Text) *record.Record {
		text := amendmentText(t, chain[1].ID(), makers())
		text.Nonce[0]++
		return sign(t, text, both...)
	})
	successor := chained(t, func(chain []*record.Text, _, last *record.Text) *record.Record {
		text := statementText(chain[1].ID(), makers()[:1], 3)
		text.Answers = last.ID()
		return sign(t, text, "alice.example")
	})
	honest := chained(t, func(chain []*record.Text, first, _ *record.Text) *record.Record {
		text := statementText(chain[2].ID(), makers()[:1], 3)
		text.Answers = first.ID()
		return sign(t, text, "alice.example")
	})
	for _, c := range []struct {
		name   string
		log    *tree
		rule   rules.Rule
		shown  []uint64 // earlier entries
		refuse string   // "" for a conviction
	}{
		{"ended by one who may not", oneSided, rules.Terminates, []uint64{2}, ""},
		{"replaced twice", twice, rules.Replaces, []uint64{1, 2}, ""},
		{"answers a successor", successor, rules.Refers, []uint64{0, 1, 2, 4}, ""},
		{"answers a successor, whose chain lacks its beginning", successor, rules.Refers, []uint64{1, 2, 4}, "contract is not here"},
		{"answers a successor that is not here", successor, rules.Refers, []uint64{0, 1, 4}, "contract is not here"},
		{"answers what it replaces", honest, rules.Refers, []uint64{0, 1, 2, 3}, "breaks no rule"},
		{"answers what it replaces, and a piece is left out", honest, rules.Refers, []uint64{0, 2, 3}, "contract is not here"},
		{"answers what it replaces, and the first is left out", honest, rules.Refers, []uint64{1, 2, 3}, "contract is not here"},
		{"answers what it replaces, of which nothing is here", honest, rules.Refers, []uint64{2, 3}, "contract is not here"},
	} {
		b, err := verify.Evidence(p, c.log.evidence(c.rule, nil, append([]uint64{5}, c.shown...)...).Bytes())
		if c.refuse == "" {
			if err != nil || b.Verdict != verify.Yes || b.Rule != c.rule {
				t.Errorf("%s: %v, %v", c.name, b, err)
			}
			continue
		}
		if b != nil {
			t.Errorf("%s: convicted: %s", c.name, b)
		}
		wantFailure(t, err, verify.StepRule, c.refuse)
	}
}
