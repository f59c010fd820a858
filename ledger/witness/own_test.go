package witness

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/verify"
)

// Without a transport of the caller's the package's own asks, here over loopback.
func TestThePackageHasATransportOfItsOwn(t *testing.T) {
	log := newLog(8, 8, "")
	h := &honest{keys: []signer{newSigner("w1.example", note.MLDSA44)}, ledger: log.Key}
	server := httptest.NewServer(h)
	defer server.Close()
	p := &verify.Policy{
		Logs:      []verify.Log{{Key: log.Key}},
		Witnesses: []verify.Witness{{Name: "w1", Key: h.keys[0].Key, URL: server.URL}},
		Quorum:    "w1",
	}
	ws, err := New(Config{Ledger: log.Key, Policy: p, Clock: time.Now, Prove: log.prove})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	for _, size := range []int{7, 8} {
		if _, err := ws.Cosign(t.Context(), log.checkpoint(size), now()); err != nil {
			t.Fatal(err)
		}
	}
	h.wasAsked(t, "7 to 7: 409", "0 to 7: 200", "7 to 8: 200")
	c, err := Seen(t.Context(), nil, server.URL+"/", log.Key)
	if err != nil || c.Checkpoint != log.checkpoint(8).Checkpoint {
		t.Errorf("it shows size %d, %v", c.Size, err)
	}
}

func TestSeenEndsWithItsContext(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.add("w1", newSigner("w1.example", note.Cosignature).Key, http.HandlerFunc(hang))
		for after, want := range map[time.Duration]error{time.Second: context.Canceled, time.Hour: context.DeadlineExceeded} {
			ctx, cancel := context.WithCancel(t.Context())
			start := w.passed()
			time.AfterFunc(after, cancel)
			_, err := Seen(ctx, w.transport, w.policy.Witnesses[0].URL, w.log.Key)
			if took := w.passed() - start; !errors.Is(err, want) || took != min(after, requestTime) {
				t.Errorf("error is %v after %s, want %v", err, took, want)
			}
			cancel()
		}
	})
}

// What a witness says of a size that is not the checkpoint's is no claim.
func TestANonsensicalRefusalIsAFailureAndNoClaim(t *testing.T) {
	for want, answers := range map[string][]http.HandlerFunc{
		"refused size 7 (409) and named none":     {says(409, "7\n"), says(409, "<html>")},
		"refused an empty proof (422)":            {says(409, "0\n"), says(422, "")},
		"refused size 7 (409) and named the same": {says(409, "7\n"), says(409, "7\n")},
		"has more than the 16384 bytes":           {says(409, "7\n"), says(409, strings.Repeat("7", maxAnswer+1))},
	} {
		t.Run(want, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				n := 0
				w.add("w1", newSigner("w1.example", note.Cosignature).Key, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					answers[min(n, len(answers)-1)](rw, r)
					n++
				}))
				w.want(1)
				ws := w.open()
				defer ws.Close()
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if _, err := ws.Cosign(ctx, w.log.checkpoint(9), now()); err != context.DeadlineExceeded {
					t.Errorf("error is %v", err)
				}
				if line := w.lines.all()[0]; !strings.Contains(line, want) || strings.Contains(line, "ERROR") {
					t.Errorf("logged %s, want %s", line, want)
				}
			})
		})
	}
}
