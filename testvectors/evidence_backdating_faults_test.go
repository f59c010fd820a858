package testvectors

import (
	"fmt"
	"slices"
	"strings"
)

// backdatingsOfEntries are about the entry, whose line registered alone is looked at.
func backdatingsOfEntries() []vector {
	cosignedAt := func(entry string, time uint64) string { return backdated(at(4, cosigners(time, w1)), entry4(entry)) }
	ok := func(name, comment, entry, id string) vector {
		return okBackdating("entry-"+name, comment, oneWitness, cosignedAt(entry, late), id)
	}
	bad := func(name, comment, entry string) vector {
		return badEvidence("backdating-entry-"+name, "entry", comment, oneWitness, cosignedAt(entry, late))
	}
	line := fmt.Sprintf("registered %d\n", registeredAt)
	text := accord.text.String()
	elsewhere := accord
	elsewhere.text = elsewhere.text.with("ledger", "ledger "+otherLog.vkey())
	const last = 253402300799
	lastEntry := entryOf(fmt.Sprint(last), accord.note())
	return []vector{
		ok("garbage", "The record is garbage, and not looked at.", line+"\x00\xff\r\n", ""),
		ok("line-alone", "There is no record, which is not looked at.", line, ""),
		ok("of-32768-bytes", "The entry is as long as it may be, and its record no record.", line+strings.Repeat("x", 32768-len(line)), ""),
		ok("draft", "The record has no signature line, and is not looked at.", line+text+"\n", ""),
		ok("of-unknown-kind", "The record is of an unknown kind, and not looked at.", line+"chirograph/lease/v1\n", ""),
		ok("not-in-form", "The record was made on a day that is none.", line+strings.Replace(accord.note(), "made 2026-01-05", "made 2026-01-32", 1), ""),
		ok("of-other-ledger", "The record is for another ledger, and in form.", line+elsewhere.note(), elsewhere.id()),
		ok("lacks-signature", "The record lacks a signature, and is in form.", line+signed(text, maker), accord.id()),
		ok("signature-fails", "A signature line of the record does not verify, and it is in form.", line+text+"\n"+maker.line(make([]byte, 64)), accord.id()),
		ok("longest-record", "The longest record.", entryOf(fmt.Sprint(registeredAt), longestRecord().note()), longestRecord().id()),
		okBackdating("registered-0", "The entry is of the first time there is, and was cosigned 301 seconds later.", oneWitness, cosignedAt(entryOf("0", accord.note()), 301), accord.id()),
		badEvidence("backdating-registered-0-in-time", "quorum", "The entry is of the first time there is, and was cosigned 300 seconds later.", oneWitness, cosignedAt(entryOf("0", accord.note()), 300)),
		okBackdating("registered-9999", "The entry is of the last time there is, and was cosigned 301 seconds later.", oneWitness, cosignedAt(lastEntry, last+301), accord.id()),
		badEvidence("backdating-registered-9999-in-time", "quorum", "The entry is of the last time there is, and was cosigned 300 seconds later.", oneWitness, cosignedAt(lastEntry, last+300)),
		bad("of-no-bytes", "The entry has no bytes; its proof has no extra.", ""),
		bad("without-registered", "The entry does not begin with its time.", accord.note()),
		bad("without-line-feed", "The entry's line does not end.", strings.TrimSuffix(line, "\n")),
		bad("leading-zero", "The time of the entry has a leading zero.", entryOf("0"+fmt.Sprint(registeredAt), accord.note())),
		bad("negative", "The time of the entry is negative.", entryOf("-1", accord.note())),
		bad("carriage-return", "The line ends in CR LF.", entryOf(fmt.Sprint(registeredAt)+"\r", accord.note())),
		bad("year-10000", "The time of the entry is none.", entryOf(fmt.Sprint(last+1), accord.note())),
		bad("of-63-bits", "The time of the entry is far beyond the year 9999.", entryOf(fmt.Sprint(1<<63-1), accord.note())),
		bad("of-32769-bytes", "The entry is one byte too long.", line+strings.Repeat("x", 32769-len(line))),
		bad("of-65535-bytes", "The entry is as long as a proof can hold.", line+strings.Repeat("x", 65535-len(line))),
		badEvidence("backdating-entry-and-quorum", "entry", "The entry does not begin with its time, and nobody cosigned.", oneWitness, backdated(at(4, noLines), entry4("hello\n"))),
	}
}

