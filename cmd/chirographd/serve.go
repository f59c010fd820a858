package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/web"
	"github.com/chirograph/chirograph/verify"
)

func serveCommand() *cobra.Command {
	var dir, listen, ledgerURL string
	c := &cobra.Command{
		Use:   "serve --dir DIR --listen ADDR [--url URL]",
		Short: "Run the ledger",
		Long: `Runs the ledger in DIR until it is interrupted: then it takes nothing new, answers
everything that it took, and ends. Callers who are slow have ten seconds.

The URL goes into the policy that it gives out; it is that of init, unless you say
another.`,
		Example: "  chirographd serve --dir /var/lib/chirograph --listen 127.0.0.1:8080",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" || listen == "" {
				return errors.New("--dir and --listen have to be given")
			}
			if err := checkURL(ledgerURL); err != nil {
				return err
			}
			return serve(cmd.Context(), dir, listen, ledgerURL, cmd.OutOrStdout(), slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil)))
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the ledger that is kept in `DIR`")
	c.Flags().StringVar(&listen, "listen", "", "serve at `HOST:PORT`")
	c.Flags().StringVar(&ledgerURL, "url", "", "the public finds it at `URL`")
	return c
}

// serve runs a ledger until ctx ends or it has to stop. The order of shutdown is
// listener, sequencer, store.
func serve(ctx context.Context, dir, listen, ledgerURL string, stdout io.Writer, logger *slog.Logger) (err error) {
	files, err := fileLimit()
	if err != nil {
		return err
	}
	places, err := connections(files)
	if err != nil {
		return err
	}
	policy, secret, err := identity(dir, ledgerURL)
	if err != nil {
		return err
	}
	s, err := store.Open(store.Config{Dir: filepath.Join(dir, storeDir), Key: policy.Logs[0].Key, Log: logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	l, err := ledger.Open(ledger.Config{Store: s, Sign: secret.Sign, Clock: time.Now, Policy: policy.Bytes(), Log: logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	handler, err := web.New(web.Config{
		Key: policy.Logs[0].Key, View: l.View, Log: l, Clock: time.Now, Checks: runtime.GOMAXPROCS(0),
		Policy: policy.Bytes(), URL: policy.Logs[0].URL, Logger: logger,
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(stdout, "%s at http://%s, %s\n", l.Key().Name(), listener.Addr(), entries(l.View().Size())); err != nil {
		return errors.Join(err, listener.Close())
	}
	return serveUntil(ctx, web.NewServer(handler, logger), web.Limit(listener, places), l, shutdownPatience)
}

// identity reads who the ledger is: its policy, with the URL to give out, and the
// secret key, which has to be the policy's.
func identity(dir, ledgerURL string) (*verify.Policy, keys.SecretKey, error) {
	text, err := os.ReadFile(filepath.Join(dir, policyFile))
	if err != nil {
		return nil, keys.SecretKey{}, fmt.Errorf("no ledger in %s (chirographd init makes one): %w", dir, err)
	}
	policy, err := verify.ParsePolicy(text)
	if err == nil && len(policy.Logs) != 1 {
		err = fmt.Errorf("it lists %d logs, not this ledger alone", len(policy.Logs))
	}
	if err != nil {
		return nil, keys.SecretKey{}, fmt.Errorf("%s: %w", filepath.Join(dir, policyFile), err)
	}
	if ledgerURL != "" {
		policy.Logs[0].URL = ledgerURL
	}
	secret, err := keys.Open(filepath.Join(dir, keyFile), nil)
	if err != nil {
		return nil, secret, err
	}
	if want := policy.Logs[0].Key.Public(); secret.Public() != want {
		return nil, secret, fmt.Errorf("%s is the key %s, the policy's is %s", filepath.Join(dir, keyFile), secret.Public().Fingerprint(), want.Fingerprint())
	}
	return policy, secret, nil
}

// entries counts the entries of a log.
func entries(n uint64) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
