package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// A minter makes records that differ in their nonces, which count. Of each it makes the
// bytes alone, for the generator shares the cores with the ledger.
type minter struct {
	text   []byte // of number 0
	nonce  int    // where its hex digits are
	keys   [2]note.Key
	secret [2]ed25519.PrivateKey
	next   atomic.Uint64
}

func newMinter(t *testing.T, ledger note.Key) *minter {
	t.Helper()
	m := new(minter)
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
	made := time.Now().Unix()
	r, err := record.New(&record.Text{
		Kind: record.Contract, Ledger: ledger, Made: made, SignBy: made + 86400,
		Parties: []record.Party{
			{Role: "manufacturer", Threshold: 1, Keys: []note.Key{m.keys[0]}},
			{Role: "buyer", Threshold: 1, Keys: []note.Key{m.keys[1]}},
		},
		Documents: []record.Document{{Hash: [32]byte{1}, Size: 1, Media: "text/plain", Kind: record.Terms, Name: "terms.txt"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	m.text = bytes.TrimSuffix(r.Bytes(), []byte("\n")) // the empty line
	m.nonce = bytes.Index(m.text, []byte("\nnonce ")) + len("\nnonce ")
	if _, err := record.Open(m.record(1), note.PublicKey.Verify); err != nil {
		t.Fatal(err)
	}
	return m
}

// textOf returns the text of a record.
func (m *minter) textOf(number uint64) []byte {
	text := bytes.Clone(m.text)
	var nonce [16]byte
	binary.BigEndian.PutUint64(nonce[8:], number)
	hex.Encode(text[m.nonce:], nonce[:])
	return text
}

func (m *minter) record(number uint64) []byte {
	text := m.textOf(number)
	b := append(bytes.Clone(text), '\n')
	for i, k := range m.keys {
		line := binary.BigEndian.AppendUint32(nil, k.ID())
		line = append(line, ed25519.Sign(m.secret[i], text)...)
		b = fmt.Appendf(b, "— %s %s\n", k.Name(), base64.StdEncoding.EncodeToString(line))
	}
	return b
}

// An order is a record on its way, as the request that is sent for it.
type order struct {
	number  uint64
	request []byte
	ack     *ack // where it was acknowledged, and is sent again; else nil
}

// An ack is what the ledger has promised of a record.
type ack struct{ number, index uint64 }

func (m *minter) order() *order {
	number := m.next.Add(1)
	body := m.record(number)
	head := fmt.Appendf(nil, "POST /records HTTP/1.1\r\nHost: ledger.example\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n", len(body))
	return &order{number: number, request: append(head, body...)}
}

// A reply is what was answered, as far as it is read here.
type reply struct {
	status, retryAfter int
	body               []byte // until the next reply
	closes, kept       bool   // the connection; by caches
}

// A lane is a connection that is kept, on which one request at a time is sent. It costs
// the sender a tenth of what a client of package http does, which with two cores for
// both sides is what lets it send more than the ledger takes.
type lane struct {
	address string
	dialer  net.Dialer
	orders  chan *order
	conn    net.Conn // nil for none
	buffer  []byte
}

func newLane(address string, from net.IP) *lane {
	return &lane{
		address: address, dialer: net.Dialer{LocalAddr: &net.TCPAddr{IP: from}},
		orders: make(chan *order, 1), buffer: make([]byte, 16<<10),
	}
}

// ask sends a request and returns its reply. Where the connection broke, or is to be
// closed, the next has another.
func (l *lane) ask(request []byte) (r reply, err error) {
	if l.conn == nil {
		if l.conn, err = l.dialer.Dial("tcp", l.address); err != nil {
			l.conn = nil
			return reply{}, err
		}
	}
	if _, err = l.conn.Write(request); err == nil {
		r, err = l.read()
	}
	if err != nil || r.closes {
		l.close()
	}
	return r, err
}

func (l *lane) read() (reply, error) {
	for n := 0; n < len(l.buffer); {
		m, err := l.conn.Read(l.buffer[n:])
		if err != nil {
			return reply{}, err
		}
		n += m
		head, body, ok := bytes.Cut(l.buffer[:n], []byte("\r\n\r\n"))
		if !ok {
			continue
		}
		if length, err := strconv.Atoi(field(head, "Content-Length")); err != nil || len(body) < length {
			continue
		}
		status, err := strconv.Atoi(string(head[len("HTTP/1.1 "):][:3]))
		after, _ := strconv.Atoi(field(head, "Retry-After"))
		return reply{status, after, body, field(head, "Connection") == "close", field(head, "Cache-Control") != "no-store"}, err
	}
	return reply{}, fmt.Errorf("an answer of more than %d bytes", len(l.buffer))
}

// field returns a field of a header, by its name as the ledger writes it.
func field(head []byte, name string) string {
	_, after, _ := bytes.Cut(head, []byte("\r\n"+name+": "))
	value, _, _ := bytes.Cut(after, []byte("\r\n"))
	return string(value)
}

func (l *lane) close() {
	if l.conn != nil {
		l.conn.Close()
		l.conn = nil
	}
}

// A tally counts what was sent for the first time, or was refused before, and what of
// that was acknowledged; and apart from it what was sent again although it was.
type tally struct {
	sent, unsent, accepted int
	again, againAccepted   int
	refused                map[string]int  // by status, and the reason of its detail
	waits, refusals        []time.Duration // of what was accepted, and refused
	broken                 int             // connections
}

// A generator sends records, and keeps what it was answered.
type generator struct {
	t       *testing.T
	address string
	mint    *minter

	mu       sync.Mutex
	pool     []*order // signed, and not registered as far as we know
	known    []*order // registered: some of them, to be sent again
	turn     int
	acks     []ack
	receipts [][]byte // one of each receiptsEvery
	tally    *tally
}

const (
	knownEvery    = 16  // records one is remembered, and of as many sent one is such
	knownAtMost   = 256 // of these
	receiptsEvery = 8
)

// fill signs so many records.
func (g *generator) fill(n int) {
	list := make([]*order, n)
	var group sync.WaitGroup
	for part := range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := part; i < n; i += runtime.GOMAXPROCS(0) {
				list[i] = g.mint.order()
			}
		})
	}
	group.Wait()
	g.pool = append(g.pool, list...)
}

// take returns what is sent next.
func (g *generator) take() *order {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turn++
	if n := len(g.known); n > 0 && g.turn%knownEvery == 0 {
		g.tally.again++
		return g.known[g.turn/knownEvery%n]
	}
	g.tally.sent++
	if n := len(g.pool); n > 0 {
		o := g.pool[n-1]
		g.pool = g.pool[:n-1]
		return o
	}
	return g.mint.order()
}

// submit sends an order on a lane, and keeps the answer.
func (g *generator) submit(l *lane, o *order) {
	begun := time.Now()
	r, err := l.ask(o.request)
	took := time.Since(begun)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case err != nil:
		g.tally.broken++
	case r.kept:
		g.t.Errorf("status %d without no-store", r.status)
	case r.status == 200 || r.status == 201:
		g.accepted(o, r, took)
		return
	default:
		g.refused(o, r)
		g.tally.refusals = append(g.tally.refusals, took)
	}
	if o.ack == nil {
		g.pool = append(g.pool, o)
	}
}

