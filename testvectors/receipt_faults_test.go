package testvectors

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// receiptsOfOthers fail at the steps ledger and checkpoint: they are of a ledger
// that the policy does not know, or their checkpoint is not of the ledger.
func receiptsOfOthers() []vector {
	good := receiptOf(contractEntry, 4, 9, noLines)
	t := logWith(contractEntry, 4, 9)
	path, root := t.path(4, 9), t.root(9)
	text := checkpointText(ledgerKey.name, 9, root)
	other := checkpointText(otherLog.name, 9, root)
	both := logLine + "log " + otherLog.vkey() + "\nquorum none\n"
	sig := ledgerKey.signs([]byte(text))
	flipped := slices.Clone(sig)
	flipped[10] ^= 1
	with := func(checkpoint string) string { return tlogProof(contractEntry, 4, path, checkpoint) }
	ledger := func(name, comment, policy string) vector {
		return badReceipt("ledger-"+name, "ledger", comment, policy, good)
	}
	checkpoint := func(name, comment, policy, proof string) vector {
		return badReceipt("checkpoint-"+name, "checkpoint", comment, policy, proof)
	}
	return []vector{
		ledger("unknown", "The policy knows another log.", "log "+otherLog.vkey()+"\nquorum none\n"),
		ledger("none", "The policy knows no log.", "quorum none\n"),
		ledger("of-other-key", "The policy has another key under the ledger's name.", "log "+otherLog.as(ledgerKey.name).vkey()+"\nquorum none\n"),
		ledger("of-other-name", "The policy has the ledger's key under another name.", "log "+ledgerKey.as("other.example").vkey()+"\nquorum none\n"),
		ledger("as-witness", "The policy has the ledger's key as that of a witness.", "witness w "+ledgerKey.ofType(4).vkey()+"\nquorum none\n"),
		checkpoint("of-other-log", "The checkpoint is that of another log, which the policy knows.", both, with(signed(other, otherLog))),
		checkpoint("of-other-log-signed-by-both", "The checkpoint is that of another log, and the ledger signed it too.", both, with(signed(other, otherLog, ledgerKey))),
		checkpoint("signed-by-other-log", "The checkpoint has the ledger's origin, and another log that the policy knows signed it.", both, with(signed(text, otherLog))),
		checkpoint("signed-by-stranger", "A stranger signed the checkpoint.", nonePolicy, with(signed(text, stranger))),
		checkpoint("signed-by-stranger-under-the-name", "A stranger signed the checkpoint under the ledger's name.", nonePolicy, with(signed(text, stranger.as(ledgerKey.name)))),
		checkpoint("unsigned", "Only a witness signed the checkpoint.", oneWitness, with(text+"\n"+w1.cosign(text, registeredAt))),
		checkpoint("cosigned-by-ledger", "The ledger's key cosigned the checkpoint and did not sign it.", nonePolicy, with(text+"\n"+ledgerKey.ofType(4).cosign(text, registeredAt))),
		checkpoint("origin-other", "The ledger signed a checkpoint of another origin.", nonePolicy, with(signed(other, ledgerKey))),
		checkpoint("origin-other-of-two-logs", "The ledger signed a checkpoint of another origin, which is that of a log that the policy knows.", both, with(signed(other, ledgerKey))),
		checkpoint("signature-flipped", "A bit of the ledger's signature is flipped.", nonePolicy, with(text+"\n"+ledgerKey.line(flipped))),
		checkpoint("signature-of-other-size", "The ledger's signature is of a checkpoint of another size.", nonePolicy, with(text+"\n"+ledgerKey.line(ledgerKey.signs([]byte(checkpointText(ledgerKey.name, 8, root)))))),
		checkpoint("signature-of-63-bytes", "The ledger's signature lacks a byte.", nonePolicy, with(text+"\n"+ledgerKey.line(sig[:63]))),
		checkpoint("two-lines-one-fails", "Of two lines of the ledger one does not verify.", nonePolicy, with(text+"\n"+ledgerKey.line(sig)+ledgerKey.line(flipped))),
	}
}

