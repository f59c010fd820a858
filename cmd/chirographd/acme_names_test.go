package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A name of --acme is as a handshake has it, or refused.
func TestANameThatACMECannotServeIsRefused(t *testing.T) {
	for given, want := range map[string]string{
		"ledger.example": "ledger.example", " b.example": "b.example", "Ledger.Example\t": "ledger.example", "ledger.example.": "ledger.example", "bücher.example": "xn--bcher-kva.example",
		"": "", " ": "", ".": "", "ledger": "", "a b.example": "", "127.0.0.1": "", "::1": "", "[::1]": "", "*.ledger.example": "", "https://ledger.example": "", "ledger.example:443": "", "ledger.example..": "",
		"a..example": "", ".example": "", "a_b.example": "", strings.Repeat("a", 64) + ".example": "", "ledger.example,": "",
	} {
		f := secure{acme: []string{"a.example", given}}
		err := f.check()
		if want == "" {
			if err == nil || !strings.HasPrefix(err.Error(), "--acme") {
				t.Errorf("%q is %q, %v", given, f.acme, err)
			}
		} else if err != nil || !slices.Equal(f.acme, []string{"a.example", want}) {
			t.Errorf("%q is %q, %v, want %q", given, f.acme, err, want)
		}
	}
}

// hello is a handshake for a name.
func hello(name string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{
		ServerName: name, SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}, SupportedCurves: []tls.CurveID{tls.CurveP256},
		CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}, SupportedVersions: []uint16{tls.VersionTLS13},
	}
}

// nobody is an ACME server that does not answer.
const nobody = "http://127.0.0.1:1/"

// That a name has no certificate is logged for each, whatever became of the others.
func TestEachNameWithoutACertificateIsLogged(t *testing.T) {
	var said bytes.Buffer
	f := secure{acme: []string{"A.Example", " b.example", "c.example."}, acmeURL: nobody}
	if err := f.check(); err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_790_000_000, 0)
	tr, err := f.open(t.TempDir(), nil, func() time.Time { return now }, slog.New(slog.NewTextHandler(&said, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.example", "B.example", "c.example.", "a.example", "other.example"} {
		if _, err := tr.config.GetCertificate(hello(name)); err == nil {
			t.Errorf("%s has a certificate", name)
		}
	}
	for _, name := range []string{"a.example", "b.example", "c.example"} {
		if n := strings.Count(said.String(), "name="+name+" "); n != 1 {
			t.Errorf("%s: %d times in\n%s", name, n, &said)
		}
	}
	if strings.Contains(said.String(), "other") {
		t.Errorf("%s", &said)
	}
}

// Of several names the metric has the certificate that ends first, whichever was asked for
// last and also before the first handshake; and none while a name has none.
func TestTheCertificateThatEndsFirstIsTheOneThatIsWatched(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, first []byte) (end time.Time) {
		c := selfSigned(t, name)
		k, err := x509.MarshalECPrivateKey(c.PrivateKey.(*ecdsa.PrivateKey))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = c.Certificate[0]
		}
		b := append(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: k}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: first})...)
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
		return c.Leaf.NotAfter
	}
	end := put("b.example", nil)
	opened := func(names ...string) *transport {
		f := secure{acme: names, acmeCache: dir, acmeURL: nobody}
		tr, err := f.open(t.TempDir(), nil, time.Now, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return tr
	}
	for _, names := range [][]string{{"a.example"}, {"a.example", "b.example"}, {"b.example", "a.example"}} {
		if got := opened(names...).until(); !got.IsZero() {
			t.Errorf("%s: %s, though a.example has none", names, got)
		}
	}
	put("a.example", []byte("no certificate"))
	if got := opened("b.example", "a.example").until(); !got.IsZero() {
		t.Errorf("%s, though that of a.example is none", got)
	}
	if got := opened("b.example").until(); !got.Equal(end) {
		t.Errorf("before a handshake %s, want %s", got, end)
	}
	tr := opened("b.example", "c.example")
	if _, err := tr.config.GetCertificate(hello("b.example")); err != nil {
		t.Fatal(err)
	}
	if got := tr.until(); !got.IsZero() {
		t.Errorf("%s, though c.example has none", got)
	}

	late := opened("d.example")
	end = put("d.example", nil)
	if _, err := late.config.GetCertificate(hello("d.example")); err != nil {
		t.Fatal(err)
	}
	if got := late.until(); !got.Equal(end) {
		t.Errorf("after a handshake %s, want %s", got, end)
	}

	a := &authority{names: []string{"a.example", "b.example", "c.example"}, ends: map[string]time.Time{"a.example": end.Add(time.Hour), "b.example": end, "c.example": end.Add(2 * time.Hour)}}
	if got := a.until(); !got.Equal(end) {
		t.Errorf("of three %s, want %s", got, end)
	}
}
