package testvectors

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
)

func dossierVectors() []vector {
	return slices.Concat(goodDossiers(), judgedDossiers(), zipFaults(), pathFaults(), contentFaults())
}

func dossierInput(data []byte) member {
	return member{"dossier_base64", base64.StdEncoding.EncodeToString(data)}
}

func okDossier(name, comment string, files map[string]string, contract model, others ...model) vector {
	records := []string{contract.id()}
	for _, m := range others {
		records = append(records, m.id())
	}
	slices.Sort(records)
	return accepted("dossier", name, comment, dossierInput(archive(files).bytes()), member{"contract", contract.id()}, member{"records", records})
}

func badDossier(name, comment string, data []byte) vector {
	return refused("dossier", name, "form", comment, dossierInput(data))
}

// Paths of a model's files.
func (m model) notePath() string                { return "records/" + m.id() + ".note" }
func (m model) receiptPath() string             { return "receipts/" + m.id() + ".tlog-proof" }
func (m model) firstPath() string               { return "receipts/" + m.id() + ".first.tlog-proof" }
func (m model) documentPath(name string) string { return "documents/" + m.id() + "/" + name }
func (m model) saltPath(name string) string     { return "salts/" + m.id() + "/" + name }

// The models of dossiers. They follow one another: filedModel is a contract,
// deliveryModel a statement under it, endModel a termination of it, amendedModel
// takes its place, and callOffModel is under it.
var (
	deliveryModel = shortStatement("delivery")
	endModel      = func() model {
		m := terminationModel
		m.text = m.text.without("document").with("contract", "contract "+filedModel.id())
		return m
	}()
	amendedModel = func() model {
		m := replacementModel.by([]key{maker, anna, ben, cleo}, []key{maker, anna, ben})
		m.text = filedModel.text.with("nonce", "nonce "+strings.Repeat("a1", 16)).without("document sha256").after("terminable",
			"replaces "+filedModel.id(), partyLine("former", "manufacturer", "1", maker), partyLine("former", "buyer", "2", buyers...))
		return m
	}()
	callOffModel = func() model {
		m := filedModel
		m.text = m.text.with("nonce", "nonce "+strings.Repeat("b2", 16)).without("document sha256").after("terminable", "under "+filedModel.id())
		return m
	}()
)

func shortStatement(about string) model {
	m := statementModel.by([]key{maker}, []key{maker})
	m.text = m.text.without("by buyer").without("answers").without("document").with("about", "about "+about).with("contract", "contract "+filedModel.id())
	return m
}

// draft returns the model with fewer lines.
func (m model) draft(keys ...key) string { return signed(m.text.String(), keys...) }

// registered returns a receipt of the model's record.
func (m model) registered(index, size uint64) string {
	return receiptOf(entryOf(fmt.Sprint(registeredAt), m.note()), index, size, noLines)
}

// whole returns the files of a dossier of filedModel that lacks nothing.
func whole() map[string]string {
	m := filedModel
	return map[string]string{
		"policy":                        nonePolicy,
		m.notePath():                    m.note(),
		m.receiptPath():                 m.registered(4, 9),
		m.firstPath():                   m.registered(4, 5),
		m.documentPath("document-1.md"): termsFile,
		m.documentPath("drawing 7.pdf"): drawingFile,
		m.saltPath("document-1.md"):     string(termsSalt),
	}
}

// with returns files with others added or put in place of them.
func with(files map[string]string, more ...string) map[string]string {
	files = maps.Clone(files)
	for i := 0; i < len(more); i += 2 {
		files[more[i]] = more[i+1]
	}
	return files
}

// lacking returns files without some.
func lacking(files map[string]string, paths ...string) map[string]string {
	files = maps.Clone(files)
	for _, p := range paths {
		if _, ok := files[p]; !ok {
			panic("there is no " + p)
		}
		delete(files, p)
	}
	return files
}

func goodDossiers() []vector {
	m, d, e, a, c, r := filedModel, deliveryModel, endModel, amendedModel, callOffModel, revocationModel
	files := whole()
	least := map[string]string{"policy": nonePolicy, m.notePath(): m.note()}
	return []vector{
		okDossier("whole", "A registered contract with two receipts, its documents and a salt.", files, m),
		okDossier("least", "A contract, complete and not registered, and a policy.", least, m),
		okDossier("draft-without-signatures", "A draft that nobody signed yet.", with(least, m.notePath(), m.draft()), m),
		okDossier("draft-with-one-signature", "A draft that one key signed.", with(least, m.notePath(), m.draft(ben)), m),
		okDossier("one-receipt", "The newest receipt is the oldest too.", lacking(files, m.firstPath()), m),
		okDossier("without-documents", "Documents and salts may be missing.", lacking(files, m.documentPath("document-1.md"), m.documentPath("drawing 7.pdf"), m.saltPath("document-1.md")), m),
		okDossier("document-without-salt", "A salted document is there, its salt is missing: nobody can compare it.", lacking(files, m.saltPath("document-1.md")), m),
		okDossier("salt-without-document", "A salted document is missing, its salt is there.", lacking(files, m.documentPath("document-1.md")), m),
		okDossier("policy-with-witnesses", "A policy with groups.", with(files, "policy", "# the ledger's own\n"+twoOfThree), m),
		okDossier("with-statement", "A registered contract, and a statement that is registered.", with(files, d.notePath(), d.note(), d.receiptPath(), d.registered(6, 9)), m, d),
		okDossier("with-drafts", "A registered contract, and drafts of a statement and a termination.", with(files, d.notePath(), d.draft(), e.notePath(), e.draft(cleo)), m, d, e),
		okDossier("with-revocation", "A contract, and a revocation of one of its keys.", with(least, r.notePath(), r.note(), r.receiptPath(), r.registered(7, 9)), m, r),
		okDossier("amended", "A contract, and one that takes its place: that is the dossier's.", with(files, a.notePath(), a.note()), a, m),
		okDossier("amended-and-registered", "A contract, one that took its place, and a statement under the first.",
			with(files, a.notePath(), a.note(), a.receiptPath(), a.registered(8, 9), d.notePath(), d.note()), a, m, d),
		okDossier("under-frame", "A contract, and the frame that it is under.", with(least, c.notePath(), c.note()), c, m),
		okDossier("replaced-contract-absent", "The contract that is replaced is not there.", map[string]string{"policy": nonePolicy, a.notePath(): a.note()}, a),
		okDossier("empty-document", "A document of no bytes.", map[string]string{"policy": nonePolicy, emptyFileModel.notePath(): emptyFileModel.note(), emptyFileModel.documentPath("empty"): ""}, emptyFileModel),
		okDossier("longest-name", "A document with the longest name.", map[string]string{"policy": nonePolicy, longNameModel.notePath(): longNameModel.note(), longNameModel.documentPath(strings.Repeat("n", 128)): "x"}, longNameModel),
	}
}

// The models of single dossiers.
var (
	emptyFileModel = withDocument("empty", "")
	longNameModel  = withDocument(strings.Repeat("n", 128), "x")
)

// withDocument is filedModel with a public document more.
func withDocument(name, data string) model {
	m := filedModel
	m.text = m.text.after("document sha256", documentLine("sha256:"+sha(data), fmt.Sprint(len(data)), "text/plain", "attachment", name))
	return m
}
