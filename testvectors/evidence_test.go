package testvectors

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
)

const evidenceLine = "chirograph/evidence/v1\n"

func evidenceVectors() []vector {
	return slices.Concat(evidenceOfForm(), evidenceOfRefers(), evidenceOfChains(), evidenceOfTime(), evidenceOfSigners(), evidenceOfEnds(),
		evidenceOfFrames(), evidenceOfTerminations(), evidenceOfAbsence(), evidenceOfUnknownKinds(), evidenceBrokenBefore(),
		evidenceOutOfForm(), evidenceOfOthers(), evidenceOutsideTrees(), evidenceOfBadEntries(), evidenceOfOtherRules(),
		forks(), noForks(), forksOutOfForm(), forksOfEntries(), noForksOfEntries(), forksOfEntriesOutOfForm(), backdatings())
}

// A logged is an entry of a log, with the id of the record in it where that is in form.
type logged struct{ entry, id string }

// logAt returns the entry of a record, registered so many seconds after registeredAt.
func logAt(seconds int64, m model) logged {
	return logged{entryOf(fmt.Sprint(registeredAt+seconds), m.note()), m.id()}
}

// on is logAt in days.
func on(days int64, m model) logged { return logAt(days*oneDay, m) }

// A charge is evidence in the making: a log, and of which entries of it there are
// proofs.
type charge struct {
	rule   string
	absent string // two indexes; "" for none
	log    []logged
	proofs []int // the breaking entry first
}

// charged returns the charge that the last of these entries breaks the rule, with
// all of them as proof. In the log they stand from index 2 on, between others.
func charged(rule string, entries ...logged) charge {
	c := charge{rule: rule, log: append([]logged{{entry: "leaf 0"}, {entry: "leaf 1"}}, entries...)}
	breaking := len(c.log) - 1
	c.proofs = []int{breaking}
	for i := 2; i < breaking; i++ {
		c.proofs = append(c.proofs, i)
	}
	for i := len(c.log); i < 9; i++ {
		c.log = append(c.log, logged{entry: fmt.Sprint("leaf ", i)})
	}
	return c
}

// from0 returns the charge with the log cut off before its index 2.
func (c charge) from0() charge {
	c.log = c.log[2:]
	c.proofs = slices.Clone(c.proofs)
	for i := range c.proofs {
		c.proofs[i] -= 2
	}
	return c
}

// proving returns the charge with proofs of other entries.
func (c charge) proving(indexes ...int) charge {
	c.proofs = indexes
	return c
}

// missing returns the charge with a line absent.
func (c charge) missing(absent string) charge {
	c.absent = absent
	return c
}

func (c charge) tree() tree {
	leaves := make([][]byte, len(c.log))
	for i, l := range c.log {
		leaves[i] = leafHash(l.entry)
	}
	return treeOf(leaves)
}

func (c charge) size() uint64 { return uint64(len(c.log)) }

// checkpoint returns the checkpoint of the log, with the lines that its text gets
// after the ledger's.
func (c charge) checkpoint(lines func(text string) string) string {
	text := checkpointText(ledgerKey.name, c.size(), c.tree().root(c.size()))
	return signed(text, ledgerKey) + lines(text)
}

// proof returns the proof of an entry under a checkpoint.
func (c charge) proof(i int, checkpoint string) string {
	return tlogProof(c.log[i].entry, uint64(i), c.tree().path(uint64(i), c.size()), checkpoint)
}

// under returns the evidence, with all proofs under a checkpoint.
func (c charge) under(checkpoint string) string {
	var proofs []string
	for _, i := range c.proofs {
		proofs = append(proofs, c.proof(i, checkpoint))
	}
	return evidenceText(c.rule, c.absent, proofs...)
}

func (c charge) text() string { return c.under(c.checkpoint(noLines)) }

func evidenceText(rule, absent string, proofs ...string) string {
	text := evidenceLine + "rule " + rule + "\n"
	if absent != "" {
		text += "absent " + absent + "\n"
	}
	for _, p := range proofs {
		text += encodedLine("proof", p)
	}
	return text
}

func encodedLine(keyword, value string) string {
	return keyword + " " + base64.StdEncoding.EncodeToString([]byte(value)) + "\n"
}

func evidenceInputs(policy, evidence string) []member {
	return []member{octets("policy", policy), octets("evidence", evidence)}
}

