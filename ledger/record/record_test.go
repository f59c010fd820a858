package record_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"filippo.io/edwards25519"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

func TestAnIDIsTheHashOfTheText(t *testing.T) {
	for name, text := range goodTexts() {
		want := record.ID(sha256.Sum256(text.Bytes()))
		r := draft(t, text)
		if text.ID() != want || r.ID() != want || r.ID().String() != fmt.Sprintf("%x", want[:]) {
			t.Errorf("%s has the id %s, its text hashes to %s", name, r.ID(), want)
		}
	}
	r := draft(t, contract())
	if signed := sign(t, r, "alice.example", "bob.example"); signed.ID() != r.ID() {
		t.Error("signing changes the id")
	}
}

// signedContract is complete: alice, bob and carol for both parties and for the
// manufacturer that was, and erin for the broker that was.
func signedContract(t testing.TB) *record.Record {
	return sign(t, draft(t, contract()), "erin.example", "carol.example", "alice.example", "bob.example")
}

func TestOpenAsksForEachLineOnce(t *testing.T) {
	data := signedContract(t).Bytes()
	text, _, _ := bytes.Cut(data, []byte("\n\n"))
	var asked []string
	r, err := record.Open(data, func(pub note.PublicKey, message, sig []byte) bool {
		asked = append(asked, pub.String())
		if string(message) != string(text)+"\n" || len(sig) != ed25519.SignatureSize {
			t.Errorf("asked about %q", message)
		}
		return pub.Verify(message, sig)
	})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, k := range keys("alice.example", "bob.example", "carol.example", "erin.example") {
		want = append(want, k.Public().String())
	}
	if !slices.Equal(asked, want) {
		t.Errorf("asked about %v, want %v", asked, want)
	}
	if !bytes.Equal(r.Bytes(), data) || !r.Complete() {
		t.Error("the record does not read as it was")
	}
}

func TestOpenBelievesItsCheck(t *testing.T) {
	data := signedContract(t).Bytes()
	for n := 1; n <= 4; n++ {
		calls := 0
		_, err := record.Open(data, func(note.PublicKey, []byte, []byte) bool { calls++; return calls < n })
		if fault := new(record.SignatureError); !errors.As(err, &fault) || calls != n {
			t.Errorf("line %d is refused by the check, after %d calls: %v", n, calls, err)
		}
	}
}

func TestASignatureAtFaultIsASignatureError(t *testing.T) {
	text := contract()
	body := string(text.Bytes())
	good := func(k note.Key, label string) string {
		return string(k.Signature(ed25519.Sign(secret(label), []byte(body))).Append(nil))
	}
	by := func(name string) string { return good(key(name), name) }
	alice, bob, erin := by("alice.example"), by("bob.example"), by("erin.example")
	cosigner, err := note.NewKey("bob.example", note.Cosignature, key("bob.example").Public())
	if err != nil {
		t.Fatal(err)
	}
	over := func(message string) string {
		return string(key("bob.example").Signature(ed25519.Sign(secret("bob.example"), []byte(message))).Append(nil))
	}
	short := string(key("bob.example").Signature([]byte{1}).Append(nil))
	long := string(key("bob.example").Signature(make([]byte, 65)).Append(nil))
	for _, c := range []struct{ name, lines, want string }{
		{"a stranger", alice + by("mallory.example"), "signature line 2: mallory.example with the key id"},
		{"a stranger first", by("mallory.example") + alice, "signature line 1: mallory.example with the key id"},
		{"the ledger", by("ledger.example"), "ledger.example with the key id"},
		{"a signer under the old name", good(named("old.alice.example", "alice.example"), "alice.example"), "may not sign this contract"},
		{"a signer's name with another key", good(named("alice.example", "mallory.example"), "mallory.example"), "may not sign this contract"},
		{"the id of a key of another type", good(cosigner, "bob.example"), "may not sign this contract"},
		{"twice", alice + alice, "signature line 2: alice.example signs twice"},
		{"twice with another between", alice + bob + alice, "signature line 3: alice.example signs twice"},
		{"out of order", bob + alice, "signature line 2: alice.example signs after bob.example, the text names them the other way round"},
		{"former before party", erin + alice, "signature line 2: alice.example signs after erin.example"},
		{"over another text", alice + over(body+"x"), "signature line 2: the signature of bob.example does not verify"},
		{"over the text without its line feed", over(strings.TrimSuffix(body, "\n")), "the signature of bob.example does not verify"},
		{"over the text with the empty line", over(body + "\n"), "the signature of bob.example does not verify"},
		{"by another's secret key", string(key("bob.example").Signature(ed25519.Sign(secret("alice.example"), []byte(body))).Append(nil)), "does not verify"},
		{"too short", short, "the signature of bob.example does not verify"},
		{"too long", long, "the signature of bob.example does not verify"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, open := range []func([]byte, record.Check) (*record.Record, error){record.Open, record.OpenDraft} {
				r, err := open([]byte(body+"\n"+c.lines), note.PublicKey.Verify)
				wantError(t, err, c.want)
				var fault *record.SignatureError
				if !errors.As(err, &fault) || fault.Text.ID() != text.ID() || fault.Error() != fault.Reason || r != nil {
					t.Fatalf("%T of %v", err, fault)
				}
			}
		})
	}
}

