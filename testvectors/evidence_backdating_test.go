package testvectors

import (
	"slices"
	"strings"
)

// Keys and policies of evidence of backdating.
var (
	w4 = witnessKey("witness.example/w4")
	w5 = witnessKey("witness.example/w5")

	fiveW        = threeW + "witness w4 " + w4.vkey() + "\nwitness w5 " + w5.vkey() + "\n"
	allOfThree   = logLine + threeW + "group g all w1 w2 w3\nquorum g\n"
	anyOfTwo     = logLine + w1Line + w2Line + "group g any w1 w2\nquorum g\n"
	pairOrThird  = logLine + threeW + "group pair all w1 w2\ngroup g any pair w3\nquorum g\n"
	twoGroups    = logLine + fiveW + "group a 2 w1 w2 w3\ngroup b any w4 w5\ngroup g all a b\nquorum g\n"
	ownAndOne    = logLine + ownLine + w1Line + "group g all ledger w1\nquorum g\n"
	mixedWitness = logLine + w1Line + l1Line + l2Line + "group g 2 w1 l1 l2\nquorum g\n"
)

// late is the first second that is too late for an entry of registeredAt.
const late = registeredAt + 301

// backdated returns the evidence that entry 4 of 9 was published later than it says,
// with the checkpoint of those before it, or of fewer.
func backdated(checkpoint, proof string) string {
	return evidenceLine + "rule backdating\n" + encodedLine("checkpoint", checkpoint) + encodedLine("proof", proof)
}

// entry4 returns the proof of an entry, which is number 4 of 9.
func entry4(entry string) string { return receiptOf(entry, 4, 9, noLines) }

func okBackdating(name, comment, policy, evidence, id string) vector {
	values := []member{{"verdict", "yes"}, {"rule", "backdating"}, {"index", "4"}}
	if id != "" {
		values = append(values, member{"id", id})
	}
	return accepted("evidence", "backdating-"+name, comment, append(evidenceInputs(policy, evidence), values...)...)
}

// unseenAt returns the vector of cosignatures that show the breach.
func unseenAt(name, comment, policy string, lines func(string) string) vector {
	return okBackdating(name, comment, policy, backdated(at(4, lines), entry4(contractEntry)), filedModel.id())
}

// notUnseen returns the vector of cosignatures that do not.
func notUnseen(name, comment, policy string, lines func(string) string) vector {
	return badEvidence("backdating-"+name, "quorum", comment, policy, backdated(at(4, lines), entry4(contractEntry)))
}

func backdatings() []vector {
	return slices.Concat(backdatingsByQuorums(), backdatingsByLines(), backdatingsByOwnWord(), noBackdatingsByOwnWord(),
		backdatingsOfEntries(), backdatingsOfTrees(), backdatingsOfNobody(), backdatingsOutOfForm())
}

