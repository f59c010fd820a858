package testvectors

import (
	"fmt"
	"slices"
	"strings"
)

// twoEntries returns the evidence of a fork that two proofs show.
func twoEntries(first, second string) string { return evidenceText("fork", "", first, second) }

// underKeys returns the proof of an entry at index 4 of 9, under a checkpoint of this
// origin that these keys signed.
func underKeys(entry, origin string, keys ...key) string {
	t := logWith(entry, 4, 9)
	return tlogProof(entry, 4, t.path(4, 9), signed(checkpointText(origin, 9, t.root(9)), keys...))
}

func forksOfEntries() []vector {
	accordEntry, one, other := on(0, accord).entry, entryOf("1", "one"), entryOf("1", "other")
	alone := func(entry string, index, size uint64) string { return receiptOf(entry, index, size, noLines) }
	ok := func(name, comment, policy string, index uint64, first, second string) vector {
		values := []member{{"verdict", "yes"}, {"rule", "fork"}, {"index", fmt.Sprint(index)}}
		return accepted("evidence", "fork-entries-"+name, comment, append(evidenceInputs(policy, twoEntries(first, second)), values...)...)
	}
	of := func(name, comment, first, second string) vector {
		return ok(name, comment, nonePolicy, 4, alone(first, 4, 9), alone(second, 4, 9))
	}
	resigned := entryOf(fmt.Sprint(registeredAt), signed(accord.text.String(), maker, anna, ben, cleo))
	second := otherLog.as(ledgerKey.name)
	both := logLine + "log " + otherLog.vkey() + "\nquorum none\n"
	return []vector{
		of("in-trees-of-one-size", "Entry 4 is two, in two trees of 9 entries.", one, other),
		of("registered-twice", "Entry 4 is one contract, registered at two times.", on(0, accord).entry, on(1, accord).entry),
		of("with-other-signatures", "Entry 4 is one contract, with two lists of signature lines.", accordEntry, resigned),
		of("and-garbage", "Entry 4 is a contract in one tree, and garbage in the other.", accordEntry, "\x00\xff"),
		of("and-no-bytes", "Entry 4 has no bytes in the second tree.", accordEntry, ""),
		of("no-bytes-and", "Entry 4 has no bytes in the first tree.", "", accordEntry),
		of("and-line-feed", "The entries differ in a line feed at the end.", accordEntry, accordEntry+"\n"),
		of("of-65535-bytes", "Entry 4 is as long as a proof can hold, and is no entry.", strings.Repeat("x", 65535), strings.Repeat("x", 65534)),
		ok("larger-first", "The first tree is the larger.", nonePolicy, 4, alone(one, 4, 9), alone(other, 4, 7)),
		ok("smaller-first", "The first tree is the smaller.", nonePolicy, 4, alone(one, 4, 5), alone(other, 4, 9)),
		ok("index-0-of-1-and-1", "Both trees are their one entry, and the proofs have no hashes.", nonePolicy, 0, alone(one, 0, 1), alone(other, 0, 1)),
		ok("index-0-of-1-and-9", "The first tree is its one entry.", nonePolicy, 0, alone(one, 0, 1), alone(other, 0, 9)),
		ok("index-255-of-256-and-257", "The entry is the last of one tree, and the last but one of the other.", nonePolicy, 255, alone(one, 255, 256), alone(other, 255, 257)),
		ok("without-quorum", "The policy asks for a witness, and none cosigned.", oneWitness, 4, alone(one, 4, 9), alone(other, 4, 9)),
		ok("other-lines-fail", "A known witness's line under the first checkpoint does not verify, nor does a second line of the log under the second.", oneWitness, 4,
			alone(one, 4, 9)+w1.line(make([]byte, 72)), alone(other, 4, 9)+ledgerKey.line(make([]byte, 64))),
		ok("other-log-signed-too", "Another log of the policy signed both too, under an origin that is not its name.", both, 4,
			underKeys(one, ledgerKey.name, otherLog, ledgerKey), underKeys(other, ledgerKey.name, ledgerKey, otherLog)),
		ok("second-key-of-one-name", "A second key of the log signed both checkpoints, the first key only one.", logLine+"log "+second.vkey()+"\nquorum none\n", 4,
			underKeys(one, ledgerKey.name, ledgerKey, second), underKeys(other, ledgerKey.name, second)),
	}
}

