package web

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// What only net/http shows: it ends a request's context when reading fails, and ends
// whatever answer a handler returns from as a whole one.

// await waits until the log has a record in its queue.
func (w *world) await(r *record.Record) {
	for w.log.Pending(r.ID(), r.Bytes()) == nil {
		runtime.Gosched()
	}
}

// pour sends the header of a stream, and its body of so many bytes as far as it is there.
func pour(t testing.TB, c net.Conn, length int, body []byte) {
	t.Helper()
	if _, err := fmt.Fprintf(c, "POST /records HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", recordsType, length, body); err != nil {
		t.Error(err)
	}
}

// heard returns the answers that come over a connection. The error is nil where their
// end came too.
func heard(t testing.TB, c net.Conn) (list []line, err error) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		t.Errorf("answered %s", resp.Status)
	}
	b, err := io.ReadAll(resp.Body)
	for l := range bytes.Lines(b) {
		if !bytes.HasSuffix(l, []byte("\n")) {
			break
		}
		list = append(list, parseLine(t, l))
	}
	return list, err
}

func TestAStreamThatWasReadWholeHasItsAnswersWhenTheLogEnds(t *testing.T) {
	w, signs, proceed := gated(t, 64)
	address, _ := w.serveTCP(16, nil)
	conn := must(net.Dial("tcp", address))
	defer conn.Close()
	var bodies [][]byte
	for n := range uint64(20) {
		bodies = append(bodies, contract(n).Bytes())
	}
	body := framed(bodies...)
	pour(t, conn, len(body), body)
	<-signs
	w.await(contract(19))
	closed := make(chan error)
	go func() { closed <- w.log.Close() }()
	drain(t, signs)
	proceed()
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	got, err := heard(t, conn)
	if len(got) != 20 || err != nil {
		t.Fatalf("%d answers, %v", len(got), err)
	}
	for _, l := range got {
		wantLine(t, l, 201, "", "")
	}
}

func TestACallerWhoStillSendsHearsThatTheLogHasEnded(t *testing.T) {
	w := open(t)
	address, _ := w.serveTCP(16, nil)
	conn := must(net.Dial("tcp", address))
	defer conn.Close()
	one := framed([]byte("hello"))
	pour(t, conn, len(one)*streamRecords, nil)
	read := make(chan struct{})
	go func() {
		for n := range streamRecords {
			if n == 100 {
				close(read)
			}
			if _, err := conn.Write(one); err != nil {
				return
			}
		}
	}()
	<-read
	if err := w.log.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := heard(t, conn)
	if err != nil || len(got) == 0 {
		t.Fatalf("%d answers, %v", len(got), err)
	}
	// He may have sent all before it ended.
	last := got[len(got)-1]
	if len(got) < streamRecords && (last.Type != streamEnded || last.Status != 503 || *last.Record != int64(len(got)-1)) {
		t.Errorf("the last of %d answers is %+v", len(got), last)
	}
}

func TestAStreamToALogThatHasEndedIsToldSo(t *testing.T) {
	w := open(t)
	if err := w.log.Close(); err != nil {
		t.Fatal(err)
	}
	address, _ := w.serveTCP(16, nil)
	conn := must(net.Dial("tcp", address))
	defer conn.Close()
	body := framed(contract(1).Bytes(), contract(2).Bytes())
	pour(t, conn, len(body), body)
	got, err := heard(t, conn)
	if err != nil || len(got) == 0 || got[len(got)-1].Status != 503 {
		t.Errorf("%+v, %v", got, err)
	}
}

// His system says that nobody is there any more, as that of a caller who has gone does.
func TestAnAnswerThatIsNotWholeHasNoEnd(t *testing.T) {
	w, signs, proceed := gated(t, 64)
	address, _ := w.serveTCP(16, nil)
	conn := must(net.Dial("tcp", address))
	defer conn.Close()
	body := framed(contract(1).Bytes(), contract(2).Bytes())
	pour(t, conn, len(body), body)
	<-signs
	w.await(contract(2))
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	for w.h.streams.taken() != 0 {
		runtime.Gosched()
	}
	proceed()
	drain(t, signs)
	if got, err := heard(t, conn); err == nil {
		t.Errorf("%d of 2 answers end as if they were whole", len(got))
	}
}

