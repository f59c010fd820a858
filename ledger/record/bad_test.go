package record_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// A bad text is a good one, edited, and what its refusal says.
type bad struct {
	name string
	edit edit
	want string
}

func refuses(t *testing.T, text *record.Text, cases []bad) {
	t.Helper()
	good := string(text.Bytes())
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := c.edit(good)
			if s == good {
				t.Fatal("the edit changes nothing")
			}
			_, err := record.ParseText([]byte(s))
			wantForm(t, err, c.want)
		})
	}
}

// accepts demands that the edited text is read, and prints as it was.
func accepts(t *testing.T, text *record.Text, edits map[string]edit) {
	t.Helper()
	for name, e := range edits {
		t.Run(name, func(t *testing.T) {
			s := e(string(text.Bytes()))
			if s == string(text.Bytes()) {
				t.Fatal("the edit changes nothing")
			}
			got, err := record.ParseText([]byte(s))
			if err != nil {
				t.Fatal(err)
			}
			if string(got.Bytes()) != s {
				t.Fatalf("prints as %q, was %q", got.Bytes(), s)
			}
		})
	}
}

func TestEveryBadTextHasItsOwnError(t *testing.T) {
	set := func(s string) edit { return func(string) string { return s } }
	refuses(t, contract(), []bad{
		{"nothing", set(""), "text does not end in a line feed"},
		{"an empty line", set("\n"), "line 1 is empty"},
		{"no line feed at the end", func(s string) string { return s[:len(s)-1] }, "text does not end in a line feed"},
		{"kind alone", set("chirograph/contract/v1\n"), `line 2: the text ends where "ledger" is expected`},
		{"22,001 bytes", func(s string) string { return s + strings.Repeat("x", record.MaxText-len(s)) + "\n" }, "text has 22001 bytes, at most 22000"},
		{"22,000 bytes of nonsense", func(s string) string { return s + strings.Repeat("x", record.MaxText-len(s)-1) + "\n" }, "unknown keyword"},
		{"CRLF", func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }, `unknown kind of record "chirograph/contract/v1\r"`},
		{"CR on one line", put("Z\n", "Z\r\n"), `line 3: made: "2026-03-01T09:00:00Z\r" is not a time`},
		{"CR after a document", put("terms.md", "terms.md\r"), `"terms.md\r" is not a document name`},
		{"line separator for the line feed", put("Z\nsign", "Z\u2028sign"), "is not a time"},
		{"NUL in the title", put("Forty", "Forty\x00"), "line 6: title: title has the character U+0000"},
		{"NUL in a role", put("party buyer", "party buy\x00er"), `role "buy\x00er" is not a token`},
		{"tab for space", put("made ", "made\t"), "unknown keyword"},
		{"empty line inside", put("\nmade", "\n\nmade"), "line 3 is empty"},
		{"empty line at the end", func(s string) string { return s + "\n" }, "is empty"},
		{"byte order mark", put("chiro", "\ufeffchiro"), "unknown kind of record"},
		{"space before the line", put("\nmade", "\n made"), `line 3: unknown keyword ""`},
		{"space at the end of a line", put("Z\nsign", "Z \nsign"), "is not a time"},
		{"two spaces after the keyword", put("made ", "made  "), "is not a time"},
		{"kind of no record", put("contract/v1", "order/v1"), `line 1: unknown kind of record "chirograph/order/v1"`},
		{"kind of version 2", put("/v1", "/v2"), "unknown kind of record"},
		{"kind in capitals", put("chiro", "Chiro"), "unknown kind of record"},
		{"kind with more", put("/v1", "/v1 "), "unknown kind of record"},
		{"unknown keyword", before("from", "price 100"), `line 11: unknown keyword "price"`},
		{"unknown keyword at the end", func(s string) string { return s + "price 100\n" }, `unknown keyword "price"`},
		{"keyword in capitals", put("\nmade", "\nMade"), `unknown keyword "Made"`},
		{"keyword without value", put("made 2026-03-01T09:00:00Z", "made"), `line 3: "made" has no value`},
		{"optional keyword without value", put("from 2026-04-01", "from"), `line 11: "from" has no value`},
		{"empty value", line("title", ""), "line 6: title: title is empty"},
	})
}

