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
	return selfSignedFor(t, name, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
}

// selfSignedFor returns one from a time until another.
func selfSignedFor(t *testing.T, name string, from, until time.Time) *tls.Certificate {
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
		NotBefore: from, NotAfter: until, IsCA: true, BasicConstraintsValid: true,
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

// A pair that is not valid is no better than one that is, and is used when it gets so; what is
// shown and is not valid, is said.
func TestACertificateThatIsNotValidReplacesNoneThatIs(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	start := time.Now().Truncate(time.Second)
	now, at := start, start
	said := new(lines)
	put := func(name string, from, until time.Duration) {
		t.Helper()
		writePair(t, cert, key, selfSignedFor(t, name, start.Add(from), start.Add(until)))
		at = at.Add(time.Second) // for file systems whose times are coarse
		for _, file := range []string{cert, key} {
			if err := os.Chtimes(file, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	open := func() *certificate {
		t.Helper()
		c, err := openCertificate(cert, key, func() time.Time { return now }, slog.New(slog.NewTextHandler(said, nil)))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	const day = 24 * time.Hour
	put("good.example", -day, day)
	c := open()
	step := func(after time.Duration, want string, warnings int) {
		t.Helper()
		now = start.Add(after)
		got, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.Leaf.Subject.CommonName != want || !c.until().Equal(got.Leaf.NotAfter) {
			t.Errorf("after %s %s is shown, want %s", after, got.Leaf.Subject.CommonName, want)
		}
		if n := strings.Count(said.String(), "level=WARN"); n != warnings {
			t.Errorf("after %s there are %d warnings, want %d:\n%s", after, n, warnings, said)
		}
	}
	step(0, "good.example", 0)
	put("old.example", -9*day, -time.Second)
	step(time.Minute, "good.example", 1)
	step(2*time.Minute, "good.example", 1)
	put("coming.example", time.Hour, 2*day)
	step(3*time.Minute, "good.example", 2)
	step(time.Hour-time.Second, "good.example", 2)
	step(time.Hour+time.Minute, "coming.example", 2)
	put("short.example", 0, 3*time.Hour) // which is what its owner wants
	step(2*time.Hour, "short.example", 2)
	put("older.example", -day, 2*time.Hour)
	step(4*time.Hour, "short.example", 3) // both have ended, and this one later
	put("late.example", -day, 4*time.Hour)
	step(5*time.Hour, "late.example", 4) // and here that one
	now = start.Add(4 * time.Hour)
	c = open() // it ends with this second
	step(4*time.Hour, "late.example", 4)
	now = start.Add(4*time.Hour + time.Second)
	c = open()
	step(4*time.Hour+time.Second, "late.example", 5)
}