// backdatingsOfTrees are about the two trees, and the proof.
func backdatingsOfTrees() []vector {
	good, lines := entry4(contractEntry), cosigners(late, w1)
	t := logWith(contractEntry, 4, 9)
	ok := func(name, comment, checkpoint string) vector {
		return okBackdating(name, comment, oneWitness, backdated(checkpoint, good), filedModel.id())
	}
	bad := func(name, kind, comment, checkpoint, proof string) vector {
		return badEvidence("backdating-"+name, kind, comment, oneWitness, backdated(checkpoint, proof))
	}
	older := func(size uint64, root []byte) string {
		text := checkpointText(ledgerKey.name, size, root)
		return signed(text, ledgerKey) + lines(text)
	}
	path, newer := t.path(4, 9), signed(checkpointText(ledgerKey.name, 9, t.root(9)), ledgerKey)
	indexed := func(i uint64) string { return tlogProof(contractEntry, i, path, newer) }
	empty := signed(checkpointText(ledgerKey.name, 0, emptyRoot()), ledgerKey)
	changed := tlogProof(contractEntry+"\n", 4, path, newer)
	cosigned := receiptOf(contractEntry, 4, 9, lines)
	vs := []vector{
		ok("size-0", "The checkpoint is of the empty tree.", older(0, emptyRoot())),
		ok("size-3", "The checkpoint is of a tree that ends before the entry before.", older(3, t.root(3))),
		ok("other-history", "The checkpoint is of another history than the entry's.", older(4, uniform().root(4))),
		ok("other-history-size-0", "The checkpoint is of the empty tree, with the root of another.", older(0, t.root(4))),
		okBackdating("last-of-its-tree", "The entry is the last of its tree.", oneWitness, backdated(older(4, t.root(4)), receiptOf(contractEntry, 4, 5, noLines)), filedModel.id()),
		okBackdating("newer-is-cosigned-too", "The witness cosigned the larger tree too, in time, which is not looked at.", oneWitness, backdated(older(4, t.root(4)), receiptOf(contractEntry, 4, 9, cosigners(registeredAt, w1))), filedModel.id()),
		okBackdating("newer-has-garbage", "The witness's line under the larger tree does not verify, and is not looked at.", oneWitness, backdated(older(4, t.root(4)), receiptOf(contractEntry, 4, 9, badLine(w1, registeredAt))), filedModel.id()),
		bad("size-5", "size", "The checkpoint has the entry.", older(5, t.root(5)), good),
		bad("size-5-of-other-history", "size", "The checkpoint has an entry of that index, in another history.", older(5, uniform().root(5)), good),
		bad("size-of-the-larger", "size", "The checkpoint is of the proof's size.", older(9, t.root(9)), good),
		bad("same-checkpoint", "size", "The checkpoint is that of the proof.", older(9, t.root(9)), cosigned),
		bad("size-2-63-minus-1", "size", "The checkpoint is of the largest tree.", older(1<<63-1, t.root(9)), good),
		bad("size-and-entry", "size", "The checkpoint has the entry, which does not begin with its time.", older(5, t.root(5)), entry4("hello\n")),
		bad("size-and-quorum", "size", "The checkpoint has the entry, and nobody cosigned.", signed(checkpointText(ledgerKey.name, 5, t.root(5)), ledgerKey), good),
		bad("index-is-size", "index", "The index of the entry is the size.", older(4, t.root(4)), indexed(9)),
		bad("index-2-63-minus-1", "index", "The index of the entry is as large as one may be.", older(4, t.root(4)), indexed(1<<63-1)),
		bad("index-size-0", "index", "The proof is under the empty tree.", older(0, emptyRoot()), tlogProof(contractEntry, 0, nil, empty)),
		bad("inclusion-index-of-neighbour", "inclusion", "The index is that of the neighbour.", older(4, t.root(4)), indexed(5)),
		bad("inclusion-entry-changed", "inclusion", "The entry is not the one in the tree.", older(4, t.root(4)), changed),
		bad("inclusion-and-size", "inclusion", "The entry is not the one in the tree, and the checkpoint has it.", older(5, t.root(5)), changed),
	}
	for _, s := range spoil(path) {
		vs = append(vs, bad("inclusion-"+s.name, "inclusion", s.comment, older(4, t.root(4)), tlogProof(contractEntry, 4, s.hashes, newer)))
	}
	return vs
}

