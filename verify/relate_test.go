package verify_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// A world is a ledger under the quorum none, in which records are registered one
// after the other, ten seconds apart.
type world struct {
	t   testing.TB
	log *tree
	p   *verify.Policy
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return &world{t, newTree(t), policy(t, logLine(home)+logLine(elsewhere)+"quorum none\n")}
}

// register returns the index of the text, as signed by these.
func (w *world) register(text *record.Text, labels ...string) uint64 {
	w.t.Helper()
	return w.log.register(now+10*int64(w.log.tree.Size()), sign(w.t, text, labels...))
}

// items returns what the receipts of these entries say, not related.
func (w *world) items(indexes ...uint64) []verify.Item {
	w.t.Helper()
	var items []verify.Item
	for _, i := range indexes {
		reg := receipt(w.t, w.p, w.log.proof(i, w.log.tree.Size()))
		items = append(items, verify.Item{Registration: reg, Report: reg.Report(w.p)})
	}
	return items
}

// related returns the items of these entries, related, in the order of the indexes.
func (w *world) related(indexes ...uint64) []verify.Item {
	w.t.Helper()
	items := w.items(indexes...)
	verify.Relate(slices.Clone(items))
	return items
}

func wantYes(t testing.TB, rep *verify.Report) {
	t.Helper()
	if rep.Verdict != verify.Yes || rep.Failure != nil || rep.Unchecked != nil {
		t.Fatalf("verdict is %s, %v, %q", rep.Verdict, rep.Failure, rep.Unchecked)
	}
}

func wantUnchecked(t testing.TB, rep *verify.Report, contract record.ID) {
	t.Helper()
	want := "that its signers are the parties of contract " + contract.String() + ", whose receipt is not here"
	if rep.Verdict != verify.Unchecked || rep.Failure != nil || !slices.Equal(rep.Unchecked, []string{want}) {
		t.Fatalf("verdict is %s, %v, %q", rep.Verdict, rep.Failure, rep.Unchecked)
	}
}

func TestAStatementIsOfPartiesOfItsContract(t *testing.T) {
	m, b := makers()[0], makers()[1]
	all := []string{"alice.example", "bob.example", "carol.example", "dave.example", stranger}
	for _, c := range []struct {
		name string
		by   []record.Party
		want string // "" when they are
	}{
		{"the first party", []record.Party{m}, ""},
		{"the second party", []record.Party{b}, ""},
		{"all parties", makers(), ""},
		{"all parties, the other way round", []record.Party{b, m}, "manufacturer is not so a party of contract"},
		{"a stranger", []record.Party{{Role: "inspector", Threshold: 1, Keys: keys(stranger)}}, "inspector is not so a party of contract"},
		{"a stranger beside a party", []record.Party{m, {Role: "inspector", Threshold: 1, Keys: keys(stranger)}}, "inspector is not so a party"},
		{"a stranger's key under the role", []record.Party{{Role: "buyer", Threshold: 2, Keys: keys("bob.example", stranger)}}, "buyer is not so a party"},
		{"a party under another role", []record.Party{{Role: "seller", Threshold: 1, Keys: m.Keys}}, "seller is not so a party"},
		{"a lower threshold", []record.Party{{Role: "buyer", Threshold: 1, Keys: b.Keys}}, "buyer is not so a party"},
		{"a key less", []record.Party{{Role: "buyer", Threshold: 2, Keys: b.Keys[:2]}}, "buyer is not so a party"},
		{"keys in another order", []record.Party{{Role: "buyer", Threshold: 2, Keys: keys("carol.example", "bob.example", "dave.example")}}, "buyer is not so a party"},
		{"the key under another name", []record.Party{{Role: "manufacturer", Threshold: 1, Keys: []note.Key{keyOf("alice.other", "alice.example", note.Ed25519)}}}, "manufacturer is not so a party"},
	} {
		for _, kind := range []record.Kind{record.Statement, record.Termination} {
			t.Run(c.name+", "+kind.String(), func(t *testing.T) {
				w := newWorld(t)
				contract := contractText(t, 1)
				w.register(contract, both...)
				text := statementText(contract.ID(), c.by, 2)
				if kind == record.Termination {
					text = terminationText(contract.ID(), c.by)
				}
				var labels []string
				for _, k := range text.Signers() {
					for _, l := range all {
						if key(l).Public() == k.Public() {
							labels = append(labels, l)
						}
					}
				}
				w.register(text, labels...)
				items := w.related(0, 1)
				wantYes(t, items[0].Report)
				if c.want != "" {
					wantNo(t, items[1].Report, verify.StepSignatures, c.want)
					return
				}
				wantYes(t, items[1].Report)
				if want := "its signers are parties of contract " + contract.ID().String(); !slices.Contains(items[1].Proved, want) {
					t.Errorf("proved is %q, not that %s", items[1].Proved, want)
				}
			})
		}
	}
}

