package verify_test

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

func TestTheIndexIsBelowTheSize(t *testing.T) {
	index := func(i uint64) func(*scenario) {
		return func(s *scenario) { s.proof = func(p *tlog.Proof) { p.Index = i } }
	}
	size := func(n uint64, hashes int) func(*scenario) {
		return func(s *scenario) {
			s.size, s.proof = n, func(p *tlog.Proof) { p.Hashes = p.Hashes[:hashes] }
		}
	}
	breaks(t, verify.StepIndex, []breach{
		{"the size", index(5), "the entry is number 5, the tree of the checkpoint has 5"},
		{"beyond the size", index(6), "number 6"},
		{"2^63-1", index(math.MaxInt64), "number 9223372036854775807, the tree of the checkpoint has 5"},
		{"a tree of size 0", size(0, 0), "the entry is number 2, the tree of the checkpoint has 0"},
		{"a tree of size 0 with hashes", size(0, 3), "has 0"},
		{"entry 0 of size 0", func(s *scenario) {
			s.size, s.proof = 0, func(p *tlog.Proof) { p.Index, p.Hashes = 0, nil }
		}, "number 0, the tree of the checkpoint has 0"},
		{"a tree before the entry", size(2, 1), "has 2"},
	})
}

func TestTheEntryIsInTheTree(t *testing.T) {
	const want = "not registered: the entry is not number "
	hashes := func(change func(h []tlog.Hash) []tlog.Hash) func(*scenario) {
		return func(s *scenario) { s.proof = func(p *tlog.Proof) { p.Hashes = change(p.Hashes) } }
	}
	breaks(t, verify.StepInclusion, []breach{
		{"one hash short", hashes(func(h []tlog.Hash) []tlog.Hash { return h[:len(h)-1] }), want + "2 of ledger.example"},
		{"the first hash gone", hashes(func(h []tlog.Hash) []tlog.Hash { return h[1:] }), want},
		{"one hash long", hashes(func(h []tlog.Hash) []tlog.Hash { return append(h, h[0]) }), want},
		{"no hash", hashes(func([]tlog.Hash) []tlog.Hash { return nil }), want},
		{"63 hashes", hashes(func([]tlog.Hash) []tlog.Hash { return make([]tlog.Hash, 63) }), want},
		{"a changed hash", hashes(func(h []tlog.Hash) []tlog.Hash { h[0][31] ^= 1; return h }), want},
		{"swapped hashes", hashes(func(h []tlog.Hash) []tlog.Hash { h[0], h[1] = h[1], h[0]; return h }), want},
		{"another index", func(s *scenario) { s.proof = func(p *tlog.Proof) { p.Index = 3 } }, want + "3"},
		{"the entry before", func(s *scenario) { s.proof = func(p *tlog.Proof) { p.Index = 1 } }, want + "1"},
		{"another time", func(s *scenario) {
			s.proof = func(p *tlog.Proof) { p.Extra = replace(t, "registered 1780000000", "registered 1780000001")(p.Extra) }
		}, want},
		{"another title", func(s *scenario) {
			s.proof = func(p *tlog.Proof) { p.Extra = replace(t, "Forty", "Fifty")(p.Extra) }
		}, want},
		{"a signature less", func(s *scenario) {
			s.proof = func(p *tlog.Proof) { p.Extra = p.Extra[:bytes.LastIndex(p.Extra, []byte("— "))] }
		}, want},
		{"a larger tree", func(s *scenario) { s.size = 9 }, want},
		{"a smaller tree", func(s *scenario) { s.size = 4 }, want},
	})
}

func TestThePartiesSignedEnough(t *testing.T) {
	text := func() *record.Text { return contractText(t, 7) }
	sigs := func(labels ...string) func(*scenario) { // lines as they come
		return func(s *scenario) {
			b := text().Bytes()
			n := note.Note{Text: b}
			for _, l := range labels {
				n.Signatures = append(n.Signatures, signs(l)(b))
			}
			s.record = n.Bytes()
		}
	}
	change := func(l line) func(*scenario) {
		return func(s *scenario) {
			b := text().Bytes()
			s.record = note.Note{Text: b, Signatures: []note.Signature{l(b), signs("bob.example")(b), signs("carol.example")(b)}}.Bytes()
		}
	}
	alice := key("alice.example")
	breaks(t, verify.StepSignatures, []breach{
		{"a party is missing", sigs("bob.example", "carol.example"), "manufacturer has 0 of 1 signatures"},
		{"one of two", sigs("alice.example", "carol.example"), "buyer has 1 of 2 signatures"},
		{"two are missing, the first is named", sigs("dave.example"), "manufacturer has 0 of 1 signatures"},
		{"a stranger", sigs("alice.example", "bob.example", "carol.example", stranger), "signature line 4: mallory.example with the key id"},
		{"the ledger", sigs("alice.example", "bob.example", "carol.example", home), "signature line 4: ledger.example with the key id"},
		{"in the wrong place", sigs("bob.example", "alice.example", "carol.example"), "the text names them the other way round"},
		{"twice", sigs("alice.example", "alice.example", "bob.example", "carol.example"), "signature line 2: alice.example signs twice"},
		{"changed", change(spoilt(signs("alice.example"))), "signature line 1: the signature of alice.example does not verify"},
		{"short", change(cut(signs("alice.example"))), "signature line 1: the signature of alice.example does not verify"},
		{"made by another", change(signsAs(alice, stranger)), "does not verify"},
		{"of another text", change(about("other", signs("alice.example"))), "does not verify"},
		{"a key that signs under a witness's type", change(signsAs(witness("alice.example"), "alice.example")), "may not sign"},
		{"a stranger of the same name", change(signsAs(keyOf("alice.example", stranger, note.Ed25519), stranger)), "may not sign"},
	})
	for _, name := range []string{"bob.example", "carol.example", "dave.example"} {
		others := slices.DeleteFunc([]string{"alice.example", "bob.example", "carol.example", "dave.example"}, func(s string) bool { return s == name })
		holds(t, map[string]func(*scenario){"two of three without " + name: sigs(others...)})
	}
	holds(t, map[string]func(*scenario){"three of three": sigs("alice.example", "bob.example", "carol.example", "dave.example")})
}

func TestTheKeyOfARevocationSignedIt(t *testing.T) {
	p := policy(t, quorumNone)
	log := newTree(t)
	receipt(t, p, log.proof(log.register(now, sign(t, revocationText(key("bob.example")), "bob.example")), 1))

	text := revocationText(key("bob.example")).Bytes()
	other := note.Note{Text: text, Signatures: []note.Signature{signs("alice.example")(text)}}
	index := log.add(record.Entry{Registered: now, Record: other.Bytes()}.Bytes())
	_, err := verify.Receipt(p, log.proof(index, 2).Bytes())
	wantFailure(t, err, verify.StepSignatures, "alice.example with the key id")
}
