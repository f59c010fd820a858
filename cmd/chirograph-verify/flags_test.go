package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestFlagsStandAnywhere(t *testing.T) {
	for _, c := range []struct {
		args string // divided by spaces
		want options
		rest string
	}{
		{"receipt a b", options{}, "receipt a b"},
		{"receipt --policy p a b", options{policy: "p"}, "receipt a b"},
		{"--json receipt a --policy=p b", options{policy: "p", json: true}, "receipt a b"},
		{"--policy --json a", options{policy: "--json"}, "a"},
		{"--policy=a=b --docs= --docs d --docs=e", options{policy: "a=b", docs: "e"}, ""},
		{"--party x=1 a --party=y=2 --evidence e", options{parties: []string{"x=1", "y=2"}, charge: "e"}, "a"},
		{"--json -- --policy p -- -", options{json: true}, "--policy p -- -"},
		{"- --version", options{version: true}, "-"},
		{"a --help b --nonsense", options{help: true}, "a"},
		{"a -h", options{help: true}, "a"},
	} {
		var o options
		rest, err := o.parse(strings.Fields(c.args))
		if got, want := fmt.Sprintf("%+v", o), fmt.Sprintf("%+v", c.want); err != nil || got != want || !slices.Equal(rest, strings.Fields(c.rest)) {
			t.Errorf("%s: %s, %q, %v", c.args, got, rest, err)
		}
	}
}

func TestAFlagThatIsNoneIsNamed(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"receipt --nonsense", "unknown flag: --nonsense; see chirograph-verify --help"},
		{"--nonsense=--policy", "unknown flag: --nonsense; "},
		{"-policy p", "unknown flag: -policy; "},
		{"-x", "unknown flag: -x; "},
		{"--=", "unknown flag: --; "},
		{"a --policy", "flag --policy needs a value; "},
		{"--json=true", `flag --json takes no value, and has "true"; `},
	} {
		if rest, err := new(options).parse(strings.Fields(c.args)); rest != nil || err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %q, %v", c.args, rest, err)
		}
	}
}

// Whoever asks for more than a command judges is not told yes.
func TestAFlagOfReceiptsIsRefusedElsewhere(t *testing.T) {
	for _, command := range []string{"consistency", "evidence"} {
		for _, flag := range []string{"--docs", "--party", "--evidence"} {
			var stdout, stderr strings.Builder
			code := run([]string{command, "--policy", "none", "a", "b", flag, "x"}, &stdout, &stderr)
			want := fmt.Sprintf("chirograph-verify: flag %s is of receipt, %s does not know it; see chirograph-verify --help\n", flag, command)
			if code != exitUnasked || stdout.String() != "" || stderr.String() != want {
				t.Errorf("%s %s: %d, %q, %q", command, flag, code, stdout.String(), stderr.String())
			}
		}
	}
}
