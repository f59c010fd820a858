package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A hook is a server for alarms that answers with these statuses, the last for ever; 0
// is none at all.
type hook struct {
	statuses []int

	mu  sync.Mutex
	had []string
}

// got returns what was posted.
func (h *hook) got() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.had)
}

// take takes a post, and returns the status for it.
func (h *hook) take(post string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	status := h.statuses[min(len(h.had), len(h.statuses)-1)]
	h.had = append(h.had, post)
	return status
}

func (h *hook) RoundTrip(r *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	status := h.take(string(b))
	if status == 0 {
		<-r.Context().Done()
		return nil, &net.OpError{Op: "read", Err: r.Context().Err()}
	}
	header := http.Header{"Location": {"http://elsewhere.example/"}}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader("thanks")), Request: r}, nil
}

// hooked returns a notifier that posts to the server, with what it keeps in dir.
func hooked(t *testing.T, ctx context.Context, h *hook, dir string) (*notifier, *lockedBuffer) {
	t.Helper()
	var stderr lockedBuffer
	n, err := (&app{stderr: &stderr}).newNotifier(watchFlags{webhook: "http://hooks.example/secret", interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	n.client.Transport = h
	if err := n.start(ctx, map[string]string{"ledger": dir}); err != nil {
		t.Fatal(err)
	}
	return n, &stderr
}

func (n *notifier) mustAlarm(t *testing.T, line string) {
	t.Helper()
	if err := n.alarm("ledger", []byte(line)); err != nil {
		t.Fatal(err)
	}
}

func TestAlarmIsPostedAgainWhereTheServerMayTakeItLater(t *testing.T) {
	for _, c := range []struct {
		name     string
		statuses []int
		posts    int
		took     time.Duration
		warning  string
	}{
		{"taken", []int{204}, 1, 0, ""},
		{"busy, then taken", []int{503, 429, 200}, 3, 3 * time.Second, ""},
		{"busy for ever", []int{500}, 3, 3 * time.Second, "hooks.example answers 500"},
		{"refused", []int{404}, 1, 0, "hooks.example answers 404"},
		{"redirected", []int{302}, 1, 0, "hooks.example answers 302"},
		{"hangs", []int{0}, 3, 33 * time.Second, "hooks.example: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &hook{statuses: c.statuses}
				n, stderr := hooked(t, t.Context(), h, t.TempDir())
				start := time.Now()
				n.mustAlarm(t, "{}\n")
				if took := time.Since(start); took != 0 {
					t.Errorf("the watch waited for %v", took)
				}
				if err := n.end(); (err != nil) != (c.warning != "") {
					t.Errorf("the end says %v", err)
				}
				if took := time.Since(start); len(h.got()) != c.posts || h.got()[0] != "{}\n" || took != c.took {
					t.Errorf("posted %q in %v", h.got(), took)
				}
				if got := stderr.String(); (got != "") != (c.warning != "") || !strings.Contains(got, c.warning) || strings.Contains(got, "secret") {
					t.Errorf("talk %q", got)
				}
			})
		})
	}
}

// What nobody took is kept, handed on after a pause, and by the next watch; in order.
func TestAlarmThatNobodyTakesIsKeptUntilSomebodyDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		h := &hook{statuses: []int{500, 500, 500, 404, 204}}
		n, stderr := hooked(t, t.Context(), h, dir)
		n.mustAlarm(t, "1\n")
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if got := strings.Join(h.got(), ""); got != "1\n1\n1\n" {
			t.Errorf("posted %q", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if !strings.Contains(stderr.String(), "500; the alarm is kept") || !strings.Contains(stderr.String(), "404; the alarm is kept") {
			t.Errorf("talk %q", stderr.String())
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := strings.Join(h.got()[3:], ""); got != "1\n1\n" {
			t.Errorf("posted %q", got)
		}
		if err := n.end(); err != nil {
			t.Error(err)
		}

		h = &hook{statuses: []int{500}}
		n, _ = hooked(t, t.Context(), h, dir)
		for i := range 12 {
			n.mustAlarm(t, fmt.Sprintf("%d\n", i))
		}
		if err := n.end(); err == nil || !strings.HasPrefix(err.Error(), "12 alarms could not be handed on") {
			t.Error(err)
		}
		h = &hook{statuses: []int{204}}
		n, _ = hooked(t, t.Context(), h, dir)
		n.mustAlarm(t, "12\n")
		if err := n.end(); err != nil {
			t.Error(err)
		}
		if got := strings.Join(h.got(), ""); got != "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n" {
			t.Errorf("posted %q", got)
		}
		if left, err := os.ReadDir(filepath.Join(dir, alarmsDir)); err != nil || len(left) > 0 {
			t.Error(left, err)
		}
	})
}

// A server that hangs keeps the watch not at all, and what is kept for it is bounded.
func TestAlarmsThatWaitAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		h := &hook{statuses: []int{0}}
		n, stderr := hooked(t, ctx, h, t.TempDir())
		start := time.Now()
		for range maxWaiting {
			n.mustAlarm(t, "{}\n")
		}
		if strings.Contains(stderr.String(), "because") {
			t.Error(stderr.String())
		}
		n.mustAlarm(t, "{}\n")
		if want := fmt.Sprintf("an alarm is not handed on, because %d wait: {}", maxWaiting); !strings.Contains(stderr.String(), want) {
			t.Error(stderr.String())
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("the watch waited for %v", took)
		}
		cancel()
		if err := n.end(); err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("%d alarms could not be handed on, and there was no room to keep 1", maxWaiting+1)) {
			t.Error(err)
		}
		if took := time.Since(start); took > waitAtEnd+hookTime {
			t.Errorf("the end took until %v", took)
		}
	})
}

// A script that hangs is ended, and what it prints is talk.
func TestProgramForAlarmsIsBounded(t *testing.T) {
	var stderr lockedBuffer
	n := &notifier{app: &app{stderr: &stderr}, program: "/bin/cat", ctx: t.Context()}
	if err := n.run([]byte("{}\n")); err != nil || stderr.String() != "{}\n" {
		t.Error(err, stderr.String())
	}
	n.program = "/bin/false"
	if err := n.run(nil); err == nil {
		t.Error("no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n.ctx, n.program = ctx, "/bin/cat"
	if err := n.run(nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}
