package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
)

func (a *app) signCommand() *cobra.Command {
	var keyFile, id string
	var agent, yes bool
	c := &cobra.Command{
		Use:   "sign X.chirograph [--key FILE | --agent] [--record ID] [--yes]",
		Short: "Show a draft, ask, and sign it",
		Long: `Shows the record, asks whether you sign it, and puts your signature into the file.

It refuses when a document is absent or is not the one that the record names. Without
--record it signs the one record that lacks your signature; where there are several,
name one.`,
		Example: "  chirograph sign pumps.chirograph --key bob.key",
		Args:    arguments("X.chirograph"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (keyFile == "") == !agent {
				return hint(errors.New("either --key or --agent has to say which key signs"), "chirograph sign %s --key FILE", args[0])
			}
			return a.sign(cmd.Context(), args[0], keyFile, id, yes)
		},
	}
	c.Flags().StringVar(&keyFile, "key", "", "the secret key (`FILE`)")
	c.Flags().BoolVar(&agent, "agent", false, "sign with the keys in the ssh-agent (add them with ssh-add -c, so that it asks)")
	c.Flags().StringVar(&id, "record", "", "the record to sign (`ID`, or its first digits)")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

// sign signs with the key of keyFile, or, where that is empty, with each key of the
// agent that the record lists.
func (a *app) sign(ctx context.Context, path, keyFile, id string, yes bool) error {
	d, err := a.openDossier(path)
	if err != nil {
		return err
	}
	defer d.Close()
	h := hold(d)
	mine, err := a.publicKeys(fileList(keyFile), keyFile == "")
	if err != nil {
		return err
	}
	if mine, err = a.unrevoked(h, mine); err != nil {
		return err
	}
	r, err := a.toSign(h, mine, id)
	if err != nil {
		return err
	}
	if err := a.maySign(h, r); err != nil {
		return err
	}
	a.warnFrozen(d, path)
	if !yes {
		if err := a.ask(ctx, h, r, mine); err != nil {
			return err
		}
	}
	signers, err := a.signers(keyFile)
	if err != nil {
		return err
	}
	signed := r
	for _, s := range signers {
		if !mine[s.Public()] || !lists(r, s.Public()) || signed.SignedBy(s.Public()) {
			continue
		}
		if signed, err = signed.Sign(s.Public(), s.Sign); err != nil {
			return err
		}
	}
	if err := d.AddRecord(signed); err != nil {
		return err
	}
	if err := d.Save(path); err != nil {
		return err
	}
	waiting, err := lacking(h, signed)
	if err != nil {
		return err
	}
	return a.print("%s", signedSentence(r, signed, waiting))
}

func fileList(path string) []string {
	if path == "" {
		return nil
	}
	return []string{path}
}

func (a *app) signers(keyFile string) ([]keys.Signer, error) {
	if keyFile == "" {
		return a.agentKeys()
	}
	key, err := a.openKey(keyFile)
	if err != nil {
		return nil, err
	}
	return []keys.Signer{key}, nil
}

func lists(r *record.Record, pub note.PublicKey) bool {
	for _, k := range r.Text().Signers() {
		if k.Public() == pub {
			return true
		}
	}
	return false
}

// toSign finds the record: the one of this id, or the only one that lacks a
// signature of mine.
func (a *app) toSign(h *held, mine map[note.PublicKey]bool, id string) (*record.Record, error) {
	var open, late []*record.Record
	here, listed, signed := false, false, false
	for _, r := range h.Records() {
		if id != "" && !strings.HasPrefix(r.ID().String(), id) {
			continue
		}
		here = true
		// A revocation of my key ends it for ever, and anyone can put a draft of one
		// into a file: it is signed by key revoke, or when it is named.
		if id == "" && r.Text().Kind == record.Revocation {
			continue
		}
		lacks := false
		for _, k := range r.Text().Signers() {
			if mine[k.Public()] {
				listed = true
				lacks = lacks || !r.SignedBy(k.Public())
				signed = signed || r.SignedBy(k.Public())
			}
		}
		switch {
		case !lacks || h.Receipt(r.ID()) != nil:
		case a.lapsed(r) || h.dead(r) != "":
			late = append(late, r)
		default:
			open = append(open, r)
		}
	}
	if len(open) == 0 {
		open = late // to be told of that
	}
	switch {
	case len(open) == 1:
		return open[0], nil
	case len(open) > 1:
		return nil, hint(no("%d records lack your signature: %s", len(open), names(h.Dossier, open)), "name one: --record ID, or the first digits")
	case !here:
		return nil, hint(fmt.Errorf("no record here has an id that begins with %s", id), "chirograph show lists them")
	case !listed && id != "":
		return nil, hint(no("%s is signed by %s, and not by your key %s", named(h.Dossier, id), signersOf(h.Dossier, id), fingerprints(mine)), "chirograph show says which record is whose")
	case !listed:
		return nil, hint(no("no record here lists your key %s", fingerprints(mine)), "it is signed by the keys that it names, which chirograph show prints")
	case signed:
		return nil, no("you signed everything here already")
	}
	return nil, no("everything here that lists your key is registered already")
}

// begun returns the records of which the ids so begin.
func begun(d *dossier.Dossier, id string) []*record.Record {
	return slices.DeleteFunc(d.Records(), func(r *record.Record) bool { return !strings.HasPrefix(r.ID().String(), id) })
}

// named names the records of which the ids so begin.
func named(d *dossier.Dossier, id string) string { return names(d, begun(d, id)) }

// signersOf names those who have to sign them, with their keys.
func signersOf(d *dossier.Dossier, id string) string {
	var s []string
	for _, r := range begun(d, id) {
		for _, q := range r.Text().Requirements() {
			var keys []string
			for _, k := range q.Keys {
				keys = append(keys, k.Name())
			}
			s = append(s, fmt.Sprintf("%s (%s)", q.Name(), strings.Join(keys, ", ")))
		}
	}
	return strings.Join(s, ", ")
}

func names(d *dossier.Dossier, records []*record.Record) string {
	var s []string
	for _, r := range records {
		s = append(s, nameIn(d, r))
	}
	return strings.Join(s, ", ")
}

// drawnUpBy returns the command that draws up such a record.
func drawnUpBy(r *record.Record) string {
	switch t := r.Text(); {
	case t.Kind == record.Statement:
		return "declare"
	case t.Kind == record.Termination:
		return "terminate"
	case t.Replaces != record.ID{}:
		return "amend"
	}
	return "new"
}

func fingerprints(mine map[note.PublicKey]bool) string {
	var s []string
	for pub := range mine {
		s = append(s, pub.Fingerprint())
	}
	return strings.Join(s, ", ")
}

// maySign refuses what should not be signed: after its time, or without seeing the
// documents.
func (a *app) maySign(h *held, r *record.Record) error {
	if a.lapsed(r) {
		return hint(no("it lapsed: it was to be registered by %s", readable(r.Text().SignBy)), "draw it up again: chirograph %s", drawnUpBy(r))
	}
	if why := h.dead(r); why != "" {
		return hint(no("%s can't be registered any more: %s", nameIn(h.Dossier, r), why), "chirograph drop takes it out")
	}
	documents, err := h.CheckDocuments(r.ID())
	if err != nil {
		return err
	}
	for _, c := range documents {
		switch c.State {
		case dossier.Matches:
		case dossier.Differs:
			return hint(no("%s is not the document that the %s names: %s", c.Name, r.Text().Kind, c.Reason), "ask whoever sent you the file")
		default:
			return hint(no("%s is %s: you would sign what you have not seen", c.Name, c.State), "chirograph join brings it from a copy that has it")
		}
	}
	return nil
}

// ask shows the record and waits for a yes, or for a signal.
func (a *app) ask(ctx context.Context, h *held, r *record.Record, mine map[note.PublicKey]bool) error {
	v, err := a.viewRecord(h, r, mine)
	if err != nil {
		return err
	}
	v.print(a.stderr)
	if f, ok := a.stdin.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		return hint(errors.New("there is no terminal to ask whether you sign"), "read it with chirograph show, then sign with --yes")
	}
	fmt.Fprint(a.stderr, "Sign it? Nobody can take a signature back once it is registered. [y/N] ")
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(a.stdin).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case line := <-answer:
		if line == "y" || line == "yes" {
			return nil
		}
	case <-ctx.Done():
		a.say("")
		return errStopped
	}
	return no("not signed")
}

