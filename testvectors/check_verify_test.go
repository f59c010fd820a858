package testvectors

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing/fstest"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

func checkPolicy(in *input) outcome {
	p, err := verify.ParsePolicy(in.octets("policy"))
	if err != nil {
		return fails("form", err)
	}
	printed, err := verify.ParsePolicy(p.Bytes())
	if err != nil || string(printed.Bytes()) != string(p.Bytes()) {
		in.t.Errorf("what is printed reads otherwise (%v):\n%s", err, p.Bytes())
	}
	logs, witnesses := []string{}, [][]string{}
	for _, l := range p.Logs {
		logs = append(logs, l.Key.String())
	}
	for _, w := range p.Witnesses {
		witnesses = append(witnesses, []string{w.Name, w.Key.String()})
	}
	return ok(map[string]any{"logs": logs, "witnesses": witnesses, "quorum": p.Quorum})
}

// policy returns the vector's policy, which is good.
func (in *input) policy() *verify.Policy {
	p, err := verify.ParsePolicy(in.octets("policy"))
	if err != nil {
		in.t.Fatal(err)
	}
	return p
}

// failedStep returns the step that a failure names.
func (in *input) failedStep(err error) outcome {
	var f *verify.Failure
	if !errors.As(err, &f) {
		in.t.Fatalf("%v names no step", err)
	}
	return fails(string(f.Step), err)
}

func checkReceipt(in *input) outcome {
	p, proof := in.policy(), in.octets("proof")
	documents, _ := in.take("documents")
	reg, err := verify.Receipt(p, proof)
	if err != nil {
		return in.failedStep(err)
	}
	if err := in.compareDocuments(reg, p, documents); err != nil {
		return fails("documents", err)
	}
	witnesses := []string{}
	for _, c := range reg.Counted {
		if !slices.Contains(witnesses, c.Witness.Name) {
			witnesses = append(witnesses, c.Witness.Name)
		}
	}
	if report := reg.Report(p); report.LedgerOnly != (report.SeenBy == "") || report.LedgerOnly != p.LedgerOnly(reg.Counted) {
		in.t.Errorf("the report says seen by %q, the ledger's word only %t", report.SeenBy, report.LedgerOnly)
	}
	return ok(vouched(p.LedgerOnly(reg.Counted), reg.SeenBy, map[string]any{
		"id": reg.Record.ID().String(), "registered": reg.Registered, "index": strconv.FormatUint(reg.Index, 10),
		"size": strconv.FormatUint(reg.Checkpoint.Size, 10), "origin": reg.Checkpoint.Origin, "witnesses": witnesses,
	}))
}

// vouched adds to the values by when a quorum had seen the tree, or that there is only
// the ledger's word for it.
func vouched(ledgerOnly bool, seenBy int64, values map[string]any) map[string]any {
	values["ledger_only"] = ledgerOnly
	if !ledgerOnly {
		values["seen_by"] = strconv.FormatInt(seenBy, 10)
	}
	return values
}

// compareDocuments compares each file alone with the record's line of its name, and
// all together as the verifier does with a folder: the two do not contradict.
func (in *input) compareDocuments(reg *verify.Registration, p *verify.Policy, documents any) error {
	list, _ := documents.([]any)
	folder := make(fstest.MapFS)
	var fault error
	for _, d := range list {
		file := &input{in.t, d.(map[string]any)}
		name, data := file.text("name"), file.octets("data")
		var salt []byte
		if _, ok := file.members["salt"]; ok {
			salt = file.hex("salt")
			folder[name+".salt"] = &fstest.MapFile{Data: salt}
		}
		folder[name] = &fstest.MapFile{Data: data}
		lines := reg.Record.Text().Documents
		i := slices.IndexFunc(lines, func(l record.Document) bool { return l.Name == name })
		if i < 0 {
			fault = errors.New("the record has no document " + name)
		} else if err := lines[i].Match(salt, strings.NewReader(string(data))); err != nil {
			fault = err
		}
	}
	report := reg.Report(p)
	if err := report.Compare(reg.Record.Text(), folder); err != nil {
		in.t.Fatal(err)
	}
	if fault == nil && report.Verdict == verify.No {
		in.t.Errorf("the report says %s", report.Failure)
	}
	for _, d := range report.Documents {
		if _, given := folder[d.Name]; fault == nil && given != d.Compared {
			in.t.Errorf("%s: given %t, compared %t", d.Name, given, d.Compared)
		}
	}
	return fault
}

func checkConsistencyProof(in *input) outcome {
	p, b, proof := in.policy(), in.octets("old"), in.octets("proof")
	old, err := tlog.ParseSignedCheckpoint(b)
	if err != nil {
		return fails("form", err)
	}
	x, err := verify.Consistency(p, old, proof)
	if err != nil {
		o := in.failedStep(err)
		// The page has one name for every line under the two checkpoints.
		if o.want == string(verify.StepCosignature) {
			o.want = string(verify.StepCheckpoint)
		}
		return o
	}
	return ok(vouched(p.LedgerOnly(x.New.Cosignatures), x.SeenBy, map[string]any{
		"old_size": strconv.FormatUint(x.Old.Size, 10), "size": strconv.FormatUint(x.New.Size, 10),
	}))
}
