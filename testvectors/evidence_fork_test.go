package testvectors

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// A fork is evidence of two trees in the making.
type fork struct {
	root         []byte // that the larger tree has at the size of the smaller
	small, large string // checkpoints
	old          uint64
	hashes       [][]byte
}

// forked returns the fork of the numbered tree and, at a size, the one of equal
// leaves.
func forked(small, large uint64) fork {
	t := numbered(9)
	return fork{t.root(small), signed(checkpointText(ledgerKey.name, small, uniform().root(small)), ledgerKey), at(large, noLines), small, t.proof(small, large)}
}

func (f fork) text() string {
	return evidenceLine + "rule fork\n" + "root " + base64.StdEncoding.EncodeToString(f.root) + "\n" +
		encodedLine("checkpoint", f.small) + encodedLine("consistency", consistencyBody(f.old, f.hashes, f.large))
}

func okFork(name, comment, policy string, f fork) vector {
	values := []member{{"verdict", "yes"}, {"rule", "fork"}, {"index", fmt.Sprint(f.old)}}
	return accepted("evidence", "fork-"+name, comment, append(evidenceInputs(policy, f.text()), values...)...)
}

func forks() []vector {
	var vs []vector
	for _, s := range [][2]uint64{{1, 1}, {9, 9}, {1, 2}, {3, 7}, {4, 8}, {8, 9}} {
		vs = append(vs, okFork(fmt.Sprintf("of-%d-and-%d", s[0], s[1]), fmt.Sprintf("Two trees, of %d and of %d entries.", s[0], s[1]), nonePolicy, forked(s[0], s[1])))
	}
	zero := forked(1, 9)
	zero.root, zero.old, zero.hashes = emptyRoot(), 0, nil
	zero.small = signed(checkpointText(ledgerKey.name, 0, numbered(9).root(1)), ledgerKey)
	most := fork{root: uniform().root(1<<62 - 2), old: 1<<62 - 2, hashes: uniform().proof(1<<62-2, 1<<63-1)}
	most.small = signed(checkpointText(ledgerKey.name, most.old, emptyRoot()), ledgerKey)
	most.large = signed(checkpointText(ledgerKey.name, 1<<63-1, uniform().root(1<<63-1)), ledgerKey)
	unwitnessed, spoiled := forked(3, 7), forked(3, 7)
	spoiled.small += w1.line(make([]byte, 72))
	spoiled.large += ledgerKey.line(make([]byte, 64))
	second := otherLog.as(ledgerKey.name)
	renewed := forked(3, 7)
	renewed.small += second.sign(checkpointText(ledgerKey.name, 3, uniform().root(3)))
	renewed.large = signed(checkpointText(ledgerKey.name, 7, numbered(9).root(7)), second)
	return append(vs,
		okFork("of-0-and-9", "The empty tree was signed with the root of another.", nonePolicy, zero),
		okFork("of-most-hashes", "The larger is the largest tree, and the proof the longest: 63 hashes.", nonePolicy, most),
		okFork("without-quorum", "The policy asks for a witness, and none cosigned.", oneWitness, unwitnessed),
		okFork("other-lines-fail", "A known witness's line under the smaller checkpoint does not verify, nor does a second line of the log under the larger.", oneWitness, spoiled),
		okFork("second-key-of-one-name", "A second key of the log signed both checkpoints, the first key only the smaller.", logLine+"log "+second.vkey()+"\nquorum none\n", renewed))
}

