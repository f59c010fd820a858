package testvectors

import (
	"fmt"
	"slices"
	"strings"
)

// charges that hold, to be spoiled.
var (
	twiceCharge  = charged("once", on(0, accord), on(0, apart), on(1, accord))
	absentCharge = charged("refers", on(0, accord2)).missing("0 1")
)

func evidenceOutOfForm() []vector {
	good, absent := twiceCharge.text(), absentCharge.text()
	checkpoint := twiceCharge.checkpoint(noLines)
	l := strings.SplitAfter(good, "\n")
	head, breaking, one, two := l[0]+l[1], l[2], l[3], l[4]
	raw := strings.TrimSuffix(strings.TrimPrefix(one, "proof "), "\n")
	relined := twiceCharge.proof(2, twiceCharge.checkpoint(cosigners(registeredAt, w1)))
	proof := twiceCharge.proof(2, checkpoint)
	var vs []vector
	for _, s := range []sample{
		{"empty", "", "Nothing at all."},
		{"first-line-alone", l[0], "The evidence is its first line."},
		{"without-first-line", strings.TrimPrefix(good, l[0]), "The first line is missing."},
		{"version-2", strings.Replace(good, "v1", "v2", 1), "The version is another."},
		{"byte-order-mark", "\ufeff" + good, "A byte order mark comes first."},
		{"not-utf-8", strings.Replace(good, "once", "onc\xff", 1), "The rule is not UTF-8."},
		{"in-crlf", strings.ReplaceAll(good, "\n", "\r\n"), "All lines end in CR LF."},
		{"without-last-line-feed", strings.TrimSuffix(good, "\n"), "The last line feed is missing."},
		{"empty-line-last", good + "\n", "An empty line comes last."},
		{"empty-line-before-proofs", head + "\n" + breaking + one, "An empty line stands before the proofs."},
		{"without-rule", l[0] + breaking + one, "The rule is missing."},
		{"rule-empty", strings.Replace(good, "rule once", "rule ", 1), "The rule is empty."},
		{"rule-unknown", strings.Replace(good, "rule once", "rule twice", 1), "The rule is none."},
		{"rule-in-uppercase", strings.Replace(good, "rule once", "rule Once", 1), "The rule is in uppercase."},
		{"rule-space-after", strings.Replace(good, "rule once", "rule once ", 1), "A space follows the rule."},
		{"rule-twice", head + l[1] + breaking + one, "The rule is there twice."},
		{"rule-fork-of-entries", strings.Replace(good, "rule once", "rule fork", 1), "The rule is fork, and proofs of entries follow."},
		{"without-proof", head, "There is no proof."},
		{"proof-empty", head + "proof \n" + one, "The proof is empty."},
		{"proof-of-nothing", head + encodedLine("proof", ""), "The proof has no bytes."},
		{"proof-is-the-entry", head + encodedLine("proof", accord.note()), "The proof is the record."},
		{"proof-in-crlf", head + breaking + encodedLine("proof", strings.ReplaceAll(proof, "\n", "\r\n")), "The lines of a proof end in CR LF."},
		{"proof-extra-empty", head + encodedLine("proof", strings.Replace(twiceCharge.proof(8, checkpoint), "extra ", "extra \nextra ", 1)), "A proof has an empty extra line."},
		{"proof-unpadded", head + breaking + "proof " + strings.TrimRight(raw, "=") + "A\n", "The base64 of a proof is cut."},
		{"proof-url-alphabet", head + breaking + "proof -_-_\n", "A proof has the characters of the URL alphabet."},
		{"proof-with-line-feed", head + breaking + "proof " + raw[:76] + "\n" + raw[76:] + "\n", "The base64 of a proof has two lines."},
		{"proof-verbatim", head + breaking + "proof " + proof, "A proof is not in base64."},
		{"proof-two-spaces", strings.Replace(good, "proof ", "proof  ", 1), "Two spaces follow proof."},
		{"proofs-descending", head + breaking + two + one, "The earlier entries are not in their order."},
		{"proof-twice", head + breaking + one + one, "The proof of an earlier entry is there twice."},
		{"proof-of-itself", head + breaking + one + breaking, "The breaking entry is among the earlier ones."},
		{"proof-of-later", head + one + two, "An entry after the breaking one is there."},
		{"proof-under-other-checkpoint", head + breaking + encodedLine("proof", relined), "A proof is under the checkpoint with one line more."},
		{"unknown-line", head + "note x\n" + breaking + one, "A line with an unknown keyword is there."},
		{"lines-after", good + "note x\n", "A line follows the proofs."},
		{"absent-empty", strings.Replace(absent, "absent 0 1", "absent ", 1), "The range is empty."},
		{"absent-one-number", strings.Replace(absent, "absent 0 1", "absent 1", 1), "The range is one number."},
		{"absent-three-numbers", strings.Replace(absent, "absent 0 1", "absent 0 1 2", 1), "The range is three numbers."},
		{"absent-two-spaces", strings.Replace(absent, "absent 0 1", "absent 0  1", 1), "Two spaces stand in the range."},
		{"absent-leading-zero", strings.Replace(absent, "absent 0 1", "absent 0 01", 1), "A number has a leading zero."},
		{"absent-dash", strings.Replace(absent, "absent 0 1", "absent 0-1", 1), "A dash stands in the range."},
		{"absent-descending", strings.Replace(absent, "absent 0 1", "absent 1 0", 1), "The range ends before it begins."},
		{"absent-2-63", strings.Replace(absent, "absent 0 1", "absent 0 9223372036854775808", 1), "The range ends at 2^63."},
		{"absent-twice", strings.Replace(absent, "absent 0 1\n", "absent 0 1\nabsent 0 1\n", 1), "The range is there twice."},
		{"absent-last", strings.Replace(absent, "absent 0 1\n", "", 1) + "absent 0 1\n", "The range follows the proof."},
		{"absent-before-rule", l[0] + "absent 0 1\n" + strings.Replace(strings.TrimPrefix(absent, l[0]), "absent 0 1\n", "", 1), "The range comes before the rule."},
	} {
		if s.value == good || s.value == absent {
			panic(s.name + " is as a good one")
		}
		vs = append(vs, badEvidence("form-"+s.name, "form", s.comment, nonePolicy, s.value))
	}
	return vs
}

