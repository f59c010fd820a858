package verify_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// The first line of a record of any kind and version.
var firstLine = regexp.MustCompile(`\Achirograph/([a-z][a-z0-9-]{0,31})/v([1-9][0-9]{0,8})\n`)

func TestARecordIsOfAnUnknownKindWhereItsFirstLineIsOfThatForm(t *testing.T) {
	kinds := []string{"", "a", "a-", "-a", "7", "a7", "A", "aB", "é", "contract", "contracts", "statement", "revocation", "a b", "a/b", "a/v1",
		strings.Repeat("k", 32), strings.Repeat("k", 33), "v1", "a/v", "/v"}
	versions := []string{"", "0", "1", "2", "01", "1x", "x", "-1", "123456789", "1234567890", "1/v2", "/v1", " 1"}
	unknown := 0
	for _, kind := range kinds {
		for _, version := range versions {
			for _, form := range []string{"chirograph/K/vV\n", "chirograph/K/vV", "chirograph/K/vV\r\n", "chirograph/KvV\n", "/K/vV\n", "\nchirograph/K/vV\n", "chirograph/K/vV\nand more\n"} {
				text := strings.NewReplacer("K", kind, "V", version).Replace(form)
				m := firstLine.FindStringSubmatch(text)
				want := m != nil && (m[2] != "1" || m[1] != "contract" && m[1] != "statement" && m[1] != "revocation")
				var is *verify.UnknownKind
				err := verify.OpenEntry(record.Entry{Registered: now, Record: []byte(text)}.Bytes()).Admit(nil, key(home))
				if errors.As(err, &is) != want {
					t.Errorf("%q: %v, unknown: want %v", text, err, want)
				}
				if want {
					unknown++
				}
			}
		}
	}
	if unknown < 50 {
		t.Errorf("%d of the lines are of unknown kinds", unknown)
	}
}
