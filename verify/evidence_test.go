package verify_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

// A cheat is a log with what no ledger may have: entry 2 is entry 0 again, entry 3
// lacks a signature, entry 4 is a statement about what is nowhere, and entry 5 is of
// a kind of another day.
func cheat(t testing.TB) *tree {
	t.Helper()
	l := newTree(t)
	c := twoParties(t)
	l.register(now, c)
	l.register(now, sign(t, revocationText(key("erin.example")), "erin.example"))
	l.register(now, c)
	text := contractText(t, 7)
	l.register(now, sign(t, text, "alice.example"))
	l.register(now, sign(t, statementText(record.ID{1}, text.Parties[:1], 1), "alice.example"))
	l.add([]byte("registered 1780000000\nchirograph/lease/v1\n"))
	return l.fill(3)
}

// evidence returns evidence of the entries, the breaking one first.
func (l *tree) evidence(rule rules.Rule, absent *verify.Range, indexes ...uint64) *verify.Charge {
	c := &verify.Charge{Rule: rule, Absent: absent}
	for _, i := range indexes {
		c.Proofs = append(c.Proofs, l.proof(i, l.tree.Size()))
	}
	return c
}

func TestEvidenceSaysWhatItProves(t *testing.T) {
	l := cheat(t)
	p := policy(t, quorumNone)
	for _, c := range []struct {
		name    string
		charge  *verify.Charge
		verdict verify.Verdict
		want    string
	}{
		{"once", l.evidence(rules.Once, nil, 2, 0), verify.Yes, "broke the rule once at entry 2: record " + twoParties(t).ID().String() + " is registered already, as entry 0"},
		{"with another that does no harm", l.evidence(rules.Once, nil, 2, 0, 1), verify.Yes, "rule once at entry 2"},
		{"quorum", l.evidence(rules.Quorum, nil, 3), verify.Yes, "rule quorum at entry 3: buyer has 0 of 2 signatures"},
		{"form", l.evidence(rules.Form, nil, 6), verify.Yes, `rule form at entry 6: entry does not begin with a line "registered`},
		{"absence", l.evidence(rules.Refers, &verify.Range{First: 0, Last: 3}, 4), verify.Unchecked, "rule refers at entry 4"},
		{"unknown kind", l.evidence(rules.Form, nil, 5), verify.Unchecked, "rule form at entry 5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := verify.Evidence(p, c.charge.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if b.Verdict != c.verdict || (b.Doubt != "") != (c.verdict == verify.Unchecked) || !strings.Contains(b.String(), c.want) || !strings.HasPrefix(b.String(), home) {
				t.Errorf("%s, %s: %s", b.Verdict, b.Doubt, b)
			}
			if b.Checkpoint.Log.Key != key(home) || b.Index != c.charge.Proofs[0].Index {
				t.Errorf("%+v", b)
			}
		})
	}
	b, err := verify.Evidence(p, l.evidence(rules.Refers, &verify.Range{First: 0, Last: 3}, 4).Bytes())
	if err != nil || *b.Absent != (verify.Range{First: 0, Last: 3}) || b.Registered != now || !strings.Contains(b.Doubt, "reads entries 0 to 3 of ledger.example") {
		t.Error(b, err)
	}
	b, err = verify.Evidence(p, l.evidence(rules.Form, nil, 5).Bytes())
	if err != nil || b.Absent != nil || !strings.Contains(b.Doubt, "does not know, chirograph/lease/v1") {
		t.Error(b, err)
	}
}

// FORMATS.md, section 3: evidence needs log signatures only.
func TestEvidenceNeedsNoQuorum(t *testing.T) {
	l := cheat(t)
	if b, err := verify.Evidence(policy(t, quorumTwo), l.evidence(rules.Quorum, nil, 3).Bytes()); err != nil || b.Verdict != verify.Yes {
		t.Error(b, err)
	}
}

