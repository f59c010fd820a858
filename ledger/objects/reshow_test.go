package objects_test

import (
	"context"
	"errors"
	"testing"

	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
)

// A leader that does not know whether it has the head does not know what readers found last.
func TestWhatIsGoneIsPutBackByWhoSeesThatItHasTheHead(t *testing.T) {
	w := newWorld(objectstest.NewMemory(), 1)
	blind := false
	one, err := w.node(nil, func(_ context.Context, c objectstest.Call) objectstest.Fault {
		if blind && c.Op == objectstest.Peek && c.Name == objects.HeadName {
			return objectstest.Fault{Kind: objectstest.Failed}
		}
		return objectstest.Fault{}
	})
	must(t, err)
	defer func() { must(t, one.close()) }()
	must(t, one.register.Begin(context.Background(), empty, 0, objects.Open))
	must(t, one.lead())
	must(t, one.append(pool()[0]))
	must(t, w.memory.Delete(context.Background(), objects.CheckpointName))
	blind = true
	again, err := one.leader.Reshow()
	if _, v, _ := one.register.Published(context.Background()); again || !errors.Is(err, objectstest.ErrLost) || v != "" {
		t.Errorf("it is put back, %t, by who cannot read the head: %v", again, err)
	}
	must(t, one.leader.Err())
	blind = false
	if again, err := one.leader.Reshow(); !again || err != nil {
		t.Errorf("it is put back, %t, by who has the head: %v", again, err)
	}
	if again, err := one.leader.Reshow(); again || err != nil {
		t.Errorf("it is put back again, %t: %v", again, err)
	}
	must(t, one.append(pool()[1]))
	must(t, w.check(t, one))
}
