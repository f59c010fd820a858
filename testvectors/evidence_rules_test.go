package testvectors

import (
	"fmt"
	"slices"
	"strings"
)

// Each of these functions holds entries that break a rule, and beside them entries
// that just keep it.

func evidenceOfForm() []vector {
	raw := func(entry string) charge { return charged("form", logged{entry: entry}) }
	of := func(m model) string { return entryOf(fmt.Sprint(registeredAt), m.note()) }
	elsewhere := accord
	elsewhere.text = elsewhere.text.with("ledger", "ledger "+otherLog.vkey())
	renamed := accord
	renamed.text = renamed.text.with("ledger", "ledger "+ledgerKey.as("ledger.example/2027").vkey())
	size := func(n int) charge { return charged("size", logged{entry: strings.Repeat("x", n)}) }
	return []vector{
		raw("").broke("no-bytes", "An entry has no bytes; its proof has no extra."),
		raw("hello\n").broke("no-entry", "An entry does not begin with its time."),
		raw("registered 1767690000\n").broke("no-record", "An entry has no record."),
		raw(strings.Replace(of(accord), "registered ", "registered 0", 1)).broke("leading-zero", "The time of an entry has a leading zero."),
		raw(strings.Replace(of(accord), "made 2026-01-05", "made 2026-01-32", 1)).broke("made-on-no-day", "A record was made on a day that is none."),
		raw(entryOf(fmt.Sprint(registeredAt), accord.text.String()+"\n")).broke("draft", "A record has no signature line."),
		raw(strings.Replace(of(accord), "contract/v1", "contract/v0", 1)).broke("version-0", "The version of a record is 0, which no later one is."),
		raw(strings.Replace(of(accord), "contract/v1", "contract", 1)).broke("without-version", "A record has no version, as no later one has."),
		raw(strings.Replace(of(accord), "contract/v1", "contract/v1000000000", 1)).broke("version-1000000000", "The version of a record is larger than one may be."),
		raw(strings.Replace(of(revocation("b0", maker)), "reason lost", "reason bored", 1)).broke("known-kind", "A revocation, of this version, has a reason that is none."),
		raw("registered 253402300800\nchirograph/lease/v1\n").broke("year-10000", "A record of an unknown kind has a time that is none."),
		raw(strings.Repeat("x", 32768)).broke("of-32768-bytes", "An entry that is as long as may be is no entry."),
		charged("form", logAt(0, elsewhere)).broke("other-ledger", "A record is for another ledger."),
		charged("form", logAt(0, renamed)).broke("other-name-of-the-ledger", "A record is for a ledger of the same key and another name."),
		size(32769).broke("of-32769-bytes", "An entry is one byte too long; it is not in form either."),
		size(65535).broke("of-65535-bytes", "An entry is as long as a proof can hold."),
		charged("form", logAt(0, accord)).kept("nothing", "The entry is in form."),
		charged("size", logAt(0, longestRecord())).kept("longest-record", "The entry is of the longest record."),
		charged("size", logged{entry: strings.Repeat("x", 32768)}).kept("of-32768-bytes", "The entry is not too long; it is not in form, which is another rule."),
		charged("form", logged{entry: strings.Repeat("x", 32769)}).kept("of-32769-bytes", "The entry is too long, which comes first."),
		charged("once", on(0, accord), on(1, accord)).broke("registered-twice", "A record is registered for the second time."),
		charged("once", on(0, accord), on(0, accord)).broke("entry-twice", "Entry 3 is entry 2 again."),
		charged("once", on(0, accord), on(1, more(accord))).broke("other-signatures", "The record has another signature line the second time."),
		charged("once", on(0, accord), on(40, fewer(accord))).broke("and-others", "The record is also late and lacks a signature, which comes after."),
		charged("once", on(0, accord), on(1, accord)).proving(3).kept("not-shown", "That the record is registered already is not shown."),
		charged("once", on(0, accord), on(1, apart)).kept("alike", "The contracts are alike but for the nonce."),
	}
}

