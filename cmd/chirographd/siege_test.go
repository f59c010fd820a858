//go:build unix

package main

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
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// A siege is a ledger that is killed again and again, and what has been seen of it.
type siege struct {
	t      *testing.T
	dir    string
	flags  []string
	policy *verify.Policy
	key    note.Key
	rng    *rand.Rand
	client *http.Client

	made    uint64 // records
	waiting []*record.Record
	took    time.Duration // of the last start
	last    tlog.SignedCheckpoint
	kills   int // of starts

	mu    sync.Mutex
	acked map[uint64]registered   // by index
	fresh []tlog.SignedCheckpoint // seen since the last start
	roots map[uint64]tlog.Hash    // of all that were seen, by size
	index map[record.ID]uint64    // of what was acknowledged
}

// A registered record is what a submitter holds of it.
type registered struct {
	record *record.Record
	entry  []byte
}

func newSiege(t *testing.T, seed uint64) *siege {
	dir, p := newLedger(t)
	return &siege{
		t: t, dir: dir, policy: p, key: p.Logs[0].Key, rng: rand.New(rand.NewPCG(killSeed, seed)),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: besiegers}},
		acked:  make(map[uint64]registered), roots: make(map[uint64]tlog.Hash), index: make(map[record.ID]uint64),
	}
}

// saw keeps a checkpoint, and fails the test when another of its size was seen.
func (s *siege) saw(who string, c tlog.SignedCheckpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	root, ok := s.roots[c.Size]
	if ok && root != c.Root {
		s.t.Errorf("%s has seen the root %s of size %d, which had the root %s before", who, c.Root, c.Size, root)
	}
	if !ok {
		s.roots[c.Size] = c.Root
		s.fresh = append(s.fresh, c)
	}
}

// A partner signs the records that are submitted.
type partner struct {
	note.Key
	secret ed25519.PrivateKey
}

func newPartner(name string) partner {
	seed := sha256.Sum256([]byte(name))
	secret := ed25519.NewKeyFromSeed(seed[:])
	public, err := note.ParsePublicKey(secret.Public().(ed25519.PublicKey))
	if err != nil {
		panic(err)
	}
	key, err := note.NewKey(name, note.Ed25519, public)
	if err != nil {
		panic(err)
	}
	return partner{key, secret}
}

var partners = [2]partner{newPartner("alice.example"), newPartner("bob.example")}

// more returns so many new records.
func (s *siege) more(n int) []*record.Record {
	who := partners
	list := make([]*record.Record, n)
	now := time.Now().Unix()
	for i := range list {
		text := &record.Text{
			Kind: record.Contract, Ledger: s.key, Made: now, SignBy: now + 86400,
			Parties: []record.Party{
				{Role: "buyer", Threshold: 1, Keys: []note.Key{who[0].Key}}, {Role: "manufacturer", Threshold: 1, Keys: []note.Key{who[1].Key}},
			},
			Documents: []record.Document{{Hash: sha256.Sum256(nil), Size: 1, Media: "text/plain", Kind: record.Terms, Name: "terms.txt"}},
		}
		binary.BigEndian.PutUint64(text.Nonce[:], s.made)
		s.made++
		r, err := record.New(text)
		for _, k := range who {
			if err == nil {
				r, err = r.Sign(k.Public(), func(m []byte) ([]byte, error) { return ed25519.Sign(k.secret, m), nil })
			}
		}
		if err != nil {
			s.t.Fatal(err)
		}
		list[i] = r
	}
	return list
}

// killStart starts the ledger and kills it on its way.
func (s *siege) killStart() {
	c := exec.Command("chirographd", append([]string{"serve", "--dir", s.dir, "--listen", "127.0.0.1:0", "--rate", "0"}, s.flags...)...)
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	<-time.After(time.Duration(s.rng.Int64N(int64(s.took) + 1)))
	c.Process.Kill()
	c.Wait()
	s.kills++
}

// round starts the ledger, demands everything that was seen of it before, and kills it
// under load.
func (s *siege) round() {
	if s.took > 0 && s.rng.IntN(startKills) == 0 {
		s.killStart()
	}
	begun := time.Now()
	p := startLedger(s.t, s.dir, s.flags...)
	s.took = time.Since(begun)
	s.waiting = append(s.waiting, s.more(2*killAnswers-len(s.waiting))...)
	s.registerOne(p)
	s.joins(p)
	s.load(p)
	p.Wait()
}

