package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
)

// signDays is how long a draft may be signed unless the command says otherwise.
const signDays = 30

// A newArgs is what the command line says about a contract.
type newArgs struct {
	ledger     string
	parties    []string
	title      string
	public     bool
	names      bool
	from       string
	until      string
	signBy     string
	terminable []string
	out        string
	files      []string // TERMS, then [KIND=]FILE
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
does, and their names as document-N, unless you say --names or --public.`,
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
	f.StringVar(&n.ledger, "ledger", "", "the one ledger in which it may be registered (`URL|POLICY`)")
	f.StringArrayVar(&n.parties, "party", nil, "a party (`ROLE=[K:]VKEY[,VKEY]...`); two or more")
	f.StringVar(&n.title, "title", "", "a title, which everyone can read in the ledger")
	f.BoolVar(&n.public, "public", false, "state plain hashes, names and sizes of the documents")
	f.BoolVar(&n.names, "names", false, "state the documents' own names, though salted")
	f.StringVar(&n.from, "from", "", "first day in force (`YYYY-MM-DD`); else the day of registration")
	f.StringVar(&n.until, "until", "", "last day in force (`YYYY-MM-DD`); else no end")
	f.StringVar(&n.signBy, "sign-by", "", "registered by then or never (`YYYY-MM-DD` or YYYY-MM-DDTHH:MM:SSZ); else 30 days from now")
	f.StringArrayVar(&n.terminable, "terminable", nil, "this party may end it alone (`ROLE:DAYS` of notice)")
	f.StringVarP(&n.out, "output", "o", "", "the file to write (`X.chirograph`)")
	return c
}

func (a *app) newContract(ctx context.Context, n newArgs) error {
	if n.out == "" {
		return hint(errors.New("-o is missing"), "name the file to write: -o NAME%s", dossierExtension)
	}
	if !isDossier(n.out) {
		return fmt.Errorf("-o %s does not end in %s", n.out, dossierExtension)
	}
	if err := refuseExisting(n.out); err != nil {
		return err
	}
	policy, err := a.ledgerPolicy(ctx, n.ledger)
	if err != nil {
		return err
	}
	t := &record.Text{Kind: record.Contract, Ledger: policy.Logs[0].Key, Title: n.title}
	if err := a.fill(t, n); err != nil {
		return err
	}
	documents, err := a.documents(t, n)
	if err != nil {
		return err
	}
	draft, err := record.New(t)
	if err != nil {
		return err
	}
	d, err := dossier.New(draft, policy.Bytes())
	if err != nil {
		return err
	}
	for _, doc := range documents {
		if err := d.AddDocument(draft.ID(), doc.name, dossier.File(doc.path), doc.salt); err != nil {
			return fmt.Errorf("%s: %w", doc.path, err)
		}
	}
	if err := d.Save(n.out); err != nil {
		return err
	}
	a.warnLocked(t)
	a.say("drew up contract %s, to be signed by %s", draft.ID(), readable(t.SignBy))
	return a.print("%s", n.out)
}

// fill sets what the flags say.
func (a *app) fill(t *record.Text, n newArgs) (err error) {
	t.Made = a.now().Unix()
	t.SignBy = t.Made + signDays*24*60*60
	if n.signBy != "" {
		if t.SignBy, err = parseDeadline(n.signBy); err != nil {
			return fmt.Errorf("--sign-by: %w", err)
		}
	}
	if _, err := io.ReadFull(a.random, t.Nonce[:]); err != nil {
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
		return hint(fmt.Errorf("%d parties are named, a contract has two or more", len(t.Parties)), "--party ROLE=VKEY --party ROLE=VKEY")
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
	return fillTerminable(t, n.terminable)
}

// parseDeadline reads a time, or a date for its last second.
func parseDeadline(s string) (int64, error) {
	if d, err := record.ParseDate(s); err == nil {
		return (d + 1).Unix() - 1, nil
	}
	return record.ParseTime(s)
}

// fillTerminable puts the notices into the order of the parties.
func fillTerminable(t *record.Text, args []string) error {
	notices := make(map[string]int)
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
				return record.Party{}, fmt.Errorf("%s: %d signatures are asked for, 1 to %d may be", role, k, record.MaxThreshold)
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
		return p, fmt.Errorf("%s: %d signatures are asked for, it has %d keys", role, threshold, len(p.Keys))
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

// A newDocument is a file that the contract names.
type newDocument struct {
	path string
	name string // in the record
	salt []byte // nil when public
}

// documents reads the files and writes their lines into t. The first is the terms.
func (a *app) documents(t *record.Text, n newArgs) ([]newDocument, error) {
	var documents []newDocument
	for i, arg := range n.files {
		kind, path := record.Terms, arg
		if i > 0 {
			kind, path = splitKind(arg)
		}
		doc := newDocument{path: path, name: filepath.Base(path)}
		line := record.Document{Salted: !n.public, Kind: kind, Media: mediaType(path)}
		if line.Salted {
			doc.salt = make([]byte, record.SaltSize)
			if _, err := io.ReadFull(a.random, doc.salt); err != nil {
				return nil, err
			}
			if !n.names {
				doc.name = fmt.Sprintf("document-%d%s", i+1, plainExt(path))
			}
		}
		if err := record.CheckFileName(doc.name); err != nil {
			return nil, hint(err, "rename the file, or leave out --names and --public")
		}
		line.Name = doc.name
		if err := commit(path, doc.salt, &line); err != nil {
			return nil, err
		}
		t.Documents = append(t.Documents, line)
		documents = append(documents, doc)
	}
	return documents, nil
}

// splitKind reads [KIND=]FILE. A name with an equals sign that is a file is one.
func splitKind(arg string) (kind, path string) {
	if kind, path, ok := strings.Cut(arg, "="); ok && record.CheckToken(kind) == nil {
		if _, err := os.Stat(arg); err != nil {
			return kind, path
		}
	}
	return "attachment", arg
}

// plainExt returns the ending of a file if a document's name may have it.
func plainExt(path string) string {
	ext := strings.ToLower(filepath.Ext(path))
	if len(ext) > 1 && record.CheckFileName("x"+ext) == nil {
		return ext
	}
	return ""
}

func commit(path string, salt []byte, line *record.Document) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", path)
	}
	if line.Hash, line.Size, err = record.Commit(salt, io.LimitReader(f, dossier.MaxSize+1)); err != nil {
		return err
	}
	if info.Size() > dossier.MaxSize {
		return fmt.Errorf("%s has %d bytes, a dossier holds at most %d", path, info.Size(), int64(dossier.MaxSize))
	}
	return nil
}

// readable prints POSIX seconds for people.
func readable(unix int64) string {
	return time.Unix(unix, 0).UTC().Format("2006-01-02 15:04:05 UTC")
}