// more returns the model with a line of cleo, fewer without that of maker.
func more(m model) model  { return m.by(m.signers, append(slices.Clone(m.signed), cleo)) }
func fewer(m model) model { return m.by(m.signers, m.signed[1:]) }

func evidenceOfRefers() []vector {
	said := statement("c0", accord)
	over := ending("d0", accord, day(40))
	of := func(entries ...logged) charge { return charged("refers", entries...) }
	former := func(lines ...string) model {
		return contract("b1", append([]string{"replaces " + accord.id()}, lines...)...)
	}
	by := func(keys []key, lines ...string) model {
		return drawn("statement", "c1", keys, append([]string{"contract " + accord.id()}, append(lines, "about notice")...)...)
	}
	answer := func(c, to model) model { return statement("c2", c, "answers "+to.id()) }
	formerMaker, formerBuyer := partyLine("former", "manufacturer", "1", maker), partyLine("former", "buyer", "2", buyers...)
	a, a2, a3 := on(0, accord), on(0, accord2), on(0, accord3)
	late := statement("c3", accord2)
	return []vector{
		of(a, on(0, said), on(1, statement("c4", said))).broke("contract-is-a-statement", "A statement is under a statement."),
		of(a, on(0, said), on(1, contract("b0", successor(said)...))).broke("replaces-a-statement", "A contract replaces a statement."),
		of(a, on(0, over), on(1, contract("b0", "under "+over.id()))).broke("under-a-termination", "A contract is under a termination."),
		of(a, on(1, former(formerMaker))).broke("former-lacks-one", "The former lines lack a party."),
		of(a, on(1, former(formerBuyer, formerMaker).by(nil, []key{maker, anna, ben}))).broke("former-in-other-order", "The former lines are in another order than the parties."),
		of(a, on(1, former(formerMaker, partyLine("former", "buyer", "1", buyers...)))).broke("former-threshold", "A former line has another threshold."),
		of(a, on(1, former(formerMaker, partyLine("former", "customer", "2", buyers...)))).broke("former-role", "A former line has another role."),
		of(a, on(1, former(formerMaker, partyLine("former", "buyer", "2", anna, ben)))).broke("former-keys", "A former line lacks a key."),
		of(a, on(1, former(formerMaker, formerBuyer, partyLine("former", "inspector", "1", inspector)))).broke("former-more", "The former lines name one party more."),
		of(a, on(1, by([]key{heir}, partyLine("by", "manufacturer", "1", heir)))).broke("by-stranger", "A stranger states under the contract, in the role of a party."),
		of(a, on(1, by([]key{anna}, partyLine("by", "buyer", "1", buyers...)))).broke("by-threshold", "A by line has a lower threshold than the party."),
		of(a, on(1, by([]key{maker.as("m")}, partyLine("by", "manufacturer", "1", maker.as("m"))))).broke("by-name", "A by line has the party's key under another name."),
		of(a, on(1, by([]key{anna, ben, maker}, buyerBy, makerBy))).broke("by-in-other-order", "The by lines are in another order than the parties."),
		of(a, on(1, answer(accord, accord))).broke("answers-a-contract", "A statement answers a contract."),
		of(a, on(0, apart), on(0, statement("c5", apart)), on(1, answer(accord, statement("c5", apart)))).broke("answers-elsewhere", "A statement answers one under another contract."),
		of(a, a2, on(0, late), on(1, answer(accord, late))).broke("answers-successor", "A statement answers one under the contract that replaced its own."),
		of(a, on(0, said), on(1, answer(apart, said))).from0().broke("contract-nowhere", "A statement is under a contract that is none of all entries before it."),
		of(on(0, accord2)).from0().broke("at-index-0", "The first entry replaces another."),
		of(a, on(0, said), on(1, answer(accord, said))).kept("answers", "The statement answers one under its contract."),
		of(a, on(0, said), a2, on(1, answer(accord2, said))).kept("answers-replaced", "The statement answers one under the contract that its own replaced."),
		of(a, on(0, said), a2, a3, on(1, answer(accord3, said))).kept("answers-at-two-removes", "The statement answers one under the contract before the one that its own replaced."),
		of(a, on(1, by(buyers[:2], buyerBy))).kept("by-one", "One party states, the second of the contract."),
		of(a, on(1, by(allKeys, makerBy, buyerBy))).kept("by-all", "All parties state."),
		of(a, on(1, accord2)).kept("former", "The former lines are the parties of the contract."),
	}
}