func TestWhatIsNoEvidenceIsRefusedAtItsStep(t *testing.T) {
	l := cheat(t)
	p := policy(t, quorumOne)
	all := func(c *verify.Charge, f func(p *tlog.Proof)) *verify.Charge {
		for i := range c.Proofs {
			f(&c.Proofs[i])
		}
		return c
	}
	chain := newTree(t)
	first := twoParties(t)
	amended := amendmentText(t, first.ID(), first.Text().Parties)
	amended.Parties = first.Text().Parties
	chain.register(now, first)
	chain.register(now, sign(t, amended, "alice.example", "bob.example"))
	elsewhereText := contractText(t, 3)
	elsewhereText.Ledger = key(elsewhere)
	chain.register(now, sign(t, elsewhereText, both...))
	chain.register(now, sign(t, statementText(sign(t, amended, "alice.example", "bob.example").ID(), first.Text().Parties[:1], 1), "alice.example"))
	for _, c := range []struct {
		name   string
		charge *verify.Charge
		step   verify.Step
		want   string
	}{
		{"another rule", l.evidence(rules.Time, nil, 2, 0), verify.StepRule, "does not break the rule time, but as far as the entries here go another, once"},
		{"no rule broken", l.evidence(rules.Once, nil, 2), verify.StepRule, "breaks no rule, as far as the entries here go"},
		{"absence that is not said", l.evidence(rules.Refers, nil, 4), verify.StepRule, "does not say: absent 0 3"},
		{"part of the absence", l.evidence(rules.Refers, &verify.Range{First: 1, Last: 3}, 4), verify.StepRule, "does not say: absent 0 3"},
		{"absence where there is none", l.evidence(rules.Once, &verify.Range{First: 0, Last: 1}, 2, 0), verify.StepRule, "does not break the rule once by an absence"},
		{"nobody's checkpoint", all(l.evidence(rules.Once, nil, 2, 0), func(p *tlog.Proof) { p.Checkpoint = signed(p.Checkpoint.Checkpoint, signs(stranger)) }), verify.StepCheckpoint, "no log of the policy signed"},
		{"spoilt signature", all(l.evidence(rules.Once, nil, 2, 0), func(p *tlog.Proof) { p.Checkpoint = signed(p.Checkpoint.Checkpoint, spoilt(signs(home))) }), verify.StepCheckpoint, "no log of the policy signed"},
		{"another entry", all(l.evidence(rules.Quorum, nil, 3), func(p *tlog.Proof) { p.Extra = l.leaves[2] }), verify.StepInclusion, "is not number 3"},
		{"another place", all(l.evidence(rules.Quorum, nil, 3), func(p *tlog.Proof) { p.Index = 4 }), verify.StepInclusion, "is not number 4"},
		{"beyond the tree", all(l.evidence(rules.Quorum, nil, 3), func(p *tlog.Proof) { p.Index = 9 }), verify.StepIndex, "is number 9, the tree of the checkpoint has 9"},
		{"earlier entry at fault", l.evidence(rules.Quorum, nil, 8, 6), verify.StepEntry, "entry 6, which is to show the breach, is at fault itself"},
		{"earlier entry lacks signatures", l.evidence(rules.Form, nil, 6, 3), verify.StepEntry, "entry 3, which is to show the breach, lacks signatures itself"},
		{"earlier entry of another ledger", chain.evidence(rules.Form, nil, 3, 2), verify.StepEntry, "is for the ledger " + elsewhere},
		{"part of the honest chain", chain.evidence(rules.Refers, nil, 3, 1), verify.StepRule, "entry 3 breaks no rule"},
		{"honest entry", chain.evidence(rules.Refers, nil, 3, 0, 1), verify.StepRule, "entry 3 breaks no rule"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := verify.Evidence(p, c.charge.Bytes())
			if b != nil {
				t.Errorf("breach %s", b)
			}
			wantFailure(t, err, c.step, c.want)
		})
	}
	_, err := verify.Evidence(p, []byte("hello"))
	wantFailure(t, err, verify.StepForm, "evidence begins with the line")
}

