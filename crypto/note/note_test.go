package note_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
)

// secret returns the private key that belongs to a label, for ever the same.
func secret(label string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(label))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(t testing.TB, label string) note.PublicKey {
	t.Helper()
	p, err := note.ParsePublicKey(secret(label).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// key returns the verifier key of a name, whose secret key is secret(name).
func key(t testing.TB, name string, typ note.Type) note.Key {
	t.Helper()
	k, err := note.NewKey(name, typ, public(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// signed returns the note of text with a line of each name.
func signed(t testing.TB, text string, names ...string) note.Note {
	t.Helper()
	n := note.Note{Text: []byte(text)}
	for _, name := range names {
		n.Signatures = append(n.Signatures, key(t, name, note.Ed25519).Signature(ed25519.Sign(secret(name), n.Text)))
	}
	return n
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

// The example of c2sp.org/signed-note, section "Example".
const (
	exampleKey  = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
	exampleNote = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)

func TestTheExampleOfTheSpecificationVerifies(t *testing.T) {
	n, err := note.Parse([]byte(exampleNote))
	if err != nil {
		t.Fatal(err)
	}
	k, err := note.ParseKey(exampleKey)
	if err != nil {
		t.Fatal(err)
	}
	if len(n.Signatures) != 1 || !n.Signatures[0].By(k) || !k.Public().Verify(n.Text, n.Signatures[0].Bytes) {
		t.Fatal("the example's line is not of the example's key")
	}
	if k.Name() != "example.com/foo" || k.ID() != 0x530d903a || k.Type() != note.Ed25519 || k.String() != exampleKey {
		t.Fatalf("key reads as %v %08x %v", k.Name(), k.ID(), k.Type())
	}
	if string(n.Bytes()) != exampleNote {
		t.Fatal("the example does not print as it was")
	}
}

// goodNotes print as they were.
func goodNotes(t testing.TB) map[string]string {
	line := string(signed(t, "x\n", "alice.example").Signatures[0].Append(nil))
	return map[string]string{
		"one line":                      "text\n\n" + line,
		"text of one empty line":        "\n\n" + line,
		"text with empty lines":         "a\n\nb\n\n\n\n" + line,
		"text that looks like a line":   line + "\n" + line,
		"the same line twice":           "text\n\n" + line + line,
		"printable beyond ASCII":        "Ognuno è solo — \u202e \u00a0 \U0001F600\n\n" + line,
		"delete is no control here":     "\x7f\n\n" + line,
		"replacement character":         "\ufffd\n\n" + line,
		"name of other alphabets":       "text\n\n— ключ/例 AAAAAAA=\n",
		"signature of one byte":         "text\n\n— a AAAAAAA=\n",
		"name of 255 bytes":             "text\n\n— " + strings.Repeat("n", note.MaxName) + " AAAAAAA=\n",
		"100 lines":                     "text\n\n" + strings.Repeat(line, note.MaxSignatures),
		"1,000,000 bytes":               strings.Repeat("x", note.MaxSize-len(line)-2) + "\n\n" + line,
		"line with plus in the base64":  "text\n\n— a +/+/+/+/\n",
		"name with a zero width joiner": "text\n\n— a\u200db AAAAAAA=\n",
	}
}

func TestWhatIsAcceptedPrintsAsItWas(t *testing.T) {
	for name, s := range goodNotes(t) {
		t.Run(name, func(t *testing.T) {
			n, err := note.Parse([]byte(s))
			if err != nil {
				t.Fatal(err)
			}
			if string(n.Bytes()) != s {
				t.Fatalf("prints as %q, was %q", n.Bytes(), s)
			}
			agreesWithXMod(t, []byte(s), n)
		})
	}
}

func TestEveryBadNoteHasItsOwnError(t *testing.T) {
	n := signed(t, "text\n", "alice.example")
	line := string(n.Signatures[0].Append(nil))
	good := string(n.Bytes())
	after := func(lines string) string { return "text\n\n" + lines }
	spaces := []rune{'\u00a0', '\u1680', '\u2000', '\u2028', '\u2029', '\u202f', '\u205f', '\u3000', '\u0085'}
	cases := []struct{ name, data, want string }{
		{"nothing", "", "no empty line after its text"},
		{"name that a terminal obeys", after("\u2014 \u009b2J\u202e *\n"), `signature of "\u009b2J\u202e": not canonical base64`},
		{"such a name and too little", after("\u2014 \u009b2J\u202e \n"), `signature of "\u009b2J\u202e" has 0 bytes`},
		{"text alone", "text\n", "no empty line after its text"},
		{"no empty line", "text\n" + line, "no empty line after its text"},
		{"empty line without text", "\n" + line, "no empty line after its text"},
		{"no signature", "text\n\n", "has no signature line"},
		{"empty line at the end", good + "\n", "has no signature line"},
		{"CRLF", strings.ReplaceAll(good, "\n", "\r\n"), "control character 0x0d at byte 4"},
		{"CR in a line", after(strings.TrimSuffix(line, "\n") + "\r\n"), "control character 0x0d"},
		{"NUL", "te\x00xt" + good, "control character 0x00 at byte 2"},
		{"tab", "te\txt" + good, "control character 0x09 at byte 2"},
		{"last control", "\x1f" + good, "control character 0x1f at byte 0"},
		{"invalid UTF-8", "\xff" + good, "not valid UTF-8"},
		{"surrogate", "\xed\xa0\x80" + good, "not valid UTF-8"},
		{"overlong", "\xc0\xaf" + good, "not valid UTF-8"},
		{"truncated rune at the end", good + "\xe2\x80", "not valid UTF-8"},
		{"1,000,001 bytes", strings.Repeat("x", note.MaxSize+1-len(line)-2) + after(line)[4:], "1000001 bytes, at most 1000000"},
		{"101 lines", after(strings.Repeat(line, note.MaxSignatures+1)), "101 signature lines, at most 100"},
		{"no line feed at the end", strings.TrimSuffix(good, "\n"), "line 1 does not end in a line feed"},
		{"second line cut", good + "— alice", "line 2 does not end in a line feed"},
		{"hyphen for the dash", after("- a AAAAAAA=\n"), `line 1: does not begin with "— "`},
		{"no space after the dash", after("—a AAAAAAA=\n"), `line 1: does not begin with "— "`},
		{"text after the lines", good + "more\n", `line 2: does not begin with "— "`},
		{"name alone", after("— alice.example\n"), "lacks a space between key name and signature"},
		{"no name", after("—  AAAAAAA=\n"), "key name is empty"},
		{"two spaces before the base64", after("— a  AAAAAAA=\n"), `signature of "a": not canonical base64`},
		{"name with plus", after("— a+b AAAAAAA=\n"), `has the character '+'`},
		{"name of 256 bytes", after("— " + strings.Repeat("n", note.MaxName+1) + " AAAAAAA=\n"), "name has 256 bytes, at most 255"},
		{"no base64", after("— a \n"), `signature of "a" has 0 bytes, at least 5`},
		{"four bytes", after("— a AAAAAA==\n"), `signature of "a" has 4 bytes, at least 5`},
		{"unused bits not zero", after("— a AAAAAAB=\n"), `signature of "a": not canonical base64`},
		{"unused bits not zero, two of padding", after("— a AAAAAAAAAB==\n"), `signature of "a": not canonical base64`},
		{"no padding", after("— a AAAAAAA\n"), `signature of "a": not canonical base64`},
		{"padding too long", after("— a AAAAAAA==\n"), `signature of "a": not canonical base64`},
		{"padding inside", after("— a AAAA=AAA\n"), `signature of "a": not canonical base64`},
		{"URL alphabet", after("— a __--__--\n"), `signature of "a": not canonical base64`},
		{"space in the base64", after("— a AAAA AAA=\n"), `signature of "a": not canonical base64`},
		{"space at the end", after("— a AAAAAAA= \n"), `signature of "a": not canonical base64`},
	}
	for _, r := range spaces {
		cases = append(cases, struct{ name, data, want string }{
			fmt.Sprintf("name with U+%04X", r), after("— a" + string(r) + "b AAAAAAA=\n"), "has the character " + fmt.Sprintf("%q", r)})
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := note.Parse([]byte(c.data))
			wantError(t, err, c.want)
		})
	}
}

func TestADraftMayLackSignaturesAndNothingElse(t *testing.T) {
	n, err := note.ParseDraft([]byte("text\n\n"))
	if err != nil || string(n.Text) != "text\n" || len(n.Signatures) != 0 {
		t.Fatalf("draft reads as %q with %d lines, error %v", n.Text, len(n.Signatures), err)
	}
	if string(n.Bytes()) != "text\n\n" {
		t.Fatalf("draft prints as %q", n.Bytes())
	}
	for _, bad := range []string{"", "text\n", "text\r\n\n", "text\n\n— a AAAAAAA\n"} {
		if _, err := note.ParseDraft([]byte(bad)); err == nil {
			t.Errorf("draft %q is accepted", bad)
		}
	}
	whole := signed(t, "text\n", "alice.example", "bob.example").Bytes()
	if n, err := note.ParseDraft(whole); err != nil || !bytes.Equal(n.Bytes(), whole) {
		t.Fatalf("a note is no draft: %v", err)
	}
}

func TestALineIsOfTheKeyWithItsNameAndItsID(t *testing.T) {
	n := signed(t, "text\n", "alice.example")
	s := n.Signatures[0]
	if !s.By(key(t, "alice.example", note.Ed25519)) {
		t.Error("the line is not of its own key")
	}
	other, err := note.NewKey("mallory.example", note.Ed25519, public(t, "alice.example"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []note.Key{
		key(t, "bob.example", note.Ed25519), other, // another name, and so another id
		key(t, "alice.example", note.Cosignature), // the same name and public key, another type
		{},
	} {
		if s.By(k) {
			t.Errorf("the line of alice.example is of key %v", k)
		}
	}
	if s.Name = "bob.example"; s.By(key(t, "alice.example", note.Ed25519)) {
		t.Error("the line is of a key with another name and the same id")
	}
}

func TestADecimalHasOneText(t *testing.T) {
	for s, want := range map[string]uint64{
		"0": 0, "7": 7, "10": 10, "9007199254740992": 1 << 53, "9223372036854775807": 1<<63 - 1,
	} {
		if n, err := note.ParseDecimal(s); err != nil || n != want {
			t.Errorf("%q reads as %d, %v", s, n, err)
		}
	}
	for _, s := range []string{
		"", "00", "01", "+1", "-1", "-0", " 1", "1 ", "1_000", "0x1", "1.0", "1e3", "１", "9223372036854775808", "18446744073709551616", "1\n",
	} {
		_, err := note.ParseDecimal(s)
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q is not a decimal", s)) {
			t.Errorf("%q: error %v", s, err)
		}
	}
}

// A signature line whose name or bytes cannot be read back is not printed by
// anything that went through Parse, and Append only ever adds to what it is given.
func TestAppendAddsALine(t *testing.T) {
	s := signed(t, "text\n", "alice.example").Signatures[0]
	b := s.Append([]byte("before\n"))
	line, ok := bytes.CutPrefix(b, []byte("before\n— alice.example "))
	if !ok || !bytes.HasSuffix(line, []byte("=\n")) {
		t.Fatalf("line prints as %q", b)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(string(line), "\n"))
	if err != nil || len(raw) != 4+ed25519.SignatureSize || !bytes.Equal(raw[4:], s.Bytes) {
		t.Fatalf("base64 of %d bytes, %v", len(raw), errors.Unwrap(err))
	}
}
