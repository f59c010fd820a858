package record_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// partyLines returns the lines of n parties "p0 1 …", each with keys of its own,
// whose numbers begin at first.
func partyLines(keyword string, n, threshold, keysEach, first int) string {
	return many(keyword, n, func(i int) string {
		p := record.Party{Role: fmt.Sprintf("p%d", i), Threshold: threshold}
		for j := range keysEach {
			p.Keys = append(p.Keys, key(fmt.Sprintf("k%d", first+i*keysEach+j)))
		}
		return p.String()
	})
}

// withParties replaces the party lines by these.
func withParties(lines string) edit {
	return then(put("\nparty ", "\nplace here\nparty "), dropAll("party"), put("place here\n", lines))
}

func TestPartyLinesAreChecked(t *testing.T) {
	alice, bob := key("alice.example").String(), key("bob.example").String()
	cosigner, err := note.NewKey("bob.example", note.Cosignature, key("bob.example").Public())
	if err != nil {
		t.Fatal(err)
	}
	buyer := func(rest string) edit { return put("buyer 1 "+bob, rest) }
	refuses(t, small(), []bad{
		{"no party", dropAll("party"), `"document" is not expected here: "party" is`},
		{"one party", drop("party"), "contract has 1 party lines, at least 2 are needed"},
		{"the same role twice", buyer("manufacturer 1 " + bob), `role "manufacturer" is twice`},
		{"role in capitals", buyer("Buyer 1 " + bob), `role "Buyer" is not a token`},
		{"role of 33 bytes", buyer(strings.Repeat("b", 33) + " 1 " + bob), "is not a token"},
		{"no role", buyer(" 1 " + bob), `role "" is not a token`},
		{"no key", buyer("buyer 1"), `"buyer 1" is not <role> <threshold> <vkey>`},
		{"no threshold", buyer("buyer " + bob), "is not <role> <threshold> <vkey>"},
		{"threshold of zero", buyer("buyer 0 " + bob), "threshold of buyer is 0, it has 1 keys"},
		{"threshold above the keys", buyer("buyer 2 " + bob), "threshold of buyer is 2, it has 1 keys"},
		{"threshold with a leading zero", buyer("buyer 01 " + bob), `threshold "01" is not a decimal`},
		{"threshold with a sign", buyer("buyer +1 " + bob), `threshold "+1" is not a decimal`},
		{"threshold beyond every number", buyer("buyer 18446744073709551617 " + bob), "is not a decimal"},
		{"two spaces between keys", buyer("buyer 1 " + bob + "  " + key("carol.example").String()), "is not <name>+<key id>+<base64>"},
		{"space at the end", buyer("buyer 1 " + bob + " "), "is not <name>+<key id>+<base64>"},
		{"key of cosigners", buyer("buyer 1 " + cosigner.String()), "has the type 0x04, records are signed with 0x01"},
		{"key name with other letters", buyer("buyer 1 " + named("bób", "bob.example").String()), "is not a key name"},
		{"key of small order", buyer("buyer 1 " + smallOrder("bob.example")), "small order"},
		{"key with an upper-case id", buyer("buyer 1 " + upperID(key("carol.example").String())), "has the key id"},
		{"the same key twice in a line", buyer("buyer 1 " + bob + " " + bob), "is twice among the party lines"},
		{"the same key in two lines", buyer("buyer 1 " + alice), "is twice among the party lines"},
		{"the same key under two names", buyer("buyer 1 " + named("other.example", "alice.example").String()), "is twice among the party lines"},
		{"the ledger's key", buyer("buyer 1 " + key("ledger.example").String()), "party names the ledger's key"},
		{"the ledger's key under another name", buyer("buyer 1 " + named("bob.example", "ledger.example").String()), "party names the ledger's key"},
		{"33 parties", withParties(partyLines("party", 33, 1, 1, 0)), "more than 32 party lines"},
		{"thresholds of 33", withParties(partyLines("party", 11, 3, 3, 0)), "thresholds add up to 33, at most 32"},
		{"65 keys in a line", withParties(partyLines("party", 1, 1, 65, 0) + "party q 1 " + alice + "\n"), "65 keys, at most 64"},
		{"65 keys in five lines", withParties(partyLines("party", 5, 1, 13, 0)), "text names 65 keys, at most 64"},
	})
	accepts(t, small(), map[string]edit{
		"role of 32 bytes":         buyer(strings.Repeat("b", 32) + " 1 " + bob),
		"32 parties":               withParties(partyLines("party", 32, 1, 1, 0)),
		"thresholds of 32":         withParties(partyLines("party", 8, 4, 5, 0)),
		"64 keys":                  withParties(partyLines("party", 4, 1, 16, 0)),
		"two keys with one name":   buyer("buyer 1 " + named("alice.example", "bob.example").String()),
		"a key with one character": buyer("buyer 1 " + key("b").String()),
	})
}

