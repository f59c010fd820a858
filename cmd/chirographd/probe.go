package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/ledger/objects"
)

type probeFlags struct {
	bucketFlags
	rounds, racers int
}

// Bounds of a probe that is asked for.
const (
	maxRounds = 10_000
	maxRacers = 64 // as many as one endpoint gets connections
)

func probeCommand() *cobra.Command {
	var f probeFlags
	c := &cobra.Command{
		Use:   "probe-store --bucket NAME[/PREFIX] [--endpoint URL] [--via URL,URL...] [--rounds N] [--racers N]",
		Short: "Try whether an object store can carry a ledger",
		Long: `Tries in a bucket what a ledger of several nodes rests on: that of all who write under one
condition one wins, that a write without its condition is refused, that what was written is
read at once. It races creates and swaps, over all endpoints that --via names. Each node
makes a short one before it first leads, over those that its --via names.

What is in the bucket stays as it is; what the probe makes, below probe/, it removes. The
exit code is 1 where something failed. That all passed is no proof: a store is to be
tried as it is built, by each of its gateways and under load.`,
		Example:               "  chirographd probe-store --bucket ledger --endpoint http://10.0.0.1:7070 --via http://10.0.0.2:7070",
		Args:                  noArguments,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case f.bucket == "":
				return errors.New("--bucket has to be given")
			case f.rounds < 1 || f.rounds > maxRounds || f.racers < 2 || f.racers > maxRacers:
				return fmt.Errorf("--rounds %d --racers %d: from 1 to %d rounds, and from 2 to %d racers", f.rounds, f.racers, maxRounds, maxRacers)
			}
			if err := f.checkVia(); err != nil {
				return err
			}
			return f.probe(cmd)
		},
	}
	f.bucketFlags.flags(c)
	f.viaFlag(c, "more endpoints of the same store (`URL,URL`)")
	c.Flags().IntVar(&f.rounds, "rounds", longRounds, "race `N` times")
	c.Flags().IntVar(&f.racers, "racers", longRacers, "`N` writers at once")
	return c
}

// errUnfit says that a store cannot carry a ledger. Why, stands above it.
var errUnfit = errors.New("the store cannot carry a ledger")

func (f *probeFlags) probe(cmd *cobra.Command) error {
	by, done, err := f.openAll()
	if err != nil {
		return err
	}
	defer done()
	rows, err := probe(cmd.Context(), by, f.rounds, f.racers, func(t objects.Tried) { sayTried(cmd.OutOrStdout(), t) })
	if err != nil {
		return err
	}
	failed, open := 0, ""
	for _, row := range rows {
		if row.Wrong != "" {
			failed++
		}
		if row.Open {
			open = "; what has a ? is not known: look at it yourself"
		}
	}
	if failed > 0 {
		return fmt.Errorf("%w: %d of %d steps failed%s", errUnfit, failed, len(rows), open)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: nothing was found that speaks against it%s\n", f.place(), open)
	return err
}

// sayTried prints a row of the table.
func sayTried(w io.Writer, t objects.Tried) {
	mark := "ok    "
	switch {
	case t.Wrong != "":
		mark = "FAILED"
	case t.Open:
		mark = "?     "
	}
	fmt.Fprintf(w, "%s  %-30s  %s\n", mark, t.What, t.Saw)
	if t.Wrong != "" {
		fmt.Fprintf(w, "        %s\n", t.Wrong)
	}
}
