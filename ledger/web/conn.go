package web

import (
	"context"
	"net"
	"net/http"
	"sync"
)

type limitedConn struct {
	net.Conn
	leave func()
	kept  *firstPart // nil where nothing is kept
}

// A firstPart is what net/http writes of an answer before the rest: its header and as much
// of its body as fits net/http's buffer of 4 KiB. Written with the rest it saves a call of
// the system and a segment, which a reader wakes up for: a fifth of what a tile costs.
type firstPart struct {
	n     int
	bytes [4 << 10]byte
}

var firstParts = sync.Pool{New: func() any { return new(firstPart) }}

// keptBody is the length in bytes of a body from which on it may come in two parts, with
// the header before it.
const keptBody = 2 << 10

type connKey struct{}

// withConn has the connection of a request be found by [keepFirst].
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// keepFirst has the connection of a request keep the first part of an answer until the
// next is written, or release is called. Only who writes the answer may do either.
func keepFirst(r *http.Request, size int) (release func()) {
	c, ok := r.Context().Value(connKey{}).(*limitedConn)
	if !ok || size < keptBody {
		return func() {}
	}
	c.kept = firstParts.Get().(*firstPart)
	c.kept.n = 0
	return c.release
}

// Write keeps b, or writes it after what was kept.
func (c *limitedConn) Write(b []byte) (int, error) {
	first := c.kept
	switch {
	case first == nil:
		return c.Conn.Write(b)
	case first.n == 0 && len(b) <= len(first.bytes):
		first.n = copy(first.bytes[:], b)
		return len(b), nil
	}
	c.kept = nil
	defer firstParts.Put(first)
	parts := net.Buffers{first.bytes[:first.n], b}
	n, err := parts.WriteTo(c.Conn)
	return max(int(n)-first.n, 0), err
}

// release writes what is kept. Where that fails nobody is told but the connection, which
// is no good for another answer.
func (c *limitedConn) release() {
	first := c.kept
	if first == nil {
		return
	}
	c.kept = nil
	defer firstParts.Put(first)
	if _, err := c.Conn.Write(first.bytes[:first.n]); err != nil {
		_ = c.Conn.Close()
	}
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
