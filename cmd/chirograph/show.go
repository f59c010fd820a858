package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
)

func (a *app) showCommand() *cobra.Command {
	var keyFiles []string
	var agent, asJSON bool
	c := &cobra.Command{
		Use:   "show X.chirograph|NOTE [--key FILE]… [--agent]",
		Short: "Show what a contract says, who signed it, and what is missing",
		Long: `Shows what you are about to sign, in plain words: the parties and their keys (which
of them are yours, with --key or --agent), the documents and whether the files at
hand are the ones meant, the dates, and what is missing. A NOTE is one record by
itself: a revocation, say.

Names of keys are what the contract says; compare the fingerprints.`,
		Example: "  chirograph show pumps.chirograph --key bob.key",
		Args:    arguments("X.chirograph|NOTE"),
		RunE: func(_ *cobra.Command, args []string) error {
			mine, err := a.publicKeys(keyFiles, agent)
			if err != nil {
				return err
			}
			magic, err := firstBytes(args[0], len(noteBegins))
			if err != nil {
				return err
			}
			if string(magic) == noteBegins {
				return a.showNote(args[0], mine, asJSON)
			}
			d, err := a.openDossier(args[0])
			if err != nil {
				return err
			}
			defer d.Close()
			a.warnFrozen(d, args[0])
			return a.show(hold(d), mine, asJSON)
		},
	}
	c.Flags().StringArrayVar(&keyFiles, "key", nil, "a key file of mine, secret or .pub (`FILE`)")
	c.Flags().BoolVar(&agent, "agent", false, "the keys in the ssh-agent are mine")
	c.Flags().BoolVar(&asJSON, "json", false, "print it as data")
	return c
}

// noteBegins is how every record begins, and no dossier.
const noteBegins = "chirograph/"

// show prints all records of a dossier, and its time line.
func (a *app) show(h *held, mine map[note.PublicKey]bool, asJSON bool) error {
	views, err := a.viewAll(h, mine)
	if err != nil {
		return err
	}
	if asJSON {
		return a.showJSON(h, views)
	}
	var b bytes.Buffer
	for _, v := range views {
		v.print(&b)
	}
	if _, err := a.stdout.Write(b.Bytes()); err != nil {
		return err
	}
	return a.printTimeline(h)
}

// A view is what show says of a record.
type view struct {
	ID         string         `json:"id"`
	Kind       string         `json:"kind"`
	Title      string         `json:"title,omitempty"`
	About      string         `json:"about,omitempty"`    // of a statement
	Contract   string         `json:"contract,omitempty"` // id, of a statement or termination
	Answers    string         `json:"answers,omitempty"`  // id, of a statement
	Replaces   string         `json:"replaces,omitempty"` // id, of a contract
	Under      string         `json:"under,omitempty"`    // id, of a contract
	Reason     string         `json:"reason,omitempty"`   // of a revocation
	Ledger     string         `json:"ledger"`
	Made       string         `json:"made"`
	SignBy     string         `json:"sign_by,omitempty"`
	From       string         `json:"from,omitempty"`
	Until      string         `json:"until,omitempty"`
	Effective  string         `json:"effective,omitempty"`  // of a termination, where it says so
	Registered string         `json:"registered,omitempty"` // by the receipt that is there, which is not verified
	Index      *uint64        `json:"index,omitempty"`
	Parties    []partyView    `json:"parties"`
	Documents  []documentView `json:"documents"`
	Terminable []string       `json:"terminable,omitempty"`
	Missing    []string       `json:"missing"`
	Lapsed     bool           `json:"lapsed,omitempty"`  // of a draft
	Dead       string         `json:"dead,omitempty"`    // of a draft: why it can't be registered any more
	Warning    string         `json:"warning,omitempty"` // that it does not do what it seems to
	Status     *standingView  `json:"status,omitempty"`  // of a registered contract, today, by these records

	text *record.Text
	note bool // by itself: nobody knows whether it is registered
}

type partyView struct {
	Name      string    `json:"name"`
	Threshold int       `json:"threshold"`
	Signed    int       `json:"signed"`
	Keys      []keyView `json:"keys"`
}

type keyView struct {
	Name        string `json:"name"`
	Fingerprint string `json:"fingerprint"`
	Signed      bool   `json:"signed"`
	Mine        bool   `json:"mine"`

	RevokedBy *uint64 `json:"revoked_by,omitempty"` // entry, by the records in the dossier
}

type documentView struct {
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	Size       int64  `json:"size"` // as stated; of a salted document rounded up
	Salted     bool   `json:"salted"`
	Commitment string `json:"commitment"`
	State      string `json:"state"`
}

