//go:build linux

package nodes

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chirograph/chirograph/testvectors/peers/engines"
)

// A plan does to a cluster what happens to machines and networks, in the order of its seed.
type plan struct {
	c      *cluster
	random *rand.Rand
	kinds  []kind

	busy    sync.WaitGroup
	store   atomic.Bool // a gateway or a disk is away
	zombies atomic.Int64
	did     map[string]int
	log     []string
}

// A kind of disturbance.
type kind struct {
	name string
	do   func(p *plan) (what string, f func() error) // nil where it cannot be now
}

var (
	kills    = kind{"kill", (*plan).kill}
	stops    = kind{"stop", (*plan).stop}
	zombies  = kind{"zombie", (*plan).zombie}
	cuts     = kind{"cut", (*plan).cut}
	faults   = kind{"faults", (*plan).faults}
	gateways = kind{"gateway", (*plan).gateway}
	disks    = kind{"disk", (*plan).disk}
	clocks   = kind{"clock", (*plan).clock}
)

// disturb does disturbances for so long, one every second or two, and returns when all have
// ended.
func (c *cluster) disturb(seed uint64, long time.Duration, kinds ...kind) *plan {
	p := &plan{c: c, random: rand.New(rand.NewPCG(seed, 0)), kinds: kinds, did: map[string]int{}}
	c.t.Logf("seed %d", seed)
	begun := time.Now()
	for time.Since(begun) < long {
		k := kinds[p.random.IntN(len(kinds))]
		if p.zombies.Load() == 0 && time.Since(begun) > long/3 && hasZombies(kinds) {
			k = zombies // that there is one at least
		}
		what, f := k.do(p)
		if f != nil {
			p.did[k.name]++
			p.log = append(p.log, fmt.Sprintf("%6.2f %s", time.Since(begun).Seconds(), what))
			p.busy.Go(func() {
				if err := f(); err != nil {
					c.t.Errorf("%s: %v", what, err)
				}
			})
		}
		time.Sleep(p.between(time.Second, 2*time.Second))
	}
	p.busy.Wait()
	c.t.Cleanup(func() {
		if c.t.Failed() {
			c.t.Logf("what was done:\n%s", strings.Join(p.log, "\n"))
		}
	})
	return p
}

func hasZombies(kinds []kind) bool {
	for _, k := range kinds {
		if k.name == zombies.name {
			return true
		}
	}
	return false
}

func (p *plan) between(least, most time.Duration) time.Duration {
	return least + time.Duration(p.random.Int64N(int64(most-least)))
}

// some returns a node to which nothing is done, rather the leader than another, and takes
// it; nil where there is none, or one has to be left alone.
func (p *plan) some(leader bool) *node {
	var idle []*node
	for _, n := range p.c.nodes {
		if !n.busy.Load() {
			idle = append(idle, n)
		}
	}
	if len(idle) < 2 {
		return nil
	}
	n := idle[p.random.IntN(len(idle))]
	if l := p.c.leader(); l != nil && !l.busy.Load() && (leader || p.random.IntN(2) == 0) {
		n = l
	} else if leader {
		return nil
	}
	n.busy.Store(true)
	return n
}

func (p *plan) kill() (string, func() error) {
	n, away := p.some(false), p.between(100*time.Millisecond, 7*time.Second)
	if n == nil {
		return "", nil
	}
	return fmt.Sprintf("%s killed, started after %s", n.Name, away), func() error {
		defer n.busy.Store(false)
		n.Kill()
		time.Sleep(away)
		return n.Start()
	}
}

func (p *plan) stop() (string, func() error) {
	n, away := p.some(false), p.between(100*time.Millisecond, 4*time.Second)
	if n == nil {
		return "", nil
	}
	return fmt.Sprintf("%s stopped for %s", n.Name, away), func() error {
		defer n.busy.Store(false)
		if err := n.Stop(); err != nil {
			return err
		}
		time.Sleep(away)
		return n.Continue()
	}
}

