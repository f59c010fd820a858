package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// selfSigned returns a certificate for a name, and for this machine.
func selfSigned(t *testing.T, name string) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// writePair writes a certificate and its key.
func writePair(t *testing.T, cert, key string, c *tls.Certificate) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: c.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A new certificate is shown within a minute, and one that cannot be used never.
func TestACertificateIsRotatedWithoutARestart(t *testing.T) {
	dir := t.TempDir()
	cert, key, _ := newCertificate(t, dir, "one.example")
	now := time.Now()
	clock := func() time.Time { return now }
	said := new(lines)
	c, err := openCertificate(cert, key, clock, slog.New(slog.NewTextHandler(said, nil)))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	shown := func() string {
		t.Helper()
		got, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		if !c.until().Equal(got.Leaf.NotAfter) {
			t.Errorf("it ends at %s, and %s is said", got.Leaf.NotAfter, c.until())
		}
		return got.Leaf.Subject.CommonName
	}
	changed := func(names ...string) {
		at = at.Add(time.Second) // for file systems whose times are coarse
		for _, name := range names {
			if err := os.Chtimes(name, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	step := func(want string) {
		t.Helper()
		if got := shown(); got != want {
			t.Errorf("%s is shown, want %s", got, want)
		}
	}
	two := selfSigned(t, "two.example")
	writePair(t, cert, key, two)
	changed(cert, key)
	now = now.Add(certificatePause - 1)
	step("one.example")
	now = now.Add(1)
	step("two.example")
	// Half of a new pair, garbage, and nothing at all.
	three := selfSigned(t, "three.example")
	writePair(t, cert, filepath.Join(dir, "other.key"), three)
	changed(cert)
	now = now.Add(certificatePause)
	step("two.example")
	if n := strings.Count(said.String(), "cannot be used"); n != 1 {
		t.Errorf("it says so %d times:\n%s", n, said)
	}
	now = now.Add(certificatePause)
	step("two.example") // and says no more
	if err := os.WriteFile(key, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	changed(key)
	now = now.Add(certificatePause)
	step("two.example")
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	now = now.Add(certificatePause)
	step("two.example")
	if n := strings.Count(said.String(), "cannot be used"); n != 3 {
		t.Errorf("it says so %d times:\n%s", n, said)
	}
	writePair(t, cert, key, three)
	changed(cert, key)
	now = now.Add(certificatePause)
	step("three.example")
	// A clock that was put back is no reason to wait for it.
	writePair(t, cert, key, selfSigned(t, "four.example"))
	changed(cert, key)
	now = now.Add(-24 * time.Hour)
	step("four.example")
	for _, missing := range [][2]string{{filepath.Join(dir, "none"), key}, {cert, filepath.Join(dir, "none")}, {cert, filepath.Join(dir, "other.key")}} {
		if _, err := openCertificate(missing[0], missing[1], clock, silent()); err == nil {
			t.Errorf("%v is taken", missing)
		}
	}
}