// viewAll views the contract first, then what else is in the dossier.
func (a *app) viewAll(h *held, mine map[note.PublicKey]bool) ([]*view, error) {
	var views []*view
	for _, r := range h.order {
		v, err := a.viewRecord(h, r, mine)
		if err != nil {
			return nil, err
		}
		if r == h.Contract() {
			views = append([]*view{v}, views...)
		} else {
			views = append(views, v)
		}
	}
	return views, nil
}

func (a *app) viewRecord(h *held, r *record.Record, mine map[note.PublicKey]bool) (*view, error) {
	u, err := usable(h, r)
	if err != nil {
		return nil, err
	}
	v := a.viewOf(u, mine, h.revoked)
	if v.Missing, err = lacking(h, r); err != nil {
		return nil, err
	}
	v.Warning, v.Dead = resolvesNothing(h, r.Text()), h.dead(r)
	if receipt := h.Receipt(r.ID()); receipt != nil {
		v.Registered, v.Index, v.Lapsed = record.FormatTime(receipt.Entry.Registered), &receipt.Proof.Index, false
	}
	checked, err := h.CheckDocuments(r.ID())
	if err != nil {
		return nil, err
	}
	for i, c := range checked {
		v.Documents[i].State = c.State.String()
	}
	return v, nil
}

// viewOf views a record by itself.
func (a *app) viewOf(r *record.Record, mine map[note.PublicKey]bool, revoked revocations) *view {
	t := r.Text()
	v := &view{
		ID: r.ID().String(), Kind: t.Kind.String(), Title: t.Title, About: t.About, Reason: t.Reason, Ledger: t.Ledger.String(), Made: record.FormatTime(t.Made),
		From: optionalDate(t.From), Until: optionalDate(t.Until), Effective: optionalDate(t.Effective),
		Parties: []partyView{}, Documents: []documentView{}, Missing: []string{}, text: t, Lapsed: a.lapsed(r),
	}
	if t.SignBy != 0 {
		v.SignBy = record.FormatTime(t.SignBy)
	}
	for _, q := range t.Requirements() {
		v.Parties = append(v.Parties, viewParty(r, q, mine, revoked))
	}
	for _, n := range t.Terminable {
		v.Terminable = append(v.Terminable, fmt.Sprintf("%s:%d", n.Role, n.Days))
	}
	for _, ref := range []struct {
		to *string
		id record.ID
	}{{&v.Contract, t.Contract}, {&v.Answers, t.Answers}, {&v.Replaces, t.Replaces}, {&v.Under, t.Under}} {
		if ref.id != (record.ID{}) {
			*ref.to = ref.id.String()
		}
	}
	for _, m := range r.Missing() {
		v.Missing = append(v.Missing, missing(r, m))
	}
	for _, d := range t.Documents {
		v.Documents = append(v.Documents, documentView{d.Name, d.Kind, d.Size, d.Salted, d.Commitment(), dossier.Absent.String()})
	}
	return v
}

func viewParty(r *record.Record, q record.Requirement, mine map[note.PublicKey]bool, revoked revocations) partyView {
	p := partyView{Name: q.Name(), Threshold: q.Threshold}
	for _, k := range q.Keys {
		kv := keyView{Name: k.Name(), Fingerprint: k.Public().Fingerprint(), Signed: r.SignedBy(k.Public()), Mine: mine[k.Public()]}
		if entry, gone := revoked[k.Public()]; gone {
			kv.RevokedBy = &entry
		}
		if kv.Signed {
			p.Signed++
		}
		p.Keys = append(p.Keys, kv)
	}
	return p
}

// missing says how many of whose signatures a party lacks.
func missing(r *record.Record, m record.Shortfall) string {
	var names []string
	for _, k := range m.Keys {
		if !r.SignedBy(k.Public()) {
			names = append(names, k.Name())
		}
	}
	if n := m.Threshold - m.Signed; n < len(names) {
		return fmt.Sprintf("%s: %d of %s", m.Name(), n, strings.Join(names, ", "))
	}
	return fmt.Sprintf("%s: %s", m.Name(), strings.Join(names, ", "))
}

