package dossier

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
)

const (
	testTime   = 1_780_000_000
	testPolicy = "log ledger.example+00000000+AAAA https://ledger.example\nquorum none\n"
)

// testKey returns the key pair of that name, always the same.
func testKey(t testing.TB, name string) (note.Key, ed25519.PrivateKey) {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	private := ed25519.NewKeyFromSeed(seed[:])
	public, err := note.ParsePublicKey(private.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	k, err := note.NewKey(name, note.Ed25519, public)
	if err != nil {
		t.Fatal(err)
	}
	return k, private
}

func testVerifier(t testing.TB, name string) note.Key {
	k, _ := testKey(t, name)
	return k
}

// A testDocument is a document with what it is made of.
type testDocument struct {
	name string
	salt []byte // nil: not salted
	data []byte
}

func (d testDocument) line(t testing.TB, kind string) record.Document {
	t.Helper()
	hash, size, err := record.Commit(d.salt, bytes.NewReader(d.data))
	if err != nil {
		t.Fatal(err)
	}
	return record.Document{Salted: d.salt != nil, Hash: hash, Size: size, Media: "text/markdown", Kind: kind, Name: d.name}
}

func testSalt(n byte) []byte { return bytes.Repeat([]byte{n}, record.SaltSize) }

var (
	testTerms   = testDocument{"document-1.md", testSalt(1), []byte("# Terms\n")}
	testDrawing = testDocument{"drawing.pdf", nil, []byte("%PDF-1.7 a drawing\n")}
)

// contractText returns a contract between maker and buyer over testTerms and
// testDrawing.
func contractText(t testing.TB, nonce byte) *record.Text {
	return &record.Text{
		Kind:   record.Contract,
		Ledger: testVerifier(t, "ledger.example"),
		Made:   testTime,
		SignBy: testTime + 30*24*3600,
		Nonce:  [16]byte{nonce},
		Title:  "Forty flow meters",
		Parties: []record.Party{
			{Role: "buyer", Threshold: 1, Keys: []note.Key{testVerifier(t, "bob.example")}},
			{Role: "manufacturer", Threshold: 2, Keys: []note.Key{testVerifier(t, "mia.example"), testVerifier(t, "max.example")}},
		},
		Documents: []record.Document{testTerms.line(t, record.Terms), testDrawing.line(t, "drawing")},
	}
}

func statementText(t testing.TB, contract record.ID, nonce byte) *record.Text {
	c := contractText(t, 0)
	return &record.Text{
		Kind: record.Statement, Ledger: c.Ledger, Made: testTime, SignBy: c.SignBy, Nonce: [16]byte{nonce},
		Contract: contract, Parties: c.Parties[:1], About: "delivery",
	}
}

func newRecord(t testing.TB, text *record.Text) *record.Record {
	t.Helper()
	r, err := record.New(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func signed(t testing.TB, r *record.Record, names ...string) *record.Record {
	t.Helper()
	for _, name := range names {
		k, private := testKey(t, name)
		var err error
		if r, err = r.Sign(k.Public(), func(m []byte) ([]byte, error) { return ed25519.Sign(private, m), nil }); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

var testParties = []string{"bob.example", "mia.example", "max.example"}

// receipt returns a receipt for the record as the entry of that index in a tree of
// size leaves, the others empty, with cosignature lines of so many witnesses.
func receipt(t testing.TB, r *record.Record, index, size uint64, witnesses int) []byte {
	t.Helper()
	return receiptAt(t, r.Bytes(), testTime+60, index, size, witnesses)
}

func receiptAt(t testing.TB, r []byte, registered int64, index, size uint64, witnesses int) []byte {
	t.Helper()
	key, private := testKey(t, "ledger.example")
	entry := record.Entry{Registered: registered, Record: r}.Bytes()
	c := tlog.Checkpoint{Origin: key.Name(), Size: size, Root: tlog.LeafHash(fmt.Append(nil, size))}
	n := note.Note{Text: c.Text(), Signatures: []note.Signature{key.Signature(ed25519.Sign(private, c.Text()))}}
	for i := range witnesses {
		w, private := testKey(t, fmt.Sprintf("witness-%d.example", i))
		sig := ed25519.Sign(private, note.CosignatureMessage(c.Text(), testTime+90))
		n.Signatures = append(n.Signatures, w.Signature(note.CosignatureBytes(testTime+90, sig)))
	}
	p := tlog.Proof{Extra: entry, Index: index, Checkpoint: tlog.SignedCheckpoint{Checkpoint: c, Note: n}}
	for i := range size % 5 {
		p.Hashes = append(p.Hashes, tlog.LeafHash([]byte{byte(i)}))
	}
	return p.Bytes()
}

// testDossier returns a dossier with one of everything: a contract registered and
// received twice, with its documents, one of them salted, and a draft statement.
func testDossier(t testing.TB) *Dossier {
	t.Helper()
	contract := newRecord(t, contractText(t, 1))
	d := newDossier(t, contract)
	full := signed(t, contract, testParties...)
	addReceipt(t, d, receipt(t, full, 3, 5, 0))
	addReceipt(t, d, receipt(t, full, 3, 9, 1))
	addDocument(t, d, contract.ID(), testTerms)
	addDocument(t, d, contract.ID(), testDrawing)
	if err := d.AddRecord(signed(t, newRecord(t, statementText(t, contract.ID(), 2)), "bob.example")); err != nil {
		t.Fatal(err)
	}
	return d
}

func newDossier(t testing.TB, contract *record.Record) *Dossier {
	t.Helper()
	d, err := New(contract, []byte(testPolicy))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func addReceipt(t testing.TB, d *Dossier, b []byte) {
	t.Helper()
	if _, err := d.AddReceipt(b); err != nil {
		t.Fatal(err)
	}
}

func addDocument(t testing.TB, d *Dossier, id record.ID, doc testDocument) {
	t.Helper()
	if err := d.AddDocument(id, doc.name, Bytes(doc.data), doc.salt); err != nil {
		t.Fatal(err)
	}
}

func addRecord(t testing.TB, d *Dossier, r *record.Record) {
	t.Helper()
	if err := d.AddRecord(r); err != nil {
		t.Fatal(err)
	}
}

// written returns the dossier's bytes, which must be as many as said.
func written(t testing.TB, d *Dossier) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := d.WriteTo(&b)
	if err != nil {
		t.Fatal(err)
	}
	if n != int64(b.Len()) {
		t.Fatalf("WriteTo says %d bytes, wrote %d", n, b.Len())
	}
	return b.Bytes()
}

func mustRead(t testing.TB, b []byte) *Dossier {
	t.Helper()
	d, err := read(b)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func read(b []byte) (*Dossier, error) { return Read(bytes.NewReader(b), int64(len(b))) }

func sortFiles(files []rawFile) {
	slices.SortFunc(files, func(a, b rawFile) int { return strings.Compare(a.path, b.path) })
}
