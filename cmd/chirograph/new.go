package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
)

// A newArgs is what the command line says about a contract.
type newArgs struct {
	draftArgs  // files: TERMS, then [KIND=]FILE
	ledger     string
	parties    []string
	title      string
	from       string
	until      string
	terminable []string
	under      string
	contract   string // of the dossier that under is; "" for the one in force
	out        string
}

func (a *app) newCommand() *cobra.Command {
	var n newArgs
	c := &cobra.Command{
		Use:   "new --ledger URL|POLICY --party ROLE=[K:]VKEY[,VKEY…]… TERMS [[KIND=]FILE…] -o X.chirograph",
		Short: "Draw up a contract for others to sign",
		Long: `Draws up a contract between two or more parties and writes it, with its documents,
to one file that every party signs.

A party is a role with one or more keys, of which K (all, if you do not say) have to
sign. A key is a verifier key as "chirograph key new" prints it, or a file that
holds one, or a .pub file. Roles are free; usual ones are buyer, payer, recipient,
specifier, designer, manufacturer, lead-contractor, supplier, retailer, facilitator,
matchmaker, quality-inspector, logistics, infrastructure-provider, contributor,
arbiter.

TERMS is the text of the contract. Documents never enter the ledger: a salted hash
does, and their names as document-N, unless you say --names or --public.

A ledger at a URL is asked for its policy, and whether it is frozen for good: for one
that says so nothing is drawn up.

What has to be registered by a day has the whole day, as UTC has it; --sign-by takes a
second, too, as YYYY-MM-DDTHH:MM:SSZ. An ID may be its first digits.`,
		Example: `  chirograph new --ledger https://ledger.example --title "Forty flow meters" \
    --party buyer=2:ann.pub,bob.pub,cyd.pub --party manufacturer=dan.pub \
    terms.md drawing=meter.svg -o pumps.chirograph`,
		Args: arguments("TERMS…"),
		RunE: func(cmd *cobra.Command, args []string) error {
			n.files = args
			return a.newContract(cmd.Context(), n)
		},
	}
	f := c.Flags()
	n.flags(f)
	n.contractFlags(f)
	f.StringVar(&n.ledger, "ledger", "", "the one ledger where it may be registered (`URL|POLICY`)")
	return c
}

// contractFlags are the flags of what new and amend draw up.
func (n *newArgs) contractFlags(f *pflag.FlagSet) {
	f.StringArrayVar(&n.parties, "party", nil, "a party, its keys with commas; two or more (`ROLE=[K:]VKEY`)")
	f.StringVar(&n.title, "title", "", "a title (`TEXT`), which everyone can read in the ledger")
	f.StringVar(&n.from, "from", "", "first day in force (`YYYY-MM-DD`); else that of registration")
	f.StringVar(&n.until, "until", "", "last day in force (`YYYY-MM-DD`); else no end")
	f.StringArrayVar(&n.terminable, "terminable", nil, "this party may end it alone, with so much notice (`ROLE:DAYS`)")
	f.StringVar(&n.under, "under", "", "the frame contract, under which it is made (`ID|DOSSIER`)")
	f.StringVar(&n.contract, "contract", "", "which contract of --under; else the one in force (`ID`)")
	f.StringVarP(&n.out, "output", "o", "", "the file to write (`X.chirograph`)")
	for _, name := range []string{"terminable", "under", "contract"} {
		_ = f.MarkHidden(name) // advanced
	}
}

// checkOut demands a new file that is called as dossiers are.
func (n *newArgs) checkOut() error {
	if n.out == "" {
		return hint(errors.New("-o is missing"), "name the file to write: -o NAME%s", dossierExtension)
	}
	if !isDossier(n.out) {
		return fmt.Errorf("-o %s does not end in %s", plain(n.out), dossierExtension)
	}
	if n.contract != "" && !isDossier(n.under) {
		return hint(errors.New("--contract says which contract in the file of a frame is meant, and --under names none"), "--under FRAME%s", dossierExtension)
	}
	return refuseExisting(n.out)
}

func (a *app) newContract(ctx context.Context, n newArgs) error {
	if err := n.checkOut(); err != nil {
		return err
	}
	policy, err := a.ledgerPolicy(ctx, n.ledger)
	if err != nil {
		return err
	}
	if err := a.mayTake(ctx, n.ledger, policy); err != nil {
		return err
	}
	t := &record.Text{Kind: record.Contract, Ledger: policy.Logs[0].Key, Title: n.title}
	if err := a.fill(t, n); err != nil {
		return err
	}
	var frame *dossier.Dossier
	if n.under != "" {
		if frame, err = a.fillUnder(n, t); err != nil {
			return err
		}
	}
	return a.drawUp(t, n, policy.Bytes(), func(d *dossier.Dossier) error { return carry(d, frame, t.Under) })
}

// drawUp makes the draft of a contract with its documents, has more put into its
// dossier, and saves that.
func (a *app) drawUp(t *record.Text, n newArgs, policy []byte, more func(*dossier.Dossier) error) error {
	documents, err := a.documents(t, n.draftArgs)
	if err != nil {
		return err
	}
	draft, err := record.New(t)
	if err != nil {
		return flagged(err)
	}
	d, err := dossier.New(draft, policy)
	if err != nil {
		return err
	}
	if err := addDocuments(d, draft.ID(), documents); err != nil {
		return err
	}
	if err := more(d); err != nil {
		return err
	}
	if err := d.Save(n.out); err != nil {
		return err
	}
	a.warnLocked(t)
	a.warnPast(t)
	a.say("drew up contract %s, to be signed by %s", draft.ID(), readable(t.SignBy))
	return a.print("%s", n.out)
}

