package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/publickey"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/verify"
)

var (
	//go:embed demo/terms.md
	demoTerms []byte
	//go:embed demo/meter.svg
	demoDrawing []byte
)

// The names of the demo's files.
const (
	demoOrigin   = "ledger.demo.example"
	demoContract = "pumps" + dossierExtension
	demoPolicy   = "ledger.policy"
)

// demoKeys are the people of the demo.
var demoKeys = []struct{ file, name, role string }{
	{"ann.key", "ann.water.example", "buyer"},
	{"bob.key", "bob.water.example", "buyer"},
	{"cyd.key", "cyd.water.example", "buyer"},
	{"dan.key", "dan.meters.example", "manufacturer"},
	{"ivy.key", "ivy.inspection.example", "quality-inspector"},
}

// demoSigners are those who sign: two of the three directors are enough.
var demoSigners = []string{"ann.key", "cyd.key", "dan.key", "ivy.key"}

func (d *demo) honestSteps() []demoStep {
	return []demoStep{
		{"A ledger opens", d.openLedger, "It registers only what everyone who has to has signed."},
		{"Five people make keys", d.makeKeys, "Only who has the key can sign with it: no account, no platform."},
		{"A contract is drawn up", d.drawUp, "It is all in one file; the ledger sees salted hashes, not the documents."},
		{"It goes round and is signed", d.signAll, "Two of three directors bind the buyer: a lost key stops nothing."},
		{"It is registered", d.submit, "Each party now has the same proof, and none can say it was otherwise."},
		{"The receipt is verified, offline", d.verifyReceipt, "Anyone checks this in any year, from the file and the ledger's key."},
		{fmt.Sprintf("%s more contracts come", thousands(d.crowd)), d.joinCrowd, "Each was on disk before it was answered, and each receipt was verified."},
		{"The ledger proves that it only grew", d.proveGrowth, "Keep one checkpoint, five lines of text, and the ledger is held to it."},
	}
}

func (d *demo) lastStep() demoStep {
	return demoStep{"The ledger goes away", d.goAway, "The proof outlives the ledger: it is in your file."}
}

// run runs a command as the user of the demo's directory would type it, and returns
// what it prints.
func (d *demo) run(ctx context.Context, args ...string) (string, error) {
	var out, talk bytes.Buffer
	tool := *d.tool
	tool.stdout, tool.stderr = &out, &talk
	root := tool.root()
	root.SetArgs(args)
	root.SetIn(tool.stdin)
	root.SetOut(&out)
	root.SetErr(&talk)
	err := root.ExecuteContext(ctx)
	return out.String(), err
}

// command shows a command, and runs it.
func (d *demo) command(ctx context.Context, args ...string) (string, error) {
	shown := []string{"chirograph"}
	for _, a := range args {
		shown = append(shown, strings.ReplaceAll(a, d.dir+string(filepath.Separator), ""))
	}
	d.show(shown...)
	return d.run(ctx, args...)
}

func (d *demo) openLedger(context.Context) (err error) {
	if d.secret, err = keys.Generate(d.tool.random, demoOrigin); err != nil {
		return err
	}
	if d.ledger, err = startLedger(d.path("ledger"), d.secret, d.tool.now); err != nil {
		return err
	}
	d.tell("%s at %s; its log is empty, on disk.", demoOrigin, d.ledger.url)
	d.tell("Its key is %s.", d.secret.Public().Fingerprint())
	return nil
}

func (d *demo) makeKeys(ctx context.Context) error {
	d.show("chirograph", "key", "new", "NAME", "--out", "FILE", "--no-passphrase")
	for _, k := range demoKeys {
		if _, err := d.run(ctx, "key", "new", k.name, "--out", d.path(k.file), "--no-passphrase"); err != nil {
			return err
		}
		pub, _, err := publickey.Open(d.path(k.file))
		if err != nil {
			return err
		}
		d.print("%s%-22s  %s", storyIndent, k.name, pub.Fingerprint())
	}
	return nil
}

func (d *demo) drawUp(ctx context.Context) error {
	if err := errors.Join(d.save(demoTerms, "terms.md"), d.save(demoDrawing, "meter.svg")); err != nil {
		return err
	}
	if err := d.trust(ctx); err != nil {
		return err
	}
	pub := func(file string) string { return d.path(file + ".pub") }
	if _, err := d.command(ctx, "new", "--ledger", d.path(demoPolicy), "--title", "Forty flow meters", "--names",
		"--party", "buyer=2:"+pub("ann.key")+","+pub("bob.key")+","+pub("cyd.key"),
		"--party", "manufacturer="+pub("dan.key"), "--party", "quality-inspector="+pub("ivy.key"),
		d.path("terms.md"), "drawing="+d.path("meter.svg"), "-o", d.path(demoContract)); err != nil {
		return err
	}
	c, err := dossier.Open(d.path(demoContract))
	if err != nil {
		return err
	}
	defer c.Close()
	d.id = c.Contract().ID()
	t := c.Contract().Text()
	d.tell("%s is contract %s: %d parties, %d documents.", recordName(c.Contract()), short(d.id), len(t.Parties), len(t.Documents))
	return nil
}

