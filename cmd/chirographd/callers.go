package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/cmd/commands"
	"github.com/chirograph/chirograph/ledger/web"
)

// callers is what each address may do, and whose word is taken for which it is.
type callers struct {
	rate, burst int
	proxies     []string
	proxy       web.Proxies // what proxies says
}

// flags defines them. What says whose rate it is: what is taken from, or done for, each
// address.
func (f *callers) flags(c *cobra.Command, what string) {
	c.Flags().IntVar(&f.rate, "rate", web.DefaultRate, what+"; 0 for no bound")
	c.Flags().IntVar(&f.burst, "burst", 0, "take `N` of them at once (default: those of 10 s)")
	c.Flags().StringSliceVar(&f.proxies, "trusted-proxy", nil, "believe X-Forwarded-For of `CIDR[,CIDR]`")
	commands.Advanced(c, "rate", "burst", "trusted-proxy")
}

// read checks the flags.
func (f *callers) read() (err error) {
	if f.rate < 0 || f.burst < 0 {
		return fmt.Errorf("--rate %d and --burst %d: neither can be below 0", f.rate, f.burst)
	}
	if f.proxy, err = web.ParseProxies(f.proxies); err != nil {
		return fmt.Errorf("--trusted-proxy: %w", err)
	}
	return nil
}
