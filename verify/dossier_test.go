package verify_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

func newDossier(t testing.TB, contract *record.Record) *dossier.Dossier {
	t.Helper()
	d, err := dossier.New(contract, []byte(quorumNone))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func addReceipt(t testing.TB, d *dossier.Dossier, p tlog.Proof) {
	t.Helper()
	if _, err := d.AddReceipt(p.Bytes()); err != nil {
		t.Fatal(err)
	}
}

func addDocument(t testing.TB, d *dossier.Dossier, name string, source dossier.Source, salt []byte) {
	t.Helper()
	if err := d.AddDocument(d.Contract().ID(), name, source, salt); err != nil {
		t.Fatal(err)
	}
}

// reread returns the dossier after it was written, with the data of one of its
// documents exchanged, and read.
func reread(t *testing.T, d *dossier.Dossier, old, data []byte) *dossier.Dossier {
	t.Helper()
	var b bytes.Buffer
	if _, err := d.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	sum := func(b []byte) []byte { return binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)) }
	file := bytes.ReplaceAll(b.Bytes(), old, data)
	file = bytes.ReplaceAll(file, sum(old), sum(data))
	changed, err := dossier.Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// inspect returns the items of a dossier, related.
func inspect(t *testing.T, p *verify.Policy, d *dossier.Dossier) []verify.Item {
	t.Helper()
	items, err := verify.Dossier(p, d)
	if err != nil {
		t.Fatal(err)
	}
	verify.Relate(items)
	return items
}

func TestADossierIsVerifiedReceiptByReceipt(t *testing.T) {
	w := newWorld(t)
	old := contractText(t, 1)
	revocation := w.register(revocationText(key("carol.example")), "carol.example")
	first := w.register(old, both...)
	statement := w.register(statementText(old.ID(), makers()[1:], 2), "bob.example", "dave.example")
	amendment := amendmentText(t, old.ID(), makers())
	last := w.register(amendment, both...)
	termination := w.register(terminationText(amendment.ID(), makers()), both...)

	d := newDossier(t, sign(t, amendment, both...))
	for _, i := range []uint64{first, statement, last, termination, revocation} {
		addReceipt(t, d, w.log.proof(i, 5))
	}
	if err := d.AddRecord(sign(t, statementText(amendment.ID(), makers()[1:], 9), "bob.example")); err != nil {
		t.Fatal(err)
	}
	items := inspect(t, w.p, d)
	if len(items) != 5 {
		t.Fatalf("%d items, want one for each receipt and none for the draft", len(items))
	}
	for i, kind := range []string{"revocation", "contract", "statement", "contract", "termination"} {
		wantYes(t, items[i].Report)
		if items[i].Kind != kind || items[i].Registration.Index != uint64(i) {
			t.Errorf("entry %d is a %s, want a %s", i, items[i].Kind, kind)
		}
	}
	if items[1].Replaced != amendment.ID().String() {
		t.Errorf("the old contract is replaced by %q", items[1].Replaced)
	}
}

// Whoever drew it up: anyone may name a contract that somebody else made.
func TestADraftIsNoFaultOfTheContractInPlace(t *testing.T) {
	w := newWorld(t)
	old := contractText(t, 1)
	w.register(old, both...)
	stranger := contractText(t, 2)
	stranger.Under = old.ID()
	for _, draft := range []*record.Text{amendmentText(t, old.ID(), makers()), stranger} {
		d := newDossier(t, sign(t, old, both...))
		addReceipt(t, d, w.log.proof(0, 1))
		if err := d.AddRecord(sign(t, draft)); err != nil {
			t.Fatal(err)
		}
		if d.Contract().ID() != draft.ID() {
			t.Fatal("the dossier is not about the draft")
		}
		items := inspect(t, w.p, d)
		if len(items) != 1 {
			t.Fatalf("%d items, want 1", len(items))
		}
		wantYes(t, items[0].Report)
		if want := "that contract " + draft.ID().String() + ", which is in this file, binds anybody: it is a draft, not registered"; !slices.Contains(items[0].NotProved, want) {
			t.Errorf("not proved is %q", items[0].NotProved)
		}
	}
	// A contract that does not hold is not made good by it.
	d := newDossier(t, sign(t, stranger))
	if err := d.AddRecord(sign(t, old, both...)); err != nil {
		t.Fatal(err)
	}
	if items := inspect(t, w.p, d); len(items) != 1 || items[0].Verdict != verify.No {
		t.Errorf("%d items", len(items))
	}
}