func noForks() []vector {
	t := numbered(9)
	var vs []vector
	bad := func(name, kind, comment, policy string, change func(f *fork)) {
		f := forked(3, 7)
		change(&f)
		vs = append(vs, badEvidence("fork-"+name, kind, comment, policy, f.text()))
	}
	text3, text7 := checkpointText(ledgerKey.name, 3, uniform().root(3)), checkpointText(ledgerKey.name, 7, t.root(7))
	other3, other7 := checkpointText(otherLog.name, 3, uniform().root(3)), checkpointText(otherLog.name, 7, t.root(7))
	both := logLine + "log " + otherLog.vkey() + "\nquorum none\n"
	bad("smaller-signed-by-stranger", "checkpoint", "A stranger signed the smaller checkpoint.", nonePolicy, func(f *fork) { f.small = signed(text3, stranger) })
	bad("larger-signed-by-stranger", "checkpoint", "A stranger signed the larger checkpoint.", nonePolicy, func(f *fork) { f.large = signed(text7, stranger) })
	bad("smaller-signature-fails", "checkpoint", "The line under the smaller checkpoint does not verify.", nonePolicy, func(f *fork) { f.small = text3 + "\n" + ledgerKey.line(make([]byte, 64)) })
	bad("larger-signature-fails", "checkpoint", "The line under the larger checkpoint does not verify.", nonePolicy, func(f *fork) { f.large = text7 + "\n" + ledgerKey.line(make([]byte, 64)) })
	bad("origins", "checkpoint", "Both checkpoints are of another origin.", nonePolicy, func(f *fork) { f.small, f.large = signed(other3, ledgerKey), signed(other7, ledgerKey) })
	bad("two-logs", "checkpoint", "The checkpoints are of two logs, both known.", both, func(f *fork) { f.large = signed(other7, otherLog) })
	bad("size-of-other", "size", "The proof is from another size than the smaller checkpoint's.", nonePolicy, func(f *fork) { f.old, f.hashes = 4, t.proof(4, 7) })
	bad("size-0-of-smaller", "size", "The proof is from size 0, and the smaller checkpoint is not.", nonePolicy, func(f *fork) { f.old, f.hashes = 0, nil })
	bad("root-of-smaller", "consistency", "The root is that of the smaller checkpoint, with which the larger does not begin.", nonePolicy, func(f *fork) { f.root = uniform().root(3) })
	bad("root-of-larger", "consistency", "The root is that of the larger checkpoint.", nonePolicy, func(f *fork) { f.root = t.root(7) })
	bad("larger-first", "consistency", "The larger checkpoint stands where the smaller belongs.", nonePolicy, func(f *fork) {
		f.root, f.small, f.large, f.old = t.root(7), signed(checkpointText(ledgerKey.name, 7, uniform().root(7)), ledgerKey), at(3, noLines), 7
	})
	bad("same-size-other-root", "consistency", "The sizes are equal, and the root is not that of the second checkpoint.", nonePolicy, func(f *fork) {
		f.large, f.hashes = signed(checkpointText(ledgerKey.name, 3, emptyRoot()), ledgerKey), nil
	})
	for _, s := range spoil(t.proof(3, 7)) {
		bad("hashes-"+s.name, "consistency", s.comment, nonePolicy, func(f *fork) { f.hashes = s.hashes })
	}
	for _, s := range [][2]uint64{{0, 9}, {3, 7}, {4, 8}, {9, 9}} {
		bad(fmt.Sprintf("of-one-tree-%d-and-%d", s[0], s[1]), "rule", "The larger tree begins with the smaller.", nonePolicy, func(f *fork) {
			*f = fork{t.root(s[0]), at(s[0], noLines), at(s[1], noLines), s[0], t.proof(s[0], s[1])}
		})
	}
	return vs
}

func forksOutOfForm() []vector {
	f := forked(3, 7)
	good := f.text()
	l := strings.SplitAfter(good, "\n")
	head, root, checkpoint, consistency := l[0]+l[1], l[2], l[3], l[4]
	raw := strings.TrimSuffix(root, "\n")
	extended := signed(checkpointText(ledgerKey.name, 3, uniform().root(3))+"extension\n", ledgerKey)
	var vs []vector
	for _, s := range []sample{
		{"without-root", head + checkpoint + consistency, "The root is missing."},
		{"root-unpadded", head + strings.TrimRight(raw, "=") + "\n" + checkpoint + consistency, "The root lacks its padding."},
		{"root-unused-bits", head + unusedBits(raw) + "\n" + checkpoint + consistency, "The unused bits of the root's base64 are not zero."},
		{"root-of-31-bytes", head + encodedLine("root", string(f.root[:31])) + checkpoint + consistency, "The root has 31 bytes."},
		{"root-in-hex", head + "root " + hex.EncodeToString(f.root) + "\n" + checkpoint + consistency, "The root is in hex."},
		{"without-checkpoint", head + root + consistency, "The smaller checkpoint is missing."},
		{"checkpoint-extension-line", head + root + encodedLine("checkpoint", extended) + consistency, "The smaller checkpoint has a fourth line."},
		{"checkpoint-unsigned", head + root + encodedLine("checkpoint", checkpointText(ledgerKey.name, 3, f.root)+"\n") + consistency, "The smaller checkpoint has no signature line."},
		{"without-consistency", head + root + checkpoint, "The proof of consistency is missing."},
		{"consistency-is-a-checkpoint", head + root + checkpoint + encodedLine("consistency", f.large), "The proof of consistency is the larger checkpoint."},
		{"consistency-old-leading-zero", head + root + checkpoint + encodedLine("consistency", strings.Replace(consistencyBody(3, f.hashes, f.large), "old 3", "old 03", 1)), "The size in the proof of consistency has a leading zero."},
		{"consistency-of-64-hashes", head + root + checkpoint + encodedLine("consistency", consistencyBody(3, slices.Repeat(f.hashes[:1], 64), f.large)), "One hash more than there may be."},
		{"lines-in-other-order", head + checkpoint + root + consistency, "The checkpoint comes before the root."},
		{"absent", head + "absent 0 2\n" + root + checkpoint + consistency, "A range is there."},
		{"with-proof", good + encodedLine("proof", twiceCharge.proof(2, twiceCharge.checkpoint(noLines))), "A proof of an entry follows."},
		{"twice", good + root + checkpoint + consistency, "Another fork follows."},
		{"of-entries", strings.Replace(good, "rule fork", "rule once", 1), "The rule is one of entries."},
		{"without-last-line-feed", strings.TrimSuffix(good, "\n"), "The last line feed is missing."},
	} {
		vs = append(vs, badEvidence("form-fork-"+s.name, "form", s.comment, nonePolicy, s.value))
	}
	return vs
}