// backdatingsOfNobody are of no log, or of two.
func backdatingsOfNobody() []vector {
	good, lines := entry4(contractEntry), cosigners(late, w1)
	second := otherLog.as(ledgerKey.name)
	both := logLine + "log " + otherLog.vkey() + "\n" + w1Line + "quorum w1\n"
	renewed := logLine + "log " + second.vkey() + "\n" + w1Line + "quorum w1\n"
	older := func(origin string, keys ...key) string {
		text := checkpointText(origin, 4, numbered(9).root(4))
		return signed(text, keys...) + lines(text)
	}
	newer := func(keys ...key) string { return underKeys(contractEntry, ledgerKey.name, keys...) }
	text := checkpointText(ledgerKey.name, 4, numbered(9).root(4))
	spoilt := text + "\n" + ledgerKey.line(make([]byte, 64)) + lines(text)
	path := logWith(contractEntry, 4, 9).path(4, 9)
	newerText := checkpointText(ledgerKey.name, 9, logWith(contractEntry, 4, 9).root(9))
	ok := func(name, comment, policy, checkpoint, proof string) vector {
		return okBackdating(name, comment, policy, backdated(checkpoint, proof), filedModel.id())
	}
	bad := func(name, comment, policy, checkpoint, proof string) vector {
		return badEvidence("backdating-"+name, "checkpoint", comment, policy, backdated(checkpoint, proof))
	}
	return []vector{
		ok("two-lines-of-the-log", "Of two lines of the ledger under each checkpoint one verifies.", oneWitness, spoilt+ledgerKey.sign(text), newer(ledgerKey)+ledgerKey.line(make([]byte, 64))),
		ok("other-log-signed-too", "Another log of the policy signed both too, under an origin that is not its name.", both, older(ledgerKey.name, otherLog, ledgerKey), newer(otherLog, ledgerKey)),
		ok("second-key-of-one-name", "A second key of the log signed both checkpoints, the first key only one.", renewed, older(ledgerKey.name, second), newer(ledgerKey, second)),
		bad("older-signed-by-stranger", "A stranger signed the checkpoint.", oneWitness, older(ledgerKey.name, stranger), good),
		bad("newer-signed-by-stranger", "A stranger signed the proof's checkpoint.", oneWitness, older(ledgerKey.name, ledgerKey), newer(stranger)),
		bad("older-cosigned-alone", "The witness cosigned the checkpoint, and the ledger did not sign it.", oneWitness, text+"\n"+lines(text), good),
		bad("newer-signature-fails", "The line under the proof's checkpoint does not verify.", oneWitness, older(ledgerKey.name, ledgerKey), tlogProof(contractEntry, 4, path, newerText+"\n"+ledgerKey.line(make([]byte, 64)))),
		bad("older-signature-fails", "The line under the checkpoint does not verify.", oneWitness, spoilt, good),
		bad("own-word-is-no-log", "The ledger's second key cosigned the checkpoint, and its first did not sign.", ownAndOne, text+"\n"+ledgerOwn.cosign(text, late)+lines(text), good),
		bad("origins", "Both checkpoints are of another origin.", oneWitness, older(otherLog.name, ledgerKey), underKeys(contractEntry, otherLog.name, ledgerKey)),
		bad("two-logs", "The checkpoints are of two logs, both known.", both, older(otherLog.name, otherLog), good),
		bad("two-keys-of-one-name", "Two keys of one name signed one checkpoint each.", renewed, older(ledgerKey.name, second), good),
		bad("unknown-log", "The policy does not know the ledger.", "log "+otherLog.vkey()+"\n"+w1Line+"quorum w1\n", older(ledgerKey.name, ledgerKey), good),
		bad("checkpoint-and-index", "A stranger signed the checkpoint, and the index is the size.", oneWitness, older(ledgerKey.name, stranger), tlogProof(contractEntry, 9, path, signed(newerText, ledgerKey))),
	}
}

