package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/cockroachdb/pebble/v2/vfs"
)

func TestTheLogIsWholeAtEverySize(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	checkLog(t, w.log.View())
	// One at a time, then in batches of three, over the edges of two tiles.
	for n := uint64(0); n < 260; n++ {
		w.append(t, unchecked(t, n))
		if n < 4 || n > 250 {
			checkLog(t, w.log.View())
		}
	}
	for n := uint64(260); n < 520; n += 3 {
		w.append(t, unchecked(t, n), unchecked(t, n+1), unchecked(t, n+2))
		if n > 505 {
			checkLog(t, w.log.View())
		}
	}
	w.close(t)
	w.mustOpen(t)
	checkLog(t, w.log.View())
	w.close(t)
}

func TestTheLogIsWholeWhereItsThirdLevelBegins(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	n := uint64(0)
	grow := func(size uint64) {
		for n < size {
			var records []*record.Record
			for ; n < size && len(records) < 4096; n++ {
				records = append(records, unchecked(t, n))
			}
			w.append(t, records...)
		}
	}
	for _, size := range []uint64{thirdLevel - 1, thirdLevel, thirdLevel + 1} {
		grow(size)
		w.close(t)
		w.mustOpen(t)
		if got := w.log.View().Size(); got != size {
			t.Fatalf("size %d, want %d", got, size)
		}
		checkEdge(t, w.log.View())
	}
	checkLog(t, w.log.View())
	w.close(t)
}

func TestEveryEntryHasAReceiptAtEverySize(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	for n := uint64(0); n < 20; n++ {
		w.append(t, contract(t, n), revocation(t, n))
		checkReceipts(t, w.log.View())
	}
	w.close(t)
}

func TestEverySizeIsConsistentWithEveryOlderOne(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	heads := []tlog.SignedCheckpoint{w.log.View().Checkpoint()}
	for n := uint64(0); n < 40; n++ {
		w.append(t, unchecked(t, n))
		v := w.log.View()
		heads = append(heads, v.Checkpoint())
		for old, head := range heads {
			b, err := v.Consistency(uint64(old))
			if err != nil {
				t.Fatal(err)
			}
			c, err := tlog.ParseConsistency(b)
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.VerifyConsistency(head.Size, head.Root, c.Checkpoint.Size, c.Checkpoint.Root, c.Hashes); err != nil || c.Old != uint64(old) {
				t.Fatalf("from %d to %d: %v", old, n+1, err)
			}
		}
		if _, err := v.Consistency(v.Size() + 1); !errors.Is(err, ledger.ErrNotFound) {
			t.Fatalf("consistency with a size beyond: %v", err)
		}
	}
	w.close(t)
}

func TestAViewStaysWhatItWas(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.append(t, contract(t, 0))
	old := w.log.View()
	later := w.append(t, contract(t, 1))[0]
	gone := w.append(t, revoke(t, alice, 0))[0]

	checkLog(t, old)
	checkReceipts(t, old)
	if _, ok, err := old.Index(contract(t, 1).ID()); ok || err != nil {
		t.Fatalf("an id beyond the size is there: %v", err)
	}
	if _, ok, err := old.Revoked(alice.Public()); ok || err != nil {
		t.Fatalf("a revocation beyond the size is there: %v", err)
	}
	for _, err := range []error{
		second(old.Entry(later.Index)), second(old.Receipt(later.Index)), second(old.Registered(later.Index)),
		second(old.Record(contract(t, 1).ID())), second(old.Contract(contract(t, 1).ID())), second(old.Entry(gone.Index)),
		second(old.Tile(tlog.Tile{Level: 0, Index: 0, Width: 2})), second(old.Bundle(tlog.Tile{Level: -1, Index: 0, Width: 2})),
		second(old.Tile(tlog.Tile{Level: -1, Index: 0, Width: 1})), second(old.Bundle(tlog.Tile{Level: 0, Index: 0, Width: 1})),
		second(old.Tile(tlog.Tile{Level: 0, Index: 0, Width: 0})), second(old.Bundle(tlog.Tile{Level: -1, Index: 0, Width: 0})),
		second(old.Tile(tlog.Tile{Level: 8, Index: 0, Width: 1})), second(old.Tile(tlog.Tile{Level: 0, Index: 1 << 55, Width: 1})),
	} {
		if !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("beyond the size: %v", err)
		}
	}
	w.close(t)
}

