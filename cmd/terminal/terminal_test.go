package terminal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/chirograph/chirograph/cmd/terminal"
)

// obeyed are characters that move the cursor, colour, hide, or turn what follows.
var obeyed = []rune{0, '\a', '\b', '\t', '\r', 0x1b, 0x7f, 0x85, 0x9b, 0x9d, 0x9f, 0xad, 0x200b, 0x200f, 0x202a, 0x202e, 0x2066, 0x2069, 0xfeff, 0xe0001, 0xe007f}

func TestNothingThatATerminalObeysComesThrough(t *testing.T) {
	for _, r := range obeyed {
		for _, s := range []string{string(r), "w1" + string(r) + "[2J", "ключ\n" + string(r)} {
			text := terminal.Text(s)
			if strings.ContainsFunc(strings.ReplaceAll(text, "\n", ""), terminal.Obeys) || !strings.Contains(text, "?") || len([]rune(text)) != len([]rune(s)) {
				t.Errorf("%q is shown as %q", s, text)
			}
			if name := terminal.Name(s); strings.ContainsFunc(name, terminal.Obeys) || name == s {
				t.Errorf("the file %q is called %q", s, name)
			}
		}
	}
	for _, s := range []string{"\xff", "a\x9b2J", "\xed\xa0\x80", "\xc0\x9b"} {
		if text := terminal.Text(s); !utf8.ValidString(text) || !strings.Contains(text, "?") {
			t.Errorf("%q is shown as %q", s, text)
		}
		if name := terminal.Name(s); name == s || !utf8.ValidString(name) {
			t.Errorf("the file %q is called %q", s, name)
		}
	}
}

func TestWhatIsOnlyShownStaysAsItIs(t *testing.T) {
	for _, s := range []string{"", "a\nb\n", `C:\pumps "2".chirograph`, "ключ.example/鍵 — é", "\ufffd"} {
		if got := terminal.Text(s); got != s {
			t.Errorf("%q is shown as %q", s, got)
		}
		if got := terminal.Name(s); got != s && !strings.Contains(s, "\n") {
			t.Errorf("the file %q is called %q", s, got)
		}
	}
}

func TestJSONKeepsItsValue(t *testing.T) {
	for _, r := range append(obeyed, 'a', 'é', 0x1f600, 0x2028) {
		in := map[string]string{"name": "w" + string(r) + "1", string(r): "\\" + string(r)}
		b, err := json.MarshalIndent(in, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		got := terminal.JSON(b)
		var out map[string]string
		if err := json.Unmarshal(got, &out); err != nil || fmt.Sprint(out) != fmt.Sprint(in) {
			t.Errorf("%q: %s reads as %q: %v", in, got, out, err)
		}
		if bytes.ContainsFunc(bytes.ReplaceAll(got, []byte("\n"), nil), terminal.Obeys) {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestAWriterWritesAllOrSaysWhy(t *testing.T) {
	var b bytes.Buffer
	if n, err := io.WriteString(terminal.Writer(&b), "a\u009bb\xff\n"); n != len("a\u009bb\xff\n") || err != nil || b.String() != "a?b?\n" {
		t.Errorf("%d bytes, %v: %q", n, err, b.String())
	}
	r, w := io.Pipe()
	full := errors.New("full")
	r.CloseWithError(full)
	if n, err := io.WriteString(terminal.Writer(w), "a"); n != 0 || !errors.Is(err, full) {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// Both programs have it, and the verifier reaches no server.
func TestItNeedsNothingOfOurs(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if deps := strings.Count(string(out), "github.com/"); deps != 1 {
		t.Errorf("it reaches %s", out)
	}
}
