package publickey_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestWhatFindsAPublicKeyReachesNoNetworkAndNoSecret(t *testing.T) {
	const module = "github.com/chirograph/chirograph/"
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, module+"crypto/note") {
		t.Fatalf("go list says %q", deps)
	}
	for _, dep := range deps {
		path, ours := strings.CutPrefix(dep, module)
		if ours && path != "crypto/publickey" && path != "crypto/note" || dep == "net" || strings.HasPrefix(dep, "golang.org/x/crypto/") {
			t.Errorf("crypto/publickey reaches %s", dep)
		}
	}
}