// evidenceOfChains has a part of what contracts replace.
func evidenceOfChains() []vector {
	said, late := statement("c0", accord), statement("c3", accord3)
	answer := func(c, to model) logged { return on(1, statement("c2", c, "answers "+to.id())) }
	a, a2, a3 := on(0, accord), on(0, accord2), on(0, accord3)
	odd := contract("b0", successor(said)...)
	forward := charged("refers", a, on(0, said), a2, a3, answer(accord3, said))
	back := charged("refers", a, a2, a3, on(0, late), answer(accord2, late))
	again := on(1, contract("bb", successor(accord2)...))
	return []vector{
		back.broke("answers-successor-in-a-chain", "A statement answers one under the contract that replaced its own, which replaced another."),
		back.proving(6, 3, 4, 5).kept("answers-chains-without-beginning", "What both contracts replace at some remove is not there."),
		forward.proving(6, 3, 4, 5).kept("answers-first-not-shown", "The contract of the statement that is answered is not there."),
		forward.proving(6, 2, 3, 5).kept("answers-middle-not-shown", "A contract between the two is not there."),
		charged("refers", a2, a, on(0, said), answer(accord2, said)).kept("before-answers-in-other-order", "A contract replaces one that comes after it; a statement under it answers one under that."),
		charged("refers", a2, a, on(0, statement("c3", accord2)), answer(accord, statement("c3", accord2))).broke("before-answers-in-other-order", "A contract replaces one that comes after it; a statement under that answers one under it."),
		charged("refers", a, on(0, said), on(0, odd), answer(odd, said)).kept("before-answers-under-successor-of-a-statement", "A contract replaces a statement; a statement under it answers one under another contract."),
		charged("refers", on(0, odd), on(1, statement("c4", odd, "answers "+statement("c5", odd).id()))).missing("0 2").open("absent-under-successor-of-a-statement", "A contract replaces a statement that is not there; what a statement under it answers is not there."),
		charged("once", a3, on(1, accord3)).broke("chain-not-shown", "A contract is registered twice; what it replaces is not there."),
		charged("replaces", a, a2, a3, again).proving(5, 3, 4).broke("chain-not-shown", "A contract is replaced for the second time; what it replaces is not there."),
	}
}

func evidenceOfTime() []vector {
	of := func(entries ...logged) charge { return charged("time", entries...) }
	back := of(logAt(1, apart), logAt(0, accord))
	apartFrom := of(logAt(1, apart), logged{entry: "x"}, logAt(0, accord))
	// accord is made and has to be signed so many seconds after registeredAt.
	const made, signBy = -oneDay, 29 * oneDay
	timeless := revocation("b2", maker)
	return []vector{
		back.broke("decreases", "An entry has a time a second before that of the entry before it."),
		of(logAt(0, apart), logAt(-1, timeless)).broke("of-revocation-decreases", "A revocation has a time a second before that of the entry before it."),
		of(logAt(made-301, accord)).broke("made-301-seconds-later", "A record was made 301 seconds after it was registered."),
		of(logAt(signBy+1, accord)).broke("after-sign-by", "A record was registered a second after its sign-by."),
		of(logAt(made-301, timeless)).broke("revocation-made-301-seconds-later", "A revocation was made 301 seconds after it was registered."),
		of(logAt(signBy+1, fewer(accord))).broke("and-quorum", "A record is late, and lacks a signature, which comes after."),
		back.proving(3).kept("not-shown", "That the entry before is later is not shown."),
		of(logAt(0, apart), logAt(0, accord)).kept("same", "Both entries have the same time."),
		apartFrom.proving(4, 2).kept("not-directly-before", "The entry before the one directly before has a later time."),
		of(logAt(signBy+2, revocation("b3", heir)), logged{entry: "x"}, logAt(signBy+1, accord)).proving(4, 2).kept("late-and-not-directly-before", "The record is late, but an entry of a later time is there that is not directly before."),
		of(logAt(made-300, accord)).kept("made-300-seconds-later", "The record was made as much later as may be."),
		of(logAt(signBy, accord)).kept("at-sign-by", "The record was registered at its sign-by."),
		of(logAt(100*oneDay, timeless)).kept("revocation-after-100-days", "A revocation does not lapse."),
	}
}

