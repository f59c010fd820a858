package keys

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestImports(t *testing.T) {
	const module = "github.com/chirograph/chirograph/"
	allowed := map[string]bool{module + "crypto/keys": true, module + "crypto/note": true, module + "crypto/publickey": true}
	for _, goos := range []string{"linux", "windows"} {
		list := exec.Command("go", "list", "-deps", ".")
		list.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
		out, err := list.Output()
		if err != nil {
			t.Fatal(err)
		}
		for p := range strings.Lines(string(out)) {
			p = strings.TrimSpace(p)
			if strings.HasPrefix(p, module) && !allowed[p] || p == "net/http" || strings.Contains(p, "/pebble") {
				t.Errorf("%s: crypto/keys reaches %s", goos, p)
			}
		}
	}
}