// fork returns evidence that the trees of a size and of another log, with as many
// entries the same, are of two histories.
func fork(t testing.TB, same int, small, large uint64) *verify.Charge {
	t.Helper()
	a, b := newTree(t).fill(same), newTree(t).fill(same)
	a.name = home + "'"
	a.fill(int(small) - same)
	a.name = home
	b.fill(int(large) - same)
	root, err := tlog.Root(b.read, small)
	if err != nil {
		t.Fatal(err)
	}
	return &verify.Charge{Rule: verify.Fork, Root: root, Checkpoint: a.checkpoint(small), Consistency: b.consistency(small, large)}
}

func TestForkIsProvedByTwoSignatures(t *testing.T) {
	p := policy(t, quorumTwo)
	for _, c := range []struct {
		same         int
		small, large uint64
	}{{0, 1, 1}, {5, 6, 6}, {5, 6, 7}, {0, 8, 300}, {7, 8, 9}, {290, 300, 700}} {
		b, err := verify.Evidence(p, fork(t, c.same, c.small, c.large).Bytes())
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		if b.Verdict != verify.Yes || b.Rule != verify.Fork || b.Index != c.small || b.Checkpoint.Size != c.large || b.Other.Size != c.small || b.Other.Root == b.Checkpoint.Root || !strings.HasPrefix(b.Reason, "ledger.example signed two trees: one of ") {
			t.Errorf("%+v: %s", c, b)
		}
	}
}

func TestOneHistoryIsNoFork(t *testing.T) {
	p := policy(t, quorumNone)
	l := newTree(t).fill(9)
	honest := func() *verify.Charge {
		root, err := tlog.Root(l.read, 6)
		if err != nil {
			t.Fatal(err)
		}
		return &verify.Charge{Rule: verify.Fork, Root: root, Checkpoint: l.checkpoint(6), Consistency: l.consistency(6, 9)}
	}
	for _, c := range []struct {
		name   string
		change func(c *verify.Charge)
		step   verify.Step
		want   string
	}{
		{"as it is", func(*verify.Charge) {}, verify.StepRule, "the tree of 9 entries begins with the one of 6"},
		{"another root", func(c *verify.Charge) { c.Root = tlog.LeafHash(nil) }, verify.StepConsistency, "the first 6 entries of the tree of 9 do not hash to"},
		{"another size", func(c *verify.Charge) { c.Checkpoint = l.checkpoint(5) }, verify.StepSize, "from size 6, the checkpoint has 5"},
		{"the larger first", func(c *verify.Charge) {
			c.Checkpoint, c.Consistency.Old = l.checkpoint(9), 9
			c.Consistency.Checkpoint = l.checkpoint(6)
		}, verify.StepConsistency, "the first 9 entries of the tree of 6"},
		{"a stranger's", func(c *verify.Charge) {
			other := newTree(t)
			other.name = stranger
			c.Checkpoint = other.fill(6).checkpoint(6)
		}, verify.StepCheckpoint, "no log of the policy signed"},
		{"spoilt", func(c *verify.Charge) { c.Checkpoint = signed(c.Checkpoint.Checkpoint, spoilt(signs(home))) }, verify.StepCheckpoint, "no log of the policy signed"},
	} {
		charge := honest()
		c.change(charge)
		_, err := verify.Evidence(p, charge.Bytes())
		wantFailure(t, err, c.step, c.want)
	}
}

