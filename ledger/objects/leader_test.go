package objects_test

import (
	"context"
	"errors"
	"testing"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
)

// two returns two nodes on one bucket that has an empty log.
func two(t *testing.T) (w *world, one, other *node) {
	t.Helper()
	w = newWorld(objectstest.NewMemory(), 1)
	var nodes [2]*node
	for i := range nodes {
		n, err := w.node(nil, nil)
		must(t, err)
		t.Cleanup(func() { must(t, n.close()) })
		nodes[i] = n
	}
	must(t, nodes[0].register.Begin(context.Background(), empty, 0, objects.Open))
	return w, nodes[0], nodes[1]
}

func TestANodeThatIsFencedRegistersNothing(t *testing.T) {
	w, one, other := two(t)
	must(t, one.lead())
	must(t, one.append(pool()[0]))
	must(t, other.lead())
	must(t, other.append(pool()[1]))
	if err := one.append(pool()[2]); !errors.Is(err, objects.ErrFenced) || !errors.Is(err, ledger.ErrStopped) {
		t.Fatalf("a node that is fenced said %v", err)
	}
	ledgertest.CheckLog(t, other.log.View(), key)
	must(t, w.check(t, other))
}