func TestADossierWhoseContractIsNotRegisteredSaysSo(t *testing.T) {
	p := policy(t, quorumNone)
	text := contractText(t, 1)
	id := text.ID().String()
	for want, labels := range map[string][]string{
		"not registered: contract " + id + " is a draft, manufacturer has 0 of 1 signatures":           {},
		"not registered: contract " + id + " is a draft, buyer has 1 of 2 signatures":                  {"alice.example", "bob.example"},
		"not registered: the dossier has no receipt of contract " + id + ", which everyone has signed": both,
	} {
		items := inspect(t, p, newDossier(t, sign(t, text, labels...)))
		if len(items) != 1 || items[0].Registration != nil {
			t.Fatalf("items are %+v", items)
		}
		wantNo(t, items[0].Report, verify.StepProof, want)
	}
}

func TestAStatementInADossierIsOfARegisteredContract(t *testing.T) {
	w := newWorld(t)
	contract := contractText(t, 1)
	statement := w.register(statementText(contract.ID(), makers()[:1], 2), "alice.example")
	d := newDossier(t, sign(t, contract, both...))
	addReceipt(t, d, w.log.proof(statement, 1))
	unregistered, unchecked := 0, 0
	for _, item := range inspect(t, w.p, d) {
		if item.Registration == nil {
			wantNo(t, item.Report, verify.StepProof, "not registered")
			unregistered++
		} else {
			wantUnchecked(t, item.Report, contract.ID())
			unchecked++
		}
	}
	if unregistered != 1 || unchecked != 1 {
		t.Errorf("%d items are unregistered and %d unchecked, want one of each", unregistered, unchecked)
	}
}

func TestAReceiptInADossierHasToHold(t *testing.T) {
	w := newWorld(t)
	contract := contractText(t, 1)
	p := w.log.fill(1).proof(w.register(contract, both...), 2)
	for _, c := range []struct {
		step verify.Step
		do   func(p *tlog.Proof)
		want string
	}{
		{verify.StepInclusion, func(p *tlog.Proof) { p.Hashes = nil }, "not registered: the entry is not number 1"},
		{verify.StepCheckpoint, func(p *tlog.Proof) { p.Checkpoint = under(p.Checkpoint, spoilt(signs(home))) }, "does not verify"},
		{verify.StepIndex, func(p *tlog.Proof) { p.Index = 2 }, "number 2"},
	} {
		bad := p
		c.do(&bad)
		d := newDossier(t, sign(t, contract, both...))
		addReceipt(t, d, bad)
		items := inspect(t, w.p, d)
		if len(items) != 1 || items[0].Registration != nil {
			t.Fatalf("items are %+v", items)
		}
		wantNo(t, items[0].Report, c.step, c.want)
		if want := "contract " + contract.ID().String() + ": "; !strings.HasPrefix(items[0].Failure.Reason, want) {
			t.Errorf("reason %q does not say of which record it is", items[0].Failure.Reason)
		}
	}
}