func noForksOfEntries() []vector {
	one, other := entryOf("1", "one"), entryOf("1", "other")
	alone := func(entry string, index, size uint64) string { return receiptOf(entry, index, size, noLines) }
	good, otherGood := alone(one, 4, 9), alone(other, 4, 9)
	bad := func(name, kind, comment, policy, first, second string) vector {
		return badEvidence("fork-entries-"+name, kind, comment, policy, twoEntries(first, second))
	}
	judged := func(name, kind, comment, first, second string) vector {
		return bad(name, kind, comment, nonePolicy, first, second)
	}
	path := logWith(other, 4, 9).path(4, 9)
	text := checkpointText(ledgerKey.name, 9, logWith(other, 4, 9).root(9))
	of := func(entry string, index uint64, hashes [][]byte, checkpoint string) string {
		return tlogProof(entry, index, hashes, checkpoint)
	}
	spoilt, empty := text+"\n"+ledgerKey.line(make([]byte, 64)), signed(checkpointText(ledgerKey.name, 0, emptyRoot()), ledgerKey)
	second := otherLog.as(ledgerKey.name)
	both, renewed := logLine+"log "+otherLog.vkey()+"\nquorum none\n", logLine+"log "+second.vkey()+"\nquorum none\n"
	unproved := of(other, 4, path[1:], signed(text, ledgerKey))
	vs := []vector{
		judged("first-signed-by-stranger", "checkpoint", "A stranger signed the first checkpoint.", underKeys(one, ledgerKey.name, stranger), otherGood),
		judged("second-signed-by-stranger", "checkpoint", "A stranger signed the second checkpoint.", good, underKeys(other, ledgerKey.name, stranger)),
		judged("first-signature-fails", "checkpoint", "The line under the first checkpoint does not verify.", of(other, 4, path, spoilt), good),
		judged("second-signature-fails", "checkpoint", "The line under the second checkpoint does not verify.", good, of(other, 4, path, spoilt)),
		judged("origins", "checkpoint", "Both checkpoints are of another origin.", underKeys(one, otherLog.name, ledgerKey), underKeys(other, otherLog.name, ledgerKey)),
		bad("two-logs", "checkpoint", "The checkpoints are of two logs, both known, each of which may have such an entry.", both, good, underKeys(other, otherLog.name, otherLog)),
		bad("two-keys-of-one-name", "checkpoint", "Two keys of one name signed one checkpoint each.", renewed, good, underKeys(other, ledgerKey.name, second)),
		judged("checkpoint-and-index", "checkpoint", "A stranger signed the second checkpoint, and the first index is the size.", of(other, 9, path, signed(text, ledgerKey)), of(other, 9, path, signed(text, stranger))),
		judged("index-is-size-of-first", "index", "The index is the size of the first tree.", of(one, 4, nil, at(4, noLines)), otherGood),
		judged("index-is-size-of-second", "index", "The index is the size of the second tree.", good, of(other, 4, nil, at(4, noLines))),
		judged("index-size-0", "index", "The second tree is empty.", alone(one, 0, 1), of(other, 0, nil, empty)),
		judged("index-and-inclusion", "index", "The index is the size of the first tree; the second proof does not hold.", of(one, 4, nil, at(4, noLines)), unproved),
		judged("inclusion-and-index", "inclusion", "The first proof does not hold; the index is the size of the second tree.", unproved, of(one, 4, nil, at(4, noLines))),
		judged("inclusion-of-first", "inclusion", "The first entry is not the one in its tree.", of(one, 4, path, signed(text, ledgerKey)), good),
		judged("inclusion-of-second", "inclusion", "The second entry is not the one in its tree, which has that of the first.", good, of(other, 4, path, at(9, noLines))),
		judged("inclusion-index-of-neighbour", "inclusion", "Both indexes are that of the neighbour.", strings.Replace(good, "index 4", "index 5", 1), strings.Replace(otherGood, "index 4", "index 5", 1)),
		judged("same-in-one-tree", "rule", "The trees are one, at two sizes.", alone(one, 4, 9), alone(one, 4, 5)),
		judged("same-to-the-byte", "rule", "The proofs are the same.", good, good),
		judged("same-in-two-trees", "rule", "The trees differ, and not in this entry.", good, tlogProof(one, 4, twoPasts(one).path(4, 9), signed(checkpointText(ledgerKey.name, 9, twoPasts(one).root(9)), ledgerKey))),
		judged("same-of-no-bytes", "rule", "The entry has no bytes, in both trees.", alone("", 4, 9), alone("", 4, 5)),
	}
	for _, s := range spoil(path) {
		vs = append(vs, judged("inclusion-"+s.name, "inclusion", s.comment, good, of(other, 4, s.hashes, signed(text, ledgerKey))))
	}
	return vs
}

