package record

import (
	"errors"
	"fmt"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
)

// checkKeys demands that no two keys share a name and key id, so that a signature
// line is of one key, and that the ledger signs for nobody.
func (t *Text) checkKeys() error {
	type line struct {
		name string
		id   uint32
	}
	owners := map[line]note.PublicKey{{t.Ledger.Name(), t.Ledger.ID()}: t.Ledger.Public()}
	distinct := make(map[note.PublicKey]bool)
	for _, r := range t.Requirements() {
		for _, k := range r.Keys {
			if k.Public() == t.Ledger.Public() {
				return fmt.Errorf("%s names the ledger's key %s", r.Keyword, k.Public().Fingerprint())
			}
			l := line{k.Name(), k.ID()}
			if owner, ok := owners[l]; ok && owner != k.Public() {
				return fmt.Errorf("keys %s and %s have the same name %q and key id %08x",
					owner.Fingerprint(), k.Public().Fingerprint(), l.name, l.id)
			}
			owners[l] = k.Public()
			distinct[k.Public()] = true
		}
	}
	if len(distinct) > MaxKeys {
		return fmt.Errorf("text names %d keys, at most %d are allowed", len(distinct), MaxKeys)
	}
	return nil
}

func (t *Text) checkDocuments() error {
	terms, names := 0, make(map[string]bool)
	for _, d := range t.Documents {
		if d.Kind == Terms {
			terms++
		}
		if folded := strings.ToLower(d.Name); names[folded] {
			return fmt.Errorf("document name %q is twice, without regard to case", d.Name)
		} else {
			names[folded] = true
		}
	}
	if t.Kind == Contract && terms != 1 {
		return fmt.Errorf("contract has %d documents of the kind %q, exactly 1 is needed", terms, Terms)
	}
	return nil
}

// differs names the first line that is not as it is printed.
func differs(text, printed []byte) error {
	have, want := strings.Split(string(text), "\n"), strings.Split(string(printed), "\n")
	for i := range min(len(have), len(want)) {
		if have[i] != want[i] {
			return fmt.Errorf("line %d: %.200q is written %.200q", i+1, have[i], want[i])
		}
	}
	return errors.New("text is not as it is written")
}