func TestEvidenceHasOneForm(t *testing.T) {
	l := cheat(t)
	good := string(l.evidence(rules.Once, nil, 2, 0, 1).Bytes())
	absent := string(l.evidence(rules.Refers, &verify.Range{First: 0, Last: 3}, 4).Bytes())
	forked := string(fork(t, 2, 3, 4).Bytes())
	for _, b := range []string{good, absent, forked} {
		c, err := verify.ParseEvidence([]byte(b))
		if err != nil || string(c.Bytes()) != b {
			t.Fatal(err)
		}
	}
	lines := strings.SplitAfter(good, "\n")
	otherCheckpoint := newTree(t)
	otherCheckpoint.leaves, otherCheckpoint.hashes, otherCheckpoint.tree = l.leaves, l.hashes, l.tree
	mixed := l.evidence(rules.Once, nil, 2, 0)
	mixed.Proofs[1] = otherCheckpoint.proof(0, 8)
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "begins with the line"},
		{"another version", strings.Replace(good, "v1", "v2", 1), "begins with the line"},
		{"no rule", lines[0], "stands where rule belongs"},
		{"unknown rule", strings.Replace(good, "rule once", "rule nice", 1), `rule "nice" is none`},
		{"no end of line", strings.TrimSuffix(good, "\n"), "stands where proof belongs"},
		{"no proof", lines[0] + lines[1], "stands where proof belongs"},
		{"space", strings.Replace(good, "rule once", "rule  once", 1), "is none that a ledger may break"},
		{"empty line", good + "\n", "stands where proof belongs"},
		{"something after", good + "hello\n", "stands where proof belongs"},
		{"carriage return", strings.ReplaceAll(good, "\n", "\r\n"), "begins with the line"},
		{"base64 of another kind", strings.Replace(good, "proof ", "proof =", 1), "illegal base64"},
		{"base64 with a line feed in it", lines[0] + lines[1] + lines[2][:20] + "\n" + lines[2][20:], "evidence: proof: "},
		{"no proof in it", lines[0] + lines[1] + "proof " + encode("hello") + "\n", "evidence: proof: "},
		{"not ascending", lines[0] + lines[1] + lines[2] + lines[4] + lines[3], "proof of entry 0 comes after that of 1"},
		{"twice", lines[0] + lines[1] + lines[2] + lines[3] + lines[3], "proof of entry 0 comes after that of 0"},
		{"itself", lines[0] + lines[1] + lines[2] + lines[2], "proof of entry 2: it is not before entry 2"},
		{"later entry", lines[0] + lines[1] + lines[3] + lines[2], "proof of entry 2: it is not before entry 0"},
		{"another checkpoint", string(mixed.Bytes()), "under another checkpoint"},
		{"absent of one number", strings.Replace(absent, "absent 0 3", "absent 3", 1), "is not the indexes"},
		{"absent the other way round", strings.Replace(absent, "absent 0 3", "absent 3 0", 1), "is not the indexes"},
		{"absent with a zero before", strings.Replace(absent, "absent 0 3", "absent 0 03", 1), "is not the indexes"},
		{"absent twice", strings.Replace(absent, "absent 0 3\n", "absent 0 3\nabsent 0 3\n", 1), "stands where proof belongs"},
		{"absent after", strings.Replace(absent, "absent 0 3\n", "", 1) + "absent 0 3\n", "stands where proof belongs"},
		{"fork with a proof", forked + lines[2], "it goes on with"},
		{"fork without its root", strings.Replace(forked, "root ", "boot ", 1), "stands where root belongs"},
		{"fork with a root that is none", strings.Replace(forked, "root ", "root A", 1), "canonical base64"},
		{"fork that is absent", strings.Replace(forked, "root ", "absent 0 3\nroot ", 1), "stands where root belongs"},
		{"fork with no checkpoint in it", strings.Replace(forked, "checkpoint ", "checkpoint "+encode("hello"), 1), "checkpoint: "},
		{"fork without proof", forked[:strings.Index(forked, "consistency ")], "stands where consistency belongs"},
		{"fork with no proof in it", forked[:strings.Index(forked, "consistency ")] + "consistency " + encode("hello") + "\n", "consistency: "},
	} {
		if got, err := verify.ParseEvidence([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want %q", c.name, got, err, c.want)
		}
	}
}

