package certificate

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/qr"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

// facts is what a certificate is made of: nothing in it has failed.
type facts struct {
	item      verify.Item // the contract
	text      *record.Text
	items     []verify.Item // all that is registered, by index
	documents []dossier.Checked
	policy    *verify.Policy
	own       bool        // the policy is the dossier's own
	day       record.Date // the last that the items know of
	status    rules.Status
	receipt   []byte
	parts     []qr.Part
}

func readable(unix int64) string { return time.Unix(unix, 0).UTC().Format("2006-01-02 15:04:05 UTC") }

func short(id record.ID) words { return literal(id.String()[:12]) }

// lead says in a few sentences what this is about.
func (f *facts) lead() []words {
	reg := f.item.Registration
	return []words{
		join(say("Signed by %s, each with a key of its own, and registered as entry %d of the ledger ", rolesOf(f.text.Parties), reg.Index),
			theirs(f.text.Ledger.Name()), say(" on %s.", readable(reg.Registered))),
		join(say("By the records that this was drawn from, which reach to %s, it is ", f.day), f.standing(), say(". The ledger may have later ones.")),
	}
}

func rolesOf(parties []record.Party) string {
	var roles []string
	for _, p := range parties {
		roles = append(roles, p.Role)
	}
	if n := len(roles); n > 1 {
		return strings.Join(roles[:n-1], ", ") + " and " + roles[n-1]
	}
	return strings.Join(roles, "")
}

// standing says how the contract stands, with the ids in it short.
func (f *facts) standing() words {
	text := f.status.String()
	for _, id := range []record.ID{f.status.By, f.status.Ends.By} {
		if id != (record.ID{}) {
			text = strings.ReplaceAll(text, id.String(), id.String()[:12])
		}
	}
	if n := len(f.status.Disputes); n == 1 {
		text += "; one dispute is open"
	} else if n > 1 {
		text += fmt.Sprintf("; %d disputes are open", n)
	}
	return heavy("%s", text)
}

func (f *facts) sections() []section {
	return []section{f.contract(), f.parties(), f.files(), f.timeline(), f.proof(), f.how()}
}

func (f *facts) contract() section {
	t, reg := f.text, f.item.Registration
	from, until := "from the day it is registered", "without an end"
	if t.From != 0 {
		from = "from " + t.From.String()
	}
	if t.Until != 0 {
		until = "until " + t.Until.String() + ", that day included"
	}
	all := []fact{
		{"Id", literal(reg.Record.ID().String())},
		{"Ledger", join(theirs(t.Ledger.Name()), say(", key "), literal(t.Ledger.Public().Fingerprint()))},
		{"Drawn up", say("%s, as it says", readable(t.Made))},
		{"Registered", say("%s, as entry %d", readable(reg.Registered), reg.Index)},
	}
	switch {
	case f.item.Report.SeenBy != "":
		all = append(all, fact{"Seen by others", join(say("by %s at the latest: the quorum ", readable(reg.SeenBy)), theirs(f.policy.Quorum), say(" of witnesses had cosigned by then"))})
	default:
		all = append(all, fact{"Seen by others", say("nobody but the ledger vouches for the time")})
	}
	all = append(all, fact{"In force", say("%s, %s, as it says", from, until)})
	if len(t.Terminable) == 0 {
		all = append(all, fact{"Ends early", say("only if all parties sign that")})
	}
	for _, n := range t.Terminable {
		notice := fmt.Sprintf("%d days'", n.Days)
		if n.Days == 1 {
			notice = "1 day's"
		}
		all = append(all, fact{"Ends early", say("if %s alone says so, with %s notice; or if all parties sign that", n.Role, notice)})
	}
	for _, ref := range []struct {
		label string
		id    record.ID
	}{{"Replaces", t.Replaces}, {"Made under", t.Under}} {
		if ref.id != (record.ID{}) {
			all = append(all, fact{ref.label, join(say("contract "), literal(ref.id.String()))})
		}
	}
	return section{"The contract", []block{{Facts: all}}}
}

