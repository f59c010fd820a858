package verify_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

func partyLine(role string, threshold int, names ...string) record.Party {
	return record.Party{Role: role, Threshold: threshold, Keys: keys(names...)}
}

// subText is a contract under the frame, with Zoe as its maker.
func subText(t testing.TB, frame record.ID, nonce byte, other record.Party) *record.Text {
	t.Helper()
	text := contractText(t, nonce)
	text.Title, text.Under = "Housings", frame
	text.Parties = []record.Party{partyLine("maker", 1, "zoe.example"), other}
	return text
}

func wantOpen(t testing.TB, rep *verify.Report, sentences ...string) {
	t.Helper()
	if rep.Verdict != verify.Unchecked || rep.Failure != nil || !slices.Equal(rep.Unchecked, sentences) {
		t.Fatalf("verdict is %s, %v, %q, want %q", rep.Verdict, rep.Failure, rep.Unchecked, sentences)
	}
	for _, s := range sentences {
		if !strings.Contains(rep.String(), "  could not be checked: "+s+"\n") {
			t.Errorf("the words lack %q:\n%s", s, rep)
		}
	}
}

func noFrame(frame record.ID) string {
	return "that a party of contract " + frame.String() + ", which this is made under, signed it: the receipt of that is not here"
}

func noContract(contract record.ID) string {
	return "that its signers are the parties of contract " + contract.String() + ", whose receipt is not here"
}

// FORMATS, section 4, under: at least one party of the frame has its threshold of
// lines of its keys in the frame on the record.
func TestASubcontractIsMadeByAPartyOfItsFrameWithItsKeysThere(t *testing.T) {
	frame := contractText(t, 1) // manufacturer: alice; buyer: two of bob, carol, dave
	for _, c := range []struct {
		name   string
		other  record.Party
		labels []string // beside Zoe
		party  string   // of the frame, that made it; "" for none
	}{
		{"a party", partyLine("manufacturer", 1, "alice.example"), []string{"alice.example"}, "manufacturer"},
		{"a party under another role", partyLine("lead", 1, "alice.example"), []string{"alice.example"}, "manufacturer"},
		{"a party's key under another name", record.Party{Role: "lead", Threshold: 1, Keys: []note.Key{keyOf("alice.other", "alice.example", note.Ed25519)}}, []string{"alice.example"}, "manufacturer"},
		{"two keys of three", partyLine("buyer", 2, "bob.example", "carol.example", "dave.example"), []string{"carol.example", "dave.example"}, "buyer"},
		{"two keys, of which one has to sign here", partyLine("buyer", 1, "bob.example", "carol.example"), []string{"bob.example", "carol.example"}, "buyer"},
		{"nobody of it", partyLine("lead", 1, stranger), []string{stranger}, ""},
		{"its role without its key", partyLine("manufacturer", 1, stranger), []string{stranger}, ""},
		{"one of the two keys it takes", partyLine("buyer", 1, "bob.example", "carol.example"), []string{"bob.example"}, ""},
		{"a party that is listed and did not sign", partyLine("manufacturer", 1, stranger, "alice.example"), []string{stranger}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.register(frame, both...)
			sub := subText(t, frame.ID(), 2, c.other)
			w.register(sub, append([]string{"zoe.example"}, c.labels...)...)
			wantOpen(t, w.related(1)[0].Report, noFrame(frame.ID())) // nobody knows who the frame's parties are
			for _, order := range [][]uint64{{0, 1}, {1, 0}} {
				items := w.related(order...)
				item := items[slices.Index(order, 1)]
				wantYes(t, items[slices.Index(order, 0)].Report)
				if c.party == "" {
					wantNo(t, item.Report, verify.StepUnder, "contract "+sub.ID().String()+" breaks the rule under: no party of the frame contract "+
						frame.ID().String()+" has signed with as many of its keys as it needs there")
					continue
				}
				wantYes(t, item.Report)
				if want := c.party + " of contract " + frame.ID().String() + ", which this is made under, signed it with its keys there"; !slices.Contains(item.Proved, want) {
					t.Errorf("proved is %q, which lacks %q", item.Proved, want)
				}
				if want := "that contract " + frame.ID().String() + ", which this is made under, was in force then: that is shown only as far as the records here go"; !slices.Contains(item.NotProved, want) {
					t.Errorf("not proved is %q, which lacks %q", item.NotProved, want)
				}
			}
		})
	}
}