// Connections in memory, whose time is that of synctest.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
}

type pipeEnd struct{ net.Conn }

func (pipeEnd) RemoteAddr() net.Addr { return must(net.ResolveTCPAddr("tcp", "10.0.0.1:1")) }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepted:
		return pipeEnd{c}, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return pipeEnd{}.RemoteAddr() }

// pipe serves a world, and returns a connection to it.
func (w *world) pipe(t *testing.T) (conn net.Conn, stop func()) {
	p := &pipes{make(chan net.Conn), make(chan struct{})}
	server, done := NewServer(w.h, nil), make(chan error)
	go func() { done <- server.Serve(p) }()
	conn, other := net.Pipe()
	p.accepted <- other
	return conn, func() {
		if err := errors.Join(conn.Close(), server.Close()); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}
}

func TestWhoSendsHalfARecordIsToldThatItDidNotComeWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil, "ledger", vfs.NewMem())
		conn, stop := w.pipe(t)
		defer stop()
		begun := time.Now()
		go pour(t, conn, 1000, append(framed([]byte("hello")), "10\nhello"...))
		got, err := heard(t, conn)
		if took := time.Since(begun); len(got) != 2 || err != nil || took < streamIdle || took > 2*streamIdle {
			t.Fatalf("after %s %+v, %v", took, got, err)
		}
		wantLine(t, got[0], 400, "form", "")
		if wantLine(t, got[1], 408, "", "did not come whole"); *got[1].Record != 1 {
			t.Errorf("ended at record %d", *got[1].Record)
		}
	})
}

func TestAStreamThatGoesOnForEverHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil, "ledger", vfs.NewMem())
		conn, stop := w.pipe(t)
		begun := time.Now()
		body := framed([]byte("hello"))
		sent := make(chan struct{})
		defer func() {
			stop()
			<-sent
		}()
		go func() {
			defer close(sent)
			pour(t, conn, len(body)*streamRecords, nil)
			for {
				if _, err := conn.Write(body); err != nil {
					return
				}
				time.Sleep(streamIdle - time.Second)
			}
		}()
		got, err := heard(t, conn)
		if took := time.Since(begun); err != nil || len(got) == 0 || took < streamTime || took > streamTime+streamIdle {
			t.Fatalf("after %s %d answers, %v", took, len(got), err)
		}
		wantLine(t, got[len(got)-1], 408, "", "did not come whole within 10m0s")
	})
}

func TestWhoDoesNotReadTheEndOfAnAnswerIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil, "ledger", vfs.NewMem())
		conn, stop := w.pipe(t)
		defer stop()
		body := framed(contract(1).Bytes())
		go pour(t, conn, len(body), body)
		in := bufio.NewReaderSize(conn, 16)
		for {
			text, err := in.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(text, `{"status":201`) {
				break // and not the chunk that says that there is no more
			}
		}
		time.Sleep(time.Hour)
		if _, err := conn.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("the connection is held: %v", err)
		}
	})
}

// What is held for whoever does not read his answers is bounded, however much he sends.
func TestWhoDoesNotReadHasNoMoreInFlightThanAStreamMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil, "ledger", vfs.NewMem())
		s := w.stream(t, one, "")
		body := framed(bytes.Repeat([]byte("a"), record.MaxRecord))
		var read atomic.Int64
		go func() {
			for {
				n, err := s.sender.Write(body)
				if read.Add(int64(n)); err != nil {
					return
				}
			}
		}()
		synctest.Wait()
		// Beside that there is what is read ahead, and the record that waits for room.
		if most := int64(streamBytes + frameBuffer + 2*len(body)); read.Load() < streamBytes || read.Load() > most {
			t.Errorf("%d bytes were read, at most %d may be in flight", read.Load(), most)
		}
	})
}
