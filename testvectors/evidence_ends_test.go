package testvectors

import (
	"fmt"
	"strings"
)

// evidenceOfEnds are of contracts that took the place of one that had ended.
func evidenceOfEnds() []vector {
	of := func(entries ...logged) charge {
		return charged("replaces", append([]logged{on(0, accord)}, entries...)...)
	}
	rival := contract("a5", successor(accord)...)
	later := contract("a6", append([]string{"from " + day(20)}, successor(accord)...)...)
	ends := func(effective string) logged { return on(1, ending("d2", accord, effective)) }
	return []vector{
		of(on(0, accord2), on(1, rival)).broke("twice", "A contract is replaced for the second time."),
		of(on(0, later), on(1, rival)).broke("twice-before-from", "A contract is replaced for the second time, before the first replacement is in force."),
		of(on(0, accord2), on(0, accord3), on(1, rival)).broke("in-a-chain", "A contract is replaced for the second time, the first by one that is replaced itself."),
		of(ends(day(3)), on(3, rival)).broke("terminated-today", "A contract is replaced on the first day on which it is terminated."),
		of(ends(day(3)), on(9, rival)).broke("terminated", "A contract is replaced that is terminated for days."),
		of(ends(""), on(1, rival)).broke("terminated-at-registration", "A contract is replaced on the day of registration of a termination that names none."),
		of(ends(day(9)), on(2, ending("d3", accord, day(4))), on(5, rival)).broke("terminated-twice", "A contract is replaced that the later of two terminations ended."),
		of(on(0, accord2), on(1, contract("a7", successor(accord2)...))).kept("successor", "The contract that is replaced took the place of another."),
		of(ends(day(3)), on(2, rival)).kept("terminated-tomorrow", "The contract that is replaced is terminated from the next day on."),
		of(on(0, accord2), on(1, rival)).proving(4, 2).kept("not-shown", "That the contract is replaced already is not shown."),
	}
}

// evidenceOfFrames are of contracts under a frame.
func evidenceOfFrames() []vector {
	made := func(frame model) model { return contract("e0", "under "+frame.id()) }
	of := func(at int64, frame model, between ...logged) charge {
		return charged("under", append(append([]logged{on(0, frame)}, between...), on(at, made(frame)))...)
	}
	from, until := contract("e1", "from "+day(5)), contract("e2", "until "+day(5))
	signedBy := func(parties []string, signed ...key) charge {
		call := drawn("contract", "e3", signed, append(parties, termsLine, "under "+accord.id())...)
		return charged("under", on(0, accord), on(1, call))
	}
	heirs, inspectors := partyLine("party", "supplier", "1", heir), partyLine("party", "quality-inspector", "1", inspector)
	oneBuyer := partyLine("party", "buyer", "1", anna, ben)
	later := contract("e4", append([]string{"from " + day(5)}, successor(accord)...)...)
	return []vector{
		of(4, from).broke("pending", "A frame is in force from the next day on."),
		of(6, until).broke("expired", "A frame was in force for the last time the day before."),
		of(1, accord, on(1, accord2)).broke("replaced", "A frame was replaced on the same day."),
		of(5, accord, on(0, later)).broke("replaced-from", "A frame is replaced from this day on."),
		of(5, accord, on(0, ending("d4", accord, day(5)))).broke("terminated", "A frame is terminated from this day on."),
		of(1, accord, on(1, ending("d4", accord, ""))).broke("terminated-at-registration", "A frame was terminated on the same day, by a termination that names none."),
		signedBy([]string{heirs, inspectors}, heir, inspector).broke("strangers", "Others than the parties of the frame made a contract under it."),
		signedBy([]string{heirs, oneBuyer}, heir, anna).broke("one-of-two", "One key of the buyer signed, and the frame asks for two."),
		of(5, from).kept("from", "The frame is in force from this day on."),
		of(5, until).kept("until", "The frame is in force for the last day."),
		of(4, accord, on(0, later)).kept("replaced-from-tomorrow", "The frame is replaced from the next day on."),
		of(4, accord, on(0, ending("d4", accord, day(5)))).kept("terminated-tomorrow", "The frame is terminated from the next day on."),
		of(1, accord, on(0, accord2)).proving(4, 2).kept("not-shown", "That the frame is replaced is not shown."),
		signedBy([]string{heirs, partyLine("party", "retailer", "2", anna.as("a"), cleo.as("c"))}, heir, anna.as("a"), cleo.as("c")).kept("other-names", "Two keys of the frame's buyer signed, in another role and under other names."),
	}
}

