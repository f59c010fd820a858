package verify_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/verify"
)

// lines joins lines, each with its LF.
func lines(s ...string) string { return strings.Join(s, "\n") + "\n" }

// vk is the verifier key of a witness, without its name in the policy.
func vk(name string) string { return witness(name).String() }

// x is the policy that the specification has as its example.
func x() string {
	var b strings.Builder
	b.WriteString(logLine(home))
	for _, name := range []string{"X1", "X2", "X3", "Y1", "Y2", "Y3"} {
		b.WriteString(witnessLine(name))
	}
	b.WriteString(lines("group X-witnesses 2 X1 X2 X3", "group Y-witnesses any Y1 Y2 Y3", "group X-and-Y all X-witnesses Y-witnesses", "quorum X-and-Y"))
	return b.String()
}

func TestAPolicyMeansWhatItsLinesSay(t *testing.T) {
	w := func(names ...string) string {
		var s string
		for _, name := range names {
			s += witnessLine(name)
		}
		return s
	}
	for _, c := range []struct{ name, text, want string }{ // want: in the form that Bytes prints; "" is the text itself
		{"quorum none", quorumNone, ""},
		{"a witness", quorumOne, ""},
		{"two of three", quorumTwo, ""},
		{"the specification's example", x(), strings.NewReplacer(" any ", " 1 ", " all ", " 2 ").Replace(x())},
		{"no log", "quorum none\n", ""},
		{"witnesses that nobody asks", threeOf + "quorum none\n", ""},
		{"two logs", logLine(home) + logLine(elsewhere) + "quorum none\n", ""},
		{"a group of one", quorumOne[:len(quorumOne)-len("quorum w1\n")] + "group g 1 w1\nquorum g\n", ""},
		{"all", threeOf + "group g all w1 w2 w3\nquorum g\n", threeOf + "group g 3 w1 w2 w3\nquorum g\n"},
		{"any", threeOf + "group g any w1 w2 w3\nquorum g\n", threeOf + "group g 1 w1 w2 w3\nquorum g\n"},
		{"as many as there are", threeOf + "group g 3 w1 w2 w3\nquorum g\n", ""},
		{"a group of groups of groups", threeOf + "group a any w1\ngroup b all a w2\ngroup c 1 w3 b\nquorum c\n", threeOf + "group a 1 w1\ngroup b 2 a w2\ngroup c 1 w3 b\nquorum c\n"},
		{"a quorum that is in a group", threeOf + "group a 2 w1 w2\ngroup b 1 a w3\nquorum a\n", ""},
		{"a quorum that is in a group later", threeOf + "group a 2 w1 w2\nquorum a\ngroup b 1 a w3\n", threeOf + "group a 2 w1 w2\ngroup b 1 a w3\nquorum a\n"},
		{"the quorum first", "quorum none\n" + threeOf, threeOf + "quorum none\n"},
		{"definitions after the quorum", w("w1") + "quorum w1\n" + logLine(home) + w("w2") + "group g 1 w2\n", logLine(home) + w("w1", "w2") + "group g 1 w2\nquorum w1\n"},
		{"a group before the next witness", w("w1") + "group a 1 w1\n" + w("w2") + "group b 2 a w2\nquorum b\n" + logLine(home), logLine(home) + w("w1", "w2") + "group a 1 w1\ngroup b 2 a w2\nquorum b\n"},
		{"comments and blanks", "# trust\n\n \t \n\t# log nobody\n" + quorumNone + "  #\n", quorumNone},
		{"tabs and runs of them", "\t log\t" + key(home).String() + " \t \n\tquorum  \t none \t\n", quorumNone},
		{"a number sign further on", "log " + key(home).String() + " #url\nwitness #w " + vk("w1") + "\nquorum #w\n", ""},
		{"urls", "log " + key(home).String() + " https://ledger.example/\nwitness w1 " + vk("w1") + " https://w1.example/x?y\nquorum w1\n", ""},
		{"octets are only octets", "witness K " + vk("w1") + "\nwitness \u212a " + vk("w2") + " https://w\xff\x80.example\ngroup \xff\xfe 2 K \u212a\nquorum \xff\xfe\n", ""},
		{"a no-break space is in a name", "witness a\u00a0b " + vk("w1") + "\nquorum a\u00a0b\n", ""},
		{"keywords as names", "witness quorum " + vk("w1") + "\nwitness all " + vk("w2") + "\ngroup group all quorum all\nquorum group\n", "witness quorum " + vk("w1") + "\nwitness all " + vk("w2") + "\ngroup group 2 quorum all\nquorum group\n"},
		{"None is a name", "witness None " + vk("w1") + "\nquorum None\n", ""},
		{"the longest name", "witness " + strings.Repeat("n", 255) + " " + vk("w1") + "\nquorum none\n", ""},
		{"one name for two logs' keys", logLine(home) + "log " + keyOf(home, "its next key", note.Ed25519).String() + "\nquorum none\n", ""},
		{"witnesses by ML-DSA-44", logLine(home) + latticeLine("ledger", home) + latticeLine("w1", "w1") + w("w2") + "group g 2 ledger w1 w2\nquorum g\n", ""},
		{"one name for keys of three types", "log " + key("x").String() + "\nwitness w " + keyOf("x", "another key", note.Cosignature).String() + "\n" + latticeLine("l", "x") + "quorum none\n", ""},
		{"the name of a log for a witness", logLine(home) + "witness " + home + " " + keyOf(home, "another key", note.Cosignature).String() + "\nquorum none\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := policy(t, c.text)
			want := c.want
			if want == "" {
				want = c.text
			}
			if got := string(p.Bytes()); got != want {
				t.Errorf("prints\n%s\nwant\n%s", got, want)
			}
			if again := policy(t, string(p.Bytes())); !reflect.DeepEqual(again, p) {
				t.Errorf("what is printed reads as %+v, was %+v", again, p)
			}
		})
	}
}

