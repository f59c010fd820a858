package testvectors

import (
	"fmt"
	"slices"
)

// A judged dossier comes with a policy, by which its receipts are to hold, and holds
// filedModel and deliveryModel: entries 1 and 4.
func judgedDossiers() []vector {
	m, d := filedModel, deliveryModel
	entry := entryOf(fmt.Sprint(registeredAt), m.note())
	seen, early := cosigners(registeredAt, w1), cosigners(registeredAt-301, w1)
	statement := receiptOf(entryOf(fmt.Sprint(registeredAt), d.note()), 4, 5, seen)
	newest, first := receiptOf(entry, 1, 9, seen), receiptOf(entry, 1, 5, noLines)
	one := map[string]string{"policy": oneWitness, m.notePath(): m.note(), m.receiptPath(): newest, m.firstPath(): first}
	both := with(one, d.notePath(), d.note(), d.receiptPath(), statement)
	strange := func(size uint64, lines func(string) string) string { // the proof is of another index
		t := logWith(entry, 1, size)
		text := checkpointText(ledgerKey.name, size, t.root(size))
		return tlogProof(entry, 1, t.path(2, size), signed(text, ledgerKey)+lines(text))
	}
	ok := func(name, comment string, files map[string]string, others ...model) vector {
		v := okDossier(name, comment, files, m, others...)
		v.members = slices.Insert(v.members, len(v.members)-2, octets("policy", oneWitness))
		return v
	}
	bad := func(name, kind, comment string, files map[string]string) vector {
		return refused("dossier", name, kind, comment, dossierInput(archive(files).bytes()), octets("policy", oneWitness))
	}
	return []vector{
		ok("judged", "Both receipts of the contract meet the policy.", with(one, m.firstPath(), receiptOf(entry, 1, 5, seen))),
		ok("judged-first-receipt-without-quorum", "The oldest receipt, which bounds the time, may lack the quorum.", one),
		ok("judged-first-receipt-seen-before", "The oldest receipt's tree was cosigned 301 seconds before the entry: that does not count, and need not.", with(one, m.firstPath(), receiptOf(entry, 1, 5, early))),
		bad("judged-newest-receipt-without-quorum", "quorum", "The oldest receipt is cosigned, and the newest is not.", with(one, m.firstPath(), receiptOf(entry, 1, 5, seen), m.receiptPath(), receiptOf(entry, 1, 9, noLines))),
		bad("judged-receipt-without-quorum", "quorum", "The one receipt is not cosigned.", with(lacking(one, m.firstPath()), m.receiptPath(), first)),
		bad("judged-newest-receipt-of-other-index", "inclusion", "The newest receipt's hashes are those of another entry.", with(one, m.receiptPath(), strange(9, seen))),
		bad("judged-first-receipt-of-other-index", "inclusion", "The oldest receipt's hashes are those of another entry; that it lacks the quorum does not make up for it.", with(one, m.firstPath(), strange(5, noLines))),
		bad("judged-fork", "fork", "A statement's receipt is of another tree of the size that the oldest receipt's has, and all are cosigned.", with(both, m.firstPath(), receiptOf(entry, 1, 5, seen))),
		bad("judged-fork-of-first-receipt-without-quorum", "fork", "A statement's receipt is of another tree of the size that the oldest receipt's has, which nobody cosigned: the ledger signed both.", both),
		bad("judged-fork-of-first-receipt-seen-before", "fork", "As the former, and the oldest receipt's tree was cosigned 301 seconds before the entry.", with(both, m.firstPath(), receiptOf(entry, 1, 5, early))),
	}
}