func TestTheOldestReceiptBoundsTheTime(t *testing.T) {
	r := sign(t, contractText(t, 1), both...)
	log := newTree(t)
	index := log.register(now, r)
	log.fill(8)
	newest := log.proof(index, 9, sawLattice(home, now+400), saw("w1", now+500), saw("w3", now+600), saw("w2", now+700))
	ledgerOr := threeOf + latticeLine("ledger", home) + "group two 2 w1 w2 w3\ngroup most any ledger two\nquorum most\n"
	bad := log.proof(index, 5, saw("w1", now+10), saw("w2", now+20))
	bad.Hashes = bad.Hashes[1:]
	for _, c := range []struct {
		name, policy  string
		first         tlog.Proof
		seenBy, names string
		witnesses     int    // of the newest
		older         string // that are counted in the older tree, where the time is of that
	}{
		{"earlier", quorumTwo, log.proof(index, 5, saw("w2", now+20), saw("w1", now+10)), "2026-05-28T20:27:00Z", "w1, w2", 3, "w1 w2 "},
		{"as early", quorumTwo, log.proof(index, 5, saw("w2", now+600), saw("w1", now+10)), "2026-05-28T20:36:40Z", "w1, w3", 3, ""},
		{"later", quorumTwo, log.proof(index, 5, saw("w1", now+9000), saw("w2", now+9000)), "2026-05-28T20:36:40Z", "w1, w3", 3, ""},
		{"without a quorum", quorumTwo, log.proof(index, 5, saw("w1", now+10)), "2026-05-28T20:36:40Z", "w1, w3", 3, ""},
		{"from before the entry", quorumTwo, log.proof(index, 5, saw("w1", now-301), saw("w2", now-301)), "2026-05-28T20:36:40Z", "w1, w3", 3, ""},
		{"only the ledger's word", ledgerOr, log.proof(index, 5, sawLattice(home, now+10)), "", "", 4, ""},
		{"more than the ledger's word", ledgerOr, log.proof(index, 5, saw("w2", now+20), saw("w1", now+10)), "2026-05-28T20:27:00Z", "w1, w2", 4, "w1 w2 "},
		{"quorum none", threeOf + "quorum none\n", log.proof(index, 5, saw("w1", now+10)), "", "", 3, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDossier(t, r)
			addReceipt(t, d, c.first)
			addReceipt(t, d, newest)
			rep := inspect(t, policy(t, c.policy), d)[0].Report
			wantYes(t, rep)
			if rep.SeenBy != c.seenBy || len(rep.Witnesses) != c.witnesses || rep.Size != 9 {
				t.Errorf("seen by %q, %d witnesses, size %d", rep.SeenBy, len(rep.Witnesses), rep.Size)
			}
			want := "the quorum most had seen it by " + c.seenBy + " (" + c.names + ")\n"
			older := ""
			if s := rep.SeenIn; s != nil {
				want = strings.TrimSuffix(want, "\n") + " in a tree of 5 entries that it is in, too\n"
				for _, w := range s.Witnesses {
					older += w.Name + " "
				}
				if s.Size != 5 || s.Root != c.first.Checkpoint.Root.String() {
					t.Errorf("seen in %+v", s)
				}
			}
			if c.names != "" && !strings.Contains(rep.String(), want) || older != c.older {
				t.Errorf("older witnesses %q, and the report is not that %s:\n%s", older, want, rep)
			}
			const newer = "that others are shown the same tree of 9 entries: the ledger's own word alone meets the quorum most there"
			if strings.Contains(rep.String(), newer) != (c.older != "" && c.policy == ledgerOr) {
				t.Errorf("the report on the newest tree is\n%s", rep)
			}
		})
	}
	d := newDossier(t, r)
	addReceipt(t, d, bad)
	addReceipt(t, d, newest)
	wantNo(t, inspect(t, policy(t, quorumTwo), d)[0].Report, verify.StepInclusion, ": its oldest receipt: not registered")
}

