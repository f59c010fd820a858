package verify_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"

	"filippo.io/mldsa"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

var update = flag.Bool("update", false, "write the golden files anew")

// now is when everything here is registered: 2026-05-28T20:26:40Z.
const now = 1_780_000_000

const (
	home      = "ledger.example"    // the ledger of every record here
	stranger  = "mallory.example"   // whom nobody names
	elsewhere = "elsewhere.example" // another ledger
)

// secret returns the private key that belongs to a label, for ever the same.
func secret(label string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(label))
	return ed25519.NewKeyFromSeed(seed[:])
}

// keyOf returns the verifier key of secret(label) under a name.
func keyOf(name, label string, typ note.Type) note.Key {
	p, err := note.ParsePublicKey(secret(label).Public().(ed25519.PublicKey))
	if err != nil {
		panic(err)
	}
	k, err := note.NewKey(name, typ, p)
	if err != nil {
		panic(err)
	}
	return k
}

func key(name string) note.Key     { return keyOf(name, name, note.Ed25519) }
func witness(name string) note.Key { return keyOf(name, name, note.Cosignature) }

func keys(names ...string) []note.Key {
	var ks []note.Key
	for _, name := range names {
		ks = append(ks, key(name))
	}
	return ks
}

// Lines of policies.
func logLine(name string) string     { return "log " + key(name).String() + "\n" }
func witnessLine(name string) string { return "witness " + name + " " + witness(name).String() + "\n" }

var (
	quorumNone = logLine(home) + "quorum none\n"
	quorumOne  = logLine(home) + witnessLine("w1") + "quorum w1\n"
	threeOf    = logLine(home) + witnessLine("w1") + witnessLine("w2") + witnessLine("w3")
	quorumTwo  = threeOf + "group most 2 w1 w2 w3\nquorum most\n"
)