// zombie stops the leader until another leads, and a while more.
func (p *plan) zombie() (string, func() error) {
	n, more := p.some(true), p.between(0, 3*time.Second)
	if n == nil {
		return "", nil
	}
	return fmt.Sprintf("%s, which leads, stopped until another does and %s", n.Name, more), func() error {
		defer n.busy.Store(false)
		if err := n.Stop(); err != nil {
			return err
		}
		late := time.Now().Add(4 * p.c.after)
		for {
			if h := p.c.seen.head(); h.Owner != n.url && h.Owner != "" {
				p.zombies.Add(1)
				break
			}
			if time.Now().After(late) {
				break // the others have their own troubles
			}
			time.Sleep(pace)
		}
		time.Sleep(more)
		return n.Continue()
	}
}

func (p *plan) cut() (string, func() error) {
	n, away := p.some(false), p.between(500*time.Millisecond, 9*time.Second)
	if n == nil {
		return "", nil
	}
	return fmt.Sprintf("%s cut off from the store for %s", n.Name, away), func() error {
		defer n.busy.Store(false)
		n.proxy.Cut()
		time.Sleep(away)
		n.proxy.Heal()
		return nil
	}
}

// faults has a third of the requests of a node go wrong.
func (p *plan) faults() (string, func() error) {
	n, long, seed := p.some(false), p.between(2*time.Second, 6*time.Second), p.random.Uint64()
	if n == nil {
		return "", nil
	}
	return fmt.Sprintf("requests of %s go wrong for %s", n.Name, long), func() error {
		defer n.busy.Store(false)
		n.proxy.Follow(engines.Seeded(seed, 1.0/3, 3*time.Second, engines.Drop, engines.Swallow, engines.Refuse, engines.Misreport,
			engines.Delay, engines.Straggle, engines.Repeat, engines.Sever, engines.Twice))
		time.Sleep(long)
		n.proxy.Follow(engines.Always(engines.Pass, 0))
		return nil
	}
}

func (p *plan) gateway() (string, func() error) {
	return p.part(p.c.engine.Gateways)
}

func (p *plan) disk() (string, func() error) {
	return p.part(p.c.engine.Disks)
}

// part kills a part of the engine and starts it again. One at a time is away.
func (p *plan) part(list []*engines.Process) (string, func() error) {
	away := p.between(100*time.Millisecond, 4*time.Second)
	g := list[p.random.IntN(len(list))]
	if !p.store.CompareAndSwap(false, true) {
		return "", nil
	}
	return fmt.Sprintf("%s killed, started after %s", g.Name, away), func() error {
		defer p.store.Store(false)
		g.Kill()
		time.Sleep(away)
		return g.Start()
	}
}

// clock has a node's clock be wrong by an hour for some seconds, or run backwards. What was
// registered in an hour that has not come keeps a ledger from registering anything before: so
// that the test goes on, that hour has then passed on all clocks.
func (p *plan) clock() (string, func() error) {
	n, long := p.c.nodes[p.random.IntN(len(p.c.nodes))], p.between(time.Second, 4*time.Second)
	base := time.Duration(p.c.now.Load())
	switch p.random.IntN(3) {
	case 0:
		return fmt.Sprintf("%s: its clock is an hour ahead, and after %s all are", n.Name, long), func() error {
			if err := n.set(base + time.Hour); err != nil {
				return err
			}
			time.Sleep(long)
			p.c.now.Store(int64(base + time.Hour))
			return p.c.set(base + time.Hour)
		}
	case 1:
		return fmt.Sprintf("%s: its clock is an hour behind for %s", n.Name, long), func() error {
			if err := n.set(base - time.Hour); err != nil {
				return err
			}
			time.Sleep(long)
			return n.set(time.Duration(p.c.now.Load()))
		}
	}
	return n.Name + ": its clock runs backwards", func() error {
		for i := range 15 {
			if err := n.set(base - time.Duration(i)*2*time.Second); err != nil {
				return err
			}
			time.Sleep(200 * time.Millisecond)
		}
		return n.set(time.Duration(p.c.now.Load()))
	}
}

// set has all clocks be wrong by so much.
func (c *cluster) set(wrong time.Duration) error {
	for _, n := range c.nodes {
		if err := n.set(wrong); err != nil {
			return err
		}
	}
	return nil
}