func second[T any](_ T, err error) error { return err }

func TestAContractIsFoundByItsIDAndNothingElseIs(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	c, r := contract(t, 0), revocation(t, 0)
	w.append(t, c)
	w.clock.unix.Add(7)
	w.append(t, r)
	v := w.log.View()
	got, err := v.Contract(c.ID())
	if err != nil || got.Index != 0 || got.Time != epoch || !bytes.Equal(got.Record.Bytes(), c.Bytes()) {
		t.Fatalf("contract: %+v, %v", got, err)
	}
	if got, err = v.Record(r.ID()); err != nil || got.Index != 1 || got.Time != epoch+7 || !bytes.Equal(got.Record.Bytes(), r.Bytes()) {
		t.Fatalf("record: %+v, %v", got, err)
	}
	if _, err := v.Contract(r.ID()); !errors.Is(err, ledger.ErrNotFound) {
		t.Fatalf("a revocation as a contract: %v", err)
	}
	if _, err := v.Record(draft(t, 1).ID()); !errors.Is(err, ledger.ErrNotFound) {
		t.Fatalf("a record that is not registered: %v", err)
	}
	w.close(t)
}

func TestAKeysRecordsComeInPages(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	for n := uint64(0); n < 5; n++ {
		w.append(t, contract(t, n), revocation(t, n))
	}
	v := w.log.View()
	for _, c := range []struct {
		limit, want int
		more        bool
	}{{0, 0, true}, {-1, 0, true}, {1, 1, true}, {4, 4, true}, {5, 5, false}, {1 << 30, 5, false}} {
		page, more, err := v.Key(bob.Public(), 0, c.limit)
		if err != nil || len(page) != c.want || more != c.more {
			t.Errorf("limit %d: %d records, more is %v, %v", c.limit, len(page), more, err)
		}
	}
	if page, more, err := v.Key(bob.Public(), v.Size(), 1); len(page) != 0 || more || err != nil {
		t.Errorf("from the size on: %d records, more is %v, %v", len(page), more, err)
	}
	if page, more, err := v.Key(home.Public(), 0, 1); len(page) != 0 || more || err != nil {
		t.Errorf("of a key that signed nothing: %d records, more is %v, %v", len(page), more, err)
	}
	w.close(t)
}

func TestTheFirstRegistrationOfAnIDStays(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	first := contract(t, 0)
	w.append(t, first)
	w.clock.unix.Add(100)
	w.append(t, contract(t, 1))

	other := signed(t, draft(t, 0), carol, bob) // as good, and the same id
	for _, r := range []*record.Record{other, first, draft(t, 0)} {
		reg, err := w.log.Append(context.Background(), r)
		if err != nil || reg.New || reg.Index != 0 || reg.Registered != epoch || reg.View.Size() != 2 {
			t.Fatalf("again: %+v, %v", reg, err)
		}
	}
	if got, err := w.log.View().Registered(0); err != nil || !bytes.Equal(got.Record.Bytes(), first.Bytes()) {
		t.Fatalf("the record changed: %v", err)
	}
	checkLog(t, w.log.View())
	w.close(t)
}

func TestARefusalNamesItsRuleAndLeavesTheLogAsItIs(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.append(t, revoke(t, alice, 0))
	for _, c := range []struct {
		r    *record.Record
		rule rules.Rule
	}{
		{contract(t, 0), rules.Revoked},
		{signed(t, draft(t, 1), bob), rules.Quorum},
		{revoke(t, alice, 1), rules.Revoked},
	} {
		_, err := w.log.Append(context.Background(), c.r)
		var refusal *rules.Refusal
		if !errors.As(err, &refusal) || refusal.Rule != c.rule {
			t.Errorf("refused with %v, not by %s", err, c.rule)
		}
	}
	w.clock.unix.Store(forever + 1)
	_, err := w.log.Append(context.Background(), signed(t, draft(t, 2), carol, bob))
	var refusal *rules.Refusal
	if !errors.As(err, &refusal) || refusal.Rule != rules.Time {
		t.Errorf("refused with %v, not by %s", err, rules.Time)
	}
	if size := w.log.View().Size(); size != 1 {
		t.Fatalf("the log has %d entries after refusals, not 1", size)
	}
	checkLog(t, w.log.View())
	w.close(t)
}