// What an oldest receipt does not bound, its tree contradicts all the same: the ledger
// signed it.
func TestTheTreeOfAnOldestReceiptCountsWhoeverSawIt(t *testing.T) {
	w, fork := newWorld(t), newWorld(t)
	contract := contractText(t, 1)
	w.register(contract, both...)
	fork.register(contract, both...)
	statement := statementText(contract.ID(), makers()[:1], 2)
	w.register(statement, "alice.example")
	w.log.fill(1)
	fork.log.fill(1)
	cosigned := []line{saw("w1", now+600), saw("w2", now+600)}
	for _, c := range []struct {
		name  string
		first tlog.Proof
		fork  bool
	}{
		{"of another past", fork.log.proof(0, 2), true},
		{"of another past, before the entry", fork.log.proof(0, 2, saw("w1", now-301), saw("w2", now-301)), true},
		{"of this past", w.log.proof(0, 2), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDossier(t, sign(t, contract, both...))
			addReceipt(t, d, c.first)
			addReceipt(t, d, w.log.proof(0, 3, cosigned...))
			addReceipt(t, d, w.log.proof(1, 2, cosigned...))
			items := inspect(t, policy(t, quorumTwo), d)
			for _, i := range items {
				wantYes(t, i.Report)
			}
			if !c.fork {
				if f := verify.Contradiction(items); f != nil {
					t.Error(f)
				}
				return
			}
			wantContradiction(t, items, "ledger.example shows two pasts", "root of its tree of 2 entries")
			wantEvidence(w, items, verify.Fork)
		})
	}
	lies := fork.log.proof(0, 2)
	lies.Hashes[0][0] ^= 1
	d := newDossier(t, sign(t, contract, both...))
	addReceipt(t, d, lies)
	addReceipt(t, d, w.log.proof(0, 3, cosigned...))
	wantNo(t, inspect(t, policy(t, quorumTwo), d)[0].Report, verify.StepInclusion, ": its oldest receipt: not registered")
}

func TestTheDocumentsOfADossierAreCompared(t *testing.T) {
	w := newWorld(t)
	r := sign(t, contractText(t, 1), both...)
	d := newDossier(t, r)
	addReceipt(t, d, w.log.proof(w.log.register(now, r), 1))

	compared := func(d *dossier.Dossier) (*verify.Report, [2]bool) {
		rep := inspect(t, w.p, d)[0].Report
		return rep, [2]bool{rep.Documents[0].Compared, rep.Documents[1].Compared}
	}
	rep, got := compared(d)
	wantYes(t, rep)
	if got != [2]bool{} {
		t.Errorf("documents that are absent are compared: %v", got)
	}
	addDocument(t, d, "document-1.md", dossier.Bytes(termsText), termsSalt)
	if rep, got = compared(d); got != [2]bool{true, false} {
		t.Errorf("with the terms, compared are %v", got)
	}
	wantYes(t, rep)
	addDocument(t, d, "Drawing (A3).svg", dossier.Bytes(drawingText), nil)
	if rep, got = compared(d); got != [2]bool{true, true} {
		t.Errorf("with both, compared are %v", got)
	}
	wantYes(t, rep)

	rep, got = compared(reread(t, d, drawingText, []byte("<svg!>\n")))
	wantNo(t, rep, verify.StepDocuments, "document does not match: Drawing (A3).svg is sha256:")
	if got != [2]bool{true, false} {
		t.Errorf("with another drawing, compared are %v", got)
	}
	rep, got = compared(reread(t, d, termsText, bytes.ToUpper(termsText)))
	wantNo(t, rep, verify.StepDocuments, "document-1.md is salted-sha256:")
	if got != [2]bool{false, true} {
		t.Errorf("with other terms, compared are %v", got)
	}
}

func TestADocumentThatCannotBeReadIsNoVerdict(t *testing.T) {
	w := newWorld(t)
	r := sign(t, contractText(t, 1), both...)
	d := newDossier(t, r)
	addReceipt(t, d, w.log.proof(w.log.register(now, r), 1))
	var lost error
	addDocument(t, d, "Drawing (A3).svg", func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(drawingText)), lost
	}, nil)
	lost = errors.New("the disk is gone")
	if items, err := verify.Dossier(w.p, d); !errors.Is(err, lost) || items != nil {
		t.Errorf("items are %v, %v", items, err)
	}
}
