package peers

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	fnote "github.com/transparency-dev/formats/note"
	xnote "golang.org/x/mod/sumdb/note"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
)

// A cosigner is a witness: a program of others that cosigns, run as its own papers say.
type cosigner struct {
	*process
	name string
	vkey string
	url  string // of submissions, without a slash at its end

	// again starts it at the same address, with what it kept, after it has ended.
	again func(t testing.TB)
}

// witnesses are those that there are, by what they sign with.
var witnesses = map[string]func(t testing.TB, name string, l *ledger) *cosigner{
	"litewitness":           startLitewitness,
	"omniwitness Ed25519":   startOmniwitness,
	"omniwitness ML-DSA-44": startOmniwitnessMLDSA,
}

var verifierKey = regexp.MustCompile(`msg="verifier key" vkey=(\S+)\n`)

// startLitewitness runs a litewitness whose key an ssh-agent holds. That the ledger
// may be witnessed is entered into its database with Debian's sqlite3.
func startLitewitness(t testing.TB, name string, l *ledger) *cosigner {
	t.Helper()
	dir, err := os.MkdirTemp("", "w") // short: the name of a socket has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	secret, socket, db := filepath.Join(dir, "key"), filepath.Join(dir, "agent"), filepath.Join(dir, "litewitness.db")
	output(t, nil, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", secret)
	if agent := start(t, nil, "ssh-agent", "-D", "-a", socket); !agent.answers(t, "unix", socket) {
		t.Fatal("ssh-agent ended")
	}
	output(t, []string{"SSH_AUTH_SOCK=" + socket}, "ssh-add", "-q", secret)
	fingerprint := strings.Fields(output(t, nil, "ssh-keygen", "-l", "-f", secret+".pub"))[1]
	args := func(address string) []string {
		return []string{"-name", name, "-db", db, "-ssh-agent", socket, "-key", fingerprint, "-listen", address}
	}
	w := startWitness(t, "litewitness", name, args)
	w.vkey = w.await(t, verifierKey)[1]
	output(t, nil, "sqlite3", "-cmd", ".timeout 5000", db, fmt.Sprintf(
		"INSERT INTO log (origin, tree_size, tree_hash) VALUES ('%[1]s', 0, '%[2]s'); INSERT INTO key (origin, key) VALUES ('%[1]s', '%[3]s');",
		l.key.Name(), newHistory(0).roots[0], l.key))
	return w
}

// startOmniwitness runs an omniwitness that knows the ledger from a file of its
// operator.
func startOmniwitness(t testing.TB, name string, l *ledger) *cosigner {
	t.Helper()
	logs := file(t, "logs.yaml", fmt.Sprintf("Logs:\n  - Origin: %s\n    PublicKey: %s\n", l.key.Name(), l.key))
	return omniwitnessWith(t, name, nil, "--additional_logs", logs)
}

var provisioned = regexp.MustCompile("Successfully merged public witness config from .*\n")

// startOmniwitnessMLDSA runs an omniwitness that fetches the list of its logs, which
// is what the ledger prints for it.
func startOmniwitnessMLDSA(t testing.TB, name string, l *ledger) *cosigner {
	t.Helper()
	list := output(t, nil, "chirographd", "log-config", "--dir", l.dir, "--contact", "ops@ledger.example")
	network := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, list) }))
	t.Cleanup(network.Close)
	w := omniwitnessWith(t, name, []string{"--mldsa"}, "--public_witness_config_url", network.URL)
	w.await(t, provisioned)
	return w
}

// omniwitnessWith runs an omniwitness with a key that its own generate_keys has made.
func omniwitnessWith(t testing.TB, name string, keyArgs []string, more ...string) *cosigner {
	t.Helper()
	dir := t.TempDir()
	secret, public := filepath.Join(dir, "key"), filepath.Join(dir, "key.pub")
	output(t, nil, "generate_keys", append([]string{"--origin", name, "--out_priv", secret, "--out_pub", public}, keyArgs...)...)
	vkey, err := os.ReadFile(public)
	if err != nil {
		t.Fatal(err)
	}
	w := startWitness(t, "omniwitness", name, func(address string) []string {
		args := []string{"--listen", address, "--metrics_listen=", "--db_file", filepath.Join(dir, "witness.db"), "--private_key_path", secret}
		return append(args, more...)
	})
	w.vkey = string(vkey)
	return w
}

func startWitness(t testing.TB, program, name string, args func(address string) []string) *cosigner {
	t.Helper()
	w := &cosigner{name: name}
	var address string
	w.process, address = listen(t, program, args)
	w.url = "http://" + address
	w.again = func(t testing.TB) {
		t.Helper()
		if w.process = start(t, nil, program, args(address)...); !w.answers(t, "tcp", address) {
			t.Fatalf("%s does not start again", program)
		}
	}
	return w
}

// ask posts to add-checkpoint, and returns the status and the body of the answer; of
// a conflict also the size that the witness has seen.
func (w *cosigner) ask(t testing.TB, body []byte) (code int, answer, size string) {
	t.Helper()
	resp, err := patient.Post(w.url+"/add-checkpoint", "", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Header.Get("Content-Type") == "text/x.tlog.size" {
		size = string(b)
	}
	return resp.StatusCode, string(b), size
}

// cosign asks for a cosignature, which the witness has to give, and returns its line.
func (w *cosigner) cosign(t testing.TB, body []byte) note.Signature {
	t.Helper()
	code, answer, _ := w.ask(t, body)
	if code != http.StatusOK {
		t.Fatalf("%s: %d %s\nto\n%s", w.name, code, answer, body)
	}
	c, err := tlog.ParseConsistency(body)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Parse(append(c.Checkpoint.Bytes(), answer...))
	if err != nil || len(n.Signatures) != len(c.Checkpoint.Note.Signatures)+1 {
		t.Fatalf("%s answers no line: %v\n%s", w.name, err, answer)
	}
	sig := n.Signatures[len(n.Signatures)-1]
	w.verifies(t, n.Bytes(), sig)
	return sig
}

// verifies demands that each peer verifies the line of the witness, of just now.
func (w *cosigner) verifies(t testing.TB, data []byte, sig note.Signature) {
	t.Helper()
	if name, rest, _ := strings.Cut(w.vkey, "+"); sig.Name != name || fmt.Sprintf("%08x", sig.ID) != rest[:8] {
		t.Errorf("%s answers the line of %s %08x, not of %s", w.name, sig.Name, sig.ID, w.vkey)
	}
	byTorchwood, err := torchwood.NewCosignatureVerifier(w.vkey)
	if err != nil {
		t.Fatalf("torchwood: %v", err)
	}
	byFormats, err := fnote.NewVerifierForCosignatureV1(w.vkey)
	if err != nil {
		t.Fatalf("formats: %v", err)
	}
	for peer, v := range map[string]xnote.Verifier{"torchwood": byTorchwood, "formats": byFormats} {
		n, err := xnote.Open(data, xnote.VerifierList(v))
		if err != nil || len(n.Sigs) != 1 {
			t.Fatalf("%s does not verify the line of %s: %v", peer, w.name, err)
		}
		at, err := torchwood.CosignatureTimestamp(n.Sigs[0])
		if age := time.Since(time.Unix(at, 0)); err != nil || age < -patience || age > patience {
			t.Errorf("%s cosigned %s ago, %v", w.name, age, err)
		}
	}
}
