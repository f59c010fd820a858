package tlog_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	sumnote "golang.org/x/mod/sumdb/note"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
)

const (
	checkpointText = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
	signatures     = "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
	checkpoint     = checkpointText + "\n" + signatures
)

func TestACheckpointHasOneText(t *testing.T) {
	long := strings.Repeat("o", note.MaxName)
	empty := tlog.EmptyRoot()
	for text, want := range map[string]tlog.Checkpoint{
		"ledger.example\n0\n" + empty.String() + "\n":                {Origin: "ledger.example", Size: 0, Root: empty},
		"Ledger/ä™\n9223372036854775807\n" + leaf(0).String() + "\n": {Origin: "Ledger/ä™", Size: tlog.MaxSize, Root: leaf(0)},
		long + "\n1\n" + leaf(1).String() + "\n":                     {Origin: long, Size: 1, Root: leaf(1)},
	} {
		got, err := tlog.ParseCheckpoint([]byte(text))
		if err != nil || got != want {
			t.Errorf("ParseCheckpoint(%q) = %+v, %v, not %+v", text, got, err, want)
		}
		if printed := want.Text(); string(printed) != text {
			t.Errorf("%+v is printed %q, not %q", want, printed, text)
		}
	}
}

var badCheckpoints = map[string]string{
	"":                                       "0 line feeds",
	"\n":                                     "1 line feeds",
	"\n\n\n":                                 "the key name is empty",
	"o\n1\n":                                 "2 line feeds",
	"o\n1\nROOT":                             "2 line feeds",
	"o\n1\nROOT\n\n":                         "4 line feeds",
	"o\n1\nROOT\nextension\n":                "4 line feeds",
	"o\n1\nROOT\nextension":                  "3 line feeds",
	"o\n\n1\nROOT":                           "3 line feeds",
	"o\r\n1\r\nROOT\r\n":                     `character '\r'`,
	"o\n1\r\nROOT\n":                         "size of the checkpoint",
	"o\n1\nROOT\r\n":                         "root of the checkpoint",
	"\n1\nROOT\n":                            "the key name is empty",
	" o\n1\nROOT\n":                          "character ' '",
	"o o\n1\nROOT\n":                         "character ' '",
	"o\u00a0o\n1\nROOT\n":                    `character '\u00a0'`,
	"o\u3000\n1\nROOT\n":                     `character '\u3000'`,
	"o\u0085\n1\nROOT\n":                     `character '\u0085'`,
	"o\x00\n1\nROOT\n":                       `character '\x00'`,
	"o\x1f\n1\nROOT\n":                       `character '\x1f'`,
	"o+o\n1\nROOT\n":                         "character '+'",
	"o\xff\n1\nROOT\n":                       "not valid UTF-8",
	"o\xed\xa0\x80\n1\nROOT\n":               "not valid UTF-8",
	strings.Repeat("o", 256) + "\n1\nROOT\n": "the key name has 256 bytes, at most 255",
	"o\n\nROOT\n":                            "size of the checkpoint",
	"o\n01\nROOT\n":                          "size of the checkpoint",
	"o\n00\nROOT\n":                          "size of the checkpoint",
	"o\n-1\nROOT\n":                          "size of the checkpoint",
	"o\n+1\nROOT\n":                          "size of the checkpoint",
	"o\n1 \nROOT\n":                          "size of the checkpoint",
	"o\n0x1\nROOT\n":                         "size of the checkpoint",
	"o\n9223372036854775808\nROOT\n":         "size of the checkpoint",
	"o\n1\n\n":                               "root of the checkpoint",
	"o\n1\nROOTROOT\n":                       "root of the checkpoint",
	"o\n1\n ROOT\n":                          "root of the checkpoint",
	"o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n": "root of the checkpoint",
	"o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n": "root of the checkpoint",
}

func TestNoOtherTextIsACheckpoint(t *testing.T) {
	for text, want := range badCheckpoints {
		text = strings.ReplaceAll(text, "ROOT", leaf(0).String())
		got, err := tlog.ParseCheckpoint([]byte(text))
		if err == nil {
			t.Errorf("ParseCheckpoint(%q) = %+v", text, got)
			continue
		}
		wantError(t, err, want)
	}
}

// Package note reads the checkpoint that an ML-DSA-44 key signs by itself: what is
// one there is one here.
func TestWhatMLDSA44SignsIsACheckpoint(t *testing.T) {
	for text := range badCheckpoints {
		agreesOnSigning(t, []byte(strings.ReplaceAll(text, "ROOT", leaf(0).String())))
	}
	for _, c := range []tlog.Checkpoint{
		{Origin: "o", Root: tlog.EmptyRoot()},
		{Origin: strings.Repeat("o", note.MaxName), Size: tlog.MaxSize, Root: leaf(0)},
		{Origin: "Ledger/ä™", Size: 1, Root: leaf(1)},
	} {
		agreesOnSigning(t, c.Text())
	}
}

