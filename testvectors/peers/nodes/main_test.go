//go:build linux

package nodes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chirograph/chirograph/testvectors/peers/engines"
)

// programs is the folder of chirographd, which can err, and chirograph.
var programs string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "nodes"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(programs)
	cmd := exec.Command("go", "build", "-tags", "skew", "-o", programs+string(filepath.Separator), "./cmd/chirograph", "./cmd/chirographd")
	cmd.Dir = filepath.Join("..", "..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n%s", cmd, err, out)
		return 1
	}
	return engines.Main(m)
}

func program(name string) string { return filepath.Join(programs, name) }

// say runs a program to its end, and returns what it said on both outputs.
func say(env []string, name string, args ...string) (string, error) {
	cmd := exec.Command(program(name), args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %q: %w\n%s", name, args, err, out)
	}
	return string(out), err
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
