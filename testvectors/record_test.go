package testvectors

import (
	"slices"
	"strings"
)

func recordVectors() []vector {
	return slices.Concat(recordKinds(), recordLines(), recordValues(), recordTitles(), recordParties(), recordKeys(),
		recordDocuments(), recordTimes(), recordNotes(), recordSignatures(), recordThresholds())
}

// A model is a good record that the vectors change at one place.
type model struct {
	name    string
	text    lines
	ledger  key
	signers []key // who may sign, in order
	signed  []key // who does
}

// ok returns the vector of a record that says something else and is as good.
func (m model) ok(name, comment string, text lines) vector {
	return m.okNote(name, comment, text.String(), signed(text.String(), m.signed...))
}

// okNote is ok with the signature lines as they stand in note.
func (m model) okNote(name, comment, text, note string) vector {
	kind := strings.Split(text, "/")[1]
	return accepted("record", m.name+"-"+name, comment, octets("record", note), member{"kind", kind}, member{"id", sha(text)},
		member{"ledger", m.ledger.vkey()}, member{"signers", vkeys(m.signers...)}, member{"signed", vkeys(m.signed...)})
}

// bad returns the vector of a text that is not in form, signed as the good one is.
func (m model) bad(name, comment string, text lines) vector {
	return m.fault(name, "form", comment, signed(text.String(), m.signed...))
}

// fault returns the vector of a note that fails.
func (m model) fault(name, kind, comment, note string) vector {
	return refused("record", m.name+"-"+name, kind, comment, octets("record", note))
}

// by returns the model with other signers.
func (m model) by(signers, signed []key) model {
	m.signers, m.signed = signers, signed
	return m
}

// note returns the model's record.
func (m model) note() string { return signed(m.text.String(), m.signed...) }

func (m model) id() string { return sha(m.text.String()) }

// buyers are the keys of the party buyer of every model, of which two have to sign.
var buyers = []key{anna, ben, cleo}

// partyLine returns "<keyword> <role> <threshold> <vkey> …".
func partyLine(keyword, role, threshold string, keys ...key) string {
	return keyword + " " + role + " " + threshold + " " + strings.Join(vkeys(keys...), " ")
}

// contractModel is a contract of a manufacturer and a buyer.
var contractModel = model{
	name: "contract",
	text: parse(`chirograph/contract/v1
ledger ` + ledgerKey.vkey() + `
made 2026-01-05T09:00:00Z
sign-by 2026-02-04T09:00:00Z
nonce 000102030405060708090a0b0c0d0e0f
title Forty flow meters
` + partyLine("party", "manufacturer", "1", maker) + `
` + partyLine("party", "buyer", "2", buyers...) + `
document salted-sha256:` + sha("terms") + ` 8192 text/markdown terms document-1.md
document sha256:` + sha("drawing") + ` 48213 application/pdf drawing drawing 7 (rev. B).pdf
from 2026-02-01
until 2027-01-31
terminable manufacturer:90 buyer:30
`),
	ledger:  ledgerKey,
	signers: []key{maker, anna, ben, cleo},
	signed:  []key{maker, anna, ben},
}

// replacementModel is a contract, under a frame, that replaces contractModel: heir
// takes the place of maker.
var replacementModel = model{
	name: "replacement",
	text: contractModel.text.with("party manufacturer", partyLine("party", "manufacturer", "1", heir)).
		with("nonce", "nonce f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff").
		after("terminable",
			"replaces "+contractModel.id(),
			partyLine("former", "manufacturer", "1", maker),
			partyLine("former", "buyer", "2", buyers...),
			"under "+sha("frame")),
	ledger:  ledgerKey,
	signers: []key{heir, anna, ben, cleo, maker},
	signed:  []key{heir, ben, cleo, maker},
}

// statementModel is a statement of both parties of contractModel.
var statementModel = model{
	name: "statement",
	text: parse(`chirograph/statement/v1
ledger ` + ledgerKey.vkey() + `
made 2026-03-01T00:00:00Z
sign-by 2026-03-31T00:00:00Z
nonce 101112131415161718191a1b1c1d1e1f
contract ` + contractModel.id() + `
` + partyLine("by", "manufacturer", "1", maker) + `
` + partyLine("by", "buyer", "2", buyers...) + `
about acceptance
answers ` + sha("delivery") + `
document sha256:` + sha("minutes") + ` 912 text/plain minutes minutes.txt
`),
	ledger:  ledgerKey,
	signers: []key{maker, anna, ben, cleo},
	signed:  []key{maker, anna, cleo},
}

