package verify_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/verify"
)

// witnessed says by the specification's words whether a witness or group has
// witnessed: a group has when at least k of its members have.
func witnessed(p *verify.Policy, name string, cosigned map[string]bool) bool {
	for _, g := range p.Groups {
		if g.Name != name {
			continue
		}
		n := 0
		for _, m := range g.Members {
			if witnessed(p, m, cosigned) {
				n++
			}
		}
		return n >= g.K
	}
	return cosigned[name]
}

// randomPolicy returns the text of a policy with up to 7 witnesses, in groups of
// groups as it comes.
func randomPolicy(r *rand.Rand) string {
	var b strings.Builder
	var free, names []string
	for i := range 1 + r.IntN(7) {
		name := fmt.Sprintf("w%d", i)
		b.WriteString(witnessLine(name))
		free, names = append(free, name), append(names, name)
	}
	for i := 0; len(free) > 0 && i < 5; i++ {
		r.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
		n := 1 + r.IntN(len(free))
		name := fmt.Sprintf("g%d", i)
		fmt.Fprintf(&b, "group %s %d %s\n", name, 1+r.IntN(n), strings.Join(free[:n], " "))
		free, names = append(slices.Clone(free[n:]), name), append(names, name)
	}
	fmt.Fprintf(&b, "quorum %s\n", names[r.IntN(len(names))])
	return b.String()
}

func subset(names []verify.Witness, bits int) map[string]bool {
	s := make(map[string]bool)
	for i, w := range names {
		if bits>>i&1 == 1 {
			s[w.Name] = true
		}
	}
	return s
}

func TestTheQuorumIsThatOfTheSpecification(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	met, unmet := 0, 0
	for range 300 {
		p := policy(t, randomPolicy(r))
		for bits := range 1 << len(p.Witnesses) {
			cosigned := subset(p.Witnesses, bits)
			got, want := p.Met(cosigned), witnessed(p, p.Quorum, cosigned)
			if got != want {
				t.Fatalf("quorum with %v is met: %t, want %t, under\n%s", cosigned, got, want, p.Bytes())
			}
			if got {
				met++
			} else {
				unmet++
			}
		}
	}
	if met < 1000 || unmet < 1000 {
		t.Errorf("%d quorums were met and %d were not: the policies are too much alike", met, unmet)
	}
}

func TestTheSpecificationsExampleHasItsQuorums(t *testing.T) {
	p := policy(t, x())
	for _, c := range []struct {
		cosigned string
		want     bool
	}{
		{"", false}, {"X1 X2", false}, {"Y1 Y2 Y3", false}, {"X1 Y1 Y2 Y3", false}, {"X1 X2 X3", false},
		{"X1 X2 Y1", true}, {"X2 X3 Y3", true}, {"X1 X2 X3 Y1 Y2 Y3", true},
	} {
		cosigned := make(map[string]bool)
		for _, name := range strings.Fields(c.cosigned) {
			cosigned[name] = true
		}
		if p.Met(cosigned) != c.want {
			t.Errorf("quorum with %q is met: %t", c.cosigned, !c.want)
		}
	}
}

func TestTheQuorumNoneIsAlwaysMet(t *testing.T) {
	p := policy(t, threeOf+"quorum none\n")
	for bits := range 8 {
		if !p.Met(subset(p.Witnesses, bits)) {
			t.Errorf("quorum none is not met with %v", subset(p.Witnesses, bits))
		}
	}
}

// FuzzParsePolicy asks of whatever parses: printing it loses nothing, in no more
// bytes, and one more cosignature never unmeets the quorum.
func FuzzParsePolicy(f *testing.F) {
	for _, s := range []string{quorumNone, quorumOne, quorumTwo, x(), "quorum none", "\t# c\n quorum\tnone \n"} {
		f.Add([]byte(s), uint64(5))
	}
	f.Fuzz(func(t *testing.T, text []byte, order uint64) {
		p, err := verify.ParsePolicy(text)
		if err != nil {
			return
		}
		printed := p.Bytes()
		again, err := verify.ParsePolicy(printed)
		if err != nil || !reflect.DeepEqual(p, again) || !bytes.Equal(printed, again.Bytes()) {
			t.Fatalf("%s\nreads as %+v, %v, was %+v", printed, again, err, p)
		}
		if len(printed) > len(text) {
			t.Fatalf("%d bytes are printed as %d", len(text), len(printed))
		}
		r := rand.New(rand.NewPCG(order, 0))
		cosigned, before := make(map[string]bool), p.Met(nil)
		if before != (p.Quorum == "none") {
			t.Fatalf("quorum %s without a cosignature is met: %t", p.Quorum, before)
		}
		for _, i := range r.Perm(len(p.Witnesses)) {
			cosigned[p.Witnesses[i].Name] = true
			after := p.Met(maps.Clone(cosigned))
			if before && !after {
				t.Fatalf("quorum was met until %s cosigned too, under\n%s", p.Witnesses[i].Name, printed)
			}
			before = after
		}
		// Whoever defines a quorum gets it when everybody cosigns.
		if !before {
			t.Fatalf("all cosigned, and quorum %s is not met under\n%s", p.Quorum, printed)
		}
	})
}
