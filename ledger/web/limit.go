package web

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// Limit returns a listener on l that has at most n connections open, at least 1.
// Whoever comes next waits in the system's queue until one of them is closed. An
// address that has as many as are left, and is no proxy, is told so and closed, so
// that idle connections of a few keep nobody out; where they speak TLS, which would take a
// handshake first, it is closed.
func Limit(l net.Listener, n int, proxy Proxies, secure bool) *Limited {
	closed := make(chan struct{})
	return &Limited{
		Listener: l, places: make(chan struct{}, n), share: newShare(int64(n)), proxy: proxy, secure: secure, closed: closed,
		close: sync.OnceValue(func() error {
			close(closed)
			return l.Close()
		}),
	}
}

// A Limited is a listener that bounds its connections.
type Limited struct {
	net.Listener
	places chan struct{} // taken by each connection, and by the one that is waited for
	share  *share        // of connections, but for those of proxies
	proxy  Proxies
	secure bool         // they speak TLS
	open   atomic.Int64 // connections
	closed chan struct{}
	close  func() error
}

func (l *Limited) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			<-l.places
			return nil, err
		}
		leave, ok := l.enter(c)
		if ok {
			l.open.Add(1)
			return &limitedConn{Conn: c, leave: sync.OnceFunc(func() { l.open.Add(-1); leave() })}, nil
		}
		if !l.secure {
			// What it sends is not read, so the system may take the answer back. It is
			// short, and fits what the system buffers for a new connection.
			_, _ = c.Write(crowded)
		}
		_ = c.Close()
	}
}

// Open returns how many connections are open.
func (l *Limited) Open() int { return int(l.open.Load()) }

// enter returns what gives back the place of a connection, if it may stay.
func (l *Limited) enter(c net.Conn) (leave func(), ok bool) {
	who := connected(c.RemoteAddr().String())
	if l.proxy.trust(who) {
		return func() { <-l.places }, true
	}
	who = group(who)
	if err := l.share.take(who, 1, errCrowd); err != nil {
		return nil, false
	}
	return func() {
		l.share.give(who, 1)
		<-l.places
	}, true
}

// crowded is what a connection beyond an address's share is answered.
var crowded = func() []byte {
	p := tooMany(errCrowd)
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nConnection: close\r\n", p.Status, http.StatusText(p.Status))
	h := make(http.Header)
	body := p.header(h)
	secure(h)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if err := h.Write(&b); err != nil {
		panic(err) // a builder takes everything
	}
	return append([]byte(b.String()+"\r\n"), body...)
}()

func (l *Limited) Close() error { return l.close() }