func TestAPolicyHasItsPartsAsValues(t *testing.T) {
	got := policy(t, "witness w "+vk("w1")+" https://w.example\nlog "+key(home).String()+" https://l.example\ngroup g all w\nquorum g\n")
	want := &verify.Policy{
		Logs:      []verify.Log{{Key: key(home), URL: "https://l.example"}},
		Witnesses: []verify.Witness{{Name: "w", Key: witness("w1"), URL: "https://w.example"}},
		Groups:    []verify.Group{{Name: "g", K: 1, Members: []string{"w"}}},
		Quorum:    "g",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("policy is %+v, want %+v", got, want)
	}
	if l, ok := got.Log(key(home)); !ok || l != want.Logs[0] {
		t.Errorf("log of its key is %+v, %t", l, ok)
	}
	for _, k := range []note.Key{key(stranger), keyOf(home, stranger, note.Ed25519), keyOf(stranger, home, note.Ed25519), {}} {
		if l, ok := got.Log(k); ok || l != (verify.Log{}) {
			t.Errorf("log of %s is %+v", k, l)
		}
	}
}

// renamed returns an ML-DSA-44 key under another name.
func renamed(k note.Key, name string) note.Key {
	other, err := note.NewMLDSA44Key(name, k.PublicBytes())
	if err != nil {
		panic(err)
	}
	return other
}