// FORMATS, section 4, under: the frame is in force at (i, t). What ends it later, or
// is not here, does not show that it was not.
func TestAFrameWasInForceWhenASubcontractWasMadeAsFarAsTheRecordsGo(t *testing.T) {
	plain := func(*record.Text) {}
	amended := func(from record.Date) func(*testing.T, record.ID) *record.Text {
		return func(t *testing.T, frame record.ID) *record.Text {
			text := amendmentText(t, frame, makers())
			text.From = from
			return text
		}
	}
	ended := func(day record.Date) func(*testing.T, record.ID) *record.Text {
		return func(t *testing.T, frame record.ID) *record.Text {
			text := terminationText(frame, makers())
			text.Effective = day
			return text
		}
	}
	for _, c := range []struct {
		name  string
		frame func(*record.Text)
		end   func(*testing.T, record.ID) *record.Text // nil for none
		want  string                                   // how the frame stands; "" where it is in force
	}{
		{"from today until today", func(f *record.Text) { f.From, f.Until = today, today }, nil, ""},
		{"from tomorrow", func(f *record.Text) { f.From = today + 1 }, nil, "pending"},
		{"until yesterday", func(f *record.Text) { f.Until = today - 1 }, nil, "expired since " + today.String()},
		{"terminated today", plain, ended(today), "terminated by "},
		{"terminated from tomorrow", plain, ended(today + 1), ""},
		{"replaced today", plain, amended(0), "replaced by "},
		{"replaced from tomorrow", plain, amended(today + 1), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			frame := contractText(t, 1)
			c.frame(frame)
			sub := subText(t, frame.ID(), 2, partyLine("lead", 1, "alice.example"))
			judge := func(item verify.Item, want string) {
				t.Helper()
				if want == "" {
					wantYes(t, item.Report)
				} else {
					wantNo(t, item.Report, verify.StepUnder, "breaks the rule under: the frame contract "+frame.ID().String()+" is "+want)
				}
			}
			w := newWorld(t)
			w.register(frame, both...)
			if c.end == nil {
				made := w.register(sub, "zoe.example", "alice.example")
				judge(w.related(0, made)[1], c.want)
				return
			}
			end := w.register(c.end(t, frame.ID()), both...)
			made := w.register(sub, "zoe.example", "alice.example")
			judge(w.related(0, made, end)[1], c.want)
			judge(w.related(0, made)[1], "") // the end is not here

			later := newWorld(t)
			later.register(frame, both...)
			later.register(sub, "zoe.example", "alice.example")
			end = later.register(c.end(t, frame.ID()), both...)
			judge(later.related(0, 1, end)[1], "")
		})
	}
}

// An amendment by strangers, which a ledger would have refused, ends no frame.
func TestWhatDoesNotHoldEndsNoFrame(t *testing.T) {
	w := newWorld(t)
	frame := contractText(t, 1)
	w.register(frame, both...)
	w.register(terminationText(frame.ID(), []record.Party{partyLine("manufacturer", 1, stranger)}), stranger)
	w.register(subText(t, frame.ID(), 2, partyLine("lead", 1, "alice.example")), "zoe.example", "alice.example")
	items := w.related(0, 1, 2)
	wantNo(t, items[1].Report, verify.StepSignatures, "manufacturer is not so a party")
	wantYes(t, items[2].Report)
}

