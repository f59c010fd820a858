//go:build linux

package nodes

import (
	"fmt"
	"testing"

	"github.com/chirograph/chirograph/testvectors/peers/engines"
)

// A leader in a network of its own is cut off as by a cable: nobody is told, and what it had
// sent arrives when the cable is back. By then another leads.
func TestALeaderThatIsCutOffFollows(t *testing.T) {
	inside := engines.NewNamespace(t)
	c := &cluster{t: t, engine: engines.Versity(t, 3), after: after, direct: true}
	first := c.make()
	c.identity(first)
	c.take(first)
	n := c.join(first, inside)
	c.seen = c.watch()
	for range count - 1 {
		c.join(first)
	}
	c.ready()
	l := c.loads(4, 1, 0)
	for range 3 {
		c.lead(n)
		must(t, inside.Cut())
		eventually(t, "another leads", func() error {
			if h := c.seen.head(); h.Owner == "" || h.Owner == n.url {
				return fmt.Errorf("the head is of %q", h.Owner)
			}
			return nil
		})
		before := l.soFar()
		eventually(t, "it registers something", func() error {
			if l.soFar() == before {
				return fmt.Errorf("%d are registered, as before", before)
			}
			return nil
		})
		must(t, inside.Heal())
		c.ready()
	}
	given := l.end()
	c.judge(given)
	t.Logf("%d records acknowledged, %d takeovers, p50 %s, p99 %s", len(given), c.takeovers(), quantile(given, 0.5), quantile(given, 0.99))
}

// lead has a node lead: the others end, and begin again when it does.
func (c *cluster) lead(n *node) {
	c.t.Helper()
	if c.led() == n {
		return
	}
	for _, o := range c.others(n) {
		o.terminate(c)
	}
	eventually(c.t, n.Name+" leads", func() error {
		if h := c.seen.head(); h.Owner != n.url {
			return fmt.Errorf("the head is of %q", h.Owner)
		}
		return nil
	})
	for _, o := range c.others(n) {
		must(c.t, o.Start())
	}
	c.ready()
}