func TestLinesComeOnceAndInOrder(t *testing.T) {
	for name, text := range goodTexts() {
		lines := strings.SplitAfter(string(text.Bytes()), "\n")
		lines = lines[:len(lines)-1]
		for i := range lines {
			doubled := strings.Join(append(append(append([]string(nil), lines[:i+1]...), lines[i]), lines[i+1:]...), "")
			if _, err := record.ParseText([]byte(doubled)); err == nil || i > 0 &&
				!strings.Contains(err.Error(), "is not expected here") && !strings.Contains(err.Error(), "is twice") {
				t.Errorf("%s with %q twice: %v", name, lines[i], err)
			}
			if i == 0 || keyword(lines[i]) == keyword(lines[i-1]) {
				continue
			}
			swapped := append([]string(nil), lines...)
			swapped[i], swapped[i-1] = swapped[i-1], swapped[i]
			if _, err := record.ParseText([]byte(strings.Join(swapped, ""))); err == nil || i > 1 &&
				!strings.Contains(err.Error(), "is not expected here") && !strings.Contains(err.Error(), "at least 2 are needed") {
				t.Errorf("%s with %q before %q: %v", name, lines[i], lines[i-1], err)
			}
		}
	}
}

func keyword(line string) string { k, _, _ := strings.Cut(line, " "); return k }

func TestATextCutShortIsRefusedOrAnother(t *testing.T) {
	for name, text := range goodTexts() {
		whole := text.Bytes()
		for n := range whole {
			got, err := record.ParseText(whole[:n])
			if err == nil && (text.Kind == record.Revocation || string(got.Bytes()) != string(whole[:n]) || got.ID() == text.ID()) {
				t.Errorf("%s cut to %d bytes is accepted as %q", name, n, got.Bytes())
			}
		}
	}
}

func TestTheHeadIsChecked(t *testing.T) {
	ledger := key("ledger.example").String()
	public := key("ledger.example").Public()
	other := func(name string, typ note.Type) string {
		k, err := note.NewKey(name, typ, public)
		if err != nil {
			t.Fatal(err)
		}
		return k.String()
	}
	refuses(t, small(), []bad{
		{"ledger missing", drop("ledger"), `line 2: "made" is not expected here: "ledger" is`},
		{"ledger by its name", line("ledger", "ledger.example"), "is not <name>+<key id>+<base64>"},
		{"ledger's wrong id", line("ledger", strings.Replace(ledger, "+", "+0", 1)), "has the key id"},
		{"ledger of the type of cosigners", line("ledger", other("ledger.example", note.Cosignature)), "has the type 0x04, records are signed with 0x01"},
		{"ledger in other letters", line("ledger", other("läger.example", note.Ed25519)), "is not a key name"},
		{"origin that looks like a record", line("ledger", other("chirograph/contract/v1", note.Ed25519)), `begins with "chirograph/", which is reserved for records`},
		{"origin of 65 bytes", line("ledger", other(strings.Repeat("l", 65), note.Ed25519)), "is not a key name"},
		{"made missing", drop("made"), `line 3: "sign-by" is not expected here: "made" is`},
		{"made with a leap second", line("made", "2016-12-31T23:59:60Z"), "is not a time"},
		{"sign-by missing", drop("sign-by"), `"nonce" is not expected here: "sign-by" is`},
		{"sign-by equal to made", line("sign-by", "2026-03-01T09:00:00Z"), "2026-03-01T09:00:00Z is not after made, 2026-03-01T09:00:00Z, by at most 366 days"},
		{"sign-by before made", line("sign-by", "2026-03-01T08:59:59Z"), "is not after made"},
		{"sign-by 366 days and a second after", line("sign-by", "2027-03-02T09:00:01Z"), "by at most 366 days"},
		{"made in the last second there is", then(line("made", "9999-12-31T23:59:59Z"), line("sign-by", "9999-12-31T23:59:59Z")), "is not after made"},
		{"nonce missing", drop("nonce"), `"party" is not expected here: "nonce" is`},
		{"nonce of 31 digits", line("nonce", strings.Repeat("0", 31)), "is not 32 lowercase hex digits"},
		{"nonce of 33 digits", line("nonce", strings.Repeat("0", 33)), "is not 32 lowercase hex digits"},
		{"nonce in capitals", line("nonce", strings.Repeat("A", 32)), "is not 32 lowercase hex digits"},
		{"nonce that is no hex", line("nonce", strings.Repeat("g", 32)), "is not 32 lowercase hex digits"},
	})
	accepts(t, small(), map[string]edit{
		"a second after made":   line("sign-by", "2026-03-01T09:00:01Z"),
		"366 days after made":   line("sign-by", "2027-03-02T09:00:00Z"),
		"made in 1970":          then(line("made", "1970-01-01T00:00:00Z"), line("sign-by", "1970-01-01T00:00:01Z")),
		"signed in 9999":        then(line("made", "9999-12-31T23:59:58Z"), line("sign-by", "9999-12-31T23:59:59Z")),
		"nonce of zeros":        line("nonce", strings.Repeat("0", 32)),
		"origin of 64 bytes":    line("ledger", other(strings.Repeat("l", 64), note.Ed25519)),
		"origin like a program": line("ledger", other("chirograph", note.Ed25519)),
	})
}

