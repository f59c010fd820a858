package web

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/chirograph/chirograph/ledger"
)

// Whatever the length of an answer, it comes whole and once, in its order.
func TestAnAnswerInPartsIsTheAnswer(t *testing.T) {
	w := open(t)
	w.h.cfg.View = func() *ledger.View { return nil } // whose policy would be another
	for _, size := range []int{0, 1, keptBody - 1, keptBody, 3000, 3400, 4095, 4096, 4097, 8192, 100_000} {
		l := must(net.Listen("tcp", "127.0.0.1:0"))
		w.h.cfg.Policy = bytes.Repeat([]byte("p"), size)
		server := NewServer(w.h, nil)
		served := make(chan error, 1)
		go func() { served <- server.Serve(Limit(l, 4, nil, false)) }()
		conn := must(net.Dial("tcp", l.Addr().String()))
		answers := bufio.NewReader(conn)
		for range 3 { // on one connection
			must(fmt.Fprintf(conn, "GET /policy HTTP/1.1\r\nHost: x\r\n\r\n"))
			resp := must(http.ReadResponse(answers, nil))
			if got := must(io.ReadAll(resp.Body)); !bytes.Equal(got, w.h.cfg.Policy) {
				t.Errorf("%d bytes of %d", len(got), size)
			}
		}
		conn.Close()
		server.Close()
		<-served
	}
}

// A connection that broke while a part was kept takes no other answer.
func TestWhatIsKeptAndCannotBeWrittenEndsTheConnection(t *testing.T) {
	here, there := net.Pipe()
	c := &limitedConn{Conn: here, leave: func() {}}
	there.Close()
	c.kept = new(firstPart)
	if n, err := c.Write([]byte("kept")); n != 4 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	c.release()
	if _, err := here.Read(make([]byte, 1)); err != io.ErrClosedPipe {
		t.Errorf("the connection is open: %v", err)
	}
	c.kept = new(firstPart)
	_, _ = c.Write([]byte("kept"))
	if n, err := c.Write([]byte("rest")); n != 0 || err == nil || c.kept != nil {
		t.Errorf("%d, %v", n, err)
	}
}
