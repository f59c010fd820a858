package testvectors

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// partied returns the contract with other parties.
func partied(partyLines ...string) lines {
	return contractModel.text.without("terminable").without("party buyer").with("party manufacturer", partyLines...)
}

// split deals keys out to parties of n keys and a threshold each.
func split(keyword string, keys []key, n, threshold int) []string {
	var list []string
	for part := range slices.Chunk(keys, n) {
		list = append(list, partyLine(keyword, fmt.Sprintf("party-%d", len(list)+1), strconv.Itoa(threshold), part...))
	}
	return list
}

func recordParties() []vector {
	return slices.Concat(partyLines(), partyLimits(), formerLimits(), textLimits())
}

func partyLines() []vector {
	c, s, p := contractModel, statementModel, replacementModel
	threshold := slot{c, "threshold", func(v string) lines { return c.text.with("party buyer", partyLine("party", "buyer", v, buyers...)) }}
	shape := slot{c, "party", func(v string) lines {
		return c.text.without("terminable").with("party manufacturer", "party "+v)
	}}
	k := maker.vkey()
	vs := slices.Concat(
		threshold.refuse(
			sample{"0", "0", "The threshold is at least 1."},
			sample{"above-keys", "4", "The threshold is above the number of keys."},
			sample{"leading-zero", "02", "The threshold has a leading zero."},
			sample{"plus", "+2", "The threshold has a sign."},
			sample{"negative", "-2", "The threshold is negative."},
			sample{"fraction", "2.0", "The threshold has a fraction."},
			sample{"of-3", "2/3", "The threshold is written as a fraction."},
			sample{"word", "all", "The threshold is a word."},
			sample{"empty", "", "The threshold is empty: two spaces."},
			sample{"of-65-bits", "18446744073709551618", "The threshold is 2 modulo 2^64."},
			sample{"of-33-bits", "4294967298", "The threshold is 2 modulo 2^32."},
		),
		shape.refuse(
			sample{"without-keys", "manufacturer 1", "The party has no key."},
			sample{"without-threshold", "manufacturer " + k, "The threshold is missing."},
			sample{"role-alone", "manufacturer", "The party is a role alone."},
			sample{"without-role", "1 " + k, "The role is missing."},
			sample{"two-spaces-before-key", "manufacturer 1  " + k, "Two spaces come before the key."},
			sample{"two-spaces-before-threshold", "manufacturer  1 " + k, "Two spaces come before the threshold."},
			sample{"space-after", "manufacturer 1 " + k + " ", "A space ends the line."},
			sample{"tab", "manufacturer\t1 " + k, "A tab follows the role."},
			sample{"comma", "manufacturer 1 " + k + "," + heir.vkey(), "A comma separates the keys."},
			sample{"no-break-space", "manufacturer 1\u00a0" + k, "A no-break space follows the threshold."},
		))
	return append(vs,
		c.by(c.signers, []key{maker, cleo}).ok("threshold-1", "One of three keys signs for the buyer.", threshold.put("1")),
		c.by(c.signers, c.signers).ok("threshold-3", "All three keys sign for the buyer.", threshold.put("3")),
		c.bad("parties-1", "A contract has at least two parties.", partied(partyLine("party", "buyer", "2", buyers...))),
		c.bad("parties-same-role", "Two parties have one role.", partied(partyLine("party", "buyer", "1", maker), partyLine("party", "buyer", "2", buyers...))),
		s.bad("by-same-role", "Two by lines have one role.", s.text.with("by manufacturer", partyLine("by", "buyer", "1", maker))),
		p.bad("former-same-role", "Two former lines have one role.", p.text.with("former manufacturer", partyLine("former", "buyer", "1", maker))),
		c.by([]key{anna, ben, cleo, maker}, []key{anna, ben, maker}).ok("parties-in-other-order", "Parties come in any order, and signatures in theirs.",
			partied(partyLine("party", "buyer", "2", buyers...), partyLine("party", "manufacturer", "1", maker))),
		c.by([]key{maker, cleo, anna, ben}, []key{maker, cleo, anna}).ok("keys-in-other-order", "Keys come in any order, and signatures in theirs.",
			c.text.with("party buyer", partyLine("party", "buyer", "2", cleo, anna, ben))),
		c.by([]key{maker, inspector, anna, ben, cleo}, []key{maker, inspector, anna, ben}).ok("parties-3", "A contract of three parties.",
			c.text.before("party buyer", partyLine("party", "quality-inspector", "1", inspector))),
		p.ok("former-in-other-order", "Which order the former lines have, the other contract says.",
			p.text.without("former buyer").before("former manufacturer", partyLine("former", "buyer", "2", buyers...))),
	)
}

