package verify_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

// late is a log of seven entries with a contract as entry 4, which claims now, and
// evidence with the cosignatures of a tree of size entries.
func late(t testing.TB, size uint64, lines ...line) *verify.Charge {
	t.Helper()
	l := newTree(t).fill(4)
	index := l.register(now, twoParties(t))
	l.fill(2)
	return &verify.Charge{Rule: verify.Backdating, Checkpoint: l.checkpoint(size, lines...), Proofs: []tlog.Proof{l.proof(index, 7)}}
}

const bound = now + 300 // the last time at which a quorum may have seen less

var (
	intersecting = map[string]string{
		"one":                    quorumOne,
		"two of three":           quorumTwo,
		"all":                    threeOf + "group g all w1 w2 w3\nquorum g\n",
		"the ledger and two":     ownAnd(witnessLine("w1") + witnessLine("w2") + witnessLine("w3") + "group w 2 w1 w2 w3\ngroup g all ledger w\nquorum g\n"),
		"two, the ledger unused": ownAnd(witnessLine("w1") + witnessLine("w2") + witnessLine("w3") + "group g 2 w1 w2 w3\nquorum g\n"),
	}
	everybody = []line{sawLattice(home, now), saw("w1", bound+1), saw("w2", bound+2), saw("w3", bound+3)}
)

func TestEntryThatAQuorumHadNotSeenInTimeIsBackdated(t *testing.T) {
	for name, text := range intersecting {
		for _, size := range []uint64{0, 3, 4} {
			b, err := verify.Evidence(policy(t, text), late(t, size, everybody...).Bytes())
			if err != nil {
				t.Fatalf("%s, size %d: %v", name, size, err)
			}
			if b.Verdict != verify.Yes || b.Rule != verify.Backdating || b.Index != 4 || b.Registered != now || b.ID != twoParties(t).ID() || b.Checkpoint.Size != 7 || b.Checkpoint.Log.Key != key(home) {
				t.Errorf("%s, size %d: %+v", name, size, b)
			}
			if want := "ledger.example broke the rule backdating at entry 4: it claims to be registered at 2026-05-28T20:26:40Z, and until 2026-05-28T20:31:4"; !strings.HasPrefix(b.String(), want) {
				t.Errorf("%s, size %d: %s", name, size, b)
			}
		}
	}
}

// A witness may claim any second of 63 bits: what has no date is said as a number.
func TestTimeUnseenBeyondAllDatesIsANumber(t *testing.T) {
	const last = 253402300799
	for at, want := range map[int64]string{last: "until 9999-12-31T23:59:59Z the quorum", last + 1: "until POSIX second 253402300800 the quorum", 1<<63 - 1: "until POSIX second 9223372036854775807 the quorum"} {
		b, err := verify.Evidence(policy(t, quorumTwo), late(t, 4, saw("w1", at), saw("w2", at)).Bytes())
		if err != nil || !strings.Contains(b.Reason, want) {
			t.Errorf("%v, %v, want %q", b, err, want)
		}
	}
}

