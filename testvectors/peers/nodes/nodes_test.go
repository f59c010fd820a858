//go:build linux

package nodes

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/chirograph/chirograph/testvectors/peers/engines"
)

const minute = time.Minute

// one demands that the nodes of an engine make one log, whatever is done to them for a while.
func one(t *testing.T, e *engines.Engine, seed uint64, long time.Duration, kinds ...kind) {
	c := begin(t, e, after)
	c.ready()
	l := c.loads(clients, seed, 0)
	p := c.disturb(seed, long, kinds...)
	must(t, c.set(time.Duration(c.now.Load())))
	c.ready()
	given := l.end()
	before := len(given)
	last := c.loads(1, seed+1, 1<<32) // all goes on
	eventually(t, "a record is registered afterwards", func() error {
		if last.soFar() == 0 {
			return fmt.Errorf("none is, after %d", before)
		}
		return nil
	})
	given = append(given, last.end()...)
	h := c.judge(given)
	takeovers := c.takeovers()
	t.Logf("%s, seed %d: %d records acknowledged, %d entries, %d signatures, %d takeovers, %d zombies, disturbances %v, answers %v, p50 %s, p99 %s",
		e.Name, seed, len(given), len(h.entries), len(c.signer.signatures()), takeovers, p.zombies.Load(), p.did, l.answers, quantile(given, 0.5), quantile(given, 0.99))
	for _, n := range c.nodes {
		t.Logf("%s: its requests: %v", n.Name, n.proxy.Did())
	}
	if takeovers == 0 {
		t.Error("nobody took over from anybody")
	}
	if hasZombies(kinds) && p.zombies.Load() == 0 {
		t.Error("nobody was resumed after another took over")
	}
}

// takeovers returns how often another node than before led.
func (c *cluster) takeovers() int {
	heads, _ := c.seen.all()
	n, last := 0, ""
	for _, h := range heads {
		if h.Owner != "" && h.Owner != last {
			if last != "" {
				n++
			}
			last = h.Owner
		}
	}
	return n
}

// all that is done on an engine that has no disks of its own.
var all = []kind{kills, stops, zombies, cuts, faults, gateways, clocks}

func TestNodesMakeOneLog(t *testing.T) {
	one(t, engines.Versity(t, 3), seed(), minute, all...)
}

func TestCephNodesMakeOneLog(t *testing.T) {
	one(t, engines.Ceph(t), seed(), minute, append(all[:len(all):len(all)], disks)...)
}

// seed is the same every day, or that of CHIROGRAPH_SEED.
func seed() uint64 {
	n := uint64(20261123)
	fmt.Sscan(os.Getenv("CHIROGRAPH_SEED"), &n)
	return n
}