// receiptsOutsideTrees fail at the steps index and inclusion.
func receiptsOutsideTrees() []vector {
	t := logWith(contractEntry, 4, 9)
	checkpoint := signed(checkpointText(ledgerKey.name, 9, t.root(9)), ledgerKey)
	path := t.path(4, 9)
	empty := signed(checkpointText(ledgerKey.name, 0, emptyRoot()), ledgerKey)
	single := signed(checkpointText(ledgerKey.name, 0, leafHash(contractEntry)), ledgerKey)
	of := func(name, kind, comment, proof string) vector {
		return badReceipt(name, kind, comment, nonePolicy, proof)
	}
	later := entryOf(fmt.Sprint(registeredAt+1), filedModel.note())
	more := entryOf(fmt.Sprint(registeredAt), signed(filedModel.text.String(), filedModel.signers...))
	other := entryOf(fmt.Sprint(registeredAt), contractModel.note())
	vs := []vector{
		of("index-is-size", "index", "The index is the size.", tlogProof(contractEntry, 9, path, checkpoint)),
		of("index-beyond-size", "index", "The index is beyond the size.", tlogProof(contractEntry, 10, path, checkpoint)),
		of("index-2-63-minus-1", "index", "The index is as large as one may be.", tlogProof(contractEntry, 1<<63-1, path, checkpoint)),
		of("size-0", "index", "The checkpoint is of the empty tree.", tlogProof(contractEntry, 0, nil, empty)),
		of("size-0-with-root-of-entry", "index", "The checkpoint is of a tree of size 0 whose root is the entry's leaf hash.", tlogProof(contractEntry, 0, nil, single)),
		of("inclusion-index-of-neighbour", "inclusion", "The index is that of the neighbour.", tlogProof(contractEntry, 5, path, checkpoint)),
		of("inclusion-path-of-neighbour", "inclusion", "The hashes are those of the neighbour.", tlogProof(contractEntry, 4, t.path(5, 9), checkpoint)),
		of("inclusion-registered-later", "inclusion", "The entry says another time than the one registered.", tlogProof(later, 4, path, checkpoint)),
		of("inclusion-more-signatures", "inclusion", "The record has more signature lines than the one registered.", tlogProof(more, 4, path, checkpoint)),
		of("inclusion-other-record", "inclusion", "The record is not the one registered.", tlogProof(other, 4, path, checkpoint)),
		of("inclusion-other-tree", "inclusion", "The checkpoint is of a tree without the entry.", tlogProof(contractEntry, 4, path, signed(checkpointText(ledgerKey.name, 9, numbered(9).root(9)), ledgerKey))),
		of("inclusion-of-larger-tree", "inclusion", "The hashes are those in a larger tree.", tlogProof(contractEntry, 4, logWith(contractEntry, 4, 12).path(4, 12), checkpoint)),
	}
	for _, s := range spoil(path) {
		vs = append(vs, of("inclusion-"+s.name, "inclusion", s.comment, tlogProof(contractEntry, 4, s.hashes, checkpoint)))
	}
	return vs
}

// receiptsOfBadRecords fail at the step signatures: the entry is in the tree, and
// should never have been registered.
func receiptsOfBadRecords() []vector {
	m := filedModel
	text := m.text.String()
	of := func(name, comment, note string) vector {
		return badReceipt("signatures-"+name, "signatures", comment, nonePolicy, receiptOf(entryOf(fmt.Sprint(registeredAt), note), 4, 9, noLines))
	}
	mixed := newPair("mixed order of a party", 3)
	mk := bare("mixed.example", mixed.public)
	mt := m.text.with("party manufacturer", partyLine("party", "manufacturer", "1", mk)).String()
	return []vector{
		of("stranger", "A stranger signed the record too.", m.note()+stranger.sign(text)),
		of("ledger", "The ledger signed the record too.", m.note()+ledgerKey.sign(text)),
		of("fails", "A signature under the record is of another text.", text+"\n"+maker.line(maker.signs([]byte("other text")))+anna.sign(text)+ben.sign(text)),
		of("twice", "A key signed the record twice.", m.note()+ben.sign(text)),
		of("out-of-order", "The lines are not in the order of the text.", signed(text, maker, ben, anna)),
		of("cofactored", "A signature satisfies the equation with the cofactor alone.", mt+"\n"+mk.line(mixed.sign([]byte(mt), []int{0}, fitsCofactored))+anna.sign(mt)+ben.sign(mt)),
		of("too-few", "One key signed for the buyer, and two have to.", signed(text, maker, anna)),
		of("party-missing", "Nobody signed for the manufacturer.", signed(text, anna, ben)),
		of("former-missing", "Nobody signed for the former manufacturer.", signed(replacementModel.text.String(), heir, anna, ben)),
		of("by-missing", "One key signed the statement for the buyer, and two have to.", signed(statementModel.text.String(), maker, ben)),
	}
}

