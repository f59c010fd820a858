package audit

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

// junk adds lines to the checkpoint that verify for nobody.
func junk(lines ...note.Signature) func(path string, b []byte) []byte {
	return altered("checkpoint", func(b []byte) []byte {
		for _, l := range lines {
			b = l.Append(b)
		}
		return b
	})
}

// A ledger that cheats does not choose who can judge it: with lines that its auditor
// does not know, and that whoever judges does.
func TestLinesThatTheAuditorDoesNotKnowShieldNobody(t *testing.T) {
	witness := newSigner("witness.example")
	cosigner := must(note.NewKey("witness.example", note.Cosignature, witness.Public()))
	elsewhere := newSigner("elsewhere.example")
	lines := []note.Signature{cosigner.Signature(note.CosignatureBytes(now, make([]byte, 64))), elsewhere.Signature(make([]byte, 64))}
	for i := range 90 {
		lines = append(lines, newSigner(fmt.Sprintf("junk%d.example", i)).Signature(bytes.Repeat([]byte{7}, 1000)))
	}
	judge := must(verify.ParsePolicy([]byte("log " + elsewhere.String() + "\nlog " + home.String() + "\nwitness w " + cosigner.String() + "\nquorum w\n")))

	breach := newLedger().fill(7)
	breach.Register(signed(breach.Text(record.Contract), maker))
	dir := t.TempDir()
	honest := newLedger().fill(5)
	honest.Alter = junk(lines...)
	honest.clean(t, dir) // so that what is kept has had such lines too
	for name, c := range map[string]struct {
		*ledger
		dir  string
		rule rules.Rule
	}{"breach": {breach, t.TempDir(), rules.Quorum}, "fork": {rewritten(3, 9), dir, verify.Fork}} {
		c.Alter = junk(lines...)
		r, err := c.audit(t, c.dir)
		if err != nil || r.Finding == nil || r.Finding.Rule != c.rule {
			t.Fatal(name, r.Finding, err)
		}
		checkEvidence(t, r.Finding, false)
		if b, err := verify.Evidence(judge, r.Finding.Evidence); err != nil || b.Verdict != verify.Yes {
			t.Errorf("%s, for a judge who knows the lines: %v, %v", name, b, err)
		}
		if len(r.Finding.Evidence) > 8000 {
			t.Errorf("%s: evidence of %d bytes is filled with lines that nobody knows", name, len(r.Finding.Evidence))
		}
	}
}

// Cosignatures say when a tree was seen, and nothing of who signed it: a proof of each
// entry with a line of each of many witnesses would leave no room for the entries.
func TestEvidenceHasOneLineOfTheLedgerAndNoOther(t *testing.T) {
	w := newSigner("w1.example")
	witness := must(note.NewKey("w1.example", note.Cosignature, w.Public()))
	p := must(verify.ParsePolicy([]byte("log " + home.String() + "\nwitness w1 " + witness.String() + "\nquorum w1\n")))
	l := newLedger().fill(7)
	l.Register(signed(l.Text(record.Contract), maker))
	l.Alter = altered("checkpoint", func(b []byte) []byte {
		text := must(tlog.ParseSignedCheckpoint(b)).Note.Text
		b = other.Signature(make([]byte, 64)).Append(b)
		return witness.Signature(note.CosignatureBytes(now, must(w.Sign(note.CosignatureMessage(text, now))))).Append(b)
	})
	cfg := l.config(t, t.TempDir())
	cfg.Client, cfg.Policy = serveAs(t, l, p), p
	r, err := Run(t.Context(), cfg)
	if err != nil || r.Finding == nil || r.SeenBy != now {
		t.Fatal(r.Finding, err)
	}
	c := must(verify.ParseEvidence(r.Finding.Evidence)).Proofs[0].Checkpoint
	if lines := c.Note.Signatures; len(lines) != 1 || !lines[0].By(home.Key) {
		t.Errorf("%d lines", len(lines))
	}
	if lines := r.Checkpoint.Note.Signatures; len(lines) != 2 || !lines[1].By(witness) {
		t.Errorf("the checkpoint has lost who saw it: %d lines", len(lines))
	}
	checkEvidence(t, r.Finding, false)
}

// A contract that was amended without end is not out of reach of a rule that does not
// ask what it replaces.
func TestALongChainIsInTheEvidenceOfAnswersAlone(t *testing.T) {
	const amendments = 12
	l := newLedger()
	first := l.Register(l.Contract(nil))
	last := first
	for range amendments {
		last = l.Register(signed(l.Amendment(last), maker, buyer))
	}
	said := l.Register(l.Under(record.Statement, last, nil, maker))
	size := len(l.Entries)
	for name, c := range map[string]struct {
		rule   rules.Rule
		proofs int
		cheat  *record.Record
	}{
		"ended by one who may not":       {rules.Terminates, 2, l.Under(record.Termination, last, nil, maker)},
		"amended with one signature":     {rules.Quorum, 2, signed(l.Amendment(last), maker)},
		"answers what comes later":       {rules.Refers, 2 + 1 + amendments, l.Under(record.Statement, first, func(t *record.Text) { t.Answers = said.ID() }, buyer)},
		"answers what is of its own":     {"", 0, l.Under(record.Statement, last, func(t *record.Text) { t.Answers = said.ID() }, buyer)},
		"replaces what is replaced":      {rules.Replaces, 3, signed(l.Amendment(first), maker, buyer)},
		"made under what is replaced":    {rules.Under, 3, l.Contract(func(t *record.Text) { t.Under = first.ID() })},
		"states something by a stranger": {rules.Refers, 2, l.Under(record.Statement, last, func(t *record.Text) { t.Parties = []record.Party{party("buyer", other)} }, other)},
	} {
		t.Run(name, func(t *testing.T) {
			cheat := newLedger()
			for _, e := range l.Entries[:size] {
				cheat.Add(e)
			}
			cheat.Register(c.cheat)
			r, err := cheat.audit(t, t.TempDir())
			if err != nil || (r.Finding == nil) != (c.rule == "") {
				t.Fatal(r.Finding, err)
			}
			if r.Finding == nil {
				return
			}
			checkEvidence(t, r.Finding, false)
			if got := len(must(verify.ParseEvidence(r.Finding.Evidence)).Proofs); got != c.proofs || r.Finding.Rule != c.rule {
				t.Errorf("%s: %d proofs, want %d", r.Finding, got, c.proofs)
			}
		})
	}
}

// What is too long for evidence is a finding all the same, which says so.
func TestEvidenceThatWouldBeTooLongIsNotWritten(t *testing.T) {
	l := newLedger()
	large := func(t *record.Text) {
		for i := range 60 {
			t.Documents = append(t.Documents, record.Document{Size: 1, Media: "text/plain", Kind: "drawing", Name: fmt.Sprintf("%03d%s.txt", i, strings.Repeat("x", 100))})
		}
	}
	first := l.Register(l.Contract(large))
	last := first
	for range 1500 {
		text := l.Amendment(last)
		large(text)
		last = l.Register(signed(text, maker, buyer))
	}
	said := l.Register(l.Under(record.Statement, last, nil, maker))
	l.Register(l.Under(record.Statement, first, func(t *record.Text) { t.Answers = said.ID() }, buyer))
	dir := t.TempDir()
	r, err := l.audit(t, dir)
	if err != nil || r.Finding == nil || r.Finding.Rule != rules.Refers || r.Finding.Evidence != nil || !strings.Contains(r.Finding.Doubt, "at most 33554432 are allowed") {
		t.Errorf("%+v, %v", r.Finding, err)
	}
}
