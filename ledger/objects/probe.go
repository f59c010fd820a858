package objects

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// A Probe tries whether a store keeps what a log on it rests on. That it did while it was
// asked is no proof; that it did not once is one.
type Probe struct {
	Buckets []Bucket    // the same bucket by each of its endpoints
	Random  io.Reader   // for names
	Rounds  int         // of each race
	Racers  int         // in each, spread over the endpoints; from 2
	Large   int         // bytes of the largest object that is written
	Show    func(Tried) // called after each step; nil for nobody

	name  string // before all names of this probe
	named []string
}

// A Tried is one step of a probe, and how it ended.
type Tried struct {
	What  string // was tried
	Saw   string // what came of it
	Wrong string // what that means for a ledger; "" where it is as it has to be, or not known
	Open  bool   // it is not known, and somebody has to look
}

// Bounds of a probe.
const (
	probePrefix = "probe/"
	probeTries  = 6 // of one request that nobody answered, or not for certain
)

// What is wrong with a store, in one sentence each.
const (
	twoWinners   = "two nodes would both be told that their tree is the log's: no ledger can be led on this store"
	lostWrite    = "what a node was told is written would be gone: no ledger can be led on this store"
	noCondition  = "a write under a condition is carried out where the condition does not hold: every node would overwrite the others', and no ledger can be led on this store"
	staleRead    = "a node would take a head for the log's that is not any more, and tell a caller that a record is not there that is: no ledger can be led on this store"
	wrongVersion = "a node would take its own head for another's: no ledger can be led on this store"
	unreadable   = "what was put there would not be found again"
	unsure       = "the store gives no certain answer, so that a node would wait and not register: look after the store"
	noRange      = "each look at the head would read all of it"
	noList       = "what is in the bucket can't be found by its names"
	noLarge      = "a batch of large records would never be written"
	noDelete     = "what this probe made can't be removed"
)

// A failure is that a store did not do as it has to.
type failure struct{ saw, means string }

func (f *failure) Error() string { return f.saw + ": " + f.means }

func fails(means, format string, args ...any) error {
	return &failure{fmt.Sprintf(format, args...), means}
}

// Run makes all steps and removes what it made. The error says that a step could not be
// made, or that ctx ended; what failed is in the steps, of which each has its row.
func (p *Probe) Run(ctx context.Context) (list []Tried, err error) {
	if len(p.Buckets) == 0 || p.Racers < 2 || p.Rounds < 1 {
		return nil, fmt.Errorf("a probe of %d endpoints, with %d rounds of %d, tries nothing", len(p.Buckets), p.Rounds, p.Racers)
	}
	var id [8]byte
	if _, err := io.ReadFull(p.Random, id[:]); err != nil {
		return nil, err
	}
	p.name = probePrefix + hex.EncodeToString(id[:]) + "/"
	defer func() {
		if t, left := p.clean(ctx); left {
			list = p.tried(list, t)
		}
	}()
	steps := []struct {
		what string
		do   func(context.Context) (string, error)
	}{
		{"an object that is not there", p.absent},
		{"create, and create again", p.create},
		{"swap, read over each endpoint", p.swap},
		{"swap of an older version", p.older},
		{"the version with quotes", p.quoted},
		{"swap where nothing is", p.swapAbsent},
		{"read what was just written", p.readAfterWrite},
		{"list", p.list},
		{"the first bytes", p.first},
		{"a large object", p.large},
		{"delete", p.delete},
		{"race of creates", func(ctx context.Context) (string, error) { return p.race(ctx, false) }},
		{"race of swaps", func(ctx context.Context) (string, error) { return p.race(ctx, true) }},
	}
	for _, step := range steps {
		saw, err := step.do(ctx)
		if ctx.Err() != nil {
			return list, ctx.Err()
		}
		t := Tried{What: step.what, Saw: saw}
		var failed *failure
		switch {
		case errors.As(err, &failed):
			t.Saw, t.Wrong = failed.saw, failed.means
			if failed.means == noDelete { // a ledger's old partial tiles stay then, and do no harm
				t.Saw, t.Wrong, t.Open = failed.Error(), "", true
			}
		case err != nil && len(list) == 0:
			p.named = nil   // it was only read, and there is nothing to be removed
			return nil, err // nobody is there, or it lets nobody in
		case err != nil:
			t.Saw, t.Wrong = err.Error(), unsure
		}
		list = p.tried(list, t)
	}
	return list, nil
}