// consistencyBody returns the body of add-checkpoint.
func consistencyBody(old uint64, hashes [][]byte, checkpoint string) string {
	return fmt.Sprintf("old %d\n", old) + hashLines(hashes) + "\n" + checkpoint
}

func consistencyProofVectors() []vector {
	return slices.Concat(goodConsistencyProofs(), latticeConsistencyProofs(), badConsistencyProofs(), consistencyProofForms())
}

// at returns the signed checkpoint of the numbered tree cut off at a size.
func at(size uint64, lines func(text string) string) string {
	text := checkpointText(ledgerKey.name, size, numbered(9).root(size))
	return signed(text, ledgerKey) + lines(text)
}

func consistencyProofInputs(policy, old, proof string) []member {
	return []member{octets("policy", policy), octets("old", old), octets("proof", proof)}
}

func okConsistencyProof(name, comment, policy, old, proof string, oldSize, size, seenBy uint64) vector {
	members := append(consistencyProofInputs(policy, old, proof), member{"old_size", fmt.Sprint(oldSize)}, member{"size", fmt.Sprint(size)})
	return accepted("consistency-proof", name, comment, append(members, vouchedBy(seenBy)...)...)
}

func badConsistencyProof(name, kind, comment, policy, old, proof string) vector {
	return refused("consistency-proof", name, kind, comment, consistencyProofInputs(policy, old, proof)...)
}

func goodConsistencyProofs() []vector {
	t := numbered(9)
	ok := okConsistencyProof
	const now = registeredAt
	var vs []vector
	for _, s := range [][2]uint64{{0, 0}, {0, 9}, {1, 9}, {3, 7}, {4, 8}, {6, 9}, {9, 9}} {
		vs = append(vs, ok(fmt.Sprintf("from-%d-to-%d", s[0], s[1]), fmt.Sprintf("From %d to %d entries.", s[0], s[1]), nonePolicy,
			at(s[0], noLines), consistencyBody(s[0], t.proof(s[0], s[1]), at(s[1], noLines)), s[0], s[1], 0))
	}
	body := func(lines func(string) string) string { return consistencyBody(3, t.proof(3, 7), at(7, lines)) }
	largest := checkpointText(ledgerKey.name, 1<<63-1, uniform().root(1<<63-1))
	first := checkpointText(ledgerKey.name, 1<<62-2, uniform().root(1<<62-2))
	second := otherLog.as(ledgerKey.name)
	two := logLine + "log " + second.vkey() + "\nquorum none\n"
	return append(vs,
		ok("of-most-hashes", "From 2^62-2 to 2^63-1 entries, all being the same: 63 hashes.", nonePolicy, signed(first, ledgerKey), consistencyBody(1<<62-2, uniform().proof(1<<62-2, 1<<63-1), signed(largest, ledgerKey)), 1<<62-2, 1<<63-1, 0),
		ok("one-witness", "The witness cosigned the newer checkpoint.", oneWitness, at(3, noLines), body(cosigners(now, w1)), 3, 7, now),
		ok("one-witness-long-ago", "Any time of the cosignature counts.", oneWitness, at(3, noLines), body(cosigners(1, w1)), 3, 7, 1),
		ok("two-of-three", "Two of three witnesses cosigned the newer checkpoint.", twoOfThree, at(3, cosigners(now, w1)), body(cosigners(now, w2, w3)), 3, 7, now),
		ok("unknown-lines", "Lines of unknown keys are ignored.", nonePolicy, at(3, cosigners(now, w1)), body(func(string) string { return w2.line([]byte("x")) }), 3, 7, 0),
		ok("second-key-of-one-name", "A second key of the log signed both checkpoints, the first key only the older.", two,
			signed(checkpointText(ledgerKey.name, 3, t.root(3)), ledgerKey, second), consistencyBody(3, t.proof(3, 7), signed(checkpointText(ledgerKey.name, 7, t.root(7)), second)), 3, 7, 0))
}

