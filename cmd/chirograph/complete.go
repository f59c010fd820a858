package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/cmd/commands"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
)

// Tokens that have a meaning (FORMATS 1.2); others are free.
var (
	aboutTokens  = []string{"delivery", "inspection", "acceptance", "rejection", "payment", "sale", "return", "cost", "dispute", "resolution", "notice"}
	usualRoles   = []string{"buyer", "payer", "recipient", "specifier", "designer", "manufacturer", "lead-contractor", "supplier", "retailer", "facilitator", "matchmaker", "quality-inspector", "logistics", "infrastructure-provider", "contributor", "arbiter"}
	reasonTokens = []string{"superseded", "lost", "compromised"}
)

// complete says how shells complete what stands after commands and flags. It reads the
// dossier that the line names, and asks no network.
func (a *app) complete(root *cobra.Command) {
	files := map[string][]string{
		"amend": {dossierEnding}, "declare": {dossierEnding}, "terminate": {dossierEnding}, "extract": {dossierEnding}, "sign": {dossierEnding}, "drop": {dossierEnding},
		"certificate": {dossierEnding}, "update": {dossierEnding}, "status": {dossierEnding}, "show": {dossierEnding, "note", "revocation"}, "submit": {dossierEnding, "note", "revocation"},
		"join": {dossierEnding, "note", "revocation", "tlog-proof"},
	}
	flags := map[string]cobra.CompletionFunc{
		"about": cobra.FixedCompletions(aboutTokens, cobra.ShellCompDirectiveNoFileComp),
		"by":    completeRoles, "party": completeParty, "terminable": completeNotice,
		"record": idsOf(unregistered), "answers": idsOf(statement), "contract": idsOf(contract),
	}
	for _, c := range root.Commands() {
		if endings, ok := files[c.Name()]; ok {
			c.ValidArgsFunction = firstOf(c.Name(), endings)
		}
		for name, complete := range flags {
			if c.Flags().Lookup(name) == nil {
				continue
			}
			if err := c.RegisterFlagCompletionFunc(name, complete); err != nil {
				panic(err) // the flag is there, and has none yet
			}
		}
	}
	if c := commandOf(root, "new"); c != nil {
		c.ValidArgsFunction = anyFile
	}
	if key := commandOf(root, "key"); key != nil {
		commandOf(key, "show").ValidArgsFunction = anyFile
		revoke := commandOf(key, "revoke")
		revoke.ValidArgsFunction = anyFile
		if err := revoke.RegisterFlagCompletionFunc("reason", cobra.FixedCompletions(reasonTokens, cobra.ShellCompDirectiveNoFileComp)); err != nil {
			panic(err) // likewise
		}
	}
	if help := commandOf(root, "help"); help != nil {
		help.ValidArgsFunction = commandNames
	}
}

const dossierEnding = "chirograph"

func anyFile(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// firstOf completes the first argument of a command by files of these endings, and the
// others by what the command takes there.
func firstOf(command string, endings []string) cobra.CompletionFunc {
	first, others := commands.Files(endings...), cobra.NoFileCompletions
	switch command {
	case "amend", "declare", "terminate":
		others = anyFile
	case "join":
		others = first
	case "drop":
		others = idsOf(unregistered)
	}
	return func(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return first(c, args, begun)
		}
		return others(c, args, begun)
	}
}

// atHand opens the dossier that the line names first, else the one of --under; nil where
// there is none that can be read.
func atHand(c *cobra.Command, args []string) *dossier.Dossier {
	path := ""
	if len(args) > 0 && isDossier(args[0]) {
		path = args[0]
	} else if f := c.Flags().Lookup("under"); f != nil {
		path = f.Value.String()
	}
	if path == "" {
		return nil
	}
	d, err := dossier.Open(path)
	if err != nil {
		return nil
	}
	return d
}

// roles returns those of the parties of the contracts in the dossier that the line names.
func roles(c *cobra.Command, args []string) (roles []string) {
	d := atHand(c, args)
	if d == nil {
		return nil
	}
	defer d.Close()
	for _, r := range inOrder(d) {
		for _, p := range r.Text().Parties {
			if !slices.Contains(roles, p.Role) {
				roles = append(roles, p.Role)
			}
		}
	}
	return roles
}

// completeRoles completes ROLE[,ROLE].
func completeRoles(c *cobra.Command, args []string, begun string) (list []string, _ cobra.ShellCompDirective) {
	said := begun[:strings.LastIndexByte(begun, ',')+1]
	for _, role := range roles(c, args) {
		if !slices.Contains(strings.Split(said, ","), role) {
			list = append(list, said+role)
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeParty completes the role of ROLE=[K:]VKEY[,VKEY…], and each key by files.
func completeParty(c *cobra.Command, args []string, begun string) (list []string, _ cobra.ShellCompDirective) {
	if _, keys, has := strings.Cut(begun, "="); has {
		if k, rest, has := strings.Cut(keys, ":"); has && strings.Trim(k, "0123456789") == "" {
			keys = rest
		}
		said := strings.Split(keys, ",")
		last := said[len(said)-1]
		return commands.FilesAfter(strings.TrimSuffix(begun, last), last, ".pub", said[:len(said)-1]...)
	}
	known := roles(c, args)
	for _, role := range slices.Concat(known, usualRoles) {
		if role += "="; !slices.Contains(list, role) {
			list = append(list, role)
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
}

// completeNotice completes the role of ROLE:DAYS by the parties that the line names already.
func completeNotice(c *cobra.Command, args []string, _ string) (list []string, _ cobra.ShellCompDirective) {
	known := roles(c, args)
	if said, err := c.Flags().GetStringArray("party"); err == nil && len(said) > 0 {
		known = nil
		for _, party := range said {
			role, _, _ := strings.Cut(party, "=")
			known = append(known, role)
		}
	}
	for _, role := range known {
		if role += ":"; !slices.Contains(list, role) {
			list = append(list, role)
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

func unregistered(d *dossier.Dossier, r *record.Record) bool { return d.Receipt(r.ID()) == nil }
func statement(_ *dossier.Dossier, r *record.Record) bool {
	return r.Text().Kind == record.Statement
}
func contract(_ *dossier.Dossier, r *record.Record) bool { return r.Text().Kind == record.Contract }

// idsOf completes the ids of those records, beside which stands what they are: never the
// title, which is anyone's text.
func idsOf(meant func(*dossier.Dossier, *record.Record) bool) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, _ string) (list []string, _ cobra.ShellCompDirective) {
		d := atHand(c, args)
		if d == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer d.Close()
		for _, r := range inOrder(d) {
			if id := r.ID().String(); meant(d, r) && !slices.Contains(args, id) {
				t := r.Text()
				list = append(list, cobra.CompletionWithDesc(id, strings.TrimSpace(t.Kind.String()+" "+t.About)))
			}
		}
		return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

// commandNames completes the words of a command.
func commandNames(c *cobra.Command, args []string, _ string) (list []string, _ cobra.ShellCompDirective) {
	of, rest, err := c.Root().Find(args)
	if err != nil || len(rest) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, sub := range of.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "help" {
			list = append(list, cobra.CompletionWithDesc(sub.Name(), sub.Short))
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}
