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
// it, by its own go.mod, from the module that ours names. What has been fetched before is
// not asked for again.
var versitygw = sync.OnceValues(func() (string, error) {
	const module = "github.com/versity/versitygw"
	if programs == "" {
		return "", fmt.Errorf("there is no folder to build %s in: TestMain has to run engines.Main", module)
	}
	if out, err := exec.Command("go", "mod", "download", module).CombinedOutput(); err != nil {
		return "", fmt.Errorf("fetching %s: %w\n%s", module, err, out)
	}
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return "", fmt.Errorf("the sources of %s: %w", module, err)
	}
	program := filepath.Join(programs, "versitygw")
	cmd := exec.Command("go", "build", "-o", program, "./cmd/versitygw")
	cmd.Dir = strings.TrimSpace(string(dir))
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return program, nil
})