// Each step of evidence of backdating, in its order, has something that it refuses.
func TestWhatShowsNoBackdatingIsRefusedAtItsStep(t *testing.T) {
	any2 := logLine(home) + witnessLine("w1") + witnessLine("w2") + "group g any w1 w2\nquorum g\n"
	ownOrAll := ownAnd(witnessLine("w1") + "group g any ledger w1\nquorum g\n")
	ownAndAny := ownAnd(witnessLine("w1") + witnessLine("w2") + "group w any w1 w2\ngroup g all ledger w\nquorum g\n")
	nested := logLine(home) + witnessLine("w1") + witnessLine("w2") + witnessLine("w3") + witnessLine("w4") +
		"group a any w1 w2\ngroup b any w3 w4\ngroup g all a b\nquorum g\n"
	for _, c := range []struct {
		name   string
		policy string
		lines  []line
		change func(c *verify.Charge)
		step   verify.Step // "" for none
		want   string
	}{
		{"as it is", quorumTwo, everybody, nil, "", ""},
		{"a stranger's tree", quorumTwo, everybody, func(c *verify.Charge) {
			c.Checkpoint = signed(c.Checkpoint.Checkpoint, signs(stranger), saw("w1", bound+1), saw("w2", bound+1))
		}, verify.StepCheckpoint, "no log of the policy signed"},
		{"tree of another log of the policy", quorumTwo + logLine(elsewhere), everybody, func(c *verify.Charge) {
			other := newTree(t)
			other.name = elsewhere
			c.Checkpoint = other.fill(3).checkpoint(3, everybody...)
		}, verify.StepCheckpoint, "no log of the policy signed"},
		{"entry of another log of the policy", quorumTwo + logLine(elsewhere), everybody, func(c *verify.Charge) {
			other := newTree(t)
			other.name = elsewhere
			other.register(now, twoParties(t))
			c.Proofs[0] = other.proof(0, 1)
		}, verify.StepCheckpoint, "no log of the policy signed"},
		{"the log's line is spoilt", quorumTwo, everybody, func(c *verify.Charge) {
			c.Checkpoint = signed(c.Checkpoint.Checkpoint, append([]line{spoilt(signs(home))}, everybody...)...)
		}, verify.StepCheckpoint, "no log of the policy signed"},
		{"a spoilt line of the log beside a good one", quorumTwo, append([]line{spoilt(signs(home))}, everybody...), nil, "", ""},
		{"beyond the tree", quorumTwo, everybody, func(c *verify.Charge) { c.Proofs[0].Index = 7 }, verify.StepIndex, "is number 7, the tree of the checkpoint has 7"},
		{"another entry", quorumTwo, everybody, func(c *verify.Charge) { c.Proofs[0].Extra = []byte("registered 1\n") }, verify.StepInclusion, "is not number 4"},
		{"the tree has the entry", quorumTwo, everybody, func(c *verify.Charge) {
			l := newTree(t).fill(4)
			l.register(now, twoParties(t))
			c.Checkpoint = l.checkpoint(5, everybody...)
		}, verify.StepSize, "the checkpoint has 5 entries, and entry 4 is one of them"},
		{"an entry without a time", quorumTwo, everybody, func(c *verify.Charge) {
			c.Proofs[0] = newTree(t).fill(7).proof(4, 7)
		}, verify.StepEntry, "does not begin with a line"},
		{"nobody cosigned", quorumTwo, nil, nil, verify.StepQuorum, "the cosignatures of that tree do not show"},
		{"one of two", quorumTwo, []line{saw("w1", bound+1)}, nil, verify.StepQuorum, "do not show"},
		{"one twice", quorumTwo, []line{saw("w1", bound+1), saw("w1", bound+2)}, nil, verify.StepQuorum, "do not show"},
		{"strangers", quorumTwo, []line{saw(stranger, bound+1), saw("w1", bound+1)}, nil, verify.StepQuorum, "do not show"},
		{"another's line under its own name", quorumTwo, []line{saw("w1", bound+1), sawAs(witness("w2"), "w3", bound+1)}, nil, verify.StepQuorum, "do not show"},
		{"a line over another tree", quorumTwo, []line{saw("w1", bound+1), about("ledger.example\n0\n", saw("w2", bound+1))}, nil, verify.StepQuorum, "do not show"},
		{"300 s later", quorumTwo, []line{saw("w1", bound), saw("w2", bound+9)}, nil, verify.StepQuorum, "is shown until 2026-05-28T20:31:40Z, which is not more than 300 s later"},
		{"301 s later", quorumTwo, []line{saw("w1", bound+1), saw("w2", bound+1)}, nil, "", ""},
		{"first in time, then later", quorumTwo, []line{saw("w1", now), saw("w1", bound+1), saw("w2", bound+1)}, nil, "", ""},
		{"garbage shields nobody", quorumTwo, []line{saw("w1", bound+1), saw("w2", bound+1), spoilt(saw("w3", bound+1)), spoilt(saw("w1", now)), cut(saw("w2", now)), saw(stranger, 1)}, nil, "", ""},
		{"the end of time", quorumTwo, []line{saw("w1", 1<<63-1), saw("w2", 1<<63-1)}, nil, "", ""},
		{"any of two: the other may have seen more", any2, []line{saw("w1", bound+1)}, nil, verify.StepQuorum, "do not show"},
		{"any of two, and both have not", any2, []line{saw("w1", bound+1), saw("w2", bound+1)}, nil, "", ""},
		{"one of each two: the others may have", nested, []line{saw("w1", bound+1), saw("w3", bound+1)}, nil, verify.StepQuorum, "do not show"},
		{"one side has not, and nobody was there for the other", nested, []line{saw("w1", bound+1), saw("w2", bound+1)}, nil, verify.StepQuorum, "do not show"},
		{"one side has not, and one of the other", nested, []line{saw("w1", bound+1), saw("w2", bound+1), saw("w3", bound+1)}, nil, "", ""},
		{"quorum none", threeOf + "quorum none\n", everybody, nil, verify.StepQuorum, "do not show"},
		{"the ledger alone makes it", ownAnd("quorum ledger\n"), []line{sawLattice(home, bound+1)}, nil, verify.StepQuorum, "do not show"},
		{"the ledger alone may make it", ownOrAll, []line{saw("w1", bound+1)}, nil, verify.StepQuorum, "do not show"},
		{"the ledger's own time says nothing", ownAnd(witnessLine("w1") + "group g all ledger w1\nquorum g\n"), []line{sawLattice(home, 1), saw("w1", bound+1)}, nil, "", ""},
		{"the ledger's own is later", ownAnd(witnessLine("w1") + "group g all ledger w1\nquorum g\n"), []line{sawLattice(home, bound+99), saw("w1", bound)}, nil, verify.StepQuorum, "is shown until"},
		{"without the ledger's own there is no quorum", ownAnd(witnessLine("w1") + "group g all ledger w1\nquorum g\n"), []line{saw("w1", bound+1)}, nil, verify.StepQuorum, "do not show"},
		{"quorums have the ledger alone in common", ownAndAny, []line{sawLattice(home, now), saw("w1", bound+1)}, nil, verify.StepQuorum, "do not show"},
	} {
		t.Run(c.name, func(t *testing.T) {
			charge := late(t, 3, c.lines...)
			if c.change != nil {
				c.change(charge)
			}
			b, err := verify.Evidence(policy(t, c.policy), charge.Bytes())
			switch {
			case c.step == "" && (err != nil || b.Verdict != verify.Yes):
				t.Fatal(b, err)
			case c.step != "":
				wantFailure(t, err, c.step, c.want)
			}
		})
	}
}

