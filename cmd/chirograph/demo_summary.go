package main

import (
	"errors"
	"net/url"
	"path/filepath"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/dossier"
)

// demoFigures are what the steps counted.
type demoFigures struct {
	signatures   int // under the contract
	crowdTime    time.Duration
	receipt      int // bytes of the receipt against the whole log
	growthHashes int
	caught       int
}

// rate is how many of the crowd were registered in a second.
func (d *demo) rate() string {
	return thousands(int(float64(len(d.others)) / max(d.figures.crowdTime.Seconds(), 1e-3)))
}

// measure counts the hashes and bytes of the proofs, once all are registered.
func (d *demo) measure(consistency []byte) error {
	growth, err := tlog.ParseConsistency(consistency)
	if err != nil {
		return err
	}
	c, err := dossier.Open(d.path(demoContract))
	if err != nil {
		return err
	}
	defer c.Close()
	receipt := c.Receipt(d.id)
	if receipt == nil || receipt.Proof.Checkpoint.Size != d.kept.Size {
		return errors.New("the file has no receipt against the latest log")
	}
	d.proof = receipt.Proof
	d.figures.growthHashes, d.figures.receipt = len(growth.Hashes), len(receipt.Bytes())
	return nil
}

// summary says what was seen, what was not, and what to do next.
func (d *demo) summary() {
	f := d.figures
	d.print("")
	d.print("What you saw, in %.1f seconds", d.tool.now().Sub(d.start).Seconds())
	row := func(n, format string, args ...any) { d.print("%7s  "+format, append([]any{n}, args...)...) }
	row(thousands(d.kept.Size), "contracts in one log, %s of them a second", d.rate())
	row(thousands(f.receipt), "bytes of receipt prove yours offline: the contract, %d signatures,", f.signatures)
	row("", "%d hashes, and the ledger's signature over all %s", len(d.proof.Hashes), thousands(d.kept.Size))
	row(thousands(f.growthHashes), "hashes prove that %s entries continue the first one", thousands(d.kept.Size))
	row(thousands(f.caught), "forgeries, each caught where it should be")
	d.print("")
	d.print("What you did not see")
	d.tell("Witnesses. This ledger has none: when it registered is its word alone, and it was the checkpoint that you kept which convicted it. A witness keeps one for everybody.")
	d.print("")
	d.print("What to try next")
	if d.keep == "" {
		d.nextWithout()
		return
	}
	d.nextWith()
}

// nextWithout proposes what needs none of the demo's files.
func (d *demo) nextWithout() {
	chirograph := program("chirograph")
	d.next("the same, and all its files stay, to play with:", chirograph+" demo --keep pumps")
	d.next("a key of your own, and what a contract is made with:", chirograph+" key new you.example", chirograph+" new --help")
	d.next("a ledger of your own:", program("chirographd")+" init --dir ledger --origin ledger.example")
}

// nextWith proposes what to do with the files that are kept.
func (d *demo) nextWith() {
	chirograph, verifier, daemon := program("chirograph"), program("chirograph-verify"), program("chirographd")
	at := func(name string) string { return shellQuote(filepath.Join(d.keep, filepath.FromSlash(name))) }
	receipt := verifier + " receipt --policy " + at(demoPolicy) + " "
	consistency := verifier + " consistency --policy " + at(demoPolicy) + " " + at("kept.checkpoint") + " "
	d.next("what Ann saw before she signed:", chirograph+" show "+at(demoContract)+" --key "+at("ann.key.pub"))
	d.next("the contract, verified offline:", receipt+at(demoContract))
	d.next("the forgeries, each refused:",
		receipt+"--docs "+at("forged/documents")+" "+at(demoContract),
		receipt+at("forged/nowhere.tlog-proof"),
		consistency+at("forged/rewritten.consistency"))
	d.next("the evidence: two checkpoints of one size, both signed by the ledger:",
		"cat "+at("kept.checkpoint")+" "+at("forged/rewritten.checkpoint"))
	host := ""
	if u, err := url.Parse(d.policy.Logs[0].URL); err == nil {
		host = u.Host
	}
	d.next("the ledger, opened again, and asked from another terminal:",
		daemon+" serve --dir "+at("ledger")+" --listen "+host,
		chirograph+" status "+at(demoContract))
}

// next prints what commands do, and the commands, each in one line so that it can be
// copied.
func (d *demo) next(what string, commands ...string) {
	d.print("%s%s", storyIndent, what)
	for _, c := range commands {
		d.print("%s  %s", storyIndent, c)
	}
}
