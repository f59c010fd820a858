package testvectors

import "strings"

// joined gives the lines of several.
func joined(of ...func(text string) string) func(text string) string {
	return func(text string) string {
		var lines strings.Builder
		for _, f := range of {
			lines.WriteString(f(text))
		}
		return lines.String()
	}
}

// badLine gives a line of k with a bit of its signature flipped.
func badLine(k key, time uint64) func(text string) string {
	return func(text string) string {
		sig := k.cosignature(text, time)
		sig[len(sig)/2] ^= 1
		return k.line(sig)
	}
}

func okQuorum(name, comment, policy string, lines func(string) string, seenBy uint64, witnesses ...string) vector {
	return okReceipt(name, comment, policy, receiptOf(contractEntry, 4, 9, lines), filedModel.id(), registeredAt, 4, 9, seenBy, witnesses, nil)
}

func badQuorum(name, kind, comment, policy string, lines func(string) string) vector {
	return badReceipt(name, kind, comment, policy, receiptOf(contractEntry, 4, 9, lines))
}

// seenByReceipts are about the time by which a quorum had seen the entry.
func seenByReceipts() []vector {
	const now = registeredAt
	return []vector{
		okQuorum("quorum-3-of-3-at-three-times", "The second of three witnesses met the quorum.", twoOfThree, joined(cosigners(now+30, w1), joined(cosigners(now+10, w2), cosigners(now+20, w3))), now+20, "w1", "w2", "w3"),
		okQuorum("quorum-twice-in-time", "Of two lines of a witness the earlier says when it had seen the entry.", twoOfThree, joined(cosigners(now+90, w1), joined(cosigners(now+5, w1, w2), cosigners(now+80, w2))), now+5, "w1", "w2"),
		okQuorum("quorum-second-line-in-time", "Of two lines of the witness the earlier is too early to count; the later says when it had seen the entry.", oneWitness, joined(cosigners(now+90, w1), cosigners(now-301, w1)), now+90, "w1"),
		okQuorum("quorum-at-the-end-of-time", "The witness cosigned at the latest time there is.", oneWitness, cosigners(1<<63-1, w1), 1<<63-1, "w1"),
		okQuorum("quorum-nested-faster-way", "Of two ways to the quorum one was there before the other.", logLine+threeW+"group pair all w1 w2\ngroup g any pair w3\nquorum g\n",
			joined(cosigners(now+1, w1), joined(cosigners(now+2, w2), cosigners(now+9, w3))), now+2, "w1", "w2", "w3"),
	}
}

