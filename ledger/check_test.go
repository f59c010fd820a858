package ledger_test

import (
	"testing"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/verify"
)

// checkLog reads the whole log back, and compares everything that it says with what
// its entries alone give.
func checkLog(t testing.TB, v *ledger.View) {
	t.Helper()
	ledgertest.CheckLog(t, v, home.Key)
	if n := len(v.Checkpoint().Note.Signatures); n != 1 {
		t.Fatalf("checkpoint of size %d has %d signatures", v.Size(), n)
	}
}

// checkEdge is the part of checkLog that tells tree sizes apart, without the
// records.
func checkEdge(t testing.TB, v *ledger.View) {
	t.Helper()
	ledgertest.CheckEdge(t, v, home.Key)
}

// checkReceipts is for logs whose signatures are honest: every entry has a receipt.
func checkReceipts(t testing.TB, v *ledger.View) {
	t.Helper()
	for i := range v.Size() {
		checkReceipt(t, v, i)
	}
}

func checkReceipt(t testing.TB, v *ledger.View, index uint64) {
	t.Helper()
	p, err := verify.ParsePolicy(policy)
	if err != nil {
		t.Fatal(err)
	}
	b, err := v.Receipt(index)
	if err != nil {
		t.Fatal(err)
	}
	if reg, err := verify.Receipt(p, b); err != nil || reg.Index != index {
		t.Fatalf("receipt of entry %d: %v", index, err)
	}
}
