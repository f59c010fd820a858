//go:build linux

package main

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

// resign signs a checkpoint with the key of the stage's ledger.
func (s *stage) resign(c tlog.Checkpoint) tlog.SignedCheckpoint {
	s.Helper()
	secret, err := keys.Generate(bytes.NewReader(bytes.Repeat([]byte{7}, 64)), "ledger.example")
	s.must(err)
	line, err := secret.Sign(c.Text())
	s.must(err)
	signed := tlog.SignedCheckpoint{Checkpoint: c, Note: note.Note{Text: c.Text(), Signatures: []note.Signature{s.key.Signature(line)}}}
	if _, err := s.policy.Checkpoint(signed); err != nil {
		s.Fatal(err)
	}
	return signed
}

// shows has the front show this checkpoint.
func (s *stage) shows(c tlog.SignedCheckpoint) {
	s.change = func(q *http.Request, _ []byte) (int, []byte) {
		if q.URL.Path != "/checkpoint" {
			return 0, nil
		}
		return http.StatusOK, c.Bytes()
	}
}

// Lines of the ledger's own key that are of another checkpoint, of other size or other
// root: under a checkpoint that is shown they make it none, alone and beside the true
// one; under evidence the true one is enough, and they alone are nothing.
func TestLinesOfTheLedgersKeyThatAreOfAnotherCheckpoint(t *testing.T) {
	s := newStage(t)
	policy := filepath.Join(s.dir, "policy")
	s.must(os.WriteFile(policy, s.policy.Bytes(), 0o644))
	look := func(code int, says string) {
		t.Helper()
		args := []string{"watch", "--once", "--policy", policy, "--state", filepath.Join(s.dir, "watched"), s.front.URL}
		if got := s.tool(args...); got != code || !strings.Contains(s.stdout.String(), says) {
			t.Fatalf("exit code %d, want %d\n%s%s", got, code, s.stdout.String(), s.stderr.String())
		}
	}
	s.register(s.contractText(), "ann.example", "dan.example")
	s.register(s.contractText(), "ann.example", "dan.example")
	look(0, "")
	shown, err := s.client.Checkpoint(t.Context())
	s.must(err)
	honest := shown.SignedCheckpoint
	larger, forked := honest.Checkpoint, honest.Checkpoint
	larger.Size = 7
	forked.Root = tlog.LeafHash([]byte("another"))
	others := map[string]note.Signature{
		"other size": s.resign(larger).Note.Signatures[0], "other root": s.resign(forked).Note.Signatures[0], "nothing": s.key.Signature(make([]byte, 64)),
	}
	for _, line := range others {
		for _, lines := range [][]note.Signature{{line}, {line, honest.Note.Signatures[0]}, {honest.Note.Signatures[0], line}} {
			c := honest
			c.Note.Signatures = lines
			s.shows(c)
			look(2, "")
		}
	}
	s.shows(honest)
	look(0, " reachable: the ledger can be read again")

	s.shows(s.resign(forked))
	look(1, "ALARM fork: ledger.example signed two trees: one of 2 entries, ")
	path := regexp.MustCompile(`evidence: (.*)\n`).FindStringSubmatch(s.stdout.String())[1]
	evidence, err := os.ReadFile(path)
	s.must(err)
	judge := func(name string, code int, change func(c tlog.SignedCheckpoint) []note.Signature) {
		t.Helper()
		charge, err := verify.ParseEvidence(evidence)
		s.must(err)
		charge.Checkpoint.Note.Signatures = change(charge.Checkpoint)
		charge.Consistency.Checkpoint.Note.Signatures = change(charge.Consistency.Checkpoint)
		s.must(os.WriteFile(path, charge.Bytes(), 0o644))
		program := exec.Command("chirograph-verify", "evidence", "--policy", policy, path)
		out, err := program.CombinedOutput()
		if got := program.ProcessState.ExitCode(); got != code {
			t.Errorf("%s: exit code %d, want %d: %s, %v", name, got, code, out, err)
		}
	}
	judge("as it was written", 0, func(c tlog.SignedCheckpoint) []note.Signature {
		if len(c.Note.Signatures) != 1 {
			t.Errorf("%d lines in evidence", len(c.Note.Signatures))
		}
		return c.Note.Signatures
	})
	for name, line := range others {
		if name == "other root" {
			continue // is of the one checkpoint of the fork
		}
		judge("beside "+name, 0, func(c tlog.SignedCheckpoint) []note.Signature { return []note.Signature{line, c.Note.Signatures[0]} })
		judge(name+" alone", 2, func(tlog.SignedCheckpoint) []note.Signature { return []note.Signature{line} })
	}
}
