package testvectors

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Lines of policies.
var (
	logLine  = "log " + ledgerKey.vkey() + "\n"
	w1Line   = "witness w1 " + w1.vkey() + "\n"
	w2Line   = "witness w2 " + w2.vkey() + "\n"
	w3Line   = "witness w3 " + w3.vkey() + "\n"
	otherLog = newKey("ledger.example/2025")
	threeW   = w1Line + w2Line + w3Line

	nonePolicy      = logLine + "quorum none\n"
	oneWitness      = logLine + w1Line + "quorum w1\n"
	twoOfThree      = logLine + threeW + "group g 2 w1 w2 w3\nquorum g\n"
	twoLogsOneWatch = logLine + "log " + otherLog.vkey() + "\n" + w1Line + "quorum w1\n"
)

// A named is a witness with its name in a policy.
type named struct {
	name string
	key  key
}

func okPolicy(name, comment, text string, logs []key, witnesses []named, quorum string) vector {
	pairs := make([][]string, 0, len(witnesses))
	for _, w := range witnesses {
		pairs = append(pairs, []string{w.name, w.key.vkey()})
	}
	return accepted("policy", name, comment, octets("policy", text), member{"logs", vkeys(logs...)}, member{"witnesses", pairs}, member{"quorum", quorum})
}

func badPolicy(name, comment, text string) vector {
	return refused("policy", name, "form", comment, octets("policy", text))
}

func policyVectors() []vector {
	return slices.Concat(goodPolicies(), goodLatticePolicies(), policyLimits(), badPolicies(), badPolicyKeys(), badLatticePolicies(), badGroups())
}

