//go:build linux

package keys

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"
)

// childRole says, in the environment, what the test binary is run again for.
const childRole = "KEYS_TEST_CHILD"

func TestMain(m *testing.M) {
	role, argument, _ := strings.Cut(os.Getenv(childRole), ":")
	switch role {
	case "":
		os.Exit(m.Run())
	case "passphrase":
		printPassphrase(Passphrase("Passphrase: "))
	case "new":
		printPassphrase(NewPassphrase("New: ", "Again: "))
	case "write":
		writeWithin(argument)
	case "dumps":
		printDumps()
	case "die":
		panicWith(argument)
	}
}

func printPassphrase(p []byte, err error) {
	switch {
	case errors.Is(err, ErrNoTerminal):
		fmt.Print("no terminal")
	case errors.Is(err, ErrInterrupted):
		fmt.Print("interrupted")
	case err != nil:
		fmt.Print(err)
	default:
		fmt.Printf("%q", p)
	}
}

// writeWithin writes a key where no file may have more than 200 bytes.
func writeWithin(path string) {
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		fmt.Print(err)
		return
	}
	k, err := Generate(bytes.NewReader(make([]byte, 32)), "alice")
	if err != nil {
		fmt.Print(err)
		return
	}
	narrow := syscall.Rlimit{Cur: 200, Max: limit.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &narrow); err != nil {
		fmt.Print(err)
		return
	}
	err = k.WriteFiles(path, nil)
	syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
	fmt.Print(errors.Is(err, syscall.EFBIG))
}

// child returns a command that runs this binary in a session of its own.
func child(role string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childRole+"="+role)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

func TestHalfWrittenKeyIsRemoved(t *testing.T) {
	path := t.TempDir() + "/key"
	out, err := child("write:" + path).CombinedOutput()
	if err != nil || string(out) != "true" {
		t.Fatalf("%s, %v: the file was not too large", out, err)
	}
	for _, p := range []string{path, path + ".pub"} {
		if _, err := os.Stat(p); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was left: %v", p, err)
		}
	}
}

// A console is a terminal with a process before it.
type console struct {
	t      *testing.T
	screen *os.File // the person's side: what is shown, and the keyboard
	tty    *os.File
	before *term.State
	cmd    *exec.Cmd
	result bytes.Buffer // standard output
	shown  bytes.Buffer
}

// startConsole runs the child with a terminal of its own, which is neither its
// standard input nor its standard output.
func startConsole(t *testing.T, role string) *console {
	t.Helper()
	screen, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close(); tty.Close() })
	before, err := term.GetState(int(tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	c := &console{t: t, screen: screen, tty: tty, before: before, cmd: child(role)}
	c.cmd.Stdin = strings.NewReader("from standard input\n")
	c.cmd.Stdout = &c.result
	c.cmd.Stderr = tty
	c.cmd.SysProcAttr.Setctty, c.cmd.SysProcAttr.Ctty = true, 2
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(time.Minute, func() { c.cmd.Process.Kill(); screen.Close() })
	t.Cleanup(func() { timer.Stop() })
	return c
}

// await reads the screen up to text.
func (c *console) await(text string) {
	c.t.Helper()
	var b [1]byte
	for at := c.shown.Len(); !strings.HasSuffix(c.shown.String()[at:], text); {
		if _, err := io.ReadFull(c.screen, b[:]); err != nil {
			c.t.Fatalf("the screen shows %q, not %q: %v", c.shown.String(), text, err)
		}
		c.shown.WriteByte(b[0])
	}
}

func (c *console) press(keys string) {
	c.t.Helper()
	if _, err := io.WriteString(c.screen, keys); err != nil {
		c.t.Fatal(err)
	}
}

// end waits for the process and checks all that was shown, what the process
// got, and that the terminal is as it was.
func (c *console) end(shown, result string) {
	c.t.Helper()
	if err := c.cmd.Wait(); err != nil {
		c.t.Errorf("%v", err)
	}
	after, err := term.GetState(int(c.tty.Fd()))
	if err != nil {
		c.t.Fatal(err)
	}
	if !reflect.DeepEqual(after, c.before) {
		c.t.Errorf("the terminal was in the state %v, is left in %v", c.before, after)
	}
	// What the child wrote is in the terminal; a mark after it ends the reading.
	const mark = "<end>"
	if _, err := io.WriteString(c.tty, mark); err != nil {
		c.t.Fatal(err)
	}
	c.await(mark)
	if got := strings.TrimSuffix(c.shown.String(), mark); got != shown {
		c.t.Errorf("the screen showed %q, want %q", got, shown)
	}
	if c.result.String() != result {
		c.t.Errorf("the process got %s, want %s", c.result.String(), result)
	}
}

func TestPassphraseIsNotShown(t *testing.T) {
	c := startConsole(t, "passphrase")
	c.await("Passphrase: ")
	c.press("corect\x7f\x7f\x7frect horse\r")
	c.end("Passphrase: \r\n", `"correct horse"`)
}

func TestCtrlZDoesNotSuspendAsking(t *testing.T) {
	c := startConsole(t, "passphrase")
	c.await("Passphrase: ")
	c.press("a\x1ab\r")
	c.end("Passphrase: \r\n", `"ab"`)
}

func TestInterruptRestoresTheTerminal(t *testing.T) {
	for _, key := range []string{"\x03", "\x04", "\x1c"} {
		c := startConsole(t, "passphrase")
		c.await("Passphrase: ")
		c.press("secret" + key)
		c.end("Passphrase: \r\n", "interrupted")
	}
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		c := startConsole(t, "passphrase")
		c.await("Passphrase: ")
		if err := c.cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		c.end("Passphrase: \r\n", "interrupted")
	}
}

func TestNewPassphraseIsTypedTwice(t *testing.T) {
	c := startConsole(t, "new")
	for _, line := range []string{"one", "two"} {
		c.await(": ")
		c.press(line + "\r")
	}
	c.await("New: ")
	c.press("\r")
	c.await("New: ")
	c.press("three\r")
	c.await("Again: ")
	c.press("three\r")
	c.end("New: \r\nAgain: \r\nThe two are not the same; try again.\r\n"+
		"New: \r\nThe passphrase is empty; try again.\r\n"+
		"New: \r\nAgain: \r\n", `"three"`)
}

func TestNewPassphraseGivesUp(t *testing.T) {
	c := startConsole(t, "new")
	for range maxAttempts {
		c.await("New: ")
		c.press("one\r")
		c.await("Again: ")
		c.press("two\r")
	}
	const attempt = "New: \r\nAgain: \r\nThe two are not the same; try again.\r\n"
	c.end(strings.Repeat(attempt, maxAttempts), "no passphrase was typed twice in 3 attempts")

	c = startConsole(t, "new")
	c.await("New: ")
	c.press("one\r")
	c.await("Again: ")
	c.press("\x03")
	c.end("New: \r\nAgain: \r\n", "interrupted")
}

func TestWithoutATerminalNobodyIsAsked(t *testing.T) {
	for _, role := range []string{"passphrase", "new"} {
		cmd := child(role)
		cmd.Stdin = strings.NewReader("from standard input\n")
		out, err := cmd.CombinedOutput()
		if err != nil || string(out) != "no terminal" {
			t.Errorf("%s: %q, %v", role, out, err)
		}
	}
}
