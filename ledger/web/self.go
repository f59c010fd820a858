package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// markField is the field of the answer to GET /healthz by which a node knows itself again.
const markField = "Chirograph-Node"

// selfTime is for how long a node waits for its own answer.
const selfTime = 5 * time.Second

// AskForMark says whether the node of this mark answers at the URL where the others find it, by the
// way on which records are sent on to it: the error says why nobody does, or what does.
func AskForMark(ctx context.Context, url, mark string) error {
	t := newForward()
	defer t.CloseIdleConnections()
	return askForMark(ctx, t, url, mark)
}

func askForMark(ctx context.Context, t http.RoundTripper, url, mark string) error {
	ctx, cancel := context.WithTimeout(ctx, selfTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/healthz", nil)
	if err != nil {
		return err
	}
	r.Header.Set("User-Agent", "chirograph")
	resp, err := t.RoundTrip(r) // and no redirect
	if err != nil {
		return err
	}
	_ = resp.Body.Close() // of which nothing is read
	switch have := resp.Header.Get(markField); {
	case have == "":
		return fmt.Errorf("what answers is no node: %.60q of the type %.60q", resp.Status, mediaType(resp.Header))
	case have != mark:
		return errors.New("another node answers: give each node its own --at, or this one has a port of another")
	}
	return nil
}
