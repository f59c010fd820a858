package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// How the generator sends.
const (
	loopers = 64  // who each wait for their answer
	inLine  = 400 // records that may be at the gate and behind it, with one core
)

// sender returns the address of a sender, of so many.
func sender(i, of int) net.IP {
	i %= of
	return net.IPv4(127, 1, byte(i/250), byte(1+i%250))
}

// closed has a few submit, each after its last answer, and returns how many records a
// second are taken.
func (g *generator) closed(d time.Duration) float64 {
	g.tally = &tally{refused: make(map[string]int)}
	var group sync.WaitGroup
	end := time.Now().Add(d)
	for i := range loopers {
		group.Go(func() {
			l := newLane(g.address, sender(i, loopers))
			defer l.close()
			for time.Now().Before(end) {
				g.submit(l, g.take())
			}
		})
	}
	group.Wait()
	return float64(g.tally.accepted) / d.Seconds()
}

// open sends from so many addresses on a clock, whatever is answered.
func (g *generator) open(d time.Duration, rate float64, addresses int) *tally {
	g.mu.Lock()
	g.tally = &tally{refused: make(map[string]int)}
	g.mu.Unlock()
	lanes := make([]*lane, crowdSize)
	free := make(chan *lane, len(lanes)) // the longest free first, so that all addresses send
	var group sync.WaitGroup
	for i := range lanes {
		l := newLane(g.address, sender(i, addresses))
		lanes[i] = l
		free <- l
		group.Go(func() {
			defer l.close()
			for o := range l.orders {
				g.submit(l, o)
				free <- l
			}
		})
	}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	begun := time.Now()
	for now := range tick.C {
		elapsed := now.Sub(begun)
		if elapsed > d {
			break
		}
		g.mu.Lock()
		due := max(int(offered*rate*elapsed.Seconds()), int(offered*float64(g.tally.accepted+inLine))) - g.tally.sent - g.tally.unsent
		g.mu.Unlock()
		g.send(due, free)
	}
	for _, l := range lanes {
		close(l.orders)
	}
	group.Wait()
	return g.tally
}

// send gives so many orders to lanes that are free.
func (g *generator) send(n int, free chan *lane) {
	for i := range n {
		select {
		case l := <-free:
			l.orders <- g.take()
		default:
			g.mu.Lock()
			g.tally.unsent += n - i
			g.mu.Unlock()
			return
		}
	}
}

// A visitor comes alone at its address, now and then: it sends a record, sends it again,
// and reads the checkpoint.
type visitor struct {
	g                  *generator
	lane               *lane
	taken, turned      int // records
	again, againTurned int // those, a second time
	reads              int
	waits              []time.Duration // of all that were answered as they ask for
}

func (v *visitor) String() string {
	return fmt.Sprintf("%d taken, %d not; again %d, %d not; %d reads; p50 %s, p99 %s", v.taken, v.turned, v.again, v.againTurned, v.reads, percentile(v.waits, 50), percentile(v.waits, 99))
}

// visits a second.
const visits = 5

// run visits until it is stopped. Where it is always served, nothing may turn it away.
func (v *visitor) run(stop <-chan struct{}, always bool) {
	tick := time.NewTicker(time.Second / visits)
	defer tick.Stop()
	defer v.lane.close()
	for {
		v.visit(always)
		select {
		case <-tick.C:
		case <-stop:
			if v.reads == 0 {
				v.g.t.Error("the visitor read nothing")
			}
			return
		}
	}
}

func (v *visitor) visit(always bool) {
	t := v.g.t
	o := v.g.mint.order()
	switch r := v.ask(o.request); {
	case r.status == 201:
		v.taken++
		v.g.promised(o.number, r.body)
		r := v.ask(o.request)
		switch {
		case r.status == 200:
			v.again++
		case !always && r.status == 503 && bytes.Contains(r.body, []byte("the record is registered")):
			v.againTurned++
		default:
			t.Errorf("alone, with a record that was registered: %d %s", r.status, r.body)
		}
	case !always && r.status == 503 && r.retryAfter > 0:
		v.turned++
	default:
		t.Errorf("alone, with a record: %d %s", r.status, r.body)
	}
	if r := v.ask([]byte("GET /checkpoint HTTP/1.1\r\nHost: ledger.example\r\n\r\n")); r.status != 200 || !r.kept {
		t.Errorf("the checkpoint: %d %s", r.status, r.body)
	}
	v.reads++
}

