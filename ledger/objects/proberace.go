package objects

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
)

// A race counts what the racers were told.
type race struct{ won, refused, unknown, denied, none int }

// race has all racers make one write at once, round after round: creates of one name each
// round, or swaps of one object whose version all of them name.
func (p *Probe) race(ctx context.Context, swaps bool) (string, error) {
	var (
		all  race
		name string
		v    Version
		err  error
	)
	if swaps {
		name = p.fresh("race")
		if v, err = write(ctx, p.at(0), name, "", []byte("start")); err != nil {
			return "", err
		}
	}
	for round := range p.Rounds {
		if !swaps {
			name = p.fresh("race")
		}
		if v, err = p.round(ctx, name, v, round, &all); err != nil {
			return "", err
		}
		if !swaps {
			v = ""
		}
	}
	if all.none == p.Rounds {
		return "", fails(unsure, "in none of %d rounds anybody won", p.Rounds)
	}
	saw := fmt.Sprintf("%d rounds of %d over %s: one winner each, %d refused", p.Rounds, p.Racers, endpoints(len(p.Buckets)), all.refused)
	for _, more := range []struct {
		n    int
		what string
	}{
		{all.unknown, "were told neither"},
		{all.denied, "won and were told that they did not, which a node finds out by reading"},
		{all.none, "rounds without a winner"},
	} {
		if more.n > 0 {
			saw += fmt.Sprintf(", %d %s", more.n, more.what)
		}
	}
	return saw, nil
}

// round has one version be swapped, or with none one name be created, by all at once, and
// returns the version that came of it.
func (p *Probe) round(ctx context.Context, name string, v Version, round int, all *race) (Version, error) {
	var before []byte
	if v != "" {
		var err error
		if before, _, err = read(ctx, p.at(round), name, 1<<10); err != nil {
			return "", err
		}
	}
	errs := make([]error, p.Racers)
	start := make(chan struct{})
	var wait sync.WaitGroup
	for i := range p.Racers {
		wait.Go(func() {
			<-start
			_, errs[i] = writeOnce(ctx, p.at(i), name, v, racer(round, i))
		})
	}
	close(start)
	wait.Wait()
	have, now, err := read(ctx, p.at(round), name, 1<<10)
	if errors.Is(err, ErrAbsent) && v == "" {
		have, err = nil, nil
	}
	if err != nil {
		return "", err
	}
	if have != nil {
		if err := p.has(ctx, name, have, now); err != nil {
			return "", err
		}
	}
	return now, all.judge(have, before, round, errs)
}

func racer(round, i int) []byte { return fmt.Appendf(nil, "round %d, racer %d", round, i) }

// judge compares what is there with what each racer was told.
func (r *race) judge(have, before []byte, round int, errs []error) error {
	winner, told := -1, -1
	for i, err := range errs {
		if bytes.Equal(have, racer(round, i)) {
			winner = i
		}
		switch {
		case err == nil && told >= 0:
			return fails(twoWinners, "in round %d the racers %d and %d were both told that they won", round, told, i)
		case err == nil:
			told = i
			r.won++
		case certain(err):
			r.refused++
		default:
			r.unknown++
		}
	}
	switch {
	case told >= 0 && winner != told:
		return fails(lostWrite, "in round %d racer %d was told that it won, and %q is there", round, told, have)
	case winner < 0 && !bytes.Equal(have, before):
		return fails(lostWrite, "in round %d %q is there, which nobody wrote", round, have)
	case winner < 0:
		r.none++
	case certain(errs[winner]):
		r.denied++
	}
	return nil
}

// endpoints counts endpoints.
func endpoints(n int) string {
	if n == 1 {
		return "1 endpoint"
	}
	return fmt.Sprintf("%d endpoints", n)
}