func TestABadPolicyIsRefusedWithItsOwnSentence(t *testing.T) {
	long := strings.Repeat("n", 256)
	w12 := witnessLine("w1") + witnessLine("w2")
	short := "w1+00000000+BgAA"
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "policy does not end in a line feed"},
		{"no line feed at the end", "quorum none", "policy does not end in a line feed"},
		{"no line feed after a comment", "quorum none\n#", "policy does not end in a line feed"},
		{"an empty line", "\n", "policy has no quorum line"},
		{"no quorum", threeOf, "policy has no quorum line"},
		{"two quorums", quorumOne + "quorum none\n", `policy line 4: a second quorum, "none" after "w1"`},
		{"a quorum twice", "quorum none\nquorum none\n", `policy line 2: a second quorum, "none" after "none"`},
		{"a quorum of nothing", "quorum\n", "policy line 1: a quorum is: quorum <name>, or quorum none"},
		{"a quorum of two", w12 + "quorum w1 w2\n", "policy line 3: a quorum is: quorum <name>, or quorum none"},
		{"an undefined quorum", "quorum most\n", `policy line 1: quorum "most" is defined by no line before`},
		{"a quorum defined later", "quorum w1\n" + w12, `policy line 1: quorum "w1" is defined by no line before`},
		{"the name of a log as a quorum", logLine(home) + "quorum " + home + "\n", `policy line 2: quorum "ledger.example" is defined by no line before`},
		{"another case", w12 + "quorum W1\n", `policy line 3: quorum "W1" is defined by no line before`},

		{"an unknown keyword", "tree x\nquorum none\n", `policy line 1: unknown keyword "tree"`},
		{"a keyword in capitals", "Quorum none\n", `policy line 1: unknown keyword "Quorum"`},
		{"a keyword after a byte order mark", "\ufeffquorum none\n", `policy line 1: unknown keyword "\ufeffquorum"`},
		{"a keyword after a no-break space", "\u00a0quorum none\n", `policy line 1: unknown keyword "\u00a0quorum"`},
		{"a long keyword", strings.Repeat("k", 200) + "\n", `policy line 1: unknown keyword "` + strings.Repeat("k", 8) + `"`},

		{"carriage returns", "quorum none\r\n", "policy has the control character 0x0d at byte 11"},
		{"a NUL", "# \x00\nquorum none\n", "policy has the control character 0x00 at byte 2"},
		{"a form feed", "quorum\fnone\n", "policy has the control character 0x0c at byte 6"},
		{"a vertical tab", "quorum\vnone\n", "policy has the control character 0x0b at byte 6"},
		{"an escape", "# \x1b[2J\nquorum none\n", "policy has the control character 0x1b at byte 2"},
		{"a delete", "# \x7f\nquorum none\n", "policy has the control character 0x7f at byte 2"},

		{"a log of nothing", "log\nquorum none\n", "policy line 1: a log is: log <vkey> [<url>]"},
		{"a log with too much", "log " + key(home).String() + " https://a https://b\nquorum none\n", "policy line 1: a log is: log <vkey> [<url>]"},
		{"a log with a name", "log home " + key(home).String() + "\nquorum none\n", `policy line 1: verifier key "home" is not <name>+<key id>+<base64>`},
		{"a log that is a witness", "log " + vk("w1") + "\nquorum none\n", "policy line 1: key w1 of a log has the type 0x04, it needs 0x01"},
		{"a log of a type that nobody knows", "log w1+00000000+BwAA\nquorum none\n", `policy line 1: verifier key "w1": the type 0x07 is unknown; known are 0x01, 0x04 and 0x06`},
		{"a log that is a witness by ML-DSA-44", "log " + lattice(home).String() + "\nquorum none\n", "policy line 1: key ledger.example of a log has the type 0x06, it needs 0x01"},
		{"a log of another key id", "log " + strings.Replace(key(home).String(), "+", "+0", 1) + "\nquorum none\n", "policy line 1: verifier key ledger.example has the key id \"0" + fmt.Sprintf("%08x", key(home).ID()) + "\", its name and public key give " + fmt.Sprintf("%08x", key(home).ID())},

		{"a witness of nothing", "witness\nquorum none\n", "policy line 1: a witness is: witness <name> <vkey> [<url>]"},
		{"a witness without a name", "witness " + vk("w1") + "\nquorum none\n", "policy line 1: a witness is: witness <name> <vkey> [<url>]"},
		{"a witness with too much", "witness w1 " + vk("w1") + " https://a https://b\nquorum none\n", "policy line 1: a witness is: witness <name> <vkey> [<url>]"},
		{"a witness that is a log", "witness w1 " + key(home).String() + "\nquorum none\n", "policy line 1: key ledger.example of a witness has the type 0x01, it needs 0x04 or 0x06"},
		{"a witness with a short ML-DSA-44 key", "witness w1 " + short + "\nquorum none\n", `policy line 1: verifier key "w1": ML-DSA-44 public key has 2 bytes, not 1312`},
		{"a witness named none", "witness none " + vk("w1") + "\nquorum none\n", `policy line 1: "none" is the name of the empty quorum`},
		{"a witness twice", w12 + "witness w1 " + vk("w3") + "\nquorum none\n", `policy line 3: "w1" is defined twice`},
		{"a witness with a long name", "witness " + long + " " + vk("w1") + "\nquorum none\n", `policy line 1: the name "` + long[:100] + `"… has 256 bytes, at most 255 are allowed`},

		{"a group of nothing", "group\nquorum none\n", "policy line 1: a group is: group <name> <all|any|k> <member> [<member> …]"},
		{"a group without members", "group g any\nquorum none\n", "policy line 1: a group is: group <name> <all|any|k> <member> [<member> …]"},
		{"a group named none", w12 + "group none any w1\nquorum none\n", `policy line 3: "none" is the name of the empty quorum`},
		{"a group of a witness's name", w12 + "group w2 any w1\nquorum none\n", `policy line 3: "w2" is defined twice`},
		{"a group twice", w12 + "group g any w1\ngroup g any w2\nquorum none\n", `policy line 4: "g" is defined twice`},
		{"a group with a long name", w12 + "group " + long + " any w1\nquorum none\n", `policy line 3: the name "` + long[:100] + `"… has 256 bytes, at most 255 are allowed`},
		{"a group that needs none", w12 + "group g 0 w1 w2\nquorum none\n", `policy line 3: group "g" needs "0" of its 2 members`},
		{"a group that needs more than it has", w12 + "group g 3 w1 w2\nquorum none\n", `policy line 3: group "g" needs "3" of its 2 members`},
		{"a leading zero", w12 + "group g 01 w1 w2\nquorum none\n", `policy line 3: group "g" needs "01" of its 2 members`},
		{"a sign", w12 + "group g +1 w1 w2\nquorum none\n", `policy line 3: group "g" needs "+1" of its 2 members`},
		{"less than nothing", w12 + "group g -1 w1 w2\nquorum none\n", `policy line 3: group "g" needs "-1" of its 2 members`},
		{"2^64 + 1", w12 + "group g 18446744073709551617 w1 w2\nquorum none\n", `policy line 3: group "g" needs "18446744073709551617" of its 2 members`},
		{"ALL", w12 + "group g ALL w1 w2\nquorum none\n", `policy line 3: group "g" needs "ALL" of its 2 members`},
		{"no count", w12 + "group g w1 w2\nquorum none\n", `policy line 3: group "g" needs "w1" of its 1 members`},
		{"an undefined member", w12 + "group g all w1 w3\nquorum none\n", `policy line 3: group "g" has the member "w3", which no line before defines`},
		{"a member defined later", "group g all w1\n" + w12 + "quorum g\n", `policy line 1: group "g" has the member "w1", which no line before defines`},
		{"a group in itself", w12 + "group g any w1 g\nquorum g\n", `policy line 3: group "g" has the member "g", which no line before defines`},
		{"a cycle of two", w12 + "group a any w1 b\ngroup b any w2 a\nquorum b\n", `policy line 3: group "a" has the member "b", which no line before defines`},
		{"none as a member", w12 + "group g any w1 none\nquorum g\n", `policy line 3: group "g" has the member "none", which no line before defines`},
		{"a log as a member", logLine(home) + "group g any " + home + "\nquorum g\n", `policy line 2: group "g" has the member "ledger.example", which no line before defines`},
		{"a member twice", w12 + "group g 2 w1 w1\nquorum g\n", `policy line 3: "w1" is a member of a group twice`},
		{"a member of two groups", w12 + "group a any w1\ngroup b any w1 w2\nquorum b\n", `policy line 4: "w1" is a member of a group twice`},
		{"a group that is a member twice", w12 + "group a any w1\ngroup b any a\ngroup c any w2 a\nquorum c\n", `policy line 5: "a" is a member of a group twice`},

		{"a log twice", logLine(home) + logLine(home) + "quorum none\n", "policy line 2: ledger.example and ledger.example have the same public key"},
		{"a log under two names", logLine(home) + "log " + keyOf(elsewhere, home, note.Ed25519).String() + "\nquorum none\n", "policy line 2: ledger.example and elsewhere.example have the same public key"},
		{"a witness under two names", w12 + "witness w3 " + vk("w1") + "\nquorum none\n", "policy line 3: w1 and w1 have the same public key"},
		{"a witness under two keys' names", w12 + "witness w3 " + keyOf("w3", "w1", note.Cosignature).String() + "\nquorum none\n", "policy line 3: w1 and w3 have the same public key"},
		{"a witness by ML-DSA-44 twice", latticeLine("a", "w1") + latticeLine("b", "w1") + "quorum none\n", "policy line 2: w1 and w1 have the same public key"},
		{"a witness by ML-DSA-44 under two keys' names", latticeLine("a", "w1") + "witness b " + renamed(lattice("w1"), "w2").String() + "\nquorum none\n", "policy line 2: w1 and w2 have the same public key"},
		{"a log that is its own witness", logLine(home) + "witness w " + keyOf(home, home, note.Cosignature).String() + "\nquorum w\n", "policy line 2: ledger.example and ledger.example have the same public key"},
		{"a witness that is a log after it", "witness w " + keyOf(home, home, note.Cosignature).String() + "\n" + logLine(home) + "quorum w\n", "policy line 2: ledger.example and ledger.example have the same public key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := verify.ParsePolicy([]byte(c.text))
			if err == nil {
				t.Fatalf("accepted as %s, want %s", p.Bytes(), c.want)
			}
			if err.Error() != c.want {
				t.Errorf("error is\n%s\nwant\n%s", err, c.want)
			}
		})
	}
}

