package tlog_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
)

func hashLines(n int) (hashes []tlog.Hash, lines string) {
	for i := range n {
		hashes = append(hashes, leaf(i))
		lines += leaf(i).String() + "\n"
	}
	return hashes, lines
}

func signedCheckpoint(t testing.TB) tlog.SignedCheckpoint {
	c, err := tlog.ParseSignedCheckpoint([]byte(checkpoint))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAProofHasOneText(t *testing.T) {
	for _, extra := range [][]byte{nil, {0}, []byte("extra"), make([]byte, tlog.MaxEntry)} {
		for _, index := range []uint64{0, 73894, tlog.MaxSize} {
			for _, n := range []int{0, 1, 2, tlog.MaxHashes} {
				hashes, lines := hashLines(n)
				want := tlog.Proof{Extra: extra, Index: index, Hashes: hashes, Checkpoint: signedCheckpoint(t)}
				text := "c2sp.org/tlog-proof@v1\n"
				if extra != nil {
					text += "extra " + base64.StdEncoding.EncodeToString(extra) + "\n"
				}
				text += fmt.Sprintf("index %d\n%s\n%s", index, lines, checkpoint)
				if got := string(want.Bytes()); got != text {
					t.Fatalf("proof is printed %q, not %q", got, text)
				}
				if got, err := tlog.ParseProof([]byte(text)); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("ParseProof(%.200q) = %+v, %v, not %+v", text, got, err, want)
				}
			}
		}
	}
	none := tlog.Proof{Extra: []byte{}, Checkpoint: signedCheckpoint(t)}
	if got, err := tlog.ParseProof(none.Bytes()); err != nil || got.Extra != nil {
		t.Errorf("extra of no bytes is printed and read as %#v, %v", got.Extra, err)
	}
}

func TestAConsistencyHasOneText(t *testing.T) {
	for _, old := range []uint64{0, 20852014, tlog.MaxSize} {
		for _, n := range []int{0, 1, 2, tlog.MaxHashes} {
			hashes, lines := hashLines(n)
			want := tlog.Consistency{Old: old, Hashes: hashes, Checkpoint: signedCheckpoint(t)}
			text := fmt.Sprintf("old %d\n%s\n%s", old, lines, checkpoint)
			if got := string(want.Bytes()); got != text {
				t.Fatalf("consistency is printed %q, not %q", got, text)
			}
			if got, err := tlog.ParseConsistency([]byte(text)); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("ParseConsistency(%q) = %+v, %v, not %+v", text, got, err, want)
			}
		}
	}
}

