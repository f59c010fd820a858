package testvectors

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// recordKeys are about the keys that a record names: what each is, and how they
// have to differ.
func recordKeys() []vector {
	return slices.Concat(namedPoints(), namedKeys(), repeatedKeys(), ledgersOwnKey(), collidingKeys())
}

// namedPoints puts what is no public key at each place of a record where a good key
// signs beside it.
func namedPoints() []vector {
	c, s, p, r := contractModel, statementModel, replacementModel, revocationModel
	spare := func(public []byte) string {
		return partyLine("party", "buyer", "2", anna, ben, cleo, bare("spare.example", public))
	}
	var vs []vector
	for _, x := range badPoints() {
		vs = append(vs, c.bad("key-"+x.name, "A spare key of the buyer is none. "+x.comment, c.text.with("party buyer", spare(x.encoding))))
	}
	for _, x := range []point{smallOrderPoints()[0], smallOrderPoints()[1], nonCanonicalPoints()[0], nonCanonicalPoints()[6], noPoints()[1]} {
		k := bare("spare.example", x.encoding)
		vs = append(vs,
			s.bad("by-key-"+x.name, "A spare key in a by line is none. "+x.comment, s.text.with("by buyer", partyLine("by", "buyer", "2", anna, ben, cleo, k))),
			p.bad("former-key-"+x.name, "A spare key in a former line is none. "+x.comment, p.text.with("former buyer", partyLine("former", "buyer", "2", anna, ben, cleo, k))),
			c.bad("ledger-key-"+x.name, "The ledger's key is none. "+x.comment, c.text.with("ledger", "ledger "+bare("ledger.example", x.encoding).vkey())),
			r.bad("key-"+x.name, "The revoked key is none. "+x.comment, r.text.with("key", "key "+k.vkey())))
	}
	mixed := mixedKey("mixed order of a party", 3).as("mixed.example")
	return append(vs,
		c.by([]key{mixed, anna, ben, cleo}, []key{mixed, anna, ben}).ok("key-mixed-order", "A key with a small-order component signs, without a cofactor.", c.text.with("party manufacturer", partyLine("party", "manufacturer", "1", mixed))))
}

// namedKeys are verifier keys that are at fault as such.
func namedKeys() []vector {
	c, s, p, r := contractModel, statementModel, replacementModel, revocationModel
	k := heir
	id, b64 := hex.EncodeToString(k.id()), base64.StdEncoding.EncodeToString(k.material())
	var vs []vector
	for _, x := range []sample{
		{"type-04", k.ofType(4).vkey(), "The type is 0x04, of cosignatures."},
		{"type-06", lattice1.as(k.name).vkey(), "The type is 0x06, of ML-DSA-44 cosignatures."},
		{"type-02", k.ofType(2).vkey(), "The type is 0x02, of another algorithm."},
		{"type-00", k.ofType(0).vkey(), "The type is 0x00."},
		{"id-wrong", strings.Replace(k.vkey(), id, "01234567", 1), "The key id is not what name and public key give."},
		{"id-uppercase", strings.Replace(k.vkey(), id, strings.ToUpper(id), 1), "The key id is in uppercase hex."},
		{"id-of-other-name", strings.Replace(k.vkey(), id, hex.EncodeToString(k.as("other.example").id()), 1), "The key id is that of another name."},
		{"base64-unpadded-and-short", strings.TrimSuffix(k.vkey(), b64[43:]), "The base64 lacks its last character."},
		{"base64-padded", k.vkey() + "=", "The base64 has padding that it does not need."},
		{"of-31-bytes", bare("heir.example", k.public[:31]).vkey(), "The public key lacks a byte."},
		{"of-33-bytes", bare("heir.example", append(slices.Clone(k.public), 0)).vkey(), "The public key has a byte too many."},
		{"public-alone", hex.EncodeToString(k.public), "The key is its public bytes in hex."},
	} {
		vs = append(vs,
			c.bad("key-"+x.name, "A spare key of the manufacturer is none. "+x.comment, c.text.with("party manufacturer", partyLine("party", "manufacturer", "1", maker)+" "+x.value)),
			s.bad("by-key-"+x.name, "A spare key in a by line is none. "+x.comment, s.text.with("by manufacturer", partyLine("by", "manufacturer", "1", maker)+" "+x.value)),
			p.bad("former-key-"+x.name, "A spare key in a former line is none. "+x.comment, p.text.with("former manufacturer", partyLine("former", "manufacturer", "1", maker)+" "+x.value)),
			c.bad("ledger-"+x.name, "The ledger's key is none. "+x.comment, c.text.with("ledger", "ledger "+x.value)),
			r.by(nil, []key{heir}).bad("key-"+x.name, "The revoked key is none. "+x.comment, r.text.with("key", "key "+x.value)))
	}
	return vs
}

