package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// acmeDir is where a ledger keeps what an ACME server gave it, unless it is put elsewhere.
const acmeDir = "acme"

// secure says how TLS is spoken, if it is.
type secure struct {
	cert, key                     string
	acme                          []string // names to have a certificate for
	acmeCache, acmeEmail, acmeURL string
}

func (f *secure) flags(c *cobra.Command) {
	c.Flags().StringVar(&f.cert, "tls-cert", "", "speak TLS with the certificates in `FILE`")
	c.Flags().StringVar(&f.key, "tls-key", "", "and the secret key in `FILE`")
	c.Flags().StringSliceVar(&f.acme, "acme", nil, "get one for `NAME[,NAME]` by ACME, and accept its terms")
	c.Flags().StringVar(&f.acmeCache, "acme-cache", "", "keep what ACME gives in `DIR`; else in acme below --dir")
	c.Flags().StringVar(&f.acmeEmail, "acme-email", "", "tell it that you are reached at `ADDRESS`")
	c.Flags().StringVar(&f.acmeURL, "acme-directory", "", "ask the ACME server at `URL`; else Let's Encrypt")
}

// check says what contradicts itself.
func (f *secure) check() error {
	switch {
	case (f.cert == "") != (f.key == ""):
		return errors.New("--tls-cert and --tls-key go together")
	case f.cert != "" && len(f.acme) > 0:
		return errors.New("--tls-cert and --acme contradict each other: give one")
	case len(f.acme) == 0 && (f.acmeCache != "" || f.acmeEmail != "" || f.acmeURL != ""):
		return errors.New("--acme NAME has to be given with --acme-cache, --acme-email and --acme-directory")
	case slices.Contains(f.acme, ""):
		return errors.New("--acme: a name is empty")
	}
	for _, name := range f.acme {
		if strings.ContainsAny(name, ":/*") {
			return errors.New("--acme " + name + " is no host name, such as ledger.example")
		}
	}
	return nil
}

// A transport is how a listener speaks TLS.
type transport struct {
	config *tls.Config
	until  func() time.Time // when the certificate in use ends; zero while there is none
}

// open returns it, or nil where there is no TLS. Client is for the ACME server; nil for the
// usual one.
func (f *secure) open(dir string, client *http.Client, clock func() time.Time, log *slog.Logger) (*transport, error) {
	switch {
	case f.cert != "":
		c, err := openCertificate(f.cert, f.key, clock, log)
		if err != nil {
			return nil, err
		}
		return &transport{&tls.Config{GetCertificate: c.get, MinVersion: tls.VersionTLS12}, c.until}, nil
	case len(f.acme) > 0:
		cache := f.acmeCache
		if cache == "" {
			cache = filepath.Join(dir, acmeDir)
		}
		a := &authority{names: f.acme, clock: clock, log: log, manager: &autocert.Manager{
			Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(cache), HostPolicy: autocert.HostWhitelist(f.acme...),
			Email: f.acmeEmail, Client: &acme.Client{DirectoryURL: f.acmeURL, HTTPClient: client},
		}}
		if f.acmeURL == "" {
			a.manager.Client.DirectoryURL = autocert.DefaultACMEDirectory
		}
		return &transport{&tls.Config{GetCertificate: a.get, MinVersion: tls.VersionTLS12, NextProtos: []string{acme.ALPNProto}}, a.until}, nil
	}
	return nil, nil
}

// authorityPause is how often it is said that no certificate comes.
const authorityPause = time.Minute

// An authority has certificates from an ACME server.
type authority struct {
	manager *autocert.Manager
	names   []string
	clock   func() time.Time
	log     *slog.Logger

	mu   sync.Mutex
	said time.Time
	end  time.Time
}

// get returns the certificate for a handshake, which may have to be asked for first. That
// there is none for a name of ours is logged: net/http says so too, with the address of
// whoever came.
func (a *authority) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	c, err := a.manager.GetCertificate(hello)
	if slices.Contains(hello.SupportedProtos, acme.ALPNProto) {
		return c, err // the server looks whether we are there
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		if now := a.clock(); slices.Contains(a.names, strings.ToLower(hello.ServerName)) && now.Sub(a.said) >= authorityPause {
			a.said = now
			a.log.Error("no TLS certificate from the ACME server", "err", err)
		}
		return nil, err
	}
	if leaf := leafOf(c); leaf != nil {
		a.end = leaf.NotAfter
	}
	return c, nil
}

func leafOf(c *tls.Certificate) *x509.Certificate {
	if c.Leaf != nil || len(c.Certificate) == 0 {
		return c.Leaf
	}
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		return nil
	}
	return leaf
}

func (a *authority) until() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.end
}
