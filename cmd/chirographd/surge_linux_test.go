package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The surge: how long, and how much memory the ledger may take in it.
const (
	calibration = 4 * time.Second  // in which as many submit as make it busy, to learn what it takes
	surge       = 54 * time.Second // in which more than twice that is sent
	surgeLong   = 10 * time.Minute // with CHIROGRAPH_LONG=1
	surgeShort  = 9 * time.Second  // under the race detector, and with -short

	// surgeMemory is what the ledger may have resident: the program and what it has at
	// rest, the store's cache and its tables that are not on disk yet (its cacheSize, and
	// memTables of memTableSize), and all connections with what is made for each,
	// collected or not (maxConnections counts 64 KiB for one). It does not grow with what
	// was registered.
	surgeMemory      = atRest + ofTheStore + (crowdSize+2*slowEach+slowReaders+1)*perConnection
	surgeMemoryRaced = 5 * surgeMemory
	atRest           = 64 << 20
	ofTheStore       = 64<<20 + 4*16<<20
	perConnection    = 2 * 64 << 10 // half of it is what is not collected yet

	// flat is by what share more of Go's memory the second half may take than the first,
	// and settles what it may besides, in bytes: by when it was collected last, and how
	// many were answered at that moment.
	flat    = 0.25
	settles = 32 << 20

	presigned = 150_000 // records; those beyond are signed while they are sent
	offered   = 2.5     // times what it takes is offered
	least     = 2       // times what it accepted was really sent, or that was no surge

	crowdSize = 1200 // addresses that send at once: more than twice the places at the gate of two cores
	fewSize   = 4    // addresses that send as many
	allowed   = 0.2  // of what it takes is the rate of these addresses together
)

func init() { programs["chirographd-counted"] = counted }

// counted is the program, with one thing more: for each SIGUSR1 it writes to file 3 how
// many goroutines it has, and what of its memory Go has: objects, what was such, and stacks.
func counted() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	go func() {
		out := os.NewFile(3, "count")
		for range asked {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			fmt.Fprintln(out, runtime.NumGoroutine(), m.HeapInuse, m.HeapIdle-m.HeapReleased, m.StackInuse)
		}
	}()
	main()
}

// A watched ledger says what it takes.
type watched struct {
	*ledgerProcess
	t     *testing.T
	count *bufio.Reader
}

// startWatched serves a ledger on half of the cores, two at most; the others are for who sends.
// An address may submit so many records a second, and half as many at once; 0 for no bound.
func startWatched(t *testing.T, dir string, rate int) *watched {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	t.Cleanup(func() { r.Close() })
	cores := min(max(1, runtime.NumCPU()/2), 2)
	c := exec.Command("chirographd-counted", "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--rate", strconv.Itoa(rate), "--burst", strconv.Itoa(rate/2))
	c.ExtraFiles = []*os.File{w}
	c.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", cores))
	return &watched{startCommand(t, c), t, bufio.NewReader(r)}
}

// A use is what a ledger takes, in bytes but for the goroutines.
type use struct{ goroutines, objects, free, stacks int }

// use asks for it.
func (w *watched) use() (u use) {
	w.t.Helper()
	if err := w.Process.Signal(syscall.SIGUSR1); err != nil {
		w.t.Fatal(err)
	}
	line, err := w.count.ReadString('\n')
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := fmt.Sscan(line, &u.goroutines, &u.objects, &u.free, &u.stacks); err != nil {
		w.t.Fatal(err)
	}
	return u
}

// restful is how many goroutines a ledger has at the most that nobody asks: those of the
// store, the log, the listener, and what runs in them now and then.
const restful = 30

