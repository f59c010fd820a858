package testvectors

import (
	"fmt"
	"slices"
	"strings"
)

// contentFaults are ZIPs as they should be with files that do not belong together.
func contentFaults() []vector {
	return slices.Concat(recordFaults(), receiptFaults(), documentFaults())
}

func unfit(name, comment string, files map[string]string) vector {
	return badDossier(name, comment, archive(files).bytes())
}

// altered is for a dossier in which a document is not the one that its record
// names.
func altered(name, comment string, files map[string]string) vector {
	return refused("dossier", name, "documents", comment, dossierInput(archive(files).bytes()))
}

func recordFaults() []vector {
	m, d, a, c, r := filedModel, deliveryModel, amendedModel, callOffModel, revocationModel
	files := whole()
	least := map[string]string{"policy": nonePolicy, m.notePath(): m.note()}
	other := m
	other.text = m.text.with("nonce", "nonce "+strings.Repeat("c3", 16))
	text := m.text.String()
	record := func(note string) map[string]string { return with(least, m.notePath(), note) }
	rival := a
	rival.text = a.text.with("nonce", "nonce "+strings.Repeat("d4", 16))
	return []vector{
		unfit("policy-absent", "There is no policy.", lacking(files, "policy")),
		unfit("policy-empty", "The policy is empty.", with(files, "policy", "")),
		unfit("policy-with-nul", "The policy has a control character.", with(files, "policy", "# \x00\n"+nonePolicy)),
		unfit("policy-outside-utf-8", "The policy is not UTF-8.", with(files, "policy", "# \xff\n"+nonePolicy)),
		unfit("policy-in-crlf", "The policy's lines end in CR LF.", with(files, "policy", strings.ReplaceAll(nonePolicy, "\n", "\r\n"))),
		unfit("record-absent", "There is a policy and no record.", map[string]string{"policy": nonePolicy}),
		unfit("record-empty", "The record is empty.", record("")),
		unfit("record-not-in-form", "The record ends within its last line.", record(m.note()[:len(m.note())-5])),
		unfit("record-in-crlf", "The record's lines end in CR LF.", record(strings.ReplaceAll(m.note(), "\n", "\r\n"))),
		unfit("record-text-alone", "The record is its text without the empty line.", record(text)),
		unfit("record-of-other-id", "The record has another id than its path.", record(other.note())),
		unfit("record-signed-by-stranger", "A stranger signed the record.", record(m.note()+stranger.sign(text))),
		unfit("record-signature-fails", "A signature under the record is of another text.", record(text+"\n"+maker.line(maker.signs([]byte("other text"))))),
		unfit("record-signed-out-of-order", "The lines under the record are out of order.", record(signed(text, ben, anna))),
		unfit("record-signed-twice", "A key signed the record twice.", record(signed(text, maker, maker))),
		unfit("two-contracts", "Two contracts have nothing to do with each other.", with(least, other.notePath(), other.note())),
		unfit("two-replacements", "Two contracts take the place of one.", with(least, a.notePath(), a.note(), rival.notePath(), rival.note())),
		unfit("replacement-and-call-off", "A contract took the place of one, another is under it.", with(least, a.notePath(), a.note(), c.notePath(), c.note())),
		unfit("contract-absent", "There is a statement, and no contract.", map[string]string{"policy": nonePolicy, d.notePath(): d.note()}),
		unfit("statement-of-other-contract", "The contract of a statement is not there, another is.", map[string]string{"policy": nonePolicy, other.notePath(): other.note(), d.notePath(): d.note()}),
		unfit("statement-of-statement", "What a statement names as its contract is a statement.", with(least, d.notePath(), d.note(), onStatement().notePath(), onStatement().note())),
		unfit("revocation-alone", "There is a revocation, and no contract.", map[string]string{"policy": nonePolicy, r.notePath(): r.note()}),
	}
}

// onStatement is a statement whose contract is deliveryModel, which is none.
func onStatement() model {
	m := deliveryModel
	m.text = m.text.with("contract", "contract "+deliveryModel.id())
	return m
}

