//go:build linux

package engines

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// programs is the folder of what is built. It is there while Main runs.
var programs string

// Main runs the tests of a package that starts engines, and returns their exit code. It
// is what a TestMain gives to os.Exit.
func Main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "engines")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	programs = dir
	return m.Run()
}

// versitygw returns the path of the gateway, which it builds once, as its authors released
// it, by its own go.mod, in the version that ours names.
var versitygw = sync.OnceValues(func() (string, error) {
	const module = "github.com/versity/versitygw"
	if programs == "" {
		return "", fmt.Errorf("there is no folder to build %s in: TestMain has to run engines.Main", module)
	}
	version, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", module).Output()
	if err != nil {
		return "", fmt.Errorf("the version of %s: %w", module, err)
	}
	cmd := exec.Command("go", "install", module+"/cmd/versitygw@"+strings.TrimSpace(string(version)))
	cmd.Env = append(os.Environ(), "GOBIN="+programs)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return filepath.Join(programs, "versitygw"), nil
})
