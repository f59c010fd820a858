package ledger_test

import (
	"context"
	"crypto/sha512"
	"errors"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// lives is how many records the life of a contract has.
const lives = 7

// life returns record number n of the lives of contracts, one after the other, each
// of which needs those before it: a contract, a dispute, one that replaces it, the
// resolution under that, an earlier end of the first by all, one that is made under
// the second, and an acceptance. Nobody made the signatures.
func life(t testing.TB, n uint64) *record.Record {
	t.Helper()
	text := func(i uint64) *record.Text { return lifeText(t, n-n%lives+i) }
	return unsigned(t, text(n%lives))
}

func lifeText(t testing.TB, n uint64) *record.Text {
	before := func(back uint64) record.ID { return lifeText(t, n-back).ID() }
	text := *draft(t, 1<<42+n).Text()
	parties := text.Parties
	about := func(contract, answers record.ID, token string) *record.Text {
		return &record.Text{
			Kind: record.Statement, Ledger: text.Ledger, Made: text.Made, SignBy: text.SignBy, Nonce: text.Nonce,
			Contract: contract, Parties: parties, About: token, Answers: answers,
		}
	}
	switch n % lives {
	case 1:
		return about(before(1), record.ID{}, rules.AboutDispute)
	case 2:
		text.Replaces, text.Former, text.From = before(2), parties, record.DateOf(epoch)+30
	case 3:
		return about(before(1), before(2), rules.AboutResolution)
	case 4:
		end := about(before(4), record.ID{}, "")
		end.Kind, end.Effective = record.Termination, record.DateOf(epoch)+20
		return end
	case 5:
		text.Under = before(5)
	case 6:
		return about(before(4), before(5), "acceptance")
	}
	return &text
}

// unsigned returns the text as a record that all have signed with what is no
// signature.
func unsigned(t testing.TB, text *record.Text) *record.Record {
	t.Helper()
	n := note.Note{Text: text.Bytes()}
	for i, k := range []signer{alice, bob} {
		noise := sha512.Sum512(append([]byte{byte(i)}, n.Text...))
		n.Signatures = append(n.Signatures, k.Signature(noise[:]))
	}
	r, err := record.Open(n.Bytes(), func(note.PublicKey, []byte, []byte) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAViewSaysWhatTheEntriesBelowItsSizeSay(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	var views []*ledger.View
	for n := range uint64(3 * lives) {
		views = append(views, w.append(t, life(t, n))[0].View)
	}
	for _, v := range views {
		checkLog(t, v)
	}
	w.close(t)
	w.mustOpen(t)
	checkLog(t, w.log.View())
	w.close(t)
}

func TestATimeLineComesInPages(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.append(t, life(t, 0))
	said := func(n uint64) *record.Record {
		text := *lifeText(t, 1)
		text.Nonce = nonce(n)
		return unsigned(t, &text)
	}
	for n := range uint64(ledger.MaxPage) {
		w.append(t, said(n))
	}
	v := w.log.View()
	if list, more, err := v.History(life(t, 0).ID(), 0); err != nil || more || len(list) != ledger.MaxPage || list[0] != 1 {
		t.Errorf("%d entries, more: %v, %v", len(list), more, err)
	}
	w.append(t, said(ledger.MaxPage))
	for _, v := range []*ledger.View{v, w.log.View()} {
		list, more, err := v.History(life(t, 0).ID(), 0)
		if err != nil || more != (v.Size() == ledger.MaxPage+2) || len(list) != ledger.MaxPage || list[0] != 1 {
			t.Errorf("at size %d: %d entries, more: %v, %v", v.Size(), len(list), more, err)
		}
	}
	if list, more, err := w.log.View().History(life(t, 0).ID(), ledger.MaxPage+1); err != nil || more || len(list) != 1 {
		t.Errorf("the last page: %v, more: %v, %v", list, more, err)
	}
	w.close(t)
}

// Two that want the same contract come in one batch, and in two.
func TestOfTwoThatEndAContractAtTheSameTimeOneIsTold(t *testing.T) {
	amendment := func(n uint64) *record.Record {
		text := *lifeText(t, 2)
		text.Nonce, text.From = nonce(n), 0
		return unsigned(t, &text)
	}
	termination := func(n uint64) *record.Record {
		text := *lifeText(t, 4)
		text.Nonce, text.Effective = nonce(n), 0
		return unsigned(t, &text)
	}
	for name, pair := range map[string][2]*record.Record{
		"two amendments":              {amendment(1), amendment(2)},
		"two terminations":            {termination(1), termination(2)},
		"an amendment, a termination": {amendment(1), termination(2)},
		"a termination, an amendment": {termination(1), amendment(2)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, vfs.NewMem())
			w.append(t, life(t, 0))
			first, second := pair[0], pair[1]
			done := make(chan error, 2)
			for _, r := range pair {
				go func() {
					_, err := w.log.Append(context.Background(), r)
					done <- err
				}()
			}
			var refusal *rules.Refusal
			switch errs := errors.Join(<-done, <-done); {
			case !errors.As(errs, &refusal) || w.log.View().Size() != 2:
				t.Fatalf("%v, size %d", errs, w.log.View().Size())
			case refusal.Rule != rules.Replaces && refusal.Rule != rules.Terminates:
				t.Error(refusal)
			}
			won, lost := first, second
			if _, ok, err := w.log.View().Index(second.ID()); err != nil || ok {
				won, lost = second, first
			}
			if _, ok, err := w.log.View().Index(lost.ID()); err != nil || ok || !strings.Contains(refusal.Reason, won.ID().String()) {
				t.Errorf("%v, %v: %v does not name the winner %s", ok, err, refusal, won.ID())
			}
			checkLog(t, w.log.View())
			w.close(t)
		})
	}
}