func evidenceOfSigners() []vector {
	text := accord.text.String()
	note := func(rule string, note string) charge {
		return charged(rule, logged{entryOf(fmt.Sprint(registeredAt), note), accord.id()})
	}
	lost := on(0, revocation("b4", anna))
	revoked := func(entries ...logged) charge { return charged("revoked", append([]logged{lost}, entries...)...) }
	renamed := contract("b5")
	renamed.text = renamed.text.with("party buyer", partyLine("party", "buyer", "1", anna.as("anna"), ben))
	heirs := accord2
	heirs.text = heirs.text.with("party manufacturer", partyLine("party", "manufacturer", "1", heir))
	heirs.signed = []key{heir, anna, ben}
	return []vector{
		note("signed", accord.note()+stranger.sign(text)).broke("stranger", "A stranger signed too."),
		note("signed", signed(text, anna, maker, ben)).broke("in-other-order", "The signature lines are in another order than the keys."),
		note("signed", text+"\n"+maker.line(make([]byte, 64))+anna.sign(text)+ben.sign(text)).broke("fails", "A signature line does not verify."),
		note("signed", signed(text, maker, anna, anna)).broke("twice", "A key signed twice."),
		charged("signed", lost, logged{entryOf(fmt.Sprint(registeredAt), accord.note()+stranger.sign(text)), accord.id()}).broke("and-revoked", "A stranger signed, and a revoked key, which comes after."),
		note("quorum", signed(text, maker, anna)).broke("too-few", "One key of the buyer signed, and two have to."),
		note("quorum", signed(text, anna, ben)).broke("party-missing", "The manufacturer did not sign."),
		charged("quorum", on(0, accord), on(1, heirs)).broke("former-missing", "The former manufacturer did not sign."),
		charged("quorum", on(0, accord), on(1, endingBy("d1", accord, allKeys[:2], day(100), makerBy, buyerBy))).broke("of-termination", "One key of the buyer signed a termination, and two have to."),
		note("quorum", accord.note()).kept("met", "All parties signed."),
		note("signed", more(accord).note()).kept("by-more", "One key more than has to signed."),
		revoked(on(1, accord)).broke("key", "A key signed that was revoked before."),
		revoked(on(0, accord)).broke("in-the-same-second", "A key signed that the entry before revokes, at the same time."),
		revoked(on(1, renamed.by(nil, []key{maker, anna.as("anna")}))).broke("under-other-name", "A key that is revoked signed under another name."),
		revoked(on(1, revocation("b6", anna))).broke("again", "A key is revoked for the second time."),
		revoked(on(1, more(accord))).broke("beside-enough", "A revoked key signed beside two that are enough."),
		charged("revoked", on(0, accord), lost, on(1, accord2)).broke("amendment", "A revoked key signed an amendment."),
		revoked(on(1, accord.by(nil, []key{maker, ben, cleo}))).kept("named", "A revoked key is named, and did not sign."),
		revoked(on(1, accord)).proving(3).kept("not-shown", "That the key is revoked is not shown."),
		charged("revoked", on(0, accord), on(0, statement("c6", accord)), on(0, revocation("b7", heir)), on(1, accord2)).kept("other-key", "A key is revoked that did not sign."),
	}
}