func smallOrder(name string) string {
	material := append([]byte{1}, make([]byte, ed25519.PublicKeySize)...)
	sum := sha256.Sum256(append([]byte(name+"\n"), material...))
	return fmt.Sprintf("%s+%x+%s", name, sum[:4], "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
}

func upperID(vkey string) string {
	name, rest, _ := strings.Cut(vkey, "+")
	id, encoded, _ := strings.Cut(rest, "+")
	return name + "+" + strings.ToUpper(id) + "+" + encoded
}

func TestFormerLinesAreChecked(t *testing.T) {
	erin := key("erin.example").String()
	broker := func(rest string) edit { return put("former broker 1 "+erin, "former "+rest) }
	others := func(lines string) edit {
		return then(put("\nformer ", "\nplace here\nformer "), dropAll("former"), put("place here\n", lines))
	}
	refuses(t, contract(), []bad{
		{"the same role twice", broker("manufacturer 1 " + erin), `role "manufacturer" is twice`},
		{"the same key twice", broker("broker 1 " + key("alice.example").String()), "is twice among the former lines"},
		{"the ledger's key", broker("broker 1 " + key("ledger.example").String()), "former names the ledger's key"},
		{"threshold above the keys", broker("broker 2 " + erin), "threshold of broker is 2"},
		{"33 parties", others(partyLines("former", 33, 1, 1, 0)), "more than 32 former lines"},
		{"thresholds of 33", others(partyLines("former", 11, 3, 3, 0)), "thresholds add up to 33"},
		{"65 keys with the party lines", others(partyLines("former", 1, 1, 61, 0)), "text names 65 keys, at most 64"},
	})
	accepts(t, contract(), map[string]edit{
		"one former party":               drop("former"),
		"32 parties":                     others(partyLines("former", 32, 1, 1, 0)),
		"thresholds of 32":               others(partyLines("former", 8, 4, 4, 0)),
		"64 keys with the party lines":   others(partyLines("former", 1, 1, 60, 0)),
		"a key that is a party's":        broker("broker 1 " + key("bob.example").String()),
		"the role of another party":      broker("buyer 1 " + erin),
		"the new key under the old name": broker("broker 1 " + named("old.alice.example", "erin.example").String()),
	})
}

// twins are two keys that have the same name and the same key id, found by trying
// seeds in order.
func twins(t *testing.T) (a, b note.Key) {
	a, b = named("twin.example", "twin 9013"), named("twin.example", "twin 18918")
	if a.ID() != b.ID() || a.Public() == b.Public() {
		t.Fatalf("%s and %s are no twins", a, b)
	}
	return a, b
}

func TestASignatureLineIsOfOneKey(t *testing.T) {
	a, b := twins(t)
	const want = `have the same name "twin.example" and key id 6ce2492e`
	refuses(t, small(), []bad{
		{"two parties", withParties("party a 1 " + a.String() + "\nparty b 1 " + b.String() + "\n"), want},
		{"one party", put("buyer 1 ", "buyer 1 "+a.String()+" "+b.String()+" "), want},
		{"a party and the ledger", then(line("ledger", a.String()), put("buyer 1 ", "buyer 1 "+b.String()+" ")), want},
	})
	refuses(t, contract(), []bad{
		{"a party and a former one", then(put("buyer 2 ", "buyer 2 "+a.String()+" "), put("broker 1 ", "broker 1 "+b.String()+" ")), want},
	})
	refuses(t, revocation(), []bad{{"a key and the ledger", then(line("ledger", a.String()), line("key", b.String())), want}})
	refuses(t, statement(), []bad{{"one that says it", put("buyer 2 ", "buyer 2 "+a.String()+" "+b.String()+" "), want}})
}
