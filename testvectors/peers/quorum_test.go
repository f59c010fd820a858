package peers

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	flog "github.com/transparency-dev/formats/log"
	fwitness "github.com/transparency-dev/formats/witness"
	xnote "golang.org/x/mod/sumdb/note"
	xtlog "golang.org/x/mod/sumdb/tlog"

	"github.com/chirograph/chirograph/crypto/note"
)

// A trio is a ledger and three witnesses, of which its quorum asks for two.
type trio struct {
	*ledger
	witnesses []*cosigner
	file      string // of the policy that the ledger asks by
	policy    string // that it gives out
}

// startTrio runs a ledger that asks one of each kind of witness.
func startTrio(t testing.TB, initArgs ...string) *trio {
	t.Helper()
	q := &trio{ledger: newLedger(t, origin, initArgs...)}
	policy, members := fmt.Sprintf("log %s\n", q.key), ""
	for i, start := range []func(testing.TB, string, *ledger) *cosigner{startLitewitness, startOmniwitness, startOmniwitnessMLDSA} {
		w := start(t, witnessName(i), q.ledger)
		q.witnesses = append(q.witnesses, w)
		policy += fmt.Sprintf("witness w%d %s %s\n", i, w.vkey, w.url)
		members += fmt.Sprintf(" w%d", i)
	}
	q.file = file(t, "witnesses", policy+"group two 2"+members+"\nquorum two\n")
	q.serve(t, "--witness-policy", q.file)
	q.policy = string(get(t, q.url+"/policy"))
	return q
}

// without returns a receipt without the lines of those witnesses.
func without(t testing.TB, receipt []byte, witnesses ...*cosigner) []byte {
	t.Helper()
	p := parsed(t, receipt)
	p.Checkpoint.Note.Signatures = slices.DeleteFunc(p.Checkpoint.Note.Signatures, func(s note.Signature) bool {
		return slices.ContainsFunc(witnesses, func(w *cosigner) bool { return s.Name == w.name })
	})
	return p.Bytes()
}

// cosigners returns the witnesses with a line under the receipt.
func (q *trio) cosigners(t *testing.T, receipt []byte) (all []*cosigner) {
	t.Helper()
	for _, s := range parsed(t, receipt).Checkpoint.Note.Signatures {
		for _, w := range q.witnesses {
			if s.Name == w.name {
				all = append(all, w)
			}
		}
	}
	return all
}

// verify returns the exit code of chirograph-verify, and what it says.
func (q *trio) verify(t *testing.T, receipt []byte) (int, string) {
	t.Helper()
	cmd := exec.Command(program(t, "chirograph-verify"), "receipt", "--policy", file(t, "policy", q.policy), file(t, "receipt", string(receipt)))
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(said)
}

// holds demands that the receipt proves registration to us and to peers, and with one
// witness alone to nobody.
func (q *trio) holds(t *testing.T, receipt []byte) {
	t.Helper()
	seen := q.cosigners(t, receipt)
	if len(seen) < 2 {
		t.Fatalf("%d witnesses cosigned\n%s", len(seen), receipt)
	}
	if code, said := q.verify(t, receipt); code != 0 || !strings.Contains(said, "had seen it by ") {
		t.Fatalf("chirograph-verify: %d\n%s", code, said)
	}
	rest := without(t, receipt, seen[1:]...)
	if code, said := q.verify(t, rest); code != 1 || !strings.Contains(said, "quorum") {
		t.Errorf("chirograph-verify of %s alone: %d\n%s", seen[0].name, code, said)
	}
	policy, err := torchwood.ParsePolicy([]byte(q.policy))
	if err != nil {
		t.Fatal(err)
	}
	entry := xtlog.RecordHash(parsed(t, receipt).Extra)
	if err := torchwood.VerifyProof(policy, entry, receipt); err != nil {
		t.Errorf("torchwood: %v\n%s", err, receipt)
	}
	if torchwood.VerifyProof(policy, entry, rest) == nil {
		t.Errorf("torchwood takes the word of %s alone", seen[0].name)
	}
	agreesOnProof(t, receipt, parsed(t, receipt))
}

// ledgers are the arguments of init, by what the ledger then signs with.
var ledgers = map[string][]string{"Ed25519": nil, "Ed25519 and ML-DSA-44": {"--ml-dsa"}}

func TestReceiptsOfTwoOfThreeWitnessesHold(t *testing.T) {
	for name, args := range ledgers {
		t.Run(name, func(t *testing.T) {
			q := startTrio(t, args...)
			for _, receipt := range q.register(t, 40) {
				q.holds(t, receipt)
			}
			for _, w := range q.witnesses {
				w.kill()
				for _, receipt := range q.register(t, 2) {
					q.holds(t, receipt)
					if slices.Contains(q.cosigners(t, receipt), w) {
						t.Errorf("%s cosigned after its end", w.name)
					}
				}
				w.again(t)
			}
			q.holds(t, q.awaitReceipt(t, 0, 3)) // the one that was late has caught up
			if said := fsck(t, q.ledger, q.url); !strings.Contains(said, whole) {
				t.Errorf("fsck:\n%s", said)
			}
			if tree, _ := torchwoodTree(t, q.ledger); tree.N != int64(q.registered) {
				t.Errorf("torchwood reads a tree of %d entries, %d are registered", tree.N, q.registered)
			}
		})
	}
}