// repeatedKeys: a key appears once among the party lines, the by lines, the former
// lines, and may appear among both party and former.
func repeatedKeys() []vector {
	c, s, t, p := contractModel, statementModel, terminationModel, replacementModel
	other := anna.as("anna@elsewhere.example")
	return []vector{
		p.by([]key{heir, other, ben, cleo, maker}, []key{heir, other, cleo, maker}).ok("key-under-two-names",
			"A key has one name now and had another: it signs once, under the new one, and counts in both.", p.text.with("party buyer", partyLine("party", "buyer", "2", other, ben, cleo))),
		p.by([]key{heir, ben, anna, cleo, maker}, []key{heir, ben, cleo, maker}).ok("keys-in-other-order", "The first place of a key counts.", p.text.with("party buyer", partyLine("party", "buyer", "2", ben, anna, cleo))),
		p.by([]key{maker, anna, ben, cleo}, []key{maker, ben, cleo}).ok("key-in-other-role", "A key changes its role and counts in both.",
			p.text.without("terminable").with("party manufacturer", partyLine("party", "lead-contractor", "1", maker))),
		p.by([]key{heir, maker, anna, ben, cleo}, []key{heir, maker, anna, ben}).ok("former-keys-in-other-parties", "Keys of one party are now keys of another.",
			p.text.without("terminable").with("party manufacturer", partyLine("party", "manufacturer", "2", heir, maker))),
		c.bad("key-twice-in-party", "A party lists a key twice.", c.text.with("party buyer", partyLine("party", "buyer", "2", anna, ben, anna))),
		c.bad("key-twice-in-party-under-two-names", "A party lists a key twice, under two names.", c.text.with("party buyer", partyLine("party", "buyer", "2", anna, ben, other))),
		c.bad("key-of-two-parties", "Two parties list one key.", c.text.with("party buyer", partyLine("party", "buyer", "2", anna, ben, maker))),
		c.bad("key-of-two-parties-under-two-names", "Two parties list one key, under two names.", c.text.with("party buyer", partyLine("party", "buyer", "2", anna, ben, maker.as("m")))),
		s.bad("key-twice-in-by", "A by line lists a key twice.", s.text.with("by buyer", partyLine("by", "buyer", "2", anna, cleo, anna))),
		s.bad("key-of-two-by-lines", "Two by lines list one key.", s.text.with("by buyer", partyLine("by", "buyer", "2", anna, cleo, maker))),
		t.bad("key-twice-in-by", "A by line lists a key twice.", t.text.with("by buyer", partyLine("by", "buyer", "2", ben, cleo, ben))),
		p.bad("key-twice-in-former", "A former line lists a key twice.", p.text.with("former buyer", partyLine("former", "buyer", "2", anna, ben, cleo, cleo))),
		p.bad("key-of-two-former-lines", "Two former lines list one key.", p.text.with("former buyer", partyLine("former", "buyer", "2", anna, ben, cleo, maker))),
	}
}

