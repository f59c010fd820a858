//go:build linux

package engines

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
)

// Versity starts n gateways of versitygw over one directory of the test's, each a process
// of its own, and makes a bucket.
//
// They share nothing but the directory: what makes a condition hold across them is flock
// on a file there. The file system of the test's temporary folder has to know extended
// attributes, where ETags are kept.
func Versity(t testing.TB, n int) *Engine {
	t.Helper()
	return startVersity(t, n)
}

// VersityUnlocked is Versity with its locks between processes left off, as on a file
// system that has none: a condition holds within one gateway only. It is a store that
// looks like one to lead on, and is not.
func VersityUnlocked(t testing.TB, n int) *Engine {
	t.Helper()
	return startVersity(t, n, "--disable-object-lock-file")
}

func startVersity(t testing.TB, n int, options ...string) *Engine {
	t.Helper()
	program, err := versitygw()
	must(t, err)
	e := &Engine{Name: "versitygw", Region: region, Access: access, Secret: secret}
	dir := t.TempDir() // before untilEnd: it goes when nothing writes there any more
	e.Dir = dir
	e.untilEnd(t)
	for i := range n {
		p, endpoint, err := startGateway(fmt.Sprintf("gateway %d", i), func(address string) *Process {
			args := []string{"--port", address, "--region", region, "--keep-alive", "posix"}
			return &Process{
				path: program, args: append(append(args, options...), dir),
				env: []string{"ROOT_ACCESS_KEY_ID=" + access, "ROOT_SECRET_ACCESS_KEY=" + secret},
			}
		})
		must(t, err)
		e.Gateways, e.Endpoints = append(e.Gateways, p), append(e.Endpoints, endpoint)
	}
	must(t, e.newBucket(t.Context(), "chirograph"))
	return e
}

// startGateway starts a program that has to be told a port that is free, and returns its
// URL when it answers there.
func startGateway(name string, program func(address string) *Process) (*Process, string, error) {
	return startProgram(name, "127.0.0.1", program)
}

func startProgram(name, host string, program func(address string) *Process) (*Process, string, error) {
	for range ports {
		port, err := freePort()
		if err != nil {
			return nil, "", err
		}
		address := net.JoinHostPort(host, strconv.Itoa(port))
		p, url := program(address), "http://"+address
		p.Name, p.ready = name, answers(url)
		err = p.Start()
		if err == nil {
			return p, url, nil
		}
		if !strings.Contains(p.Said(), "address already in use") {
			return nil, "", err
		}
	}
	return nil, "", fmt.Errorf("%s: %d ports were taken one after the other", name, ports)
}

// NewProgram starts a program that is told an address where nobody listens, and serves HTTP
// there, and returns it with its URL. It ends with the test, which then shows what it said if it
// failed. Where a namespace is given it runs inside, and is reached there.
func NewProgram(t testing.TB, name string, inside *Namespace, path string, env []string, args func(address string) []string) (*Process, string) {
	t.Helper()
	program := func(address string) *Process { return &Process{path: path, args: args(address), env: env} }
	host := "127.0.0.1"
	if inside != nil {
		host = inside.Inside
		program = func(address string) *Process {
			cmd := inside.Command(path, args(address)...)
			return &Process{path: cmd.Path, args: cmd.Args[1:], env: env}
		}
	}
	p, url, err := startProgram(name, host, program)
	must(t, err)
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, p.tail())
		}
	})
	return p, url
}
