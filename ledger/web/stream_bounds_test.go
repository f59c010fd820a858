package web

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// resultOf is a stream's header as an answer has it.
func resultOf(s *streaming) *http.Response { return &http.Response{StatusCode: 200, Header: s.header} }

func TestAStreamHasSoManyRecordsAndNotOneMore(t *testing.T) {
	for _, more := range []int{0, 1} {
		w := open(t)
		s := w.stream(t, one, "")
		body := bytes.Repeat(framed([]byte("a")), streamRecords+more)
		go func() {
			s.sender.Write(body)
			s.end()
		}()
		got := s.rest()
		for _, l := range got[:streamRecords] {
			if l.Rule != "form" || l.Record != nil {
				t.Fatalf("%+v", l)
			}
		}
		if len(got) != streamRecords+more {
			t.Fatalf("%d answers to %d records", len(got), streamRecords+more)
		}
		if last := got[len(got)-1]; more == 1 && (last.Status != 413 || last.Type != streamEnded || *last.Record != streamRecords) {
			t.Errorf("%+v", last)
		}
	}
}

func TestOneStreamHasSoMuchInFlightAndNotMore(t *testing.T) {
	for _, test := range []struct{ size, most int }{{1, streamFlight}, {streamBytes / 64, 64}, {streamBytes/64 + 1, 63}} {
		synctest.Test(t, func(t *testing.T) {
			r := newRoom()
			for range test.most {
				if !r.enter(test.size) {
					t.Fatal("it is closed")
				}
			}
			in := make(chan bool, 1)
			go func() { in <- r.enter(test.size) }()
			synctest.Wait()
			if len(in) > 0 {
				t.Fatalf("%d of %d bytes are let in", test.most+1, test.size)
			}
			r.leave(1, test.size)
			if !<-in || r.records != test.most || r.bytes != test.most*test.size {
				t.Errorf("%d records, %d bytes", r.records, r.bytes)
			}
			go func() { in <- r.enter(test.size) }()
			synctest.Wait()
			r.close()
			if <-in {
				t.Error("a stream that was left lets in")
			}
		})
	}
	if streamBytes < record.MaxRecord {
		t.Error("the largest record has no room")
	}
}

func TestStreamsAreBoundedAndNoAddressHasThemAll(t *testing.T) {
	w := open(t)
	w.h.streams = newShare(4)
	var held []*streaming
	for n := range int64(2) {
		held = append(held, w.stream(t, one, ""))
		for w.h.streams.taken() != n+1 {
			runtime.Gosched()
		}
	}
	ask := func(address string) *http.Response {
		r := httptest.NewRequest("POST", "/records", strings.NewReader(""))
		r.Header.Set("Content-Type", recordsType)
		r.RemoteAddr = address
		return w.do(r)
	}
	wantProblem(t, ask(one), 429, "", "as is its share")
	leave := fill(t, w.h.streams)
	wantProblemOf(t, notTaken, ask(two), 503, "", "as many requests at hand")
	leave()
	if got := w.all(t, two, "", contract(1).Bytes()); len(got) != 1 || got[0].Status != 201 {
		t.Errorf("%+v", got)
	}
	for _, s := range held {
		s.end()
		s.rest()
	}
	if open(t).h.streams.limit != maxStreams {
		t.Errorf("%d streams at once", maxStreams)
	}
}

// A stream in which nothing happens ends, and one in which something does goes on.
func TestAStreamWaitsSoLongForARecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil, "ledger", vfs.NewMem())
		s := w.stream(t, one, "")
		for n := range uint64(3) {
			time.Sleep(streamIdle - time.Nanosecond)
			s.send(contract(n).Bytes())
			if l, ok := s.next(); !ok || l.Status != 201 {
				t.Fatalf("%+v", l)
			}
		}
		begun := time.Now()
		io.WriteString(s.sender, "10\nhello")
		l, _ := s.next()
		wantLine(t, l, 408, "", "the record did not come whole within 1m30s")
		if took := time.Since(begun); took != streamIdle || l.Type != streamEnded || *l.Record != 3 {
			t.Errorf("after %s: %+v", took, l)
		}
		s.rest()
	})
}

