package testvectors

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// registeredAt is when the entries of receipts are registered.
const registeredAt = 1767690000

// logWith returns a tree of numbered leaves with an entry at its index.
func logWith(entry string, index, size uint64) tree {
	leaves := make([][]byte, size)
	for i := range leaves {
		leaves[i] = numberedLeaf(uint64(i))
	}
	if index < size {
		leaves[index] = leafHash(entry)
	}
	return treeOf(leaves)
}

// receiptOf returns the receipt of an entry at an index of a tree of that size, with
// the lines that the checkpoint's text gets after the ledger's.
func receiptOf(entry string, index, size uint64, lines func(text string) string) string {
	t := logWith(entry, index, size)
	text := checkpointText(ledgerKey.name, size, t.root(size))
	return tlogProof(entry, index, t.path(index, size), signed(text, ledgerKey)+lines(text))
}

// noLines is for a checkpoint that the ledger alone signed.
func noLines(string) string { return "" }

// cosigners gives the lines of witnesses, all at one time.
func cosigners(time uint64, keys ...key) func(text string) string {
	return func(text string) string {
		var lines string
		for _, k := range keys {
			lines += k.cosign(text, time)
		}
		return lines
	}
}

var contractEntry = entryOf(fmt.Sprint(registeredAt), filedModel.note())

// The documents of filedModel.
var (
	termsFile   = "Forty flow meters, delivered by 1 February.\n"
	drawingFile = "%PDF-1.7 drawing 7\n\xff\x00"
	termsSalt   = shaBytes([]byte("salt of the terms"))
)

// filedModel is contractModel with documents that are there.
var filedModel = func() model {
	m := contractModel
	m.text = m.text.without("document").after("party buyer",
		documentLine("salted-sha256:"+hex.EncodeToString(shaBytes(termsSalt, []byte(termsFile))), "4096", "text/markdown", "terms", "document-1.md"),
		documentLine("sha256:"+sha(drawingFile), fmt.Sprint(len(drawingFile)), "application/pdf", "drawing", "drawing 7.pdf"))
	return m
}()

func receiptInputs(policy, proof string, documents []map[string]any) []member {
	inputs := []member{octets("policy", policy), octets("proof", proof)}
	if documents != nil {
		inputs = append(inputs, member{"documents", documents})
	}
	return inputs
}

// okReceipt has the time by which a quorum had seen the entry, 0 for the ledger's word
// only.
func okReceipt(name, comment, policy, proof, id string, registered, index, size, seenBy uint64, witnesses []string, documents []map[string]any) vector {
	if witnesses == nil {
		witnesses = []string{}
	}
	members := append(receiptInputs(policy, proof, documents), member{"id", id}, member{"registered", registered},
		member{"index", fmt.Sprint(index)}, member{"size", fmt.Sprint(size)}, member{"origin", ledgerKey.name}, member{"witnesses", witnesses})
	return accepted("receipt", name, comment, append(members, vouchedBy(seenBy)...)...)
}

// vouchedBy returns the values of a time by which a quorum had seen a tree, of which 0
// is none.
func vouchedBy(seenBy uint64) []member {
	if seenBy == 0 {
		return []member{{"ledger_only", true}}
	}
	return []member{{"ledger_only", false}, {"seen_by", fmt.Sprint(seenBy)}}
}

func badReceipt(name, kind, comment, policy, proof string) vector {
	return refused("receipt", name, kind, comment, receiptInputs(policy, proof, nil)...)
}

func receiptVectors() []vector {
	return slices.Concat(goodReceipts(), quorumReceipts(), seenByReceipts(), latticeReceipts(), ownWordReceipts(), ownWordFailures(),
		documentReceipts(), receiptsOutOfForm(), receiptsOfOthers(), receiptsOutsideTrees(), receiptsOfBadRecords())
}

