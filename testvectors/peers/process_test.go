package peers

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	patience = 30 * time.Second      // for a program to do what takes it a moment
	pace     = 10 * time.Millisecond // of looking whether it did
	ports    = 5                     // that are tried: somebody may take one before the program does
)

// A process is a program that runs until the test ends, which shows what it said
// when the test fails.
type process struct {
	name  string
	cmd   *exec.Cmd
	news  chan struct{} // it said something
	ended chan struct{}

	mu   sync.Mutex
	said bytes.Buffer // on both outputs
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case p.news <- struct{}{}:
	default:
	}
	return p.said.Write(b)
}

func (p *process) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

func start(t testing.TB, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{name: name, cmd: exec.Command(program(t, name), args...), news: make(chan struct{}, 1), ended: make(chan struct{})}
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = append(os.Environ(), env...), p, p
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s %s said:\n%s", name, strings.Join(args, " "), p)
		}
	})
	return p
}

// kill ends the process as a crash does, and returns when it has ended.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

// stop asks the process to end, and returns when it has.
func (p *process) stop(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatalf("%s does not end", p.name)
	}
}

// await returns the groups of what the process said, when it has said it.
func (p *process) await(t testing.TB, what *regexp.Regexp) []string {
	t.Helper()
	late := time.After(patience)
	for over := false; ; {
		if m := what.FindStringSubmatch(p.String()); m != nil {
			return m
		}
		if over {
			t.Fatalf("%s did not say %s", p.name, what)
		}
		select {
		case <-p.news:
		case <-p.ended:
			over = true
		case <-late:
			over = true
		}
	}
}

// answers says whether the process takes connections there before it ends.
func (p *process) answers(t testing.TB, network, address string) bool {
	t.Helper()
	late := time.After(patience)
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		if conn, err := net.Dial(network, address); err == nil {
			conn.Close()
			return true
		}
		select {
		case <-tick.C:
		case <-p.ended:
			return false
		case <-late:
			t.Fatalf("%s does not answer at %s", p.name, address)
		}
	}
}

// listen starts a program that has to be told a port that is free, and returns the
// address at which it answers.
func listen(t testing.TB, name string, args func(address string) []string) (*process, string) {
	t.Helper()
	for range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := l.Addr().String()
		l.Close()
		p := start(t, nil, name, args(address)...)
		if p.answers(t, "tcp", address) {
			return p, address
		}
		if !strings.Contains(p.String(), "address already in use") {
			t.Fatalf("%s ended", name)
		}
	}
	t.Fatalf("%s: %d ports were taken one after the other", name, ports)
	return nil, ""
}