func TestEvidenceIsBounded(t *testing.T) {
	b := bytes.Repeat([]byte("a"), verify.MaxEvidence+1)
	if _, err := verify.ParseEvidence(b); err == nil || !strings.Contains(err.Error(), "at most 33554432 are allowed") {
		t.Error(err)
	}
	if _, err := verify.ParseEvidence(b[:verify.MaxEvidence]); err == nil || !strings.Contains(err.Error(), "begins with the line") {
		t.Error(err)
	}
}

func TestEntryIsJudgedBySizeThenForm(t *testing.T) {
	good := record.Entry{Registered: now, Record: twoParties(t).Bytes()}.Bytes()
	spoiltEntry := bytes.Replace(good, []byte("\n\n— "), []byte("\n\n— x"), 1)
	for _, c := range []struct {
		name  string
		entry []byte
		rule  rules.Rule // "" for none
		id    bool
	}{
		{"good", good, "", true},
		{"too long", append(bytes.Clone(good), make([]byte, record.MaxEntry+1-len(good))...), rules.Size, false},
		{"as long as may be", append(bytes.Clone(good), make([]byte, record.MaxEntry-len(good))...), rules.Form, false},
		{"empty", nil, rules.Form, false},
		{"another signer", spoiltEntry, rules.Signed, true},
		{"no record", []byte("registered 1\nhello\n"), rules.Form, false},
		{"kind without version", []byte("registered 1\nchirograph/contract\n"), rules.Form, false},
		{"version 0", []byte("registered 1\nchirograph/contract/v0\n"), rules.Form, false},
		{"kind of one version that is not in form", []byte("registered 1\nchirograph/revocation/v1\n"), rules.Form, false},
		{"kind on a line without an end", []byte("registered 1\nchirograph/lease/v1"), rules.Form, false},
	} {
		e := verify.OpenEntry(c.entry)
		err := e.Admit(new(rules.Memory), key(home))
		var refusal *rules.Refusal
		if errors.As(err, &refusal) != (c.rule != "") || refusal != nil && refusal.Rule != c.rule || (e.ID() == twoParties(t).ID()) != c.id || (e.Record != nil) != (c.name == "good") {
			t.Errorf("%s: %v, id %s", c.name, err, e.ID())
		}
	}
	var unknown *verify.UnknownKind
	for _, line := range []string{"chirograph/lease/v1", "chirograph/contract/v2", "chirograph/contract/v11", "chirograph/revocation/v999999999"} {
		err := verify.OpenEntry([]byte("registered 1\n"+line+"\n")).Admit(new(rules.Memory), key(home))
		if !errors.As(err, &unknown) || unknown.Line != line {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func FuzzEvidence(f *testing.F) {
	l := cheat(f)
	f.Add(l.evidence(rules.Once, nil, 2, 0).Bytes())
	f.Add(l.evidence(rules.Refers, &verify.Range{First: 0, Last: 3}, 4).Bytes())
	f.Add(fork(f, 1, 2, 3).Bytes())
	f.Add(late(f, 3, everybody...).Bytes())
	f.Add(twoEntries(f, 1, 1, 2, 3).Bytes())
	f.Add([]byte("chirograph/evidence/v1\nrule once\nproof \n"))
	p := policy(f, quorumNone)
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := verify.ParseEvidence(b)
		breach, judged := verify.Evidence(p, b)
		if err != nil {
			if c != nil || breach != nil || judged == nil {
				t.Fatalf("%v: %v, %v", err, c, breach)
			}
			return
		}
		if !bytes.Equal(c.Bytes(), b) {
			t.Fatalf("%q is read as %q", b, c.Bytes())
		}
		if (breach == nil) != (judged != nil) {
			t.Fatalf("%v, %v", breach, judged)
		}
	})
}