func goodReceipts() []vector {
	var vs []vector
	for _, m := range append(slices.Clone(models), filedModel) {
		entry := entryOf(fmt.Sprint(registeredAt), m.note())
		name := m.name
		if m.id() == filedModel.id() {
			name = "filed-contract"
		}
		vs = append(vs, okReceipt(name, "The receipt of a "+strings.Split(m.text.String(), "/")[1]+"; no witness is asked for.", nonePolicy, receiptOf(entry, 4, 9, noLines), m.id(), registeredAt, 4, 9, 0, nil, nil))
	}
	id := filedModel.id()
	for _, at := range [][2]uint64{{0, 1}, {0, 2}, {1, 2}, {8, 9}, {255, 256}, {256, 257}} {
		vs = append(vs, okReceipt(fmt.Sprintf("index-%d-size-%d", at[0], at[1]), fmt.Sprintf("Entry %d of %d.", at[0], at[1]),
			nonePolicy, receiptOf(contractEntry, at[0], at[1], noLines), id, registeredAt, at[0], at[1], 0, nil, nil))
	}
	first := entryOf("0", filedModel.note())
	long := longestRecord()
	return append(vs,
		okReceipt("registered-0", "The entry has the first time there is.", oneWitness, receiptOf(first, 0, 1, cosigners(1, w1)), id, 0, 0, 1, 1, []string{"w1"}, nil),
		okReceipt("longest-record", "The longest record, in a receipt.", nonePolicy, receiptOf(entryOf("253402300799", long.note()), 1, 2, noLines), long.id(), 253402300799, 1, 2, 0, nil, nil),
		okReceipt("two-logs", "The policy knows another log too.", twoLogsOneWatch, receiptOf(contractEntry, 4, 9, cosigners(registeredAt, w1)), id, registeredAt, 4, 9, registeredAt, []string{"w1"}, nil),
		okReceipt("signed-by-two-logs", "Another log that the policy knows signed the checkpoint too.", twoLogsOneWatch,
			receiptOf(contractEntry, 4, 9, func(text string) string { return otherLog.sign(text) + w1.cosign(text, registeredAt) }), id, registeredAt, 4, 9, registeredAt, []string{"w1"}, nil),
		okReceipt("unknown-lines", "Lines of unknown keys are ignored, whatever they are.", nonePolicy,
			receiptOf(contractEntry, 4, 9, func(text string) string {
				return stranger.line([]byte("x")) + stranger.as(ledgerKey.name).line(make([]byte, 64)) + signatureLine("w1", w1.id(), make([]byte, 72)) + w1.line(make([]byte, 72))
			}), id, registeredAt, 4, 9, 0, nil, nil),
		okReceipt("log-line-last", "The ledger's line comes last.", oneWitness, lastLine(), id, registeredAt, 4, 9, registeredAt, []string{"w1"}, nil))
}

// lastLine is a receipt in which the ledger's line follows a witness's.
func lastLine() string {
	t := logWith(contractEntry, 4, 9)
	text := checkpointText(ledgerKey.name, 9, t.root(9))
	return tlogProof(contractEntry, 4, t.path(4, 9), text+"\n"+w1.cosign(text, registeredAt)+ledgerKey.sign(text))
}