func policy(t testing.TB, text string) *verify.Policy {
	t.Helper()
	p, err := verify.ParsePolicy([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A line makes a signature line under a checkpoint.
type line func(text []byte) note.Signature

// signs is the line of a log's key.
func signs(name string) line { return signsAs(key(name), name) }

// signsAs is a line of key k that secret(label) made.
func signsAs(k note.Key, label string) line {
	return func(text []byte) note.Signature { return k.Signature(ed25519.Sign(secret(label), text)) }
}

// saw is the line of a witness that cosigned at a time.
func saw(name string, at int64) line { return sawAs(witness(name), name, at) }

func sawAs(k note.Key, label string, at int64) line {
	return func(text []byte) note.Signature {
		sig := ed25519.Sign(secret(label), note.CosignatureMessage(text, at))
		return k.Signature(note.CosignatureBytes(at, sig))
	}
}

// latticeSecret returns the ML-DSA-44 private key that belongs to a label, for ever the same.
func latticeSecret(label string) *mldsa.PrivateKey {
	seed := sha256.Sum256([]byte(label))
	k, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), seed[:])
	if err != nil {
		panic(err)
	}
	return k
}

// lattice returns the ML-DSA-44 key of latticeSecret(name) under its name.
func lattice(name string) note.Key {
	k, err := note.NewMLDSA44Key(name, latticeSecret(name).PublicKey().Bytes())
	if err != nil {
		panic(err)
	}
	return k
}

// latticeLine is a line of a policy, whose witness has an ML-DSA-44 key.
func latticeLine(name, keyName string) string {
	return "witness " + name + " " + lattice(keyName).String() + "\n"
}

// sawLattice is the line of a witness with an ML-DSA-44 key.
func sawLattice(name string, at int64) line {
	return func(text []byte) note.Signature {
		message, err := lattice(name).CosignatureMessage(text, at)
		if err != nil {
			panic(err)
		}
		sig, err := latticeSecret(name).SignDeterministic(message, nil)
		if err != nil {
			panic(err)
		}
		return lattice(name).Signature(note.CosignatureBytes(at, sig))
	}
}

// spoilt is a line whose last bit is another.
func spoilt(l line) line {
	return func(text []byte) note.Signature {
		s := l(text)
		s.Bytes[len(s.Bytes)-1] ^= 1
		return s
	}
}

// cut is a line whose signature lacks its last byte.
func cut(l line) line {
	return func(text []byte) note.Signature {
		s := l(text)
		s.Bytes = s.Bytes[:len(s.Bytes)-1]
		return s
	}
}

// about is a line that was made under another text.
func about(other string, l line) line {
	return func([]byte) note.Signature { return l([]byte(other)) }
}

// signed returns the checkpoint under its lines.
func signed(c tlog.Checkpoint, lines ...line) tlog.SignedCheckpoint {
	n := note.Note{Text: c.Text()}
	for _, l := range lines {
		n.Signatures = append(n.Signatures, l(n.Text))
	}
	return tlog.SignedCheckpoint{Checkpoint: c, Note: n}
}

// A tree is a log without a server: its entries, and the hashes that tiles have.
type tree struct {
	t      testing.TB
	name   string // of the log
	tree   tlog.Tree
	hashes map[int][]byte // by level
	leaves [][]byte
}

func newTree(t testing.TB) *tree { return &tree{t: t, name: home, hashes: make(map[int][]byte)} }

// add appends an entry and returns its index.
func (l *tree) add(entry []byte) uint64 {
	index := l.tree.Size()
	l.leaves = append(l.leaves, entry)
	l.tree.Append(tlog.LeafHash(entry), func(level int, _ uint64, h tlog.Hash) {
		l.hashes[level] = append(l.hashes[level], h[:]...)
	})
	return index
}

// fill appends n entries that nobody asks for.
func (l *tree) fill(n int) *tree {
	for range n {
		l.add(fmt.Appendf(nil, "entry %d of %s", l.tree.Size(), l.name))
	}
	return l
}

func (l *tree) read(tile tlog.Tile) ([]byte, error) {
	b := l.hashes[tile.Level][tile.Index*tlog.MaxWidth*tlog.HashSize:]
	return b[:tile.Width*tlog.HashSize], nil
}

// checkpoint returns the checkpoint of a size, signed by the log and under more lines.
func (l *tree) checkpoint(size uint64, lines ...line) tlog.SignedCheckpoint {
	l.t.Helper()
	root, err := tlog.Root(l.read, size)
	if err != nil {
		l.t.Fatal(err)
	}
	return signed(tlog.Checkpoint{Origin: l.name, Size: size, Root: root}, append([]line{signs(l.name)}, lines...)...)
}

// proof returns the proof of an entry under the checkpoint of a size.
func (l *tree) proof(index, size uint64, lines ...line) tlog.Proof {
	l.t.Helper()
	hashes, err := tlog.InclusionProof(l.read, index, size)
	if err != nil {
		l.t.Fatal(err)
	}
	return tlog.Proof{Extra: l.leaves[index], Index: index, Hashes: hashes, Checkpoint: l.checkpoint(size, lines...)}
}

// consistency returns the proof from a size to another.
func (l *tree) consistency(old, size uint64, lines ...line) tlog.Consistency {
	l.t.Helper()
	hashes, err := tlog.ConsistencyProof(l.read, old, size)
	if err != nil {
		l.t.Fatal(err)
	}
	return tlog.Consistency{Old: old, Hashes: hashes, Checkpoint: l.checkpoint(size, lines...)}
}

// register appends a record and returns its index.
func (l *tree) register(at int64, r *record.Record) uint64 {
	return l.add(record.Entry{Registered: at, Record: r.Bytes()}.Bytes())
}

// head returns what every record says.
func head(kind record.Kind, nonce byte) *record.Text {
	return &record.Text{Kind: kind, Ledger: key(home), Made: now - 3600, SignBy: now + 30*24*3600, Nonce: [16]byte{nonce}}
}

func makers() []record.Party {
	return []record.Party{
		{Role: "manufacturer", Threshold: 1, Keys: keys("alice.example")},
		{Role: "buyer", Threshold: 2, Keys: keys("bob.example", "carol.example", "dave.example")},
	}
}

// both are enough of the makers.
var both = []string{"alice.example", "bob.example", "dave.example"}

var (
	termsText   = []byte("# Terms\n\nForty flow meters.\n")
	drawingText = []byte("<svg/>\n")
	termsSalt   = []byte("salt of thirty-two bytes........")
)

func documents(t testing.TB) []record.Document {
	t.Helper()
	return []record.Document{
		commit(t, record.Document{Salted: true, Media: "text/markdown", Kind: record.Terms, Name: "document-1.md"}, termsText),
		commit(t, record.Document{Media: "image/svg+xml", Kind: "drawing", Name: "Drawing (A3).svg"}, drawingText),
	}
}

func commit(t testing.TB, d record.Document, data []byte) record.Document {
	t.Helper()
	var salt []byte
	if d.Salted {
		salt = termsSalt
	}
	var err error
	if d.Hash, d.Size, err = record.Commit(salt, strings.NewReader(string(data))); err != nil {
		t.Fatal(err)
	}
	return d
}

func contractText(t testing.TB, nonce byte) *record.Text {
	t.Helper()
	text := head(record.Contract, nonce)
	text.Title, text.Parties, text.Documents = "Forty flow meters", makers(), documents(t)
	return text
}

// twoParties is a contract with what it needs.
func twoParties(t testing.TB) *record.Record {
	t.Helper()
	text := contractText(t, 0)
	text.Parties = []record.Party{
		{Role: "manufacturer", Threshold: 1, Keys: keys("alice.example")},
		{Role: "buyer", Threshold: 1, Keys: keys("bob.example")},
	}
	text.Documents = text.Documents[:1]
	return sign(t, text, "alice.example", "bob.example")
}

func statementText(contract record.ID, parties []record.Party, nonce byte) *record.Text {
	text := head(record.Statement, nonce)
	text.Contract, text.Parties, text.About = contract, parties, "delivery"
	return text
}

func terminationText(contract record.ID, parties []record.Party) *record.Text {
	text := head(record.Termination, 0)
	text.Contract, text.Parties = contract, parties
	return text
}

func amendmentText(t testing.TB, old record.ID, former []record.Party) *record.Text {
	t.Helper()
	text := contractText(t, 99)
	text.Title, text.Replaces, text.Former = "Fifty flow meters", old, former
	return text
}

func revocationText(of note.Key) *record.Text {
	text := head(record.Revocation, 0)
	text.SignBy, text.Key, text.Reason = 0, of, "lost"
	return text
}

// sign returns the text as a record that the keys of these labels signed.
func sign(t testing.TB, text *record.Text, labels ...string) *record.Record {
	t.Helper()
	r, err := record.New(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, label := range labels {
		r, err = r.Sign(key(label).Public(), func(m []byte) ([]byte, error) { return ed25519.Sign(secret(label), m), nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// receipt verifies a receipt, which has to hold.
func receipt(t testing.TB, p *verify.Policy, proof tlog.Proof) *verify.Registration {
	t.Helper()
	reg, err := verify.Receipt(p, proof.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

// wantFailure demands a failure at a step that says want.
func wantFailure(t testing.TB, err error, step verify.Step, want string) {
	t.Helper()
	var f *verify.Failure
	if !errors.As(err, &f) {
		t.Fatalf("error %v is no failure, want one at %s", err, step)
	}
	if f.Step != step || !strings.Contains(f.Reason, want) {
		t.Fatalf("failure at %s: %s; want one at %s that says %q", f.Step, f.Reason, step, want)
	}
	if f.Error() != f.Reason {
		t.Fatalf("failure prints %q, its reason is %q", f.Error(), f.Reason)
	}
}

// wantNo demands a report of a failure at a step that says want.
func wantNo(t testing.TB, rep *verify.Report, step verify.Step, want string) {
	t.Helper()
	if rep.Verdict != verify.No {
		t.Fatalf("verdict %s, want one of a failure at %s: %s", rep.Verdict, step, want)
	}
	wantFailure(t, rep.Failure, step, want)
}
