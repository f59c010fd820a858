package audit

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
)

// A ledger may say nothing of the end that it registered, or another.
func TestTheEndThatIsToComeIsCompared(t *testing.T) {
	l := newLedger()
	c := l.Register(l.Contract(nil))
	end := l.Register(l.Under(record.Termination, c, func(t *record.Text) { t.Effective = record.DateOf(l.Last) + 90 }, maker, buyer))
	if r := l.clean(t, t.TempDir()); r.Contracts != 1 {
		t.Fatalf("%d contracts are compared", r.Contracts)
	}
	ends := regexp.MustCompile(`"ends":\{[^}]*\}`)
	for name, alter := range map[string]func(b []byte) []byte{
		"hidden":      func(b []byte) []byte { return ends.ReplaceAll(b, []byte(`"later":{}`)) },
		"another day": func(b []byte) []byte { return bytes.Replace(b, []byte(`"day":"2026-`), []byte(`"day":"2027-`), 1) },
		"expired": func(b []byte) []byte {
			return ends.ReplaceAll(b, []byte(`"ends":{"day":"2026-06-01","how":"expired"}`))
		},
	} {
		changed := false
		l.Alter = func(path string, b []byte) []byte {
			if !strings.HasPrefix(path, "contracts/") {
				return b
			}
			altered := alter(b)
			changed = !bytes.Equal(altered, b)
			return altered
		}
		r, err := l.audit(t, t.TempDir())
		if err != nil || !changed || r.Finding == nil || r.Finding.Rule != Status || !strings.Contains(r.Finding.Reason, "by its log it is in force since 2026-03-01; ends: terminated from 2026-05-30 on by "+end.ID().String()) {
			t.Errorf("%s: %+v, %v", name, r.Finding, err)
		}
	}
}