// backdatingsByQuorums are about who has to have seen no more.
func backdatingsByQuorums() []vector {
	two := func(time uint64) func(string) string { return cosigners(time, w1, w2) }
	return []vector{
		unseenAt("one-witness", "The witness cosigned 301 seconds later.", oneWitness, cosigners(late, w1)),
		notUnseen("one-witness-300-seconds-later", "The witness cosigned 300 seconds later, which is in time.", oneWitness, cosigners(late-1, w1)),
		notUnseen("one-witness-earlier", "The witness cosigned before the entry was registered.", oneWitness, cosigners(registeredAt-1, w1)),
		notUnseen("one-witness-absent", "Nobody cosigned.", oneWitness, noLines),
		unseenAt("two-of-three", "Two of three cosigned, the earlier 301 seconds later.", twoOfThree, joined(cosigners(late, w3), cosigners(late+500, w1))),
		unseenAt("two-of-three-third-in-time", "Two of three cosigned late, and the third in time.", twoOfThree, joined(cosigners(late-1, w2), two(late))),
		unseenAt("two-of-three-all-late", "All of three cosigned late.", twoOfThree, joined(cosigners(late+9, w2), cosigners(late, w1), cosigners(late+5, w3))),
		notUnseen("two-of-three-one-late", "Two of three cosigned, one of them in time.", twoOfThree, joined(cosigners(late-1, w1), cosigners(late+500, w2))),
		notUnseen("two-of-three-one", "One of three cosigned.", twoOfThree, cosigners(late, w2)),
		unseenAt("all-of-three", "All of three cosigned, the earliest 301 seconds later.", allOfThree, joined(cosigners(late+9, w1, w3), cosigners(late, w2))),
		notUnseen("all-of-three-one-in-time", "All of three cosigned, one of them in time.", allOfThree, joined(cosigners(late+9, w1, w3), cosigners(late-1, w2))),
		notUnseen("all-of-three-one-absent", "Two cosigned late, without whom there is no quorum, and who make none themselves.", allOfThree, two(late)),
		unseenAt("any-of-two-both", "Any is enough, and both cosigned late.", anyOfTwo, joined(cosigners(late, w1), cosigners(late+1000, w2))),
		notUnseen("any-of-two-laggard", "Any is enough, and one cosigned late: the other may have seen the entry in time.", anyOfTwo, cosigners(late+1000, w1)),
		notUnseen("any-of-two-one-in-time", "Any is enough; one cosigned late, and one in time.", anyOfTwo, joined(cosigners(late+1000, w1), cosigners(late-1, w2))),
		notUnseen("two-of-four-in-pairs", "Two of four cosigned late; the two others may have seen the entry in time.", logLine+threeW+"witness w4 "+w4.vkey()+"\ngroup g 2 w1 w2 w3 w4\nquorum g\n", two(late)),
		unseenAt("nested-groups", "Of one group two cosigned late, of the other all; both groups have to.", twoGroups, joined(two(late+7), cosigners(late, w4, w5))),
		unseenAt("nested-groups-one-blocks", "Of the group of which any is enough one cosigned late; of the other two of three, without whom there is no quorum.", twoGroups, joined(two(late), cosigners(late, w4))),
		notUnseen("nested-groups-one-in-time", "Of the group of which any is enough one cosigned, in time.", twoGroups, joined(two(late), cosigners(late-1, w4))),
		notUnseen("nested-groups-one-group", "One of two groups cosigned, and both have to.", twoGroups, cosigners(late, w1, w2, w3)),
		unseenAt("nested-one-of-each", "One of a pair and a third cosigned late; the other of the pair is none alone.", pairOrThird, cosigners(late, w1, w3)),
		notUnseen("nested-pair", "A pair cosigned late; the third is enough alone.", pairOrThird, two(late)),
		notUnseen("nested-third", "The third cosigned late; the pair is enough without it.", pairOrThird, cosigners(late, w3)),
		notUnseen("nested-one-of-each-in-time", "One of a pair cosigned in time, and the third late.", pairOrThird, joined(cosigners(late-1, w1), cosigners(late, w3))),
		unseenAt("beside-one-not-asked", "The quorum is one of two witnesses, the other of which cosigned in time.", logLine+w1Line+w2Line+"quorum w1\n", joined(cosigners(1, w2), cosigners(late, w1))),
		notUnseen("of-one-not-asked", "The quorum is one of two witnesses, the other of which cosigned late.", logLine+w1Line+w2Line+"quorum w1\n", cosigners(late, w2)),
		notUnseen("quorum-none", "No witness is asked for, and one that is known cosigned late.", logLine+w1Line+"quorum none\n", cosigners(late, w1)),
		notUnseen("quorum-none-nobody", "No witness is asked for, and none is known.", nonePolicy, noLines),
	}
}

