//go:build linux

package nodes

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/testvectors/peers/engines"
)

// Sizes of figures. Load, nodes and engine share the cores of the machine.
const (
	lone    = 300             // records one after the other
	crowd   = 64              // clients at once
	crowded = 8 * time.Second // that they go on
	stock   = 20000           // records that are made before
	readers = 16
	reading = 4 * time.Second
	falls   = 5 // leaders that end, of each way
)

// alone returns a cluster whose nodes have the key in files and ask the gateways themselves,
// and the directory of the first.
func alone(b *testing.B, e *engines.Engine, takeover time.Duration) (*cluster, string) {
	c := &cluster{t: b, engine: e, after: takeover, direct: true}
	first := c.make()
	c.identity(first)
	return c, first
}

// lone reports what a record takes of one client who sends nothing else, to a node, nil for any.
func (c *cluster) lone(b *testing.B, by *node, first uint64) {
	for b.Loop() {
		l := c.newLoad(first)
		l.by = by
		l.start(1, 1)
		eventually(b, "records are registered", func() error {
			if n := l.soFar(); n < lone {
				return fmt.Errorf("%d are", n)
			}
			return nil
		})
		given := l.end()
		b.ReportMetric(float64(quantile(given, 0.5).Microseconds())/1000, "p50-ms")
		b.ReportMetric(float64(quantile(given, 0.99).Microseconds())/1000, "p99-ms")
	}
}

// measure reports what a lone record takes, and how many a crowd registers.
func (c *cluster) measure(b *testing.B) {
	b.Run("lone", func(b *testing.B) { c.lone(b, nil, 0) })
	b.Run("crowd", func(b *testing.B) {
		for b.Loop() {
			l := c.newLoad(1 << 20)
			l.quick = true
			must(b, l.fill(stock))
			l.start(crowd, 1)
			time.Sleep(time.Second)
			before, begun := l.soFar(), time.Now()
			time.Sleep(crowded)
			b.ReportMetric(float64(l.soFar()-before)/time.Since(begun).Seconds(), "records/s")
			l.end()
		}
	})
}

// fill makes so many records beforehand.
func (l *load) fill(n int) error {
	for i := range n {
		id, b, err := contract(l.c.key, l.made, l.first+1+uint64(i))
		if err != nil {
			return err
		}
		l.stock = append(l.stock, acknowledged{id: id, record: b})
	}
	return nil
}

func BenchmarkPebble(b *testing.B) {
	c := &cluster{t: b}
	dir := c.create()
	c.identity(dir)
	n := &node{dir: dir}
	n.Process, n.url = engines.NewProgram(b, "serve", nil, program("chirographd"), nil, func(address string) []string {
		return []string{"serve", "--dir", dir, "--listen", address, "--rate", "0"}
	})
	c.nodes = []*node{n}
	c.measure(b)
	b.Run("reads/1", func(b *testing.B) { c.reads(b) })
}

func BenchmarkVersity(b *testing.B) { figures(b, engines.Versity(b, 3)) }

func BenchmarkCeph(b *testing.B) { figures(b, engines.Ceph(b)) }

// figures reports those of one node, and of more.
func figures(b *testing.B, e *engines.Engine) {
	c, first := alone(b, e, after)
	c.seen = c.watch()
	c.join(first)
	c.ready()
	c.led()
	c.measure(b)
	for n := 1; n <= count; n++ {
		if n > 1 {
			c.join(first)
			c.ready()
		}
		if n == 2 {
			follower := c.others(c.led())[0]
			b.Run("lone/follower", func(b *testing.B) { c.lone(b, follower, 1<<21) })
		}
		b.Run(fmt.Sprintf("reads/%d", n), func(b *testing.B) { c.reads(b) })
	}
	c.fall(b, fmt.Sprintf("takeover/kill/%s", after), (*node).Kill)
	c.fall(b, "takeover/stop", func(n *node) { n.terminate(c) })
	for _, n := range c.nodes {
		n.Kill()
	}
	c.after = 2 * after
	c.nodes = nil
	for range count {
		c.join(first)
	}
	c.ready()
	c.fall(b, fmt.Sprintf("takeover/kill/%s", c.after), (*node).Kill)
}

// reads reports how many tiles a second all nodes give.
func (c *cluster) reads(b *testing.B) {
	path := "/" + tlog.Tile{Width: tlog.MaxWidth}.Path()
	for b.Loop() {
		ctx, cancel := context.WithTimeout(b.Context(), reading)
		var n atomic.Int64
		var busy sync.WaitGroup
		begun := time.Now()
		for i := range readers {
			busy.Go(func() {
				hc := &http.Client{Transport: &http.Transport{}}
				defer hc.CloseIdleConnections()
				for k := i; ctx.Err() == nil; k++ {
					r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.nodes[k%len(c.nodes)].url+path, nil)
					if err != nil {
						b.Error(err)
						return
					}
					resp, err := hc.Do(r)
					if err != nil {
						continue
					}
					size, _ := io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
					if size == tlog.MaxWidth*tlog.HashSize {
						n.Add(1)
					} else if ctx.Err() == nil {
						b.Errorf("a tile has %d bytes, status %d", size, resp.StatusCode)
						return
					}
				}
			})
		}
		busy.Wait()
		cancel()
		b.ReportMetric(float64(n.Load())/time.Since(begun).Seconds(), "tiles/s")
	}
}

// fall reports how long nobody registers anything when the leader ends.
func (c *cluster) fall(b *testing.B, name string, end func(*node)) {
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			var all []time.Duration
			for i := range falls {
				all = append(all, c.once(b, uint64(i+1)<<32, end))
			}
			var sum, most time.Duration
			for _, d := range all {
				sum, most = sum+d, max(most, d)
			}
			b.ReportMetric(sum.Seconds()/falls, "mean-s")
			b.ReportMetric(most.Seconds(), "most-s")
		}
	})
}

// once ends the leader and returns when the next record was acknowledged.
func (c *cluster) once(b *testing.B, first uint64, end func(*node)) time.Duration {
	c.ready()
	n := c.led()
	begun := time.Now()
	end(n)
	l := c.loads(2, uint64(begun.UnixNano()), first+uint64(begun.UnixNano()))
	eventually(b, "a record is registered", func() error {
		if l.soFar() == 0 {
			return fmt.Errorf("none is")
		}
		return nil
	})
	took := l.end()[0].at.Sub(begun)
	must(b, n.Restart())
	return took
}
