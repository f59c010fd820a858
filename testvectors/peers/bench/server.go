package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"
)

const (
	patience = time.Minute           // for a server to begin
	look     = 10 * time.Millisecond // between two looks whether it has
)

// A server is a program that serves until it is stopped.
type server struct {
	cmd    *exec.Cmd
	url    string
	stderr bytes.Buffer
	ended  chan error
}

func startServer(cmd *exec.Cmd) (*server, io.Reader, error) {
	s := &server{cmd: cmd, ended: make(chan error, 1)}
	cmd.Stderr = &s.stderr
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	return s, stdout, err
}

var address = regexp.MustCompile(`http://[0-9.:]+`)

// serve runs our server for the ledger in dir. The words before go before the command.
func (s *stage) serve(dir string, before ...string) (*server, error) {
	srv, stdout, err := startServer(started(before, s.program("chirographd"), "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--rate", "0"))
	if err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if srv.url = address.FindString(line); srv.url == "" {
		srv.cmd.Process.Kill()
		return nil, errors.Join(fmt.Errorf("chirographd said %q: %s", line, srv.stderr.String()), err, srv.cmd.Wait())
	}
	go func() { srv.ended <- srv.cmd.Wait() }()
	return srv, nil
}

// serveAt runs a server of others that is told a port which is free, and waits until it
// answers. Somebody may take the port before it does; then it ends, and this fails.
func serveAt(command func(address string) *exec.Cmd) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	at := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	s, stdout, err := startServer(command(at))
	if err != nil {
		return nil, err
	}
	s.url = "http://" + at
	go func() {
		io.Copy(io.Discard, stdout)
		s.ended <- s.cmd.Wait()
	}()
	tick := time.NewTicker(look)
	defer tick.Stop()
	late := time.After(patience)
	for {
		if conn, err := net.Dial("tcp", at); err == nil {
			return s, conn.Close()
		}
		select {
		case <-tick.C:
		case err := <-s.ended:
			return nil, fmt.Errorf("%s ended: %w\n%s", s.cmd, err, s.stderr.String())
		case <-late:
			return nil, errors.Join(fmt.Errorf("%s does not answer at %s", s.cmd, at), s.cmd.Process.Kill())
		}
	}
}

// stop asks the server to end, and returns when it has. That of Tessera does not end
// well however it is asked.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := <-s.ended
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() < 0 {
		return nil // by the signal
	}
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(s.cmd.Path), err, s.stderr.String())
	}
	return nil
}

// onCore returns the command that holds what follows on one core, and why it is not there.
func onCore(n int) (command []string, why string) {
	path, err := exec.LookPath("taskset")
	if err != nil {
		return nil, "taskset is not there (apt-get install util-linux): the server is on all cores"
	}
	return []string{path, "-c", fmt.Sprint(n)}, ""
}

// started returns a command that is started by the words before.
func started(before []string, name string, args ...string) *exec.Cmd {
	all := slices.Concat(before, []string{name}, args)
	return exec.Command(all[0], all[1:]...)
}