func TestAFaultOfFormComesBeforeOneOfASignature(t *testing.T) {
	body := string(contract().Bytes())
	stranger := string(key("mallory.example").Signature(make([]byte, 64)).Append(nil))
	for _, c := range []struct{ name, data, want string }{
		{"no signature line", body + "\n", "note has no signature line"},
		{"no empty line", body, "no empty line"},
		{"text out of form", strings.Replace(body, "made ", "made  ", 1) + "\n" + stranger, "is not a time"},
		{"base64 out of form", body + "\n" + strings.Replace(stranger, "=\n", "\n", 1), "not canonical base64"},
		{"CRLF", strings.ReplaceAll(body+"\n"+stranger, "\n", "\r\n"), "control character 0x0d"},
		{"NUL", strings.Replace(body, "Forty", "For\x00ty", 1) + "\n" + stranger, "control character 0x00"},
		{"invalid UTF-8", strings.Replace(body, "Forty", "For\xffty", 1) + "\n" + stranger, "not valid UTF-8"},
		{"bidirectional control", strings.Replace(body, "Forty", "For\u202ety", 1) + "\n" + stranger, "title has the character U+202E"},
		{"two empty lines", body + "\n\n" + stranger, "is empty"},
		{"65 lines", body + "\n" + strings.Repeat(stranger, 65), "record has 65 signature lines, at most 64"},
		{"101 lines", body + "\n" + strings.Repeat(stranger, 101), "101 signature lines, at most 100"},
		{"oversized", strings.Repeat("x", record.MaxText) + "\n\n" + stranger, "text has 22001 bytes, at most 22000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := record.Open([]byte(c.data), note.PublicKey.Verify)
			wantForm(t, err, c.want)
			if r != nil {
				t.Error("a record comes with an error")
			}
		})
	}
	_, err := record.Open([]byte(body+"\n"+strings.Repeat(stranger, 64)), note.PublicKey.Verify)
	if fault := new(record.SignatureError); !errors.As(err, &fault) {
		t.Errorf("64 lines of a stranger: %v", err)
	}
}