func TestAFaultySignatureIsRefusedByTheFirstRuleThatFails(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.append(t, contract(t, 0))
	for _, c := range []struct {
		n    uint64
		rule rules.Rule
	}{{0, rules.Once}, {1, rules.Signed}} {
		_, err := record.Open(contract(t, c.n).Bytes(), neverVerifies)
		var fault *record.SignatureError
		if !errors.As(err, &fault) {
			t.Fatal(err)
		}
		var refusal *rules.Refusal
		if err := w.log.Refuse(t.Context(), fault); !errors.As(err, &refusal) || refusal.Rule != c.rule {
			t.Errorf("refused with %v, not by %s", err, c.rule)
		}
		w.clock.unix.Store(epoch - rules.Skew - 1)
		var behind *ledger.ClockError
		if err := w.log.Refuse(t.Context(), fault); !errors.As(err, &behind) {
			t.Errorf("with a clock that is behind: %v", err)
		}
		w.clock.unix.Store(epoch)
	}
	w.close(t)
}

func TestManyAtOnceEachGetTheirOwnPlace(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	const submitters, each = 64, 12
	seen := make([]string, submitters*each)
	var group sync.WaitGroup
	var mu sync.Mutex
	for s := range submitters {
		group.Go(func() {
			for i := range each {
				r := contract(t, uint64(s*each+i))
				reg, err := w.log.Append(context.Background(), r)
				if err != nil || !reg.New || reg.View.Size() <= reg.Index {
					t.Errorf("submitter %d: %+v, %v", s, reg, err)
					return
				}
				if got, err := reg.View.Record(r.ID()); err != nil || got.Index != reg.Index {
					t.Errorf("submitter %d: acknowledged at %d, found at %d, %v", s, reg.Index, got.Index, err)
				}
				mu.Lock()
				if other := seen[reg.Index]; other != "" {
					t.Errorf("index %d is of %s and %s", reg.Index, other, r.ID())
				}
				seen[reg.Index] = r.ID().String()
				mu.Unlock()
			}
		})
	}
	group.Wait()
	checkLog(t, w.log.View())
	checkReceipts(t, w.log.View())
	w.close(t)
}

func TestAStartPublishesWhatIsStored(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	for n := uint64(0); n < 300; n += 100 {
		var records []*record.Record
		for i := range uint64(100) {
			records = append(records, unchecked(t, n+i))
		}
		w.append(t, records...)
		before := w.log.View().Checkpoint().Bytes()
		w.close(t)
		w.mustOpen(t)
		if after := w.log.View().Checkpoint().Bytes(); !bytes.Equal(before, after) {
			t.Fatalf("published before: %s\nafter: %s", before, after)
		}
		checkLog(t, w.log.View())
	}
	w.close(t)
}

func TestALogDoesNotOpenWithAnotherSecretKey(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.close(t)
	w.sign = alice.sign
	if err := w.open(); err == nil || !strings.Contains(err.Error(), "not the secret key of "+home.String()) {
		t.Fatalf("opened: %v", err)
	}
	if err := w.create(alice.sign); err == nil || !strings.Contains(err.Error(), "no signature of the ledger "+home.String()) {
		t.Fatalf("created: %v", err)
	}
	w.sign = func([]byte) ([]byte, error) { return nil, errDisk }
	if err := w.open(); !errors.Is(err, errDisk) {
		t.Fatalf("opened: %v", err)
	}
	if err := w.create(w.sign); !errors.Is(err, errDisk) {
		t.Fatalf("created: %v", err)
	}
	w.sign = home.sign
	w.mustOpen(t)
	w.close(t)
}

func TestALogDoesNotOpenWithoutAPolicyThatKnowsIt(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	if err := w.log.Close(); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"log " + alice.String() + "\nquorum none\n": "is no log of it",
		"no policy\n": "policy",
	} {
		_, err := ledger.Open(ledger.Config{Store: w.store, Guard: w.guard, Sign: home.sign, Clock: w.clock.now, Policy: []byte(text)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("policy %q: %v", text, err)
		}
	}
	if err := errors.Join(w.guard.Close(), w.store.Close()); err != nil {
		t.Fatal(err)
	}
}