// promised keeps what a receipt promises.
func (g *generator) promised(number uint64, receipt []byte) {
	index, err := indexOf(receipt)
	if err != nil {
		g.t.Error(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.acks = append(g.acks, ack{number, index})
}

func (v *visitor) ask(request []byte) reply {
	begun := time.Now()
	r, err := v.lane.ask(request)
	if err != nil {
		v.g.t.Errorf("alone: %v", err)
	}
	if r.status < 300 {
		v.waits = append(v.waits, time.Since(begun))
	}
	return r
}

// slowCallers hold connections open from one address. Each number is of those that the
// ledger closed.
type slowCallers struct{ silent, writers, readers atomic.Int64 }

// Connections of each kind, and until when the ledger has closed each once, from the
// beginning: its bounds, and the half as long again.
const (
	slowEach      = 100 // that say nothing, and that send half a record
	slowReaders   = 16
	silentPatient = 15 * time.Second // 10 s for a header
	readerPatient = 20 * time.Second // 10 s for an answer, and 3 for one of this size
	writerPatient = 40 * time.Second // 30 s for a body
)

// beSlow has callers send nothing, half a record, or ask for much and read nothing of it,
// until it is stopped.
func beSlow(address string, stop <-chan struct{}) *slowCallers {
	s := new(slowCallers)
	var group sync.WaitGroup
	dial := func() net.Conn {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 8)}}
		conn, err := dialer.Dial("tcp", address)
		if err != nil {
			return nil
		}
		return conn
	}
	wait := func(first string, closed *atomic.Int64) {
		for {
			conn := dial()
			if conn == nil {
				return // and its number is not that of the others
			}
			_, _ = conn.Write([]byte(first))
			ended := make(chan struct{})
			go func() { _, _ = conn.Read(make([]byte, 1)); close(ended) }()
			select {
			case <-ended:
				closed.Add(1)
				conn.Close()
			case <-stop:
				conn.Close()
				<-ended
				return
			}
		}
	}
	for range slowEach {
		group.Go(func() { wait("", &s.silent) })
		group.Go(func() {
			wait("POST /records HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 900\r\n\r\nchirograph", &s.writers)
		})
	}
	for range slowReaders {
		group.Go(func() {
			conn := dial()
			if conn == nil {
				return
			}
			defer conn.Close()
			s.read(conn, stop)
		})
	}
	group.Wait()
	return s
}

// read asks for more than the system buffers, and looks for it when it is stopped.
func (s *slowCallers) read(conn net.Conn, stop <-chan struct{}) {
	const asked = 200
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	request := []byte("GET /tile/entries/000 HTTP/1.1\r\nHost: x\r\n\r\n")
	_, _ = conn.Write(bytes.Repeat(request, asked))
	<-stop
	got, buffer := 0, make([]byte, 64<<10)
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	for got < asked*256*len("chirograph/contract/v1") {
		n, err := conn.Read(buffer)
		got += n
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return
		}
		if err != nil {
			s.readers.Add(1)
			return
		}
	}
}

// check demands that those were cut off who had the time for it.
func (s *slowCallers) check(t *testing.T, lasted time.Duration) {
	t.Helper()
	t.Logf("slow for %s and closed: %d that said nothing, %d with half a record, %d of %d readers", lasted, s.silent.Load(), s.writers.Load(), s.readers.Load(), slowReaders)
	if lasted > silentPatient && s.silent.Load() < slowEach || lasted > writerPatient && s.writers.Load() < slowEach || lasted > readerPatient && s.readers.Load() < slowReaders {
		t.Error("not all were cut off")
	}
}

// checkAll reads the whole log back, and demands every record that was acknowledged in
// its place, the root that was signed, and that the receipts hold which were kept.
func (g *generator) checkAll(p *verify.Policy) {
	g.t.Helper()
	c, err := tlog.ParseSignedCheckpoint(get(g.t, "http://"+g.address+"/checkpoint"))
	if err != nil {
		g.t.Fatal(err)
	}
	if _, err := p.Checkpoint(c); err != nil {
		g.t.Fatal(err)
	}
	at := make(map[uint64]uint64)
	for _, a := range g.acks {
		if _, ok := at[a.index]; ok {
			g.t.Fatalf("entry %d was acknowledged twice", a.index)
		}
		at[a.index] = a.number
	}
	tree := tlog.NewTree()
	for i := uint64(0); i*tlog.MaxWidth < c.Size; i++ {
		width := tlog.TileWidth(-1, i, c.Size)
		list, err := tlog.ParseBundle(get(g.t, "http://"+g.address+"/"+tlog.Tile{Level: -1, Index: i, Width: width}.Path()), width)
		if err != nil {
			g.t.Fatal(err)
		}
		for _, b := range list {
			g.there(at, tree.Size(), b)
			tree.Append(tlog.LeafHash(b), nil)
		}
	}
	if len(at) > 0 || tree.Root() != c.Root {
		g.t.Errorf("%d that were acknowledged are not there; root %s, the entries give %s", len(at), c.Root, tree.Root())
	}
	var group sync.WaitGroup
	const parts = 2
	for part := range parts {
		group.Go(func() {
			for i := part; i < len(g.receipts); i += parts {
				if _, err := verify.Receipt(p, g.receipts[i]); err != nil {
					g.t.Errorf("receipt: %v", err)
				}
			}
		})
	}
	group.Wait()
	g.t.Logf("%d were acknowledged, %d entries are there; %d receipts hold", len(g.acks), c.Size, len(g.receipts))
}

// there takes from at what was acknowledged as an entry, if the entry is that record.
func (g *generator) there(at map[uint64]uint64, index uint64, b []byte) {
	number, ok := at[index]
	if !ok {
		return
	}
	e, err := record.ParseEntry(b)
	if err != nil || !bytes.Equal(e.Record, g.mint.record(number)) {
		g.t.Errorf("entry %d is not record %d, as was acknowledged: %v", index, number, err)
		return
	}
	delete(at, index)
}
