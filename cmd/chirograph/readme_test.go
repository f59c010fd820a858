//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// A readmeLine is a command of the README's session, on one of its machines, with
// what it is to print.
type readmeLine struct {
	machine string
	command string
	output  string
}

var prompt = regexp.MustCompile(`^([a-z]+)\$ (.*)$`)

// session returns the commands in the blocks that begin with "```sh session".
func session(t *testing.T, readme string) []readmeLine {
	t.Helper()
	var lines []readmeLine
	inside, more := false, false
	for line := range strings.Lines(readme) {
		m := prompt.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		switch {
		case line == "```sh session\n":
			inside = true
		case strings.HasPrefix(line, "```"):
			inside = false
		case !inside:
		case m != nil:
			lines = append(lines, readmeLine{machine: m[1], command: m[2]})
		case len(lines) == 0:
			t.Fatalf("%q is no command and follows none", line)
		case more:
			lines[len(lines)-1].command += "\n" + strings.TrimSuffix(line, "\n")
		default:
			lines[len(lines)-1].output += line
		}
		more = inside && (m != nil || more) && strings.HasSuffix(line, "\\\n")
	}
	return lines
}

// The address at which the README has its ledger.
const readmeAddress = "127.0.0.1:8080"

// TestTheReadmesSessionIsTrue runs the session as it stands, each machine in a
// folder of its own, and replaces the address alone.
func TestTheReadmesSessionIsTrue(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(readme), "\n"); n > 150 {
		t.Errorf("the README has %d lines, 150 are allowed", n)
	}
	lines := session(t, string(readme))
	if len(lines) < 10 {
		t.Fatalf("the session has %d commands", len(lines))
	}
	dir, at := t.TempDir(), readmeAddress
	for _, l := range lines {
		if err := os.MkdirAll(filepath.Join(dir, l.machine), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range lines {
		c := exec.Command("sh", "-c", strings.ReplaceAll(l.command, readmeAddress, at))
		c.Dir = filepath.Join(dir, l.machine)
		c.Env = append(os.Environ(), "CHIROGRAPH_HOME="+filepath.Join(c.Dir, ".home"))
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no terminal, whoever runs this
		var output string
		if strings.HasPrefix(l.command, "chirographd serve ") {
			c.Args[2] = "exec " + strings.ReplaceAll(l.command, readmeAddress, "127.0.0.1:0")
			output = serveReadme(t, c)
			at = strings.TrimPrefix(address.FindString(output), "http://")
		} else {
			b, err := c.CombinedOutput()
			if err != nil {
				t.Fatalf("%s$ %s: %v\n%s", l.machine, l.command, err, b)
			}
			output = string(b)
		}
		if why := likeness(strings.ReplaceAll(output, at, readmeAddress), l.output); why != "" {
			t.Fatalf("%s$ %s: %s", l.machine, l.command, why)
		}
	}
}

// serveReadme runs a ledger until the test ends, and returns what it says first.
func serveReadme(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	p, err := start(c)
	if err != nil {
		t.Fatalf("%s: %v", c, err)
	}
	t.Cleanup(func() {
		if err := p.end(syscall.SIGTERM); err != nil {
			t.Errorf("%s: %v\n%s", c, err, p.stderr.String())
		}
	})
	return p.line
}
