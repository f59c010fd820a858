//go:build linux

package nodes

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chirograph/chirograph/testvectors/peers/engines"
)

// A step is a request of a batch, or of a takeover, and whether it is delivered.
type step struct {
	object string // what the names of its objects begin with
	fault  engines.Fault
}

func (s step) String() string { return s.object + ", " + s.fault.String() }

// steps are those at which a node may end.
var steps = func() (all []step) {
	for _, object := range []string{"head", "tile/entries/", "tile/0/", "checkpoint"} {
		for _, fault := range []engines.Fault{engines.Drop, engines.Swallow} {
			all = append(all, step{object, fault})
		}
	}
	return all
}()

// A trap kills the first of some nodes that puts an object.
type trap struct {
	once sync.Once
	got  chan *node
}

// trap has nodes run into a trap at a step: the first to come there is killed before its request
// is delivered, or while it is.
func (c *cluster) trap(s step, nodes ...*node) *trap {
	trap := &trap{got: make(chan *node, 1)}
	for _, n := range nodes {
		n.proxy.Follow(func(_ uint64, r *http.Request) (f engines.Fault, _ time.Duration) {
			if r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, "/"+c.engine.Bucket+"/"+s.object) {
				trap.once.Do(func() {
					n.Kill()
					f = s.fault
					trap.got <- n
				})
			}
			return f, 0
		})
	}
	return trap
}

// wait returns the node that was killed.
func (tr *trap) wait(t testing.TB, s step) *node {
	t.Helper()
	select {
	case n := <-tr.got:
		return n
	case <-time.After(patience):
		t.Fatalf("no node comes to the step %s", s)
		return nil
	}
}

// others returns all nodes but one.
func (c *cluster) others(n *node) (all []*node) {
	for _, o := range c.nodes {
		if o != n {
			all = append(all, o)
		}
	}
	return all
}

// A leader dies at each step of a batch, and who takes over at each step of that, once what it
// asked for is not done and once it is; the third goes on.
func TestANodeDiesAtAnyStep(t *testing.T) {
	for part := range len(steps) / 2 {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			c := begin(t, engines.Versity(t, 3), after)
			c.ready()
			l := c.loads(2, uint64(part), 0)
			c.die(l, steps[2*part], steps[part])
			c.die(l, steps[2*part+1], steps[part+len(steps)/2])
			given := l.end()
			h := c.judge(given)
			t.Logf("%d records acknowledged, %d entries, %d signatures, %d takeovers, p99 %s", len(given), len(h.entries), len(c.signer.signatures()), c.takeovers(), quantile(given, 0.99))
		})
	}
}

// die has the leader die at one step, and the next at another, and waits until the third
// registers something.
func (c *cluster) die(l *load, first, second step) {
	c.t.Helper()
	c.led()
	a := c.trap(first, c.nodes...).wait(c.t, first)
	b := c.trap(second, c.others(a)...).wait(c.t, second)
	for _, n := range c.nodes {
		n.proxy.Follow(engines.Always(engines.Pass, 0))
	}
	c.t.Logf("%s died at %s, %s at %s", a.Name, first, b.Name, second)
	before := l.soFar()
	eventually(c.t, "the third registers something", func() error {
		if l.soFar() == before {
			return fmt.Errorf("%d are registered, as before", before)
		}
		return nil
	})
	must(c.t, a.Start())
	must(c.t, b.Start())
	c.ready()
}