// end demands that nobody is left in it who asked, whose connections have closed, that it
// ends when it is told, and has nothing to say.
func (w *watched) end() {
	w.t.Helper()
	for w.use().goroutines > restful {
		runtime.Gosched()
	}
	if err := w.Process.Signal(syscall.SIGTERM); err != nil {
		w.t.Fatal(err)
	}
	if err := w.Wait(); err != nil || w.stderr.Len() > 0 {
		w.t.Errorf("the ledger ended with %v and said %q", err, w.stderr.String())
	}
}

// memory returns the bytes that are resident, now and at the most.
func (w *watched) memory() (now, most int) {
	w.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.Process.Pid))
	if err != nil {
		w.t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		_, _ = fmt.Sscanf(line, "VmRSS: %d kB", &now)
		_, _ = fmt.Sscanf(line, "VmHWM: %d kB", &most)
	}
	return now << 10, most << 10
}

func percentile(list []time.Duration, p int) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[(len(list)-1)*p/100].Round(time.Millisecond)
}

// surgeBounds returns how long the surge lasts, and how many bytes the ledger may take.
func surgeBounds() (last time.Duration, memory int) {
	switch {
	case raced:
		return surgeShort, surgeMemoryRaced
	case testing.Short():
		return surgeShort, surgeMemory
	case os.Getenv("CHIROGRAPH_LONG") == "1":
		return surgeLong, surgeMemory
	}
	return surge, surgeMemory
}

// A sample is what was resident at a moment, in bytes, and what of it was Go's.
type sample struct{ resident, gos int }

const samples = 40 // in a surge

// watch returns samples that are taken during d, or until it is stopped.
func (w *watched) watch(d time.Duration, stop <-chan struct{}) (list []sample) {
	tick := time.NewTicker(d / samples)
	defer tick.Stop()
	for len(list) < samples {
		select {
		case <-tick.C:
		case <-stop:
			return list
		}
		now, _ := w.memory()
		u := w.use()
		list = append(list, sample{now, u.objects + u.free + u.stacks})
		if len(list)%(samples/4) == 0 {
			w.t.Logf("after %s %d MiB are resident; of Go's, objects %d, free %d, stacks %d; %d goroutines",
				(d / samples * time.Duration(len(list))).Round(time.Second), now>>20, u.objects>>20, u.free>>20, u.stacks>>20, u.goroutines)
		}
	}
	return list
}

// checkMemory demands that the ledger stayed in its bound, and that what of it is Go's,
// which has the connections, the queues and all that is made for an answer, is as much
// at the end as in the beginning. The rest is the store's, which fills what it may have.
func (w *watched) checkMemory(list []sample, bound int) {
	w.t.Helper()
	_, most := w.memory()
	var resident []int
	var halves [2]int // the most of Go's
	for i, s := range list {
		resident = append(resident, s.resident>>20)
		half := &halves[2*i/len(list)]
		*half = max(*half, s.gos)
	}
	w.t.Logf("resident %v MiB, at the most %d of %d; of Go's at the most %d in the first half, %d in the second", resident, most>>20, bound>>20, halves[0]>>20, halves[1]>>20)
	if most > bound {
		w.t.Errorf("the ledger took %d bytes, at most %d are expected", most, bound)
	}
	if storeApart && float64(halves[1]) > (1+flat)*float64(halves[0])+settles {
		w.t.Errorf("the ledger took %d bytes in the first half, and %d in the second", halves[0], halves[1])
	}
}

// A surgePhase is a way in which too much comes.
type surgePhase struct {
	name      string
	sixths    time.Duration // of the time of the surge
	addresses int           // that send
	refusal   string        // that is seen in it
	served    bool          // whoever comes alone, always
}

var (
	crowded = surgePhase{"a crowd, and no rate", 4, crowdSize, gateOut, false}
	few     = surgePhase{"a few, and no rate", 1, fewSize, crowdOut, true}
	rated   = surgePhase{"a few, at a rate", 1, fewSize, rateOut, true}
)

