package certificate

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/qr"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/testvectors"
	"github.com/chirograph/chirograph/verify"
)

func TestTheSameDossierMakesTheSameBytes(t *testing.T) {
	if a, b := html(t, certificate(t, "Forty flow meters")), html(t, certificate(t, "Forty flow meters")); a != b {
		t.Error("two pages of one dossier differ")
	}
	if a, b := pdf(t, certificate(t, "Forty flow meters")), pdf(t, certificate(t, "Forty flow meters")); !bytes.Equal(a, b) {
		t.Error("two PDFs of one dossier differ")
	}
}

// A vector is what the vectors of receipts have that is needed here.
type vector struct {
	Want, Policy, Proof string
	PolicyBytes         []byte `json:"policy_base64"`
	ProofBytes          []byte `json:"proof_base64"`
	Documents           []any
}

// vectorDossier returns the dossier of a vector's receipt alone; nil where none takes it.
func vectorDossier(t *testing.T, v vector) (*dossier.Dossier, record.ID) {
	t.Helper()
	policyText, proof := append(v.PolicyBytes, v.Policy...), append(v.ProofBytes, v.Proof...)
	parsed, err := tlog.ParseProof(proof)
	if err != nil {
		return nil, record.ID{}
	}
	entry, err := record.ParseEntry(parsed.Extra)
	if err != nil {
		return nil, record.ID{}
	}
	r, err := record.OpenDraft(entry.Record, note.PublicKey.Verify)
	if err != nil || r.Text().Kind != record.Contract {
		return nil, record.ID{}
	}
	d, err := dossier.New(r, policyText)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.AddReceipt(proof); err != nil {
		return nil, record.ID{}
	}
	return d, r.ID()
}