func goodPolicies() []vector {
	one := []key{ledgerKey}
	three := []named{{"w1", w1}, {"w2", w2}, {"w3", w3}}
	w4, w5 := witnessKey("witness.example/w4"), witnessKey("witness.example/w5")
	v := func(name, comment, text string, witnesses []named, quorum string) vector {
		return okPolicy(name, comment, text, one, witnesses, quorum)
	}
	return []vector{
		v("quorum-none", "One log, and no witness is asked for.", nonePolicy, nil, "none"),
		v("one-witness", "The quorum is one witness.", oneWitness, three[:1], "w1"),
		v("two-of-three", "The quorum is two of three witnesses.", twoOfThree, three, "g"),
		v("all", "The quorum is all of three witnesses.", logLine+threeW+"group g all w1 w2 w3\nquorum g\n", three, "g"),
		v("any", "The quorum is any of three witnesses.", logLine+threeW+"group g any w1 w2 w3\nquorum g\n", three, "g"),
		v("one-of-three", "k is 1.", logLine+threeW+"group g 1 w1 w2 w3\nquorum g\n", three, "g"),
		v("three-of-three", "k is the number of members.", logLine+threeW+"group g 3 w1 w2 w3\nquorum g\n", three, "g"),
		v("group-of-one", "A group has one member.", logLine+w1Line+"group g all w1\nquorum g\n", three[:1], "g"),
		v("groups-in-groups", "Groups are members of groups.",
			logLine+threeW+"witness w4 "+w4.vkey()+"\nwitness w5 "+w5.vkey()+"\ngroup a 2 w1 w2 w3\ngroup b any w4 w5\ngroup c all a b\nquorum c\n",
			append(slices.Clone(three), named{"w4", w4}, named{"w5", w5}), "c"),
		v("group-and-witness", "A group has a group and a witness as members.", logLine+threeW+"group a any w1 w2\ngroup b all a w3\nquorum b\n", three, "b"),
		v("quorum-is-a-member", "The quorum is a witness that is a member of a group too.", logLine+threeW+"group g 2 w1 w2 w3\nquorum w2\n", three, "w2"),
		v("quorum-none-with-witnesses", "Witnesses are known, and none is asked for.", logLine+threeW+"quorum none\n", three, "none"),
		v("urls", "Log and witness have URLs.", "log "+ledgerKey.vkey()+" https://ledger.example/2026\nwitness w1 "+w1.vkey()+" https://witness.example/w1/\nquorum w1\n", three[:1], "w1"),
		v("url-like-a-comment", "A # further on in a line begins no comment: it is a URL.", "log "+ledgerKey.vkey()+" #log\nquorum none\n", nil, "none"),
		v("url-not-utf-8", "A URL is any octets.", "log "+ledgerKey.vkey()+" https://ledger.example/\xff\nquorum none\n", nil, "none"),
		v("lines-after-quorum", "Other lines may follow the quorum.", "quorum none\n"+w1Line+logLine, three[:1], "none"),
		v("witnesses-before-log", "Lines come in any order.", w1Line+"quorum w1\n"+logLine, three[:1], "w1"),
		v("comments", "Comments, empty lines, and lines of spaces and tabs.", "# a policy\n\n"+logLine+"  \t# indented \xff\n \t \n#\nquorum none\n#last\n", nil, "none"),
		v("whitespace", "Items are separated by any number of spaces and tabs, and may be indented.",
			"\t log\t \t"+ledgerKey.vkey()+" \t\n  witness \t w1\t"+w1.vkey()+"\t\n\tgroup  g \t any\tw1 \n quorum\tg\t \n", three[:1], "g"),
		v("names-outside-ascii", "Names of witnesses and groups may be outside ASCII.", logLine+"witness Zeugin-Zürich "+w1.vkey()+"\ngroup 証人 any Zeugin-Zürich\nquorum 証人\n", []named{{"Zeugin-Zürich", w1}}, "証人"),
		v("names-like-keywords", "Names may be like keywords and numbers.", logLine+"witness all "+w1.vkey()+"\nwitness 2 "+w2.vkey()+"\nwitness log "+w3.vkey()+"\ngroup any 2 all 2 log\nquorum any\n",
			[]named{{"all", w1}, {"2", w2}, {"log", w3}}, "any"),
		v("names-with-punctuation", "Names may have any punctuation.", logLine+"witness w+1#=;\" "+w1.vkey()+"\nquorum w+1#=;\"\n", []named{{`w+1#=;"`, w1}}, `w+1#=;"`),
		v("names-in-two-cases", "Names that differ in case are two.", logLine+"witness w "+w1.vkey()+"\nwitness W "+w2.vkey()+"\ngroup g 2 w W\nquorum g\n", []named{{"w", w1}, {"W", w2}}, "g"),
		v("name-none-capitalised", "Only none in lowercase is predefined.", logLine+"witness None "+w1.vkey()+"\nquorum None\n", []named{{"None", w1}}, "None"),
		v("name-of-255-bytes", "The longest name.", logLine+"witness "+strings.Repeat("n", 255)+" "+w1.vkey()+"\nquorum none\n", []named{{strings.Repeat("n", 255), w1}}, "none"),
		okPolicy("without-log", "A policy without a log trusts no checkpoint, and is one.", "quorum none\n", nil, nil, "none"),
		okPolicy("two-logs", "Two logs.", logLine+"log "+otherLog.vkey()+"\nquorum none\n", []key{ledgerKey, otherLog}, nil, "none"),
		okPolicy("two-logs-of-one-name", "Two keys of one log.", logLine+"log "+otherLog.as(ledgerKey.name).vkey()+"\nquorum none\n", []key{ledgerKey, otherLog.as(ledgerKey.name)}, nil, "none"),
		okPolicy("log-name-outside-ascii", "A log's name is that of a note's key.", "log "+ledgerKey.as("журнал.example").vkey()+"\nquorum none\n", []key{ledgerKey.as("журнал.example")}, nil, "none"),
	}
}

