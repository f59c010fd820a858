//go:build linux

package nodes

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

const (
	clients = 6
	trying  = 5 * time.Second // for an answer; then another node is asked
	again   = 50 * time.Millisecond
)

// A party signs contracts.
type party struct {
	note.Key
	secret ed25519.PrivateKey
}

// newParty returns the party of a name, for ever the same.
func newParty(name string) (party, error) {
	seed := sha256.Sum256([]byte(name))
	secret := ed25519.NewKeyFromSeed(seed[:])
	public, err := note.ParsePublicKey(secret.Public().(ed25519.PublicKey))
	if err != nil {
		return party{}, err
	}
	key, err := note.NewKey(name, note.Ed25519, public)
	return party{key, secret}, err
}

// parties are makers and buyers in turn.
var parties = sync.OnceValues(func() (all []party, err error) {
	for n := range 32 {
		for _, role := range []string{"maker", "buyer"} {
			p, failed := newParty(fmt.Sprintf("%d.%s.example", n, role))
			all, err = append(all, p), errors.Join(err, failed)
		}
	}
	return all, err
})

// contract returns contract number n of a ledger, always the same.
func contract(ledger note.Key, made int64, n uint64) (record.ID, []byte, error) {
	all, err := parties()
	if err != nil {
		return record.ID{}, nil, err
	}
	maker, buyer := all[2*n%uint64(len(all))], all[2*n%uint64(len(all))+1]
	nonce := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("nonce"), n))
	text := &record.Text{
		Kind: record.Contract, Ledger: ledger, Made: made, SignBy: made + 14*86400, Nonce: [16]byte(nonce[:16]), Title: "Forty flow meters",
		Parties:   []record.Party{{Role: "manufacturer", Threshold: 1, Keys: []note.Key{maker.Key}}, {Role: "buyer", Threshold: 1, Keys: []note.Key{buyer.Key}}},
		Documents: []record.Document{{Salted: true, Hash: nonce, Size: 8192, Media: "text/markdown", Kind: record.Terms, Name: "terms.md"}},
	}
	r, err := record.New(text)
	if err != nil {
		return record.ID{}, nil, err
	}
	b := text.Bytes()
	var lines []note.Signature
	for _, p := range []party{maker, buyer} {
		lines = append(lines, p.Signature(ed25519.Sign(p.secret, b)))
	}
	return r.ID(), note.Note{Text: b, Signatures: lines}.Bytes(), nil
}

// An acknowledged record is one whose receipt a client has.
type acknowledged struct {
	id         record.ID
	record     []byte
	index      uint64
	checkpoint tlog.Checkpoint
	took       time.Duration // from the first try
	at         time.Time
}

// A load is clients that submit records to any node, each until it has a receipt.
type load struct {
	c     *cluster
	made  int64
	first uint64
	next  atomic.Uint64
	stock []acknowledged // of the first numbers: records that were made beforehand
	quick bool           // receipts are not verified
	by    *node          // who is asked; nil for any
	stop  context.CancelFunc
	busy  sync.WaitGroup

	mu      sync.Mutex
	given   []acknowledged
	answers map[int]int // by status, 0 for none
	wrong   []error     // which no ledger may say
}

// loads starts a load, of which the numbers of records begin with first.
func (c *cluster) loads(clients int, seed uint64, first uint64) *load {
	l := c.newLoad(first)
	l.start(clients, seed)
	return l
}

func (c *cluster) newLoad(first uint64) *load {
	l := &load{c: c, made: time.Now().Add(-24 * time.Hour).Unix(), first: first, answers: map[int]int{}}
	l.next.Store(first)
	return l
}

func (l *load) start(clients int, seed uint64) {
	c := l.c
	ctx, cancel := context.WithCancel(c.t.Context())
	l.stop = cancel
	for i := range clients {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		hc := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}, Timeout: trying}
		l.busy.Go(func() {
			defer hc.CloseIdleConnections()
			for ctx.Err() == nil {
				l.one(ctx, hc, random)
			}
		})
	}
}

