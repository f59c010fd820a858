package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A lane is a connection that is kept, on which one request at a time is sent. It costs
// a third of what a client of package http does, which with few cores for both sides is
// taken from the server.
type lane struct {
	host string
	conn net.Conn
	in   *bufio.Reader
	out  []byte
}

func openLane(url string) (*lane, error) {
	host := strings.TrimPrefix(url, "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		return nil, err
	}
	return &lane{host: host, conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}, nil
}

// get asks for a path, and demands that it is there.
func (l *lane) get(path string) error {
	l.out = fmt.Appendf(l.out[:0], "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, l.host)
	return l.ask(200)
}

// post submits a record, and demands that it is new.
func (l *lane) post(record []byte) error {
	l.out = fmt.Appendf(l.out[:0], "POST /records HTTP/1.1\r\nHost: %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n", l.host, len(record))
	l.out = append(l.out, record...)
	return l.ask(201)
}

// ask sends what is in out, and reads the answer to its end.
func (l *lane) ask(want int) error {
	if _, err := l.conn.Write(l.out); err != nil {
		return err
	}
	line, err := l.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if len(line) < 12 || string(line[9:12]) != strconv.Itoa(want) {
		said := string(line)
		rest, _ := l.in.Peek(min(l.in.Buffered(), 1000))
		return fmt.Errorf("status %q, not %d: %s", said, want, rest)
	}
	length := -1
	for {
		line, err := l.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		const name = "content-length:"
		if len(line) > len(name) && bytes.EqualFold(line[:len(name)], []byte(name)) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(name):]))); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return errors.New("an answer has no length")
	}
	_, err = l.in.Discard(length)
	return err
}

// load asks n times over so many connections, each when it has its last answer. It
// returns what this took, and the quantiles of single answers.
func load(url string, conns, n int, ask func(l *lane, i int) error) (metrics, error) {
	lanes := make([]*lane, conns)
	for i := range lanes {
		var err error
		if lanes[i], err = openLane(url); err != nil {
			return nil, err
		}
		defer lanes[i].conn.Close()
	}
	took := make([]float64, n)
	errs := make([]error, conns)
	var next atomic.Int64
	before, err := used()
	if err != nil {
		return nil, err
	}
	var group sync.WaitGroup
	for c, l := range lanes {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(n) && errs[c] == nil; i = next.Add(1) - 1 {
				begun := time.Now()
				errs[c] = ask(l, int(i))
				took[i] = time.Since(begun).Seconds()
			}
		})
	}
	group.Wait()
	after, err := used()
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	m := after.since(before, n)
	m["p50"], m["p99"] = quantile(took, 0.5), quantile(took, 0.99)
	return m, nil
}

// getChild asks for paths in turn.
func getChild(j job) (metrics, error) {
	return load(j.URL, j.Conns, j.N, func(l *lane, i int) error { return l.get(j.Paths[i%len(j.Paths)]) })
}

// postChild submits the records of a file in one of forms.
func postChild(j job) (metrics, error) {
	list, err := readRecords(j.Records, j.N)
	if err != nil {
		return nil, err
	}
	if j.Form == bulkForm {
		return postBulk(j, list)
	}
	return load(j.URL, j.Conns, j.N, func(l *lane, i int) error { return l.post(list[i]) })
}

// readAll reads a body to its end.
func readAll(body io.ReadCloser) ([]byte, error) {
	b, err := io.ReadAll(body)
	return b, errors.Join(err, body.Close())
}