// registerOne has the ledger register a record, so that what was stored and not
// published is published with it.
// It may have been registered before the kill, and is answered at once then: so the
// witnesses are waited for, who confirm what was stored, and publish it.
func (s *siege) registerOne(p *ledgerProcess) {
	for end := time.Now().Add(time.Minute); ; {
		resp, err := s.client.Get(p.url + "/readyz")
		if err == nil {
			resp.Body.Close()
		}
		if err == nil && resp.StatusCode == http.StatusOK {
			break
		}
		if time.Now().After(end) {
			s.t.Fatalf("the ledger is not ready after its start: %v\n%s", err, p.stderr.String())
		}
	}
	if !s.submit(p.url, s.waiting[0]) {
		s.t.Fatalf("the ledger does not register after its start\n%s", p.stderr.String())
	}
	s.waiting = s.waiting[1:]
}

// load lets the submitters submit until the ledger is killed.
func (s *siege) load(p *ledgerProcess) {
	kill := make(chan struct{})
	answers, later := s.rng.IntN(killAnswers)+1, time.Duration(s.rng.Int64N(int64(killLater)))
	go func() {
		<-kill
		<-time.After(later)
		p.Process.Kill()
	}()
	var group sync.WaitGroup
	var mu sync.Mutex
	next, answered := 0, 0
	var left []*record.Record
	for range besiegers {
		group.Go(func() {
			for {
				mu.Lock()
				if next == len(s.waiting) {
					mu.Unlock()
					return
				}
				r := s.waiting[next]
				next++
				mu.Unlock()
				ok := s.submit(p.url, r)
				mu.Lock()
				if ok {
					answered++
				} else {
					left = append(left, r)
				}
				if answered == answers && ok || !ok && answered < answers {
					answers = -1
					close(kill)
				}
				mu.Unlock()
				if !ok {
					return
				}
			}
		})
	}
	group.Wait()
	p.Process.Kill()
	s.waiting = append(left, s.waiting[next:]...)
}

// submit posts a record and says whether it was acknowledged. One that was not may be
// registered all the same.
func (s *siege) submit(url string, r *record.Record) bool {
	ctx, cancel := context.WithTimeout(s.t.Context(), killPatience)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/records", bytes.NewReader(r.Bytes()))
	if err != nil {
		s.t.Error(err)
		return false
	}
	q.Header.Set("Content-Type", "text/plain; charset=utf-8")
	resp, err := s.client.Do(q)
	if err != nil {
		if ctx.Err() != nil {
			s.t.Errorf("record %s: no answer: %v", r.ID(), err)
		}
		return false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return false
	case resp.StatusCode != http.StatusCreated && resp.StatusCode != http.StatusOK:
		s.t.Errorf("record %s: %s\n%s", r.ID(), resp.Status, body)
		return false
	}
	s.acknowledge(r, body)
	return true
}

// acknowledge verifies a receipt and keeps it.
func (s *siege) acknowledge(r *record.Record, receipt []byte) {
	reg, err := verify.Receipt(s.policy, receipt)
	if err != nil || reg.Record.ID() != r.ID() {
		s.t.Errorf("receipt of %s: %v", r.ID(), err)
		return
	}
	proof, err := tlog.ParseProof(receipt)
	if err != nil {
		s.t.Error(err)
		return
	}
	s.saw("a submitter", proof.Checkpoint)
	s.mu.Lock()
	defer s.mu.Unlock()
	if other, ok := s.acked[reg.Index]; ok && !bytes.Equal(other.entry, proof.Extra) {
		s.t.Errorf("entry %d was acknowledged for %s, and for %s", reg.Index, other.record.ID(), r.ID())
	}
	if index, ok := s.index[r.ID()]; ok && index != reg.Index {
		s.t.Errorf("record %s was acknowledged as entry %d, and as %d", r.ID(), index, reg.Index)
	}
	s.acked[reg.Index], s.index[r.ID()] = registered{r, proof.Extra}, reg.Index
}

