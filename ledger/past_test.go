package ledger

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

// cosigner returns the key of a witness. Past reads no signature, and so none is made.
func cosigner(t *testing.T, name string) note.Key {
	t.Helper()
	k, err := note.ParseKey(pastVKey)
	if err != nil {
		t.Fatal(err)
	}
	if k, err = note.NewKey(name, note.Cosignature, k.Public()); err != nil {
		t.Fatal(err)
	}
	return k
}

// pastVKey is the key of the Go checksum database, as good as any.
const pastVKey = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"

// public returns a checkpoint of a size that witnesses cosigned at times.
func public(size uint64, lines map[note.Key]int64) tlog.SignedCheckpoint {
	c := tlog.SignedCheckpoint{Checkpoint: tlog.Checkpoint{Origin: "ledger.example", Size: size}}
	for k, at := range lines {
		c.Note.Signatures = append(c.Note.Signatures, k.Signature(append(binary.BigEndian.AppendUint64(nil, uint64(at)), make([]byte, 64)...)))
	}
	return c
}

func TestAPastHasOfEachMinuteTheLastCheckpoint(t *testing.T) {
	now := int64(600)
	p := NewPast(new(verify.Policy), func() time.Time { return time.Unix(now, 0) })
	add := func(size uint64, at int64) {
		now = at
		p.Add(public(size, nil))
	}
	want := func(list ...string) {
		t.Helper()
		var got []string
		for _, c := range p.Checkpoints() {
			got = append(got, fmt.Sprintf("%d at %d", c.Size, c.At))
		}
		if fmt.Sprint(got) != fmt.Sprint(list) {
			t.Errorf("%s, want %s", got, list)
		}
	}
	want()
	add(1, 600)
	want("1 at 600")
	add(2, 601)
	add(3, 659)
	want("3 at 659")
	add(4, 660)
	want("4 at 660", "3 at 659")
	add(4, 800) // cosigned again
	want("4 at 660", "3 at 659")
	add(5, 599) // by a clock that went back
	want("5 at 599", "3 at 659")
	add(6, 900)
	want("6 at 900", "5 at 599", "3 at 659")
}

func TestAPastIsBounded(t *testing.T) {
	now := int64(0)
	p := NewPast(new(verify.Policy), func() time.Time { return time.Unix(now, 0) })
	for i := range uint64(MaxPast + 1) {
		p.Add(public(i, nil))
		now += pastEvery
		if n := len(p.Checkpoints()); n != min(int(i)+1, MaxPast) {
			t.Fatalf("after %d minutes it has %d", i+1, n)
		}
	}
	if list := p.Checkpoints(); list[0].Size != MaxPast || list[MaxPast-1].Size != 1 {
		t.Errorf("it has %d to %d", list[MaxPast-1].Size, list[0].Size)
	}
}

func TestAPastKnowsWhenEachWitnessCosignedLast(t *testing.T) {
	one, two, other := cosigner(t, "one"), cosigner(t, "two"), cosigner(t, "other")
	policy := &verify.Policy{Witnesses: []verify.Witness{{Name: "a", Key: one}, {Name: "b", Key: two}}}
	p := NewPast(policy, func() time.Time { return time.Unix(1000, 0) })
	want := func(k note.Key, at int64) {
		t.Helper()
		if got, ok := p.Cosigned(k); got != at || ok != (at != 0) {
			t.Errorf("%s cosigned at %d, %v, want %d", k.Name(), got, ok, at)
		}
	}
	want(one, 0)
	p.Add(public(1, map[note.Key]int64{one: 900, other: 901}))
	want(one, 900)
	want(two, 0)
	want(other, 0) // no witness of the policy
	p.Add(public(2, map[note.Key]int64{two: 950}))
	want(one, 900)
	want(two, 950)
	p.Add(public(2, map[note.Key]int64{two: 950, one: 960})) // late
	want(one, 960)
	p.Add(public(3, map[note.Key]int64{one: 940, two: -1})) // of before, and of no time that there is
	want(one, 960)
	want(two, 950)
	short := public(4, nil)
	short.Note.Signatures = []note.Signature{one.Signature(make([]byte, timeSize))}
	p.Add(short)
	want(one, 960)
}
