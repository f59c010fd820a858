package dossier

import (
	"fmt"
	"strings"

	"github.com/chirograph/chirograph/ledger/record"
)

// maxPath is the length of the longest path: a document name has at most 128 bytes.
const maxPath = len("documents/") + 64 + len("/") + 128

const policyPath = "policy"

func recordPath(id record.ID) string  { return "records/" + id.String() + ".note" }
func receiptPath(id record.ID) string { return "receipts/" + id.String() + ".tlog-proof" }
func firstPath(id record.ID) string   { return "receipts/" + id.String() + ".first.tlog-proof" }

func documentPath(id record.ID, name string) string { return "documents/" + id.String() + "/" + name }
func saltPath(id record.ID, name string) string     { return "salts/" + id.String() + "/" + name }

// A role is what a file of a dossier is.
type role byte

const (
	isPolicy role = iota
	isRecord
	isReceipt
	isFirst
	isDocument
	isSalt
)

// A place is what a path says.
type place struct {
	role role
	id   record.ID // zero for the policy
	name string    // of a document or salt: any, until the record says which it has
}

func parsePath(path string) (place, error) {
	if path == policyPath {
		return place{role: isPolicy}, nil
	}
	if err := checkPath(path); err != nil {
		return place{}, err
	}
	var p place
	var id string
	folder, rest, _ := strings.Cut(path, "/")
	ok := true
	switch folder {
	case "records":
		p.role = isRecord
		id, ok = strings.CutSuffix(rest, ".note")
	case "receipts":
		if id, ok = strings.CutSuffix(rest, ".tlog-proof"); ok {
			p.role = isReceipt
			if first, isOther := strings.CutSuffix(id, ".first"); isOther {
				p.role, id = isFirst, first
			}
		}
	case "documents":
		p.role = isDocument
		id, p.name, ok = strings.Cut(rest, "/")
	case "salts":
		p.role = isSalt
		id, p.name, ok = strings.Cut(rest, "/")
	default:
		ok = false
	}
	if !ok {
		return place{}, fmt.Errorf("%q is not a path that a dossier has", path)
	}
	var err error
	if p.id, err = record.ParseID(id); err != nil {
		return place{}, fmt.Errorf("%q: %w", path, err)
	}
	return p, nil
}

// checkPath refuses what no path of a dossier looks like with a sentence of its
// own, where the grammar alone would only say that it is not one.
func checkPath(path string) error {
	for i := range len(path) {
		if path[i] < 0x20 || path[i] > 0x7E {
			return fmt.Errorf("path %q is not ASCII", path)
		}
	}
	switch {
	case strings.Contains(path, `\`):
		return fmt.Errorf("path %q has a backslash", path)
	case strings.HasPrefix(path, "/"):
		return fmt.Errorf("path %q is absolute", path)
	case strings.HasSuffix(path, "/"):
		return fmt.Errorf("path %q is of a folder, a dossier has files only", path)
	}
	for step := range strings.SplitSeq(path, "/") {
		if step == "" || step == "." || step == ".." {
			return fmt.Errorf("path %q has the step %q", path, step)
		}
	}
	return nil
}
