package main

import (
	"bytes"
	"strings"
	"testing"
)

// Every value that a flag may have, and no other, is offered: what completion says and what
// the program takes is the same.
func TestValuesThatAreOfferedAreTaken(t *testing.T) {
	for flag, take := range map[string]func(value string) logging{
		"--log-format": func(value string) logging { return logging{value, "info"} },
		"--log-level":  func(value string) logging { return logging{"text", value} },
	} {
		for _, command := range []string{"serve", "follow"} {
			var stdout, stderr bytes.Buffer
			if code := run([]string{"__completeNoDesc", command, flag, ""}, &stdout, &stderr); code != 0 {
				t.Fatal(stderr.String())
			}
			lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
			if len(lines) < 3 || lines[len(lines)-1] != ":36" {
				t.Fatalf("%s %s: %q", command, flag, lines)
			}
			for _, value := range lines[:len(lines)-1] {
				l := take(value)
				if _, err := l.logger(&stderr); err != nil {
					t.Errorf("%s %s %s: %v", command, flag, value, err)
				}
			}
			if flag == "--log-level" && len(lines)-1 != len(logLevels) {
				t.Errorf("%d levels are offered, there are %d", len(lines)-1, len(logLevels))
			}
		}
	}
}
