//go:build linux

package nodes

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
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

// party returns a key that belongs to a name, for ever the same.
func party(t testing.TB, name string) (note.Key, ed25519.PrivateKey) {
	seed := sha256.Sum256([]byte(name))
	secret := ed25519.NewKeyFromSeed(seed[:])
	public, err := note.ParsePublicKey(secret.Public().(ed25519.PublicKey))
	must(t, err)
	key, err := note.NewKey(name, note.Ed25519, public)
	must(t, err)
	return key, secret
}

// contract returns contract number n of a ledger, always the same.
func contract(t testing.TB, ledger note.Key, made int64, n uint64) (record.ID, []byte) {
	var keys []note.Key
	var secrets []ed25519.PrivateKey
	for _, name := range []string{"maker.example", "buyer.example"} {
		key, secret := party(t, fmt.Sprintf("%d.%s", n%32, name))
		keys, secrets = append(keys, key), append(secrets, secret)
	}
	nonce := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("nonce"), n))
	text := (&record.Text{
		Kind: record.Contract, Ledger: ledger, Made: made, SignBy: made + 14*86400, Nonce: [16]byte(nonce[:16]), Title: "Forty flow meters",
		Parties:   []record.Party{{Role: "manufacturer", Threshold: 1, Keys: keys[:1]}, {Role: "buyer", Threshold: 1, Keys: keys[1:]}},
		Documents: []record.Document{{Salted: true, Hash: nonce, Size: 8192, Media: "text/markdown", Kind: record.Terms, Name: "terms.md"}},
	}).Bytes()
	var lines []note.Signature
	for i, key := range keys {
		lines = append(lines, key.Signature(ed25519.Sign(secrets[i], text)))
	}
	b := note.Note{Text: text, Signatures: lines}.Bytes()
	r, err := record.Open(b, ed25519Check)
	must(t, err)
	return r.ID(), b
}

func ed25519Check(key note.PublicKey, message, sig []byte) bool { return key.Verify(message, sig) }

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
	c    *cluster
	made int64
	next atomic.Uint64
	stop context.CancelFunc
	busy sync.WaitGroup

	mu      sync.Mutex
	given   []acknowledged
	answers map[int]int // by status, 0 for none
	wrong   []error     // which no ledger may say
}

// loads starts a load, of which the numbers of records begin with first.
func (c *cluster) loads(clients int, seed uint64, first uint64) *load {
	l := &load{c: c, made: time.Now().Add(-24 * time.Hour).Unix(), answers: map[int]int{}}
	l.next.Store(first)
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
	return l
}

// end stops the clients, and returns what they were given. A record that is under way then
// may be the log's.
func (l *load) end() []acknowledged {
	l.stop()
	l.busy.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, err := range l.wrong {
		l.c.t.Error(err)
	}
	return l.given
}

// so far returns how many records were acknowledged.
func (l *load) soFar() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.given)
}

// one submits a record until it has its receipt, and some a second time.
func (l *load) one(ctx context.Context, hc *http.Client, random *rand.Rand) {
	id, b := contract(l.c.t, l.c.key, l.made, l.next.Add(1))
	begun := time.Now()
	for ctx.Err() == nil {
		reg := l.try(ctx, hc, l.c.nodes[random.IntN(len(l.c.nodes))], id, b)
		if reg == nil {
			time.Sleep(again + time.Duration(random.Int64N(int64(again))))
			continue
		}
		a := acknowledged{id, b, reg.Index, reg.Checkpoint.Checkpoint, time.Since(begun), time.Now()}
		l.mu.Lock()
		l.given = append(l.given, a)
		l.mu.Unlock()
		if random.IntN(20) > 0 {
			return
		}
		if twice := l.try(ctx, hc, l.c.nodes[random.IntN(len(l.c.nodes))], id, b); twice != nil && twice.Index != reg.Index {
			l.blame(fmt.Errorf("record %s is entry %d, and entry %d too", id, reg.Index, twice.Index))
		}
		return
	}
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