func badConsistencyProofs() []vector {
	t := numbered(9)
	bad := badConsistencyProof
	const now = registeredAt
	old, body := at(3, noLines), consistencyBody(3, t.proof(3, 7), at(7, noLines))
	text3, text7 := checkpointText(ledgerKey.name, 3, t.root(3)), checkpointText(ledgerKey.name, 7, t.root(7))
	other3, other7 := checkpointText(otherLog.name, 3, t.root(3)), checkpointText(otherLog.name, 7, t.root(7))
	newer := func(checkpoint string) string { return consistencyBody(3, t.proof(3, 7), checkpoint) }
	both := logLine + "log " + otherLog.vkey() + "\nquorum none\n"
	one := logLine + w1Line + "quorum none\n"
	wrong := func(string) string { return w1.line(make([]byte, 72)) }
	second := otherLog.as(ledgerKey.name)
	sameName := logLine + "log " + second.vkey() + "\nquorum none\n"
	fork := signed(checkpointText(ledgerKey.name, 3, uniform().root(3)), ledgerKey)
	vs := []vector{
		bad("older-signed-by-stranger", "checkpoint", "A stranger signed the older checkpoint.", nonePolicy, signed(text3, stranger), body),
		bad("newer-signed-by-stranger", "checkpoint", "A stranger signed the newer checkpoint.", nonePolicy, old, newer(signed(text7, stranger))),
		bad("older-signature-fails", "checkpoint", "The log's line in the older checkpoint does not verify.", nonePolicy, text3+"\n"+ledgerKey.line(make([]byte, 64)), body),
		bad("newer-signature-fails", "checkpoint", "The log's line in the newer checkpoint does not verify.", nonePolicy, old, newer(text7+"\n"+ledgerKey.line(make([]byte, 64)))),
		bad("older-origin", "checkpoint", "The older checkpoint is of another origin.", nonePolicy, signed(other3, ledgerKey), body),
		bad("newer-origin", "checkpoint", "The newer checkpoint is of another origin.", nonePolicy, old, newer(signed(other7, ledgerKey))),
		bad("origins", "checkpoint", "Both checkpoints are of another origin.", nonePolicy, signed(other3, ledgerKey), newer(signed(other7, ledgerKey))),
		bad("two-logs", "checkpoint", "The checkpoints are of two logs, both known.", both, old, newer(signed(other7, otherLog))),
		bad("two-keys-of-one-name", "checkpoint", "The checkpoints are signed by two keys of one name, both known.", sameName, old, newer(signed(text7, second))),
		bad("unknown-log", "checkpoint", "The policy does not know the log.", "log "+otherLog.vkey()+"\nquorum none\n", old, body),
		bad("older-witness-fails", "checkpoint", "A known witness's line in the older checkpoint does not verify.", one, at(3, wrong), body),
		bad("newer-witness-fails", "checkpoint", "A known witness's line in the newer checkpoint does not verify.", one, old, newer(at(7, wrong))),
		bad("quorum-absent", "quorum", "The witness did not cosign.", oneWitness, old, body),
		bad("quorum-of-older", "quorum", "The witness cosigned the older checkpoint alone.", oneWitness, at(3, cosigners(now, w1)), body),
		bad("quorum-1-of-3", "quorum", "One of three witnesses cosigned, and two have to.", twoOfThree, old, newer(at(7, cosigners(now, w3)))),
		bad("size-of-other", "size", "The proof is from another size than the older checkpoint's.", nonePolicy, at(4, noLines), body),
		bad("size-0-of-older", "size", "The proof is from size 0, and the older checkpoint is not.", nonePolicy, old, consistencyBody(0, nil, at(7, noLines))),
		bad("fork", "consistency", "The older tree is another one.", nonePolicy, fork, body),
		bad("same-size-other-root", "consistency", "The sizes are equal, the roots are not.", nonePolicy, fork, consistencyBody(3, nil, at(3, noLines))),
		bad("same-size-with-hashes", "consistency", "The sizes are equal, and there are hashes.", nonePolicy, old, consistencyBody(3, t.proof(3, 7), at(3, noLines))),
		bad("size-0-with-hashes", "consistency", "The older size is 0, and there are hashes.", nonePolicy, at(0, noLines), consistencyBody(0, t.proof(3, 7), at(7, noLines))),
		bad("size-0-other-root", "consistency", "The older size is 0, and its root not that of the empty tree.", nonePolicy, signed(checkpointText(ledgerKey.name, 0, t.root(1)), ledgerKey), consistencyBody(0, nil, at(7, noLines))),
		bad("older-is-larger", "consistency", "The older tree is larger than the newer.", nonePolicy, at(7, noLines), consistencyBody(7, t.proof(3, 7), at(3, noLines))),
	}
	for _, s := range spoil(t.proof(3, 7)) {
		vs = append(vs, bad("hashes-"+s.name, "consistency", s.comment, nonePolicy, old, consistencyBody(3, s.hashes, at(7, noLines))))
	}
	return vs
}