// The time that evidence names is the last before which no quorum had seen more.
func TestUnseenIsUntilTheLatestTimeThatIsShown(t *testing.T) {
	p := policy(t, quorumTwo)
	l := newTree(t).fill(3)
	for _, c := range []struct {
		lines   []line
		unseen  int64
		renewed int64
	}{
		{[]line{saw("w1", now), saw("w2", now+5)}, now, now},
		{[]line{saw("w1", now), saw("w2", now+5), saw("w3", now+9)}, now + 5, now + 5},
		{[]line{saw("w1", now), saw("w1", now+7), saw("w2", now+5)}, now + 5, now + 5},
		{[]line{saw("w1", now)}, 0, 0},
		{nil, 0, 0},
	} {
		checkpoint := l.checkpoint(3, c.lines...)
		unseen, ok := p.UnseenBefore(p.Logs[0], checkpoint)
		if unseen != c.unseen || ok != (c.unseen != 0) {
			t.Errorf("unseen before %d, %t; want %d", unseen, ok, c.unseen)
		}
		renewed, ok := p.RenewedAt(p.Logs[0], checkpoint)
		if renewed != c.renewed || ok != (c.renewed != 0) {
			t.Errorf("renewed at %d, %t; want %d", renewed, ok, c.renewed)
		}
	}
	for _, text := range []string{quorumNone, ownAnd("quorum ledger\n")} {
		p := policy(t, text)
		if at, ok := p.RenewedAt(p.Logs[0], l.checkpoint(3, sawLattice(home, now))); ok {
			t.Errorf("renewed at %d by the ledger's own word", at)
		}
	}
}

// A history is a ledger, told by the times at which honest witnesses cosigned its trees.
type history struct {
	*rand.Rand
	policy     *verify.Policy
	log        *tree
	registered []int64
	seen       map[string]uint64           // size that a witness cosigned last
	last       map[string]int64            // when
	times      map[uint64]map[string]int64 // of the last cosignature of a size, by witness
}

// cosign has a witness cosign a tree, if it has seen no larger one.
func (h *history) cosign(name string, size uint64, at int64) {
	if size < h.seen[name] || at < h.last[name] {
		return
	}
	if h.times[size] == nil {
		h.times[size] = make(map[string]int64)
	}
	h.seen[name], h.last[name], h.times[size][name] = size, at, at
}

// anybody has some witnesses cosign some tree that was signed, at some time of a span:
// who has a checkpoint can ask them.
func (h *history) anybody(from, to int64) {
	var times []int64
	for range 3 {
		times = append(times, from+h.Int64N(to-from+1))
	}
	slices.Sort(times)
	for _, at := range times {
		w := h.policy.Witnesses[h.IntN(len(h.policy.Witnesses))]
		h.cosign(w.Name, h.seen[w.Name]+h.Uint64N(h.log.tree.Size()-h.seen[w.Name]+1), at)
	}
}

