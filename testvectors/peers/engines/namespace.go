//go:build linux

package engines

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// A Namespace is a network of its own in which programs run as on another machine: a pair of
// interfaces is its only way out, and can be cut. It lives in a process and ends with it,
// so that it needs no mounts, works in a chroot, and leaves nothing behind.
type Namespace struct {
	Host   string // address of this machine, seen from inside
	Inside string // address of the inside, seen from this machine

	device string // this machine's end
	holder *exec.Cmd
}

// NewNamespace makes a namespace that ends with the test. It needs root, ip of iproute2,
// and nsenter.
func NewNamespace(t testing.TB) *Namespace {
	t.Helper()
	n := &Namespace{holder: exec.Command("sleep", "infinity")}
	n.holder.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if err := n.holder.Start(); err != nil {
		t.Fatalf("a network namespace, for which one has to be root: %v", err)
	}
	t.Cleanup(func() {
		// The pair goes with either end; the namespace would take its own time for it.
		run("ip", "link", "delete", n.device)
		n.holder.Process.Kill()
		n.holder.Wait()
	})
	// Of the range for tests of networks (RFC 2544), four addresses.
	number := rand.IntN(1 << 15)
	n.device = fmt.Sprintf("ch%04x", number)
	prefix := fmt.Sprintf("198.%d.%d.", 18+number>>14, number>>6&255)
	last := number & 63 << 2
	n.Host, n.Inside = fmt.Sprint(prefix, last+1), fmt.Sprint(prefix, last+2)
	must(t, run("ip", "link", "add", n.device, "type", "veth", "peer", "name", "out", "netns", fmt.Sprint(n.holder.Process.Pid)))
	must(t, run("ip", "address", "add", n.Host+"/30", "dev", n.device))
	must(t, run("ip", "link", "set", n.device, "up"))
	for _, args := range []string{"address add " + n.Inside + "/30 dev out", "link set out up", "link set lo up"} {
		cmd := n.Command("ip", strings.Fields(args)...)
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", cmd, err, said)
		}
	}
	return n
}

// Command is exec.Command for a program that runs inside: the process that it starts is
// that program's.
func (n *Namespace) Command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command("nsenter", append([]string{fmt.Sprintf("--net=/proc/%d/ns/net", n.holder.Process.Pid), "--", name}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// Cut cuts the namespace off. What either side sends to the other is lost, and nobody tells
// them; connections stay. Each has a wrong idea of the other's Ethernet address: with the
// interfaces down, one side would be told, and the other send by another way.
func (n *Namespace) Cut() error {
	const nobody = "02:00:00:00:00:01"
	return n.each("replace", "lladdr", nobody, "nud", "permanent")
}

// Heal ends that. What was sent in the meantime arrives when it is sent again.
func (n *Namespace) Heal() error { return n.each("delete") }

// each changes what each side knows of the other.
func (n *Namespace) each(verb string, args ...string) error {
	inside := n.Command("ip", append([]string{"neighbour", verb, n.Host, "dev", "out"}, args...)...)
	if said, err := inside.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", inside, err, said)
	}
	return run("ip", append([]string{"neighbour", verb, n.Inside, "dev", n.device}, args...)...)
}

// Reach returns a URL at which an endpoint on this machine's loopback is reached from
// inside, until the test ends.
func (n *Namespace) Reach(t testing.TB, endpoint string) string {
	t.Helper()
	u, err := url.Parse(endpoint)
	must(t, err)
	l, err := net.Listen("tcp", net.JoinHostPort(n.Host, "0"))
	must(t, err)
	f := &forwarder{listener: l, target: u.Host, open: map[net.Conn]bool{}}
	f.busy.Go(f.serve)
	t.Cleanup(f.close)
	return "http://" + l.Addr().String()
}

// A forwarder takes connections and carries what comes over them to a target.
type forwarder struct {
	listener net.Listener
	target   string
	busy     sync.WaitGroup

	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool
}

func (f *forwarder) serve() {
	for {
		in, err := f.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.DialTimeout("tcp", f.target, patience)
		if err != nil {
			in.Close()
			continue
		}
		if !f.keep(in, out) {
			return
		}
		f.busy.Go(func() { f.carry(in, out) })
		f.busy.Go(func() { f.carry(out, in) })
	}
}

// keep has connections closed at the end, or at once where that has been.
func (f *forwarder) keep(conns ...net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range conns {
		if f.closed {
			c.Close()
		}
		f.open[c] = true
	}
	return !f.closed
}

// carry ends both connections when one has ended.
func (f *forwarder) carry(to, from net.Conn) {
	io.Copy(to, from)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range []net.Conn{to, from} {
		c.Close()
		delete(f.open, c)
	}
}

func (f *forwarder) close() {
	f.listener.Close()
	f.mu.Lock()
	f.closed = true
	for c := range f.open {
		c.Close()
	}
	f.mu.Unlock()
	f.busy.Wait()
}

// run runs a program to its end.
func run(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	said, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w", cmd, errors.Join(err, errors.New(strings.TrimSpace(string(said)))))
	}
	return nil
}
