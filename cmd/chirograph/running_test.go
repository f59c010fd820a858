//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"
)

// running is what a script has started, by name.
type running map[string]any

type runningKey struct{}

func (r running) process(ts *testscript.TestScript, name string) *process {
	p, ok := r[name].(*process)
	if !ok {
		ts.Fatalf("nothing runs as %s", name)
	}
	return p
}

func runningOf(ts *testscript.TestScript) running { return ts.Value(runningKey{}).(running) }

// environ is the environment of a program that a script runs.
func environ(ts *testscript.TestScript) []string {
	env := []string{"PWD=" + ts.MkAbs(".")}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "CHIROGRAPH_HOME", "SSH_AUTH_SOCK", "GOCOVERDIR", "GORACE"} {
		if v := ts.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// detached returns a command that has no terminal.
func detached(ts *testscript.TestScript, args []string) *exec.Cmd {
	c := exec.Command(args[0], args[1:]...)
	c.Dir, c.Env = ts.MkAbs("."), environ(ts)
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return c
}

func needArgs(ts *testscript.TestScript, neg bool, args []string, least int) {
	if neg || len(args) < least {
		ts.Fatalf("%q: not so, or too few arguments", args)
	}
}

func checkExit(ts *testscript.TestScript, err error, want string) {
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(got) != want {
		ts.Fatalf("exit code %d, want %s", got, want)
	}
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, args, 2)
	c := detached(ts, args[1:])
	c.Stdout, c.Stderr = ts.Stdout(), ts.Stderr()
	checkExit(ts, c.Run(), args[0])
}

// cmdTyped answers each prompt when it is there. What the terminal shows becomes
// standard output.
func cmdTyped(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, args, 3)
	dialogue := ts.ReadFile(args[1])
	c := detached(ts, args[2:])
	c.SysProcAttr = nil // pty sets it
	terminal, err := pty.Start(c)
	ts.Check(err)
	defer terminal.Close()
	shown := bufio.NewReader(io.TeeReader(terminal, ts.Stdout()))
	for line := range strings.Lines(dialogue) {
		prompt, answer, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "|")
		if err := readUntil(shown, prompt); err != nil {
			ts.Fatalf("waiting for %q: %v", prompt, err)
		}
		typed := answer + "\r"
		if answer == "^C" {
			typed = "\x03"
		}
		_, err := io.WriteString(terminal, typed)
		ts.Check(err)
	}
	_, err = io.Copy(io.Discard, shown)
	if err != nil && !errors.Is(err, syscall.EIO) { // which is how Linux says that the other end is closed
		ts.Check(err)
	}
	checkExit(ts, c.Wait(), args[0])
}

func readUntil(r *bufio.Reader, text string) error {
	var seen []byte
	for !bytes.HasSuffix(seen, []byte(text)) {
		b, err := r.ReadByte()
		if err != nil {
			return err
		}
		seen = append(seen, b)
	}
	return nil
}

// A process runs until it is told to end, and has said its first line.
type process struct {
	*exec.Cmd
	line   string
	stderr bytes.Buffer
}

func start(c *exec.Cmd) (*process, error) {
	p := &process{Cmd: c}
	c.Stderr = &p.stderr
	stdout, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	if p.line, err = bufio.NewReader(stdout).ReadString('\n'); err != nil {
		return nil, errors.Join(err, p.end(syscall.SIGKILL), errors.New(p.stderr.String()))
	}
	return p, nil
}

func (p *process) end(s os.Signal) error {
	return errors.Join(p.Process.Signal(s), p.Wait())
}

var address = regexp.MustCompile(`http://[0-9.:]+`)

func cmdServe(ts *testscript.TestScript, neg bool, args []string) { runServer(ts, neg, "serve", args) }

func cmdFollow(ts *testscript.TestScript, neg bool, args []string) {
	runServer(ts, neg, "follow", args)
}

func runServer(ts *testscript.TestScript, neg bool, command string, args []string) {
	needArgs(ts, neg, args, 2)
	p, err := start(detached(ts, append([]string{"chirographd", command, "--listen", "127.0.0.1:0", "--dir", args[1]}, args[2:]...)))
	ts.Check(err)
	io.WriteString(ts.Stdout(), p.line)
	runningOf(ts)[args[0]] = p
	ts.Defer(func() {
		if p.ProcessState == nil {
			p.end(syscall.SIGKILL)
		}
	})
	ts.Setenv(args[0], address.FindString(p.line))
}

func cmdUnserve(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, args, 1)
	p := runningOf(ts).process(ts, args[0])
	err := p.end(syscall.SIGTERM)
	io.WriteString(ts.Stderr(), p.stderr.String())
	ts.Check(err)
}

// A proxy forwards to a ledger that may change.
type proxy struct{ target atomic.Pointer[url.URL] }

func cmdFront(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, args, 1)
	p, ok := runningOf(ts)[args[0]].(*proxy)
	if !ok {
		p = new(proxy)
		p.target.Store(&url.URL{})
		server := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(p.target.Load()) }})
		ts.Defer(server.Close)
		runningOf(ts)[args[0]] = p
		ts.Setenv(args[0], server.URL)
	}
	if len(args) > 1 {
		target, err := url.Parse(args[1])
		ts.Check(err)
		p.target.Store(target)
	}
}

func cmdAgent(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, args, 0)
	dir, err := os.MkdirTemp("", "agent") // the path of a socket has to be short
	ts.Check(err)
	ts.Defer(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	p, err := start(detached(ts, []string{"ssh-agent", "-D", "-a", socket}))
	ts.Check(err)
	ts.Defer(func() { p.end(syscall.SIGKILL) })
	ts.Setenv("SSH_AUTH_SOCK", socket)
}

func cmdGet(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, args, 2)
	resp, err := http.Get(args[0])
	ts.Check(err)
	body := readBody(ts, resp)
	if resp.StatusCode != http.StatusOK {
		ts.Fatalf("GET %s: %s\n%s", args[0], resp.Status, body)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), body, 0o644))
}

func cmdPost(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, args, 2)
	resp, err := http.Post(args[0], "text/plain; charset=utf-8", strings.NewReader(ts.ReadFile(args[1])))
	ts.Check(err)
	body := readBody(ts, resp)
	io.WriteString(ts.Stdout(), resp.Status+"\n"+resp.Header.Get("Location")+"\n"+string(body))
}

func readBody(ts *testscript.TestScript, resp *http.Response) []byte {
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	return body
}
