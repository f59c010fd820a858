package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/chirograph/chirograph/crypto/keys"
)

// certificatePause is how long a certificate is used before its files are looked at again:
// who puts new ones there waits as long for them to be shown.
const certificatePause = time.Minute

// A certificate is that of two files, which may change.
type certificate struct {
	cert, key string
	clock     func() time.Time
	log       *slog.Logger

	mu     sync.Mutex
	looked time.Time
	seen   [2]stamp         // of the files as they were when they were read last, usable or not
	now    *tls.Certificate // in use
	next   *tls.Certificate // what the files have, where it is not valid and the one in use is better; else nil
}

// A stamp says whether a file is another.
type stamp struct {
	changed time.Time
	size    int64
}

// openCertificate reads a certificate and its secret key.
func openCertificate(cert, key string, clock func() time.Time, log *slog.Logger) (*certificate, error) {
	c := &certificate{cert: cert, key: key, clock: clock, log: log, looked: clock()}
	var err error
	if c.seen, err = c.stamps(); err != nil {
		return nil, err
	}
	if c.now, err = c.read(); err != nil {
		return nil, err
	}
	c.warn(c.looked)
	return c, nil
}

func (c *certificate) read() (*tls.Certificate, error) {
	if err := keys.Private(c.key); err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return nil, fmt.Errorf("TLS certificate %s with the key %s: %w", c.cert, c.key, err)
	}
	return &pair, nil
}

func (c *certificate) stamps() (s [2]stamp, err error) {
	for i, name := range []string{c.cert, c.key} {
		info, err := os.Stat(name)
		if err != nil {
			return s, err
		}
		s[i] = stamp{info.ModTime(), info.Size()}
	}
	return s, nil
}

// get returns the certificate for a handshake. Its files are looked at once in
// certificatePause; what they have then is used if it can be, or else what was used before.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.clock(); now.Sub(c.looked) >= certificatePause || now.Before(c.looked) {
		c.looked = now
		c.look(now)
	}
	return c.now, nil
}

func (c *certificate) look(now time.Time) {
	seen, err := c.stamps()
	if err == nil && seen == c.seen {
		c.take(now)
		return
	}
	var next *tls.Certificate
	if err == nil {
		next, err = c.read()
	}
	if err != nil {
		if seen != c.seen { // said once
			c.log.Warn("the new TLS certificate cannot be used, and the old one is", "err", err, "until", c.now.Leaf.NotAfter)
		}
		c.seen, c.next = seen, nil
		return
	}
	c.seen, c.next = seen, next
	if c.take(now); c.next != nil {
		c.log.Warn("the new TLS certificate is not valid at this time, and the old one is used", "from", next.Leaf.NotBefore, "until", next.Leaf.NotAfter, "old", c.now.Leaf.NotAfter)
	}
}

// take puts what the files have in use, unless it is not valid at a time, and what is in use
// is, or ends later.
func (c *certificate) take(now time.Time) {
	if c.next == nil || !valid(c.next, now) && (valid(c.now, now) || c.next.Leaf.NotAfter.Before(c.now.Leaf.NotAfter)) {
		return
	}
	c.now, c.next = c.next, nil
	c.log.Info("the TLS certificate was read anew", "until", c.now.Leaf.NotAfter)
	c.warn(now)
}

// warn says where the certificate in use is not valid at a time.
func (c *certificate) warn(now time.Time) {
	if !valid(c.now, now) {
		c.log.Warn("the TLS certificate is not valid at this time: clients refuse it", "from", c.now.Leaf.NotBefore, "until", c.now.Leaf.NotAfter)
	}
}

// valid says whether a time is one of those that a certificate is for.
func valid(c *tls.Certificate, now time.Time) bool {
	return !now.Before(c.Leaf.NotBefore) && !now.After(c.Leaf.NotAfter)
}

// until returns when the certificate in use ends.
func (c *certificate) until() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now.Leaf.NotAfter
}
