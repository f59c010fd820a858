package web

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/net/http2"
)

// Many records in a request, while their answers are read.
func TestAStreamOverHTTP2IsAnsweredWhileItIsSent(t *testing.T) {
	w := open(t)
	address, _, client := w.serveTLS(16, nil)
	body, send := io.Pipe()
	resp, err := func() (*http.Response, error) {
		req := must(http.NewRequest("POST", "https://"+address+"/records?receipts", body))
		req.Header.Set("Content-Type", recordsType)
		return client.Do(req)
	}, error(nil)
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan *http.Response, 1)
	go func() {
		r, err := resp()
		if err != nil {
			t.Error(err)
		}
		answered <- r
	}()
	must(send.Write(framed(contract(0).Bytes())))
	r := <-answered // it has not been sent to its end
	if r == nil {
		return
	}
	defer r.Body.Close()
	if r.ProtoMajor != 2 || r.StatusCode != 200 {
		t.Fatalf("%s %s", r.Proto, r.Status)
	}
	in := lineReader(t, r.Body)
	for n := range uint64(600) {
		if n > 0 {
			must(send.Write(framed(contract(n).Bytes())))
		}
		l, ok := in()
		if wantLine(t, l, 201, "", ""); !ok || l.ID != contract(n).ID().String() || l.Receipt == "" {
			t.Fatalf("record %d: %+v", n, l)
		}
	}
	must(send.Write([]byte("7\nhel")))
	send.Close()
	l, ok := in()
	if wantLine(t, l, 400, "", "the record ends after 3 bytes of 7"); !ok || l.Type != streamEnded || *l.Record != 600 {
		t.Errorf("%+v", l)
	}
	if _, ok := in(); ok {
		t.Error("there is more")
	}
	// It was one of several requests of its connection, which goes on.
	if resp := must(client.Get("https://" + address + "/healthz")); resp.StatusCode != 200 {
		t.Error(resp.Status)
	}
	for w.held() != 0 || w.h.requests.taken() > 0 {
		runtime.Gosched()
	}
	if n := len(w.checkLog()); n != 600 {
		t.Errorf("%d entries", n)
	}
}

// A faulty stream has its last line, however much its caller goes on to send.
func TestAFaultyStreamOverHTTP2HasItsLastLine(t *testing.T) {
	w := open(t)
	address, _, client := w.serveTLS(16, nil)
	body := append(framed(contract(1).Bytes()), "no length at all"...)
	body = append(body, bytes.Repeat([]byte("a"), 4<<20)...)
	req := must(http.NewRequest("POST", "https://"+address+"/records", bytes.NewReader(body)))
	req.Header.Set("Content-Type", recordsType)
	resp := must(client.Do(req))
	defer resp.Body.Close()
	in := lineReader(t, resp.Body)
	first, _ := in()
	wantLine(t, first, 201, "", "")
	last, ok := in()
	if wantLine(t, last, 400, "", "does not begin with the length"); !ok || last.Type != streamEnded {
		t.Errorf("%+v", last)
	}
	for w.held() != 0 || w.h.requests.taken() > 0 {
		runtime.Gosched()
	}
}

// Who takes no answers of his stream is cut off, and his connection goes on.
func TestWhoTakesNoAnswersOfAStreamOverHTTP2IsCutOff(t *testing.T) {
	w := open(t)
	w.h.patience = func(size int) time.Duration { return short }
	address, _, client := w.serveTLS(16, nil)
	r := dialRaw(t, address, trusted(client), 0)
	stream := must(r.ask("POST", "/records", false, "content-type", recordsType))
	if err := r.WriteData(stream, false, framed([]byte("hello"))); err != nil {
		t.Fatal(err)
	}
	if got := r.listen(); got.stream != stream || got.status != "200" {
		t.Fatalf("%+v", got)
	}
	if got := r.listen(); got.stream != stream || got.reset == http2.ErrCodeNo {
		t.Errorf("%+v", got)
	}
	for w.held() != 0 || w.h.requests.taken() > 0 {
		runtime.Gosched()
	}
	if got := must(r.ask("GET", "/healthz", true)); r.listen() != (event{stream: got, status: "200"}) {
		t.Error("the connection is over")
	}
}

// Who leaves his stream in its middle leaves nothing behind.
func TestWhoLeavesAStreamOverHTTP2LeavesNothing(t *testing.T) {
	w := open(t)
	address, _, client := w.serveTLS(16, nil)
	r := dialRaw(t, address, trusted(client), 1<<16)
	stream := must(r.ask("POST", "/records", false, "content-type", recordsType))
	body := framed(contract(1).Bytes())
	if err := r.WriteData(stream, false, body[:len(body)-1]); err != nil {
		t.Fatal(err)
	}
	for w.h.streams.taken() != 1 {
		runtime.Gosched()
	}
	if err := r.WriteRSTStream(stream, http2.ErrCodeCancel); err != nil {
		t.Fatal(err)
	}
	for w.held() != 0 || w.h.requests.taken() > 0 {
		runtime.Gosched()
	}
	if n := len(w.checkLog()); n != 0 {
		t.Errorf("%d entries", n)
	}
}

// A stream of records has the same patience over HTTP/2, and its connection outlives it.
func TestAStreamOverHTTP2HasItsPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil, "ledger", vfs.NewMem())
		r, stop := w.rawInPipe(t)
		defer stop()
		begun := time.Now()
		for range 2 {
			stream := must(r.ask("POST", "/records", false, "content-type", recordsType))
			if err := r.WriteData(stream, false, append(framed([]byte("hello")), "10\nhello"...)); err != nil {
				t.Fatal(err)
			}
			body, code := r.answers(stream)
			got := bytes.SplitAfter(body, []byte("\n"))
			if took := time.Since(begun); len(got) != 3 || code != http2.ErrCodeNo || took < streamIdle || took > 2*streamIdle {
				t.Fatalf("after %s %s, %q", took, code, body)
			}
			wantLine(t, parseLine(t, got[0]), 400, "form", "")
			wantLine(t, parseLine(t, got[1]), 408, "", "did not come whole")
			begun = time.Now()
		}
		next := must(r.ask("GET", "/healthz", true))
		for got := r.listen(); got.stream != next; got = r.listen() {
			if got.ended {
				t.Fatal("the connection is over")
			}
		}
	})
}
