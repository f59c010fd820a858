package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/record"
)

const (
	// crowdWorkers is how many submit at once: enough for a batch, and fewer than
	// the ledger lets wait on a machine with one core.
	crowdWorkers = 32
	// crowdTime is after how long no more of the crowd comes, so that the demo ends
	// within twenty seconds on a slow machine too.
	crowdTime = 7 * time.Second

	workshops = 24
)

// A crowd is contracts that are registered all at once.
type crowd struct {
	client   *client.Client
	draw     func(i int) (*record.Record, error) // makes number i, signed; by several goroutines
	n        int
	late     func() bool // no more are drawn up
	progress *progress
}

// register registers the crowd and returns its records: n, or the first ones where
// it became late.
func (c *crowd) register(ctx context.Context) ([]*record.Record, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer c.progress.end()
	var taken atomic.Int64
	records := make([]*record.Record, c.n)
	var workers sync.WaitGroup
	for range crowdWorkers {
		workers.Go(func() {
			for ctx.Err() == nil && !c.late() {
				i := int(taken.Add(1)) - 1
				if i >= c.n {
					return
				}
				r, err := c.one(ctx, i)
				if err != nil {
					cancel(err)
					return
				}
				records[i] = r
				c.progress.add()
			}
		})
	}
	workers.Wait()
	return records[:min(int(taken.Load()), c.n)], context.Cause(ctx)
}

func (c *crowd) one(ctx context.Context, i int) (*record.Record, error) {
	r, err := c.draw(i)
	if err != nil {
		return nil, err
	}
	receipt, err := c.client.Submit(ctx, r)
	if err != nil {
		return nil, err
	}
	if !receipt.New {
		return nil, fmt.Errorf("contract %s was registered before", r.ID())
	}
	return receipt.Record, nil
}

// A party of a contract that the demo draws up by itself.
type demoParty struct {
	role string
	key  keys.SecretKey
}

// contract returns a contract, signed by its two parties, over terms that are nowhere
// else.
func (d *demo) contract(title, terms string, parties ...demoParty) (*record.Record, error) {
	var lines []record.Party
	for _, p := range parties {
		k, err := verifierKeyOf(p.key)
		if err != nil {
			return nil, err
		}
		lines = append(lines, record.Party{Role: p.role, Threshold: 1, Keys: []note.Key{k}})
	}
	r, err := d.draft(title, terms, lines)
	for _, p := range parties {
		if err == nil {
			r, err = r.Sign(p.key.Public(), p.key.Sign)
		}
	}
	return r, err
}

// draft returns a contract that nobody has signed.
func (d *demo) draft(title, terms string, parties []record.Party) (*record.Record, error) {
	made := d.tool.now().Unix()
	t := &record.Text{
		Kind: record.Contract, Ledger: d.policy.Logs[0].Key, Made: made, SignBy: made + signDays*24*60*60, Title: title, Parties: parties,
		Documents: []record.Document{{Salted: true, Media: "text/plain", Kind: record.Terms, Name: "document-1.txt"}},
	}
	var salt [record.SaltSize]byte
	for _, b := range [][]byte{t.Nonce[:], salt[:]} {
		if _, err := io.ReadFull(d.tool.random, b); err != nil {
			return nil, err
		}
	}
	var err error
	if t.Documents[0].Hash, t.Documents[0].Size, err = record.Commit(salt[:], strings.NewReader(terms)); err != nil {
		return nil, err
	}
	return record.New(t)
}

// goods are what the crowd orders.
var goods = []string{"rotors", "sets of seals", "pump rods", "gauges", "solar frames", "valve seats", "wells cleaned", "water samples", "training days"}

// orders returns the contracts of the crowd: orders of workshops from each other.
func (d *demo) orders() (func(i int) (*record.Record, error), error) {
	var makers []keys.SecretKey
	for i := range workshops {
		k, err := keys.Generate(d.tool.random, fmt.Sprintf("workshop-%02d.example", i+1))
		if err != nil {
			return nil, err
		}
		makers = append(makers, k)
	}
	return func(i int) (*record.Record, error) {
		seller := i % workshops
		buyer := (seller + 1 + i/workshops%(workshops-1)) % workshops
		title := fmt.Sprintf("Order %d: %d %s", i+1, 1+i%40, goods[i%len(goods)])
		return d.contract(title, title+"\n", demoParty{"buyer", makers[buyer]}, demoParty{"manufacturer", makers[seller]})
	}, nil
}

// joinCrowd registers the crowd.
func (d *demo) joinCrowd(ctx context.Context) error {
	draw, err := d.orders()
	if err != nil {
		return err
	}
	start := d.tool.now()
	c := &crowd{
		client: d.client, draw: draw, n: d.crowd, progress: &progress{story: d.story, total: d.crowd},
		late: func() bool { return d.tool.now().Sub(start) > d.crowdTime },
	}
	if d.others, err = c.register(ctx); err != nil {
		return err
	}
	if len(d.others) == 0 {
		return errors.New("none was registered in time")
	}
	d.figures.crowdTime = d.tool.now().Sub(start)
	d.tell("%s orders among %d workshops, signed by both: %.1f s, %s a second.", thousands(len(d.others)), workshops,
		d.figures.crowdTime.Seconds(), d.rate())
	if len(d.others) < d.crowd {
		d.tell("No more come, so that you need not wait for this machine.")
	}
	return nil
}