// evidenceOfOthers is under checkpoints with other lines than the ledger's alone.
func evidenceOfOthers() []vector {
	c := twiceCharge
	text := checkpointText(ledgerKey.name, c.size(), c.tree().root(c.size()))
	other := checkpointText(otherLog.name, c.size(), c.tree().root(c.size()))
	ok := func(name, comment, policy, checkpoint string) vector {
		return okEvidence("checkpoint-"+name, comment, "yes", policy, c.under(checkpoint), c)
	}
	bad := func(name, comment, policy, checkpoint string) vector {
		return badEvidence("checkpoint-"+name, "checkpoint", comment, policy, c.under(checkpoint))
	}
	both := logLine + "log " + otherLog.vkey() + "\nquorum none\n"
	sameName := otherLog.as(ledgerKey.name)
	second := logLine + "log " + sameName.vkey() + "\nquorum none\n"
	swapped := "log " + sameName.vkey() + "\n" + second[:len(logLine)] + "quorum none\n"
	good, sig := signed(text, ledgerKey), ledgerKey.signs([]byte(text))
	foreign := charged("form", on(0, accord))
	foreign.log[2].id = accord.id()
	foreignText := checkpointText(ledgerKey.name, foreign.size(), foreign.tree().root(foreign.size()))
	return []vector{
		ok("without-quorum", "The policy asks for a witness, and none cosigned.", oneWitness, good),
		ok("cosigned-long-ago", "A witness cosigned long before the entry was registered.", oneWitness, good+w1.cosign(text, 1)),
		ok("unknown-lines", "Lines of unknown keys are ignored.", nonePolicy, good+w1.line(make([]byte, 72))+stranger.sign(text)),
		ok("two-lines-one-fails", "Of two lines of the ledger the second does not verify.", nonePolicy, good+ledgerKey.line(make([]byte, 64))),
		ok("two-lines-first-fails", "Of two lines of the ledger the first does not verify.", nonePolicy, text+"\n"+ledgerKey.line(make([]byte, 64))+ledgerKey.sign(text)),
		ok("witness-fails", "A known witness's line does not verify, and is not looked at.", oneWitness, good+w1.line(make([]byte, 72))),
		ok("witness-of-71-bytes", "A known witness's line lacks a byte, and is not looked at.", oneWitness, good+w1.line(w1.cosignature(text, registeredAt)[:71])),
		ok("other-log-fails", "The line of another log of the policy does not verify, and is not looked at.", both, good+otherLog.line(make([]byte, 64))),
		ok("first-key-of-two-fails", "Of two keys of one name the line of the first in the policy does not verify; the other is the ledger's.", swapped, good+sameName.line(make([]byte, 64))),
		ok("two-logs", "Another log of the policy signed too.", both, good+otherLog.sign(text)),
		ok("two-keys-of-one-name", "Two keys of one name signed; the first in the policy is the ledger's.", second, signed(text, sameName, ledgerKey)),
		okEvidence("checkpoint-first-key-of-two", "Two keys of one name signed; the first in the policy is not that of the record.", "yes", swapped, foreign.under(signed(foreignText, ledgerKey, sameName)), foreign),
		badEvidence("checkpoint-second-key-of-two", "rule", "Two keys of one name signed; the first in the policy is that of the record.", second, foreign.under(signed(foreignText, ledgerKey, sameName))),
		bad("signed-by-stranger", "A stranger signed.", nonePolicy, signed(text, stranger)),
		bad("signed-by-stranger-under-the-name", "A stranger signed under the ledger's name.", nonePolicy, signed(text, stranger.as(ledgerKey.name))),
		bad("signature-flipped", "A bit of the signature is flipped.", nonePolicy, text+"\n"+ledgerKey.line(append([]byte{sig[0] ^ 1}, sig[1:]...))),
		bad("signature-of-63-bytes", "The signature lacks a byte.", nonePolicy, text+"\n"+ledgerKey.line(sig[:63])),
		bad("origin-other", "The checkpoint is of another origin.", nonePolicy, signed(other, ledgerKey)),
		bad("origin-of-the-other-log", "The checkpoint is of a log that did not sign it.", both, signed(other, ledgerKey)),
		bad("unknown-log", "The policy does not know the ledger.", "log "+otherLog.vkey()+"\nquorum none\n", good),
		bad("cosigned-by-ledger", "The ledger's key cosigned instead of signing.", nonePolicy, text+"\n"+ledgerKey.ofType(4).cosign(text, registeredAt)),
	}
}

