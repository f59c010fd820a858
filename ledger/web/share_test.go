package web

import (
	"errors"
	"net/netip"
	"testing"
)

// elsewhere is an address from which no request of the tests comes.
var elsewhere = netip.MustParseAddr("198.51.100.1")

// fill has strangers, each at its own address, take all that is left of a share. What
// it returns has one of them go.
func fill(t *testing.T, s *share) (leave func()) {
	t.Helper()
	full := errors.New("full")
	who := netip.MustParseAddr("203.0.113.0")
	first := who
	for s.taken() < s.limit {
		if err := s.take(who, 1, full); err != nil {
			t.Fatal(err)
		}
		who = who.Next()
	}
	return func() { s.give(first, 1) }
}

func TestNoAddressHasMoreThanItLeavesToOthers(t *testing.T) {
	full := errors.New("full")
	for _, test := range []struct {
		limit     int64
		addresses int
		each      int64 // what each of them gets when all take what they can
	}{{1, 1, 1}, {2, 1, 1}, {3, 1, 2}, {100, 1, 50}, {101, 1, 51}, {99, 2, 33}, {1000, 9, 100}, {7, 7, 1}} {
		s := newShare(test.limit)
		held := make(map[netip.Addr]int64)
		for range test.limit {
			who := elsewhere
			for range test.addresses {
				switch err := s.take(who, 1, full); {
				case err == nil:
					held[who]++
				case !errors.Is(err, errCrowd) && !errors.Is(err, full):
					t.Fatal(err)
				case errors.Is(err, full) != (s.taken() == test.limit):
					t.Errorf("limit %d: %v, and %d are taken", test.limit, err, s.taken())
				}
				who = who.Next()
			}
		}
		for who, n := range held {
			if n != test.each {
				t.Errorf("limit %d, %d addresses: %s has %d, want %d", test.limit, test.addresses, who, n, test.each)
			}
		}
		// Whoever comes next finds a place as long as there is one.
		err := s.take(netip.MustParseAddr("2001:db8::"), 1, full)
		if left := test.limit - test.each*int64(test.addresses); (err == nil) != (left > 0) {
			t.Errorf("limit %d, %d addresses, %d left: a newcomer is told %v", test.limit, test.addresses, left, err)
		}
	}
}

func TestAShareIsTakenToTheLastByteAndForgetsWhoLeft(t *testing.T) {
	full := errors.New("full")
	s := newShare(10)
	for _, step := range []struct {
		who  netip.Addr
		n    int64
		want error
	}{
		{elsewhere, 0, nil}, {elsewhere, 11, full}, {elsewhere, 10, nil}, {elsewhere.Next(), 1, full}, {elsewhere.Next(), 0, nil},
		{elsewhere, -10, nil},
		{elsewhere, 5, nil}, {elsewhere, 1, errCrowd}, {elsewhere.Next(), 6, full}, {elsewhere.Next(), 5, nil}, {elsewhere, 1, full},
		{elsewhere, -5, nil}, {elsewhere.Next(), -5, nil},
	} {
		if step.n < 0 {
			s.give(step.who, -step.n)
		} else if err := s.take(step.who, step.n, full); !errors.Is(err, step.want) {
			t.Errorf("%s takes %d of %d left: %v, want %v", step.who, step.n, s.limit-s.used, err, step.want)
		}
	}
	if s.used != 0 || len(s.held) != 0 {
		t.Errorf("%d are taken, %d addresses are known", s.used, len(s.held))
	}
}
