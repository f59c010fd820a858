package audit

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/verify"
)

// A pipes is a network of its own, without addresses or ports.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve starts a server, and returns a client to which it is the ledger.
func serve(t testing.TB, h http.Handler) *client.Client {
	t.Helper()
	return serveAs(t, h, trust)
}

func serveAs(t testing.TB, h http.Handler, p *verify.Policy) *client.Client {
	t.Helper()
	network := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	go server.Serve(network)
	transport := &http.Transport{DialContext: network.dial, MaxIdleConnsPerHost: 16}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	return must(client.New(client.Config{URL: "http://ledger.example", Policy: p, HTTP: &http.Client{Transport: transport}}))
}
