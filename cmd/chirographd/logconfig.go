package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// defaultRequests is how many requests a day the operator of a witness is told to
// expect: one a second, which leaves room for each to be asked again.
const (
	defaultRequests = 86_400
	maxRequests     = 1<<31 - 1 // of the log list
)

func logConfigCommand() *cobra.Command {
	var dir, contact string
	var requests uint32
	var where secrets
	c := &cobra.Command{
		Use:   "log-config --dir DIR [--contact TEXT] [--requests N]",
		Short: "Print what the operator of a witness needs to know of the ledger",
		Long: `Prints the ledger as an entry of a log list of the form logs/v0, which litewitness,
omniwitness and others read. A witness cosigns only for logs that its operator has
entered.`,
		Example:               "  chirographd log-config --dir /var/lib/chirograph --contact ops@ledger.example",
		Args:                  noArguments,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				return errors.New("--dir has to be given")
			}
			if !utf8.ValidString(contact) || strings.ContainsFunc(contact, func(r rune) bool { return !unicode.IsPrint(r) }) {
				// What is invisible, or turns what follows around, misleads who reads the list.
				return fmt.Errorf("--contact %+q is not one line of text that can be seen", contact)
			}
			if requests == 0 || requests > maxRequests {
				return fmt.Errorf("--requests %d is not from 1 to %d", requests, maxRequests)
			}
			id, err := readIdentityBy(dir, "", where)
			if err != nil {
				return err
			}
			contact = cmp.Or(strings.TrimSpace(contact), id.policy.Logs[0].URL)
			if contact == "" {
				return errors.New("--contact has to be given, because the ledger has no URL: a log list has a way to reach whoever runs a log")
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "logs/v0\n\nvkey %s\nqpd %d\ncontact %s\n", id.key, requests, contact)
			return err
		},
	}
	hidden(c, where.flags)
	c.Flags().StringVar(&dir, "dir", "", "the directory of the ledger (`DIR`)")
	c.Flags().StringVar(&contact, "contact", "", "how to reach you (`TEXT`); the ledger's URL, unless you say")
	c.Flags().Uint32Var(&requests, "requests", defaultRequests, "how many there may be a day (`N`)")
	return c
}
