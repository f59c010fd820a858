//go:build linux

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// A hookServer takes alarms, or not, and keeps what was posted.
type hookServer struct{ hook }

func (h *hookServer) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxAlarm))
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	rw.WriteHeader(h.take(string(b)))
}

// cmdHook starts a server for alarms, or has it answer otherwise from now on. What was
// posted since the last time becomes standard output.
func cmdHook(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, args, 2)
	h, ok := runningOf(ts)[args[0]].(*hookServer)
	if !ok {
		h = new(hookServer)
		server := httptest.NewServer(h)
		ts.Defer(server.Close)
		runningOf(ts)[args[0]] = h
		ts.Setenv(args[0], server.URL)
	}
	status, err := strconv.Atoi(args[1])
	ts.Check(err)
	for _, post := range h.answer(status) {
		io.WriteString(ts.Stdout(), post)
	}
}

// answer has every post answered with a status from now on, and returns what was posted.
func (h *hook) answer(status int) (posted []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	posted, h.had, h.statuses = h.had, nil, []int{status}
	return posted
}
