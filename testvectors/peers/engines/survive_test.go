//go:build linux

package engines

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"
)

// survives kills, stops and resumes gateways one after the other: what was acknowledged is
// there, the others serve, and a request that lay before a stopped gateway is applied when it
// goes on, though its client is long gone.
func survives(t *testing.T, e *Engine) {
	ctx, all := t.Context(), stores(e)
	must(t, all[0].create(ctx, "survives", one))
	e.Gateways[0].Kill()
	if err := all[0].put(ctx, "survives", two); outcome(err) != "none" {
		t.Errorf("a gateway that was killed says %s", outcome(err))
	}
	if body, _, err := all[1].get(ctx, "survives"); err != nil || string(body) != "one" {
		t.Errorf("beside one that was killed: %q, %v", body, err)
	}
	must(t, e.Gateways[0].Restart())
	must(t, all[0].swap(ctx, "survives", sum(one), two))

	must(t, e.Gateways[0].Stop())
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	if err := all[0].put(short, "never seen", one); outcome(err) != "none" {
		t.Errorf("a gateway that is stopped says %s", outcome(err))
	}
	late := signed(t, e, e.Endpoints[0], "late", one, time.Now())
	late.Header.Set("If-None-Match", "*")
	var whole bytes.Buffer
	must(t, late.Write(&whole))
	conn, err := net.Dial("tcp", late.URL.Host)
	must(t, err)
	_, err = io.Copy(conn, &whole)
	must(t, err)
	must(t, conn.Close())
	if _, _, err := all[1].get(ctx, "late"); outcome(err) != "404 NoSuchKey" {
		t.Errorf("before the stopped gateway goes on: %s", outcome(err))
	}
	must(t, e.Gateways[0].Continue())
	eventually(t, func() bool {
		body, _, err := all[1].get(ctx, "late")
		return err == nil && bytes.Equal(body, one)
	})
	must(t, all[0].swap(ctx, "late", sum(one), two))
}

// among has heads swapped over all gateways, and meanwhile something done to the first, or
// to a disk, over and over. Heads make one chain all the same.
func among(t *testing.T, e *Engine, key string, times int, do func() error) {
	t.Helper()
	all, s := stores(e), newSwapping()
	ended, failed := make(chan struct{}), make(chan error, 1)
	go func() {
		var err error
		for err == nil {
			select {
			case <-ended:
				failed <- nil
				return
			default:
				err = do()
			}
		}
		failed <- err
	}()
	defer func() {
		close(ended)
		if err := <-failed; err != nil {
			t.Error(err)
		}
		s.check(t, all[1], key)
	}()
	s.swap(t, all[1:], all, key, times, 0)
}

// survivesKills kills a gateway in the middle of requests and starts it again.
func survivesKills(t *testing.T, e *Engine) {
	kills := 0
	among(t, e, "gateways die/head", 40, func() error {
		kills++
		return e.Gateways[0].Restart()
	})
	t.Logf("%d kills", kills)
}

// survivesStops stops a gateway in the middle of requests, until one more has been answered
// over another, or a while has passed: it may hold a lock that others wait for.
func survivesStops(t *testing.T, e *Engine) {
	other := stores(e)[1]
	stops, waits := 0, 0
	among(t, e, "gateways stop/head", 40, func() error {
		stops++
		if err := e.Gateways[0].Stop(); err != nil {
			return err
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if other.put(short, "another head", one) != nil {
			waits++
		}
		return e.Gateways[0].Continue()
	})
	t.Logf("%d stops, in %d of which another gateway did not answer for a second", stops, waits)
}

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	late := time.After(patience)
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("it never does")
		}
	}
}