// Twice what it can take: it takes what it can, refuses the rest, keeps what it
// promised, stays in its memory, and hears whoever comes alone.
//
// 64 who each wait for their answer say what the ledger takes with half of the cores, no
// address having a bound. Then 2.5 times that is sent on a clock, whatever is answered,
// or that many times what it took by now where that is more, for the machine may be another's
// too: records whose signatures hold and that are not registered, signed before; what is
// refused is sent again. First by 1,200 addresses, so that the ledger is what is full;
// then by four, whose share is; and then by four that have a rate, a fifth of what it takes
// together. One of 16 that are sent is registered already; these are counted apart. What
// could not be sent because 1,200 waited for an answer is counted as not sent.
func TestUnderTwiceItsLoadTheLedgerKeepsWhatItPromisesAndItsMemory(t *testing.T) {
	last, memory := surgeBounds()
	dir, policy := newLedger(t)
	p := startWatched(t, dir, 0)
	g := &generator{t: t, address: strings.TrimPrefix(p.url, "http://"), mint: newMinter(t, policy.Logs[0].Key)}
	g.fill(2000)
	rate := g.closed(min(calibration, last))
	g.fill(min(int(rate*last.Seconds()), presigned))

	stop := make(chan struct{})
	var group sync.WaitGroup
	var slow *slowCallers
	var list []sample
	group.Go(func() { slow = beSlow(g.address, stop) })
	group.Go(func() { list = p.watch(last/6*(crowded.sixths+few.sixths), stop) })
	g.surge(crowded, last, rate)
	g.surge(few, last, rate)
	close(stop)
	group.Wait()
	p.checkMemory(list, memory)
	slow.check(t, last/6*(crowded.sixths+few.sixths))
	p.end()

	p = startWatched(t, dir, max(2*visits, int(allowed*rate/fewSize)))
	g.address = strings.TrimPrefix(p.url, "http://")
	g.surge(rated, last, rate)
	p.end()

	p = startWatched(t, dir, 0)
	g.address = strings.TrimPrefix(p.url, "http://")
	g.checkAll(policy)
	p.end()
}

// surge offers too much in a way, and demands what has to hold in it.
func (g *generator) surge(phase surgePhase, last time.Duration, rate float64) {
	g.t.Helper()
	d := last / 6 * phase.sixths
	stop := make(chan struct{})
	var group sync.WaitGroup
	v := &visitor{g: g, lane: newLane(g.address, net.IPv4(127, 0, 99, 1))}
	group.Go(func() { v.run(stop, phase.served) })
	n := g.open(d, rate, phase.addresses)
	close(stop)
	group.Wait()
	times := float64(n.sent) / float64(max(n.accepted, 1))
	seconds := d.Seconds()
	g.t.Logf("%s, %s: closed loop %.0f/s; sent %d, %.0f/s, %.2f times the closed loop, %.2f times what was accepted; not sent %d; accepted %d, %.0f/s, p50 %s, p99 %s",
		phase.name, d, rate, n.sent, float64(n.sent)/seconds, float64(n.sent)/(rate*seconds), times, n.unsent,
		n.accepted, float64(n.accepted)/seconds, percentile(n.waits, 50), percentile(n.waits, 99))
	g.t.Logf("  refused %v, p50 %s, p99 %s; of %d that are registered %d got their receipt; connections that broke %d; alone: %s",
		n.refused, percentile(n.refusals, 50), percentile(n.refusals, 99), n.again, n.againAccepted, n.broken, v)
	if n.refused[phase.refusal] == 0 {
		g.t.Errorf("%s: nothing was refused as %q", phase.name, phase.refusal)
	}
	if times < least {
		g.t.Errorf("%s: %d were sent, %d accepted: that was not %d times as many", phase.name, n.sent, n.accepted, least)
	}
	if n.accepted == 0 || n.againAccepted == 0 {
		g.t.Errorf("%s: %d were accepted, and %d of what was registered", phase.name, n.accepted, n.againAccepted)
	}
}