// joins demands that each checkpoint that was seen since the last time is proved to be
// of the log that is there now, and that what was acknowledged since is in it.
func (s *siege) joins(p *ledgerProcess) {
	s.mu.Lock()
	fresh := s.fresh
	s.fresh = nil
	s.mu.Unlock()
	c, err := tlog.ParseSignedCheckpoint(get(s.t, p.url+"/checkpoint"))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, old := range append(fresh, s.last) {
		if old.Size == 0 || old.Size == c.Size {
			continue
		}
		if old.Size > c.Size {
			s.t.Fatalf("a checkpoint of size %d was seen, the ledger has %d entries", old.Size, c.Size)
		}
		proof := get(s.t, fmt.Sprintf("%s/consistency/%d", p.url, old.Size))
		x, err := tlog.ParseConsistency(proof)
		if err == nil {
			err = tlog.VerifyConsistency(old.Size, old.Root, x.Checkpoint.Size, x.Checkpoint.Root, x.Hashes)
		}
		if err != nil {
			s.t.Fatalf("the checkpoint of size %d, which was seen, and the one of size %d: %v", old.Size, c.Size, err)
		}
	}
	s.entries(p, c, s.last.Size)
	s.last = c
}

// entries reads what the log has from an index on, compares it with what was
// acknowledged, and returns it.
func (s *siege) entries(p *ledgerProcess, c tlog.SignedCheckpoint, from uint64) [][]byte {
	var list [][]byte
	for n := from / tlog.MaxWidth; n*tlog.MaxWidth < c.Size; n++ {
		width := tlog.TileWidth(-1, n, c.Size)
		entries, err := tlog.ParseBundle(get(s.t, p.url+"/"+tlog.Tile{Level: -1, Index: n, Width: width}.Path()), width)
		if err != nil {
			s.t.Fatal(err)
		}
		for i, entry := range entries {
			if a, ok := s.acked[n*tlog.MaxWidth+uint64(i)]; ok {
				e, err := record.ParseEntry(entry)
				if err != nil || !bytes.Equal(entry, a.entry) || !bytes.Equal(e.Record, a.record.Bytes()) {
					s.t.Fatalf("entry %d is not the one that was acknowledged, or has other bytes: %v", n*tlog.MaxWidth+uint64(i), err)
				}
			}
		}
		list = append(list, entries...)
	}
	return list
}

// whole reads the log from its first entry, and demands that every checkpoint that was
// ever seen is one of its trees, and everything acknowledged in it. Then the ledger ends.
func (s *siege) whole() {
	p := startLedger(s.t, s.dir, s.flags...)
	s.registerOne(p)
	s.joins(p)
	entries := s.entries(p, s.last, 0)
	tree, found := tlog.NewTree(), 0
	for size := uint64(0); ; size++ {
		if root, ok := s.roots[size]; ok {
			found++
			if root != tree.Root() {
				s.t.Errorf("the root %s of size %d was seen, the entries give %s", root, size, tree.Root())
			}
		}
		if size == uint64(len(entries)) {
			break
		}
		tree.Append(tlog.LeafHash(entries[size]), nil)
	}
	if found != len(s.roots) {
		s.t.Errorf("%d of %d checkpoints that were seen are of the log of %d entries", found, len(s.roots), len(entries))
	}
	for index := range s.acked {
		if index >= uint64(len(entries)) {
			s.t.Errorf("entry %d was acknowledged and is gone", index)
		}
	}
	if err := p.Process.Signal(os.Interrupt); err != nil {
		s.t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		s.t.Errorf("the ledger ended with %v\n%s", err, p.stderr.String())
	}
	s.t.Logf("seed %d: %d entries, %d acknowledged, %d checkpoints seen, %d starts killed", killSeed, len(entries), len(s.acked), len(s.roots), s.kills)
}

// rounds kills the ledger so often, and then reads all that it has.
func (s *siege) rounds(n int) {
	for range n {
		s.round()
		if s.t.Failed() {
			return
		}
	}
	s.whole()
	if len(s.acked) < n*killAcknowledged {
		s.t.Errorf("%d acknowledged in %d rounds: that is no load", len(s.acked), n)
	}
	s.t.Logf("%d rounds", n)
}
