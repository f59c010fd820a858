package web

import (
	"crypto/tls"
	"net/http"
	"strconv"
)

// Bounds of a connection that speaks HTTP/2, on which requests run beside each other. What
// bounds connections does not bound those, so they have a share of their own, as large as
// that of connections; see [Handler.enter].
const (
	maxRequests      = 16             // at once on a connection: what a page or an audit asks for at once. 16 headers of 16 KiB are what it can hold for whoever reads no answers
	maxFrame         = 16 << 10       // bytes of a frame that is read, the least that the protocol allows: net/http keeps a buffer as large as the largest that came
	receiveWindow    = 1<<16 - 1      // bytes of bodies that nobody has read yet, of a connection and of each of its requests: the protocol's own, two records, and 1.3 MB/s of a stream over 50 ms
	writeByteTimeout = answerPatience // for the next byte of any answer: then the connection ends, with all that is on it
	DefaultRequests  = 4096           // over HTTP/2 at once, on all connections: as many as connections
)

// http2Config is for net/http. Besides what it says, net/http ends a connection on which
// more than four times maxRequests were begun and left before they ran, and bounds what waits
// to be written of its answers to frames.
var http2Config = http.HTTP2Config{
	MaxConcurrentStreams:          maxRequests,
	MaxReadFrameSize:              maxFrame,
	MaxReceiveBufferPerConnection: receiveWindow,
	MaxReceiveBufferPerStream:     receiveWindow,
	WriteByteTimeout:              writeByteTimeout,
}

// enter takes a place for a request over HTTP/2, of which a connection has several at once:
// what is held for connections that have one at a time, their header and small answer, is
// held for each of these. Leave gives it back.
func (h *Handler) enter(r *http.Request) (leave func(), err error) {
	if r.ProtoMajor < 2 {
		return func() {}, nil
	}
	from := h.cfg.Proxy.client(r)
	if err := h.requests.take(from, 1, errBusy); err != nil {
		return nil, err
	}
	return func() { h.requests.give(from, 1) }, nil
}

// turnAway refuses a request over HTTP/2 that has no place, by a header alone: a body would
// wait for the window of a reader who opens none, with all that the request holds, and
// nothing would bound how many do. A header has no window.
func turnAway(w http.ResponseWriter, r *http.Request, p *problem) {
	h := w.Header()
	h["Cache-Control"], h["Retry-After"] = values(never), []string{strconv.Itoa(p.retryAfter)}
	send(w, r, p.Status, nil)
}

// closes says that the connection ends with the answer. Over HTTP/2 the request alone does:
// what follows on the connection is told apart by frames.
func closes(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor < 2 {
		w.Header().Set("Connection", "close")
	}
}

// Greet is for [tls.Config].GetConfigForClient: a handshake costs as much as the signatures of
// a record, so an address has as many a second. Who has had them is closed before anything is
// signed for him. A proxy that is trusted has no such bound.
func (h *Handler) Greet(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	who := connected(hello.Conn.RemoteAddr().String())
	if h.cfg.Proxy.trust(who) {
		return nil, nil
	}
	return nil, h.greeted.take(group(who), h.cfg.Clock())
}