// evidenceOutsideTrees has a proof that does not hold.
func evidenceOutsideTrees() []vector {
	c := twiceCharge
	checkpoint := c.checkpoint(noLines)
	of := func(name, kind, comment string, breaking string, earlier ...string) vector {
		return badEvidence(name, kind, comment, nonePolicy, evidenceText("once", "", append([]string{breaking}, earlier...)...))
	}
	breaking, one, two := c.proof(4, checkpoint), c.proof(2, checkpoint), c.proof(3, checkpoint)
	path := c.tree().path(4, 9)
	indexed := func(i uint64) string { return tlogProof(c.log[4].entry, i, path, checkpoint) }
	unproved := tlogProof(c.log[2].entry, 2, c.tree().path(3, 9), checkpoint)
	empty := signed(checkpointText(ledgerKey.name, 0, emptyRoot()), ledgerKey)
	vs := []vector{
		of("index-is-size", "index", "The index of the entry is the size.", indexed(9), one, two),
		of("index-2-63-minus-1", "index", "The index of the entry is as large as one may be.", indexed(1<<63-1), one, two),
		of("index-size-0", "index", "The checkpoint is of the empty tree.", tlogProof("x", 0, nil, empty)),
		of("inclusion-index-of-neighbour", "inclusion", "The index is that of the neighbour.", indexed(5), one, two),
		of("inclusion-entry-changed", "inclusion", "The entry is not the one in the tree.", tlogProof(c.log[2].entry, 4, path, checkpoint), one),
		of("inclusion-earlier-index", "inclusion", "The index of an earlier entry is that of the one before.", breaking, tlogProof(c.log[2].entry, 1, c.tree().path(2, 9), checkpoint)),
		of("inclusion-earlier-path", "inclusion", "The hashes of an earlier entry are those of another.", breaking, unproved, two),
		of("inclusion-earlier-changed", "inclusion", "An earlier entry is not the one in the tree.", breaking, one, tlogProof(c.log[4].entry, 3, c.tree().path(3, 9), checkpoint)),
	}
	for _, s := range spoil(path) {
		vs = append(vs, of("inclusion-"+s.name, "inclusion", s.comment, tlogProof(c.log[4].entry, 4, s.hashes, checkpoint), one))
	}
	return vs
}