// partyLimits are about 32 parties, thresholds of 32 together, and 64 keys.
func partyLimits() []vector {
	c, s := contractModel, statementModel
	keys := filler(0, 65)
	by := func(list []string) lines { return s.text.without("by buyer").with("by manufacturer", list...) }
	sixtyFour := append(split("party", keys[:32], 32, 1), partyLine("party", "party-2", "1", keys[32:64]...))
	sixtyFive := append(split("party", keys[:32], 32, 1), partyLine("party", "party-2", "1", keys[32:]...))
	oneParty := []string{partyLine("party", "party-1", "1", keys[:63]...), partyLine("party", "party-2", "1", keys[63])}
	two := []key{keys[0], keys[32]}
	return []vector{
		c.by(keys[:32], keys[:32]).ok("parties-32", "As many parties as there may be, and thresholds of 32 together.", partied(split("party", keys[:32], 1, 1)...)),
		c.by(nil, keys[:33]).bad("parties-33", "One party too many; thresholds of 33 together go with it.", partied(split("party", keys[:33], 1, 1)...)),
		s.by(keys[:32], keys[:32]).ok("by-32", "As many by lines as there may be.", by(split("by", keys[:32], 1, 1))),
		s.by(nil, keys[:33]).bad("by-33", "One by line too many.", by(split("by", keys[:33], 1, 1))),
		c.by(keys[:32], keys[:32]).ok("thresholds-32", "Thresholds of 32 together, in two parties.", partied(split("party", keys[:32], 16, 16)...)),
		c.by(nil, keys[:34]).bad("thresholds-33", "Thresholds of 33 together, in two parties.", partied(partyLine("party", "party-1", "16", keys[:17]...), partyLine("party", "party-2", "17", keys[17:34]...))),
		s.by(nil, keys[:34]).bad("thresholds-33", "Thresholds of 33 together, in two by lines.", by([]string{partyLine("by", "party-1", "16", keys[:17]...), partyLine("by", "party-2", "17", keys[17:34]...)})),
		c.by(nil, keys[:34]).bad("thresholds-33-in-one", "A threshold of 32 in one party, and of 1 in the other.", partied(partyLine("party", "party-1", "32", keys[:33]...), partyLine("party", "party-2", "1", keys[33]))),
		c.by(keys[:64], two).ok("keys-64", "As many keys as there may be.", partied(sixtyFour...)),
		c.by(nil, two).bad("keys-65", "One key too many.", partied(sixtyFive...)),
		c.by(keys[:64], []key{keys[0], keys[63]}).ok("keys-63-in-one-party", "As many keys as there may be, 63 of them in one party.", partied(oneParty...)),
		s.by(keys[:64], []key{keys[5]}).ok("keys-64", "As many keys as there may be, in one by line.", by([]string{partyLine("by", "buyer", "1", keys[:64]...)})),
		s.by(nil, []key{keys[5]}).bad("keys-65", "One key too many, in one by line.", by([]string{partyLine("by", "buyer", "1", keys...)})),
	}
}

