package record_test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

const lastSecond = 253402300799 // of the year 9999

func TestAnEntryPrintsAsItWas(t *testing.T) {
	data := signedContract(t).Bytes()
	for _, at := range []int64{0, 1, 1772355600, lastSecond} {
		printed := record.Entry{Registered: at, Record: data}.Bytes()
		if want := fmt.Sprintf("registered %d\n%s", at, data); string(printed) != want {
			t.Fatalf("entry prints as %q", printed)
		}
		e, err := record.ParseEntry(printed)
		if err != nil || e.Registered != at || !bytes.Equal(e.Record, data) || !bytes.Equal(e.Bytes(), printed) {
			t.Fatalf("entry of %d reads as of %d, %v", at, e.Registered, err)
		}
		if _, err := record.Open(e.Record, note.PublicKey.Verify); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryBadEntryHasItsOwnError(t *testing.T) {
	const begins = `does not begin with a line "registered <POSIX seconds>"`
	for _, c := range []struct{ name, data, want string }{
		{"nothing", "", begins},
		{"no line feed", "registered 1", begins},
		{"the record alone", string(small().Bytes()), begins},
		{"another word", "Registered 1\n", begins},
		{"no time", "registered\n", begins},
		{"byte order mark", "\ufeffregistered 1\n", begins},
		{"empty time", "registered \n", `registered at ""`},
		{"leading zero", "registered 01\n", `registered at "01", which is not a decimal of at most 253402300799`},
		{"two spaces", "registered  1\n", `registered at " 1"`},
		{"space at the end", "registered 1 \n", `registered at "1 "`},
		{"CR", "registered 1\r\n", `registered at "1\r"`},
		{"sign", "registered -1\n", `registered at "-1"`},
		{"fraction", "registered 1.5\n", `registered at "1.5"`},
		{"a second after 9999", fmt.Sprintf("registered %d\n", lastSecond+1), "at most 253402300799"},
		{"beyond every number", "registered 18446744073709551617\n", "is not a decimal"},
		{"32,769 bytes", "registered 1\n" + strings.Repeat("x", record.MaxEntry-12), "entry has 32769 bytes, at most 32768"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := record.ParseEntry([]byte(c.data))
			wantError(t, err, c.want)
			if e.Record != nil || e.Registered != 0 {
				t.Error("an entry comes with an error")
			}
		})
	}
	if _, err := record.ParseEntry([]byte("registered 1\n" + strings.Repeat("x", record.MaxEntry-13))); err != nil {
		t.Errorf("32,768 bytes: %v", err)
	}
}

// largest is a contract of 22,000 bytes with 64 keys, every name as long as names
// may be. Its keys are secret(longName(0)) to secret(longName(63)).
func largest(t *testing.T) *record.Text {
	x := small()
	x.Ledger = key(strings.Repeat("l", 64))
	x.Title = strings.Repeat("t", 200)
	x.Parties = nil
	for i := range 32 {
		x.Parties = append(x.Parties, record.Party{Role: fmt.Sprintf("role%028d", i), Threshold: 1, Keys: keys(longName(2*i), longName(2*i+1))})
	}
	for i := 0; len(x.Bytes()) < record.MaxText; i++ {
		d := drawing()
		d.Kind, d.Name = strings.Repeat("k", 32), fmt.Sprintf("%0128d", i)
		x.Documents = append(x.Documents, d)
	}
	last := &x.Documents[len(x.Documents)-1]
	over := len(x.Bytes()) - record.MaxText
	if over > 120 {
		last.Kind, over = "k", over-31
		last.Media, over = "a/b", over-len("image/svg+xml")+3
	}
	last.Name = last.Name[over:]
	if n := len(x.Bytes()); n != record.MaxText {
		t.Fatalf("made a text of %d bytes", n)
	}
	return x
}

func longName(i int) string { return fmt.Sprintf("%064d", i) }

func TestWhateverMayBeSignedFitsAnEntry(t *testing.T) {
	r := draft(t, largest(t))
	for i := range record.MaxKeys {
		r = sign(t, r, longName(i))
	}
	data := r.Bytes()
	const line = len("— ") + 64 + 1 + 92 + 1 // name, space, base64 of key id and signature, LF
	if want := record.MaxText + 1 + record.MaxKeys*line; len(data) != want {
		t.Fatalf("the largest record has %d bytes, want %d", len(data), want)
	}
	if len(data) > record.MaxRecord {
		t.Errorf("the largest record has %d bytes, above MaxRecord, %d", len(data), record.MaxRecord)
	}
	opened, err := record.Open(data, note.PublicKey.Verify)
	if err != nil || !opened.Complete() {
		t.Fatal(err)
	}
	e, err := record.ParseEntry(record.Entry{Registered: lastSecond, Record: data}.Bytes())
	if err != nil || !bytes.Equal(e.Record, data) {
		t.Fatal(err)
	}
	full := record.Entry{Registered: lastSecond, Record: make([]byte, record.MaxRecord)}
	if n := len(full.Bytes()); n != record.MaxEntry {
		t.Errorf("a record of MaxRecord makes an entry of %d bytes, not %d", n, record.MaxEntry)
	}
	more := append(bytes.Clone(data), key(longName(0)).Signature(make([]byte, ed25519.SignatureSize)).Append(nil)...)
	_, err = record.Open(more, note.PublicKey.Verify)
	wantForm(t, err, "record has 65 signature lines, at most 64")
}

func TestA22000ByteTextIsReadAndOneMoreIsNot(t *testing.T) {
	x := largest(t)
	if _, err := record.ParseText(x.Bytes()); err != nil {
		t.Fatal(err)
	}
	x.Documents[len(x.Documents)-1].Name += "x"
	_, err := record.ParseText(x.Bytes())
	wantError(t, err, "text has 22001 bytes, at most 22000")
}