// fillUnder sets the frame contract of what else t says: an id, or the one that is meant
// in a dossier, which is returned then.
func (a *app) fillUnder(n newArgs, t *record.Text) (*dossier.Dossier, error) {
	if !isDossier(n.under) {
		var err error
		if t.Under, err = record.ParseID(n.under); err != nil {
			return nil, fmt.Errorf("--under: %w", err)
		}
		return nil, nil
	}
	frame, err := a.openDossier(n.under)
	if err != nil {
		return nil, fmt.Errorf("--under: %w", err)
	}
	meant, err := a.frameMeant(frame, n.contract)
	if err != nil {
		return nil, err
	}
	t.Under = meant.ID()
	return frame, a.underFrame(hold(frame), t)
}

// carry puts a registered contract of one dossier into another, with those that it
// replaced and is made under: the records and receipts, which verifying needs, and not
// the documents; and the revocations of the keys that the other's contract lists.
func carry(to, from *dossier.Dossier, id record.ID) error {
	if from == nil {
		return nil
	}
	var receipts [][]byte
	seen := make(map[record.ID]bool)
	for next := []record.ID{id}; len(next) > 0; next = next[1:] {
		r, receipt := from.Record(next[0]), from.Receipt(next[0])
		if r == nil || receipt == nil || seen[r.ID()] {
			continue
		}
		seen[r.ID()] = true
		receipts = append(receipts, receipt.Bytes(), from.FirstReceipt(r.ID()).Bytes())
		next = append(next, r.Text().Replaces, r.Text().Under)
	}
	if err := to.AddReceipts(receipts); err != nil {
		return err
	}
	return carryRevocations(to, from)
}

// fill sets what the flags say.
func (a *app) fill(t *record.Text, n newArgs) (err error) {
	if err := a.fillHead(t, n.draftArgs); err != nil {
		return err
	}
	for _, p := range n.parties {
		party, err := parseParty(p)
		if err != nil {
			return fmt.Errorf("--party %w", err)
		}
		t.Parties = append(t.Parties, party)
	}
	if len(t.Parties) < 2 {
		return hint(fmt.Errorf("%s named, a contract has two or more", counted(len(t.Parties), "party is", "parties are")), "--party ROLE=VKEY --party ROLE=VKEY")
	}
	for _, d := range []struct {
		flag, value string
		date        *record.Date
	}{{"from", n.from, &t.From}, {"until", n.until, &t.Until}} {
		if d.value == "" {
			continue
		}
		if *d.date, err = record.ParseDate(d.value); err != nil {
			return fmt.Errorf("--%s: %w", d.flag, err)
		}
	}
	if today := record.DateOf(t.Made); t.Until != 0 && t.Until < today {
		return fmt.Errorf("--until %s is over, it is %s", t.Until, today)
	}
	return fillTerminable(t, n.terminable)
}

// fillTerminable puts the notices into the order of the parties.
func fillTerminable(t *record.Text, args []string) error {
	notices := make(map[string]int)
	if len(args) == 1 && args[0] == "" { // amend: none any more
		return nil
	}
	for _, arg := range args {
		role, digits, ok := strings.Cut(arg, ":")
		days, err := strconv.ParseUint(digits, 10, 16)
		if !ok || err != nil {
			return fmt.Errorf("--terminable %q is not ROLE:DAYS", arg)
		}
		if _, twice := notices[role]; twice {
			return fmt.Errorf("--terminable names %s twice", role)
		}
		notices[role] = int(days)
	}
	for _, p := range t.Parties {
		if days, ok := notices[p.Role]; ok {
			t.Terminable = append(t.Terminable, record.Notice{Role: p.Role, Days: days})
			delete(notices, p.Role)
		}
	}
	for role := range notices {
		return fmt.Errorf("--terminable %s: no party has this role", role)
	}
	return nil
}

// parseParty reads ROLE=[K:]VKEY[,VKEY…].
func parseParty(arg string) (record.Party, error) {
	role, rest, ok := strings.Cut(arg, "=")
	if !ok {
		return record.Party{}, fmt.Errorf("%q is not ROLE=[K:]VKEY[,VKEY…]", arg)
	}
	if err := record.CheckToken(role); err != nil {
		return record.Party{}, fmt.Errorf("%s: role %w", arg, err)
	}
	threshold := 0
	if digits, after, ok := strings.Cut(rest, ":"); ok {
		if k, err := note.ParseDecimal(digits); err == nil {
			if k < 1 || k > record.MaxThreshold {
				return record.Party{}, fmt.Errorf("%s: %s asked for, 1 to %d may be", role, counted(int(k), "signature is", "signatures are"), record.MaxThreshold)
			}
			threshold, rest = int(k), after
		}
	}
	p := record.Party{Role: role}
	for _, v := range strings.Split(rest, ",") {
		k, err := verifierKey(v)
		if err != nil {
			return p, fmt.Errorf("%s: %w", role, err)
		}
		p.Keys = append(p.Keys, k)
	}
	p.Threshold = threshold
	if rest == "" || threshold > len(p.Keys) {
		return p, fmt.Errorf("%s: %s asked for, it has %s", role, counted(threshold, "signature is", "signatures are"), count(len(p.Keys), "key"))
	}
	if threshold == 0 {
		p.Threshold = len(p.Keys)
	}
	return p, nil
}

// warnLocked warns of parties that one lost key silences.
func (a *app) warnLocked(t *record.Text) {
	var roles []string
	for _, p := range t.Parties {
		if p.Threshold == len(p.Keys) {
			roles = append(roles, p.Role)
		}
	}
	if len(roles) > 0 {
		a.say("warning: all keys of %s have to sign: one lost key locks the contract, since nothing can be changed or ended without it; a spare key helps (2 of 3: --party ROLE=2:KEY,KEY,KEY)",
			strings.Join(roles, ", "))
	}
}