// quorumReceipts are about which cosignatures count, and whether they are enough.
func quorumReceipts() []vector {
	id := filedModel.id()
	at := func(lines func(string) string) string { return receiptOf(contractEntry, 4, 9, lines) }
	ok := func(name, comment, policy string, lines func(string) string, seenBy uint64, witnesses ...string) vector {
		return okReceipt("quorum-"+name, comment, policy, at(lines), id, registeredAt, 4, 9, seenBy, witnesses, nil)
	}
	bad := func(name, kind, comment, policy string, lines func(string) string) vector {
		return badReceipt("quorum-"+name, kind, comment, policy, at(lines))
	}
	const now = registeredAt
	both := func(a, b func(string) string) func(string) string {
		return func(text string) string { return a(text) + b(text) }
	}
	w4, w5 := witnessKey("witness.example/w4"), witnessKey("witness.example/w5")
	nested := logLine + threeW + "witness w4 " + w4.vkey() + "\nwitness w5 " + w5.vkey() + "\ngroup a 2 w1 w2 w3\ngroup b any w4 w5\ngroup c all a b\nquorum c\n"
	failing := func(text string) string { return w1.line(append(w1.cosignature(text, now)[:71], 0)) }
	short := func(text string) string { return w1.line(w1.cosignature(text, now)[:71]) }
	return []vector{
		ok("none-with-cosignature", "No witness is asked for; one that is known cosigned.", logLine+w1Line+"quorum none\n", cosigners(now, w1), 0, "w1"),
		ok("none-with-old-cosignature", "No witness is asked for; one cosigned too early to count.", logLine+w1Line+"quorum none\n", cosigners(now-301, w1), 0),
		ok("one-at-the-time", "The witness cosigned at the time of registration.", oneWitness, cosigners(now, w1), now, "w1"),
		ok("one-300-seconds-before", "The witness cosigned as early as counts.", oneWitness, cosigners(now-300, w1), now-300, "w1"),
		ok("one-years-later", "The witness cosigned years later.", oneWitness, cosigners(now+1e8, w1), now+1e8, "w1"),
		ok("one-old-and-new", "The witness cosigned twice, once in time.", oneWitness, both(cosigners(now-1000, w1), cosigners(now+5, w1)), now+5, "w1"),
		ok("one-new-and-old", "The witness cosigned twice, once in time.", oneWitness, both(cosigners(now+5, w1), cosigners(now-1000, w1)), now+5, "w1"),
		ok("1-and-2-of-3", "Two of three witnesses cosigned.", twoOfThree, cosigners(now, w1, w2), now, "w1", "w2"),
		ok("1-and-3-of-3", "Two of three witnesses cosigned.", twoOfThree, cosigners(now, w1, w3), now, "w1", "w3"),
		ok("3-and-2-of-3", "Two of three witnesses cosigned, in another order than that of the policy.", twoOfThree, cosigners(now, w3, w2), now, "w2", "w3"),
		ok("3-of-3", "All witnesses cosigned.", twoOfThree, cosigners(now, w1, w2, w3), now, "w1", "w2", "w3"),
		ok("2-of-3-and-one-old", "Two cosigned in time, and the third too early to count.", twoOfThree, both(cosigners(now-301, w1), cosigners(now-300, w2, w3)), now-300, "w2", "w3"),
		ok("2-of-3-and-unknown", "Two cosigned, and an unknown witness.", twoOfThree, cosigners(now, w1, w4, w3), now, "w1", "w3"),
		ok("nested", "Groups of groups: two of three, and one of two.", nested, cosigners(now, w2, w3, w5), now, "w2", "w3", "w5"),
		ok("other-names", "The names are the policy's, not the keys'.", logLine+"witness Zürich "+w1.vkey()+"\nquorum Zürich\n", cosigners(now, w1), now, "Zürich"),
		bad("one-absent", "quorum", "The witness did not cosign.", oneWitness, noLines),
		bad("one-301-seconds-before", "quorum", "The witness cosigned a second too early to count.", oneWitness, cosigners(now-301, w1)),
		bad("one-unknown", "quorum", "Another witness cosigned, which the policy does not know.", oneWitness, cosigners(now, w2)),
		bad("one-unknown-under-the-name", "quorum", "An unknown key cosigned under the witness's name.", oneWitness, cosigners(now, w2.as(w1.name))),
		bad("one-signed-as-log", "quorum", "The witness's key signed as a log does, under another key id.", oneWitness, func(text string) string { return w1.ofType(1).sign(text) }),
		bad("1-of-3", "quorum", "One of three witnesses cosigned, and two have to.", twoOfThree, cosigners(now, w2)),
		bad("1-of-3-twice", "quorum", "One of three witnesses cosigned, twice.", twoOfThree, both(cosigners(now, w2), cosigners(now+1, w2))),
		bad("1-of-3-and-one-old", "quorum", "One witness cosigned in time, one too early to count.", twoOfThree, both(cosigners(now, w1), cosigners(now-301, w2))),
		bad("0-of-3", "quorum", "No witness cosigned.", twoOfThree, noLines),
		bad("2-of-all", "quorum", "Two witnesses cosigned, and all have to.", logLine+threeW+"group g all w1 w2 w3\nquorum g\n", cosigners(now, w1, w2)),
		bad("0-of-any", "quorum", "No witness cosigned, and any has to.", logLine+threeW+"group g any w1 w2 w3\nquorum g\n", noLines),
		bad("nested-first-group", "quorum", "One group is not met.", nested, cosigners(now, w1, w4, w5)),
		bad("nested-second-group", "quorum", "One group is not met.", nested, cosigners(now, w1, w2, w3)),
		bad("other-witness-of-the-policy", "quorum", "A witness cosigned that the quorum does not ask for.", logLine+threeW+"quorum w1\n", cosigners(now, w2, w3)),
		bad("fails", "cosignature", "The witness's line does not verify.", oneWitness, failing),
		bad("of-71-bytes", "cosignature", "The witness's line lacks a byte.", oneWitness, short),
		bad("fails-and-none-asked-for", "cosignature", "A known witness's line does not verify, and none is asked for.", logLine+w1Line+"quorum none\n", failing),
		bad("fails-beside-enough", "cosignature", "A known witness's line does not verify, beside two that are enough.", twoOfThree, both(cosigners(now, w2, w3), failing)),
		bad("fails-beside-its-own", "cosignature", "Of two lines of the witness one does not verify.", oneWitness, both(cosigners(now, w1), failing)),
		bad("of-other-checkpoint", "cosignature", "The witness cosigned another checkpoint.", oneWitness, func(text string) string {
			return w1.cosign(checkpointText(ledgerKey.name, 9, numbered(9).root(9)), now)
		}),
		bad("other-log-fails", "cosignature", "The line of another log that the policy knows does not verify.", twoLogsOneWatch, func(text string) string {
			return otherLog.line(make([]byte, 64)) + w1.cosign(text, now)
		}),
	}
}

