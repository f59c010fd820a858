package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/net/idna"
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

// check says what contradicts itself, and writes the names of --acme as a handshake has them.
func (f *secure) check() error {
	switch {
	case (f.cert == "") != (f.key == ""):
		return errors.New("--tls-cert and --tls-key go together")
	case f.cert != "" && len(f.acme) > 0:
		return errors.New("--tls-cert and --acme contradict each other: give one")
	case len(f.acme) == 0 && (f.acmeCache != "" || f.acmeEmail != "" || f.acmeURL != ""):
		return errors.New("--acme NAME has to be given with --acme-cache, --acme-email and --acme-directory")
	}
	names := make([]string, len(f.acme)) // a flag's own value stays as it was given
	for i, given := range f.acme {
		var err error
		if names[i], err = hostName(given); err != nil {
			return err
		}
	}
	f.acme = names
	return nil
}

// hosts is what autocert reads names by (idna.Lookup), and counts labels and their bytes.
var hosts = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.VerifyDNSLength(true))

// hostName returns a name of --acme in lowercase and ASCII, without space about it or a dot
// at its end: as a handshake has it.
func hostName(given string) (string, error) {
	name := strings.TrimSuffix(strings.TrimSpace(given), ".")
	if name == "" {
		return "", errors.New("--acme: a name is empty")
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return "", fmt.Errorf("--acme %s is an address: name a host, such as ledger.example", name)
	}
	ascii, err := hosts.ToASCII(name)
	if err != nil || !strings.Contains(ascii, ".") || strings.HasSuffix(ascii, ".") {
		return "", fmt.Errorf("--acme %q is no host name that has a dot, such as ledger.example", given)
	}
	return ascii, nil
}

// A transport is how a listener speaks TLS.
type transport struct {
	config *tls.Config
	until  func() time.Time // when the certificate in use ends, of several the first; zero while a name has none
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
		a := &authority{names: f.acme, clock: clock, log: log, said: make(map[string]time.Time), ends: kept(cache, f.acme), manager: &autocert.Manager{
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
	names   []string // as a handshake has them
	clock   func() time.Time
	log     *slog.Logger

	mu   sync.Mutex
	said map[string]time.Time // when it was said last that there is none, by name
	ends map[string]time.Time // when the one that a name has ends
}

// kept returns when the certificates end that a directory has for names. Nothing is said of
// what cannot be read: a handshake gets another.
func kept(dir string, names []string) map[string]time.Time {
	ends := make(map[string]time.Time)
	for _, name := range names {
		b, err := autocert.DirCache(dir).Get(context.Background(), name)
		for err == nil {
			var block *pem.Block
			if block, b = pem.Decode(b); block == nil {
				break
			}
			if leaf, err := x509.ParseCertificate(block.Bytes); err == nil { // the first is that of the name, a key is none
				ends[name] = leaf.NotAfter
				break
			}
		}
	}
	return ends
}

// ofOneKind returns a handshake that asks autocert for a certificate with an ECDSA key, whatever
// it takes: for one that seems to take none autocert would order a second, with an RSA key, as
// often as a stranger likes, and it takes all that speak TLS 1.3 alone for such. Who takes no
// ECDSA is refused by crypto/tls.
func ofOneKind(hello *tls.ClientHelloInfo) *tls.ClientHelloInfo {
	one := *hello
	one.CipherSuites, one.SignatureSchemes, one.SupportedCurves = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}, nil, nil
	return &one
}

// get returns the certificate for a handshake, which may have to be asked for first. That
// there is none for a name of ours is logged: net/http says so too, with the address of
// whoever came.
func (a *authority) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	c, err := a.manager.GetCertificate(ofOneKind(hello))
	if slices.Equal(hello.SupportedProtos, []string{acme.ALPNProto}) {
		return c, err // the server looks whether we are there
	}
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	if !slices.Contains(a.names, name) {
		return c, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		if now := a.clock(); now.Sub(a.said[name]) >= authorityPause {
			a.said[name] = now
			a.log.Error("no TLS certificate from the ACME server", "name", name, "err", err)
		}
		return nil, err
	}
	if leaf := leafOf(c); leaf != nil {
		a.ends[name] = leaf.NotAfter
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

// until returns when the first of the certificates ends, zero where a name has none.
func (a *authority) until() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	first := a.ends[a.names[0]]
	for _, name := range a.names {
		if end := a.ends[name]; end.Before(first) {
			first = end
		}
	}
	return first
}