func backdatingsOutOfForm() []vector {
	checkpoint, proof := at(4, cosigners(late, w1)), entry4(contractEntry)
	good := backdated(checkpoint, proof)
	l := strings.SplitAfter(good, "\n")
	head, first, second := l[0]+l[1], l[2], l[3]
	raw := strings.TrimSuffix(strings.TrimPrefix(first, "checkpoint "), "\n")
	extended := signed(checkpointText(ledgerKey.name, 4, numbered(9).root(4))+"extension\n", ledgerKey)
	root := strings.SplitAfter(forked(3, 7).text(), "\n")[2]
	var vs []vector
	for _, s := range []sample{
		{"without-checkpoint", head + second, "The checkpoint is missing."},
		{"without-proof", head + first, "The proof is missing."},
		{"without-either", head, "Checkpoint and proof are missing."},
		{"proof-first", head + second + first, "The proof comes before the checkpoint."},
		{"two-proofs", good + encodedLine("proof", receiptOf("x", 5, 9, noLines)), "There are two proofs."},
		{"two-checkpoints", head + first + first + second, "There are two checkpoints."},
		{"checkpoint-last", good + first, "The checkpoint is there again, after the proof."},
		{"absent", head + "absent 0 3\n" + first + second, "A range is there."},
		{"absent-between", head + first + "absent 0 3\n" + second, "A range stands before the proof."},
		{"root", head + root + first + second, "A root is there."},
		{"consistency", good + encodedLine("consistency", consistencyBody(3, numbered(9).proof(3, 7), at(7, noLines))), "A proof of consistency follows."},
		{"consistency-for-proof", head + first + encodedLine("consistency", consistencyBody(3, numbered(9).proof(3, 7), at(7, noLines))), "A proof of consistency stands for that of the entry."},
		{"checkpoint-empty", head + "checkpoint \n" + second, "The checkpoint is empty."},
		{"checkpoint-extension-line", head + encodedLine("checkpoint", extended) + second, "The checkpoint has a fourth line."},
		{"checkpoint-unsigned", head + encodedLine("checkpoint", checkpointText(ledgerKey.name, 4, numbered(9).root(4))+"\n") + second, "The checkpoint has no signature line."},
		{"checkpoint-size-leading-zero", head + encodedLine("checkpoint", strings.Replace(checkpoint, "\n4\n", "\n04\n", 1)) + second, "The size of the checkpoint has a leading zero."},
		{"checkpoint-is-a-proof", head + encodedLine("checkpoint", proof) + second, "The checkpoint is the proof."},
		{"checkpoint-in-crlf", head + encodedLine("checkpoint", strings.ReplaceAll(checkpoint, "\n", "\r\n")) + second, "The checkpoint's lines end in CR LF."},
		{"checkpoint-cut", head + "checkpoint " + strings.TrimRight(raw, "=") + "A\n" + second, "The base64 of the checkpoint is cut."},
		{"checkpoint-with-line-feed", head + "checkpoint " + raw[:76] + "\n" + raw[76:] + "\n" + second, "The base64 of the checkpoint has two lines."},
		{"checkpoint-two-spaces", strings.Replace(good, "checkpoint ", "checkpoint  ", 1), "Two spaces follow checkpoint."},
		{"proof-is-a-checkpoint", head + first + encodedLine("proof", checkpoint), "The proof is the checkpoint."},
		{"proof-of-64-hashes", head + first + encodedLine("proof", tlogProof("x", 4, slices.Repeat([][]byte{emptyRoot()}, 64), at(9, noLines))), "The proof has one hash more than there may be."},
		{"proof-index-leading-zero", head + first + encodedLine("proof", strings.Replace(proof, "index 4", "index 04", 1)), "The index has a leading zero."},
		{"rule-in-uppercase", strings.Replace(good, "rule backdating", "rule Backdating", 1), "The rule is in uppercase."},
		{"rule-space-after", strings.Replace(good, "rule backdating", "rule backdating ", 1), "A space follows the rule."},
		{"rule-time", strings.Replace(good, "rule backdating", "rule time", 1), "The rule is one of entries, and a checkpoint follows."},
		{"rule-fork", strings.Replace(good, "rule backdating", "rule fork", 1), "The rule is fork, and a checkpoint and a proof follow."},
		{"of-entries", strings.Replace(twiceCharge.text(), "rule once", "rule backdating", 1), "The rule is backdating, and proofs of entries follow."},
		{"of-trees", strings.Replace(forked(3, 7).text(), "rule fork", "rule backdating", 1), "The rule is backdating, and a fork of trees follows."},
		{"empty-line-last", good + "\n", "An empty line comes last."},
		{"in-crlf", strings.ReplaceAll(good, "\n", "\r\n"), "All lines end in CR LF."},
		{"without-last-line-feed", strings.TrimSuffix(good, "\n"), "The last line feed is missing."},
	} {
		if s.value == good {
			panic(s.name + " is as a good one")
		}
		vs = append(vs, badEvidence("form-backdating-"+s.name, "form", s.comment, oneWitness, s.value))
	}
	return vs
}