func consistencyProofForms() []vector {
	t := numbered(9)
	old, good := at(3, noLines), consistencyBody(3, t.proof(3, 7), at(7, noLines))
	var vs []vector
	bad := func(name, comment, old, proof string) {
		if proof == good && old == at(3, noLines) {
			panic(name + " is as the good one")
		}
		vs = append(vs, refused("consistency-proof", "form-"+name, "form", comment, consistencyProofInputs(nonePolicy, old, proof)...))
	}
	replace := func(from, to string) string { return strings.Replace(good, from, to, 1) }
	hash := hashLines(t.proof(3, 7)[:1])
	bad("older-extension-line", "The older checkpoint has a fourth line.", signed(checkpointText(ledgerKey.name, 3, t.root(3))+"extension\n", ledgerKey), good)
	bad("older-unsigned", "The older checkpoint has no signature line.", checkpointText(ledgerKey.name, 3, t.root(3))+"\n", good)
	bad("older-is-the-proof", "The older checkpoint is a consistency proof.", good, good)
	bad("newer-extension-line", "The newer checkpoint has a fourth line.", old, consistencyBody(3, t.proof(3, 7), signed(checkpointText(ledgerKey.name, 7, t.root(7))+"extension\n", ledgerKey)))
	bad("newer-unsigned", "The newer checkpoint has no signature line.", old, consistencyBody(3, t.proof(3, 7), checkpointText(ledgerKey.name, 7, t.root(7))+"\n"))
	bad("empty", "The proof is empty.", old, "")
	bad("without-old", "The first line is missing.", old, replace("old 3\n", ""))
	bad("old-twice", "The first line is there twice.", old, replace("old 3\n", "old 3\nold 3\n"))
	bad("old-leading-zero", "The older size has a leading zero.", old, replace("old 3", "old 03"))
	bad("old-plus", "The older size has a sign.", old, replace("old 3", "old +3"))
	bad("old-empty", "The older size is empty.", old, replace("old 3", "old "))
	bad("old-2-63", "The older size is 2^63.", old, replace("old 3", "old 9223372036854775808"))
	bad("old-2-64-plus-3", "The older size is 3 modulo 2^64.", old, replace("old 3", "old 18446744073709551619"))
	bad("old-tab", "A tab follows old.", old, replace("old 3", "old\t3"))
	bad("old-in-uppercase", "old is in uppercase.", old, replace("old 3", "Old 3"))
	bad("old-space-after", "A space follows the older size.", old, replace("old 3", "old 3 "))
	bad("without-empty-line", "The empty line before the checkpoint is missing.", old, replace("\n\n", "\n"))
	bad("two-empty-lines", "Two empty lines come before the checkpoint.", old, replace("\n\n", "\n\n\n"))
	bad("empty-line-among-hashes", "An empty line stands among the hashes.", old, replace(hash, hash+"\n"))
	bad("hash-unpadded", "A hash lacks its padding.", old, replace(hash, strings.TrimRight(hash, "=\n")+"\n"))
	bad("hash-unused-bits", "The unused bits of a hash's base64 are not zero.", old, replace(hash, unusedBits(strings.TrimSuffix(hash, "\n"))+"\n"))
	bad("hash-in-hex", "A hash is in hex.", old, replace(hash, hex.EncodeToString(t.proof(3, 7)[0])+"\n"))
	bad("hash-space-after", "A space follows a hash.", old, replace(hash, strings.TrimSuffix(hash, "\n")+" \n"))
	bad("of-64-hashes", "One hash more than there may be.", old, consistencyBody(3, slices.Repeat([][]byte{numberedLeaf(0)}, 64), at(7, noLines)))
	bad("in-crlf", "All lines end in CR LF.", old, strings.ReplaceAll(good, "\n", "\r\n"))
	bad("without-last-line-feed", "The last line feed is missing.", old, strings.TrimSuffix(good, "\n"))
	bad("is-a-tlog-proof", "The proof is one of inclusion.", old, tlogProof("", 3, t.path(3, 7), at(7, noLines)))
	return vs
}
