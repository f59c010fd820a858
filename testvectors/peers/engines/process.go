//go:build linux

package engines

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	patience = 60 * time.Second      // for a program to do what takes it a moment: two cores, and others work on them
	pace     = 20 * time.Millisecond // of looking whether it did
	ports    = 5                     // that are tried: somebody may take one before the program does
	kept     = 1 << 20               // bytes of what a program says
)

// The ports that programs are told lie below those that Linux gives to connections
// going out, so that none takes the port of a program which is to be started again.
const firstPort, lastPort = 20000, 32767

var given = struct {
	sync.Mutex
	ports map[int]bool
}{ports: map[int]bool{}}

// freePort returns a port of loopback that nobody listens on, and that it has returned
// to nobody else in this process.
func freePort() (int, error) {
	given.Lock()
	defer given.Unlock()
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		if given.ports[port] {
			continue
		}
		l, err := net.Listen("tcp", loopback(port))
		if err != nil {
			continue
		}
		given.ports[port] = true
		return port, l.Close()
	}
	return 0, fmt.Errorf("no port of %d to %d is free", firstPort, lastPort)
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// A Process is a program of an engine, with the arguments and the port that it keeps
// when it is started again. It must not be used by two goroutines at once.
type Process struct {
	Name string // for people: gateway 0, osd 2

	path  string
	args  []string
	env   []string
	ready func() error // says nil when it does its work
	cmd   *exec.Cmd
	ended chan struct{}

	mu   sync.Mutex
	said bytes.Buffer // on both outputs
}

// Write keeps what the program says, up to a bound.
func (p *Process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if room := kept - p.said.Len(); room > 0 {
		p.said.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

// Said returns what the program said on both outputs, in all its lives.
func (p *Process) Said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// PID returns the number of the process in its present or last life.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Start starts the program, which must not be running, and returns when it does its work.
func (p *Process) Start() error {
	p.cmd = exec.Command(p.path, p.args...)
	p.cmd.Env = append(os.Environ(), p.env...)
	p.cmd.Stdout, p.cmd.Stderr = p, p
	// A test that is killed leaves nothing behind.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	cmd, ended := p.cmd, make(chan struct{})
	p.ended = ended
	go func() {
		cmd.Wait()
		close(ended)
	}()
	return p.await()
}

// await returns when the program does its work, or has ended.
func (p *Process) await() error {
	late := time.After(patience)
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		err := p.ready()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-p.ended:
			return fmt.Errorf("%s ended before it did its work: %s: %s", p.Name, p.cmd.ProcessState, p.tail())
		case <-late:
			p.Kill()
			return fmt.Errorf("%s does not do its work after %s: %w: %s", p.Name, patience, err, p.tail())
		}
	}
}

func (p *Process) tail() string {
	s := p.Said()
	return s[max(0, len(s)-2000):]
}

// Kill ends the program as a crash does, also when it is stopped, and returns when it
// has ended.
func (p *Process) Kill() {
	if p.cmd == nil || p.ended == nil {
		return
	}
	p.cmd.Process.Kill()
	<-p.ended
}

// Ended says whether the program runs no more.
func (p *Process) Ended() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Stop stops the program where it is, with SIGSTOP: connections to it stay, and new ones
// are made, but nothing answers. It returns when all its threads have stopped.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return fmt.Errorf("stopping %s: %w", p.Name, err)
	}
	late := time.Now().Add(patience)
	for {
		stopped, err := p.stopped()
		if err != nil || stopped {
			return err
		}
		if time.Now().After(late) {
			return fmt.Errorf("%s does not stop", p.Name)
		}
		time.Sleep(pace)
	}
}

// stopped says whether each thread of the program is.
func (p *Process) stopped() (bool, error) {
	stats, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.PID()))
	if err != nil || len(stats) == 0 {
		return false, errors.Join(fmt.Errorf("%s has ended", p.Name), err)
	}
	for _, stat := range stats {
		b, err := os.ReadFile(stat)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // the thread ended
		}
		if err != nil {
			return false, err
		}
		// The state comes after the name, which stands in brackets and may hold anything.
		after := b[bytes.LastIndexByte(b, ')')+1:]
		if state := strings.TrimSpace(string(after)); !strings.HasPrefix(state, "T") {
			return false, nil
		}
	}
	return true, nil
}

// Continue has a program that was stopped go on where it was.
func (p *Process) Continue() error {
	if err := p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		return fmt.Errorf("resuming %s: %w", p.Name, err)
	}
	return nil
}

// Restart kills the program if it runs, starts it again with the same arguments, and
// returns when it does its work.
func (p *Process) Restart() error {
	p.Kill()
	return p.Start()
}

// must stops a test where something is wrong.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