// evidenceOfBadEntries has an earlier entry that shows nothing.
func evidenceOfBadEntries() []vector {
	of := func(name, comment string, earlier ...logged) vector {
		return badEvidence("entry-"+name, "entry", comment, nonePolicy, charged("once", append(earlier, on(1, accord))...).text())
	}
	raw := func(entry string) logged { return logged{entry: entry} }
	note := func(note string) logged { return raw(entryOf(fmt.Sprint(registeredAt), note)) }
	text := apart.text.String()
	elsewhere := apart
	elsewhere.text = elsewhere.text.with("ledger", "ledger "+otherLog.vkey())
	return []vector{
		of("of-no-bytes", "An earlier entry has no bytes.", raw(""), on(0, accord)),
		of("not-in-form", "An earlier entry does not begin with its time.", on(0, accord), raw("hello\n")),
		of("record-not-in-form", "An earlier record was made on a day that is none.", on(0, accord), note(strings.Replace(apart.note(), "made 2026-01-05", "made 2026-01-32", 1))),
		of("of-unknown-kind", "An earlier record is of an unknown kind.", on(0, accord), note("chirograph/lease/v1\n")),
		of("of-32769-bytes", "An earlier entry is too long.", on(0, accord), raw(strings.Repeat("x", 32769))),
		of("of-other-ledger", "An earlier record is for another ledger.", on(0, accord), on(0, elsewhere)),
		of("signature-fails", "An earlier record has a signature line that does not verify.", on(0, accord), note(text+"\n"+maker.line(make([]byte, 64))+anna.sign(text)+ben.sign(text))),
		of("stranger", "A stranger signed an earlier record too.", on(0, accord), note(apart.note()+stranger.sign(text))),
		of("lacks-signature", "An earlier record lacks a signature.", on(0, accord), on(0, fewer(apart))),
	}
}

// evidenceOfOtherRules names a rule that is not the first one broken.
func evidenceOfOtherRules() []vector {
	of := func(name, comment string, c charge) vector {
		return badEvidence("rule-"+name, "rule", comment, nonePolicy, c.text())
	}
	twice := func(rule string) charge { return charged(rule, on(0, accord), on(1, accord)) }
	rival := contract("a5", successor(accord)...)
	late := func(rule string) charge { return charged(rule, on(0, accord), on(0, accord2), on(30, fewer(rival))) }
	vs := []vector{
		of("quorum-before-replaces", "A signature is missing, and the contract is replaced already.", charged("replaces", on(0, accord), on(0, accord2), on(1, fewer(rival)))),
		of("revoked-before-quorum", "A key is revoked, and a signature is missing.", charged("quorum", on(0, revocation("b4", anna)), on(1, fewer(accord)))),
		of("signed-before-revoked", "A stranger signed, and the key of another line is revoked.", charged("revoked", on(0, revocation("b4", anna)), logged{entryOf(fmt.Sprint(registeredAt), accord.note()+stranger.sign(accord.text.String())), accord.id()})),
		of("time-before-quorum", "The record is late, and a signature is missing.", late("quorum")),
		of("time-before-replaces", "The record is late, and the contract is replaced already.", late("replaces")),
		of("replaces-before-under", "The contract is replaced already, and the frame too.", charged("under", on(0, accord), on(0, accord2), on(1, contract("ad", append(successor(accord), "under "+accord.id())...)))),
	}
	for _, rule := range []string{"form", "size", "refers", "time", "signed", "revoked", "quorum", "replaces", "under", "terminates"} {
		vs = append(vs, of("once-and-not-"+rule, "The record is registered already, and the rule that is named is another.", twice(rule)))
	}
	return slices.Clip(vs)
}
