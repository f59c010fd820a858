package objects_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
)

// Before the second tile is full; and before that of the second bundle.
var beforeSecond = sync.OnceValues(func() (base, error) { return ofSize(511) })

// partials returns the partial tiles and bundles of a number.
func (w *world) partials(t *testing.T, number string) (list []string) {
	t.Helper()
	for _, dir := range []string{"tile/0/", "tile/entries/"} {
		names, err := w.memory.List(context.Background(), dir+number+".p/", "", 1000)
		must(t, err)
		list = append(list, names...)
	}
	return list
}

// strangers puts objects that no log has among the partial tiles, and returns their names.
func (w *world) strangers(t *testing.T) []string {
	t.Helper()
	names := []string{"tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/5/6", "tile/0/000.p/x", "tile/entries/000.p/01"}
	for _, name := range names {
		_, err := w.memory.Create(context.Background(), name, []byte("?"))
		must(t, err)
	}
	return names
}

// over registers records over the border, with a node on which a plan says what is lost, and
// returns its world.
func over(t *testing.T, b base, count int, plan func(context.Context, objectstest.Call) objectstest.Fault, check func(w *world, n *node)) {
	synctest.Test(t, func(t *testing.T) {
		w := b.world(1)
		n, err := w.node(b.clone(), plan)
		must(t, err)
		must(t, n.lead())
		for _, r := range b.records(count) {
			must(t, n.append(r))
		}
		time.Sleep(time.Hour) // for what goes on beside
		check(w, n)
		must(t, n.close())
	})
}

func TestPartialTilesAreRemovedWhenTheNextTileIsFull(t *testing.T) {
	b, err := beforeSecond()
	must(t, err)
	if w := b.world(1); len(w.partials(t, "000")) == 0 || len(w.partials(t, "001")) == 0 {
		t.Fatal("there are no partial tiles")
	}
	over(t, b, 3, nil, func(w *world, n *node) {
		if list := w.partials(t, "000"); len(list) != 0 {
			t.Errorf("%v are still there", list)
		}
		before := b.world(1).partials(t, "001")
		if list := w.partials(t, "001"); !slices.Equal(list, before) {
			t.Errorf("of the last full tile there are %v, and were %v", list, before)
		}
		if list := w.partials(t, "002"); len(list) != 2*3-2 {
			t.Errorf("of the last tile there are %v", list)
		}
		must(t, w.check(t, n))
		ledgertest.CheckLog(t, n.log.View(), key)
		// Whoever reads an older tree finds it by the full tile.
		behind, err := w.node(nil, nil)
		must(t, err)
		if _, err := behind.follow(); err != nil {
			t.Error(err)
		}
		entries, err := behind.bundle(tlogTile("tile/entries/000.p/7"))
		if err != nil || len(entries) != 256 {
			t.Errorf("an older tree: %d entries, %v", len(entries), err)
		}
		must(t, behind.close())
	})
}

func TestNothingElseIsRemoved(t *testing.T) {
	b, err := beforeSecond()
	must(t, err)
	b.memory = b.memory.Clone()
	strangers := (&world{memory: b.memory}).strangers(t)
	over(t, b, 3, nil, func(w *world, _ *node) {
		if list := w.partials(t, "000"); len(list) != len(strangers) {
			t.Errorf("there are %v, want %v alone", list, strangers)
		}
	})
	// Without the full one, nothing.
	must(t, b.memory.Delete(context.Background(), "tile/0/000"))
	over(t, b, 3, nil, func(w *world, _ *node) {
		if list := w.partials(t, "000"); len(list) == len(strangers) {
			t.Error("they were removed, and the full tile is not there")
		}
	})
}

// sweeps says whether a request is one of those that remove.
func sweeps(c objectstest.Call) bool {
	return c.Op == objectstest.List || c.Op == objectstest.Delete || c.Op == objectstest.Peek && strings.HasPrefix(c.Name, "tile/")
}

func TestAFaultAtARemovalEndsNothing(t *testing.T) {
	b, err := beforeSecond()
	must(t, err)
	for _, kind := range objectstest.Kinds {
		switch kind {
		case objectstest.Dies, objectstest.Carried, objectstest.Leaves:
			continue
		}
		for _, op := range []objectstest.Op{objectstest.Peek, objectstest.List, objectstest.Delete} {
			t.Run(fmt.Sprintf("%s/%s", op, kind), func(t *testing.T) {
				met := 0
				plan := func(_ context.Context, c objectstest.Call) objectstest.Fault {
					if !sweeps(c) || c.Op != op {
						return objectstest.Fault{}
					}
					met++
					return objectstest.Fault{Kind: kind, After: 3, For: 20 * time.Second}
				}
				over(t, b, 4, plan, func(w *world, n *node) {
					w.network.Deliver()
					must(t, w.check(t, n))
				})
				if met == 0 {
					t.Error("nothing was to be removed")
				}
			})
		}
	}
}

// A node that was stopped while it put a partial tile goes on when others have removed those
// of its tile: it puts the log's bytes, and no harm is done.
func TestAPartialTileThatComesLateIsTheLogs(t *testing.T) {
	b, err := beforeSecond()
	must(t, err)
	name := b.world(1).partials(t, "000")[0]
	over(t, b, 3, nil, func(w *world, n *node) {
		late := b.memory.History(name)[0].Bytes
		_, err := w.memory.Create(context.Background(), name, late)
		must(t, err)
		must(t, w.check(t, n))
	})
}
