package testvectors

import (
	"bytes"
	"errors"

	"github.com/chirograph/chirograph/ledger/dossier"
)

// checkDossier asks the packages for what the page asks of a dossier: dossier.Read
// for its form, and then for the documents, which a dossier keeps as they came.
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
	var printed bytes.Buffer
	if _, err := d.WriteTo(&printed); err != nil || !bytes.Equal(printed.Bytes(), b) {
		in.t.Errorf("what is printed is another (%v)", err)
	}
	return ok(map[string]any{"contract": d.Contract().ID().String(), "records": records})
}