// backdatingsByLines are about which lines count.
func backdatingsByLines() []vector {
	one := func(time uint64) func(string) string { return cosigners(time, w1) }
	raw := func(k key, sig []byte) func(string) string { return func(string) string { return k.line(sig) } }
	cut := func(text string) string { return w1.line(w1.cosignature(text, late)[:71]) }
	changed := func(text string) string { return w1.line(timed(late, w1.cosignature(text, late-1)[8:])) }
	log := func(text string) string {
		return ledgerKey.line(make([]byte, 64)) + ledgerKey.ofType(4).cosign(text, 1)
	}
	unknown := joined(cosigners(1, stranger.ofType(4)), badLine(w2, late), raw(stranger, make([]byte, 64)))
	two := logLine + w1Line + w2Line + "quorum w1\n"
	return []vector{
		unseenAt("two-lines", "The witness has two lines, of which the later is late.", oneWitness, joined(one(registeredAt-9), one(late))),
		unseenAt("two-lines-later-first", "The witness has two lines, the later first.", oneWitness, joined(one(late), one(registeredAt-9))),
		unseenAt("two-lines-both-late", "The witness has two lines, both late.", oneWitness, joined(one(late), one(late+9))),
		notUnseen("two-lines-in-time", "The witness has two lines, both in time.", oneWitness, joined(one(registeredAt), one(late-1))),
		unseenAt("three-lines-of-two", "Two of three cosigned; of one the latest of three lines counts.", twoOfThree, joined(one(1), cosigners(late, w2), one(late+5), one(late-1))),
		notUnseen("two-lines-are-one-witness", "One of three cosigned twice, and two are asked for.", twoOfThree, joined(one(late), one(late+1))),
		unseenAt("garbage-beside", "A line of the witness does not verify, and is as if it were not there.", oneWitness, joined(badLine(w1, late), one(late))),
		unseenAt("garbage-after", "A later line of the witness does not verify, and is as if it were not there.", oneWitness, joined(one(late), badLine(w1, late+9))),
		unseenAt("garbage-of-71-bytes-beside", "A line of the witness lacks a byte, and is as if it were not there.", oneWitness, joined(cut, one(late))),
		unseenAt("garbage-of-1-byte-beside", "A line of the witness has no time, and is as if it were not there.", oneWitness, joined(raw(w1, []byte{1}), one(late))),
		unseenAt("garbage-of-another-beside", "A line of another witness does not verify.", two, joined(badLine(w2, late-1), one(late))),
		unseenAt("garbage-of-the-log-beside", "A second line of the log does not verify, and its key cosigned, as nobody asks.", oneWitness, joined(log, one(late))),
		unseenAt("unknown-lines-beside", "Lines of unknown keys are ignored.", oneWitness, joined(unknown, one(late))),
		notUnseen("garbage-alone", "The witness's line does not verify.", oneWitness, badLine(w1, late)),
		notUnseen("garbage-that-is-late", "The witness cosigned in time; its late line does not verify.", oneWitness, joined(one(late-1), badLine(w1, late))),
		notUnseen("time-changed", "The time is a second later than the one cosigned.", oneWitness, changed),
		notUnseen("unknown-cosigner", "An unknown key cosigned under the witness's name.", oneWitness, cosigners(late, w2.as(w1.name))),
		notUnseen("of-the-larger-tree", "The witness cosigned the larger tree alone.", oneWitness, func(string) string {
			return w1.cosign(checkpointText(ledgerKey.name, 9, logWith(contractEntry, 4, 9).root(9)), late)
		}),
		unseenAt("at-the-end-of-time", "The witness cosigned at the latest time there is.", oneWitness, one(1<<63-1)),
		notUnseen("time-2-63", "The witness cosigned at a time that is none.", oneWitness, one(1<<63)),
		notUnseen("time-2-64-minus-1", "The time has all bits set.", oneWitness, one(1<<64-1)),
		notUnseen("time-0", "The witness cosigned at the time 0.", oneWitness, one(0)),
		unseenAt("ml-dsa", "The witness cosigned with ML-DSA-44.", oneLattice, cosigners(late, lattice1)),
		unseenAt("ml-dsa-and-ed25519", "Two of three cosigned, with either algorithm.", mixedWitness, joined(cosigners(late, lattice2), cosigners(late+3, w1))),
		unseenAt("ml-dsa-time-0-beside", "A line of ML-DSA-44 has the time 0, and is as if it were not there.", oneLattice, joined(cosigners(0, lattice1), cosigners(late, lattice1))),
		notUnseen("ml-dsa-300-seconds-later", "The witness cosigned with ML-DSA-44, in time.", oneLattice, cosigners(late-1, lattice1)),
		notUnseen("ml-dsa-fails", "The witness's line of ML-DSA-44 does not verify.", oneLattice, badLine(lattice1, late)),
	}
}

