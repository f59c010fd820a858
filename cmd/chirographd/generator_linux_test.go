package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// A minter makes records of one signer that differ in their nonces.
type minter struct {
	ledger note.Key
	keys   [2]note.Key
	secret [2]ed25519.PrivateKey
	made   int64
	next   atomic.Uint64
}

func newMinter(t *testing.T, ledger note.Key) *minter {
	t.Helper()
	m := &minter{ledger: ledger, made: time.Now().Unix()}
	for i := range m.keys {
		seed := sha256.Sum256([]byte{byte(i)})
		m.secret[i] = ed25519.NewKeyFromSeed(seed[:])
		public, err := note.ParsePublicKey(m.secret[i].Public().(ed25519.PublicKey))
		if err != nil {
			t.Fatal(err)
		}
		if m.keys[i], err = note.NewKey(fmt.Sprintf("party%d.example", i), note.Ed25519, public); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func (m *minter) mint() (*record.Record, error) {
	text := &record.Text{
		Kind: record.Contract, Ledger: m.ledger, Made: m.made, SignBy: m.made + 86400,
		Parties: []record.Party{
			{Role: "manufacturer", Threshold: 1, Keys: []note.Key{m.keys[0]}},
			{Role: "buyer", Threshold: 1, Keys: []note.Key{m.keys[1]}},
		},
		Documents: []record.Document{{Hash: [32]byte{1}, Size: 1, Media: "text/plain", Kind: record.Terms, Name: "terms.txt"}},
	}
	binary.BigEndian.PutUint64(text.Nonce[8:], m.next.Add(1))
	r, err := record.New(text)
	for i := 0; err == nil && i < len(m.keys); i++ {
		r, err = r.Sign(m.keys[i].Public(), func(b []byte) ([]byte, error) { return ed25519.Sign(m.secret[i], b), nil })
	}
	return r, err
}

// A generator sends records, and keeps what it was answered.
type generator struct {
	t    *testing.T
	url  string
	mint *minter

	mu       sync.Mutex
	pool     []*record.Record // signed, and not registered as far as we know
	statuses map[int]int
	waits    []time.Duration // of those that were accepted
	refusals []time.Duration // of those that were refused
	receipts *bufio.Writer   // each after its length
	accepted int
	broken   int // connections
}

func (g *generator) fill(n int) {
	list := make([]*record.Record, n)
	var group sync.WaitGroup
	for part := range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := part; i < n; i += runtime.GOMAXPROCS(0) {
				var err error
				if list[i], err = g.mint.mint(); err != nil {
					g.t.Error(err)
				}
			}
		})
	}
	group.Wait()
	g.pool = append(g.pool, list...)
}

func (g *generator) take() *record.Record {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n := len(g.pool); n > 0 {
		r := g.pool[n-1]
		g.pool = g.pool[:n-1]
		return r
	}
	r, err := g.mint.mint()
	if err != nil {
		g.t.Error(err)
	}
	return r
}

// submit sends a record once, and returns the status; 0 where the connection broke.
func (g *generator) submit(client *http.Client) int {
	r := g.take()
	begun := time.Now()
	resp, err := client.Post(g.url+"/records", "text/plain; charset=utf-8", bytes.NewReader(r.Bytes()))
	return g.answered(r, begun, resp, err)
}

