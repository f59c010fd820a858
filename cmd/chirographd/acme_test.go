package main

import (
	"bufio"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
)

// An acmeServer issues certificates by RFC 8555 to whoever answers TLS-ALPN-01 (RFC 8737) at
// one address. It believes who signs, and looks at one order at a time.
type acmeServer struct {
	t      *testing.T
	http   *httptest.Server
	root   *x509.Certificate
	key    *ecdsa.PrivateKey
	looked func() string // the address to look at

	mu      sync.Mutex
	account crypto.PublicKey
	name    string // of the order
	valid   bool   // the name was looked at
	issued  []byte
	orders  int
	refuses bool // every order
}

func newACMEServer(t *testing.T) *acmeServer {
	t.Helper()
	a := &acmeServer{t: t}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.root, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.http = httptest.NewTLSServer(a)
	t.Cleanup(a.http.Close)
	return a
}

const acmeToken = "token-of-a-challenge"

func (a *acmeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	url := func(path string) string { return a.http.URL + path }
	w.Header().Set("Replay-Nonce", fmt.Sprint("nonce", time.Now().UnixNano()))
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	identifier := map[string]string{"type": "dns", "value": a.name}
	order := func() map[string]any {
		status := "pending"
		switch {
		case a.issued != nil:
			status = "valid"
		case a.valid:
			status = "ready"
		}
		return map[string]any{"status": status, "identifiers": []any{identifier}, "authorizations": []string{url("/authz")}, "finalize": url("/finalize"), "certificate": url("/cert")}
	}
	status := map[bool]string{false: "pending", true: "valid"}
	challenge := func() map[string]any {
		return map[string]any{"type": "tls-alpn-01", "url": url("/challenge"), "token": acmeToken, "status": status[a.valid]}
	}
	var payload struct {
		Identifiers []struct{ Value string }
		CSR         string
	}
	if r.Method == http.MethodPost {
		a.read(r, &payload)
	}
	switch r.URL.Path {
	case "/directory":
		answer(200, map[string]string{"newNonce": url("/nonce"), "newAccount": url("/account"), "newOrder": url("/order"), "revokeCert": url("/revoke"), "keyChange": url("/change")})
	case "/nonce":
	case "/account":
		w.Header().Set("Location", url("/account/1"))
		answer(201, map[string]any{"status": "valid"})
	case "/order":
		a.orders++
		if a.refuses {
			answer(403, map[string]string{"type": "urn:ietf:params:acme:error:rejectedIdentifier", "detail": "not this one"})
			return
		}
		a.name, a.valid, a.issued = payload.Identifiers[0].Value, false, nil
		identifier["value"] = a.name
		w.Header().Set("Location", url("/order/1"))
		answer(201, order())
	case "/order/1":
		answer(200, order())
	case "/authz":
		answer(200, map[string]any{"status": status[a.valid], "identifier": identifier, "challenges": []any{challenge()}})
	case "/challenge":
		a.valid = a.look()
		answer(200, challenge())
	case "/finalize":
		a.issued = a.issue(payload.CSR)
		w.Header().Set("Location", url("/order/1"))
		answer(200, order())
	case "/cert":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		_, _ = w.Write(a.issued)
	default:
		answer(404, map[string]string{"type": "urn:ietf:params:acme:error:malformed"})
	}
}

// read reads the payload of a request, and who has the account.
func (a *acmeServer) read(r *http.Request, payload any) {
	var jws struct{ Protected, Payload string }
	if err := json.NewDecoder(r.Body).Decode(&jws); err != nil {
		a.t.Error(err)
		return
	}
	head, err := base64.RawURLEncoding.DecodeString(jws.Protected)
	if err != nil {
		a.t.Error(err)
	}
	var protected struct {
		JWK *struct{ X, Y string }
	}
	if err := json.Unmarshal(head, &protected); err != nil {
		a.t.Error(err)
	}
	if k := protected.JWK; k != nil {
		point := []byte{4} // uncompressed
		for _, s := range []string{k.X, k.Y} {
			b, err := base64.RawURLEncoding.DecodeString(s)
			if err != nil {
				a.t.Error(err)
			}
			point = append(point, b...)
		}
		if a.account, err = ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point); err != nil {
			a.t.Error(err)
		}
	}
	if b, err := base64.RawURLEncoding.DecodeString(jws.Payload); err != nil {
		a.t.Error(err)
	} else if len(b) > 0 {
		if err := json.Unmarshal(b, payload); err != nil {
			a.t.Error(err)
		}
	}
}