// replaced returns the replacement with other parties, now and formerly.
func replaced(party, former []string) lines {
	return replacementModel.text.without("terminable").without("party buyer").with("party manufacturer", party...).
		without("former buyer").with("former manufacturer", former...)
}

// formerLimits: those of parties hold for the former lines by themselves, that of
// keys for both together.
func formerLimits() []vector {
	p := replacementModel
	keys := filler(0, 65)
	party := func(list []key, n, threshold int) []string { return split("party", list, n, threshold) }
	former := func(list []key, n, threshold int) []string { return split("former", list, n, threshold) }
	two := party([]key{heir, inspector}, 1, 1)
	return []vector{
		p.by(keys[:64], keys[:64]).ok("parties-32-and-former-32", "As many parties now and formerly as there may be, and as many signature lines.", replaced(party(keys[:32], 1, 1), former(keys[32:64], 1, 1))),
		p.by(keys[:32], keys[:32]).ok("same-parties-32", "As many parties as there may be, now the same as formerly.", replaced(party(keys[:32], 1, 1), former(keys[:32], 1, 1))),
		p.by(nil, append([]key{heir, inspector}, keys[:33]...)).bad("former-33", "One former line too many.", replaced(two, former(keys[:33], 1, 1))),
		p.by(nil, append([]key{heir, inspector}, keys[:33]...)).bad("former-thresholds-33", "Thresholds of 33 together in the former lines.",
			replaced(two, []string{partyLine("former", "a", "16", keys[:16]...), partyLine("former", "b", "17", keys[16:33]...)})),
		p.by(keys[:64], keys[:64]).ok("thresholds-32-and-former-32", "Thresholds of 32 together now, and of 32 formerly.", replaced(party(keys[:32], 16, 16), former(keys[32:64], 16, 16))),
		p.by(keys[:64], append(slices.Clone(keys[:2]), keys[62:64]...)).ok("keys-64", "64 keys now and formerly, of which 36 are the same.",
			replaced([]string{partyLine("party", "a", "1", keys[0]), partyLine("party", "b", "1", keys[1:50]...)},
				[]string{partyLine("former", "a", "1", keys[14:63]...), partyLine("former", "b", "1", keys[63])})),
		p.by(nil, append(slices.Clone(keys[:2]), keys[62:64]...)).bad("keys-65", "65 keys now and formerly, of which 36 are the same.",
			replaced([]string{partyLine("party", "a", "1", keys[0]), partyLine("party", "b", "1", keys[1:50]...)},
				[]string{partyLine("former", "a", "1", keys[14:63]...), partyLine("former", "b", "1", keys[63:65]...)})),
	}
}

// textLimits are about 22,000 bytes of text.
func textLimits() []vector {
	c := contractModel
	return []vector{
		c.ok("text-of-22000-bytes", "The longest text.", c.padded(22_000)),
		c.bad("text-of-22001-bytes", "The text is one byte too long.", c.padded(22_001)),
		statementModel.ok("text-of-22000-bytes", "The longest text.", statementModel.padded(22_000)),
		statementModel.bad("text-of-22001-bytes", "The text is one byte too long.", statementModel.padded(22_001)),
	}
}

// padded returns the model's text with documents added until it has n bytes: long
// lines, then short ones, of which the last fits exactly.
func (m model) padded(n int) lines {
	const longest = 128
	text, x := m.text, strings.Repeat("x", longest)
	for i := 0; ; i++ {
		name := fmt.Sprintf("file%02d", i)
		line := documentLine("sha256:"+sha(name), "1", "a/b", "x", name)
		if n-len(text.String()) > 1000 {
			line = documentLine("sha256:"+sha(name), "9007199254740991", x[:64]+"/"+x[:64], x[:32], name)
		}
		room, most := n-len(text.String())-len(line)-1, longest-len(name)
		if room <= most {
			return text.after("document sha256", line+x[:room])
		}
		text = text.after("document sha256", line+x[:min(most, room-len(line)-1)])
	}
}