// signedSentence says who signed just now, and who has not yet.
func signedSentence(before, after *record.Record, waiting []string) string {
	var names []string
	for _, k := range after.Signed() {
		if !before.SignedBy(k.Public()) {
			names = append(names, k.Name())
		}
	}
	var roles []string
	for _, q := range after.Text().Requirements() {
		for _, k := range q.Keys {
			if after.SignedBy(k.Public()) && !before.SignedBy(k.Public()) {
				roles = append(roles, q.Name())
				break
			}
		}
	}
	s := fmt.Sprintf("signed %s as %s for %s", recordName(after), strings.Join(names, ", "), strings.Join(roles, ", "))
	if len(waiting) == 0 {
		return s + "; everyone who has to has signed"
	}
	return s + "; still to sign: " + strings.Join(waiting, "; ")
}

// recordName names a record for people: its title, or its kind and first digits, and
// what it is about.
func recordName(r *record.Record) string {
	t := r.Text()
	if t.Title != "" {
		return fmt.Sprintf("%q", t.Title)
	}
	name := t.Kind.String() + " " + r.ID().String()[:12]
	if t.About != "" {
		name += " (" + t.About + ")"
	}
	return name
}

// inPlace returns the registered contract that a dossier is about, nil for none, and
// says which it is where the file has the draft of another, too.
func (a *app) inPlace(d *dossier.Dossier) *record.Record {
	r, draft := d.InPlace(), d.Contract()
	if r != nil && r != draft {
		a.say("contract %.12s in this file is a draft, which is not registered; this is about contract %.12s, which is", draft.ID(), r.ID())
	}
	return r
}

// nameIn names a record of a dossier so that no other in it is called the same.
func nameIn(d *dossier.Dossier, r *record.Record) string {
	title := r.Text().Title
	for _, other := range d.Records() {
		if title != "" && other.ID() != r.ID() && other.Text().Title == title {
			return fmt.Sprintf("%s (contract %.12s)", recordName(r), r.ID())
		}
	}
	return recordName(r)
}