// latticeReceipts have witnesses that cosign with ML-DSA-44.
func latticeReceipts() []vector {
	ok := func(name, comment, policy string, lines func(string) string, seenBy uint64, witnesses ...string) vector {
		return okQuorum("ml-dsa-"+name, comment, policy, lines, seenBy, witnesses...)
	}
	bad := func(name, kind, comment, policy string, lines func(string) string) vector {
		return badQuorum("ml-dsa-"+name, kind, comment, policy, lines)
	}
	const now = registeredAt
	mixed := logLine + w1Line + l1Line + l2Line + "group g 2 w1 l1 l2\nquorum g\n"
	policy, keys, list := manyLattice()
	var names []string
	for _, w := range list {
		names = append(names, w.name)
	}
	all := logLine + policy + "group g all " + strings.Join(names, " ") + "\nquorum g\n"
	other := checkpointText(ledgerKey.name, 9, numbered(9).root(9))
	return []vector{
		ok("one", "The witness cosigned with ML-DSA-44.", oneLattice, cosigners(now+2, lattice1), now+2, "l1"),
		ok("one-300-seconds-before", "The witness cosigned as early as counts.", oneLattice, cosigners(now-300, lattice1), now-300, "l1"),
		ok("one-old-and-new", "The witness cosigned twice, once in time.", oneLattice, joined(cosigners(now-1000, lattice1), cosigners(now+5, lattice1)), now+5, "l1"),
		ok("beside-ed25519", "Two of three cosigned, with either algorithm.", mixed, joined(cosigners(now+9, w1), cosigners(now+4, lattice2)), now+9, "w1", "l2"),
		ok("none-asked-for", "No witness is asked for; one that is known cosigned.", logLine+l1Line+"quorum none\n", cosigners(now, lattice1), 0, "l1"),
		ok("unknown", "Lines of unknown keys are ignored, whatever they are.", nonePolicy, joined(cosigners(now, lattice1), badLine(lattice2, now), cosigners(0, ledgerOwn)), 0),
		ok("64-witnesses", "As many witnesses as a policy may have cosigned, all with ML-DSA-44.", all, cosigners(now, keys...), now, names...),
		bad("absent", "quorum", "The witness did not cosign.", oneLattice, noLines),
		bad("301-seconds-before", "quorum", "The witness cosigned a second too early to count.", oneLattice, cosigners(now-301, lattice1)),
		bad("of-other-witness", "quorum", "Another witness cosigned, which the policy does not know.", oneLattice, cosigners(now, lattice2)),
		bad("of-other-witness-under-the-name", "quorum", "An unknown key cosigned under the witness's name.", oneLattice, cosigners(now, lattice2.as(lattice1.name))),
		bad("fails", "cosignature", "The witness's line does not verify.", oneLattice, badLine(lattice1, now)),
		bad("fails-beside-enough", "cosignature", "A known witness's line does not verify, beside two that are enough.", mixed, joined(cosigners(now, w1, lattice2), badLine(lattice1, now))),
		bad("fails-and-none-asked-for", "cosignature", "A known witness's line does not verify, and none is asked for.", logLine+l1Line+"quorum none\n", badLine(lattice1, now)),
		bad("time-0", "cosignature", "The witness's line has the time 0.", logLine+l1Line+"quorum none\n", cosigners(0, lattice1)),
		bad("of-72-bytes", "cosignature", "The witness's line is as long as one of Ed25519.", oneLattice, func(text string) string { return lattice1.line(w1.cosignature(text, now)) }),
		bad("of-other-checkpoint", "cosignature", "The witness cosigned another checkpoint.", oneLattice, func(string) string { return lattice1.cosign(other, now) }),
		bad("of-other-name", "cosignature", "The witness cosigned under another name.", oneLattice, func(text string) string {
			return lattice1.line(lattice1.as("lattice.example/9").cosignature(text, now))
		}),
	}
}