func receiptFaults() []vector {
	m, d := filedModel, deliveryModel
	files := lacking(whole(), m.firstPath())
	first := func(receipt string) map[string]string { return with(files, m.firstPath(), receipt) }
	more := signed(m.text.String(), m.signers...)
	moreEntry := entryOf(fmt.Sprint(registeredAt), more)
	later := entryOf(fmt.Sprint(registeredAt+1), m.note())
	draft := m.draft()
	return []vector{
		unfit("receipt-of-other-record", "The receipt is that of a statement.", with(files, m.receiptPath(), d.registered(6, 9))),
		unfit("receipt-without-record", "A receipt's record is not there.", with(files, d.receiptPath(), d.registered(6, 9))),
		unfit("receipt-of-more-signatures", "The receipt's record has a signature line more.", with(files, m.receiptPath(), receiptOf(moreEntry, 4, 9, noLines))),
		unfit("receipt-of-fewer-signatures", "The receipt's record has a signature line fewer.", with(files, m.notePath(), more)),
		unfit("receipt-of-complete-record-beside-draft", "The record is a draft of the receipt's.", with(files, m.notePath(), m.draft(maker))),
		unfit("receipt-of-draft", "The receipt's entry holds a draft that nobody signed.", with(files, m.notePath(), draft, m.receiptPath(), receiptOf(entryOf(fmt.Sprint(registeredAt), draft), 4, 9, noLines))),
		unfit("receipt-empty", "The receipt is empty.", with(files, m.receiptPath(), "")),
		unfit("receipt-not-in-form", "The receipt's index has a leading zero.", with(files, m.receiptPath(), strings.Replace(m.registered(4, 9), "index 4", "index 04", 1))),
		unfit("receipt-in-crlf", "The receipt's lines end in CR LF.", with(files, m.receiptPath(), strings.ReplaceAll(m.registered(4, 9), "\n", "\r\n"))),
		unfit("receipt-without-entry", "The receipt has no extra data.", with(files, m.receiptPath(), receiptOf("", 4, 9, noLines))),
		unfit("receipt-with-other-extra", "The receipt's extra data is no entry.", with(files, m.receiptPath(), receiptOf("x", 4, 9, noLines))),
		unfit("first-receipt-alone", "The first receipt is there, and the newest is not.", lacking(whole(), m.receiptPath())),
		unfit("first-receipt-the-same", "The first receipt is the newest.", first(m.registered(4, 9))),
		unfit("first-receipt-of-same-size", "The first receipt is of a tree of the same size, and cosigned.", first(receiptOf(entryOf(fmt.Sprint(registeredAt), m.note()), 4, 9, cosigners(registeredAt, w1)))),
		unfit("first-receipt-of-larger-tree", "The first receipt is of a larger tree than the newest.", first(m.registered(4, 10))),
		unfit("first-receipt-of-other-index", "The first receipt says that the record is another entry.", first(m.registered(3, 5))),
		unfit("first-receipt-of-other-time", "The first receipt says another time.", first(receiptOf(later, 4, 5, noLines))),
		unfit("first-receipt-of-other-record", "The first receipt is that of a statement.", first(d.registered(4, 5))),
		unfit("first-receipt-of-more-signatures", "The first receipt's record has a signature line more.", first(receiptOf(moreEntry, 4, 5, noLines))),
		unfit("first-receipt-not-in-form", "The first receipt ends within its last line.", first(m.registered(4, 5)[:500])),
	}
}

func documentFaults() []vector {
	m, d := filedModel, deliveryModel
	files := whole()
	terms, drawing, salt := m.documentPath("document-1.md"), m.documentPath("drawing 7.pdf"), m.saltPath("document-1.md")
	return []vector{
		altered("document-changed", "A byte of the public document is changed.", with(files, drawing, strings.Replace(drawingFile, "7", "8", 1))),
		altered("document-longer", "A line feed follows the public document.", with(files, drawing, drawingFile+"\n")),
		altered("document-shorter", "The public document lacks its last byte.", with(files, drawing, drawingFile[:len(drawingFile)-1])),
		altered("document-empty", "The public document is empty.", with(files, drawing, "")),
		altered("document-salted-changed", "A byte of the salted document is changed.", with(files, terms, strings.Replace(termsFile, "Forty", "Fifty", 1))),
		altered("document-salted-of-other-size", "The salted document is of a size that is rounded up to another.", with(files, terms, strings.Repeat("x", 4097))),
		unfit("document-unknown", "The contract names no such document.", with(files, m.documentPath("notes.txt"), "notes")),
		unfit("document-in-other-case", "A document's name differs in case.", with(lacking(files, drawing), m.documentPath("Drawing 7.pdf"), drawingFile)),
		unfit("document-of-absent-record", "A document's record is not there.", with(files, d.documentPath("drawing 7.pdf"), drawingFile)),
		unfit("document-of-record-without", "A document is of a statement that names none.", with(files, d.notePath(), d.note(), d.documentPath("drawing 7.pdf"), drawingFile)),
		altered("document-exchanged", "Each document has the name of the other.", with(files, drawing, termsFile, terms, drawingFile)),
		altered("salt-changed", "A bit of the salt is changed.", with(files, salt, string(append([]byte{termsSalt[0] ^ 1}, termsSalt[1:]...)))),
		unfit("salt-of-31-bytes", "The salt lacks a byte.", with(files, salt, string(termsSalt[:31]))),
		unfit("salt-of-33-bytes", "The salt has a byte too many.", with(files, salt, string(termsSalt)+"x")),
		unfit("salt-in-hex", "The salt is in hex.", with(files, salt, fmt.Sprintf("%x", termsSalt))),
		unfit("salt-empty", "The salt is empty.", with(files, salt, "")),
		unfit("salt-of-31-bytes-alone", "The salt of a document that is not there lacks a byte.", lacking(with(files, salt, string(termsSalt[:31])), terms)),
		unfit("salt-of-public-document", "The public document has a salt.", with(files, m.saltPath("drawing 7.pdf"), string(termsSalt))),
		unfit("salt-of-unknown-document", "The contract names no such document.", with(files, m.saltPath("notes.txt"), string(termsSalt))),
		unfit("salt-of-absent-record", "A salt's record is not there.", with(files, d.saltPath("document-1.md"), string(termsSalt))),
	}
}