// documents lists files with their salts; nil for a public one.
func document(name, data string, salt []byte) map[string]any {
	d := octets("data", data)
	list := map[string]any{"name": name, d.name: d.value}
	if salt != nil {
		list["salt"] = hex.EncodeToString(salt)
	}
	return list
}

func documentReceipts() []vector {
	proof := receiptOf(contractEntry, 4, 9, noLines)
	ok := func(name, comment string, documents ...map[string]any) vector {
		if documents == nil {
			documents = []map[string]any{}
		}
		return okReceipt("documents-"+name, comment, nonePolicy, proof, filedModel.id(), registeredAt, 4, 9, 0, nil, documents)
	}
	bad := func(name, comment string, documents ...map[string]any) vector {
		return refused("receipt", "documents-"+name, "documents", comment, receiptInputs(nonePolicy, proof, documents)...)
	}
	terms, drawing := document("document-1.md", termsFile, termsSalt), document("drawing 7.pdf", drawingFile, nil)
	longer := slices.Clone(termsSalt)
	return []vector{
		ok("none", "No document is given."),
		ok("all", "All documents are given, and match.", terms, drawing),
		ok("salted", "The salted document is given.", terms),
		ok("public", "The public document is given.", drawing),
		bad("salted-changed", "A byte of the salted document is changed.", document("document-1.md", strings.Replace(termsFile, "Forty", "Fifty", 1), termsSalt)),
		bad("public-changed", "A byte of the public document is changed.", document("drawing 7.pdf", strings.Replace(drawingFile, "7", "8", 1), nil)),
		bad("public-changed-beside-salted", "One of two documents does not match.", terms, document("drawing 7.pdf", "", nil)),
		bad("public-cut", "The public document lacks its last byte.", document("drawing 7.pdf", drawingFile[:len(drawingFile)-1], nil)),
		bad("public-longer", "A line feed follows the public document.", document("drawing 7.pdf", drawingFile+"\n", nil)),
		bad("public-empty", "The public document is empty.", document("drawing 7.pdf", "", nil)),
		bad("salted-of-other-size", "The salted document is of a size that is rounded up to another.", document("document-1.md", strings.Repeat("x", 4097), termsSalt)),
		bad("salt-changed", "A bit of the salt is changed.", document("document-1.md", termsFile, append([]byte{termsSalt[0] ^ 1}, termsSalt[1:]...))),
		bad("salt-missing", "The salted document comes without its salt.", document("document-1.md", termsFile, nil)),
		bad("salt-of-31-bytes", "The salt lacks its last byte, which begins the document.", document("document-1.md", string(termsSalt[31:])+termsFile, termsSalt[:31])),
		bad("salt-of-33-bytes", "The salt has the document's first byte at its end.", document("document-1.md", termsFile[1:], append(longer, termsFile[0]))),
		bad("salt-in-the-document", "The document begins with its salt.", document("document-1.md", string(termsSalt)+termsFile, nil)),
		bad("salt-of-a-public-one", "The public document comes with a salt.", document("drawing 7.pdf", drawingFile, termsSalt)),
		bad("exchanged", "Each document has the name of the other.", document("document-1.md", drawingFile, termsSalt), document("drawing 7.pdf", termsFile, nil)),
		bad("unknown-name", "The record names no such document.", document("notes.txt", "notes", nil)),
		bad("name-in-other-case", "The name differs from the document's in case.", document("Drawing 7.pdf", drawingFile, nil)),
	}
}

