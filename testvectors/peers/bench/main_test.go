package main

import (
	"bytes"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	runChild()
	os.Exit(m.Run())
}

// tiny is as little as a measurement can be of.
var tiny = scale{
	Rounds: 1, Check: "expanded", Parties: 2, Entries: 600, Posted: 100, Conns: 4, Lone: 5,
	Disk: 300, Stored: 600, Reads: 50, Audited: 600, Starts: 1,
	Sizes: []int{300, 600}, Grown: 50, Searches: []string{"64/1ms", "256/5ms"},
}

// reasons are those for which a figure may be absent: a program of the system.
var reasons = []string{"not measured: nginx ", "not measured: minisign "}

// Whatever is measured has to be right; how long it takes does not matter.
func TestEveryMeasurementGivesItsFiguresOrSaysWhyNot(t *testing.T) {
	for _, m := range measurements {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			var said bytes.Buffer
			r := &report{out: &said}
			if err := measure([]measurement{m}, tiny, t.TempDir(), r); err != nil {
				t.Fatalf("%v\n%s", err, said.String())
			}
			if len(r.rows) == 0 {
				t.Error("there is no figure")
			}
			for _, row := range r.rows {
				expected := func(reason string) bool { return strings.HasPrefix(row.gone, reason) }
				switch {
				case row.gone != "" && !slices.ContainsFunc(reasons, expected):
					t.Errorf("%s: %s", row.name, row.gone)
				case math.IsNaN(row.value) || math.IsInf(row.value, 0):
					t.Errorf("%s is %v", row.name, row.value)
				}
			}
			t.Logf("at sizes that say nothing:\n%s", said.String())
		})
	}
}

func TestWhatIsNotThereIsNamed(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run([]string{"-only", "admission,speed"}, &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), `no measurement "speed"`) {
		t.Errorf("exit code %d, %q", code, stderr.String())
	}
	stderr.Reset()
	if code := run([]string{"-sizes", "1000,many"}, &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), `"many" is not a number`) {
		t.Errorf("exit code %d, %q", code, stderr.String())
	}
}