func agreesOnSigning(t *testing.T, text []byte) {
	t.Helper()
	cosigner, err := note.NewMLDSA44Key("witness.example", make([]byte, 1312))
	if err != nil {
		t.Fatal(err)
	}
	c, err := tlog.ParseCheckpoint(text)
	message, signErr := cosigner.CosignatureMessage(text, 1)
	if (err == nil) != (signErr == nil) {
		t.Fatalf("checkpoint %q: %v; as what is signed: %v", text, err, signErr)
	}
	if err == nil && !bytes.HasSuffix(message, append(binary.BigEndian.AppendUint64([]byte(c.Origin+"\x00\x00\x00\x00\x00\x00\x00\x00"), c.Size), c.Root[:]...)) {
		t.Fatalf("of the checkpoint %q is signed %q", text, message)
	}
}

// An origin may be whatever the name of a key may be.
func TestAnOriginIsAKeyName(t *testing.T) {
	for r := range rune(0x3100) {
		for _, origin := range []string{"o" + string(r), string(r) + "o"} {
			if r == '\n' {
				continue
			}
			c := tlog.Checkpoint{Origin: origin, Root: tlog.EmptyRoot()}
			_, err := tlog.ParseCheckpoint(c.Text())
			line := note.Signature{Name: origin, Bytes: []byte("signature")}
			_, nameErr := note.Parse(line.Append([]byte("text\n\n")))
			if (err == nil) != (nameErr == nil) {
				t.Errorf("origin %q: %v; as key name: %v", origin, err, nameErr)
			}
		}
	}
}

func TestASignedCheckpointIsTheNoteOfItsText(t *testing.T) {
	c, err := tlog.ParseSignedCheckpoint([]byte(checkpoint))
	if err != nil {
		t.Fatal(err)
	}
	if c.Origin != "example.com/behind-the-sofa" || c.Size != 20852163 || c.Root.String() != "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=" {
		t.Errorf("checkpoint is %+v", c.Checkpoint)
	}
	if string(c.Text()) != checkpointText || string(c.Note.Text) != checkpointText {
		t.Errorf("texts are %q and %q, not %q", c.Text(), c.Note.Text, checkpointText)
	}
	if len(c.Note.Signatures) != 1 || c.Note.Signatures[0].Name != c.Origin {
		t.Errorf("signatures are %+v", c.Note.Signatures)
	}
	if string(c.Bytes()) != checkpoint {
		t.Errorf("checkpoint is printed %q, not %q", c.Bytes(), checkpoint)
	}
	for name, bad := range map[string]string{
		"no signature":             checkpointText + "\n",
		"no empty line":            checkpointText + signatures,
		"extension line":           checkpointText + "extension\n\n" + signatures,
		"empty extension line":     checkpointText + "\n\n" + signatures,
		"bytes after the last LF":  checkpoint + "x",
		"last LF missing":          strings.TrimSuffix(checkpoint, "\n"),
		"CRLF":                     strings.ReplaceAll(checkpoint, "\n", "\r\n"),
		"another note":             "text\n\n" + signatures,
		"signature not canonical":  strings.Replace(checkpoint, "AYQ8=", "AYQ9=", 1),
		"leading zero in the size": strings.Replace(checkpoint, "20852163", "020852163", 1),
	} {
		if c, err := tlog.ParseSignedCheckpoint([]byte(bad)); err == nil {
			t.Errorf("%s: ParseSignedCheckpoint(%q) = %+v", name, bad, c)
		}
	}
}

func FuzzCheckpoint(f *testing.F) {
	f.Add([]byte(checkpoint))
	f.Add([]byte("o\n0\n" + tlog.EmptyRoot().String() + "\n\n— o AAAAAAA=\n— o AAAAAAA=\n"))
	for text := range badCheckpoints {
		f.Add([]byte(strings.ReplaceAll(text, "ROOT", leaf(0).String()) + "\n" + signatures))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := tlog.ParseCheckpoint(data); err == nil && !bytes.Equal(c.Text(), data) {
			t.Errorf("text %q is printed %q", data, c.Text())
		}
		agreesOnSigning(t, data)
		c, err := tlog.ParseSignedCheckpoint(data)
		if err != nil {
			return
		}
		if !bytes.Equal(c.Bytes(), data) || !bytes.Equal(c.Text(), c.Note.Text) {
			t.Errorf("checkpoint %q is printed %q, its text %q", data, c.Bytes(), c.Text())
		}
		// What is a note here is one there, where no key is known.
		var unverified *sumnote.UnverifiedNoteError
		if _, err := sumnote.Open(data, sumnote.VerifierList()); !errors.As(err, &unverified) {
			t.Errorf("checkpoint %q: sumdb says %v", data, err)
		}
	})
}

// maxCheckpoint returns a signed checkpoint of exactly note.MaxSize bytes.
func maxCheckpoint(t testing.TB) tlog.SignedCheckpoint {
	for name := range 4 {
		line := note.Signature{Name: strings.Repeat("n", name+1), Bytes: make([]byte, 2)}
		rest := note.MaxSize - len(line.Append([]byte(checkpointText+"\n")))
		if rest%4 != 0 {
			continue
		}
		line.Bytes = make([]byte, 2+rest/4*3)
		c, err := tlog.ParseSignedCheckpoint(line.Append([]byte(checkpointText + "\n")))
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Bytes()) != note.MaxSize {
			t.Fatalf("checkpoint has %d bytes, not %d", len(c.Bytes()), note.MaxSize)
		}
		return c
	}
	t.Fatal("no name makes the checkpoint fit")
	panic("unreachable")
}