func TestWithoutTheContractItsPartiesCannotBeChecked(t *testing.T) {
	w := newWorld(t)
	contract := contractText(t, 1)
	other := contractText(t, 3)
	w.register(contract, both...)
	w.register(other, both...)
	w.register(statementText(contract.ID(), makers()[:1], 2), "alice.example")
	w.register(terminationText(contract.ID(), makers()[:1]), "alice.example")
	w.register(amendmentText(t, contract.ID(), makers()), both...)
	for i := uint64(2); i < 5; i++ {
		wantUnchecked(t, w.items(i)[0].Report, contract.ID())      // by itself
		wantUnchecked(t, w.related(1, i)[1].Report, contract.ID()) // beside another contract
		wantYes(t, w.related(0, i)[1].Report)
		wantYes(t, w.related(i, 0)[0].Report) // in whatever order
	}
}

func TestAnAmendmentNamesAllFormerParties(t *testing.T) {
	m, b := makers()[0], makers()[1]
	for _, c := range []struct {
		name   string
		former []record.Party
		want   string
	}{
		{"all", makers(), ""},
		{"the last is missing", []record.Party{m}, "buyer, a party of contract"},
		{"the first is missing", []record.Party{b}, "buyer is not so a party of contract"},
		{"the other way round", []record.Party{b, m}, "buyer is not so a party"},
		{"one more", append(makers(), record.Party{Role: "inspector", Threshold: 1, Keys: keys(stranger)}), "inspector is not so a party"},
		{"a lower threshold", []record.Party{m, {Role: "buyer", Threshold: 1, Keys: b.Keys}}, "buyer is not so a party"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			old := contractText(t, 1)
			w.register(old, both...)
			amendment := amendmentText(t, old.ID(), c.former)
			labels := both
			if len(c.former) > 2 {
				labels = append(slices.Clone(both), stranger)
			}
			w.register(amendment, labels...)
			items := w.related(0, 1)
			wantYes(t, items[0].Report)
			if c.want != "" {
				wantNo(t, items[1].Report, verify.StepSignatures, c.want)
				if items[0].Replaced != "" {
					t.Error("what is no amendment took the contract's place")
				}
				return
			}
			wantYes(t, items[1].Report)
			if items[0].Replaced != amendment.ID().String() || items[1].Replaced != "" {
				t.Errorf("replaced are %q and %q, want %s to be by %s", items[0].Replaced, items[1].Replaced, old.ID(), amendment.ID())
			}
			if want := "contract " + amendment.ID().String() + " took its place later"; !strings.Contains(items[0].String(), want) {
				t.Errorf("the old contract does not say that %s:\n%s", want, items[0])
			}
		})
	}
}

// A party that is new in an amendment does not sign for the former ones.
func TestAChainOfAmendmentsIsRelatedLinkByLink(t *testing.T) {
	w := newWorld(t)
	first := contractText(t, 1)
	w.register(first, both...)
	second := amendmentText(t, first.ID(), makers())
	second.Parties = []record.Party{makers()[0], {Role: "buyer", Threshold: 1, Keys: keys("erin.example")}}
	w.register(second, append(slices.Clone(both), "erin.example")...)
	third := amendmentText(t, second.ID(), second.Parties)
	third.Parties = second.Parties
	w.register(third, "alice.example", "erin.example")
	items := w.related(2, 0, 1)
	for _, item := range items {
		wantYes(t, item.Report)
	}
	if items[1].Replaced != second.ID().String() || items[2].Replaced != third.ID().String() || items[0].Replaced != "" {
		t.Errorf("replaced are %q, %q, %q", items[1].Replaced, items[2].Replaced, items[0].Replaced)
	}
}

func TestWhatIsUnderAContractWasRegisteredAfterIt(t *testing.T) {
	w := newWorld(t)
	contract := contractText(t, 1)
	w.register(statementText(contract.ID(), makers()[:1], 2), "alice.example")
	w.register(amendmentText(t, contract.ID(), makers()), both...)
	w.register(contract, both...)
	items := w.related(0, 1, 2)
	want := "contract " + contract.ID().String() + " was registered later, as entry 2, this is entry "
	wantNo(t, items[0].Report, verify.StepSignatures, want+"0")
	wantNo(t, items[1].Report, verify.StepSignatures, want+"1")
	wantYes(t, items[2].Report)
	if items[2].Replaced != "" {
		t.Errorf("replaced by %s, which was there before", items[2].Replaced)
	}
}

func TestAContractOfAnotherLedgerIsNone(t *testing.T) {
	w := newWorld(t)
	contract := contractText(t, 1)
	w.register(contract, both...)
	items := w.items(0)

	away := newWorld(t)
	away.log.name = elsewhere
	away.log.fill(4)
	text := statementText(contract.ID(), makers()[:1], 2)
	text.Ledger = key(elsewhere)
	items = append(items, away.items(away.register(text, "alice.example"))...)
	verify.Relate(items)
	wantYes(t, items[0].Report)
	wantNo(t, items[1].Report, verify.StepSignatures, "is registered by another ledger, ledger.example")
}