// policyLimits are 64 logs, witnesses and groups, and 262,144 bytes.
func policyLimits() []vector {
	logs := func(n int) (text string, keys []key) {
		keys = filler(0, n)
		for _, k := range keys {
			text += "log " + k.vkey() + "\n"
		}
		return text, keys
	}
	witnesses := func(n int) (text string, list []named) {
		for _, k := range filler(0, n) {
			list = append(list, named{k.name, k.ofType(4)})
			text += "witness " + k.name + " " + k.ofType(4).vkey() + "\n"
		}
		return text, list
	}
	groups := func(n int) (text string) {
		member := "w1"
		for i := range n {
			text += fmt.Sprintf("group g%d all %s\n", i, member)
			member = fmt.Sprintf("g%d", i)
		}
		return text
	}
	logs64, keys := logs(64)
	logs65, _ := logs(65)
	witnesses64, list := witnesses(64)
	witnesses65, _ := witnesses(65)
	rest := nonePolicy
	one := []named{{"w1", w1}}
	return []vector{
		okPolicy("logs-64", "As many logs as there may be.", logs64+"quorum none\n", keys, nil, "none"),
		badPolicy("logs-65", "One log too many.", logs65+"quorum none\n"),
		okPolicy("witnesses-64", "As many witnesses as there may be.", logLine+witnesses64+"quorum none\n", []key{ledgerKey}, list, "none"),
		badPolicy("witnesses-65", "One witness too many.", logLine+witnesses65+"quorum none\n"),
		okPolicy("groups-64", "As many groups as there may be, each in the next.", logLine+w1Line+groups(64)+"quorum g63\n", []key{ledgerKey}, one, "g63"),
		badPolicy("groups-65", "One group too many.", logLine+w1Line+groups(65)+"quorum g63\n"),
		okPolicy("of-262144-bytes", "The longest policy.", "#"+strings.Repeat("x", 262_144-len(rest)-2)+"\n"+rest, []key{ledgerKey}, nil, "none"),
		badPolicy("of-262145-bytes", "The policy is one byte too long.", "#"+strings.Repeat("x", 262_145-len(rest)-2)+"\n"+rest),
		badPolicy("name-of-256-bytes", "A name is one byte too long.", logLine+"witness "+strings.Repeat("n", 256)+" "+w1.vkey()+"\nquorum none\n"),
	}
}

func badPolicies() []vector {
	var vs []vector
	for _, s := range []sample{
		{"empty", "", "Nothing at all."},
		{"comment-alone", "# nothing\n", "There is no quorum."},
		{"without-quorum", logLine + threeW, "There is no quorum."},
		{"two-quorums", logLine + "quorum none\nquorum none\n", "There are two quorums, which are the same."},
		{"two-different-quorums", oneWitness + "quorum none\n", "There are two quorums."},
		{"quorum-unknown", logLine + w1Line + "quorum w2\n", "The quorum is defined nowhere."},
		{"quorum-defined-later", logLine + "quorum w1\n" + w1Line, "The quorum is defined on a later line."},
		{"quorum-in-other-case", logLine + w1Line + "quorum W1\n", "The quorum's name differs from the witness's in case."},
		{"quorum-none-in-uppercase", logLine + "quorum NONE\n", "Only none in lowercase is predefined."},
		{"quorum-without-name", logLine + "quorum\n", "The quorum has no name."},
		{"quorum-with-two-names", logLine + w1Line + w2Line + "quorum w1 w2\n", "The quorum has two names."},
		{"quorum-with-comment", logLine + "quorum none # nobody\n", "A comment follows in the line, which makes it items."},
		{"quorum-is-the-key-name", logLine + w1Line + "quorum witness.example/w1\n", "The quorum is the name of a key, not of a witness."},
		{"quorum-is-a-log", logLine + w1Line + "quorum ledger.example/2026\n", "The quorum is the name of a log."},
		{"without-last-line-feed", strings.TrimSuffix(nonePolicy, "\n"), "The last line does not end in a line feed."},
		{"without-last-line-feed-after-space", nonePolicy + " ", "The last line, a space, does not end in a line feed."},
		{"in-crlf", strings.ReplaceAll(nonePolicy, "\n", "\r\n"), "All lines end in CR LF."},
		{"carriage-return-in-comment", "# a\rb\n" + nonePolicy, "A comment has a carriage return."},
		{"nul-in-comment", "# a\x00b\n" + nonePolicy, "A comment has a NUL."},
		{"delete-in-comment", "# a\x7fb\n" + nonePolicy, "A comment has U+007F."},
		{"vertical-tab", strings.Replace(nonePolicy, "quorum ", "quorum\v", 1), "A vertical tab separates items."},
		{"form-feed", strings.Replace(nonePolicy, "quorum ", "quorum\f", 1), "A form feed separates items."},
		{"escape-in-url", "log " + ledgerKey.vkey() + " \x1b[31m\nquorum none\n", "A URL has an escape."},
		{"no-break-space", strings.Replace(nonePolicy, "quorum ", "quorum\u00a0", 1), "A no-break space separates nothing."},
		{"byte-order-mark", "\ufeff" + nonePolicy, "A byte order mark comes first, and makes another keyword."},
		{"keyword-unknown", nonePolicy + "monitor m\n", "A line has an unknown keyword."},
		{"keyword-in-uppercase", strings.Replace(nonePolicy, "log ", "Log ", 1), "A keyword is in uppercase."},
		{"keyword-in-plural", strings.Replace(nonePolicy, "log ", "logs ", 1), "A keyword is in the plural."},
		{"log-alone", "log\nquorum none\n", "A log has no key."},
		{"log-with-name", "log main " + ledgerKey.vkey() + "\nquorum none\n", "A log has a name before its key."},
		{"log-with-two-urls", "log " + ledgerKey.vkey() + " https://a.example https://b.example\nquorum none\n", "A log has two URLs."},
		{"witness-alone", "witness\nquorum none\n", "A witness has neither name nor key."},
		{"witness-without-key", logLine + "witness w1\nquorum w1\n", "A witness has no key."},
		{"witness-without-name", logLine + "witness " + w1.vkey() + "\nquorum none\n", "A witness has no name."},
		{"witness-with-two-urls", logLine + "witness w1 " + w1.vkey() + " https://a.example https://b.example\nquorum w1\n", "A witness has two URLs."},
		{"witness-key-first", logLine + "witness " + w1.vkey() + " w1\nquorum none\n", "A witness's name follows its key."},
		{"witness-named-none", logLine + "witness none " + w1.vkey() + "\nquorum none\n", "A witness is named none."},
		{"two-witnesses-of-one-name", logLine + w1Line + "witness w1 " + w2.vkey() + "\nquorum w1\n", "Two witnesses have one name."},
		{"witness-twice", logLine + w1Line + w1Line + "quorum w1\n", "A witness is there twice."},
	} {
		vs = append(vs, badPolicy(s.name, s.comment, s.value))
	}
	return vs
}