func (p *Probe) tried(list []Tried, t Tried) []Tried {
	if p.Show != nil {
		p.Show(t)
	}
	return append(list, t)
}

// fresh returns a name that nothing has.
func (p *Probe) fresh(what string) string {
	name := fmt.Sprintf("%s%s-%d", p.name, what, len(p.named))
	p.named = append(p.named, name)
	return name
}

// at returns the bucket by endpoint i, of which there is one for each i.
func (p *Probe) at(i int) Bucket { return p.Buckets[i%len(p.Buckets)] }

// read reads an object until there is an answer.
func read(ctx context.Context, b Bucket, name string, most int) ([]byte, Version, error) {
	var wait pause
	for try := 1; ; try++ {
		body, v, err := func() ([]byte, Version, error) {
			ctx, cancel := context.WithTimeout(ctx, requestTime)
			defer cancel()
			return b.Get(ctx, name, most)
		}()
		if err == nil || certain(err) {
			return body, v, err
		}
		if errors.Is(err, ErrDenied) {
			return nil, "", err
		}
		if try == probeTries || wait.wait(ctx) != nil {
			return nil, "", fmt.Errorf("no answer in %d tries: %w", try, err)
		}
	}
}

// write creates an object, or swaps the version v of it, until there is an answer for
// certain: where there is none, it reads whether its bytes, which are nobody else's, are there.
func write(ctx context.Context, b Bucket, name string, v Version, body []byte) (Version, error) {
	var wait pause
	for try := 1; ; try++ {
		now, err := writeOnce(ctx, b, name, v, body)
		if err == nil || certain(err) {
			return now, err
		}
		if have, now, failed := read(ctx, b, name, len(body)); failed == nil && bytes.Equal(have, body) {
			return now, nil
		}
		if errors.Is(err, ErrDenied) {
			return "", err
		}
		if try == probeTries || wait.wait(ctx) != nil {
			return "", fmt.Errorf("no certain answer in %d tries: %w", try, err)
		}
	}
}

func writeOnce(ctx context.Context, b Bucket, name string, v Version, body []byte) (Version, error) {
	return once(ctx, func(ctx context.Context) (Version, error) {
		if v == "" {
			return b.Create(ctx, name, body)
		}
		return b.Swap(ctx, name, v, body)
	})
}

// has demands that an object is the same by all endpoints.
func (p *Probe) has(ctx context.Context, name string, body []byte, v Version) error {
	for i, b := range p.Buckets {
		have, now, err := read(ctx, b, name, max(len(body), 1<<10))
		switch {
		case errors.Is(err, ErrAbsent):
			return fails(staleRead, "endpoint %d does not find what was written", i)
		case err != nil:
			return err
		case !bytes.Equal(have, body):
			return fails(staleRead, "endpoint %d has %d other bytes than those %d that were written", i, len(have), len(body))
		case v != "" && now != v:
			return fails(wrongVersion, "endpoint %d says that the version is %s, who wrote it was told %s", i, now, v)
		}
	}
	return nil
}

// refuses demands that a write was refused, and the object is as it was.
func (p *Probe) refuses(ctx context.Context, name string, err error, body []byte, v Version) error {
	if err == nil {
		return fails(noCondition, "it was carried out")
	}
	if !certain(err) {
		return err
	}
	return p.has(ctx, name, body, v)
}
