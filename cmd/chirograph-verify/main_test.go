package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestHelpFitsAScreen(t *testing.T) {
	for _, args := range [][]string{{}, {"--help"}, {"-h"}, {"help"}, {"receipt", "--help"}, {"--policy", "FILE", "consistency", "-h"}} {
		var stdout, stderr bytes.Buffer
		if code := run(args, &stdout, &stderr); code != exitYes || stderr.Len() > 0 {
			t.Errorf("%q: exit code %d, %s", args, code, stderr.String())
		}
		help := stdout.String()
		if lines := strings.Count(help, "\n"); lines > 24 || !strings.Contains(help, "Example:\n  chirograph-verify receipt ") {
			t.Errorf("%q: %d lines, or no example:\n%s", args, lines, help)
		}
	}
}