// end stops the clients, and returns what they were given. A record that is under way then
// may be the log's.
func (l *load) end() []acknowledged {
	l.halt()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, err := range l.wrong {
		l.c.t.Error(err)
	}
	return l.given
}

// halt stops the clients, whatever they were told.
func (l *load) halt() {
	l.stop()
	l.busy.Wait()
}

// soFar returns how many records were acknowledged.
func (l *load) soFar() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.given)
}

// record returns record number n, made beforehand where it was.
func (l *load) record(n uint64) (record.ID, []byte, error) {
	if i := n - l.first - 1; i < uint64(len(l.stock)) {
		return l.stock[i].id, l.stock[i].record, nil
	}
	return contract(l.c.key, l.made, n)
}

// one submits a record until it has its receipt, and some a second time.
func (l *load) one(ctx context.Context, hc *http.Client, random *rand.Rand) {
	id, b, err := l.record(l.next.Add(1))
	if err != nil {
		l.blame(err)
		return
	}
	begun := time.Now()
	for ctx.Err() == nil {
		reg := l.try(ctx, hc, l.node(random), id, b)
		if reg == nil {
			time.Sleep(again + time.Duration(random.Int64N(int64(again))))
			continue
		}
		a := acknowledged{id, b, reg.Index, reg.Checkpoint.Checkpoint, time.Since(begun), time.Now()}
		l.mu.Lock()
		l.given = append(l.given, a)
		l.mu.Unlock()
		if l.quick || random.IntN(20) > 0 {
			return
		}
		if twice := l.try(ctx, hc, l.node(random), id, b); twice != nil && twice.Index != reg.Index {
			l.blame(fmt.Errorf("record %s is entry %d, and entry %d too", id, reg.Index, twice.Index))
		}
		return
	}
}

// node returns the next to be asked.
func (l *load) node(random *rand.Rand) *node {
	if l.by != nil {
		return l.by
	}
	return l.c.nodes[random.IntN(len(l.c.nodes))]
}

func (l *load) blame(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrong = append(l.wrong, err)
}

// try submits a record once, and returns what its receipt proves, nil where there is none.
func (l *load) try(ctx context.Context, hc *http.Client, n *node, id record.ID, b []byte) *verify.Registration {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, n.url+"/records", bytes.NewReader(b))
	must(l.c.t, err)
	r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	status, body := 0, []byte(nil)
	if resp, err := hc.Do(r); err == nil {
		if body, err = io.ReadAll(resp.Body); err == nil {
			status = resp.StatusCode
		}
		resp.Body.Close()
	}
	l.mu.Lock()
	l.answers[status]++
	l.mu.Unlock()
	switch {
	case l.quick && status == http.StatusCreated:
		return &verify.Registration{Checkpoint: new(verify.Checkpoint)}
	case status == http.StatusOK || status == http.StatusCreated:
		reg, err := verify.Receipt(l.c.policy, body)
		if err == nil && reg.Record.ID() != id {
			err = fmt.Errorf("it is of record %s", reg.Record.ID())
		}
		if err != nil {
			l.blame(fmt.Errorf("%s gave a receipt of %s: %w", n.Name, id, err))
			return nil
		}
		return reg
	case status/100 == 4 && status != http.StatusTooManyRequests:
		l.blame(fmt.Errorf("%s answered %d to %s: %.300s", n.Name, status, id, body))
	}
	return nil
}

// quantile returns how long the share of acknowledgements took at most.
func quantile(given []acknowledged, share float64) time.Duration {
	if len(given) == 0 {
		return 0
	}
	var all []time.Duration
	for _, a := range given {
		all = append(all, a.took)
	}
	slices.Sort(all)
	return all[min(len(all)-1, int(share*float64(len(all))))]
}