// Records that a quorum keeps waiting are told so by then, all of them, and a record that
// comes after is given its own time.
func TestAStreamIsToldWhenItsRecordsWaitForWitnesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		away, change := withWitness(t, func() time.Time { return time.Unix(epoch, 0).Add(time.Since(begun)) })
		w := newWorld(t, change, "ledger", vfs.NewMem())
		w.h.cfg.Clock = func() time.Time { return time.Unix(epoch, 0).Add(time.Since(begun)) }
		synctest.Wait()
		away.SetAway(true)
		s := w.stream(t, one, "")
		const n = 500
		start := time.Now()
		go func() {
			for i := range uint64(n) {
				s.send(contract(i).Bytes())
			}
		}()
		for i := range n {
			l, _ := s.next()
			wantLine(t, l, 503, "", "")
			if l.Type != notPublic && l.Type != notTaken {
				t.Fatalf("answer %d: %+v", i, l)
			}
		}
		if took := time.Since(start); took < publishWait || took > 2*publishWait {
			t.Errorf("they waited for %s", took)
		}
		if w.h.submitters.taken() != 0 || w.h.records.taken() == 0 {
			t.Errorf("%d submitters, %d records", w.h.submitters.taken(), w.h.records.taken())
		}
		away.SetAway(false)
		s.send(contract(n).Bytes())
		if l, _ := s.next(); l.Status != 201 {
			t.Errorf("%+v", l)
		}
		s.end()
		s.rest()
		synctest.Wait()
		if w.held() != 0 {
			t.Errorf("%d are held", w.held())
		}
	})
}

// What a caller does not read holds up nobody: the log answers, places are given back, and
// he is cut off.
func TestWhoDoesNotReadHisAnswersHoldsNothing(t *testing.T) {
	w := open(t)
	s := w.stream(t, one, "")
	list := contracts(50)
	s.send(list[0].Bytes())
	for _, r := range list[1:] {
		s.send(r.Bytes())
	}
	// The first line cannot be written, as nobody reads.
	for w.log.View().Size() != 50 || w.h.submitters.taken()+w.h.records.taken() != 0 {
		runtime.Gosched()
	}
	if w.h.streams.taken() != 1 {
		t.Error("the stream has ended")
	}
	if l, ok := s.next(); !ok || l.ID != list[0].ID().String() {
		t.Errorf("%+v", l)
	}
	w = open(t)
	w.h.patience = func(int) time.Duration { return short }
	s = w.stream(t, one, "")
	s.send(list[0].Bytes())
	<-s.ended
	if w.held() != 0 {
		t.Errorf("%d are held", w.held())
	}
	if _, err := s.answers.ReadByte(); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v", err)
	}
}

func TestWhatIsNoStreamIsRefusedBeforeItsBody(t *testing.T) {
	w := open(t)
	for _, test := range []struct {
		target, media, encoding string
		status                  int
		detail                  string
	}{
		{"/records", recordsType + "; charset=utf-8", "", 415, "and many as " + recordsType},
		{"/records", recordsType, "gzip", 415, `the content encoding is "gzip"`},
		{"/records?receipts=1", recordsType, "", 404, "query"},
		{"/records?receipts&receipts", recordsType, "", 404, "query"},
		{"/records?", recordsType, "", 404, "query"},
		{"/records?receipt", recordsType, "", 404, "query"},
		{"/records?receipts", "text/plain", "", 404, "query"},
		{"/checkpoint?receipts", recordsType, "", 404, "query"},
	} {
		r := httptest.NewRequest("POST", test.target, strings.NewReader("5\nhello"))
		r.Header.Set("Content-Type", test.media)
		if test.encoding != "" {
			r.Header.Set("Content-Encoding", test.encoding)
		}
		resp := w.do(r)
		if test.status == 415 && resp.Header.Get("Connection") != "close" {
			t.Errorf("%+v: header %v", test, resp.Header)
		}
		wantProblem(t, resp, test.status, "", test.detail)
	}
	old := httptest.NewRequest("POST", "/records", strings.NewReader("5\nhello"))
	old.Header.Set("Content-Type", recordsType)
	old.Proto, old.ProtoMinor = "HTTP/1.0", 0
	wantProblem(t, w.do(old), 505, "", "looks whole over HTTP/1.0")
	// Where the answer could not be written before the body is read, there is none.
	r := httptest.NewRequest("POST", "/records", strings.NewReader("5\nhello"))
	r.Header.Set("Content-Type", recordsType)
	wantProblem(t, w.do(r), 500, "", "")
	c := open(t)
	c.h = must(New(Config{Key: home.Key, View: w.log.View, Copy: &Copy{}, Clock: w.clock, Checks: 1, Policy: policy}))
	r = httptest.NewRequest("POST", "/records", strings.NewReader("5\nhello"))
	r.Header.Set("Content-Type", recordsType)
	wantProblem(t, c.do(r), 403, "", "which registers nothing")
}