// badPolicyKeys are keys that are none, of the wrong type, or there twice.
func badPolicyKeys() []vector {
	a, b := twins()
	id := hex.EncodeToString(ledgerKey.id())
	var vs []vector
	for _, s := range []sample{
		{"log-of-type-04", "log " + ledgerKey.ofType(4).vkey() + "\nquorum none\n", "A log's key has the type of cosigners."},
		{"witness-of-type-01", logLine + "witness w1 " + w1.ofType(1).vkey() + "\nquorum w1\n", "A witness's key has the type of logs."},
		{"log-of-type-02", "log " + ledgerKey.ofType(2).vkey() + "\nquorum none\n", "A log's key has another type."},
		{"log-id-wrong", strings.Replace(nonePolicy, id, "01234567", 1), "A log's key id is not what its name and public key give."},
		{"log-id-uppercase", strings.Replace(nonePolicy, id, strings.ToUpper(id), 1), "A log's key id is in uppercase."},
		{"log-key-malformed", strings.Replace(nonePolicy, ledgerKey.vkey(), ledgerKey.vkey()+"=", 1), "A log's key is not canonical base64."},
		{"log-key-small-order", "log " + bare("ledger.example", torsion(1).Bytes()).vkey() + "\nquorum none\n", "A log's key is of small order."},
		{"log-key-not-canonical", "log " + bare("ledger.example", nonCanonicalPoints()[0].encoding).vkey() + "\nquorum none\n", "A log's key is not in its canonical encoding."},
		{"witness-key-small-order", logLine + "witness w1 " + bare("w.example", torsion(1).Bytes()).ofType(4).vkey() + "\nquorum w1\n", "A witness's key is of small order."},
		{"log-name-not-utf-8", "log " + ledgerKey.as("ledger\xff").vkey() + "\nquorum none\n", "A log's name is not UTF-8."},
		{"log-name-of-256-bytes", "log " + ledgerKey.as(strings.Repeat("n", 256)).vkey() + "\nquorum none\n", "A log's name is one byte too long."},
		{"log-twice", logLine + logLine + "quorum none\n", "A log is there twice."},
		{"log-twice-under-two-names", logLine + "log " + ledgerKey.as("other.example").vkey() + "\nquorum none\n", "A log's key is there twice, under two names."},
		{"witness-key-twice", logLine + w1Line + "witness w2 " + w1.vkey() + "\nquorum w1\n", "A witness's key is there twice."},
		{"witness-key-twice-under-two-names", logLine + w1Line + "witness w2 " + w1.as("witness.example/w2").vkey() + "\nquorum w1\n", "A witness's key is there twice, under two names of the key."},
		{"key-of-log-and-witness", logLine + "witness w1 " + ledgerKey.ofType(4).vkey() + "\nquorum w1\n", "A log and a witness have one key."},
		{"key-of-witness-and-log", "witness w1 " + ledgerKey.as("w").ofType(4).vkey() + "\n" + logLine + "quorum w1\n", "A witness and a log have one key."},
		{"colliding-logs", "log " + a.vkey() + "\nlog " + b.vkey() + "\nquorum none\n", "Two logs have one name and one key id."},
	} {
		vs = append(vs, badPolicy(s.name, s.comment, s.value))
	}
	return vs
}