func TestWhatDoesNotVerifyGetsNoCertificate(t *testing.T) {
	files, err := fs.Glob(testvectors.Files, "receipt/*.json")
	if err != nil {
		t.Fatal(err)
	}
	made, refused := 0, 0
	for _, name := range files {
		b, err := fs.ReadFile(testvectors.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		var v vector
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		d, id := vectorDossier(t, v)
		if d == nil || len(v.Documents) > 0 {
			continue
		}
		c, err := New(policy(t, string(d.Policy())), true, d, id)
		var failure *verify.Failure
		var unchecked *Unchecked
		switch {
		case v.Want == "ok" && err == nil:
			made++
		case v.Want == "ok" && !errors.As(err, &unchecked):
			t.Errorf("%s: %v", name, err)
		case v.Want != "ok" && (c != nil || !errors.As(err, &failure) || string(failure.Step) != v.Want):
			t.Errorf("%s: wanted a failure at %s, got %v", name, v.Want, err)
		case v.Want != "ok":
			refused++
		}
	}
	if made < 20 || refused < 20 {
		t.Errorf("%d certificates were made, %d refused: too few to show anything", made, refused)
	}
}

func TestOneRecordThatFailsIsEnoughForNone(t *testing.T) {
	d, id := sample(t, "Forty flow meters", policyText("w"))
	other := strings.Replace(policyText("w"), key("w.example", note.Cosignature).String(), key("other.example", note.Cosignature).String(), 1)
	_, err := New(policy(t, other), false, d, id)
	var failure *verify.Failure
	if !errors.As(err, &failure) || failure.Step != verify.StepQuorum {
		t.Errorf("without a quorum: %v", err)
	}
	if _, err := New(policy(t, policyText("w")), true, d, record.ID{1}); !errors.As(err, &failure) {
		t.Errorf("of a contract that is not there: %v", err)
	}
	for _, r := range d.Records() {
		if r.Text().Kind == record.Statement {
			if _, err := New(policy(t, policyText("w")), true, d, r.ID()); !errors.As(err, &failure) {
				t.Errorf("of a statement: %v", err)
			}
		}
	}
}

func TestTheReceiptThatWasSeenFirstIsPrintedWithItsTime(t *testing.T) {
	text := policyText("w")
	d, id := sample(t, "One", text)
	entry := d.Receipt(id).Proof.Extra
	first := tlog.Proof{Extra: entry, Checkpoint: cosigned(1, tlog.LeafHash(entry), now+2)}.Bytes()
	if _, err := d.AddReceipt(first); err != nil {
		t.Fatal(err)
	}
	c, err := New(policy(t, text), true, d, id)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(c.receipt, first) {
		t.Errorf("the receipt that is printed is another:\n%s", c.receipt)
	}
	page := html(t, c)
	for _, want := range []string{"by 2026-05-28 20:26:42 UTC at the latest", "signed the tree of 1 entry that it is in", "these documents are the ones that were signed: terms.md"} {
		if !strings.Contains(page, want) {
			t.Errorf("it does not say %q", want)
		}
	}
}

func TestWhatCouldNotBeCheckedGetsNoCertificate(t *testing.T) {
	old := sign(t, contract(t, "Old"), "ann.example", "dan.example")
	next := contract(t, "New")
	next.Replaces, next.Former = old.ID(), old.Text().Parties
	amendment := sign(t, next, "ann.example", "dan.example")
	d, err := dossier.New(amendment, []byte(policyText("w")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.AddReceipt(receipts(old, amendment)[1].Bytes()); err != nil {
		t.Fatal(err)
	}
	var unchecked *Unchecked
	if _, err := New(policy(t, policyText("w")), true, d, amendment.ID()); !errors.As(err, &unchecked) || !strings.Contains(err.Error(), "whose receipt is not here") {
		t.Errorf("without the receipt of what it replaces: %v", err)
	}
}

func TestWhatIsPrintedIsTheReceipt(t *testing.T) {
	c := certificate(t, "Forty flow meters")
	whole, err := qr.Join(c.parts)
	if err != nil || !bytes.Equal(whole, c.receipt) {
		t.Errorf("the codes are not the receipt: %v", err)
	}
	page := html(t, c)
	_, rest, _ := strings.Cut(page, `href="data:application/octet-stream;base64,`)
	link, _, _ := strings.Cut(rest, `"`)
	saved, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(link, "&#43;", "+"))
	if err != nil || !bytes.Equal(saved, c.receipt) {
		t.Errorf("the link saves another file: %v", err)
	}
	var lines []string
	for _, line := range rows(string(c.receipt)) {
		lines = append(lines, strings.Join(line, ""))
	}
	if typed := strings.Join(lines, "\n") + "\n"; typed != string(c.receipt) {
		t.Errorf("typed from the paper it is %q", typed)
	}
	if n := strings.Count(page, `<img src="data:image/png;base64,`); n != len(c.parts) {
		t.Errorf("%d pictures of %d codes", n, len(c.parts))
	}
}

func TestACodeIsNoLargerThanThePaperHasRoomFor(t *testing.T) {
	parts, err := qr.Split(bytes.Repeat([]byte("x"), qr.MaxWhole))
	if err != nil {
		t.Fatal(err)
	}
	s, err := symbolOf(parts[qr.MaxParts-2])
	if err != nil || s.size != 97 {
		t.Errorf("the fullest code has %d modules: %v", s.size, err)
	}
	for _, corner := range [][2]int{{0, 0}, {s.size - 1, 0}, {0, s.size - 1}} {
		if !s.dark(corner[0], corner[1]) {
			t.Errorf("the corner %v is light", corner)
		}
	}
}

func TestTheCertificateSaysWhatItIsOf(t *testing.T) {
	page := html(t, certificate(t, "Forty flow meters"))
	for _, want := range []string{
		"<h1><bdi>Forty flow meters</bdi></h1>", "registered as entry 0 of the ledger <bdi>ledger.example</bdi> on 2026-05-28 20:26:40 UTC",
		"<strong>in force since 2026-05-28</strong>", "The ledger may have later ones.", "listed, did not sign", "1 of its 2 keys has to sign", "yes: it matches",
		"<strong>delivery</strong> stated by manufacturer", "by 2026-05-28 20:26:45 UTC at the latest: the quorum <bdi>w</bdi>", "the policy in the dossier itself",
		"that no key was revoked before", "these documents are the ones that were signed: terms.md (terms)", "chirograph-verify receipt --policy",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	text := policyText("w")
	d, id := sample(t, "", text)
	c, err := New(policy(t, text), false, d, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h1>A contract without a title</h1>", "the policy that whoever asked for this named"} {
		if !strings.Contains(html(t, c), want) {
			t.Errorf("it does not say %q", want)
		}
	}
}