func TestDatesAndNoticesAreChecked(t *testing.T) {
	refuses(t, contract(), []bad{
		{"from with a month of one digit", line("from", "2026-4-01"), "is not a date"},
		{"from on no day", line("from", "2026-02-29"), "is not a date"},
		{"from after until", line("from", "2027-04-01"), "until: 2027-03-31 is before from, 2027-04-01"},
		{"until that is a time", line("until", "2027-03-31T00:00:00Z"), "is not a date"},
		{"until in 1969", then(drop("from"), line("until", "1969-12-31")), "is not a date"},
		{"terminable by nobody", line("terminable", ""), `"" is not <role>:<days>`},
		{"terminable by a stranger", line("terminable", "broker:1"), `"broker" is no party, is twice, or is not in the order`},
		{"terminable out of order", line("terminable", "buyer:0 manufacturer:90"), `"manufacturer" is no party, is twice`},
		{"terminable twice", line("terminable", "buyer:0 buyer:1"), `"buyer" is no party, is twice`},
		{"notice of 3651 days", line("terminable", "buyer:3651"), `"buyer:3651" is not <role>:<days> with 0 to 3650 days`},
		{"notice with a leading zero", line("terminable", "buyer:01"), `"buyer:01" is not <role>:<days>`},
		{"notice below zero", line("terminable", "buyer:-1"), `"buyer:-1" is not <role>:<days>`},
		{"notice missing", line("terminable", "buyer"), `"buyer" is not <role>:<days>`},
		{"notice empty", line("terminable", "buyer:"), `"buyer:" is not <role>:<days>`},
		{"two spaces", line("terminable", "manufacturer:90  buyer:0"), `"" is not <role>:<days>`},
		{"space at the end", line("terminable", "buyer:0 "), `"" is not <role>:<days>`},
		{"replaces without former", dropAll("former"), `"under" is not expected here: "former" is`},
		{"replaces at the end without former", then(dropAll("former"), drop("under")), `the text ends where "former" is expected`},
		{"former without replaces", drop("replaces"), `"former" is not expected here`},
		{"replaces zeros", line("replaces", strings.Repeat("0", 64)), "replaces: id is all zeros"},
		{"replaces in capitals", line("replaces", strings.ToUpper(idOf("older").String())), "is not 64 lowercase hex digits"},
		{"replaces 63 digits", line("replaces", strings.Repeat("1", 63)), "is not 64 lowercase hex digits"},
		{"under zeros", line("under", strings.Repeat("0", 64)), "under: id is all zeros"},
		{"under two frames", line("under", idOf("a").String()+" "+idOf("b").String()), "is not 64 lowercase hex digits"},
	})
	accepts(t, contract(), map[string]edit{
		"from the last day":      line("from", "2027-03-31"),
		"until without from":     drop("from"),
		"from without until":     drop("until"),
		"from 1970":              line("from", "1970-01-01"),
		"until 9999":             line("until", "9999-12-31"),
		"notice of 3650 days":    line("terminable", "buyer:3650"),
		"notice of the first":    line("terminable", "manufacturer:0"),
		"nobody may end it":      drop("terminable"),
		"nothing that is before": then(drop("replaces"), dropAll("former"), drop("under")),
	})
}

