package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/rules"
)

// The first line says what was found, before what is well.
func TestAuditSaysFirstWhatItFound(t *testing.T) {
	for _, c := range []struct {
		name, path, from, to, want string
	}{
		{"a contract's page", "/contracts/", `"in force"`, `"expired"`, "ledger.example: no: what it says of a contract is not what its log says; 1 entries break no rule\n"},
		{"a tile", "/tile/0/", "", "", "ledger.example: no: what it serves is not of the tree that it signed; 0 entries break no rule\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			s.register(s.contractText(), "ann.example", "dan.example")
			policy := filepath.Join(s.dir, "policy")
			s.must(os.WriteFile(policy, s.policy.Bytes(), 0o644))
			s.change = func(q *http.Request, body []byte) (int, []byte) {
				switch {
				case !strings.HasPrefix(q.URL.Path, c.path):
					return 0, nil
				case c.from == "":
					return http.StatusOK, make([]byte, len(body))
				}
				return http.StatusOK, []byte(strings.ReplaceAll(string(body), c.from, c.to))
			}
			if code := s.tool("audit", "--policy", policy, s.front.URL); code != exitNo || s.stdout.String() != c.want {
				t.Errorf("exit code %d\n%s%s", code, s.stdout.String(), s.stderr.String())
			}
		})
	}
	f := auditFinding{Rule: string(rules.Once), Index: 5}
	if got := f.says(); got != "entry 5 breaks the rule once" {
		t.Error(got)
	}
}
