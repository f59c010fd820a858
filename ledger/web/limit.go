package web

import (
	"net"
	"sync"
)

// Limit returns a listener on l that has at most n connections open, at least 1.
// Whoever comes next waits in the system's queue until one of them is closed.
func Limit(l net.Listener, n int) net.Listener {
	closed := make(chan struct{})
	return &limited{
		Listener: l, places: make(chan struct{}, n), closed: closed,
		close: sync.OnceValue(func() error {
			close(closed)
			return l.Close()
		}),
	}
}

type limited struct {
	net.Listener
	places chan struct{} // taken by each connection, and by the one that is waited for
	closed chan struct{}
	close  func() error
}

func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	leave := sync.OnceFunc(func() { <-l.places })
	c, err := l.Listener.Accept()
	if err != nil {
		leave()
		return nil, err
	}
	return &limitedConn{c, leave}, nil
}

func (l *limited) Close() error { return l.close() }

type limitedConn struct {
	net.Conn
	leave func()
}

func (c *limitedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// CloseWrite is what net/http needs so that an answer to a body that it did not
// read to its end arrives.
func (c *limitedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