// In these texts, V is the first line of a proof, H the line of a hash, H63 and
// H64 so many of them, and C a signed checkpoint.
var badProofs = map[string]string{
	"":                                     "no empty line",
	"C":                                    "begins with the line",
	"\n\nC":                                "begins with the line",
	"V":                                    "no empty line",
	"Vindex 5\nH":                          "no empty line",
	"Vindex 5\nHC":                         "line 2: hash \"example.com/behind-the-sofa\"",
	"V\nC":                                 "where index belongs",
	"index 5\nH\nC":                        "begins with the line",
	" Vindex 5\nH\nC":                      "begins with the line",
	"c2sp.org/tlog-proof@v2\nindex 5\n\nC": "begins with the line \"c2sp.org/tlog-proof@v2\"",
	"c2sp.org/tlog-proof@v1\r\nindex 5\r\n\r\nC": "begins with the line",
	"Vextra AAAA\n\nC":                           "where index belongs",
	"Vextra \nindex 5\n\nC":                      "extra line of the proof is empty",
	"Vextra\nindex 5\n\nC":                       "where index belongs",
	"Vextra AAB=\nindex 5\n\nC":                  "not canonical base64",
	"Vextra AAA\nindex 5\n\nC":                   "not canonical base64",
	"Vextra AA-_\nindex 5\n\nC":                  "not canonical base64",
	"Vextra AAAA\r\nindex 5\n\nC":                "not in its one form",
	"Vextra  AAAA\nindex 5\n\nC":                 "not canonical base64",
	"Vextra AAAA \nindex 5\n\nC":                 "not canonical base64",
	"Vextra AAAA\nextra AAAA\nindex 5\n\nC":      "where index belongs",
	"Vindex 5\nextra AAAA\n\nC":                  "line 1: hash \"extra AAAA\"",
	"Vindex 5\nindex 5\n\nC":                     "line 1: hash \"index 5\"",
	"Vindex \n\nC":                               "index of the proof",
	"Vindex 05\n\nC":                             "index of the proof",
	"Vindex 005\n\nC":                            "index of the proof",
	"Vindex -5\n\nC":                             "index of the proof",
	"Vindex  5\n\nC":                             "index of the proof",
	"Vindex 5 \n\nC":                             "index of the proof",
	"Vindex 5\r\n\nC":                            "index of the proof",
	"Vindex 9223372036854775808\n\nC":            "index of the proof",
	"VIndex 5\n\nC":                              "where index belongs",
	"Vindex 5\nHHx\n\nC":                         "line 3: hash \"x\"",
	"Vindex 5\n H\nC":                            "line 1: hash",
	"Vindex 5\nH64\nC":                           "has 64 hashes, at most 63 are allowed",
	"Vindex 5\nH\n\nC":                           "checkpoint has 4 line feeds",
	"Vindex 5\nH\n":                              "note has no",
	"Vindex 5\nH\nCx":                            "line feed",
	"Vindex 5\nH\nC\n":                           "signed checkpoint",
	"Vindex 5\nH\nCC":                            "line feeds",
}

var badConsistencies = map[string]string{
	"":                             "no empty line",
	"C":                            "where old belongs",
	"\n\nC":                        "where old belongs",
	"old 5\nH":                     "no empty line",
	"5\nH\nC":                      "where old belongs",
	"old\nH\nC":                    "where old belongs",
	"Old 5\nH\nC":                  "where old belongs",
	"old \nH\nC":                   "old size of the consistency proof",
	"old 05\nH\nC":                 "old size of the consistency proof",
	"old -5\nH\nC":                 "old size of the consistency proof",
	"old 5 \nH\nC":                 "old size of the consistency proof",
	"old 5\r\nH\nC":                "old size of the consistency proof",
	"old 9223372036854775808\n\nC": "old size of the consistency proof",
	"old 5\nold 5\n\nC":            "line 1: hash \"old 5\"",
	"old 5\nHx\n\nC":               "line 2: hash \"x\"",
	"old 5\nH64\nC":                "has 64 hashes, at most 63 are allowed",
	"old 5\nH\n\nC":                "checkpoint has 4 line feeds",
	"old 5\nH\n":                   "note has no",
	"old 5\nH\nC\n":                "signed checkpoint",
	"old 5\nH\nCx":                 "line feed",
}

func expand(text string) string {
	_, h63 := hashLines(tlog.MaxHashes)
	_, h64 := hashLines(tlog.MaxHashes + 1)
	return strings.NewReplacer("V", "c2sp.org/tlog-proof@v1\n", "H64", h64, "H63", h63, "H", leaf(0).String()+"\n", "C", checkpoint).Replace(text)
}

func TestNoOtherTextIsAProof(t *testing.T) {
	for text, want := range badProofs {
		text = expand(text)
		p, err := tlog.ParseProof([]byte(text))
		if err == nil {
			t.Errorf("ParseProof(%q) = %+v", text, p)
			continue
		}
		t.Run(text[:min(len(text), 60)], func(t *testing.T) { wantError(t, err, want) })
	}
	for text, want := range badConsistencies {
		text = expand(text)
		c, err := tlog.ParseConsistency([]byte(text))
		if err == nil {
			t.Errorf("ParseConsistency(%q) = %+v", text, c)
			continue
		}
		t.Run(text[:min(len(text), 60)], func(t *testing.T) { wantError(t, err, want) })
	}
}

