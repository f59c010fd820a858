package main

import (
	"strings"
	"testing"
)

func TestWhatIsNoFlagIsNamedWithWhereHelpIs(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"check here", `"here" is one argument too many: check takes flags alone; see chirographd check --help`},
		{"backup a b", `"a" is one argument too many: backup takes flags alone; see chirographd backup --help`},
		{"serve --dir a b", `"b" is one argument too many: serve takes flags alone; see chirographd serve --help`},
		{"follow --dir a --policy b", "the URL of the ledger is missing; see chirographd follow --help"},
		{"follow a b", `"b" is one argument too many, after the URL "a"; see chirographd follow --help`},
	} {
		var stdout, stderr strings.Builder
		code := run(strings.Fields(c.args), &stdout, &stderr)
		if want := "chirographd: " + c.want + "\n"; code != exitFailed || stdout.String() != "" || stderr.String() != want {
			t.Errorf("%s: %d, %q, %q, want %q", c.args, code, stdout.String(), stderr.String(), want)
		}
	}
}