// answered keeps the answer to a record, and returns its status; 0 where there is none.
// A record that was refused is sent again.
func (g *generator) answered(r *record.Record, begun time.Time, resp *http.Response, err error) int {
	var body []byte
	if err == nil {
		body, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	took := time.Since(begun)
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil {
		g.broken++
		g.pool = append(g.pool, r)
		return 0
	}
	g.statuses[resp.StatusCode]++
	after, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	switch resp.StatusCode {
	case http.StatusCreated, http.StatusOK:
		g.accepted++
		g.waits = append(g.waits, took)
		g.receipts.Write(binary.BigEndian.AppendUint32(nil, uint32(len(body))))
		if _, err := g.receipts.Write(body); err != nil {
			g.t.Error(err)
		}
		return resp.StatusCode
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		g.refusals = append(g.refusals, took)
		if after < 1 || resp.Header.Get("Cache-Control") != "no-store" {
			g.t.Errorf("%s with the header %v", resp.Status, resp.Header)
		}
	default:
		g.t.Errorf("%s: %s", resp.Status, body)
	}
	g.pool = append(g.pool, r)
	return resp.StatusCode
}

// A lane is a connection that is kept, on which one record at a time is sent. It costs
// the sender a third of what a client of package http does, which with two cores for
// both sides is what lets it send more than the ledger takes.
type lane struct {
	g       *generator
	dialer  net.Dialer
	address string
	asked   chan *record.Record // one at a time
	conn    net.Conn            // nil for none
	in      *bufio.Reader
	out     []byte
}

func newLane(g *generator, last byte) *lane {
	return &lane{
		g: g, address: strings.TrimPrefix(g.url, "http://"), asked: make(chan *record.Record, 1),
		dialer: net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, last)}},
	}
}

// submit is that of the generator. Where the connection broke, the next has another.
func (l *lane) submit(r *record.Record) int {
	begun := time.Now()
	resp, err := l.send(r)
	closes := err == nil && resp.Close
	status := l.g.answered(r, begun, resp, err)
	if status == 0 || closes {
		l.close()
	}
	return status
}

func (l *lane) send(r *record.Record) (*http.Response, error) {
	if l.conn == nil {
		conn, err := l.dialer.DialContext(l.g.t.Context(), "tcp", l.address)
		if err != nil {
			return nil, err
		}
		l.conn, l.in = conn, bufio.NewReader(conn)
	}
	body := r.Bytes()
	l.out = fmt.Appendf(l.out[:0], "POST /records HTTP/1.1\r\nHost: %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n", l.address, len(body))
	l.out = append(l.out, body...)
	if _, err := l.conn.Write(l.out); err != nil {
		return nil, err
	}
	return http.ReadResponse(l.in, nil)
}

func (l *lane) close() {
	if l.conn != nil {
		l.conn.Close()
		l.conn = nil
	}
}

// clientAt returns a client at 127.0.0.last, with so many connections at most.
func clientAt(t *testing.T, last byte, connections int) *http.Client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, last)}}
	transport := &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// closed has a few submit, each after its last answer, and returns how many records a
// second are taken.
func (g *generator) closed(d time.Duration) float64 {
	ctx, cancel := context.WithTimeout(g.t.Context(), d)
	defer cancel()
	before := g.accepted
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			l := newLane(g, 1)
			defer l.close()
			for ctx.Err() == nil {
				l.submit(g.take())
			}
		})
	}
	group.Wait()
	return float64(g.accepted-before) / d.Seconds()
}

// open sends at a rate, from several addresses, whatever is answered. It returns how
// many were sent, and how many not because so many waited.
func (g *generator) open(d time.Duration, perSecond float64) (sent, unsent int) {
	lanes := make([]*lane, inFlight)
	free := make([]*lane, inFlight) // that which was used last is used next: few connections where answers are quick
	var mu sync.Mutex
	var group sync.WaitGroup
	for i := range lanes {
		l := newLane(g, 2+byte(i%sources))
		lanes[i], free[i] = l, l
		group.Go(func() {
			defer l.close()
			for r := range l.asked {
				l.submit(r)
				mu.Lock()
				free = append(free, l)
				mu.Unlock()
			}
		})
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	begun := time.Now()
	for now := range tick.C {
		elapsed := now.Sub(begun)
		if elapsed > d {
			break
		}
		for float64(sent+unsent) < elapsed.Seconds()*perSecond {
			mu.Lock()
			if len(free) == 0 {
				mu.Unlock()
				unsent++
				continue
			}
			l := free[len(free)-1]
			free = free[:len(free)-1]
			mu.Unlock()
			sent++
			l.asked <- g.take()
		}
	}
	for _, l := range lanes {
		close(l.asked)
	}
	group.Wait()
	return sent, unsent
}