func evidenceOfTerminations() []vector {
	of := func(entries ...logged) charge {
		return charged("terminates", append([]logged{on(0, accord)}, entries...)...)
	}
	byMaker := func(n int) model { return endingBy("d5", accord, []key{maker}, day(n), makerBy) }
	byBuyer := func(n int) model { return endingBy("d6", accord, []key{anna, ben}, day(n), buyerBy) }
	inspectorBy := partyLine("by", "inspector", "1", inspector)
	wide := drawn("contract", "a8", []key{maker, anna, ben, inspector}, makerParty, buyerParty, strings.Replace(inspectorBy, "by", "party", 1), termsLine, "terminable manufacturer:0 buyer:0")
	three := func(keys []key, lines ...string) charge {
		return charged("terminates", on(0, wide), on(1, endingBy("d7", wide, keys, day(9), lines...)))
	}
	later := contract("a9", append([]string{"from " + day(50)}, successor(accord)...)...)
	ends := func(at int64, mark string, n int) logged { return on(at, ending(mark, accord, day(n))) }
	return []vector{
		three([]key{maker, anna, ben}, makerBy, buyerBy).broke("by-two-of-three", "Two of three parties end a contract, each of which may alone."),
		three([]key{inspector}, inspectorBy).broke("by-one-not-listed", "A party ends a contract alone that is not listed as terminable."),
		charged("terminates", on(0, apart), on(1, endingBy("d8", apart, []key{maker}, day(3650), makerBy))).broke("not-terminable", "A party ends a contract alone that nobody may."),
		of(on(1, byMaker(90))).broke("notice-of-89-days", "A party ends a contract with a day's notice less than it has to."),
		of(on(1, byBuyer(30))).broke("notice-of-29-days", "A party ends a contract with a day's notice less than it has to; another needs more."),
		of(on(1, endingBy("d9", accord, []key{maker}, "", makerBy))).broke("notice-of-none", "A party ends a contract on the day of registration, with notice to give."),
		of(ends(1, "da", 0)).broke("yesterday", "All parties end a contract from the day before on."),
		of(on(0, accord2), ends(1, "da", 1)).broke("replaced", "A contract is ended that is replaced."),
		of(on(0, later), ends(1, "da", 50)).broke("replaced-from-that-day", "A contract is ended from the day on from which it is replaced."),
		of(ends(1, "db", 50), ends(2, "da", 50)).broke("terminated-that-day", "A contract is ended for the second time, from the same day on."),
		of(on(1, byMaker(91)), on(2, byBuyer(99))).broke("terminated-earlier", "A contract is ended for the second time, from a later day on."),
		of(ends(1, "db", 1), on(1, ending("dc", accord, ""))).broke("terminated-today", "A contract is ended for the second time on the day of registration."),
		of(on(1, byMaker(91))).kept("notice-of-90-days", "A party ends the contract with as much notice as it has to give."),
		of(on(1, byBuyer(31))).kept("notice-of-30-days", "A party ends the contract with as much notice as it has to give."),
		of(ends(1, "da", 1)).kept("today", "All parties end the contract from the same day on."),
		of(on(0, later), ends(1, "da", 49)).kept("before-replaced", "The contract is ended a day before it is replaced."),
		of(on(1, byMaker(200)), ends(2, "da", 199)).kept("before-terminated", "The contract is ended a day before one party had ended it."),
		three([]key{maker}, makerBy).kept("by-one-of-three", "A party that may ends the contract alone."),
		three([]key{maker, anna, ben, inspector}, makerBy, buyerBy, inspectorBy).kept("by-three", "All parties end the contract."),
	}
}

// evidenceOfAbsence are of records that name others which may be nowhere.
func evidenceOfAbsence() []vector {
	of := func(entries ...logged) charge { return charged("refers", entries...) }
	said := statement("c0", accord)
	answer := statement("c2", accord, "answers "+said.id())
	alone := of(on(0, said)).missing("0 1")
	first := charged("refers", on(0, accord), on(1, accord3)).from0().missing("0 0").proving(1)
	otherFormer := contract("b8", "replaces "+accord.id(), partyLine("former", "manufacturer", "1", maker), "under "+apart.id())
	otherBy := drawn("statement", "c7", []key{heir}, "contract "+accord.id(), partyLine("by", "manufacturer", "1", heir), "about notice", "answers "+said.id())
	fault := func(name, comment string, c charge) vector {
		return badEvidence("absent-"+name, "rule", comment, nonePolicy, c.text())
	}
	return []vector{
		alone.open("absent-contract", "The contract of a statement is not there."),
		of(on(0, accord2)).missing("0 1").open("absent-replaced", "The contract that a contract replaces is not there."),
		of(on(0, contract("e0", "under "+accord.id()))).missing("0 1").open("absent-frame", "The frame of a contract is not there."),
		of(on(0, accord), on(1, answer)).missing("0 2").open("absent-answered", "The statement that another answers is not there."),
		first.open("absent-before-index-1", "The contract that entry 1 replaces is not there, and may be entry 0."),
		of(on(0, accord), on(1, otherFormer)).broke("absent-after-former", "The frame of a contract is not there; the former lines, which come first, are not those of a contract that is."),
		of(on(0, accord), on(1, otherBy)).broke("absent-after-by", "The statement that another answers is not there; its by line, which comes first, is none of the contract."),
		fault("not-said", "That a record is not there is not said.", alone.missing("")),
		fault("part", "The range lacks the first entry.", alone.missing("1 1")),
		fault("short", "The range lacks the last entry before.", alone.missing("0 0")),
		fault("long", "The range has the entry itself.", alone.missing("0 2")),
		fault("none", "No record is missing where the rule is broken.", charged("once", on(0, accord), on(1, accord)).missing("0 2")),
		fault("known", "A contract is there that is no contract.", of(on(0, accord), on(0, said), on(1, statement("c4", said))).missing("0 3")),
		fault("all-there", "All entries before are there.", charged("refers", on(0, accord), on(1, accord3)).from0().missing("0 0")),
		fault("of-other-rule", "A record is not there, and the rule is another.", charged("quorum", on(0, fewer(accord2))).missing("0 1")),
	}
}

