package objects

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

func (p *Probe) absent(ctx context.Context) (string, error) {
	name := p.fresh("nothing")
	for i, b := range p.Buckets {
		if _, _, err := read(ctx, b, name, 1); err == nil {
			return "", fails(staleRead, "endpoint %d has something", i)
		} else if !errors.Is(err, ErrAbsent) {
			return "", err
		}
	}
	return "it is said to be absent", nil
}

func (p *Probe) create(ctx context.Context) (string, error) {
	for i := range p.Buckets {
		name, body := p.fresh("create"), []byte("first")
		v, err := write(ctx, p.at(i), name, "", body)
		if err != nil {
			return "", err
		}
		for j := range p.Buckets {
			for _, other := range []string{"first", "other"} {
				_, err := writeOnce(ctx, p.at(j), name, "", []byte(other))
				if err := p.refuses(ctx, name, err, body, v); err != nil {
					return "", err
				}
			}
		}
	}
	return "the second is refused", nil
}

func (p *Probe) swap(ctx context.Context) (string, error) {
	name := p.fresh("swap")
	v, err := write(ctx, p.at(0), name, "", []byte("0"))
	for i := 1; err == nil && i <= 2*len(p.Buckets); i++ {
		was, body := v, fmt.Appendf(nil, "%d", i)
		if v, err = write(ctx, p.at(i), name, was, body); certain(err) {
			return "", fails(unreadable, "with the version of what is there it is refused: %v", err)
		} else if err == nil && v == was {
			return "", fails(noCondition, "other bytes have the same version, %s", v)
		} else if err == nil {
			err = p.has(ctx, name, body, v)
		}
	}
	return "carried out, and seen by all", err
}

func (p *Probe) older(ctx context.Context) (string, error) {
	name, body := p.fresh("older"), []byte("second")
	v, err := write(ctx, p.at(0), name, "", []byte("first"))
	if err != nil {
		return "", err
	}
	now, err := write(ctx, p.at(0), name, v, body)
	if err != nil {
		return "", err
	}
	for i := range p.Buckets {
		for _, old := range []Version{v, `"` + v + `"`} {
			_, err := writeOnce(ctx, p.at(i), name, old, []byte("third"))
			if err := p.refuses(ctx, name, err, body, now); err != nil {
				return "", err
			}
		}
	}
	return "refused, with quotes and without", nil
}

// quoted tries what some stores take and others do not; nothing rests on it.
func (p *Probe) quoted(ctx context.Context) (string, error) {
	name, taken := p.fresh("quoted"), 0
	v, err := write(ctx, p.at(0), name, "", []byte("first"))
	if err != nil {
		return "", err
	}
	for i := range p.Buckets {
		body := fmt.Appendf(nil, "%d", i)
		if _, err := write(ctx, p.at(i), name, `"`+v+`"`, body); err == nil {
			taken++
		} else if !certain(err) {
			return "", err
		}
		if _, v, err = read(ctx, p.at(i), name, 1<<10); err != nil {
			return "", err
		}
	}
	if taken == 0 {
		return "refused: a ledger sends it without", nil
	}
	return fmt.Sprintf("taken by %d of %d endpoints: a ledger sends it without", taken, len(p.Buckets)), nil
}

func (p *Probe) swapAbsent(ctx context.Context) (string, error) {
	for i := range p.Buckets {
		never, gone := p.fresh("never"), p.fresh("gone")
		v, err := write(ctx, p.at(i), gone, "", []byte("x"))
		if err != nil {
			return "", err
		}
		names := []string{never}
		if remove(ctx, p.at(i), gone) == nil { // else the step that tries it says so
			names = append(names, gone)
		}
		for _, name := range names {
			if _, err := writeOnce(ctx, p.at(i+1), name, v, []byte("y")); err == nil {
				return "", fails(noCondition, "it was carried out")
			} else if !certain(err) {
				return "", err
			}
			if _, _, err := read(ctx, p.at(i), name, 1); err == nil {
				return "", fails(noCondition, "it was refused, and something is there")
			} else if !errors.Is(err, ErrAbsent) {
				return "", err
			}
		}
	}
	return "refused", nil
}

