package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/chirograph/chirograph/ledger/metrics"
	"github.com/chirograph/chirograph/ledger/web"
)

// adminConnections is how many connections the operator's own address has: some monitors.
const adminConnections = 64

// A front is how a ledger, or a copy, is reached and looked after.
type front struct {
	admin string
	callers
	secure
	logging

	least  uint64       // bytes that have to be free on the store's disk; 0 for leastStore
	client *http.Client // for the ACME server; nil for the usual one
}

// flags defines the flags that the help of a command shows.
func (f *front) flags(c *cobra.Command, rate string) { f.callers.flags(c, rate) }

// operating defines those that --help-all shows: they would not fit a screen beside the others.
func (f *front) operating(c *cobra.Command) {
	c.Flags().StringVar(&f.admin, "admin", "", "serve metrics at `HOST:PORT`, not beside the ledger")
	f.logging.flags(c)
	f.secure.flags(c)
}

// hidden adds flags to a command whose help shows them with --help-all alone.
func hidden(c *cobra.Command, define ...func(*cobra.Command)) {
	other := new(cobra.Command)
	for _, d := range define {
		d(other)
	}
	other.Flags().VisitAll(func(flag *pflag.Flag) {
		flag.Hidden = true
		c.Flags().AddFlag(flag)
	})
}

// read checks the flags, and returns how is logged.
func (f *front) read(stderr io.Writer) (*slog.Logger, error) {
	if err := errors.Join(f.callers.read(), f.secure.check()); err != nil {
		return nil, err
	}
	return f.logging.logger(stderr)
}

// A reception is a handler that is to be served, and what is looked at beside it.
type reception struct {
	front
	dir, listen string
	places      int        // for connections
	handler     web.Config // without what serve adds
	metrics     *metrics.Metrics
	source      metrics.Source // without what serve adds
	disks       *disks
	writer      writer
	log         *slog.Logger

	ready func(url string) error // is called with the URL when callers can come, before any is answered
}

// serve serves until ctx ends or the writer does. The order of the end is: the listener, the
// sequencer, and when no request runs any more the operator's own address, so that the end
// can be watched to its end; the caller then closes the store.
func (s *reception) serve(ctx context.Context, stdout io.Writer) (err error) {
	tls, err := s.secure.open(s.dir, s.client, time.Now, s.log)
	if err != nil {
		return err
	}
	s.handler.Meter, s.handler.Room, s.handler.Requests = s.metrics.Meter(), s.disks.room, s.places
	if s.admin == "" {
		s.handler.Metrics = s.metrics.Text
	}
	handler, err := web.New(s.handler)
	if err != nil {
		return err
	}
	listener, err := listen("--listen", s.listen)
	if err != nil {
		return err
	}
	server, scheme := web.NewServer(handler, s.log), "http"
	if tls != nil {
		tls.config.GetConfigForClient = handler.Greet
		server, scheme = web.NewTLSServer(handler, tls.config, s.log), "https"
		s.source.Certificate = tls.until
	}
	limited := web.Limit(listener, s.places, s.proxy, tls != nil)
	s.source.Unready, s.source.Connections, s.source.Places, s.source.Disks = handler.Unready, limited.Open, s.places, s.disks.metrics()
	s.metrics.Read(s.source)
	if err := s.ready(fmt.Sprintf("%s://%s", scheme, listener.Addr())); err != nil {
		return errors.Join(err, listener.Close())
	}
	end, err := s.serveAdmin(handler, stdout)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer end()
	return serveUntil(ctx, server, limited, s.writer, shutdownPatience)
}

// serveAdmin serves the operator's own address, where there is one, until end is called,
// which returns when nobody reads anything for it.
func (s *reception) serveAdmin(handler *web.Handler, stdout io.Writer) (end func(), err error) {
	if s.admin == "" {
		return func() {}, nil
	}
	listener, err := listen("--admin", s.admin)
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(stdout, "metrics at http://%s/metrics\n", listener.Addr()); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	running := &requests{handler: handler.Admin(s.metrics.Text)}
	server := web.NewServer(running, s.log)
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := server.Serve(web.Limit(listener, adminConnections, nil, false)); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("nothing is served at the address for metrics any more", "err", err)
		}
	}()
	return func() {
		_ = server.Close()
		<-served
		running.wait()
	}, nil
}
