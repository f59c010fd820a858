package main

import (
	"bytes"
	"fmt"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

type evidenceResult struct {
	Verdict    verify.Verdict  `json:"verdict"`
	Failure    *verify.Failure `json:"failure,omitempty"`
	Ledger     string          `json:"ledger,omitempty"` // vkey
	Rule       string          `json:"rule,omitempty"`
	Index      *uint64         `json:"index,omitempty"` // of the entry; of a fork the size of the smaller tree
	ID         string          `json:"id,omitempty"`
	Registered string          `json:"registered,omitempty"`
	Reason     string          `json:"reason,omitempty"`
	Size       uint64          `json:"size,omitempty"`       // of the tree
	Root       string          `json:"root,omitempty"`       // base64
	OtherSize  uint64          `json:"other_size,omitempty"` // of a fork: of the other tree
	OtherRoot  string          `json:"other_root,omitempty"`
	Doubt      string          `json:"doubt,omitempty"`
	Absent     *verify.Range   `json:"absent,omitempty"` // entries that have to be read to be sure
}

// evidence judges one file.
func (o *options) evidence(p *verify.Policy, args []string) (int, error) {
	if len(args) != 1 {
		return 0, fmt.Errorf("%d files are named, one with evidence is needed; %w", len(args), errUsage)
	}
	text, err := readFile(args[0], verify.MaxEvidence)
	if err != nil {
		return 0, err
	}
	b, err := verify.Evidence(p, text)
	if err != nil {
		return o.refuseEvidence(args[0], text, verify.Refused(err).Failure)
	}
	if o.json {
		return code(b.Verdict), o.printJSON(newEvidenceResult(b))
	}
	return code(b.Verdict), o.printBreach(args[0], b)
}

// refuseEvidence says why a file is no evidence. Where it has not the form of any, or
// the policy lists no ledger that signed it, nothing was judged.
func (o *options) refuseEvidence(path string, text []byte, f *verify.Failure) (int, error) {
	result := evidenceResult{Verdict: verify.No, Failure: f}
	if f.Step == verify.StepForm || f.Step == verify.StepCheckpoint {
		result.Verdict = verify.Unchecked
	}
	h := "nothing was judged: evidence is the whole file as it was written, to the byte, by chirograph audit, watch, or chirograph-verify receipt --evidence"
	switch {
	case bytes.HasPrefix(text, []byte("PK")):
		f.Reason = "this is a dossier, or another ZIP, and no evidence"
		h = "chirograph-verify receipt verifies a dossier"
	case bytes.HasPrefix(text, []byte("c2sp.org/tlog-proof@")):
		h = "this looks like a receipt: chirograph-verify receipt verifies one"
	case f.Step == verify.StepCheckpoint:
		h = "nothing was judged: the policy has to list the ledger that the evidence is against, with the key that signed it, and the file has to be as it was written"
	case f.Step != verify.StepForm:
		h = hints[verify.StepRule]
	}
	if o.json {
		return code(result.Verdict), o.printJSON(result)
	}
	o.complainWith(path, f, h)
	return code(result.Verdict), nil
}

func newEvidenceResult(b *verify.Breach) evidenceResult {
	r := evidenceResult{
		Verdict: b.Verdict, Ledger: b.Checkpoint.Log.Key.String(), Rule: string(b.Rule), Index: &b.Index, Reason: b.Reason,
		Size: b.Checkpoint.Size, Root: b.Checkpoint.Root.String(), Doubt: b.Doubt, Absent: b.Absent,
	}
	if b.ID != (record.ID{}) {
		r.ID, r.Registered = b.ID.String(), record.FormatTime(b.Registered)
	}
	if b.Other != nil {
		r.OtherSize, r.OtherRoot = b.Other.Size, b.Other.Root.String()
	}
	return r
}

func (o *options) printBreach(path string, b *verify.Breach) error {
	says := b.String()
	if b.Doubt != "" {
		says = b.Doubt
	}
	if _, err := fmt.Fprintf(o.stdout, "%s: %s: %s\n", plain(path), b.Verdict, says); err != nil {
		return err
	}
	if b.Absent != nil {
		if _, err := fmt.Fprintf(o.stdout, "  as it looks: %s\n", b); err != nil {
			return err
		}
	}
	if b.ID != (record.ID{}) {
		if _, err := fmt.Fprintf(o.stdout, "  record %s, registered %s\n", b.ID, record.FormatTime(b.Registered)); err != nil {
			return err
		}
	}
	for _, c := range []*verify.Checkpoint{b.Other, b.Checkpoint} {
		if c == nil {
			continue
		}
		if _, err := fmt.Fprintf(o.stdout, "  signed by the key of %s, %s: the tree of %s with the root %s\n",
			c.Origin, c.Log.Key.Public().Fingerprint(), entries(c.Size), c.Root); err != nil {
			return err
		}
	}
	return nil
}