// step registers an entry, has it published by a quorum within some seconds, in
// lock-step, and returns when that was. Witnesses that are away stay behind.
func (h *history) step(at, within int64) int64 {
	h.registered = append(h.registered, at)
	old := h.log.tree.Size()
	h.log.register(at, twoParties(h.log.t))
	asked := make(map[string]bool)
	published := at
	for _, i := range h.Perm(len(h.policy.Witnesses)) {
		w := h.policy.Witnesses[i].Name
		if h.policy.Met(asked) && h.IntN(3) > 0 {
			// It is away, and somebody asks it for what it knows.
			h.cosign(w, old, at+h.Int64N(within+1))
			continue
		}
		t := at + h.Int64N(within+1)
		if h.IntN(2) == 0 { // somebody asks it before the ledger does
			h.cosign(w, old, at+h.Int64N(t-at+1))
		}
		h.cosign(w, old+1, t)
		asked[w], published = true, max(published, t)
	}
	return published
}

// convicted says whether any tree's cosignatures convict the ledger of any entry.
func (h *history) convicted() bool {
	for size, times := range h.times {
		if size >= h.log.tree.Size() {
			continue
		}
		var lines []line
		for name, at := range times {
			lines = append(lines, saw(name, at))
		}
		// Of all entries that the tree lacks the first claims the earliest time.
		charge := &verify.Charge{Rule: verify.Backdating, Checkpoint: h.log.checkpoint(size, lines...), Proofs: []tlog.Proof{h.log.proof(size, h.log.tree.Size())}}
		if b, err := verify.Evidence(h.policy, charge.Bytes()); err == nil && b.Verdict == verify.Yes {
			return true
		}
	}
	return false
}

// run tells a history in which each entry is published within some seconds.
func run(t testing.TB, r *rand.Rand, within int64) *history {
	h := &history{r, policy(t, logLine(home)+randomPolicy(r)), newTree(t), nil, make(map[string]uint64), make(map[string]int64), make(map[uint64]map[string]int64)}
	at := int64(now - 3600)
	for range 8 {
		published := h.step(at, within)
		next := published + h.Int64N(2000)
		h.anybody(published, next)
		at = next
	}
	return h
}

// Property: as long as each entry reaches a quorum within 300 s, nothing that honest
// witnesses can be brought to cosign convicts the ledger, whatever the policy. Of
// ledgers that are slower some are convicted, so that it is the bound that saves them.
func TestNoHonestHistoryIsConvictedOfBackdating(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	convicted := 0
	for range 150 {
		if h := run(t, r, 300); h.convicted() {
			t.Fatalf("an honest ledger is convicted: registered %d, cosigned %v, under\n%s", h.registered, h.times, h.policy.Bytes())
		}
		if run(t, r, 3000).convicted() {
			convicted++
		}
	}
	if convicted < 20 {
		t.Errorf("%d of 150 slow ledgers are convicted", convicted)
	}
}

func TestEvidenceOfBackdatingAndOfTwoEntriesHasOneForm(t *testing.T) {
	dated, forked := string(late(t, 3, everybody...).Bytes()), string(twoEntries(t, 5, 5, 6, 7).Bytes())
	for _, b := range []string{dated, forked} {
		c, err := verify.ParseEvidence([]byte(b))
		if err != nil || !bytes.Equal(c.Bytes(), []byte(b)) {
			t.Fatal(err)
		}
	}
	d, f := strings.SplitAfter(dated, "\n"), strings.SplitAfter(forked, "\n")
	for _, c := range []struct{ name, text, want string }{
		{"without the checkpoint", d[0] + d[1] + d[3], "stands where checkpoint belongs"},
		{"without the proof", d[0] + d[1] + d[2], "stands where proof belongs"},
		{"proof first", d[0] + d[1] + d[3] + d[2], "stands where checkpoint belongs"},
		{"two checkpoints", d[0] + d[1] + d[2] + d[2] + d[3], "stands where proof belongs"},
		{"two proofs of backdating", dated + d[3], "it goes on with"},
		{"absent", d[0] + d[1] + "absent 0 3\n" + d[2] + d[3], "stands where checkpoint belongs"},
		{"the checkpoint is a proof", d[0] + d[1] + strings.Replace(d[3], "proof ", "checkpoint ", 1) + d[3], "checkpoint: "},
		{"one entry", f[0] + f[1] + f[2], "stands where proof belongs"},
		{"three entries", forked + f[2], "it goes on with"},
		{"two indexes", f[0] + f[1] + f[2] + d[3], "the proofs are of the entries 5 and 4, and not of one index"},
		{"a checkpoint between", f[0] + f[1] + f[2] + d[2] + f[3], "stands where proof belongs"},
		{"entries after two trees", string(fork(t, 2, 3, 4).Bytes()) + f[2] + f[3], "it goes on with"},
	} {
		if got, err := verify.ParseEvidence([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want %q", c.name, got, err, c.want)
		}
	}
}