// terminationModel is a termination of contractModel by its buyer.
var terminationModel = model{
	name: "termination",
	text: parse(`chirograph/termination/v1
ledger ` + ledgerKey.vkey() + `
made 2026-05-01T12:30:59Z
sign-by 2026-05-02T12:30:59Z
nonce 202122232425262728292a2b2c2d2e2f
contract ` + contractModel.id() + `
` + partyLine("by", "buyer", "2", buyers...) + `
effective 2026-07-01
document sha256:` + sha("letter") + ` 0 text/plain letter letter.txt
`),
	ledger:  ledgerKey,
	signers: buyers,
	signed:  []key{ben, cleo},
}

// revocationModel is a revocation of maker's key.
var revocationModel = model{
	name: "revocation",
	text: parse(`chirograph/revocation/v1
ledger ` + ledgerKey.vkey() + `
made 2026-01-01T00:00:00Z
nonce 303132333435363738393a3b3c3d3e3f
key ` + maker.vkey() + `
reason lost
`),
	ledger:  ledgerKey,
	signers: []key{maker},
	signed:  []key{maker},
}

var models = []model{contractModel, replacementModel, statementModel, terminationModel, revocationModel}

// recordKinds returns the models themselves, and what each may leave out at most.
func recordKinds() []vector {
	c, s, t, r := contractModel, statementModel, terminationModel, revocationModel
	vs := []vector{
		c.ok("whole", "A contract with every optional line but those of replacement and frame.", c.text),
		replacementModel.ok("whole", "A contract that replaces another, under a frame.", replacementModel.text),
		s.ok("whole", "A statement by both parties with every optional line.", s.text),
		t.ok("whole", "A termination by one party with every optional line.", t.text),
		r.ok("whole", "A revocation.", r.text),
		c.ok("least", "A contract with no optional line and one document.",
			c.text.without("title").without("document sha256").without("from").without("until").without("terminable")),
		s.by([]key{maker}, []key{maker}).ok("least", "A statement by one party with no optional line.",
			s.text.without("by buyer").without("answers").without("document")),
		t.ok("least", "A termination with no optional line.", t.text.without("effective").without("document")),
		c.by([]key{maker, anna, ben, cleo}, []key{maker, anna, ben, cleo}).ok("signed-by-all", "More keys sign than have to; the id is that of contract-whole.json.", c.text),
		c.by([]key{maker, anna, ben, cleo}, []key{maker, anna, cleo}).ok("signed-by-others", "Other keys of the buyer sign; the id is that of contract-whole.json.", c.text),
	}
	for _, reason := range []string{"superseded", "compromised"} {
		vs = append(vs, r.ok("reason-"+reason, "A revocation for another reason.", r.text.with("reason", "reason "+reason)))
	}
	for _, reason := range []struct{ name, line string }{
		{"unknown", "reason stolen"}, {"uppercase", "reason Lost"}, {"empty", "reason "}, {"without-value", "reason"}, {"two", "reason lost compromised"}, {"with-space-after", "reason lost "},
	} {
		vs = append(vs, r.bad("reason-"+reason.name, "The reason is none of superseded, lost and compromised.", r.text.with("reason", reason.line)))
	}
	for _, m := range models {
		kind := m.text[0]
		for _, first := range []struct{ name, line string }{
			{"of-version-2", strings.TrimSuffix(kind, "1") + "2"}, {"of-version-10", kind + "0"}, {"without-version", strings.TrimSuffix(kind, "/v1")},
			{"with-space-after", kind + " "}, {"in-uppercase", strings.ToUpper(kind)}, {"with-origin", "c2sp.org/" + kind},
			{"with-byte-order-mark", "\ufeff" + kind},
		} {
			vs = append(vs, m.bad("kind-"+first.name, "The first line names no known kind.", m.text.with(kind, first.line)))
		}
	}
	return append(vs,
		c.bad("kind-unknown", "The first line names no known kind.", c.text.with("chirograph/", "chirograph/offer/v1")),
		c.bad("kind-of-statement", "The first line says statement, the others contract.", c.text.with("chirograph/", "chirograph/statement/v1")),
		r.bad("kind-of-termination", "The first line says termination, the others revocation.", r.text.with("chirograph/", "chirograph/termination/v1")))
}
