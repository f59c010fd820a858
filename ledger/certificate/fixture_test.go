package certificate

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// now is when everything here is registered: 2026-05-28T20:26:40Z.
const now = 1_780_000_000

func secret(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func key(name string, typ note.Type) note.Key {
	p, err := note.ParsePublicKey(secret(name).Public().(ed25519.PublicKey))
	if err != nil {
		panic(err)
	}
	k, err := note.NewKey(name, typ, p)
	if err != nil {
		panic(err)
	}
	return k
}

const home = "ledger.example"

// policyText trusts the ledger with one witness, which it calls by that name.
func policyText(witness string) string {
	return fmt.Sprintf("log %s\nwitness %s %s\nquorum %s\n", key(home, note.Ed25519), witness, key("w.example", note.Cosignature), witness)
}

func policy(t testing.TB, text string) *verify.Policy {
	t.Helper()
	p, err := verify.ParsePolicy([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var terms = []byte("# Terms\n")

// contract returns the text of a contract of ann, who buys, and dan, who makes.
func contract(t testing.TB, title string) *record.Text {
	t.Helper()
	hash, size, err := record.Commit(nil, bytes.NewReader(terms))
	if err != nil {
		t.Fatal(err)
	}
	return &record.Text{
		Kind: record.Contract, Ledger: key(home, note.Ed25519), Made: now - 60, SignBy: now + 3600, Title: title,
		Parties: []record.Party{
			{Role: "buyer", Threshold: 1, Keys: []note.Key{key("ann.example", note.Ed25519), key("bob.example", note.Ed25519)}},
			{Role: "manufacturer", Threshold: 1, Keys: []note.Key{key("dan.example", note.Ed25519)}},
		},
		Documents: []record.Document{{Hash: hash, Size: size, Media: "text/markdown", Kind: record.Terms, Name: "terms.md"}},
	}
}

func sign(t testing.TB, text *record.Text, names ...string) *record.Record {
	t.Helper()
	r, err := record.New(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		s := secret(name)
		if r, err = r.Sign(key(name, note.Ed25519).Public(), func(m []byte) ([]byte, error) { return ed25519.Sign(s, m), nil }); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// cosigned returns a checkpoint of the ledger that the witness saw at a time.
func cosigned(size uint64, root tlog.Hash, at int64) tlog.SignedCheckpoint {
	c := tlog.Checkpoint{Origin: home, Size: size, Root: root}
	text := c.Text()
	seen := note.CosignatureBytes(at, ed25519.Sign(secret("w.example"), note.CosignatureMessage(text, at)))
	return tlog.SignedCheckpoint{Checkpoint: c, Note: note.Note{Text: text, Signatures: []note.Signature{
		key(home, note.Ed25519).Signature(ed25519.Sign(secret(home), text)), key("w.example", note.Cosignature).Signature(seen),
	}}}
}

// receipts returns those of two entries of one tree, which the witness saw.
func receipts(first, second *record.Record) [2]tlog.Proof {
	var entries [2][]byte
	var leaves [2]tlog.Hash
	for i, r := range []*record.Record{first, second} {
		entries[i] = record.Entry{Registered: now + int64(i), Record: r.Bytes()}.Bytes()
		leaves[i] = tlog.LeafHash(entries[i])
	}
	signed := cosigned(2, tlog.NodeHash(leaves[0], leaves[1]), now+5)
	return [2]tlog.Proof{
		{Extra: entries[0], Index: 0, Hashes: []tlog.Hash{leaves[1]}, Checkpoint: signed},
		{Extra: entries[1], Index: 1, Hashes: []tlog.Hash{leaves[0]}, Checkpoint: signed},
	}
}

// sample returns a dossier of a contract with that title, a delivery and the terms.
func sample(t testing.TB, title, policy string) (*dossier.Dossier, record.ID) {
	t.Helper()
	c := sign(t, contract(t, title), "ann.example", "dan.example")
	s := sign(t, &record.Text{
		Kind: record.Statement, Ledger: key(home, note.Ed25519), Made: now - 60, SignBy: now + 3600, Nonce: [16]byte{1}, Contract: c.ID(), About: "delivery",
		Parties: c.Text().Parties[1:],
	}, "dan.example")
	d, err := dossier.New(c, []byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.AddRecord(s); err != nil {
		t.Fatal(err)
	}
	for _, p := range receipts(c, s) {
		if _, err := d.AddReceipt(p.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.AddDocument(c.ID(), "terms.md", dossier.Bytes(terms), nil); err != nil {
		t.Fatal(err)
	}
	return d, c.ID()
}

func certificate(t testing.TB, title string) *Certificate {
	t.Helper()
	text := policyText("w")
	d, id := sample(t, title, text)
	c, err := New(policy(t, text), true, d, id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func html(t testing.TB, c *Certificate) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.HTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func pdf(t testing.TB, c *Certificate) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := c.PDF(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
