package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/chirograph/chirograph/ledger/store"
)

// hungUp returns a context that also ends when the terminal of the process does, until
// unhook. A terminal may say so more than once, so that it is no second signal; where it is
// ignored, as under nohup, it stays so.
func hungUp(ctx context.Context) (hung context.Context, unhook func()) {
	if signal.Ignored(syscall.SIGHUP) {
		return ctx, func() {}
	}
	hung, cancel := context.WithCancel(ctx)
	said := make(chan os.Signal, 1)
	signal.Notify(said, syscall.SIGHUP)
	go func() {
		select {
		case <-said:
			cancel()
		case <-hung.Done():
		}
	}()
	return hung, func() {
		signal.Stop(said)
		cancel()
	}
}

// listen listens at the address of a flag. The error says what to do.
func listen(flag, address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s %s: %w: another program has that port, maybe another chirographd: stop it, or name another port", flag, address, err)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s %s: %w: this account may not have that port: name one above 1023, behind a proxy, or give it CAP_NET_BIND_SERVICE", flag, address, err)
	case err != nil:
		return nil, fmt.Errorf("%s %s: %w", flag, address, err)
	}
	return listener, nil
}

// A patience is how long callers are waited for after a signal.
type patience struct {
	taken    time.Duration // for records that are being sent: to be taken
	begun    time.Duration // for requests that have begun: to be sent and answered
	accepted time.Duration // after that, for answers to records that the sequencer took before its end
}

// shutdownPatience has strangers delay the end by eight seconds at most, below the ten after
// which containers are killed, with time left to close the store; service managers wait for 30 or 90. The five for witnesses
// ([ledger.Log.Close]) begin when nothing is taken any more, and end with those for callers.
var shutdownPatience = patience{taken: 2 * time.Second, begun: 6 * time.Second, accepted: 2 * time.Second}

// whole returns how long an end takes at most.
func (p patience) whole() time.Duration { return p.taken + p.begun + p.accepted }

// endAnyway calls end when a store has failed and stop is not called within a while: what
// Pebble was doing when it failed may hold locks for which readers and the sequencer
// then wait for ever, and whoever restarts a ledger waits for its process.
func endAnyway(failed <-chan struct{}, within time.Duration, end func()) (stop func()) {
	stopped := make(chan struct{})
	go func() {
		select {
		case <-failed:
		case <-stopped:
			return
		}
		last := time.NewTimer(within)
		defer last.Stop()
		select {
		case <-last.C:
			end()
		case <-stopped:
		}
	}()
	return func() { close(stopped) }
}

// endWith ends the process when the store has failed and stop is not called soon.
func endWith(s *store.Store, logger *slog.Logger) (stop func()) {
	return endAnyway(s.Failed(), shutdownPatience.whole()+time.Second, func() {
		logger.Error("the store has failed, and what was under way does not end: the process does")
		os.Exit(exitFailed)
	})
}

// A writer is what goes on beside a server and ends with it: the sequencer of a ledger,
// or the turns of a copy.
type writer interface {
	Done() <-chan struct{} // is closed when it has ended
	Close() error          // ends it, and says why it ended by itself
}

// serveUntil serves until ctx ends or the log stops. Then it lets nobody in, soon has the
// log take no more records, and returns when no request runs any more: each was answered,
// or was too slow. What the sequencer took is answered before connections are closed,
// however long that takes it; who waits for witnesses is told to come back when those
// have had their time ([ledger.Log.Close]).
func serveUntil(ctx context.Context, server *http.Server, listener net.Listener, l writer, p patience) error {
	running := &requests{handler: server.Handler}
	server.Handler = running
	served := make(chan error, 1)
	go func() {
		if server.TLSConfig != nil {
			served <- server.ServeTLS(listener, "", "")
			return
		}
		served <- server.Serve(listener)
	}()
	var failed error
	select {
	case failed = <-served:
	case <-ctx.Done():
	case <-l.Done():
	}
	last := time.AfterFunc(p.taken, func() { _ = l.Close() })
	err := shutdown(server, p.begun)
	last.Stop()
	_ = l.Close() // who opened the log closes it too, and hears why it stopped
	if err != nil {
		_ = shutdown(server, p.accepted)
		_ = server.Close() // of connections whose callers were given their time
	}
	running.wait()
	return failed
}

// shutdown returns an error when requests still run after d.
func shutdown(server *http.Server, d time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return server.Shutdown(ctx)
}

// requests knows when none runs any more, which [http.Server.Close] does not wait for:
// the store may not be closed before.
type requests struct {
	handler http.Handler
	mu      sync.RWMutex // held for reading by each request
	ended   bool
}

func (q *requests) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if !q.ended {
		q.handler.ServeHTTP(w, r)
	}
}

// wait lets no request begin, and returns when those that have begun have ended.
func (q *requests) wait() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
}
