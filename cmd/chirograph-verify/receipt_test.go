package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/testvectors"
	"github.com/chirograph/chirograph/verify"
)

// made is when everything here is drawn up and registered: 2026-05-28T20:26:40Z.
const made = 1_780_000_000

var terms = []byte("# Terms\n")

// secret returns the private key that belongs to a name, for ever the same.
func secret(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func key(t testing.TB, name string) note.Key {
	t.Helper()
	p, err := note.ParsePublicKey(secret(name).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	k, err := note.NewKey(name, note.Ed25519, p)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func head(t testing.TB, kind record.Kind, nonce byte) *record.Text {
	t.Helper()
	return &record.Text{Kind: kind, Ledger: key(t, "ledger.example"), Made: made, SignBy: made + 3600, Nonce: [16]byte{nonce}}
}

// contractText is between a buyer with two keys, of which one signs, and a maker.
func contractText(t testing.TB) *record.Text {
	t.Helper()
	text := head(t, record.Contract, 1)
	text.Parties = []record.Party{
		{Role: "buyer", Threshold: 1, Keys: []note.Key{key(t, "ann.example"), key(t, "bob.example")}},
		{Role: "maker", Threshold: 1, Keys: []note.Key{key(t, "dan.example")}},
	}
	d := record.Document{Media: "text/markdown", Kind: record.Terms, Name: "terms.md"}
	var err error
	if d.Hash, d.Size, err = record.Commit(nil, bytes.NewReader(terms)); err != nil {
		t.Fatal(err)
	}
	text.Documents = []record.Document{d}
	return text
}

func sign(t testing.TB, text *record.Text, names ...string) *record.Record {
	t.Helper()
	r, err := record.New(text)
	for _, name := range names {
		if err != nil {
			t.Fatal(err)
		}
		r, err = r.Sign(key(t, name).Public(), func(m []byte) ([]byte, error) { return ed25519.Sign(secret(name), m), nil })
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// receipts returns the receipts of the records of a log of at most two entries.
func receipts(t testing.TB, records ...*record.Record) [][]byte {
	t.Helper()
	tree := tlog.NewTree()
	var entries [][]byte
	for _, r := range records {
		entry := record.Entry{Registered: made, Record: r.Bytes()}.Bytes()
		entries = append(entries, entry)
		tree.Append(tlog.LeafHash(entry), func(int, uint64, tlog.Hash) {})
	}
	ledger := key(t, "ledger.example")
	c := tlog.Checkpoint{Origin: ledger.Name(), Size: tree.Size(), Root: tree.Root()}
	n := note.Note{Text: c.Text()}
	n.Signatures = []note.Signature{ledger.Signature(ed25519.Sign(secret(ledger.Name()), n.Text))}
	var proofs [][]byte
	for i, entry := range entries {
		p := tlog.Proof{Extra: entry, Index: uint64(i), Checkpoint: tlog.SignedCheckpoint{Checkpoint: c, Note: n}}
		if len(entries) == 2 {
			p.Hashes = []tlog.Hash{tlog.LeafHash(entries[1-i])}
		}
		proofs = append(proofs, p.Bytes())
	}
	return proofs
}

// write writes a file of the test and returns its path.
func write(t testing.TB, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func writePolicy(t testing.TB, dir string) string {
	t.Helper()
	return write(t, dir, "policy", []byte("log "+key(t, "ledger.example").String()+"\nquorum none\n"))
}

// does runs the program and demands its exit code.
func does(t testing.TB, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, talk bytes.Buffer
	if code := run(args, &out, &talk); code != want {
		t.Fatalf("%q: exit code %d, want %d\n%s%s", args, code, want, out.String(), talk.String())
	}
	return out.String(), talk.String()
}

func wantLine(t testing.TB, in, want string) {
	t.Helper()
	if !strings.Contains(in, want) {
		t.Errorf("%q is not in\n%s", want, in)
	}
}

// Evidence is of a contradiction, and where receipts have none, or none that they alone
// prove, no file is written.
func TestReceiptsThatProveNoForkAreNoEvidence(t *testing.T) {
	dir := t.TempDir()
	policy := writePolicy(t, dir)
	c := sign(t, contractText(t), "ann.example", "dan.example")
	filler := head(t, record.Statement, 2)
	filler.Contract, filler.Parties, filler.About = contractText(t).ID(), contractText(t).Parties[1:], "delivery"
	var paths []string
	for i, b := range [][]byte{receipts(t, c)[0], receipts(t, sign(t, filler, "dan.example"), c)[1]} {
		paths = append(paths, filepath.Join(dir, string(rune('a'+i))))
		if err := os.WriteFile(paths[i], b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "evidence.txt")
	_, stderr := does(t, exitYes, "receipt", "--evidence", file, "--policy", policy, paths[0])
	wantLine(t, stderr, file+" is not written: these receipts do not contradict each other\n")
	_, stderr = does(t, exitNo, append([]string{"receipt", "--evidence", file, "--policy", policy}, paths...)...)
	wantLine(t, stderr, "hint: they make no evidence file by themselves, because they are of two trees: ")
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Error(err)
	}
}

func TestAForkInADossierIsANoBesideItsFindings(t *testing.T) {
	dir := t.TempDir()
	contract := contractText(t)
	c := sign(t, contract, "ann.example", "dan.example")
	statement := head(t, record.Statement, 2)
	statement.Contract, statement.Parties, statement.About = contract.ID(), contract.Parties[1:], "delivery"
	end := head(t, record.Termination, 3)
	end.Contract, end.Parties = contract.ID(), contract.Parties
	one := receipts(t, c, sign(t, statement, "dan.example"))
	other := receipts(t, c, sign(t, end, "ann.example", "dan.example"))

	d, err := dossier.New(c, []byte("quorum none\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, receipt := range [][]byte{one[0], one[1], other[1]} {
		if _, err := d.AddReceipt(receipt); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "x.chirograph")
	if err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	policy := writePolicy(t, dir)
	stdout, stderr := does(t, exitNo, "receipt", "--policy", policy, path)
	wantLine(t, stdout, path+": no\n")
	if n := strings.Count(stdout, "\n  yes: it is registered"); n != 3 {
		t.Errorf("%d of the three records hold:\n%s", n, stdout)
	}
	if strings.Contains(stdout, "by the records in this file") {
		t.Errorf("of two pasts a status follows:\n%s", stdout)
	}
	wantLine(t, stderr, path+": ledger.example shows two pasts: the ")
	wantLine(t, stderr, "hint: keep these receipts: together they are evidence against the ledger\nhint: --evidence FILE writes it as one file")

	// The two trees are evidence by themselves, written once and over nothing.
	file := filepath.Join(dir, "evidence.txt")
	_, stderr = does(t, exitNo, "receipt", "--evidence", file, "--policy", policy, path)
	wantLine(t, stderr, "wrote "+file+": chirograph-verify evidence judges it\n")
	stdout, _ = does(t, exitYes, "evidence", "--policy", policy, file)
	wantLine(t, stdout, ": yes: ledger.example signed two trees")
	_, stderr = does(t, exitUnasked, "receipt", "--evidence", file, "--policy", policy, path)
	wantLine(t, stderr, "--evidence: ")

	stdout, _ = does(t, exitNo, "receipt", "--json", "--policy", policy, path)
	var result receiptResult
	if err := json.Unmarshal([]byte(stdout), &result); err != nil {
		t.Fatal(err)
	}
	f := result.Files[0]
	if result.Verdict != verify.No || f.Verdict != verify.No || f.Failure == nil || f.Failure.Step != verify.StepFork || f.Status != nil || len(f.Records) != 3 || result.Failure != nil {
		t.Errorf("result is %s", stdout)
	}
}

func TestOfAContractOnlyTheKeyThatSignedIsTheOneThatIsExpected(t *testing.T) {
	dir := t.TempDir()
	policy := writePolicy(t, dir)
	receipt := write(t, dir, "receipt", receipts(t, sign(t, contractText(t), "ann.example", "dan.example"))[0])
	ann, bob := key(t, "ann.example"), key(t, "bob.example")
	wire := append([]byte("\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20"), ann.Public().Bytes()...)
	nameless := "ssh-ed25519 " + base64.StdEncoding.EncodeToString(wire) + "\n"
	for _, vkey := range []string{
		ann.String(),
		write(t, dir, "ann.vkey", []byte(ann.String()+"\n")),
		write(t, dir, "ann.pub", []byte(strings.TrimSuffix(nameless, "\n")+" ann.example\n")),
		write(t, dir, "nameless.pub", []byte(nameless)),
	} {
		stdout, _ := does(t, exitYes, "receipt", "--policy", policy, "--party", "buyer="+vkey, receipt)
		wantLine(t, stdout, "  - buyer signed with the key you expect, "+ann.Public().Fingerprint()+"\n")
	}
	_, stderr := does(t, exitNo, "receipt", "--policy", policy, "--party", "buyer="+bob.String(), receipt)
	wantLine(t, stderr, "buyer signed with "+ann.Public().Fingerprint()+", and not with the key you expect, "+bob.Public().Fingerprint()+", which is only listed\n")
	for arg, want := range map[string]string{
		filepath.Join(dir, "nothing.pub"): "is neither a verifier key nor a file: ",
		receipt:                           "holds no verifier key and no public key: ",
		"ann.example+00000000+AAAA":       "--party buyer: ",
	} {
		_, stderr := does(t, exitUnasked, "receipt", "--policy", policy, "--party", "buyer="+arg, receipt)
		wantLine(t, stderr, want)
	}
}

// The frame is there to be compared with; what is demanded is asked of the contract
// that is made under it.
func TestAFrameIsNotAskedForThePartiesOfItsSubcontract(t *testing.T) {
	dir := t.TempDir()
	policy := writePolicy(t, dir)
	frame := contractText(t)
	sub := contractText(t)
	sub.Nonce[0], sub.Under = 2, frame.ID()
	sub.Parties = []record.Party{{Role: "lead", Threshold: 1, Keys: frame.Parties[1].Keys}, {Role: "sensor-maker", Threshold: 1, Keys: []note.Key{key(t, "mia.example")}}}
	both := receipts(t, sign(t, frame, "ann.example", "dan.example"), sign(t, sub, "dan.example", "mia.example"))
	files := []string{write(t, dir, "frame", both[0]), write(t, dir, "sub", both[1])}
	demand := func(want int, party string, files ...string) string {
		t.Helper()
		_, stderr := does(t, want, append([]string{"receipt", "--policy", policy, "--party", party}, files...)...)
		return stderr
	}
	demand(exitYes, "sensor-maker="+key(t, "mia.example").String(), files...)
	demand(exitYes, "buyer="+key(t, "ann.example").String(), files[0])
	wantLine(t, demand(exitNo, "buyer="+key(t, "ann.example").String(), files...), "sub: the record has no party buyer\n")
}

func TestADocumentThatIsNotInTheFolderIsNotComparedAndNoYes(t *testing.T) {
	dir := t.TempDir()
	policy := writePolicy(t, dir)
	receipt := write(t, dir, "receipt", receipts(t, sign(t, contractText(t), "ann.example", "dan.example"))[0])
	docs := t.TempDir()
	does(t, exitYes, "receipt", "--policy", policy, receipt)
	stdout, _ := does(t, exitUnasked, "receipt", "--policy", policy, "--docs", docs, receipt)
	wantLine(t, stdout, receipt+": unchecked\n")
	wantLine(t, stdout, "  could not be checked: terms.md (terms) could not be compared: it is not in the folder\n")
	write(t, docs, "terms.md", []byte("# terms\n"))
	does(t, exitNo, "receipt", "--policy", policy, "--docs", docs, receipt)
	write(t, docs, "terms.md", terms)
	does(t, exitYes, "receipt", "--policy", policy, "--docs", docs, receipt)
}

// The oldest receipt of a dossier may lack the quorum; the ledger signed its tree, and
// signed another of that size.
func TestAForkInAnOldestReceiptThatNobodyCosignedIsANo(t *testing.T) {
	var v struct {
		Policy  string
		Dossier []byte `json:"dossier_base64"`
	}
	b, err := testvectors.Files.ReadFile("dossier/judged-fork-of-first-receipt-without-quorum.json")
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	policy, path, file := write(t, dir, "policy", []byte(v.Policy)), write(t, dir, "x.chirograph", v.Dossier), filepath.Join(dir, "evidence.txt")
	stdout, stderr := does(t, exitNo, "receipt", "--policy", policy, "--evidence", file, path)
	wantLine(t, stdout, path+": no\n")
	wantLine(t, stderr, path+": ledger.example/2026 shows two pasts: the root of its tree of 5 entries is ")
	stdout, _ = does(t, exitYes, "evidence", "--policy", policy, file)
	wantLine(t, stdout, "signed two trees: one of 5 entries, ")
}
