package record_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

func TestMain(m *testing.M) {
	flag.Parse()
	for name, value := range map[string]string{"rapid.seed": "20260301", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// secret returns the private key that belongs to a label, for ever the same.
func secret(label string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(label))
	return ed25519.NewKeyFromSeed(seed[:])
}

// named returns the verifier key of secret(label) under a name.
func named(name, label string) note.Key {
	p, err := note.ParsePublicKey(secret(label).Public().(ed25519.PublicKey))
	if err != nil {
		panic(err)
	}
	k, err := note.NewKey(name, note.Ed25519, p)
	if err != nil {
		panic(err)
	}
	return k
}

func key(name string) note.Key { return named(name, name) }

func keys(names ...string) []note.Key {
	var ks []note.Key
	for _, name := range names {
		ks = append(ks, key(name))
	}
	return ks
}

func at(s string) int64 {
	t, err := record.ParseTime(s)
	if err != nil {
		panic(err)
	}
	return t
}

func day(s string) record.Date {
	d, err := record.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func idOf(label string) record.ID { return sha256.Sum256([]byte(label)) }

// head returns what every record says.
func head(kind record.Kind) *record.Text {
	t := &record.Text{Kind: kind, Ledger: key("ledger.example"), Made: at("2026-03-01T09:00:00Z"), SignBy: at("2026-03-31T09:00:00Z")}
	sum := sha256.Sum256([]byte("nonce"))
	copy(t.Nonce[:], sum[:])
	return t
}

func terms() record.Document {
	return record.Document{Salted: true, Hash: sha256.Sum256([]byte("terms")), Size: 8192, Media: "text/markdown", Kind: record.Terms, Name: "terms.md"}
}

func drawing() record.Document {
	return record.Document{Hash: sha256.Sum256([]byte("drawing")), Size: 1234, Media: "image/svg+xml", Kind: "drawing", Name: "Drawing (A3).svg"}
}

// contract has every line that a contract may have, and a key, alice's, that its
// party and former lines list under two names.
func contract() *record.Text {
	t := head(record.Contract)
	t.Title = "Forty flow meters — größer"
	t.Parties = []record.Party{
		{Role: "manufacturer", Threshold: 1, Keys: keys("alice.example")},
		{Role: "buyer", Threshold: 2, Keys: keys("bob.example", "carol.example", "dave.example")},
	}
	t.Documents = []record.Document{terms(), drawing()}
	t.From, t.Until = day("2026-04-01"), day("2027-03-31")
	t.Terminable = []record.Notice{{Role: "manufacturer", Days: 90}, {Role: "buyer", Days: 0}}
	t.Replaces = idOf("older")
	t.Former = []record.Party{
		{Role: "manufacturer", Threshold: 1, Keys: []note.Key{named("old.alice.example", "alice.example")}},
		{Role: "broker", Threshold: 1, Keys: keys("erin.example")},
	}
	t.Under = idOf("frame")
	return t
}

// small is a contract with what it needs and nothing else.
func small() *record.Text {
	t := head(record.Contract)
	t.Parties = []record.Party{
		{Role: "manufacturer", Threshold: 1, Keys: keys("alice.example")},
		{Role: "buyer", Threshold: 1, Keys: keys("bob.example")},
	}
	t.Documents = []record.Document{terms()}
	return t
}

func statement() *record.Text {
	t := head(record.Statement)
	t.Contract, t.About, t.Answers = idOf("contract"), "delivery", idOf("dispute")
	t.Parties = []record.Party{{Role: "buyer", Threshold: 2, Keys: keys("bob.example", "carol.example")}}
	t.Documents = []record.Document{drawing()}
	return t
}

func termination() *record.Text {
	t := head(record.Termination)
	t.Contract, t.Effective = idOf("contract"), day("2026-12-31")
	t.Parties = []record.Party{{Role: "buyer", Threshold: 1, Keys: keys("bob.example")}}
	t.Documents = []record.Document{drawing()}
	return t
}

func revocation() *record.Text {
	t := head(record.Revocation)
	t.SignBy, t.Key, t.Reason = 0, key("bob.example"), "lost"
	return t
}

func goodTexts() map[string]*record.Text {
	return map[string]*record.Text{
		"contract": contract(), "small contract": small(), "statement": statement(), "termination": termination(), "revocation": revocation(),
	}
}

// draft returns t as a record without signatures.
func draft(t testing.TB, text *record.Text) *record.Record {
	t.Helper()
	r, err := record.New(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sign has r signed with the keys of these labels.
func sign(t testing.TB, r *record.Record, labels ...string) *record.Record {
	t.Helper()
	for _, label := range labels {
		var err error
		if r, err = r.Sign(key(label).Public(), signer(label)); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func signer(label string) func([]byte) ([]byte, error) {
	return func(message []byte) ([]byte, error) { return ed25519.Sign(secret(label), message), nil }
}

// wantError demands an error that says want.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("accepted, want an error that says %q", want)
	}
	if !strings.Contains(err.Error(), want) {
		t.Fatalf("error %q does not say %q", err, want)
	}
}

// wantForm demands an error that says want and is of the form, not of a signature.
func wantForm(t *testing.T, err error, want string) {
	t.Helper()
	wantError(t, err, want)
	if fault := new(record.SignatureError); errors.As(err, &fault) {
		t.Fatalf("%q is an error of a signature", err)
	}
}

// An edit makes another text of a good one.
type edit func(string) string

// put replaces the first old by new.
func put(old, new string) edit {
	return func(s string) string { return strings.Replace(s, old, new, 1) }
}

// line replaces the value of the first line with the keyword.
func line(keyword, value string) edit {
	return func(s string) string {
		return editLines(s, keyword, func(l string) []string { return []string{keyword + " " + value} })
	}
}

// drop leaves out the first line with the keyword.
func drop(keyword string) edit {
	return func(s string) string { return editLines(s, keyword, func(string) []string { return nil }) }
}

// dropAll leaves out all lines with the keyword.
func dropAll(keyword string) edit {
	return func(s string) string {
		for strings.Contains(s, "\n"+keyword+" ") {
			s = drop(keyword)(s)
		}
		return s
	}
}

// twice repeats the first line with the keyword.
func twice(keyword string) edit {
	return func(s string) string { return editLines(s, keyword, func(l string) []string { return []string{l, l} }) }
}

// before puts a line before the first with the keyword.
func before(keyword, line string) edit {
	return func(s string) string {
		return editLines(s, keyword, func(l string) []string { return []string{line, l} })
	}
}

// then applies edits one after the other.
func then(edits ...edit) edit {
	return func(s string) string {
		for _, e := range edits {
			s = e(s)
		}
		return s
	}
}

func editLines(s, keyword string, change func(string) []string) string {
	var out []string
	done := false
	for _, l := range strings.Split(s, "\n") {
		if !done && strings.HasPrefix(l, keyword+" ") {
			done = true
			out = append(out, change(l)...)
			continue
		}
		out = append(out, l)
	}
	return strings.Join(out, "\n")
}

// many returns n lines "keyword <make(i)>".
func many(keyword string, n int, make func(i int) string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s %s\n", keyword, make(i))
	}
	return b.String()
}
