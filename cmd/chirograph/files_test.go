//go:build linux

package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
)

func cmdLike(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, args, 2)
	got, want := ts.ReadFile(args[0]), os.Expand(ts.ReadFile(args[1]), ts.Getenv)
	if why := likeness(got, want); why != "" {
		ts.Fatalf("%s and %s: %s", args[0], args[1], why)
	}
}

// cmdJSON follows a path of members and numbers, with dots between.
func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, args, 2)
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	decoder.UseNumber()
	var v any
	ts.Check(decoder.Decode(&v))
	if decoder.More() {
		ts.Fatalf("there is more than one value")
	}
	for _, step := range strings.Split(args[0], ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n >= len(at) {
				ts.Fatalf("no %s among %d", step, len(at))
			}
			v = at[n]
		default:
			ts.Fatalf("no %s in %v", step, at)
		}
	}
	if got := fmt.Sprint(v); got != args[1] {
		ts.Fatalf("%s is %s, want %s", args[0], got, args[1])
	}
}

func cmdCapture(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, args, 3)
	m := regexp.MustCompile(`(?m)` + args[2]).FindStringSubmatch(ts.ReadFile(args[1]))
	if len(m) != 2 {
		ts.Fatalf("%s: no match of %s with one group", args[1], args[2])
	}
	ts.Setenv(args[0], m[1])
}

// change writes what f makes of a file.
func change(ts *testscript.TestScript, name string, f func([]byte) []byte) {
	path := ts.MkAbs(name)
	b, err := os.ReadFile(path)
	ts.Check(err)
	ts.Check(os.WriteFile(path, f(b), 0o644))
}

func number(ts *testscript.TestScript, s string) int {
	n, err := strconv.Atoi(s)
	ts.Check(err)
	return n
}

func cmdFlip(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, args, 2)
	change(ts, args[0], func(b []byte) []byte {
		b[number(ts, args[1])] ^= 1
		return b
	})
}

func cmdCut(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, args, 2)
	change(ts, args[0], func(b []byte) []byte { return b[:len(b)-number(ts, args[1])] })
}

// cmdTamper changes a letter near the end of a file in a dossier, where a receipt
// has its signature, and sets the checksums right, so that no ZIP reader tells.
func cmdTamper(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, args, 2)
	change(ts, args[0], func(b []byte) []byte {
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		ts.Check(err)
		for _, f := range z.File {
			if !strings.HasSuffix(f.Name, "/"+args[1]) {
				continue
			}
			at, err := f.DataOffset()
			ts.Check(err)
			content := b[at : at+int64(f.UncompressedSize64)]
			letter := &content[max(0, len(content)-20)]
			if *letter == 'A' {
				*letter = 'B'
			} else {
				*letter = 'A'
			}
			old, sum := make([]byte, 4), make([]byte, 4)
			binary.LittleEndian.PutUint32(old, f.CRC32)
			binary.LittleEndian.PutUint32(sum, crc32.ChecksumIEEE(content))
			// Once in the local header, once in the directory.
			if n := bytes.Count(b, old); n != 2 {
				ts.Fatalf("%d places look like the checksum of %s", n, args[1])
			}
			return bytes.ReplaceAll(b, old, sum)
		}
		ts.Fatalf("%s has no %s", args[0], args[1])
		return nil
	})
}

func openDossier(ts *testscript.TestScript, name string) *dossier.Dossier {
	d, err := dossier.Open(ts.MkAbs(name))
	ts.Check(err)
	ts.Defer(func() { d.Close() })
	return d
}

func cmdBare(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, args, 2)
	d := openDossier(ts, args[0])
	bare, err := dossier.New(d.Contract(), d.Policy())
	ts.Check(err)
	ts.Check(bare.Save(ts.MkAbs(args[1])))
}

// signWith signs with the keys in these files.
func signWith(ts *testscript.TestScript, r *record.Record, files []string) *record.Record {
	for _, path := range files {
		key, err := keys.Open(ts.MkAbs(path), nil)
		ts.Check(err)
		r, err = r.Sign(key.Public(), key.Sign)
		ts.Check(err)
	}
	return r
}

func cmdLapse(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, args, 1)
	d := openDossier(ts, args[0])
	contract := d.Contract().Text()
	made := time.Now().Unix() - 2*24*60*60
	r, err := record.New(&record.Text{
		Kind: record.Statement, Ledger: contract.Ledger, Made: made, SignBy: made + 24*60*60,
		Contract: d.Contract().ID(), Parties: contract.Parties[:1], About: "delivery",
	})
	ts.Check(err)
	ts.Check(d.AddRecord(signWith(ts, r, args[1:])))
	ts.Check(d.Save(ts.MkAbs(args[0])))
}

func cmdSlip(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, args, 2)
	d := openDossier(ts, args[0])
	r, err := record.OpenDraft([]byte(ts.ReadFile(args[1])), note.PublicKey.Verify)
	ts.Check(err)
	ts.Check(d.AddRecord(r))
	ts.Check(d.Save(ts.MkAbs(args[0])))
}

func cmdPast(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, args, 2)
	d := openDossier(ts, args[0])
	text := *d.Contract().Text()
	text.Made = time.Now().Unix() - 2*24*60*60
	text.SignBy = text.Made + 24*60*60
	r, err := record.New(&text)
	ts.Check(err)
	r = signWith(ts, r, args[2:])
	past, err := dossier.New(r, d.Policy())
	ts.Check(err)
	for _, line := range text.Documents {
		source, _, ok := d.Document(d.Contract().ID(), line.Name)
		if !ok {
			ts.Fatalf("%s has no document %s", args[0], line.Name)
		}
		ts.Check(past.AddDocument(r.ID(), line.Name, source, d.Salt(d.Contract().ID(), line.Name)))
	}
	ts.Check(past.Save(ts.MkAbs(args[1])))
}