func TestARevokedKeySignsNothingMore(t *testing.T) {
	w := newWorld(t)
	contract := contractText(t, 1)
	w.register(contract, both...)
	before := w.register(statementText(contract.ID(), makers()[1:], 2), "bob.example", "carol.example")
	revocation := w.register(revocationText(keyOf("bob.other", "bob.example", note.Ed25519)), "bob.example")
	after := w.register(statementText(contract.ID(), makers()[1:], 3), "bob.example", "carol.example")
	without := w.register(statementText(contract.ID(), makers()[1:], 4), "carol.example", "dave.example")
	again := w.register(revocationText(key("bob.example")), "bob.example")
	later := w.register(contractText(t, 5), both...)

	for _, order := range [][]uint64{{0, before, revocation, after, without, again, later}, {later, again, without, after, revocation, before, 0}} {
		for n, item := range w.related(order...) {
			switch order[n] {
			case after, again, later:
				wantNo(t, item.Report, verify.StepSignatures, key("bob.example").Public().Fingerprint()+", was revoked by entry 2, this is entry")
			default:
				wantYes(t, item.Report)
			}
		}
	}
	wantYes(t, w.related(0, after)[1].Report) // nobody knows of the revocation
	if rep := w.related(after, revocation)[0].Report; rep.Verdict != verify.No {
		t.Errorf("without the contract the verdict is %s", rep.Verdict)
	}
}

// Nor does it replace a contract, whatever a ledger that breaks its rules has let in.
func TestWhatARevokedKeySignedReplacesNothing(t *testing.T) {
	w := newWorld(t)
	old := contractText(t, 1)
	w.register(old, both...)
	w.register(revocationText(key("alice.example")), "alice.example")
	w.register(amendmentText(t, old.ID(), makers()), both...)
	items := w.related(0, 1, 2)
	wantYes(t, items[0].Report)
	wantNo(t, items[2].Report, verify.StepSignatures, "was revoked by entry 1, this is entry 2")
	if items[0].Replaced != "" {
		t.Errorf("the contract is replaced by %s", items[0].Replaced)
	}
}

// What nobody could know stays as it was: that a key is revoked in one ledger says
// nothing of another.
func TestARevocationIsOfOneLedger(t *testing.T) {
	w := newWorld(t)
	revocation := w.register(revocationText(key("alice.example")), "alice.example")
	away := newWorld(t)
	away.log.name = elsewhere
	away.log.fill(7)
	text := contractText(t, 1)
	text.Ledger = key(elsewhere)
	items := append(w.items(revocation), away.items(away.register(text, both...))...)
	verify.Relate(items)
	wantYes(t, items[0].Report)
	wantYes(t, items[1].Report)
}

// The files that are given may hold one record twice.
func TestTheSameEntryTwiceJudgesNothingTwice(t *testing.T) {
	w := newWorld(t)
	old := contractText(t, 1)
	w.register(old, both...)
	revocation := w.register(revocationText(key("carol.example")), "carol.example")
	amendment := amendmentText(t, old.ID(), makers())
	w.register(amendment, both...)
	items := w.related(0, 2, revocation, 0, revocation, 2)
	for i, item := range items {
		wantYes(t, item.Report)
		want := map[int]int{1: 1, 5: 1}[i] // the amendment
		if n := strings.Count(strings.Join(item.Proved, "\n"), "its signers are parties"); n != want {
			t.Errorf("item %d says %d times whose parties they are", i, n)
		}
	}
	for _, i := range []int{0, 3} {
		if items[i].Replaced != amendment.ID().String() {
			t.Errorf("copy %d of the contract is replaced by %q", i, items[i].Replaced)
		}
	}
}

func TestRelatedItemsAreInTheOrderOfRegistration(t *testing.T) {
	w := newWorld(t)
	for i := range byte(4) {
		w.register(contractText(t, i+1), both...)
	}
	refused := verify.Item{Report: verify.Refused(errors.New("not a receipt"))}
	items := append(w.items(3, 1, 0, 2), refused)
	verify.Relate(items)
	wantNo(t, refused.Report, verify.StepForm, "not a receipt")
	items = slices.DeleteFunc(items, func(i verify.Item) bool { return i.Registration == nil })
	if len(items) != 4 || !slices.IsSortedFunc(items, func(a, b verify.Item) int { return int(a.Registration.Index) - int(b.Registration.Index) }) {
		t.Errorf("%d items are there, and not in their order", len(items))
	}
}

// A failure that was found before stays one.
func TestTheRightPartiesDoNotMakeGoodAFailure(t *testing.T) {
	w := newWorld(t)
	contract := contractText(t, 1)
	w.register(contract, both...)
	w.register(statementText(contract.ID(), makers()[:1], 2), "alice.example")
	items := w.items(0, 1)
	items[1].Fail(verify.StepDocuments, "a document differs")
	verify.Relate(items)
	wantNo(t, items[1].Report, verify.StepDocuments, "a document differs")
}
