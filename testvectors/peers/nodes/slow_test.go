//go:build linux

package nodes

import (
	"fmt"
	"testing"
	"time"

	"github.com/chirograph/chirograph/testvectors/peers/engines"
)

// A store that takes a while for each request slows a ledger, and nothing else.
func TestASlowStoreStopsNothing(t *testing.T) {
	const slow, enough = 2 * time.Second, 12
	c := begin(t, engines.Versity(t, 3), after)
	c.ready()
	c.led()
	for _, n := range c.nodes {
		n.proxy.Follow(engines.Always(engines.Delay, slow))
	}
	l := c.loads(4, 1, 0)
	begun := time.Now()
	eventually(t, "records are registered", func() error {
		if got := l.soFar(); got < enough {
			return fmt.Errorf("%d are", got)
		}
		return nil
	})
	t.Logf("%d in %s, %d takeovers", l.soFar(), time.Since(begun).Round(time.Millisecond), c.takeovers())
	for _, n := range c.nodes {
		n.proxy.Follow(engines.Always(engines.Pass, 0))
	}
	c.judge(l.end())
}
