package witness

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/verify"
)

// overlapPolicy returns a policy of these groups over five witnesses and the ledger's own key.
func overlapPolicy(t *testing.T, rest string) (*verify.Policy, note.Key) {
	t.Helper()
	ledger := newSigner("ledger.example", note.Ed25519)
	text := fmt.Sprintf("log %s\nwitness own %s\n", ledger.Key, newSignerOf("ledger.example", "second", note.Cosignature).Key)
	for i := 1; i <= 5; i++ {
		text += fmt.Sprintf("witness w%d %s http://w%[1]d.example\n", i, newSigner(fmt.Sprintf("w%d.example", i), note.Cosignature).Key)
	}
	p, err := verify.ParsePolicy([]byte(text + rest))
	if err != nil {
		t.Fatalf("%v\n%s", err, rest)
	}
	return p, ledger.Key
}

func TestQuorumsThatShareNobodyAreNamed(t *testing.T) {
	for rest, want := range map[string]bool{
		"quorum none\n":                                                     true,
		"quorum own\n":                                                      true,
		"quorum w1\n":                                                       false,
		"group g any w1 w2\nquorum g\n":                                     true,
		"group g all w1 w2\nquorum g\n":                                     false,
		"group g 2 w1 w2 w3\nquorum g\n":                                    false,
		"group g 2 w1 w2 w3 w4\nquorum g\n":                                 true,
		"group g 3 w1 w2 w3 w4\nquorum g\n":                                 false,
		"group g 2 own w1 w2\nquorum g\n":                                   true,
		"group g 3 own w1 w2 w3\nquorum g\n":                                false,
		"group a any w1 w2\ngroup g all w3 a\nquorum g\n":                   false,
		"group a any w1 w2\ngroup b any w3 w4\ngroup g all a b\nquorum g\n": true,
	} {
		p, ledger := overlapPolicy(t, rest)
		if got := Disjoint(p, ledger); got != want {
			t.Errorf("%q: %v, want %v", rest, got, want)
		}
	}
}

// Disjoint is what trying all pairs of sets finds.
func TestQuorumsThatShareNobodyAreThoseThatAreFoundByTrying(t *testing.T) {
	names := []string{"w1", "w2", "w3", "w4", "w5"}
	const seed = 4
	random := rand.New(rand.NewPCG(seed, 0))
	for n := range 300 {
		free := append([]string{"own"}, names...)
		var rest strings.Builder
		last := "w1"
		for g := 0; len(free) > 1; g++ {
			random.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
			size := 2 + random.IntN(len(free)-1)
			last = fmt.Sprintf("g%d", g)
			fmt.Fprintf(&rest, "group %s %d %s\n", last, 1+random.IntN(size), strings.Join(free[:size], " "))
			free = append(free[size:], last)
		}
		fmt.Fprintf(&rest, "quorum %s\n", last)
		p, ledger := overlapPolicy(t, rest.String())
		found := false
		for choice := range 243 { // each witness in the one set, the other, or neither
			one, other := map[string]bool{"own": true}, map[string]bool{"own": true}
			for _, name := range names {
				switch choice % 3 {
				case 1:
					one[name] = true
				case 2:
					other[name] = true
				}
				choice /= 3
			}
			found = found || p.Met(one) && p.Met(other)
		}
		if got := Disjoint(p, ledger); got != found {
			t.Fatalf("seed %d, policy %d: %v, by trying %v\n%s", seed, n, got, found, rest.String())
		}
	}
}
