package expanded

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/chirograph/chirograph/"

func deps(t *testing.T, paths ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}"}, paths...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

func TestExpandedKeysReachNotesAndPointsAlone(t *testing.T) {
	for _, path := range deps(t, ".") {
		if path != module+"crypto/expanded" && path != module+"crypto/note" && !strings.HasPrefix(path, "filippo.io/") {
			t.Errorf("crypto/expanded reaches %s", path)
		}
	}
}

// What verifies offline, and what parties sign with, has its signatures from the
// standard library.
func TestWhatVerifiesOfflineDoesNotReachExpandedKeys(t *testing.T) {
	for _, path := range []string{"verify", "cmd/chirograph-verify", "crypto/note", "crypto/tlog", "crypto/publickey", "crypto/keys", "ledger/record", "ledger/rules", "ledger/dossier"} {
		found := deps(t, module+path)
		if !slices.Contains(found, module+path) {
			t.Fatalf("go list says %q", found)
		}
		if slices.Contains(found, module+"crypto/expanded") {
			t.Errorf("%s reaches crypto/expanded", path)
		}
	}
}