// twoPasts returns logWith(entry, 4, 9) with another entry 8.
func twoPasts(entry string) tree {
	var leaves [][]byte
	for i := range uint64(8) {
		leaves = append(leaves, numberedLeaf(i))
	}
	leaves[4] = leafHash(entry)
	return treeOf(append(leaves, leafHash("another")))
}

func forksOfEntriesOutOfForm() []vector {
	first, second := receiptOf(entryOf("1", "one"), 4, 9, noLines), receiptOf(entryOf("1", "other"), 4, 7, noLines)
	good := twoEntries(first, second)
	l := strings.SplitAfter(good, "\n")
	head, one, other := l[0]+l[1], l[2], l[3]
	trees := strings.SplitAfter(forked(3, 7).text(), "\n")
	var vs []vector
	for _, s := range []sample{
		{"one-proof", head + one, "There is one proof."},
		{"three-proofs", good + one, "There are three proofs."},
		{"of-two-indexes", twoEntries(first, receiptOf("x", 5, 7, noLines)), "The proofs are of two indexes."},
		{"absent", head + "absent 0 3\n" + one + other, "A range is there."},
		{"absent-last", good + "absent 0 3\n", "A range follows."},
		{"root-first", head + trees[2] + one + other, "The root of a fork of trees comes first."},
		{"trees-after", good + strings.Join(trees[2:], ""), "A fork of trees follows."},
		{"trees-between", head + one + strings.Join(trees[2:], "") + other, "A fork of trees stands between the proofs."},
		{"one-proof-and-trees", head + one + strings.Join(trees[2:], ""), "A fork of trees stands for the second proof."},
		{"checkpoint-between", head + one + trees[3] + other, "A checkpoint stands between the proofs."},
		{"empty-line-between", head + one + "\n" + other, "An empty line stands between the proofs."},
		{"second-proof-empty", head + one + "proof \n", "The second proof is empty."},
		{"second-proof-is-a-checkpoint", head + one + encodedLine("proof", at(9, noLines)), "The second proof is a checkpoint."},
		{"second-index-leading-zero", head + one + encodedLine("proof", strings.Replace(second, "index 4", "index 04", 1)), "The second index has a leading zero."},
		{"second-extra-empty", head + one + encodedLine("proof", strings.Replace(receiptOf("", 4, 7, noLines), "index", "extra \nindex", 1)), "The second proof has an empty extra line."},
		{"second-proof-unpadded", head + one + strings.TrimRight(other, "=\n") + "A\n", "The base64 of the second proof is cut."},
		{"in-crlf", strings.ReplaceAll(good, "\n", "\r\n"), "All lines end in CR LF."},
		{"without-last-line-feed", strings.TrimSuffix(good, "\n"), "The last line feed is missing."},
		{"of-other-rule", strings.Replace(good, "rule fork", "rule once", 1), "The rule is one of entries, and the proofs are of one index."},
		{"of-backdating", strings.Replace(good, "rule fork", "rule backdating", 1), "The rule is backdating, and two proofs follow."},
	} {
		if s.value == good {
			panic(s.name + " is as a good one")
		}
		vs = append(vs, badEvidence("form-fork-entries-"+s.name, "form", s.comment, nonePolicy, s.value))
	}
	return slices.Clip(vs)
}