// ownWordReceipts have cosignatures of the ledger itself.
func ownWordReceipts() []vector {
	ok := func(name, comment, policy string, lines func(string) string, seenBy uint64, witnesses ...string) vector {
		return okQuorum("own-word-"+name, comment, policy, lines, seenBy, witnesses...)
	}
	const now = registeredAt
	own := func(time uint64) func(string) string { return cosigners(time, ledgerOwn) }
	old := w3.as(ledgerKey.name)
	oldLine := "witness old " + old.vkey() + "\n"
	elsewhere := ledgerOwn.as(otherLog.name)
	two := logLine + "log " + otherLog.vkey() + "\nwitness other " + elsewhere.vkey() + "\nquorum other\n"
	renamed := func(name string) (string, func(string) string) {
		return logLine + "witness l " + ledgerOwn.as(name).vkey() + "\nquorum l\n", cosigners(now+3, ledgerOwn.as(name))
	}
	strange, byStrange := renamed("second.example")
	cased, byCased := renamed("Ledger.example/2026")
	longer, byLonger := renamed("ledger.example/2026/2")
	group := logLine + ownLine + oldLine + w1Line + "group self all ledger old\ngroup g any self w1\nquorum g\n"
	return []vector{
		ok("required-and-there", "The ledger and a witness cosigned, as the quorum requires.", ownRequired, joined(own(now+2), cosigners(now+7, w1)), now+7, "ledger", "w1"),
		ok("later-than-the-witnesses", "The ledger's own line is later than the witness's, and its time says nothing.", ownRequired, joined(own(now+1000), cosigners(now+5, w2)), now+5, "ledger", "w2"),
		ok("at-the-end-of-time", "The ledger's own line has the latest time there is, and it says nothing.", ownRequired, joined(own(1<<63-1), cosigners(now+5, w2)), now+5, "ledger", "w2"),
		ok("300-seconds-before", "The ledger's own line is as early as counts.", ownRequired, joined(own(now-300), cosigners(now-100, w1)), now-100, "ledger", "w1"),
		ok("old-and-new", "The ledger has two lines, one of which counts.", ownRequired, joined(own(now-301), cosigners(now+5, w1), own(now+50)), now+5, "ledger", "w1"),
		ok("first-of-two-witnesses", "The earlier of two witnesses met the quorum, with the ledger.", ownRequired, joined(own(now+50), cosigners(now+30, w1), cosigners(now+20, w2)), now+20, "ledger", "w1", "w2"),
		ok("alone", "The ledger's own line is all that the quorum asks for.", ownAlone, own(now), 0, "ledger"),
		ok("alone-is-enough", "Any is enough, and the ledger's own line is there: whoever else cosigned, it is the ledger's word.", ownOfAny, joined(cosigners(now, w1), own(now+9)), 0, "ledger", "w1"),
		ok("not-there", "Any is enough, and the ledger's own line is not there.", ownOfAny, cosigners(now+3, w1), now+3, "w1"),
		ok("too-early-to-count", "Any is enough, and the ledger's own line is too early to count.", ownOfAny, joined(own(now-301), cosigners(now+3, w1)), now+3, "w1"),
		ok("and-one-of-two", "Two of three are enough: the ledger and the earlier of two witnesses.", ownOfThree, joined(own(now+90), cosigners(now+30, w1), cosigners(now+10, w2)), now+10, "ledger", "w1", "w2"),
		ok("left-out-of-three", "Two of three are enough: both witnesses, without the ledger.", ownOfThree, cosigners(now+30, w1, w2), now+30, "w1", "w2"),
		ok("none-asked-for", "No witness is asked for, and the ledger's own line is there.", logLine+ownLine+"quorum none\n", own(now), 0, "ledger"),
		ok("of-type-04", "A key of type 0x04 with the log's name is the ledger itself.", logLine+oldLine+"quorum old\n", cosigners(now, old), 0, "old"),
		ok("of-both-types", "The ledger has two witnesses of its own, which meet the quorum together.", group, joined(own(now), cosigners(now, old, w1)), 0, "ledger", "old", "w1"),
		ok("of-both-types-in-part", "One of two own lines is missing, so that the quorum is met by the witness.", group, joined(own(now), cosigners(now+6, w1)), now+6, "ledger", "w1"),
		ok("of-other-log", "A witness with the name of another log of the policy is somebody else.", two, cosigners(now+3, elsewhere), now+3, "other"),
		ok("under-other-name", "A key of the ledger under another name is somebody else.", strange, byStrange, now+3, "l"),
		ok("under-name-in-other-case", "A name that differs from the log's in case is somebody else.", cased, byCased, now+3, "l"),
		ok("under-longer-name", "A name that begins with the log's is somebody else.", longer, byLonger, now+3, "l"),
		ok("named-as-another", "The witness's name in the policy says nothing of whose key it is.", logLine+strings.Replace(ownLine, " ledger ", " independent ", 1)+"quorum independent\n", own(now), 0, "independent"),
		ok("another-named-ledger", "A witness that the policy names ledger is somebody else.", logLine+strings.Replace(w1Line, " w1 ", " ledger ", 1)+"quorum ledger\n", cosigners(now+3, w1), now+3, "ledger"),
	}
}