// trust fetches the ledger's policy and compares its key, as a careful user does by
// telephone.
func (d *demo) trust(ctx context.Context) error {
	if _, err := d.command(ctx, "policy", d.ledger.url, "-o", d.path(demoPolicy)); err != nil {
		return err
	}
	text, err := readFile(d.path(demoPolicy), verify.MaxPolicy)
	if err != nil {
		return err
	}
	if d.policy, err = verify.ParsePolicy(text); err != nil {
		return err
	}
	if got, want := d.policy.Logs[0].Key.Public(), d.secret.Public(); got != want {
		return fmt.Errorf("the policy's key is %s, the ledger's %s", got.Fingerprint(), want.Fingerprint())
	}
	d.client, err = d.ledger.client(d.policy)
	return err
}

func (d *demo) signAll(ctx context.Context) error {
	for _, file := range demoSigners {
		if _, err := d.command(ctx, "sign", d.path(demoContract), "--key", d.path(file), "--yes"); err != nil {
			return err
		}
	}
	c, err := dossier.Open(d.path(demoContract))
	if err != nil {
		return err
	}
	defer c.Close()
	r := c.Contract()
	if !r.Complete() {
		return fmt.Errorf("%s: %s", recordName(r), d.tool.state(hold(c), r))
	}
	for _, q := range r.Text().Requirements() {
		var signed []string
		for _, k := range q.Keys {
			if r.SignedBy(k.Public()) {
				signed = append(signed, k.Name())
			}
		}
		d.print("%s%-17s  %s (%d of %d)", storyIndent, q.Name(), strings.Join(signed, ", "), len(signed), len(q.Keys))
	}
	d.figures.signatures = len(r.Signed())
	return nil
}

func (d *demo) submit(ctx context.Context) error {
	if _, err := d.command(ctx, "submit", d.path(demoContract)); err != nil {
		return err
	}
	c, err := dossier.Open(d.path(demoContract))
	if err != nil {
		return err
	}
	defer c.Close()
	receipt := c.Receipt(d.id)
	if receipt == nil {
		return errors.New("the file has no receipt of it")
	}
	d.first = receipt.Proof.Checkpoint
	d.tell("Entry %d at %s. The receipt has %s bytes.", receipt.Proof.Index, readable(receipt.Entry.Registered), thousands(len(receipt.Bytes())))
	return d.save(d.first.Bytes(), "first.checkpoint")
}

func (d *demo) verifyReceipt(context.Context) error {
	rep, err := d.verifyDossier()
	if err != nil {
		return err
	}
	d.show("chirograph-verify", "receipt", "--policy", demoPolicy, demoContract)
	d.tell("Yes: all signed, it is registered, and %d documents are the ones signed.", len(rep.Documents))
	return nil
}

// verifyDossier verifies the demo's contract from files alone.
func (d *demo) verifyDossier() (*verify.Report, error) {
	text, err := readFile(d.path(demoPolicy), verify.MaxPolicy)
	if err != nil {
		return nil, err
	}
	policy, err := verify.ParsePolicy(text)
	if err != nil {
		return nil, err
	}
	c, err := dossier.Open(d.path(demoContract))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	items, err := verify.Dossier(policy, c)
	if err != nil {
		return nil, err
	}
	verify.Relate(items)
	if len(items) != 1 {
		return nil, fmt.Errorf("the file has %d records, not the contract alone", len(items))
	}
	return items[0].Report, holds(items[0].Report)
}

// holds demands that a report is a yes, and that every document was compared.
func holds(rep *verify.Report) error {
	if rep.Failure != nil {
		return rep.Failure
	}
	for _, doc := range rep.Documents {
		if !doc.Compared {
			return fmt.Errorf("document %s was not compared", doc.Name)
		}
	}
	if rep.Verdict != verify.Yes {
		return fmt.Errorf("the verdict is %q", rep.Verdict)
	}
	return nil
}

func (d *demo) proveGrowth(ctx context.Context) error {
	x, proof, err := d.client.Consistency(ctx, d.first)
	if err != nil {
		return err
	}
	d.kept = x.New.SignedCheckpoint
	if want := d.first.Size + uint64(len(d.others)); d.kept.Size != want || want == d.first.Size {
		return fmt.Errorf("the log grew from %d entries to %d, and %d were registered", d.first.Size, d.kept.Size, len(d.others))
	}
	if _, err := d.command(ctx, "update", d.path(demoContract)); err != nil {
		return err
	}
	if err := d.measure(proof); err != nil {
		return err
	}
	d.tell("%d hashes prove that the log of %s entries begins with the log of %d;", d.figures.growthHashes, thousands(d.kept.Size), d.first.Size)
	d.tell("%d lead from your contract to the root that the ledger signed.", len(d.proof.Hashes))
	return errors.Join(d.save(d.kept.Bytes(), "kept.checkpoint"), d.save(proof, "first-to-kept.consistency"))
}

func (d *demo) goAway(context.Context) error {
	if err := d.ledger.stop(); err != nil {
		return err
	}
	rep, err := d.verifyDossier()
	if err != nil {
		return err
	}
	d.tell("It is stopped. The contract is verified again: %s, entry %d of %s.", rep.Verdict, *rep.Index, thousands(rep.Size))
	return nil
}

// verifierKeyOf returns the verifier key of a secret one.
func verifierKeyOf(k keys.SecretKey) (note.Key, error) {
	return note.NewKey(k.Name(), note.Ed25519, k.Public())
}