// print writes the view for a person.
func (v *view) print(w io.Writer) {
	t := v.text
	title := ""
	if v.Title != "" {
		title = fmt.Sprintf(" %q", v.Title)
	}
	state := "draft: nobody is bound before all who must have signed it and it is registered"
	switch {
	case v.note:
		state = "a note by itself, which does not say whether it is registered (chirograph status ID --ledger URL does)"
	case v.Index != nil:
		state = fmt.Sprintf("registered as entry %d on %s, by the receipt in this file (chirograph-verify checks it)", *v.Index, readable(mustTime(v.Registered)))
	}
	row := func(label, format string, args ...any) {
		fmt.Fprintf(w, "  %-11s %s\n", label, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(w, "%s%s\n", v.Kind, title)
	row("state", "%s", state)
	row("id", "%s", v.ID)
	row("ledger", "%s, key %s", t.Ledger.Name(), t.Ledger.Public().Fingerprint())
	row("drawn up", "%s, as it says", readable(t.Made))
	if t.SignBy != 0 && v.Index == nil {
		if v.Lapsed {
			row("lapsed", "%s, so nobody has to sign it any more", readable(t.SignBy))
		} else {
			row("lapses", "%s, if it is not registered by then", readable(t.SignBy))
		}
	}
	for _, ref := range []struct{ what, id string }{
		{"takes the place of contract", v.Replaces}, {"made under contract", v.Under}, {"under contract", v.Contract}, {"answers statement", v.Answers},
	} {
		if ref.id != "" {
			row("refers", "%s %s", ref.what, ref.id)
		}
	}
	v.printBody(w, row)
	if v.Warning != "" {
		row("warning", "%s", v.Warning)
	}
	v.printParties(w)
	v.printDocuments(w)
	v.printOpen(w)
}

// printOpen says what a draft waits for.
func (v *view) printOpen(w io.Writer) {
	switch {
	case v.Dead != "":
		fmt.Fprintf(w, "  it can't be registered any more: %s (chirograph drop takes it out)\n", v.Dead)
	case len(v.Missing) > 0:
		fmt.Fprintf(w, "  signatures that are missing:\n")
		for _, m := range v.Missing {
			fmt.Fprintf(w, "    %s\n", m)
		}
	case v.Index == nil && !v.note:
		how := "chirograph submit"
		switch {
		case v.text.Kind == record.Revocation:
			how = "chirograph submit registers it as a NOTE, and never from here"
		case v.Replaces != "":
			how = "chirograph submit; whether another took that place first, only the ledger knows: chirograph update"
		}
		fmt.Fprintf(w, "  everyone who has to has signed; it is not registered yet (%s)\n", how)
	}
}

// printBody says what the lines of one kind of record oblige to.
func (v *view) printBody(w io.Writer, row func(label, format string, args ...any)) {
	t := v.text
	switch t.Kind {
	case record.Contract:
		row("in force", "%s", inForce(t))
		if len(t.Terminable) == 0 {
			row("ends", "early only if all parties sign that")
		}
		for _, n := range t.Terminable {
			row("ends", "early if %s alone says so, with %s notice; or if all parties sign that", n.Role, days(n.Days))
		}
	case record.Statement:
		row("about", "%s: its signers say so, and can't take it back", t.About)
	case record.Termination:
		if t.Effective != 0 {
			row("ends", "the contract: %s is the first day no longer in force", t.Effective)
		} else {
			row("ends", "the contract, on the day this is registered")
		}
	case record.Revocation:
		row("revokes", "the key of %s, %s (%s): it signs nothing more, in any contract", t.Key.Name(), t.Key.Public().Fingerprint(), t.Reason)
	}
}

func inForce(t *record.Text) string {
	from, until := "from the day it is registered", "without an end"
	if t.From != 0 {
		from = "from " + t.From.String()
	}
	if t.Until != 0 {
		until = "until " + t.Until.String() + ", that day included"
	}
	return from + ", " + until
}

func (v *view) printParties(w io.Writer) {
	for _, p := range v.Parties {
		fmt.Fprintf(w, "  %s: %s to sign, %d did\n", p.Name, haveTo(p.Threshold, len(p.Keys)), p.Signed)
		for _, k := range p.Keys {
			mark := "not signed"
			if k.Signed {
				mark = "signed    "
			}
			mine := ""
			if k.RevokedBy != nil {
				mine = fmt.Sprintf("   revoked by entry %d", *k.RevokedBy)
			}
			if k.Mine {
				mine += "   <- your key"
			}
			fmt.Fprintf(w, "    %s %s %s%s\n", mark, k.Fingerprint, k.Name, mine)
		}
	}
}

func haveTo(k, n int) string {
	if n == 1 {
		return "its key has"
	}
	if k == n {
		return fmt.Sprintf("all of its %d keys have", n)
	}
	if k == 1 {
		return fmt.Sprintf("1 of its %d keys has", n)
	}
	return fmt.Sprintf("%d of its %d keys have", k, n)
}

func (v *view) printDocuments(w io.Writer) {
	if len(v.Documents) == 0 {
		return
	}
	fmt.Fprintf(w, "  whoever signs agrees to these files as they are:\n")
	for _, d := range v.Documents {
		size := fmt.Sprintf("%d bytes", d.Size)
		if d.Salted {
			size = fmt.Sprintf("up to %d bytes, salted", d.Size)
		}
		fmt.Fprintf(w, "    %-14s %s, %s: %s\n", d.Kind, d.Name, size, d.State)
	}
}

// mustTime reads a time that was printed here.
func mustTime(s string) int64 {
	t, err := record.ParseTime(s)
	if err != nil {
		panic(err)
	}
	return t
}