func TestAProofIsBounded(t *testing.T) {
	hashes, _ := hashLines(tlog.MaxHashes)
	p := tlog.Proof{Extra: make([]byte, tlog.MaxEntry), Index: tlog.MaxSize, Hashes: hashes, Checkpoint: maxCheckpoint(t)}
	text := p.Bytes()
	if len(text) != tlog.MaxProof {
		t.Errorf("the longest proof has %d bytes, not %d", len(text), tlog.MaxProof)
	}
	if got, err := tlog.ParseProof(text); err != nil || !bytes.Equal(got.Bytes(), text) {
		t.Errorf("the longest proof: %v", err)
	}
	_, err := tlog.ParseProof(append(text, '\n'))
	wantError(t, err, fmt.Sprintf("proof has %d bytes, at most %d are allowed", tlog.MaxProof+1, tlog.MaxProof))

	p = tlog.Proof{Extra: make([]byte, tlog.MaxEntry+1), Checkpoint: signedCheckpoint(t)}
	_, err = tlog.ParseProof(p.Bytes())
	wantError(t, err, "extra line of the proof has 65536 bytes, at most 65535 are allowed")

	c := tlog.Consistency{Old: tlog.MaxSize, Hashes: hashes, Checkpoint: maxCheckpoint(t)}
	text = c.Bytes()
	if len(text) != tlog.MaxConsistency {
		t.Errorf("the longest consistency proof has %d bytes, not %d", len(text), tlog.MaxConsistency)
	}
	if got, err := tlog.ParseConsistency(text); err != nil || !bytes.Equal(got.Bytes(), text) {
		t.Errorf("the longest consistency proof: %v", err)
	}
	_, err = tlog.ParseConsistency(append(text, '\n'))
	wantError(t, err, fmt.Sprintf("consistency proof has %d bytes, at most %d are allowed", tlog.MaxConsistency+1, tlog.MaxConsistency))

	_, err = tlog.ParseProof([]byte("c2sp.org/tlog-proof@v1\nindex 5\n\n" + strings.Repeat("x", note.MaxSize+1)))
	wantError(t, err, "note has 1000001 bytes, at most 1000000 are allowed")
}

func TestAReadProofOwnsItsHashesAndExtra(t *testing.T) {
	data := []byte(expand("Vextra AAAA\nindex 5\nH\nC"))
	p, err := tlog.ParseProof(data)
	if err != nil {
		t.Fatal(err)
	}
	clear(data)
	if p.Hashes[0] != leaf(0) || !bytes.Equal(p.Extra, []byte{0, 0, 0}) || p.Checkpoint.Size != 20852163 {
		t.Errorf("proof is %+v after the text was overwritten", p)
	}
}

func FuzzProof(f *testing.F) {
	f.Add([]byte(expand("Vextra AAAA\nindex 5\nHH\nC")))
	f.Add([]byte(expand("Vindex 0\n\nC")))
	f.Add([]byte(expand("Vindex 5\nH63\nC")))
	for text := range badProofs {
		f.Add([]byte(expand(text)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := tlog.ParseProof(data)
		if err != nil {
			return
		}
		if got := p.Bytes(); !bytes.Equal(got, data) {
			t.Errorf("proof %q is printed %q", data, got)
		}
		// It may be false, but verifying says so.
		_ = tlog.VerifyInclusion(leaf(0), p.Index, p.Checkpoint.Size, p.Hashes, p.Checkpoint.Root)
	})
}

func FuzzConsistency(f *testing.F) {
	f.Add([]byte(expand("old 5\nHH\nC")))
	f.Add([]byte(expand("old 0\n\nC")))
	f.Add([]byte(expand("old 5\nH63\nC")))
	for text := range badConsistencies {
		f.Add([]byte(expand(text)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := tlog.ParseConsistency(data)
		if err != nil {
			return
		}
		if got := c.Bytes(); !bytes.Equal(got, data) {
			t.Errorf("consistency %q is printed %q", data, got)
		}
		_ = tlog.VerifyConsistency(c.Old, leaf(0), c.Checkpoint.Size, c.Checkpoint.Root, c.Hashes)
	})
}