func TestADraftMayLackSignatures(t *testing.T) {
	for name, text := range goodTexts() {
		data := append(text.Bytes(), '\n')
		r, err := record.OpenDraft(data, func(note.PublicKey, []byte, []byte) bool { panic("asked about no line") })
		if err != nil || !bytes.Equal(r.Bytes(), data) || r.Complete() || len(r.Signed()) != 0 || r.ID() != text.ID() {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := record.OpenDraft(text.Bytes(), note.PublicKey.Verify); err == nil {
			t.Errorf("%s without an empty line is a draft", name)
		}
		if _, err := record.Open(data, note.PublicKey.Verify); err == nil {
			t.Errorf("%s without a line is a record", name)
		}
	}
}

// lacks prints who has to sign.
func lacks(r *record.Record) string {
	var who []string
	for _, m := range r.Missing() {
		who = append(who, fmt.Sprintf("%s %s %d of %d", m.Keyword, m.Name(), m.Signed, m.Threshold))
	}
	return strings.Join(who, "; ")
}

func TestARecordIsCompleteWhenEveryLineHasItsThreshold(t *testing.T) {
	const nobody = "party manufacturer 0 of 1; party buyer 0 of 2; former former manufacturer 0 of 1; former former broker 0 of 1"
	r := draft(t, contract())
	for _, step := range []struct{ signer, want string }{
		{"", nobody},
		{"dave.example", "party manufacturer 0 of 1; party buyer 1 of 2; former former manufacturer 0 of 1; former former broker 0 of 1"},
		// One line of alice counts for the manufacturer and for the one that was.
		{"alice.example", "party buyer 1 of 2; former former broker 0 of 1"},
		{"erin.example", "party buyer 1 of 2"},
		{"bob.example", ""},
		{"carol.example", ""},
	} {
		if step.signer != "" {
			r = sign(t, r, step.signer)
		}
		if got := lacks(r); got != step.want || r.Complete() != (got == "") {
			t.Errorf("after %q missing are %q, want %q", step.signer, got, step.want)
		}
	}
	if got := lacks(draft(t, revocation())); got != "key the key bob.example 0 of 1" {
		t.Errorf("a revocation lacks %q", got)
	}
	if got := lacks(sign(t, draft(t, statement()), "carol.example")); got != "by buyer 1 of 2" {
		t.Errorf("a statement lacks %q", got)
	}
	if r := sign(t, draft(t, revocation()), "bob.example"); !r.Complete() || !r.SignedBy(key("bob.example").Public()) || r.SignedBy(key("carol.example").Public()) {
		t.Error("a signed revocation is not complete")
	}
}

func TestWhoSignsIsNamedByTheText(t *testing.T) {
	r := draft(t, contract())
	fails := errors.New("the key is locked")
	other := func([]byte) ([]byte, error) {
		return ed25519.Sign(secret("bob.example"), []byte("something else")), nil
	}
	for _, c := range []struct {
		name string
		pub  note.PublicKey
		sign func([]byte) ([]byte, error)
		want string
	}{
		{"a stranger", key("mallory.example").Public(), signer("mallory.example"), "may not sign this contract, which does not name it"},
		{"the ledger", key("ledger.example").Public(), signer("ledger.example"), "may not sign this contract"},
		{"no key", note.PublicKey{}, signer("bob.example"), "may not sign this contract"},
		{"a signer that fails", key("bob.example").Public(), func([]byte) ([]byte, error) { return nil, fails }, "the key is locked"},
		{"a signature of another text", key("bob.example").Public(), other, "what was made to sign as bob.example is no signature of key SHA256:"},
		{"a signature of another key", key("bob.example").Public(), signer("carol.example"), "is no signature of key"},
		{"no signature", key("bob.example").Public(), func([]byte) ([]byte, error) { return nil, nil }, "is no signature of key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			signed, err := r.Sign(c.pub, c.sign)
			wantError(t, err, c.want)
			if signed != nil || len(r.Signed()) != 0 {
				t.Error("something is signed")
			}
		})
	}
	if _, err := r.Sign(key("bob.example").Public(), func([]byte) ([]byte, error) { return nil, fails }); !errors.Is(err, fails) {
		t.Errorf("the signer's error is lost in %v", err)
	}
	_, err := sign(t, r, "bob.example").Sign(key("bob.example").Public(), signer("bob.example"))
	wantError(t, err, "signed this contract already, as bob.example")
	if got := sign(t, r, "alice.example").Signed(); len(got) != 1 || got[0] != key("alice.example") {
		t.Errorf("signed by %v, want alice under the new name", got)
	}
}

