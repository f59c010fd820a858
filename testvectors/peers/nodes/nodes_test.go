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
	if hasZombies(kinds) && takeovers == 0 {
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

// long says that a test takes its long form.
var long = os.Getenv("CHIROGRAPH_LONG") != ""

// each has each kind of disturbance alone, for several seeds; in short one of them.
func each(t *testing.T, e func(testing.TB) *engines.Engine, kinds ...kind) {
	seeds, lasting := uint64(1), 15*time.Second
	if long {
		seeds, lasting = 3, minute
	} else {
		kinds = kinds[:1]
	}
	for _, k := range kinds {
		for n := range seeds {
			t.Run(fmt.Sprintf("%s/%d", k.name, seed()+n), func(t *testing.T) { one(t, e(t), seed()+n, lasting, k) })
		}
	}
}

var apart = []kind{faults, kills, stops, zombies, cuts, gateways, clocks}

func TestNodesMakeOneLogUnderEachDisturbance(t *testing.T) {
	each(t, func(t testing.TB) *engines.Engine { return engines.Versity(t, 3) }, apart...)
}

func TestCephNodesMakeOneLogUnderEachDisturbance(t *testing.T) {
	each(t, engines.Ceph, append([]kind{disks}, apart...)...)
}

// seed is the same every day, or that of CHIROGRAPH_SEED.
func seed() uint64 {
	n := uint64(20261123)
	fmt.Sscan(os.Getenv("CHIROGRAPH_SEED"), &n)
	return n
}
