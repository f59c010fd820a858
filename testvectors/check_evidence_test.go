package testvectors

import (
	"bytes"
	"strconv"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

func checkEvidence(in *input) outcome {
	p, evidence := in.policy(), in.octets("evidence")
	charge, parseErr := verify.ParseEvidence(evidence)
	b, err := verify.Evidence(p, evidence)
	if err != nil {
		o := in.failedStep(err)
		if (o.want == string(verify.StepForm)) != (parseErr != nil) {
			in.t.Errorf("judged %v, read %v", err, parseErr)
		}
		return o
	}
	if !bytes.Equal(charge.Bytes(), evidence) {
		in.t.Errorf("%q is printed %q", evidence, charge.Bytes())
	}
	values := map[string]any{"verdict": string(b.Verdict), "rule": string(b.Rule), "index": strconv.FormatUint(b.Index, 10)}
	if b.ID != (record.ID{}) {
		values["id"] = b.ID.String()
	}
	if b.Absent != nil {
		values["absent"] = []string{strconv.FormatUint(b.Absent.First, 10), strconv.FormatUint(b.Absent.Last, 10)}
	}
	return ok(values)
}
