package peers

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// programs is the folder of the programs that tests have built.
var programs string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	flag.Parse()
	for name, value := range map[string]string{"rapid.seed": "20260301", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	var err error
	if programs, err = os.MkdirTemp("", "peers"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(programs)
	return m.Run()
}

// builds are the ways to the programs, each gone once. Ours are those of this tree.
// Those of others are built as their authors released them, by their own go.mod, in
// the versions that ours names; omniwitness says itself why it cannot be.
var builds = map[string]func() error{
	"chirograph":        buildOurs,
	"chirograph-verify": buildOurs,
	"chirographd":       buildOurs,
	"litewitness":       sync.OnceValue(func() error { return install("filippo.io/torchwood", "cmd/litewitness") }),
	"fsck":              sync.OnceValue(func() error { return install("github.com/transparency-dev/tessera", "cmd/fsck") }),
	"posix":             sync.OnceValue(func() error { return install("github.com/transparency-dev/tessera", "cmd/experimental/mirror/posix") }),
	"omniwitness":       buildOmniwitness,
	"generate_keys":     buildOmniwitness,
}

var buildOurs = sync.OnceValue(func() error {
	return build(filepath.Join("..", ".."), "./cmd/chirograph", "./cmd/chirograph-verify", "./cmd/chirographd")
})

var buildOmniwitness = sync.OnceValue(func() error {
	const witness = "github.com/transparency-dev/witness/cmd/"
	return build("omniwitness", witness+"omniwitness", witness+"generate_keys")
})

// build builds packages of the module in dir.
func build(dir string, packages ...string) error {
	cmd := exec.Command("go", append([]string{"build", "-o", programs + string(filepath.Separator)}, packages...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s in %s: %w\n%s", cmd, dir, err, out)
	}
	return nil
}

// install builds a program of a module in the version that go.mod names.
func install(module, path string) error {
	version, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", module).Output()
	if err != nil {
		return fmt.Errorf("the version of %s: %w", module, err)
	}
	cmd := exec.Command("go", "install", module+"/"+path+"@"+strings.TrimSpace(string(version)))
	cmd.Env = append(os.Environ(), "GOBIN="+programs)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return nil
}

// debian says which package of Debian a program is in.
var debian = map[string]string{
	"sqlite3": "sqlite3", "ssh-add": "openssh-client", "ssh-agent": "openssh-client", "ssh-keygen": "openssh-client",
}

// program returns where a program is: one of Debian's, or one of builds.
func program(t testing.TB, name string) string {
	t.Helper()
	if pkg, ok := debian[name]; ok {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatalf("%s is not there: apt-get install %s", name, pkg)
		}
		return path
	}
	if err := builds[name](); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(programs, name)
}

// output runs a program to its end, and returns what it said on standard output.
func output(t testing.TB, env []string, name string, args ...string) string {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd := exec.Command(program(t, name), args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), env...), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, stdout.String(), stderr.String())
	}
	return stdout.String()
}
