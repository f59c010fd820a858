package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/ledger/certificate"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

func (a *app) certificateCommand() *cobra.Command {
	var out, contract, policy string
	c := &cobra.Command{
		Use:   "certificate X.chirograph -o FILE.html|FILE.pdf [--contract ID] [--policy FILE]",
		Short: "Print a contract and its receipt on paper, to be verified from there",
		Long: `Verifies everything in X, by its own policy or the one that --policy names, and writes
a certificate of its contract: who signed with which key, the documents, the time line
as far as X knows it, what was proved and what was not, and the receipt, as QR codes
and as text, which the verifier page reads back from a picture. The ending of FILE
says whether it is a page to be printed or a PDF. It shows no document's content.

The same file makes the same bytes. What does not verify gets no certificate.
Exit 1: something does not hold. 2: something could not be checked.`,
		Example: "  chirograph certificate pumps.chirograph -o pumps.pdf",
		Args:    arguments("X.chirograph"),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.certificate(args[0], out, contract, policy)
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "the file to write, .html or .pdf (`FILE`)")
	c.Flags().StringVar(&contract, "contract", "", "the contract with this `ID`, or the first digits of it; else the one that X is about")
	c.Flags().StringVar(&policy, "policy", "", "verify by the policy in this `FILE`, not by the one in X")
	return c
}

func (a *app) certificate(path, out, contract, policy string) error {
	draw, err := drawing(out)
	if err != nil {
		return err
	}
	if err := refuseExisting(out); err != nil {
		return err
	}
	// What does not hold is not left out here, as it is elsewhere: it is the answer.
	d, err := dossier.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	text := d.Policy()
	if policy != "" {
		if text, err = readFile(policy, verify.MaxPolicy); err != nil {
			return err
		}
	}
	p, err := verify.ParsePolicy(text)
	if err != nil {
		return fmt.Errorf("the policy by which %s is to be verified: %w", plain(path), err)
	}
	of, err := certified(d, contract)
	if err != nil {
		return err
	}
	c, err := certificate.New(p, policy == "", d, of.ID())
	if err != nil {
		return noCertificate(path, err)
	}
	var b bytes.Buffer
	if err := draw(c, &b); err != nil {
		return err
	}
	if err := newFile(out, forAll, &b); err != nil {
		return err
	}
	a.say("wrote %s: a certificate of %s", out, nameIn(d, of))
	return nil
}

// drawing returns how a certificate is drawn in a file of that name.
func drawing(out string) (func(*certificate.Certificate, io.Writer) error, error) {
	const either = "the ending says what is written: -o X.html, -o X.pdf"
	switch filepath.Ext(out) {
	case ".html":
		return (*certificate.Certificate).HTML, nil
	case ".pdf":
		return (*certificate.Certificate).PDF, nil
	case "":
		if out == "" {
			return nil, hint(errors.New("-o is missing"), either)
		}
	}
	return nil, hint(errors.New(plain(out)+" ends neither in .html nor in .pdf"), either)
}

// certified returns the contract that a certificate is asked of.
func certified(d *dossier.Dossier, contract string) (*record.Record, error) {
	if contract != "" {
		return hold(d).contractCalled(contract)
	}
	if r := d.InPlace(); r != nil {
		return r, nil
	}
	return nil, hint(no("%s is not registered, so there is nothing to certify", recordName(d.Contract())), "chirograph submit registers it, when everyone has signed")
}

// noCertificate says why there is none: the answer no, where something does not hold.
func noCertificate(path string, err error) error {
	var f *verify.Failure
	var u *certificate.Unchecked
	switch {
	case errors.As(err, &f):
		return hint(no("no certificate: %s", f.Reason), "chirograph-verify receipt --policy FILE %s says more", plain(path))
	case errors.As(err, &u):
		return hint(fmt.Errorf("no certificate: %w", err), "chirograph update %s fetches what is not there", plain(path))
	}
	return err
}
