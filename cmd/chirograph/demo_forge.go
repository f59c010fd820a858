package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

// A forgery is something that has to be caught.
type forgery struct {
	title string
	deed  string // what the forger does
	// try does it, hands it to whoever would be deceived, and returns what he says
	// to it: nil if it passes.
	try  func(context.Context) error
	want string // where it has to be caught, as caught says
	why  string
}

// caught says where a forgery was refused, and why: at a step of the verifier, or by
// a rule of the ledger; "" where the error is another one.
func caught(err error) (where, how string) {
	var failure *verify.Failure
	var refusal *client.Refusal
	switch {
	case errors.As(err, &failure):
		return atStep(failure.Step), failure.Reason
	case errors.As(err, &refusal) && refusal.Rule != "":
		return byRule(refusal.Rule), refusal.Detail
	}
	return "", ""
}

func atStep(s verify.Step) string { return fmt.Sprintf("by the verifier, at the step %q", s) }
func byRule(r rules.Rule) string  { return fmt.Sprintf("by the ledger, by the rule %q", r) }

// step is the forgery as a part of the play.
func (f forgery) step(d *demo) demoStep {
	do := func(ctx context.Context) error {
		d.tell("%s", f.deed)
		err := f.try(ctx)
		if err == nil {
			return no("the forgery passed; it should be caught %s", f.want)
		}
		where, how := caught(err)
		switch {
		case where == "":
			return err
		case where != f.want:
			return no("caught %s (%w); it should be caught %s", where, err, f.want)
		}
		d.tell("Caught %s: %s", where, shorten(how))
		d.figures.caught++
		return nil
	}
	return demoStep{"Forgery: " + f.title, do, f.why}
}

func (d *demo) allForgeries() []forgery {
	return []forgery{
		{
			"a changed document",
			"In terms.md 145.00 EUR a meter becomes 115.00. All signatures stay.",
			d.changeDocument, atStep(verify.StepDocuments),
			"The parties signed the file's hash: one digit is enough to be seen.",
		},
		{
			"a signature of a stranger",
			"Mal signs an order of 400 meters for Ann and Cyd: their names, her key.",
			d.signAsOthers, byRule(rules.Signed),
			"A name proves nothing, a key does: the ledger checks every signature.",
		},
		{
			"a receipt for an entry that is not there",
			"Mal puts a contract that was never registered into your receipt.",
			d.inventEntry, atStep(verify.StepInclusion),
			"The hashes lead to the signed root from that one entry, and no other.",
		},
		{
			"a ledger that rewrites its past",
			"The ledger begins again with its own key, and another contract for yours.",
			d.rewritePast, atStep(verify.StepConsistency),
			"Its signature is good, and convicts it: it has signed two pasts.",
		},
	}
}

// changeDocument compares documents, one of them changed, as chirograph-verify
// receipt --docs does.
func (d *demo) changeDocument(ctx context.Context) error {
	if _, err := d.run(ctx, "extract", d.path(demoContract), "--to", d.path("pumps")); err != nil {
		return err
	}
	changed := bytes.Replace(demoTerms, []byte("145.00 EUR"), []byte("115.00 EUR"), 1)
	if bytes.Equal(changed, demoTerms) {
		return errors.New("the terms have no price to change")
	}
	forged := d.path("forged", "documents")
	if err := os.CopyFS(forged, os.DirFS(d.path("pumps"))); err != nil {
		return err
	}
	if err := d.save(changed, "forged", "documents", "terms.md"); err != nil {
		return err
	}
	if err := d.compare(d.path("pumps")); err != nil {
		return fmt.Errorf("the true documents: %v", err)
	}
	return d.compare(forged)
}

func (d *demo) compare(dir string) error {
	reg, err := verify.Receipt(d.policy, d.proof.Bytes())
	if err != nil {
		return err
	}
	rep := reg.Report(d.policy)
	if err := rep.Compare(reg.Record.Text(), os.DirFS(dir)); err != nil {
		return err
	}
	return holds(rep)
}