// Two keys may have one name and, by chance or search, one key id: a line could
// then be of either.
func TestALineIsOfOneKeyOfThePolicy(t *testing.T) {
	a, b := keyOf("twin.example", "twin 9013", note.Ed25519), keyOf("twin.example", "twin 18918", note.Ed25519)
	if a.ID() != b.ID() || a.Public() == b.Public() {
		t.Fatalf("%s and %s are no twins", a, b)
	}
	_, err := verify.ParsePolicy(fmt.Appendf(nil, "log %s\nlog %s\nquorum none\n", a, b))
	if want := "policy line 2: two keys have the name twin.example and the key id 6ce2492e"; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func TestAPolicyHasItsLimits(t *testing.T) {
	many := func(n int, make func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(make(i))
		}
		return b.String()
	}
	logs := func(n int) string { return many(n, func(i int) string { return logLine(fmt.Sprintf("l%d", i)) }) }
	witnesses := func(n int) string {
		return many(n, func(i int) string { return witnessLine(fmt.Sprintf("w%d", i)) })
	}
	groups := func(n int) string {
		return witnesses(1) + "group g0 any w0\n" + many(n-1, func(i int) string { return fmt.Sprintf("group g%d any g%d\n", i+1, i) })
	}
	const none = "quorum none\n"
	pad := func(n int) string { return none + strings.Repeat("#", n-len(none)-1) + "\n" }
	for _, c := range []struct{ name, text, want string }{
		{"logs", logs(verify.MaxLogs) + none, ""},
		{"one more log", logs(verify.MaxLogs+1) + none, "policy line 65: more than 64 logs"},
		{"witnesses", witnesses(verify.MaxWitnesses) + none, ""},
		{"one more witness", witnesses(verify.MaxWitnesses+1) + none, "policy line 65: more than 64 witnesses"},
		{"groups", groups(verify.MaxGroups) + "quorum g63\n", ""},
		{"one more group", groups(verify.MaxGroups+1) + none, "policy line 66: more than 64 groups"},
		{"all of all", logs(64) + groups(64) + witnesses(64)[len(witnesses(1)):] + "quorum g63\n", ""},
		{"the longest of all of all", longest(), ""},
		{"bytes", pad(verify.MaxPolicy), ""},
		{"one more byte", pad(verify.MaxPolicy + 1), "policy has 262145 bytes, at most 262144 are allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := verify.ParsePolicy([]byte(c.text))
			if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
				t.Errorf("error is %v, want %q", err, c.want)
			}
		})
	}
}

// longest is a policy of all that one may have, with names as long as they may be,
// ML-DSA-44 keys, and URLs of 240 bytes.
func longest() string {
	name := func(kind string, i int) string { return fmt.Sprintf("%0255s", fmt.Sprint(kind, i)) }
	url := " https://" + strings.Repeat("u", 232) + "\n"
	var b strings.Builder
	for i := range verify.MaxLogs {
		fmt.Fprintf(&b, "log %s%s", keyOf(name("l", i), name("l", i), note.Ed25519), url)
	}
	for i := range verify.MaxWitnesses {
		fmt.Fprintf(&b, "witness %s %s%s", name("w", i), lattice(name("w", i)), url)
	}
	fmt.Fprintf(&b, "group %s all", name("g", 0))
	for i := range verify.MaxWitnesses {
		b.WriteString(" " + name("w", i))
	}
	for i := range verify.MaxGroups - 1 {
		fmt.Fprintf(&b, "\ngroup %s all %s", name("g", i+1), name("g", i))
	}
	fmt.Fprintf(&b, "\nquorum %s\n", name("g", verify.MaxGroups-1))
	return b.String()
}