func (f *facts) parties() section {
	tab := &table{Heads: []string{"Party", "Signed", "Key", "Its name, as it claims"}, Shares: []int{19, 11, 46, 24}}
	for _, p := range f.item.Report.Parties {
		for i, k := range p.Keys {
			who := words{}
			if i == 0 {
				who = join(heavy("%s", p.Name), say(", %s to sign", haveTo(p.Threshold, len(p.Keys))))
			}
			mark := say("signed")
			if !k.Signed {
				mark = say("listed, did not sign")
			}
			tab.Rows = append(tab.Rows, row{Cells: []words{who, mark, literal(k.Fingerprint), theirs(k.Name)}, Faint: !k.Signed})
		}
	}
	return section{"Parties", []block{{Table: tab}}}
}

func haveTo(k, n int) string {
	switch {
	case n == 1:
		return "its key has"
	case k == n:
		return fmt.Sprintf("all of its %d keys have", n)
	case k == 1:
		return fmt.Sprintf("1 of its %d keys has", n)
	}
	return fmt.Sprintf("%d of its %d keys have", k, n)
}

func (f *facts) files() section {
	if len(f.documents) == 0 {
		return section{"Documents", []block{{Text: say("It names none.")}}}
	}
	tab := &table{Heads: []string{"Document", "Kind", "Media type", "Size", "At hand"}, Shares: []int{28, 14, 18, 21, 19}}
	for _, d := range f.documents {
		size := fmt.Sprintf("%d bytes", d.Size)
		if d.Salted {
			size = fmt.Sprintf("up to %d bytes", d.Size)
		}
		tab.Rows = append(tab.Rows, row{Cells: []words{theirs(d.Name), say("%s", d.Kind), say("%s", d.Media), say("%s", size), say("%s", atHand(d.State))}, Below: literal(d.Commitment())})
	}
	return section{"Documents", []block{
		{Text: say("Whoever signed agreed to these files as they are, to the byte; this paper does not show them. A commitment is the SHA-256 of the file, or of its salt and the file where it says salted.")},
		{Table: tab},
	}}
}

// atHand says what is known of a document. One that differs gets no certificate.
func atHand(s dossier.State) string {
	switch s {
	case dossier.Matches:
		return "yes: it matches"
	case dossier.NoSalt:
		return "yes, not its salt: not compared"
	}
	return "no: not compared"
}

func (f *facts) timeline() section {
	tab := &table{Heads: []string{"Entry", "Registered", "What"}, Shares: []int{10, 26, 64}}
	for _, i := range f.items {
		tab.Rows = append(tab.Rows, row{Cells: []words{
			say("%d", i.Registration.Index), say("%s", readable(i.Registration.Registered)), event(i.Record, i.Record.ID() == f.item.Record.ID()),
		}})
	}
	blocks := []block{{Text: say("What the dossier has, to %s; the ledger may have later records.", f.day)}, {Table: tab}}
	var open []words
	for _, d := range f.status.Disputes {
		open = append(open, join(say("dispute "), short(d.ID), say(", entry %d, is open", d.Index)))
	}
	if len(open) > 0 {
		blocks = append(blocks, block{List: open})
	}
	return section{"Time line", blocks}
}