// okEvidence returns the vector of a charge that is right.
func okEvidence(name, comment, verdict, policy, evidence string, c charge) vector {
	breaking := c.proofs[0]
	values := []member{{"verdict", verdict}, {"rule", c.rule}, {"index", fmt.Sprint(breaking)}}
	if id := c.log[breaking].id; id != "" {
		values = append(values, member{"id", id})
	}
	return accepted("evidence", name, comment, append(evidenceInputs(policy, evidence), values...)...)
}

// broke returns the vector of a charge that convinces.
func (c charge) broke(name, comment string) vector {
	return okEvidence(c.rule+"-"+name, comment, "yes", nonePolicy, c.text(), c)
}

// open returns the vector of a charge that is not to be decided by itself.
func (c charge) open(name, comment string) vector {
	v := okEvidence(name, comment, "unchecked", nonePolicy, c.text(), c)
	if c.absent != "" {
		v.members = append(v.members, member{"absent", strings.Split(c.absent, " ")})
	}
	return v
}

// kept returns the vector of a charge against a ledger that did nothing wrong.
func (c charge) kept(name, comment string) vector {
	return badEvidence("kept-"+c.rule+"-"+name, "rule", comment, nonePolicy, c.text())
}

func badEvidence(name, kind, comment, policy, evidence string) vector {
	return refused("evidence", name, kind, comment, evidenceInputs(policy, evidence)...)
}

// day returns the day so many days after registeredAt, which is on 2026-01-06.
func day(n int) string {
	return time.Unix(registeredAt, 0).UTC().AddDate(0, 0, n).Format(time.DateOnly)
}

const oneDay = 86400

// drawn returns a record made before registeredAt. The mark makes it differ from
// others.
func drawn(kind, mark string, by []key, rest ...string) model {
	head := []string{"chirograph/" + kind + "/v1", "ledger " + ledgerKey.vkey(), "made 2026-01-05T09:00:00Z", "sign-by 2026-02-04T09:00:00Z", "nonce " + strings.Repeat(mark, 16)}
	if kind == "revocation" {
		head = slices.Delete(head, 3, 4)
	}
	return model{name: kind, text: append(head, rest...), ledger: ledgerKey, signers: by, signed: by}
}

// Lines of the records of evidence.
var (
	makerParty = partyLine("party", "manufacturer", "1", maker)
	buyerParty = partyLine("party", "buyer", "2", buyers...)
	makerBy    = partyLine("by", "manufacturer", "1", maker)
	buyerBy    = partyLine("by", "buyer", "2", buyers...)
	termsLine  = documentLine("sha256:"+sha("terms"), "8192", "text/markdown", "terms", "terms.md")
	allKeys    = []key{maker, anna, ben}
)

// contract returns a contract of maker and the buyers with these optional lines.
func contract(mark string, lines ...string) model {
	return drawn("contract", mark, allKeys, append([]string{makerParty, buyerParty, termsLine}, lines...)...)
}

// successor returns the lines by which one contract of maker and the buyers
// replaces another.
func successor(old model) []string {
	return []string{"replaces " + old.id(), partyLine("former", "manufacturer", "1", maker), partyLine("former", "buyer", "2", buyers...)}
}

// statement returns a statement by maker with the lines after about.
func statement(mark string, c model, rest ...string) model {
	return drawn("statement", mark, []key{maker}, append([]string{"contract " + c.id(), makerBy, "about delivery"}, rest...)...)
}

// ending returns a termination by both parties; effective may be "".
func ending(mark string, c model, effective string) model {
	return endingBy(mark, c, allKeys, effective, makerBy, buyerBy)
}

func endingBy(mark string, c model, by []key, effective string, lines ...string) model {
	lines = append([]string{"contract " + c.id()}, lines...)
	if effective != "" {
		lines = append(lines, "effective "+effective)
	}
	return drawn("termination", mark, by, lines...)
}

func revocation(mark string, k key) model {
	return drawn("revocation", mark, []key{k}, "key "+k.vkey(), "reason lost")
}

// The contracts that the others are about.
var (
	accord  = contract("a0", "terminable manufacturer:90 buyer:30")
	accord2 = contract("a1", successor(accord)...)
	accord3 = contract("a2", successor(accord2)...)
	apart   = contract("a3")
)