func ownWordFailures() []vector {
	bad := func(name, kind, comment, policy string, lines func(string) string) vector {
		return badQuorum("own-word-"+name, kind, comment, policy, lines)
	}
	const now = registeredAt
	own := func(time uint64) func(string) string { return cosigners(time, ledgerOwn) }
	t := logWith(contractEntry, 4, 9)
	text := checkpointText(ledgerKey.name, 9, t.root(9))
	return []vector{
		bad("required-and-missing", "quorum", "The quorum requires the ledger's own line, which is missing.", ownRequired, cosigners(now, w1, w2)),
		bad("without-witness", "quorum", "The quorum requires a witness beside the ledger.", ownRequired, own(now)),
		bad("301-seconds-before", "quorum", "The ledger's own line is a second too early to count.", ownRequired, joined(own(now-301), cosigners(now, w1))),
		bad("alone-301-seconds-before", "quorum", "The ledger's own line, all that is asked for, is a second too early to count.", ownAlone, own(now-301)),
		bad("alone-and-missing", "quorum", "The ledger's own line is all that is asked for, and missing.", ownAlone, noLines),
		bad("one-of-three", "quorum", "Two of three are asked for, and the ledger alone is there.", ownOfThree, joined(own(now), own(now+1))),
		bad("forged", "quorum", "Somebody else's line has the ledger's name, and another key id.", ownRequired, joined(cosigners(now, lattice1.as(ledgerKey.name)), cosigners(now, w1))),
		bad("spoilt", "cosignature", "The ledger's own line does not verify.", ownRequired, joined(badLine(ledgerOwn, now), cosigners(now, w1))),
		bad("spoilt-and-none-asked-for", "cosignature", "The ledger's own line does not verify, and none is asked for.", logLine+ownLine+"quorum none\n", badLine(ledgerOwn, now)),
		bad("time-0", "cosignature", "The ledger's own line has the time 0.", ownAlone, own(0)),
		badReceipt("own-word-is-no-log", "checkpoint", "The ledger's second key cosigned, and its first did not sign.", ownAlone,
			tlogProof(contractEntry, 4, t.path(4, 9), text+"\n"+ledgerOwn.cosign(text, now))),
	}
}

// latticeConsistencyProofs have cosignatures of type 0x06, and the ledger's own word.
func latticeConsistencyProofs() []vector {
	t := numbered(9)
	const now = registeredAt
	body := func(lines func(string) string) string { return consistencyBody(3, t.proof(3, 7), at(7, lines)) }
	ok := func(name, comment, policy string, lines func(string) string, seenBy uint64) vector {
		return okConsistencyProof(name, comment, policy, at(3, noLines), body(lines), 3, 7, seenBy)
	}
	bad := func(name, kind, comment, policy string, older, newer func(string) string) vector {
		return badConsistencyProof(name, kind, comment, policy, at(3, older), body(newer))
	}
	own := func(time uint64) func(string) string { return cosigners(time, ledgerOwn) }
	known := logLine + l1Line + "quorum none\n"
	return []vector{
		ok("ml-dsa-witness", "The witness cosigned the newer checkpoint with ML-DSA-44.", oneLattice, cosigners(now, lattice1), now),
		ok("ml-dsa-witness-long-ago", "Any time of the cosignature counts.", oneLattice, cosigners(1, lattice1), 1),
		ok("three-at-three-times", "The second of three witnesses met the quorum.", twoOfThree, joined(cosigners(now+30, w1), cosigners(5, w2), cosigners(now+20, w3)), now+20),
		ok("own-word-alone", "The ledger's own line is all that the quorum asks for.", ownAlone, own(now), 0),
		ok("own-word-required", "The ledger's own line is later than the witness's, and its time says nothing.", ownRequired, joined(own(now+9), cosigners(now+4, w1)), now+4),
		ok("own-word-long-ago", "Any time of the ledger's own line counts.", ownRequired, joined(own(1), cosigners(now+4, w1)), now+4),
		ok("own-word-is-enough", "Any is enough, and the ledger's own line is there.", ownOfAny, joined(own(now), cosigners(now, w1)), 0),
		bad("own-word-missing", "quorum", "The quorum requires the ledger's own line, which the older checkpoint alone has.", ownRequired, own(now), cosigners(now, w1)),
		bad("own-word-spoilt", "checkpoint", "The ledger's own line in the newer checkpoint does not verify.", ownAlone, noLines, badLine(ledgerOwn, now)),
		bad("older-ml-dsa-witness-fails", "checkpoint", "A known witness's line in the older checkpoint does not verify.", known, badLine(lattice1, now), noLines),
		bad("newer-ml-dsa-witness-fails", "checkpoint", "A known witness's line in the newer checkpoint does not verify.", known, noLines, badLine(lattice1, now)),
		bad("older-ml-dsa-time-0", "checkpoint", "A known witness's line in the older checkpoint has the time 0.", known, cosigners(0, lattice1), noLines),
	}
}
