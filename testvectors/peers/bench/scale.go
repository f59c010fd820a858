package main

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
)

// A scale says how much is measured.
type scale struct {
	Rounds   int
	Check    string   // of signatures, one of checkers
	Parties  int      // keys of each of the two roles
	Entries  int      // that are admitted, in process
	Posted   int      // over HTTP
	Conns    int      // over which
	Lone     int      // records one by one, and at each rate
	Disk     int      // contracts on disk
	Stored   int      // contracts in the ledger that is read
	Reads    int      // requests of each sort
	Audited  int      // entries of the log that is audited
	Starts   int      // of each verifier
	Sizes    []int    // of the growth table
	Grown    int      // entries admitted at each of these
	Profile  string   // file for a CPU profile of our admission; "" for none
	Searches []string // batch sizes and ages of Tessera to try, SIZE/AGE
}

var full = scale{
	Rounds: 3, Check: "expanded", Parties: 1000, Entries: 50_000, Posted: 20_000, Conns: 64, Lone: 300,
	Disk: 1_000_000, Stored: 1_000_000, Reads: 20_000, Audited: 100_000, Starts: 60,
	Sizes: []int{1_000, 10_000, 100_000, 1_000_000}, Grown: 20_000, Searches: []string{"256/5ms", "1024/50ms", "2048/100ms"},
}

var small = scale{
	Rounds: 2, Check: "expanded", Parties: 100, Entries: 5_000, Posted: 2_000, Conns: 32, Lone: 50,
	Disk: 10_000, Stored: 10_000, Reads: 2_000, Audited: 5_000, Starts: 10,
	Sizes: []int{1_000, 10_000}, Grown: 2_000, Searches: []string{"1024/50ms"},
}

// scaleFlags defines flags for the parts of a scale. What it returns gives another
// scale the values of the flags that were given.
func scaleFlags(flags *flag.FlagSet) func(scale) scale {
	var changes []func(*scale)
	number := func(name, usage string, field func(*scale) *int) {
		flags.Func(name, usage, func(v string) error {
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 {
				return fmt.Errorf("%q is not a number above 0", v)
			}
			changes = append(changes, func(s *scale) { *field(s) = n })
			return nil
		})
	}
	number("rounds", "how often each side has its turn", func(s *scale) *int { return &s.Rounds })
	number("parties", "keys of each role", func(s *scale) *int { return &s.Parties })
	number("entries", "entries of admission", func(s *scale) *int { return &s.Entries })
	number("posted", "records over HTTP", func(s *scale) *int { return &s.Posted })
	number("conns", "connections over HTTP", func(s *scale) *int { return &s.Conns })
	number("lone", "records of each latency", func(s *scale) *int { return &s.Lone })
	number("disk", "contracts on disk", func(s *scale) *int { return &s.Disk })
	number("stored", "contracts in the ledger that is read", func(s *scale) *int { return &s.Stored })
	number("reads", "requests of each sort", func(s *scale) *int { return &s.Reads })
	number("audited", "entries of the log that is audited", func(s *scale) *int { return &s.Audited })
	number("starts", "starts of each verifier", func(s *scale) *int { return &s.Starts })
	number("grown", "entries admitted at each size", func(s *scale) *int { return &s.Grown })
	flags.Func("sizes", "sizes of the growth table, as 1000,10000; 10000000 takes some minutes and 15 GB", func(v string) error {
		var sizes []int
		for f := range strings.SplitSeq(v, ",") {
			n, err := strconv.Atoi(f)
			if err != nil || n < 1 {
				return fmt.Errorf("%q is not a number above 0", f)
			}
			sizes = append(sizes, n)
		}
		changes = append(changes, func(s *scale) { s.Sizes = sizes })
		return nil
	})
	flags.Func("batches", "sizes and ages of Tessera's batches to choose from, as 256/5ms,1024/50ms", func(v string) error {
		list := strings.Split(v, ",")
		for _, set := range list {
			if err := new(job).batches(set); err != nil {
				return err
			}
		}
		changes = append(changes, func(s *scale) { s.Searches = list })
		return nil
	})
	textFlags(flags, func(change func(*scale)) { changes = append(changes, change) })
	return func(s scale) scale {
		for _, change := range changes {
			change(&s)
		}
		return s
	}
}

// textFlags defines the flags that are no numbers.
func textFlags(flags *flag.FlagSet, change func(func(*scale))) {
	flags.Func("check", "how signatures are checked: "+strings.Join(checkerNames(), " or "), func(v string) error {
		if _, err := newChecker(v); err != nil {
			return err
		}
		change(func(s *scale) { s.Check = v })
		return nil
	})
	flags.Func("profile", "write a CPU profile of our admission to `FILE`", func(v string) error {
		change(func(s *scale) { s.Profile = v })
		return nil
	})
}
