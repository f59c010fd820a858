package s3

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"time"
)

// Times and bounds of requests.
const (
	dialTime  = 5 * time.Second  // for a connection, and again for its handshake
	answering = 20 * time.Second // until an answer begins: more than package objects waits, which asks again
	whole     = time.Minute      // for all of it: a bundle of 16 MB by a line of 3 Mbit/s
	idle      = 30 * time.Second // of a connection that nobody needs

	maxHeader  = 64 << 10 // bytes of an answer's
	maxProblem = 64 << 10 // bytes of an answer that has no object: an error has some hundred
	maxListing = 4 << 20  // bytes: a thousand keys of 1,024, with what stands beside each
)

// MaxConnections is how many connections to a store are open at once: four times what a batch
// puts at once; the rest are of readers.
const MaxConnections = 64

// A patient does requests for the SDK, and each once: it bounds how long they take and what
// is read of an answer, and goes nowhere else where it is told to.
type patient struct {
	client    http.Client
	transport *http.Transport
}

func newPatient(roots *x509.CertPool) *patient {
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: dialTime, KeepAlive: dialTime}).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    dialTime,
		ResponseHeaderTimeout:  answering,
		IdleConnTimeout:        idle,
		MaxConnsPerHost:        MaxConnections,
		MaxIdleConnsPerHost:    MaxConnections,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true, // what is compressed on the way has no length to count on
	}
	p := &patient{transport: t}
	p.client = http.Client{
		Transport:     t,
		Timeout:       whole,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return p
}

// Do implements aws.HTTPClient.
func (p *patient) Do(q *http.Request) (*http.Response, error) {
	a, err := p.client.Do(q)
	if err != nil {
		// The others may lead where this one led, and each would have to be waited for.
		p.transport.CloseIdleConnections()
		return nil, err
	}
	switch {
	case a.StatusCode/100 != 2 || q.Method != http.MethodGet:
		a.Body = http.MaxBytesReader(nil, a.Body, maxProblem)
	case q.URL.Query().Get("list-type") != "":
		a.Body = http.MaxBytesReader(nil, a.Body, maxListing)
	}
	return a, nil
}

// bounded reads at most so many bytes, and says whether there is more.
func bounded(r io.Reader, most int) (b []byte, more bool, err error) {
	b, err = io.ReadAll(io.LimitReader(r, int64(most)+1))
	if len(b) > most {
		return b[:most:most], true, nil
	}
	return b, false, err
}
