package testvectors

import (
	"bytes"
	"errors"

	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/verify"
)

// checkDossier asks the packages for what the page asks of a dossier: dossier.Read
// for its form, and then for the documents, which a dossier keeps as they came; and
// verify.Dossier and verify.Contradiction where there is a policy.
func checkDossier(in *input) outcome {
	b := in.octets("dossier")
	d, err := dossier.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return fails("form", err)
	}
	records := []string{}
	for _, r := range d.Records() {
		records = append(records, r.ID().String())
		documents, err := d.CheckDocuments(r.ID())
		if err != nil {
			in.t.Fatal(err)
		}
		for _, c := range documents {
			if c.State == dossier.Differs {
				return fails("documents", errors.New(c.Reason))
			}
		}
	}
	if _, judged := in.members["policy"]; judged {
		items, err := verify.Dossier(in.policy(), d)
		if err != nil {
			in.t.Fatal(err)
		}
		for _, i := range items {
			if i.Failure != nil {
				return fails(string(i.Failure.Step), i.Failure)
			}
		}
		if f := verify.Contradiction(items); f != nil {
			return fails(string(f.Step), f)
		}
	}
	var printed bytes.Buffer
	if _, err := d.WriteTo(&printed); err != nil || !bytes.Equal(printed.Bytes(), b) {
		in.t.Errorf("what is printed is another (%v)", err)
	}
	return ok(map[string]any{"contract": d.Contract().ID().String(), "records": records})
}