// ledgersOwnKey: the ledger signs for nobody, whatever the name.
func ledgersOwnKey() []vector {
	c, s, t, p, r := contractModel, statementModel, terminationModel, replacementModel, revocationModel
	var vs []vector
	for _, k := range []key{ledgerKey, ledgerKey.as("other.example")} {
		name := map[string]string{ledgerKey.name: "", "other.example": "-under-another-name"}[k.name]
		vs = append(vs,
			c.bad("party-key-of-ledger"+name, "A spare key of a party is the ledger's.", c.text.with("party buyer", partyLine("party", "buyer", "2", anna, ben, cleo, k))),
			s.bad("by-key-of-ledger"+name, "A spare key in a by line is the ledger's.", s.text.with("by buyer", partyLine("by", "buyer", "2", anna, ben, cleo, k))),
			t.bad("by-key-of-ledger"+name, "A spare key in a by line is the ledger's.", t.text.with("by buyer", partyLine("by", "buyer", "2", anna, ben, cleo, k))),
			p.bad("former-key-of-ledger"+name, "A spare key in a former line is the ledger's.", p.text.with("former buyer", partyLine("former", "buyer", "2", anna, ben, cleo, k))),
			r.by(nil, []key{k}).bad("key-of-ledger"+name, "The revoked key is the ledger's.", r.text.with("key", "key "+k.vkey())))
	}
	return vs
}

// collidingKeys: the pair of name and key id tells the keys of a record apart.
func collidingKeys() []vector {
	c, s, p, r := contractModel, statementModel, replacementModel, revocationModel
	a, b := twins()
	comment := fmt.Sprintf("Two keys have the name %s and the key id %x.", a.name, a.id())
	same := anna.as(maker.name)
	vs := []vector{
		c.bad("colliding-keys-in-party", comment, c.text.with("party buyer", partyLine("party", "buyer", "2", anna, ben, cleo, a, b))),
		c.bad("colliding-keys-of-two-parties", comment, c.text.with("party buyer", partyLine("party", "buyer", "2", anna, ben, cleo, b)).with("party manufacturer", partyLine("party", "manufacturer", "1", maker, a))),
		s.bad("colliding-keys-in-by", comment, s.text.with("by buyer", partyLine("by", "buyer", "2", anna, ben, cleo, a, b))),
		p.bad("colliding-keys-of-party-and-former", comment, p.text.with("former buyer", partyLine("former", "buyer", "2", anna, ben, cleo, a)).with("party manufacturer", partyLine("party", "manufacturer", "1", heir, b))),
		r.by(nil, []key{b}).bad("colliding-keys-of-ledger-and-key", comment, r.text.with("ledger", "ledger "+a.vkey()).with("key", "key "+b.vkey())),
	}
	m := c
	m.ledger = a
	vs = append(vs, m.bad("colliding-keys-of-ledger-and-party", comment, c.text.with("ledger", "ledger "+a.vkey()).with("party buyer", partyLine("party", "buyer", "2", anna, ben, cleo, b))))
	return append(vs,
		c.by([]key{maker, same, ben, cleo}, []key{maker, same, ben}).ok("keys-of-one-name", "Two keys have one name, and two key ids.", c.text.with("party buyer", partyLine("party", "buyer", "2", same, ben, cleo))),
		c.by([]key{a, anna, ben, cleo}, []key{a, anna, ben}).ok("one-of-colliding-keys", "One key of a colliding pair alone.", c.text.with("party manufacturer", partyLine("party", "manufacturer", "1", a))),
		c.by([]key{maker.as(ledgerKey.name), anna, ben, cleo}, []key{maker.as(ledgerKey.name), anna, ben}).ok("key-of-the-ledgers-name", "A party's key has the ledger's name, and another key id.",
			c.text.with("party manufacturer", partyLine("party", "manufacturer", "1", maker.as(ledgerKey.name)))))
}