// backdatingsByOwnWord have a witness of the policy that is the ledger itself.
func backdatingsByOwnWord() []vector {
	own := func(time uint64) func(string) string { return cosigners(time, ledgerOwn) }
	one := func(time uint64) func(string) string { return cosigners(time, w1) }
	two := func(time uint64) func(string) string { return cosigners(time, w1, w2) }
	old := w3.as(ledgerKey.name)
	oldAndOne := logLine + "witness old " + old.vkey() + "\n" + w1Line + "group g all old w1\nquorum g\n"
	twoOwn := logLine + ownLine + "witness old " + old.vkey() + "\n" + w1Line + "group g all ledger old w1\nquorum g\n"
	elsewhere := ledgerOwn.as(otherLog.name)
	ofOther := logLine + "log " + otherLog.vkey() + "\nwitness other " + elsewhere.vkey() + "\nquorum other\n"
	called := logLine + strings.Replace(w1Line, " w1 ", " ledger ", 1) + "quorum ledger\n"
	return []vector{
		unseenAt("own-word-required", "The quorum requires the ledger's own line beside the witness's.", ownAndOne, joined(own(late), one(late))),
		unseenAt("own-word-of-time-1", "The ledger's own line is long before, and its time says nothing.", ownAndOne, joined(own(1), one(late))),
		unseenAt("own-word-later", "The ledger's own line is later than the witness's, and its time says nothing.", ownAndOne, joined(one(late), own(late+1000))),
		unseenAt("own-word-garbage-beside", "Of two of the ledger's own lines one does not verify.", ownAndOne, joined(badLine(ledgerOwn, late), one(late), own(late))),
		unseenAt("own-word-and-any-of-two", "The quorum requires the ledger's own line, and one of two witnesses, both of which cosigned late.", ownRequired, joined(own(registeredAt), two(late))),
		unseenAt("own-word-left-out-of-three", "Two of three are enough: both witnesses cosigned late, and the ledger is none alone.", ownOfThree, two(late)),
		unseenAt("own-word-beside-two-of-three", "Two of three are enough: both witnesses cosigned late, and the ledger in time.", ownOfThree, joined(own(registeredAt), two(late))),
		unseenAt("own-word-not-asked-for", "The quorum is a witness; the ledger's own line is there, and not asked for.", logLine+ownLine+w1Line+"quorum w1\n", joined(own(registeredAt), one(late))),
		unseenAt("own-word-of-type-04", "A key of type 0x04 with the log's name is the ledger itself.", oldAndOne, joined(cosigners(1, old), one(late))),
		unseenAt("own-words-of-both-types", "The quorum requires two lines of the ledger's own.", twoOwn, joined(cosigners(1, ledgerOwn, old), one(late))),
		unseenAt("own-word-of-other-log", "A witness with the name of another log of the policy is somebody else.", ofOther, cosigners(late, elsewhere)),
		unseenAt("own-word-called-so", "A witness that the policy names ledger is somebody else.", called, one(late)),
		notUnseen("own-word-of-other-log-in-time", "A witness with the name of another log of the policy cosigned in time.", ofOther, cosigners(late-1, elsewhere)),
	}
}

func noBackdatingsByOwnWord() []vector {
	own := func(time uint64) func(string) string { return cosigners(time, ledgerOwn) }
	one := func(time uint64) func(string) string { return cosigners(time, w1) }
	old := w3.as(ledgerKey.name)
	oldLine := "witness old " + old.vkey() + "\n"
	twoOwn := logLine + ownLine + oldLine + w1Line + "group g all ledger old w1\nquorum g\n"
	selves := logLine + ownLine + oldLine + w1Line + "group self all ledger old\ngroup g any self w1\nquorum g\n"
	return []vector{
		notUnseen("own-word-alone", "The quorum is the ledger's own line, which is late.", ownAlone, own(late)),
		notUnseen("own-word-alone-and-witness", "The quorum is the ledger's own line; a witness cosigned late.", logLine+ownLine+w1Line+"quorum ledger\n", joined(own(late), one(late))),
		notUnseen("own-word-alone-of-type-04", "The quorum is a key of type 0x04 with the log's name.", logLine+oldLine+"quorum old\n", cosigners(late, old)),
		notUnseen("own-word-alone-called-otherwise", "The quorum is the ledger's own line, under another name in the policy.", logLine+strings.Replace(ownLine, " ledger ", " independent ", 1)+"quorum independent\n", own(late)),
		notUnseen("own-word-missing", "The quorum requires the ledger's own line, which is missing.", ownAndOne, one(late)),
		notUnseen("own-word-spoilt", "The quorum requires the ledger's own line, which does not verify.", ownAndOne, joined(badLine(ledgerOwn, late), one(late))),
		notUnseen("own-word-of-time-0", "The quorum requires the ledger's own line, which has the time 0.", ownAndOne, joined(own(0), one(late))),
		notUnseen("own-word-without-witness", "The quorum requires a witness beside the ledger's own line.", ownAndOne, own(late)),
		notUnseen("own-word-late-witness-in-time", "The ledger's own line is late, and the witness's in time.", ownAndOne, joined(own(late+9), one(late-1))),
		notUnseen("own-word-and-laggard", "The quorum requires the ledger's own line and one of two witnesses, of which one cosigned late.", ownRequired, joined(own(late), one(late+1000))),
		notUnseen("own-word-and-one-of-three", "Two of three are enough: the ledger and a witness, which is late; the other makes a quorum with the ledger.", ownOfThree, joined(own(late), one(late))),
		notUnseen("own-word-is-enough", "Any is enough, the ledger too; the witness cosigned late.", ownOfAny, joined(own(late), one(late))),
		notUnseen("own-word-would-be-enough", "Any is enough, the ledger too, whose line is missing; the witness cosigned late.", ownOfAny, one(late)),
		notUnseen("own-words-one-missing", "The quorum requires two lines of the ledger's own, of which one is missing.", twoOwn, joined(own(late), one(late))),
		notUnseen("own-words-are-enough", "Two keys of the ledger's own are enough together; the witness cosigned late.", selves, one(late)),
	}
}
