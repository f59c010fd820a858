package keys

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"unicode/utf8"

	"golang.org/x/term"
)

const (
	maxPassphrase = 1024 // bytes: a paste by mistake ends here
	maxAttempts   = 3    // at a new passphrase, as at a login
)

var (
	// ErrNoTerminal is the error where nobody can be asked.
	ErrNoTerminal = errors.New("there is no terminal to ask for a passphrase")
	// ErrInterrupted is the error when the answer was Ctrl-C, Ctrl-D or a signal.
	ErrInterrupted = errors.New("interrupted")
)

// Passphrase writes prompt to the terminal of the process, whatever its standard
// input and output are, and returns the line that is typed there, at most 1,024
// bytes, without echo. The terminal is as it was when Passphrase returns, after
// an interrupt too. The caller overwrites the result.
func Passphrase(prompt string) ([]byte, error) {
	t, err := openTerminal()
	if err != nil {
		return nil, err
	}
	defer t.close()
	return t.ask(prompt)
}

// NewPassphrase is [Passphrase] for a passphrase that is not empty and that is
// typed twice: first at prompt, then at again.
func NewPassphrase(prompt, again string) ([]byte, error) {
	t, err := openTerminal()
	if err != nil {
		return nil, err
	}
	defer t.close()
	for range maxAttempts {
		first, err := t.ask(prompt)
		if err != nil {
			return nil, err
		}
		if len(first) == 0 {
			t.say("The passphrase is empty; try again.")
			continue
		}
		second, err := t.ask(again)
		if err != nil {
			clear(first)
			return nil, err
		}
		same := subtle.ConstantTimeCompare(first, second) == 1
		clear(second)
		if same {
			return first, nil
		}
		clear(first)
		t.say("The two are not the same; try again.")
	}
	return nil, fmt.Errorf("no passphrase was typed twice in %d attempts", maxAttempts)
}

// A terminal is the controlling terminal: in and out may be one file.
type terminal struct{ in, out *os.File }

func openTerminal() (terminal, error) {
	in, out, err := openConsole()
	if err != nil {
		return terminal{}, fmt.Errorf("%w: %w", ErrNoTerminal, err)
	}
	t := terminal{in, out}
	if !term.IsTerminal(int(in.Fd())) {
		t.close()
		return terminal{}, fmt.Errorf("%w: %s is none", ErrNoTerminal, in.Name())
	}
	return t, nil
}

func (t terminal) close() {
	t.in.Close()
	t.out.Close()
}

func (t terminal) say(line string) { fmt.Fprint(t.out, line, "\n") }

// ask returns one line. In raw mode there is neither echo nor suspension, after
// which a shell might bring the terminal back with its echo; Ctrl-C is a
// character.
func (t terminal) ask(prompt string) ([]byte, error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, interrupts...)
	defer signal.Stop(signals)
	fd := int(t.in.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return nil, fmt.Errorf("turning off the echo of the terminal: %w", err)
	}
	defer t.say("")
	defer term.Restore(fd, before)
	if _, err := io.WriteString(t.out, prompt); err != nil {
		return nil, fmt.Errorf("asking on the terminal: %w", err)
	}
	type answer struct {
		line []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := readLine(t.in)
		answers <- answer{line, err}
	}()
	select {
	case a := <-answers:
		return a.line, a.err
	case <-signals:
		// The reader stays in its read, which on many systems nothing ends
		// but the end of the process, which is near.
		return nil, ErrInterrupted
	}
}

// The characters that a terminal in raw mode leaves to its reader.
const (
	ctrlC     = 'C' - '@'
	ctrlD     = 'D' - '@'
	ctrlU     = 'U' - '@'
	backslash = '\\' - '@'
	backspace = 'H' - '@'
	del       = 0x7f
)

// readLine reads up to a line end, which it leaves out, as a terminal would:
// erasing a character, or with Ctrl-U all. Other control characters are left
// out, since not every program takes them the same way.
func readLine(r io.Reader) ([]byte, error) {
	// Of full size from the start, so that no outgrown copy is left behind.
	line := make([]byte, 0, maxPassphrase+1)
	fail := func(err error) ([]byte, error) {
		clear(line[:cap(line)])
		return nil, err
	}
	var b [1]byte
	defer clear(b[:])
	for {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return fail(fmt.Errorf("reading from the terminal: %w", err))
		}
		switch c := b[0]; {
		case c == '\r' || c == '\n':
			return line, nil
		case c == ctrlC || c == ctrlD || c == backslash:
			return fail(ErrInterrupted)
		case c == ctrlU:
			clear(line)
			line = line[:0]
		case c == del || c == backspace:
			_, n := utf8.DecodeLastRune(line)
			clear(line[len(line)-n:])
			line = line[:len(line)-n]
		case c < ' ':
		default:
			line = append(line, c)
		}
		if len(line) > maxPassphrase {
			return fail(fmt.Errorf("a passphrase of more than %d bytes", maxPassphrase))
		}
	}
}