// anotherSignature makes a signature that verifies and is not the one that RFC 8032
// makes: with an r that the message does not determine.
func anotherSignature(t *testing.T, label string, message []byte) []byte {
	h := sha512.Sum512(secret(label).Seed())
	a, err := new(edwards25519.Scalar).SetBytesWithClamping(h[:32])
	if err != nil {
		t.Fatal(err)
	}
	h = sha512.Sum512([]byte("r of my own"))
	r, err := new(edwards25519.Scalar).SetUniformBytes(h[:])
	if err != nil {
		t.Fatal(err)
	}
	pointR := new(edwards25519.Point).ScalarBaseMult(r).Bytes()
	h = sha512.Sum512(slices.Concat(pointR, key(label).Public().Bytes(), message))
	k, err := new(edwards25519.Scalar).SetUniformBytes(h[:])
	if err != nil {
		t.Fatal(err)
	}
	return append(pointR, new(edwards25519.Scalar).MultiplyAdd(k, a, r).Bytes()...)
}

func TestMergingKeepsTheLineThatWasThere(t *testing.T) {
	r := draft(t, contract())
	usual := sign(t, r, "alice.example")
	other, err := r.Sign(key("alice.example").Public(), func(m []byte) ([]byte, error) { return anotherSignature(t, "alice.example", m), nil })
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(usual.Bytes(), other.Bytes()) || usual.ID() != other.ID() {
		t.Fatal("want two sets of lines of one record")
	}
	for _, pair := range [][2]*record.Record{{usual, other}, {other, usual}} {
		merged, err := pair[0].Merge(pair[1])
		if err != nil || !bytes.Equal(merged.Bytes(), pair[0].Bytes()) {
			t.Errorf("the line that was there is replaced: %v", err)
		}
	}
	_, err = r.Merge(draft(t, small()))
	wantError(t, err, "are not the same")
}

func TestWhatIsFilledInIsWhatIsSaid(t *testing.T) {
	with := func(text *record.Text, change func(*record.Text)) *record.Text {
		change(text)
		return text
	}
	const differs = "text does not say what was filled in"
	for _, c := range []struct {
		name string
		text *record.Text
		want string
	}{
		{"no kind", with(contract(), func(x *record.Text) { x.Kind = 0 }), "unknown kind of record"},
		{"unknown kind", with(contract(), func(x *record.Text) { x.Kind = 5 }), "unknown kind of record"},
		{"nothing", new(record.Text), "unknown kind of record"},
		{"no ledger", with(contract(), func(x *record.Text) { x.Ledger = note.Key{} }), "ledger: "},
		{"made before 1970", with(contract(), func(x *record.Text) { x.Made = -1 }), "is not a time"},
		{"made after 9999", with(contract(), func(x *record.Text) { x.Made = 253402300800 }), "is not a time"},
		{"no sign-by", with(contract(), func(x *record.Text) { x.SignBy = 0 }), "is not after made"},
		{"a line feed in a title", with(contract(), func(x *record.Text) { x.Title = "a\nb" }), `unknown keyword "b"`},
		{"a document that brings a line", with(small(), func(x *record.Text) { x.Documents[0].Name = "a\nfrom 2026-01-01" }), differs},
		{"a reason that brings a line", with(revocation(), func(x *record.Text) { x.Reason = "lost\n" }), "is empty"},
		{"a negative threshold", with(contract(), func(x *record.Text) { x.Parties[0].Threshold = -1 }), "is not a decimal"},
		{"a negative size", with(contract(), func(x *record.Text) { x.Documents[1].Size = -1 }), "is not a decimal"},
		{"a date beyond 9999", with(contract(), func(x *record.Text) { x.Until = day("9999-12-31") + 1 }), "is not a date"},
		{"a title of a statement", with(statement(), func(x *record.Text) { x.Title = "Delivered" }), differs},
		{"a sign-by of a revocation", with(revocation(), func(x *record.Text) { x.SignBy = x.Made + 1 }), differs},
		{"former without replaces", with(contract(), func(x *record.Text) { x.Replaces = record.ID{} }), "is not expected here"},
		{"an empty slice", with(small(), func(x *record.Text) { x.Terminable = []record.Notice{} }), differs},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := record.New(c.text)
			wantForm(t, err, c.want)
			if r != nil {
				t.Error("a draft comes with an error")
			}
		})
	}
}
