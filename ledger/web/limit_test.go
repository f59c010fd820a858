package web

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// counted counts the connections of a listener that are open.
type counted struct {
	net.Listener
	open, most atomic.Int64
}

type countedConn struct {
	net.Conn
	open *atomic.Int64
}

func (c *counted) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	// Only the server's one goroutine that accepts writes most.
	c.most.Store(max(c.most.Load(), c.open.Add(1)))
	return &countedConn{conn, &c.open}, nil
}

func (c *countedConn) Close() error {
	defer c.open.Add(-1)
	return c.Conn.Close()
}

// ask asks for the health from 127.0.0.last.
func ask(t *testing.T, address string, last byte) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, last)}}
	conn := must(dialer.Dial("tcp", address))
	t.Cleanup(func() { conn.Close() })
	must(fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n", address))
	return conn
}

func wantHealthy(t *testing.T, conn net.Conn) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(read(t, resp)); resp.StatusCode != 200 || got != "ok\n" {
		t.Fatalf("status %d, %q", resp.StatusCode, got)
	}
}

func TestOneMoreConnectionIsServedWhenOneEnds(t *testing.T) {
	const n = 3
	w := open(t)
	inner := &counted{Listener: must(net.Listen("tcp", "127.0.0.1:0"))}
	limit := Limit(inner, n, nil, false)
	server := &httptest.Server{Listener: limit, Config: NewServer(w.h, nil)}
	server.Start()
	defer server.Close()
	address := inner.Addr().String()
	var idle []net.Conn
	for i := range n {
		conn := ask(t, address, byte(10+i))
		wantHealthy(t, conn)
		idle = append(idle, conn)
	}
	if got := len(limit.places); got != n || inner.open.Load() != n {
		t.Errorf("%d places are taken, %d connections are open, want %d", got, inner.open.Load(), n)
	}
	for i, conn := range idle {
		next := ask(t, address, byte(10+i))
		conn.Close()
		wantHealthy(t, next)
	}
	if got := inner.most.Load(); got != n {
		t.Errorf("%d connections were open at once, want %d", got, n)
	}
}

func TestAFullListenerCanBeClosed(t *testing.T) {
	inner := must(net.Listen("tcp", "127.0.0.1:0"))
	l := Limit(inner, 1, nil, false)
	client := must(net.Dial("tcp", inner.Addr().String()))
	defer client.Close()
	conn := must(l.Accept())
	ended := make(chan error)
	go func() {
		_, err := l.Accept()
		ended <- err
	}()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("error %v", err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
	// A connection that is closed twice gives one place back.
	conn.Close()
	conn.Close()
	if n := len(l.places); n != 0 {
		t.Errorf("%d places are taken", n)
	}
	// What is closed accepts nobody, and takes no place.
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) || len(l.places) != 0 {
		t.Errorf("error %v, %d places are taken", err, len(l.places))
	}
}

func TestALimitedConnectionCanEndItsHalf(t *testing.T) {
	l := Limit(must(net.Listen("tcp", "127.0.0.1:0")), 1, nil, false)
	defer l.Close()
	client := must(net.Dial("tcp", l.Addr().String()))
	defer client.Close()
	conn := must(l.Accept())
	defer conn.Close()
	if err := conn.(*limitedConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("error %v", err)
	}
	must(client.Write([]byte("x")))
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if err := (&limitedConn{Conn: a, leave: func() {}}).CloseWrite(); err != nil {
		t.Errorf("a connection without halves: %v", err)
	}
}
