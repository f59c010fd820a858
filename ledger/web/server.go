package web

import (
	"bytes"
	"crypto/tls"
	"log"
	"log/slog"
	"net/http"
	"time"
)

// Bounds of a connection. They are for a server that strangers reach directly; a
// proxy before it has its own.
const (
	maxHeaderBytes    = 16 << 10         // net/http allows 4 KiB more; browsers and proxies send less than 8 KiB
	readHeaderTimeout = 10 * time.Second // a header fits a few packets
	readTimeout       = 30 * time.Second // header and body: the largest record, 32 KiB, at 10 kbit/s
	writeTimeout      = 2 * time.Minute  // from the end of the header on: the largest bundle, 8 MiB, at 560 kbit/s
	idleTimeout       = 2 * time.Minute  // longer than the minute for which proxies commonly keep a connection
)

// NewServer returns a server of h with the bounds of this package, for its Serve
// method: HTTP/1.1 alone, so one request at a time on a connection. A nil logger is for none.
func NewServer(h http.Handler, logger *slog.Logger) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:           h,
		Protocols:         &protocols,
		MaxHeaderBytes:    maxHeaderBytes,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		ConnContext:       withConn,
		// OPTIONS * is a path like others that there are not.
		DisableGeneralOptionsHandler: true,

		ErrorLog: log.New(acceptLog{orDiscard(logger)}, "", 0),
	}
}

// NewTLSServer returns one for its ServeTLS method, without files: config has the
// certificates. It speaks HTTP/2 too.
func NewTLSServer(h http.Handler, config *tls.Config, logger *slog.Logger) *http.Server {
	s := NewServer(h, logger)
	s.TLSConfig = config
	s.Protocols.SetHTTP2(true)
	bounds := http2Config
	s.HTTP2 = &bounds
	return s
}

// transportSecurity has browsers come back by TLS alone, for a year (RFC 6797). It says
// nothing of other names below this one.
var transportSecurity = []string{"max-age=31536000"}

// acceptLog keeps what net/http says of the listener. The rest of what it says
// names the address of whoever connected.
type acceptLog struct{ log *slog.Logger }

func (a acceptLog) Write(line []byte) (int, error) {
	if reason, ok := bytes.CutPrefix(line, []byte("http: Accept error: ")); ok {
		a.log.Error("cannot accept connections", "reason", string(bytes.TrimSpace(reason)))
	}
	return len(line), nil
}

func orDiscard(logger *slog.Logger) *slog.Logger {
	if logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return logger
}