// look says whether the address answers for the name, by its account.
func (a *acmeServer) look() bool {
	conn, err := tls.Dial("tcp", a.looked(), &tls.Config{ServerName: a.name, NextProtos: []string{acme.ALPNProto}, InsecureSkipVerify: true})
	if err != nil {
		a.t.Error(err)
		return false
	}
	defer conn.Close()
	thumb, err := acme.JWKThumbprint(a.account)
	if err != nil {
		a.t.Error(err)
	}
	want := crypto.SHA256.New()
	want.Write([]byte(acmeToken + "." + thumb))
	state := conn.ConnectionState()
	for _, e := range state.PeerCertificates[0].Extensions {
		if e.Id.String() == "1.3.6.1.5.5.7.1.31" && state.NegotiatedProtocol == acme.ALPNProto {
			return strings.HasSuffix(hex.EncodeToString(e.Value), hex.EncodeToString(want.Sum(nil)))
		}
	}
	return false
}

func (a *acmeServer) issue(request string) []byte {
	der, err := base64.RawURLEncoding.DecodeString(request)
	if err != nil {
		a.t.Error(err)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		a.t.Error(err)
		return nil
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: a.name}, DNSNames: csr.DNSNames, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	leaf, err := x509.CreateCertificate(rand.Reader, template, a.root, csr.PublicKey, a.key)
	if err != nil {
		a.t.Error(err)
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})...)
}

// client speaks to a ledger at an address by a name, and trusts what the server issues.
func (a *acmeServer) client(name string) *http.Client {
	trust := x509.NewCertPool()
	trust.AddCert(a.root)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust, ServerName: name}, ForceAttemptHTTP2: true, DisableKeepAlives: true}}
}

// A ledger gets its certificate by itself, keeps it, and shows it to whoever asks for its
// name and to nobody else.
func TestACertificateComesByACME(t *testing.T) {
	dir, _ := newLedger(t)
	a := newACMEServer(t)
	said := new(lines)
	start := func() (url string, end func() error) {
		f := serveFlags{dir: dir, front: front{client: a.http.Client()}}
		f.acme, f.acmeURL, f.acmeEmail = []string{"ledger.example"}, a.http.URL+"/directory", "operator@ledger.example"
		url, _, end = operate(t, f, slog.New(slog.NewTextHandler(said, nil)))
		a.looked = func() string { return strings.TrimPrefix(url, "https://") }
		return url, end
	}
	for round := range 2 { // the second has what the first has kept
		url, end := start()
		if !strings.HasPrefix(url, "https://") {
			t.Fatal(url)
		}
		resp, err := a.client("ledger.example").Get(url + "/healthz")
		if err != nil {
			t.Fatal(err, said)
		}
		resp.Body.Close()
		if resp.ProtoMajor != 2 || resp.StatusCode != http.StatusOK || resp.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%s %s %v", resp.Proto, resp.Status, resp.Header)
		}
		if _, text := answered(t, a.client("ledger.example"), url+"/metrics"); !regexp.MustCompile(`(?m)^chirograph_tls_certificate_expiry_timestamp_seconds 1\.`).MatchString(text) {
			t.Errorf("round %d: it does not say when the certificate ends", round)
		}
		for _, other := range []string{"other.example", ""} {
			config := a.client(other).Transport.(*http.Transport).TLSClientConfig
			config.InsecureSkipVerify = true
			if conn, err := tls.Dial("tcp", strings.TrimPrefix(url, "https://"), config); err == nil {
				conn.Close()
				t.Errorf("%q is shown a certificate", other)
			}
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		if a.orders != 1 {
			t.Errorf("round %d: %d orders", round, a.orders)
		}
	}
	kept, err := filepath.Glob(filepath.Join(dir, acmeDir, "ledger.example*"))
	if err != nil || len(kept) == 0 {
		t.Errorf("%q, %v", kept, err)
	}
	if said.String() != "" {
		t.Errorf("log: %s", said)
	}
}