// evidenceOfUnknownKinds are of records that a later version of the page may know.
func evidenceOfUnknownKinds() []vector {
	of := func(rule, record string) charge {
		return charged(rule, on(0, accord), logged{entry: entryOf(fmt.Sprint(registeredAt), record)})
	}
	return []vector{
		of("form", "chirograph/lease/v1\n").open("unknown-kind", "A record is of an unknown kind."),
		of("form", strings.Replace(accord.note(), "/v1", "/v2", 1)).open("unknown-version", "A contract is of an unknown version."),
		of("form", "chirograph/contract/v999999999\n\xff").open("unknown-version-of-9-digits", "A contract is of the last version, and in no form that is known."),
		of("form", "chirograph/a"+strings.Repeat("-", 31)+"/v10\n").open("unknown-kind-of-32-characters", "A kind is as long as a token may be."),
		of("revoked", "chirograph/lease/v1\n").open("unknown-kind-and-other-rule", "A record of an unknown kind is said to break another rule."),
		charged("form", logged{entry: entryOf(fmt.Sprint(registeredAt), "chirograph/a"+strings.Repeat("-", 32)+"/v1\n")}).broke("kind-of-33-characters", "A kind is longer than a token may be."),
		charged("form", logged{entry: entryOf(fmt.Sprint(registeredAt), "chirograph/lease/v1")}).broke("kind-without-line-feed", "A record is less than its first line."),
		charged("form", logged{entry: entryOf(fmt.Sprint(registeredAt), "chirograph/lease/v01\n")}).broke("version-with-leading-zero", "A version has a leading zero."),
		charged("size", logged{entry: entryOf(fmt.Sprint(registeredAt), "chirograph/lease/v1\n"+strings.Repeat("x", 32768))}).broke("unknown-kind", "A record of an unknown kind is too long in any version."),
	}
}

// evidenceBrokenBefore have earlier entries that break rules themselves.
func evidenceBrokenBefore() []vector {
	rival := contract("aa", successor(accord)...)
	rivals := statement("c8", rival)
	answer := func(c model) logged { return on(1, statement("c9", c, "answers "+rivals.id())) }
	late := contract("ab", append([]string{"from " + day(9)}, successor(accord)...)...)
	call := on(5, contract("e0", "under "+accord.id()))
	replaces := contract("ac", successor(accord)...)
	a, a2 := on(0, accord), on(0, accord2)
	return []vector{
		charged("refers", a, a2, on(0, rival), on(0, rivals), answer(accord)).broke("before-answers-rival", "A contract was replaced twice; a statement under it answers one under the second."),
		charged("refers", a, a2, on(0, rival), on(0, rivals), answer(accord2)).kept("before-answers-as-deep", "A contract was replaced twice; a statement under the first answers one under the second."),
		charged("under", a, on(0, late), a2, call).broke("before-replaced-twice", "A frame was replaced twice, and by the second ended before."),
		charged("under", a, a2, on(0, late), call).kept("before-replaced-twice", "A frame was replaced twice, and by the second did not end yet."),
		charged("replaces", a, on(1, ending("d2", accord, day(9))), on(2, ending("d3", accord, day(4))), on(5, replaces)).broke("before-terminated-twice", "A contract was terminated twice, and by the second ended before."),
		charged("replaces", a, on(1, ending("d3", accord, day(4))), on(2, ending("d2", accord, day(9))), on(5, replaces)).kept("before-terminated-twice", "A contract was terminated twice, and by the second did not end yet."),
		charged("under", a, on(6, accord), on(5, statement("c8", accord)), call).broke("before-registered-twice", "A frame was registered twice, for the second time on a later day than its call-off."),
	}
}