func TestStatementsTerminationsAndRevocationsAreChecked(t *testing.T) {
	refuses(t, statement(), []bad{
		{"contract missing", drop("contract"), `"by" is not expected here: "contract" is`},
		{"contract of zeros", line("contract", strings.Repeat("0", 64)), "contract: id is all zeros"},
		{"nobody says it", drop("by"), `"about" is not expected here: "by" is`},
		{"party for by", put("\nby ", "\nparty "), `"party" is not expected here: "by" is`},
		{"about nothing", drop("about"), `"answers" is not expected here: "about" is`},
		{"about no token", line("about", "Delivery"), `"Delivery" is not a token`},
		{"about two tokens", line("about", "delivery late"), `"delivery late" is not a token`},
		{"answers zeros", line("answers", strings.Repeat("0", 64)), "answers: id is all zeros"},
		{"answers before about", then(drop("answers"), before("about", "answers "+idOf("x").String())), `"answers" is not expected here: "about" is`},
		{"title", before("contract", "title Forty flow meters"), `"title" is not expected here: "contract" is`},
		{"terminable", func(s string) string { return s + "terminable buyer:1\n" }, "not of this kind of record"},
	})
	accepts(t, statement(), map[string]edit{
		"answers nothing":       drop("answers"),
		"without documents":     drop("document"),
		"a token of 32 letters": line("about", strings.Repeat("a", 32)),
	})
	refuses(t, termination(), []bad{
		{"contract missing", drop("contract"), `"by" is not expected here: "contract" is`},
		{"nobody ends it", drop("by"), `"effective" is not expected here: "by" is`},
		{"effective at a time", line("effective", "2026-12-31T00:00:00Z"), "is not a date"},
		{"effective after the documents", func(s string) string { return drop("effective")(s) + "effective 2026-12-31\n" }, `"effective" is not expected here`},
		{"about", before("effective", "about notice"), `"about" is not expected here`},
	})
	accepts(t, termination(), map[string]edit{"effective at once": drop("effective"), "without documents": drop("document")})
	public := key("bob.example").Public()
	cosigner, err := note.NewKey("bob.example", note.Cosignature, public)
	if err != nil {
		t.Fatal(err)
	}
	refuses(t, revocation(), []bad{
		{"sign-by", before("nonce", "sign-by 2026-03-31T09:00:00Z"), `"sign-by" is not expected here: "nonce" is`},
		{"key missing", drop("key"), `"reason" is not expected here: "key" is`},
		{"key of cosigners", line("key", cosigner.String()), "has the type 0x04"},
		{"key of the ledger", line("key", key("ledger.example").String()), "key names the ledger's key"},
		{"no reason", drop("reason"), `the text ends where "reason" is expected`},
		{"another reason", line("reason", "stolen"), `"stolen" is none of superseded, lost, compromised`},
		{"two keys", twice("key"), `"key" is not expected here: "reason" is`},
		{"document", func(s string) string { return s + "document " + drawing().String() + "\n" }, `"document" is not expected here`},
	})
	accepts(t, revocation(), map[string]edit{
		"superseded": line("reason", "superseded"), "compromised": line("reason", "compromised"),
		"made in 1970": line("made", "1970-01-01T00:00:00Z"), "made in 9999": line("made", "9999-12-31T23:59:59Z"),
	})
	if got := fmt.Sprint(record.Contract, record.Statement, record.Termination, record.Revocation, record.Kind(0), record.Kind(5)); got != "contract statement termination revocation Kind(0) Kind(5)" {
		t.Errorf("kinds print as %q", got)
	}
}