// signAsOthers submits a contract in which a stranger signed for two directors.
func (d *demo) signAsOthers(ctx context.Context) error {
	mal, err := d.stranger("mal.elsewhere.example")
	if err != nil {
		return err
	}
	malKey, err := verifierKeyOf(mal)
	if err != nil {
		return err
	}
	c, err := dossier.Open(d.path(demoContract))
	if err != nil {
		return err
	}
	defer c.Close()
	buyer := c.Contract().Text().Parties[0]
	draft, err := d.draft("Four hundred flow meters", "Four hundred, paid in advance.\n",
		[]record.Party{buyer, {Role: "manufacturer", Threshold: 1, Keys: []note.Key{malKey}}})
	if err != nil {
		return err
	}
	forged := note.Note{Text: draft.Text().Bytes()}
	sig, err := mal.Sign(forged.Text)
	if err != nil {
		return err
	}
	for _, k := range []note.Key{buyer.Keys[0], buyer.Keys[2], malKey} {
		forged.Signatures = append(forged.Signatures, k.Signature(sig))
	}
	// A forger's program believes everything.
	r, err := record.Open(forged.Bytes(), func(note.PublicKey, []byte, []byte) bool { return true })
	if err != nil {
		return err
	}
	if err := d.save(r.Bytes(), "forged", "stranger.note"); err != nil {
		return err
	}
	_, err = d.client.Submit(ctx, r)
	return err
}

func (d *demo) stranger(name string) (keys.SecretKey, error) {
	return keys.Generate(d.tool.random, name)
}

// inventEntry verifies a receipt with an entry that no tree has.
func (d *demo) inventEntry(context.Context) error {
	r, err := d.strangers()
	if err != nil {
		return err
	}
	genuine, err := record.ParseEntry(d.proof.Extra)
	if err != nil {
		return err
	}
	forged := d.proof
	forged.Extra = record.Entry{Registered: genuine.Registered, Record: r.Bytes()}.Bytes()
	if err := d.save(forged.Bytes(), "forged", "nowhere.tlog-proof"); err != nil {
		return err
	}
	_, err = verify.Receipt(d.policy, forged.Bytes())
	return err
}

// strangers returns a contract that two strangers signed as they should.
func (d *demo) strangers() (*record.Record, error) {
	mal, err := d.stranger("mal.elsewhere.example")
	if err != nil {
		return nil, err
	}
	ned, err := d.stranger("ned.elsewhere.example")
	if err != nil {
		return nil, err
	}
	return d.contract("Nothing at all", "Nothing.\n", demoParty{"buyer", ned}, demoParty{"manufacturer", mal})
}

// rewritePast asks a second ledger, with the key and the entries of the first but
// for one, to continue the checkpoint that was kept of the first.
func (d *demo) rewritePast(ctx context.Context) (err error) {
	other, err := startLedger(d.path("forged", "ledger"), d.secret, d.tool.now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, other.stop()) }()
	c, err := other.client(d.policy)
	if err != nil {
		return err
	}
	again := &crowd{
		client: c, n: len(d.others) + 1, late: func() bool { return false },
		progress: &progress{story: d.story, total: len(d.others) + 1},
		draw: func(i int) (*record.Record, error) {
			if i == 0 {
				return d.strangers()
			}
			return d.others[i-1], nil
		},
	}
	if _, err := again.register(ctx); err != nil {
		return err
	}
	rewritten, err := c.Checkpoint(ctx)
	if err != nil {
		return err
	}
	if err := d.checkEvidence(rewritten.SignedCheckpoint); err != nil {
		return err
	}
	proof, err := other.fetch(ctx, fmt.Sprintf("/consistency/%d", d.kept.Size))
	if err != nil {
		return err
	}
	if err := errors.Join(
		d.save(rewritten.Bytes(), "forged", "rewritten.checkpoint"),
		d.save(proof, "forged", "rewritten.consistency"),
	); err != nil {
		return err
	}
	_, err = verify.Consistency(d.policy, d.kept, proof)
	return err
}

// checkEvidence demands that the two checkpoints convict the ledger: both are signed
// by its key, and are of trees of one size with different roots.
func (d *demo) checkEvidence(rewritten tlog.SignedCheckpoint) error {
	for _, c := range []tlog.SignedCheckpoint{d.kept, rewritten} {
		if _, err := d.policy.Checkpoint(c); err != nil {
			return fmt.Errorf("evidence: %v", err)
		}
	}
	if d.kept.Size != rewritten.Size || d.kept.Root == rewritten.Root {
		return fmt.Errorf("evidence: the trees have %d and %d entries, the roots %s and %s", d.kept.Size, rewritten.Size, d.kept.Root, rewritten.Root)
	}
	return nil
}