// Whatever a stranger takes, a name has one certificate, with an ECDSA key: who takes none of
// these is refused, and who speaks TLS 1.3 alone is not taken for such.
func TestANameHasOneCertificateWhateverStrangersTake(t *testing.T) {
	dir, _ := newLedger(t)
	a := newACMEServer(t)
	f := serveFlags{dir: dir, front: front{client: a.http.Client()}}
	f.acme, f.acmeURL = []string{"ledger.example"}, a.http.URL+"/directory"
	url, _, end := operate(t, f, silent())
	a.looked = func() string { return strings.TrimPrefix(url, "https://") }
	for i, c := range []struct {
		change func(*tls.Config)
		shown  bool
	}{
		{func(*tls.Config) {}, true},
		{func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
		}, false},
		{func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }, true},
		{func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, true},
		{func(c *tls.Config) { c.NextProtos = []string{acme.ALPNProto, "h2"} }, true},
	} {
		config := a.client("ledger.example").Transport.(*http.Transport).TLSClientConfig
		c.change(config)
		conn, err := tls.Dial("tcp", strings.TrimPrefix(url, "https://"), config)
		if (err == nil) != c.shown {
			t.Errorf("stranger %d: %v", i, err)
		}
		if err == nil {
			if leaf := conn.ConnectionState().PeerCertificates[0]; leaf.PublicKeyAlgorithm != x509.ECDSA {
				t.Errorf("stranger %d is shown a key of %s", i, leaf.PublicKeyAlgorithm)
			}
			conn.Close()
		}
		if a.orders != 1 {
			t.Errorf("after stranger %d there are %d orders", i, a.orders)
		}
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
}

// That no certificate comes is in the log, without who asked for it.
func TestWhatTheACMEServerRefusesIsLogged(t *testing.T) {
	dir, _ := newLedger(t)
	a := newACMEServer(t)
	a.refuses = true
	said := new(lines)
	f := serveFlags{dir: dir, front: front{client: a.http.Client()}}
	f.acme, f.acmeURL = []string{"ledger.example"}, a.http.URL+"/directory"
	url, _, end := operate(t, f, slog.New(slog.NewTextHandler(said, nil)))
	for range 3 {
		if _, err := a.client("ledger.example").Get(url + "/healthz"); err == nil {
			t.Error("it has a certificate")
		}
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(said.String(), "no TLS certificate from the ACME server"); n != 1 || strings.Contains(said.String(), strings.TrimPrefix(url, "https://")) {
		t.Errorf("%d times: %s", n, said)
	}
}

// The end waits for what was begun over HTTP/2, lets nothing begin, and then closes the
// connections.
func TestTheEndAnswersWhatWasBegunOverHTTP2(t *testing.T) {
	dir, policy := newLedger(t)
	cert, key, trust := newCertificate(t, t.TempDir(), "ledger.example")
	f := serveFlags{dir: dir}
	f.cert, f.front.secure.key = cert, key
	url, _, end := operate(t, f, silent())
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust, ServerName: "ledger.example"}, ForceAttemptHTTP2: true}}
	if status, _ := answered(t, c, url+"/healthz"); status != http.StatusOK { // and its connection stays open
		t.Fatal(status)
	}
	record := revocations(t, policy.Logs[0].Key, 1)[0].Bytes()
	body, send := io.Pipe()
	answers := make(chan *http.Response, 1)
	go func() {
		resp, err := c.Post(url+"/records", "application/vnd.chirograph.records", body)
		if err != nil {
			t.Error(err)
		}
		answers <- resp
	}()
	if _, err := fmt.Fprintf(send, "%d\n%s", len(record), record); err != nil {
		t.Fatal(err)
	}
	resp := <-answers
	if resp == nil {
		return
	}
	defer resp.Body.Close()
	in := bufio.NewReader(resp.Body)
	if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, `"status":201`) {
		t.Fatalf("%q, %v", line, err)
	}
	begun := time.Now()
	ended := make(chan error)
	go func() { ended <- end() }()
	line, err := in.ReadString('\n') // the log has ended, and he still sends
	if err != nil || !strings.Contains(line, "urn:chirograph:stream-ended") || !strings.Contains(line, `"status":503`) {
		t.Errorf("%q, %v", line, err)
	}
	send.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if took := time.Since(begun); took > shutdownPatience.begun {
		t.Errorf("it took %s", took)
	}
	if _, err := c.Get(url + "/healthz"); err == nil {
		t.Error("it answers after its end")
	}
}
