package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// noArguments refuses whatever is not a flag: directories are named by --dir and others.
func noArguments(c *cobra.Command, given []string) error {
	if len(given) > 0 {
		return fmt.Errorf("%q is one argument too many: %s takes flags alone; see %s --help", given[0], c.Name(), c.CommandPath())
	}
	return nil
}

// aURL demands the URL of a ledger, and nothing else.
func aURL(c *cobra.Command, given []string) error {
	switch len(given) {
	case 0:
		return fmt.Errorf("the URL of the ledger is missing; see %s --help", c.CommandPath())
	case 1:
		return nil
	}
	return fmt.Errorf("%q is one argument too many, after the URL %q; see %s --help", given[1], given[0], c.CommandPath())
}