// event says in a few words what a record does.
func event(r *record.Record, this bool) words {
	t := r.Text()
	id := join(say(" ("), short(r.ID()), say(")"))
	switch t.Kind {
	case record.Statement:
		s := join(heavy("%s", t.About), say(" stated by %s", rolesOf(t.Parties)), id)
		if t.Answers != (record.ID{}) {
			s = join(s, say(", answers "), short(t.Answers))
		}
		return s
	case record.Termination:
		s := join(heavy("terminated"), say(" by %s", rolesOf(t.Parties)), id)
		if t.Effective != 0 {
			s = join(s, say(", from %s on", t.Effective))
		}
		return s
	case record.Revocation:
		return join(heavy("key revoked"), say(", %s: ", t.Reason), literal(t.Key.Public().Fingerprint()), say(" of "), theirs(t.Key.Name()), id)
	}
	s := heavy("contract")
	if this {
		s = heavy("this contract")
	} else if t.Title != "" {
		s = join(s, say(" “"), theirs(enclosed(t.Title)), say("”"))
	}
	s = join(s, say(" of %s", rolesOf(t.Parties)), id)
	if t.Replaces != (record.ID{}) {
		s = join(s, say(", takes the place of "), short(t.Replaces))
	}
	if t.Under != (record.ID{}) {
		s = join(s, say(", under "), short(t.Under))
	}
	return s
}

// enclosed returns a title for between quotation marks, with those in it written out: it
// cannot end where the reader takes what follows for our words.
func enclosed(title string) string {
	return strings.NewReplacer("“", `\u{201c}`, "”", `\u{201d}`).Replace(title)
}

// proof says what was verified, in the words of the verifier.
func (f *facts) proof() section {
	proved, open := f.item.Sentences()
	by := join(say("Verified under the policy that whoever asked for this named: its ledger is "), literal(f.text.Ledger.String()), say(", its quorum "), theirs(f.policy.Quorum), say("."))
	if f.own {
		by = join(say("Verified under the policy in the dossier itself, which whoever made that wrote: its ledger is "), literal(f.text.Ledger.String()), say(", its quorum "), theirs(f.policy.Quorum), say(". Compare the key by another way."))
	}
	return section{"What was proved, and what was not", []block{{Text: by}, {Label: "Proved", List: sentences(proved)}, {Label: "Not proved", List: sentences(open)}}}
}

func sentences(all []string) (list []words) {
	for _, s := range all {
		list = append(list, isolated(s))
	}
	return list
}

// how says how to verify it: three sentences.
func (f *facts) how() section {
	first := say("Give pictures of the codes below, or this file itself, to the verifier page (verify.html, which works from disk, or /verify of a ledger), with the policy of somebody whom you trust.")
	if len(f.parts) == 0 {
		first = say("Give this file itself to the verifier page (verify.html, which works from disk, or /verify of a ledger), with the policy of somebody whom you trust.")
	}
	return section{"How to verify it", []block{{Text: join(first,
		say(" Or type the text below into a file, and ask "), literal("chirograph-verify receipt --policy ledger.policy receipt.tlog-proof"), say("."),
		say(" Both work without a network and say whether it was signed and registered as it says here; whether something came later, only the ledger knows."),
	)}}}
}

// aboutCodes says what the codes hold.
func (c *Certificate) aboutCodes() words {
	sum := fmt.Sprintf("%x", sha256.Sum256(c.receipt))
	if len(c.parts) == 0 {
		return join(say("The receipt has %d bytes, with the SHA-256 ", len(c.receipt)), literal(sum), say(": more than codes hold. It is here as text alone."))
	}
	n := "1 code holds"
	if len(c.parts) > 1 {
		n = fmt.Sprintf("%d codes together hold", len(c.parts))
	}
	return join(say("%s the receipt: %d bytes, with the SHA-256 ", n, len(c.receipt)), literal(sum), say(". In which order they are read is no matter, and several may be in one picture."))
}

func (c *Certificate) aboutText() words {
	s := "A row that begins at the left begins a line of the receipt. A row that is set in goes on with the line above it, with nothing in between, and an empty row is an empty line. No row begins or ends with a space, and the last line ends as all do. The dash before a signature is U+2014."
	if visible(string(c.receipt)) != strings.ReplaceAll(string(c.receipt), "\n", `\u{a}`) {
		s += ` Characters that nobody would see are written \u{…} here: the codes have the bytes.`
	}
	return say("%s", s)
}
