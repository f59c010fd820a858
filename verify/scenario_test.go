package verify_test

import (
	"bytes"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// A scenario is a receipt that holds, in the parts that a test breaks before it is
// put together: entry 2 of 5, seen by all three witnesses of whom two have to.
type scenario struct {
	policy  string
	record  []byte
	entry   func(e []byte) []byte // before it is logged; nil: as it is
	origin  string
	size    uint64
	lines   []line
	proof   func(p *tlog.Proof)   // before it is printed; nil: as it is
	receipt func(b []byte) []byte // last; nil: as it is
}

func good(t testing.TB) *scenario {
	t.Helper()
	return &scenario{
		policy: quorumTwo,
		record: twoParties(t).Bytes(),
		origin: home,
		size:   5,
		lines:  []line{signs(home), saw("w1", now+10), saw("w2", now+20), saw("w3", now+30)},
	}
}

// bytes puts the receipt together.
func (s *scenario) bytes(t testing.TB) []byte {
	t.Helper()
	entry := record.Entry{Registered: now, Record: s.record}.Bytes()
	if s.entry != nil {
		entry = s.entry(entry)
	}
	log := newTree(t).fill(2)
	index := log.add(entry)
	log.fill(2)
	p := log.proof(index, 5)
	p.Checkpoint = signed(tlog.Checkpoint{Origin: s.origin, Size: s.size, Root: p.Checkpoint.Root}, s.lines...)
	if s.proof != nil {
		s.proof(&p)
	}
	b := p.Bytes()
	if s.receipt != nil {
		b = s.receipt(b)
	}
	return b
}

func (s *scenario) verify(t testing.TB) (*verify.Registration, error) {
	t.Helper()
	return verify.Receipt(policy(t, s.policy), s.bytes(t))
}

// replace is a change of bytes that has to be one.
func replace(t testing.TB, old, new string) func(b []byte) []byte {
	return func(b []byte) []byte {
		t.Helper()
		if !bytes.Contains(b, []byte(old)) {
			t.Fatalf("there is no %q to replace", old)
		}
		return bytes.Replace(b, []byte(old), []byte(new), 1)
	}
}

// A breach is one way to break a scenario, and what is said of it.
type breach struct {
	name string
	do   func(s *scenario)
	want string
}

func breaks(t *testing.T, step verify.Step, breaches []breach) {
	t.Helper()
	for _, b := range breaches {
		t.Run(b.name, func(t *testing.T) {
			s := good(t)
			b.do(s)
			reg, err := s.verify(t)
			if reg != nil {
				t.Error("a failure comes with a registration")
			}
			wantFailure(t, err, step, b.want)
		})
	}
}

// A rewrite is a breach in the bytes of the receipt.
func rewrite(change func(b []byte) []byte) func(*scenario) {
	return func(s *scenario) { s.receipt = change }
}

func holds(t *testing.T, cases map[string]func(s *scenario)) {
	t.Helper()
	for name, do := range cases {
		t.Run(name, func(t *testing.T) {
			s := good(t)
			do(s)
			reg, err := s.verify(t)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(reg.Record.Bytes(), s.record) || reg.Registered != now || reg.Index != 2 || reg.Checkpoint.Size != 5 {
				t.Errorf("registration is %+v", reg)
			}
		})
	}
}
