// Command bench measures what the ledger costs beside what bounds it: the checks of
// signatures, the syncs of the disk, and other programs that do the same work. What
// is compared is run in turns, a few rounds of each; a row shows the median, and where
// there is a target, whether it was reached. README.md says what each row means.
//
//	go run ./bench [-quick] [-only NAME,…] [-dir DIR]
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// A measurement fills in its part of the report.
type measurement struct {
	name  string
	title string
	run   func(s *stage, r *report) error
}

// The measurements, in the order of the targets that they are for.
var measurements = []measurement{
	{"admission", "1. Admission: full rules, two signatures, synced, in process", admission},
	{"http", "2. Over HTTP on loopback, load and server on the same cores", overHTTP},
	{"latency", "3. Latency from call to receipt, without witnesses", latency},
	{"disk", "4. Bytes on disk", bytesOnDisk},
	{"reads", "5. Reads, the server on one core", reads},
	{"audit", "6. Audit", auditing},
	{"verifier", "7. Verifier, from process start to exit", verifier},
	{"growth", "8. Growth", growth},
}

func main() {
	runChild()
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run measures, and returns the exit code: 0 also where targets are missed, because
// time is no law.
func run(args []string, stdout, stderr io.Writer) int {
	var names []string
	for _, m := range measurements {
		names = append(names, m.name)
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	quick := flags.Bool("quick", false, "small sizes, but for those that are given")
	only := flags.String("only", "", "measure these alone, by `NAME,…` of "+strings.Join(names, " "))
	dir := flags.String("dir", os.TempDir(), "work on the disk of `DIR`")
	set := scaleFlags(flags)
	if err := flags.Parse(args); err != nil {
		return 2
	}
	chosen := measurements
	if *only != "" {
		chosen = nil
		for name := range strings.SplitSeq(*only, ",") {
			i := slices.Index(names, name)
			if i < 0 {
				fmt.Fprintf(stderr, "bench: there is no measurement %q, only %s\n", name, strings.Join(names, " "))
				return 2
			}
			chosen = append(chosen, measurements[i])
		}
	}
	size := full
	if *quick {
		size = small
	}
	if err := measure(chosen, set(size), *dir, &report{out: stdout}); err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	return 0
}

// measure runs measurements one after the other, each whatever became of those before
// it, in a folder of dir that is gone afterwards.
func measure(chosen []measurement, sc scale, dir string, r *report) (err error) {
	work, err := os.MkdirTemp(dir, "chirograph-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if work, err = filepath.Abs(work); err != nil {
		return err
	}
	s, err := newStage(work, sc)
	if err != nil {
		return err
	}
	r.say("%s, %s/%s, %d cores, entries of %d bytes, %d keys, check %q, %d rounds", runtime.Version(), runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU(), s.entryBytes(), 2*sc.Parties, sc.Check, sc.Rounds)
	for _, m := range chosen {
		r.say("\n%s", m.title)
		if failure := m.run(s, r); failure != nil {
			r.say("  %s failed: %v", m.name, failure)
			err = errors.Join(err, fmt.Errorf("%s: %w", m.name, failure))
		}
	}
	return err
}
