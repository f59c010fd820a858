package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

const (
	origin = "ledger.example"
	seenAt = 1_780_000_000 // 2026-05-28T20:26:40Z
)

// edKey returns the key of a name whose secret is 32 times b.
func edKey(t *testing.T, name string, typ note.Type, b byte) (note.Key, func(message []byte) []byte) {
	t.Helper()
	secret := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, ed25519.SeedSize))
	public, err := note.ParsePublicKey(secret.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	k, err := note.NewKey(name, typ, public)
	if err != nil {
		t.Fatal(err)
	}
	return k, func(message []byte) []byte { return ed25519.Sign(secret, message) }
}

// checkpoint prints a checkpoint that the ledger signed by both of its keys, and a
// witness cosigned.
func checkpoint(t *testing.T, c tlog.Checkpoint) (signed tlog.SignedCheckpoint, log, own, witness note.Key) {
	t.Helper()
	log, sign := edKey(t, origin, note.Ed25519, 1)
	witness, cosign := edKey(t, "w1.example", note.Cosignature, 2)
	secret, err := keys.GenerateMLDSA44(bytes.NewReader(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	if own, err = secret.Key(origin); err != nil {
		t.Fatal(err)
	}
	message, err := own.CosignatureMessage(c.Text(), seenAt+9)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := secret.Sign(message)
	if err != nil {
		t.Fatal(err)
	}
	n := note.Note{Text: c.Text(), Signatures: []note.Signature{
		log.Signature(sign(c.Text())),
		own.Signature(note.CosignatureBytes(seenAt+9, sig)),
		witness.Signature(note.CosignatureBytes(seenAt, cosign(note.CosignatureMessage(c.Text(), seenAt)))),
	}}
	return tlog.SignedCheckpoint{Checkpoint: c, Note: n}, log, own, witness
}

func TestWhoVouchesForATreeIsSaid(t *testing.T) {
	first, second := tlog.LeafHash([]byte("first")), tlog.LeafHash([]byte("second"))
	old, log, own, witness := checkpoint(t, tlog.Checkpoint{Origin: origin, Size: 1, Root: first})
	newer, _, _, _ := checkpoint(t, tlog.Checkpoint{Origin: origin, Size: 2, Root: tlog.NodeHash(first, second)})
	proof := tlog.Consistency{Old: 1, Hashes: []tlog.Hash{second}, Checkpoint: newer}
	head := "log " + log.String() + "\nwitness ledger " + own.String() + "\nwitness w1 " + witness.String() + "\n"
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	oldFile, proofFile := write("old", old.Bytes()), write("proof", proof.Bytes())
	for _, c := range []struct{ name, quorum, want, seenBy string }{
		{"none", "quorum none\n", "quorum none: one key vouches for these trees; others may have been shown another", ""},
		{"ledger", "quorum ledger\n", "the ledger's own word alone meets the quorum ledger: nobody else vouches for these trees; others may have been shown another", ""},
		{"any", "group g any ledger w1\nquorum g\n", "the ledger's own word alone meets the quorum g: nobody else vouches", ""},
		{"all", "group g all ledger w1\nquorum g\n", "the quorum g had seen the newer by 2026-05-28T20:26:40Z", "2026-05-28T20:26:40Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := []string{"consistency", "--policy", write(c.name+".policy", []byte(head+c.quorum)), oldFile, proofFile}
			var stdout, stderr bytes.Buffer
			if code := run(args, &stdout, &stderr); code != exitYes || !strings.Contains(stdout.String(), "  "+c.want) {
				t.Errorf("exit code %d, says %s%s", code, stdout.String(), stderr.String())
			}
			stdout.Reset()
			if code := run(append(args, "--json"), &stdout, &stderr); code != exitYes {
				t.Fatalf("exit code %d: %s", code, stderr.String())
			}
			var r consistencyResult
			if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if r.Verdict != verify.Yes || r.SeenBy != c.seenBy || r.LedgerOnly != (c.seenBy == "") {
				t.Errorf("result is %s", stdout.String())
			}
		})
	}
}