// Over a connection, as programs send it.
func TestAStreamOverTheNetwork(t *testing.T) {
	w := open(t)
	address, l := w.serveTCP(16, func(s *http.Server) { s.ReadTimeout = time.Second; s.WriteTimeout = time.Second })
	const header = "POST /records HTTP/1.1\r\nHost: x\r\nContent-Type: " + recordsType + "\r\n"
	// What no answer is awaited for, with a length.
	body := string(framed(contract(1).Bytes(), []byte("hello"), contract(2).Bytes()))
	whole := string(exchange(t, address, header+"Expect: 100-continue\r\nContent-Length: "+fmt.Sprint(len(body))+"\r\n\r\n"+body))
	if !strings.HasPrefix(whole, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n") || strings.Count(whole, `"status":201`) != 2 || !strings.HasSuffix(whole, "\r\n0\r\n\r\n") {
		t.Errorf("%q", whole)
	}
	// In chunks, each sent when the last is answered; what follows the stream is not read.
	conn := must(net.Dial("tcp", address))
	defer conn.Close()
	chunk := func(b []byte) { must(fmt.Fprintf(conn, "%x\r\n%s\r\n", len(b), b)) }
	must(io.WriteString(conn, header+"Transfer-Encoding: chunked\r\n\r\n"))
	chunk(framed(contract(3).Bytes()))
	resp := must(http.ReadResponse(bufio.NewReader(conn), nil))
	answers := bufio.NewReader(resp.Body)
	for n := uint64(3); n < 6; n++ {
		if got := parseLine(t, must(answers.ReadBytes('\n'))); got.Status != 201 || got.ID != contract(n).ID().String() {
			t.Fatalf("%+v", got)
		}
		if n < 5 {
			chunk(framed(contract(n + 1).Bytes()))
		}
	}
	must(io.WriteString(conn, "0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"))
	if rest, err := io.ReadAll(answers); len(rest) > 0 || err != nil || !resp.Close {
		t.Errorf("%q, %v", rest, err)
	}
	if rest, err := io.ReadAll(conn); len(rest) > 0 && !errors.Is(err, os.ErrClosed) {
		t.Errorf("after the stream: %q", rest)
	}
	// One that goes on after a fault has its answers.
	faulty := header + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("6\r\n0\nabcd\r\n", 10_000)
	if got := string(exchange(t, address, faulty)); !strings.Contains(got, streamEnded) || !strings.HasSuffix(got, "\r\n0\r\n\r\n") {
		t.Errorf("%q", got)
	}
	// One that breaks off takes nothing along.
	for _, cut := range []string{"", "5", "5\nhel"} {
		conn := must(net.Dial("tcp", address))
		must(io.WriteString(conn, header+"Content-Length: 100\r\n\r\n"+cut))
		conn.Close()
	}
	for len(l.places) > 1 || w.held() != 0 {
		runtime.Gosched()
	}
	if n := len(w.checkLog()); n != 5 {
		t.Errorf("%d entries", n)
	}
}

// A log that stops by itself tells each, and nobody is told that his record is registered.
func TestAStreamOfAStoppedLogAcknowledgesNothing(t *testing.T) {
	w := newWorld(t, func(cfg *ledger.Config) {
		cfg.Sign = func() func([]byte) ([]byte, error) {
			n := 0
			return func(b []byte) ([]byte, error) {
				if n++; n > 2 {
					return nil, io.ErrUnexpectedEOF
				}
				return home.sign(b)
			}
		}()
	}, "ledger", vfs.NewMem())
	for _, l := range w.all(t, one, "", contract(1).Bytes(), contract(2).Bytes(), contract(3).Bytes()) {
		if l.Status < 500 && l.Status != 201 {
			t.Errorf("%+v", l)
		}
		if l.Status == 201 {
			if _, err := w.log.View().Registered(*l.Index); err != nil {
				t.Error(err)
			}
		}
	}
}

// One record that meets a fault of ours is a 500, with the reason in the log alone.
func TestAPanicIsTheAnswerToOneRecord(t *testing.T) {
	w := open(t)
	view, n := w.h.cfg.View, 0
	w.h.cfg.View = func() *ledger.View {
		if n++; n == 2 {
			panic("a fault")
		}
		return view()
	}
	got := w.all(t, one, "", contract(1).Bytes(), contract(2).Bytes(), contract(3).Bytes())
	wantLine(t, got[0], 201, "", "")
	wantLine(t, got[1], 500, "", "its log says why")
	wantLine(t, got[2], 201, "", "")
	if !strings.Contains(w.lines.String(), "a fault") || w.held() != 0 {
		t.Errorf("%d are held, log: %s", w.held(), w.lines)
	}
}