// indexOf returns the index of a receipt.
func indexOf(receipt []byte) (uint64, error) {
	_, after, _ := bytes.Cut(receipt, []byte("\nindex "))
	digits, _, _ := bytes.Cut(after, []byte("\n"))
	return strconv.ParseUint(string(digits), 10, 64)
}

func (g *generator) accepted(o *order, r reply, took time.Duration) {
	index, err := indexOf(r.body)
	switch {
	case err != nil:
		g.t.Errorf("a receipt without an index: %s", r.body)
	case o.ack != nil:
		g.tally.againAccepted++
		if r.status != 200 || index != o.ack.index {
			g.t.Errorf("record %d, entry %d, is answered %d, entry %d, when it is sent again", o.number, o.ack.index, r.status, index)
		}
	default:
		g.tally.accepted++
		g.tally.waits = append(g.tally.waits, took)
		g.acks = append(g.acks, ack{o.number, index})
		if len(g.acks)%receiptsEvery == 0 {
			g.receipts = append(g.receipts, bytes.Clone(r.body))
		}
		if len(g.acks)%knownEvery == 0 && len(g.known) < knownAtMost {
			g.known = append(g.known, &order{o.number, o.request, &ack{o.number, index}})
		}
	}
}

// refused counts a refusal by its reason. A record that is registered is never refused
// as one too many: it is told to come for its receipt, or that its address has too much
// at hand.
func (g *generator) refused(o *order, r reply) {
	reason := fmt.Sprint(r.status)
	for _, part := range []string{"requests at hand as is its share", "more than it may at once", "requests at hand as it can take", "records at hand as it can take"} {
		if bytes.Contains(r.body, []byte(part)) {
			reason += " " + part
		}
	}
	g.tally.refused[reason]++
	switch {
	case r.status != 429 && r.status != 503:
		g.t.Errorf("%d: %s", r.status, r.body)
	case r.retryAfter < 1:
		g.t.Errorf("%s without Retry-After", reason)
	case o.ack != nil && r.status == 429 && reason != crowdOut, o.ack != nil && r.status == 503 && !bytes.Contains(r.body, []byte("the record is registered")):
		g.t.Errorf("record %d is entry %d, and is answered: %s", o.number, o.ack.index, r.body)
	}
}

// Reasons.
const (
	crowdOut = "429 requests at hand as is its share"
	rateOut  = "429 more than it may at once"
	gateOut  = "503 requests at hand as it can take"
)