func (p *Probe) readAfterWrite(ctx context.Context) (string, error) {
	writes := 0
	for range max(p.Rounds/5, 2) {
		for i := range p.Buckets {
			name, v := p.fresh("read"), Version("")
			for j := range 3 {
				body := fmt.Appendf(nil, "%d", writes)
				var err error
				if v, err = write(ctx, p.at(i+j), name, v, body); err == nil {
					err = p.has(ctx, name, body, v)
				}
				if err != nil {
					return "", err
				}
				writes++
			}
		}
	}
	return fmt.Sprintf("%d writes, each seen by %s", writes, endpoints(len(p.Buckets))), nil
}

func (p *Probe) list(ctx context.Context) (string, error) {
	under := p.name + "list/"
	// In the order of their bytes, which is not that of folders.
	want := []string{under + "a-b", under + "a.p/1", under + "a/b", under + "a0", under + "b"}
	p.named = append(p.named, want...)
	for i, name := range want {
		if _, err := write(ctx, p.at(i), name, "", []byte("x")); err != nil {
			return "", err
		}
	}
	for i, b := range p.Buckets {
		for from := range want {
			after := ""
			if from > 0 {
				after = want[from-1]
			}
			have, err := b.List(ctx, under, after, 3)
			if err != nil {
				return "", fails(noList, "endpoint %d: %v", i, err)
			}
			if expect := want[from:min(from+3, len(want))]; !slices.Equal(have, expect) {
				return "", fails(noList, "endpoint %d has %s, and not %s", i, shorten(have, under), shorten(expect, under))
			}
		}
	}
	return "in the order of their bytes, by all", nil
}

func shorten(names []string, prefix string) string {
	var list []string
	for _, name := range names {
		list = append(list, strings.TrimPrefix(name, prefix))
	}
	return fmt.Sprintf("%q", list)
}

func (p *Probe) first(ctx context.Context) (string, error) {
	name, body := p.fresh("first"), []byte("0123456789")
	v, err := write(ctx, p.at(0), name, "", body)
	if err != nil {
		return "", err
	}
	for i, b := range p.Buckets {
		for _, most := range []int{1, 9, 10, 11} {
			have, now, err := b.Peek(ctx, name, most)
			if err != nil {
				return "", fails(noRange, "endpoint %d: %v", i, err)
			}
			if want := body[:min(most, len(body))]; !bytes.Equal(have, want) || now != v {
				return "", fails(wrongVersion, "endpoint %d has %q of the version %s, and not %q of %s", i, have, now, want, v)
			}
		}
	}
	return "as they were written", nil
}

func (p *Probe) large(ctx context.Context) (string, error) {
	name := p.fresh("large")
	one, two := bytes.Repeat([]byte("1"), p.Large), bytes.Repeat([]byte("2"), p.Large)
	v, err := write(ctx, p.at(0), name, "", one)
	if err == nil {
		err = p.has(ctx, name, one, v)
	}
	if err == nil {
		v, err = write(ctx, p.at(1), name, v, two)
	}
	if err == nil {
		err = p.has(ctx, name, two, v)
	}
	var failed *failure
	if err != nil && !errors.As(err, &failed) {
		err = fails(noLarge, "%d bytes: %v", p.Large, err)
	}
	return fmt.Sprintf("%d bytes, created, swapped and read", p.Large), err
}

func (p *Probe) delete(ctx context.Context) (string, error) {
	for i := range p.Buckets {
		name := p.fresh("delete")
		if _, err := write(ctx, p.at(i), name, "", []byte("x")); err != nil {
			return "", err
		}
		for range 2 { // that there is none is no error
			if err := remove(ctx, p.at(i), name); err != nil {
				return "", fails(noDelete, "endpoint %d: %v", i, err)
			}
		}
		for j, b := range p.Buckets {
			if _, _, err := read(ctx, b, name, 1); !errors.Is(err, ErrAbsent) {
				return "", fails(staleRead, "endpoint %d still has what was deleted (%v)", j, err)
			}
		}
	}
	return "what was deleted is absent by all", nil
}