func TestAFrameIsAnEarlierContractOfTheSameLedger(t *testing.T) {
	lead := partyLine("lead", 1, "alice.example")
	w := newWorld(t)
	frame := contractText(t, 1)
	w.register(subText(t, frame.ID(), 2, lead), "zoe.example", "alice.example")
	w.register(frame, both...)
	wantNo(t, w.related(0, 1)[0].Report, verify.StepUnder, "contract "+frame.ID().String()+" was registered later, as entry 1, this is entry 0")

	statement := statementText(frame.ID(), makers()[:1], 3)
	w.register(statement, "alice.example")
	w.register(subText(t, statement.ID(), 4, lead), "zoe.example", "alice.example")
	wantNo(t, w.related(1, 2, 3)[2].Report, verify.StepUnder, "contract "+statement.ID().String()+" is none, but a statement")

	away := newWorld(t)
	away.log.name = elsewhere
	away.log.fill(4)
	text := subText(t, frame.ID(), 2, lead)
	text.Ledger = key(elsewhere)
	items := append(w.items(1), away.items(away.register(text, "zoe.example", "alice.example"))...)
	verify.Relate(items)
	wantNo(t, items[1].Report, verify.StepUnder, "is registered by another ledger, ledger.example")
}

// What a statement is under is a contract, by the same rule.
func TestNoRecordIsUnderAStatement(t *testing.T) {
	w := newWorld(t)
	contract := contractText(t, 1)
	w.register(contract, both...)
	first := statementText(contract.ID(), makers()[:1], 2)
	w.register(first, "alice.example")
	w.register(statementText(first.ID(), makers()[:1], 3), "alice.example")
	wantNo(t, w.related(0, 1, 2)[2].Report, verify.StepSignatures, "contract "+first.ID().String()+" is none, but a statement")
}

// An amendment of a subcontract hangs on two contracts, each by itself.
func TestEachContractThatIsMissingIsMissed(t *testing.T) {
	w := newWorld(t)
	frame := contractText(t, 1)
	w.register(frame, both...)
	old := subText(t, frame.ID(), 2, partyLine("lead", 1, "alice.example"))
	w.register(old, "zoe.example", "alice.example")
	text := subText(t, frame.ID(), 3, partyLine("lead", 1, "alice.example"))
	text.Replaces, text.Former = old.ID(), old.Parties
	amendment := w.register(text, "zoe.example", "alice.example")
	wantOpen(t, w.related(amendment)[0].Report, noContract(old.ID()), noFrame(frame.ID()))
	wantOpen(t, w.related(amendment, 0)[0].Report, noContract(old.ID()))
	wantOpen(t, w.related(amendment, 1)[0].Report, noFrame(frame.ID()))
	for _, item := range w.related(amendment, 0, 1, amendment) { // one of them twice
		wantYes(t, item.Report)
	}
}

// A contract that takes the place of its own frame is judged alike, as often as it is
// there: it does not end its own frame before it is made.
func TestAContractMayTakeThePlaceOfItsFrame(t *testing.T) {
	w := newWorld(t)
	frame := contractText(t, 1)
	w.register(frame, both...)
	text := amendmentText(t, frame.ID(), makers())
	text.Under = frame.ID()
	w.register(text, both...)
	for _, item := range w.related(1, 0, 1, 1) {
		wantYes(t, item.Report)
	}
}

func TestWhatNoPartyOfItsFrameMadeReplacesNothing(t *testing.T) {
	w := newWorld(t)
	frame := contractText(t, 1)
	w.register(frame, both...)
	old := contractText(t, 2)
	old.Parties = []record.Party{partyLine("maker", 1, "zoe.example"), partyLine("lead", 1, stranger)}
	w.register(old, "zoe.example", stranger)
	text := subText(t, frame.ID(), 3, partyLine("lead", 1, stranger))
	text.Replaces, text.Former = old.ID(), old.Parties
	w.register(text, "zoe.example", stranger)
	items := w.related(0, 1, 2)
	wantNo(t, items[2].Report, verify.StepUnder, "breaks the rule under")
	if items[1].Replaced != "" {
		t.Errorf("the contract is replaced by %s", items[1].Replaced)
	}
}