// receiptsOutOfForm fail at the steps proof and entry.
func receiptsOutOfForm() []vector {
	good := receiptOf(contractEntry, 4, 9, noLines)
	with := func(entry string) string { return receiptOf(entry, 4, 9, noLines) }
	note := filedModel.note()
	replace := func(old, with string) string {
		if !strings.Contains(good, old) {
			panic("the receipt has no " + old)
		}
		return strings.Replace(good, old, with, 1)
	}
	var vs []vector
	for _, s := range []sample{
		{"proof-empty", "", "Nothing at all."},
		{"proof-in-crlf", strings.ReplaceAll(good, "\n", "\r\n"), "All lines end in CR LF."},
		{"proof-of-version-2", replace("@v1", "@v2"), "The proof is of another version."},
		{"proof-index-leading-zero", replace("index 4", "index 04"), "The index has a leading zero."},
		{"proof-cut", good[:len(good)-10], "The proof ends within its last line."},
		{"proof-extra-unpadded", replace("extra "+base64.StdEncoding.EncodeToString([]byte(contractEntry)), "extra AAA"), "The entry is not canonical base64."},
		{"proof-extension-line", replace("\n9\n", "\n9\nextension\n"), "The checkpoint has four lines."},
		{"proof-extra-of-65536-bytes", with(strings.Repeat("x", 65536)), "The extra data is longer than a proof's may be."},
		{"proof-is-the-record", note, "The receipt is the record."},
		{"proof-is-the-checkpoint", good[strings.Index(good, "\n\n")+2:], "The receipt is the checkpoint alone."},
	} {
		vs = append(vs, badReceipt(s.name, "proof", s.comment, nonePolicy, s.value))
	}
	for _, s := range []sample{
		{"entry-absent", with(""), "The proof has no extra data."},
		{"entry-is-the-record", with(note), "The extra data is the record without its line."},
		{"entry-registered-leading-zero", with(entryOf("01767690000", note)), "The time has a leading zero."},
		{"entry-registered-written", with(entryOf("2026-01-06T09:00:00Z", note)), "The time is no number of seconds."},
		{"entry-draft", with(entryOf("1767690000", filedModel.text.String()+"\n")), "The record has no signature line."},
		{"entry-record-not-in-form", with(entryOf("1767690000", signed(filedModel.text.with("made", "made 2026-02-30T09:00:00Z").String(), filedModel.signed...))), "The record's time is none."},
		{"entry-record-in-crlf", with(entryOf("1767690000", strings.ReplaceAll(note, "\n", "\r\n"))), "The record's lines end in CR LF."},
		{"entry-of-32769-bytes", with(entryOf("1767690000", oversized(contractModel, 32769))), "The entry is one byte too long."},
		{"entry-of-nothing", with("x"), "The extra data is a letter."},
	} {
		vs = append(vs, badReceipt(s.name, "entry", s.comment, nonePolicy, s.value))
	}
	return vs
}
