//go:build linux

package engines

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// A client whose clock is an hour off is refused once, takes the time from the refusal, and
// is served from then on, though it tries nothing twice.
func TestAClientSetsItsClockByTheStore(t *testing.T) {
	for _, off := range []time.Duration{time.Hour, -time.Hour} {
		var answered []int
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			now := time.Now().Add(off)
			w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
			signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
			if err != nil {
				t.Error(err)
			}
			status := http.StatusOK
			if now.Sub(signed).Abs() > 15*time.Minute {
				status = http.StatusForbidden
			}
			answered = append(answered, status)
			w.WriteHeader(status)
			if status != http.StatusOK {
				fmt.Fprint(w, `<Error><Code>RequestTimeTooSkewed</Code><Message>too far</Message></Error>`)
			}
		}))
		e := &Engine{Region: region, Access: access, Secret: secret, Bucket: "chirograph"}
		s := store{e.Client(server.URL), e.Bucket}
		first, second := s.put(t.Context(), "key", one), s.put(t.Context(), "key", one)
		server.Close()
		if outcome(first) != "403 RequestTimeTooSkewed" || second != nil || len(answered) != 2 {
			t.Errorf("%s off: %v, then %v, in %d requests", off, first, second, len(answered))
		}
	}
}