// awaitReceipt returns the receipt of the i-th record, as soon as it has the lines of
// so many witnesses.
func (q *trio) awaitReceipt(t *testing.T, i, witnesses int) []byte {
	t.Helper()
	url := q.url + "/records/" + q.revocationOf(t, i).ID().String() + "/receipt"
	late := time.After(quorumPatience)
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		status, body := fetch(t, url)
		if status == http.StatusOK && len(q.cosigners(t, body)) >= witnesses {
			return body
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("GET %s is still %d\n%s", url, status, body)
		}
	}
}

// quorumPatience is longer than the ledger leaves a witness alone that failed.
const quorumPatience = 75 * time.Second

func TestFormatsReadsWhatTwoOfThreeWitnessesCosigned(t *testing.T) {
	q := startTrio(t)
	q.register(t, 3)
	data := q.checkpoint(t).Bytes()
	policy, err := fwitness.ParsePolicy([]byte(q.policy))
	if err != nil || !policy.Satisfied(data) {
		t.Fatalf("formats, %v:\n%s\n%s", err, q.policy, data)
	}
	want := make(map[string]string)
	for _, w := range q.witnesses {
		want[w.url+"/add-checkpoint"] = w.name
	}
	for url, v := range policy.Endpoints() {
		if want[url] != v.Name() {
			t.Errorf("formats has %s at %s", v.Name(), url)
		}
		delete(want, url)
	}
	if len(want) > 0 {
		t.Errorf("formats has no witness for %v", want)
	}
	v, err := xnote.NewVerifier(q.key.String())
	if err != nil {
		t.Fatal(err)
	}
	c, rest, n, err := flog.ParseCheckpoint(data, origin, v)
	if err != nil || len(rest) > 0 || c.Size != 3 || len(n.Sigs) != 1 || len(n.UnverifiedSigs) < 2 {
		t.Errorf("formats reads %+v, %v", c, err)
	}
	seen := q.checkpoint(t)
	seen.Note.Signatures = seen.Note.Signatures[:2]
	if policy.Satisfied(seen.Bytes()) {
		t.Errorf("formats takes the word of one\n%s", seen.Bytes())
	}
}

func TestWithoutAQuorumSubmissionsWaitAndReadsGoOn(t *testing.T) {
	q := startTrio(t)
	first := q.register(t, 1)[0]
	for _, w := range q.witnesses[1:] {
		w.kill()
	}
	late := q.registered
	q.registered++
	r := q.revocationOf(t, late)
	resp, body, err := q.submit(r)
	if err != nil || resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Fatalf("%v, %v\n%s", resp, err, body)
	}
	if c := q.checkpoint(t); c.Size != 1 {
		t.Errorf("the tree of %d entries is public that one witness has cosigned", c.Size)
	}
	if status, body := fetch(t, q.url+"/records/"+r.ID().String()); status != http.StatusServiceUnavailable || !bytes.Contains(body, []byte("urn:chirograph:not-public-yet")) {
		t.Errorf("the record is shown, or said to be missing: %d\n%s", status, body)
	}
	again := get(t, q.url+"/records/"+q.revocationOf(t, 0).ID().String()+"/receipt")
	if !bytes.Equal(parsed(t, again).Extra, parsed(t, first).Extra) {
		t.Errorf("the first record has another receipt\n%s\n%s", first, again)
	}
	q.holds(t, again)
	q.witnesses[1].again(t)
	q.holds(t, q.awaitReceipt(t, late, 2))
}

// A copy of the whole directory, which no guard tells from the ledger. Its first tree
// is smaller than what the witnesses have seen, or another of that size.
func TestWitnessesStopASecondHistory(t *testing.T) {
	for name, args := range ledgers {
		for _, ahead := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s, %d ahead", name, ahead), func(t *testing.T) {
				q := startTrio(t, args...)
				q.register(t, 3)
				q.stop(t)
				fork := q.copied(t)
				q.serve(t, "--witness-policy", q.file)
				q.register(t, ahead)
				fork.isStopped(t, q.file)
				q.holds(t, q.register(t, 1)[0])
			})
		}
	}
}

// isStopped runs a second ledger, which ends without registering anything.
func (l *ledger) isStopped(t *testing.T, witnesses string) {
	t.Helper()
	const other = 100 // a record that the first ledger does not have
	l.serve(t, "--witness-policy", witnesses)
	resp, body, err := l.submit(l.revocationOf(t, other))
	if err == nil && resp.StatusCode < http.StatusInternalServerError {
		t.Errorf("the second ledger says %s\n%s", resp.Status, body)
	}
	select {
	case <-l.ended:
	case <-time.After(quorumPatience):
		t.Fatal("the second ledger goes on")
	}
	if l.cmd.ProcessState.Success() || !strings.Contains(l.String(), "another tree") {
		t.Errorf("the second ledger ended with %s and said\n%s", l.cmd.ProcessState, l)
	}
}