func badGroups() []vector {
	head := logLine + threeW
	var vs []vector
	for _, s := range []sample{
		{"alone", "group", "The group is its keyword."},
		{"without-rule", "group g", "The group has a name alone."},
		{"without-members", "group g all", "The group has no members."},
		{"without-members-and-k", "group g 0", "The group has no members, and k is 0."},
		{"without-k", "group g w1 w2 w3", "k is missing."},
		{"k-0", "group g 0 w1 w2 w3", "k is 0."},
		{"k-above-members", "group g 4 w1 w2 w3", "k is above the number of members."},
		{"k-negative", "group g -1 w1 w2 w3", "k is negative."},
		{"k-plus", "group g +2 w1 w2 w3", "k has a sign."},
		{"k-leading-zero", "group g 02 w1 w2 w3", "k has a leading zero."},
		{"k-fraction", "group g 1.5 w1 w2 w3", "k has a fraction."},
		{"k-hex", "group g 0x2 w1 w2 w3", "k is in hex."},
		{"k-exponent", "group g 2e0 w1 w2 w3", "k has an exponent."},
		{"k-word", "group g two w1 w2 w3", "k is a word."},
		{"k-of-65-bits", "group g 18446744073709551618 w1 w2 w3", "k is 2 modulo 2^64."},
		{"all-in-uppercase", "group g ALL w1 w2 w3", "all is in uppercase."},
		{"any-in-uppercase", "group g Any w1 w2 w3", "any is in uppercase."},
		{"member-unknown", "group g 2 w1 w2 w4", "A member is defined nowhere."},
		{"member-none", "group g any none", "none is a member."},
		{"member-none-beside-others", "group g any w1 none", "none is a member beside a witness."},
		{"member-twice", "group g 2 w1 w1", "A member is there twice."},
		{"member-of-two-groups", "group a any w1 w2\ngroup g any w2 w3", "A witness is a member of two groups."},
		{"group-of-two-groups", "group a any w1\ngroup b any a\ngroup g any a w3", "A group is a member of two groups."},
		{"member-of-itself", "group g any w1 g", "The group is its own member."},
		{"member-defined-later", "group g any a w1\ngroup a any w2", "A member is defined on a later line."},
		{"cycle", "group a any w1 b\ngroup b any w2 a\ngroup g any w3", "Two groups are members of each other."},
		{"named-none", "group none any w1\ngroup g any w2", "A group is named none."},
		{"named-as-witness", "group w1 any w2\ngroup g any w3", "A group has the name of a witness."},
		{"named-as-own-member", "group w1 any w1\ngroup g any w3", "A group has the name of its member."},
		{"twice", "group g any w1\ngroup g any w2", "Two groups have one name."},
		{"comma", "group g 2 w1,w2,w3", "Commas separate the members."},
	} {
		vs = append(vs, badPolicy("group-"+s.name, s.comment, head+s.value+"\nquorum g\n"))
	}
	return append(vs,
		badPolicy("witness-named-as-group", "A witness has the name of a group.", logLine+w1Line+"group g any w1\nwitness g "+w2.vkey()+"\nquorum g\n"),
		badPolicy("group-before-its-witness", "A group comes before the witness in it.", logLine+"group g any w1\n"+w1Line+"quorum g\n"))
}
