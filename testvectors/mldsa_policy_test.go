package testvectors

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Lines of policies with keys of type 0x06.
var (
	l1Line  = "witness l1 " + lattice1.vkey() + "\n"
	l2Line  = "witness l2 " + lattice2.vkey() + "\n"
	ownLine = "witness ledger " + ledgerOwn.vkey() + "\n"

	oneLattice  = logLine + l1Line + "quorum l1\n"
	ownAlone    = logLine + ownLine + "quorum ledger\n"
	ownRequired = logLine + ownLine + w1Line + w2Line + "group witnesses any w1 w2\ngroup both all ledger witnesses\nquorum both\n"
	ownOfThree  = logLine + ownLine + w1Line + w2Line + "group g 2 ledger w1 w2\nquorum g\n"
	ownOfAny    = logLine + ownLine + w1Line + "group g any ledger w1\nquorum g\n"
)

// manyLattice returns as many witnesses of type 0x06 as a policy may have, and their
// lines.
func manyLattice() (text string, keys []key, list []named) {
	for i := range 64 {
		k := latticeKey(fmt.Sprintf("lattice.example/%02d", i))
		name := fmt.Sprintf("l%02d", i)
		keys, list = append(keys, k), append(list, named{name, k})
		text += "witness " + name + " " + k.vkey() + "\n"
	}
	return text, keys, list
}

func goodLatticePolicies() []vector {
	v := func(name, comment, text, quorum string, witnesses ...named) vector {
		return okPolicy(name, comment, text, []key{ledgerKey}, witnesses, quorum)
	}
	own, one, two := named{"ledger", ledgerOwn}, named{"w1", w1}, named{"w2", w2}
	both := w1.as(lattice1.name)
	zeros := bare("lattice.example/zeros", make([]byte, 1312)).ofType(6)
	last := zeros.as("lattice.example/one")
	last.public = append(make([]byte, 1311), 1)
	text, _, list := manyLattice()
	return []vector{
		v("witness-of-type-06", "A witness's key is one of ML-DSA-44.", oneLattice, "l1", named{"l1", lattice1}),
		v("witnesses-of-both-types", "Witnesses have keys of either algorithm.", logLine+w1Line+l1Line+w2Line+"group g 2 w1 l1 w2\nquorum g\n", "g", one, named{"l1", lattice1}, two),
		v("two-types-of-one-name", "A witness has two keys under one name, of either algorithm: it is two witnesses here.", logLine+l1Line+"witness old "+both.vkey()+"\ngroup g all l1 old\nquorum g\n", "g", named{"l1", lattice1}, named{"old", both}),
		v("ledgers-own-required", "The ledger's second key is a witness that the quorum requires.", ownRequired, "both", own, one, two),
		v("ledgers-own-alone", "The ledger's second key is all that the quorum requires.", ownAlone, "ledger", own),
		v("ledgers-own-of-type-04", "A witness of type 0x04 has the log's name, and another key.", logLine+"witness ledger "+w1.as(ledgerKey.name).vkey()+"\nquorum ledger\n", "ledger", named{"ledger", w1.as(ledgerKey.name)}),
		v("ledgers-own-with-url", "The ledger's second key has a URL, which is not looked at.", logLine+strings.TrimSuffix(ownLine, "\n")+" https://ledger.example/\nquorum ledger\n", "ledger", own),
		v("type-06-that-differs-in-the-last-byte", "Two keys of type 0x06 differ in their last byte alone.", logLine+"witness a "+zeros.vkey()+"\nwitness b "+last.vkey()+"\nquorum a\n", "a", named{"a", zeros}, named{"b", last}),
		v("witnesses-64-of-type-06", "As many witnesses as there may be, all with ML-DSA-44.", logLine+text+"quorum l63\n", "l63", list...),
	}
}

func badLatticePolicies() []vector {
	a, b := latticeTwins()
	id := hex.EncodeToString(lattice1.id())
	var vs []vector
	for _, s := range []sample{
		{"log-of-type-06", "log " + ledgerOwn.vkey() + "\nquorum none\n", "A log's key is one of ML-DSA-44."},
		{"second-log-of-type-06", logLine + "log " + ledgerOwn.vkey() + "\nquorum none\n", "The ledger's second key is a second log."},
		{"witness-of-type-06-and-32-bytes", logLine + "witness w1 " + w1.ofType(6).vkey() + "\nquorum w1\n", "An Ed25519 key has the type 0x06."},
		{"witness-of-type-06-and-1311-bytes", logLine + "witness w1 " + bare("lattice.example", make([]byte, 1311)).ofType(6).vkey() + "\nquorum w1\n", "An ML-DSA-44 key lacks a byte."},
		{"witness-of-type-04-and-1312-bytes", logLine + "witness w1 " + lattice1.ofType(4).vkey() + "\nquorum w1\n", "An ML-DSA-44 key has the type 0x04."},
		{"witness-of-type-06-id-wrong", strings.Replace(oneLattice, id, "01234567", 1), "The key id is not what name and public key give."},
		{"witness-of-type-06-twice", logLine + l1Line + "witness l2 " + lattice1.vkey() + "\nquorum l1\n", "An ML-DSA-44 key is there twice."},
		{"witness-of-type-06-twice-under-two-names", logLine + l1Line + "witness l2 " + lattice1.as("lattice.example/2").vkey() + "\nquorum l1\n", "An ML-DSA-44 key is there twice, under two names of the key."},
		{"colliding-witnesses-of-type-06", logLine + "witness a " + a.vkey() + "\nwitness b " + b.vkey() + "\nquorum a\n", "Two witnesses have one name of the key and one key id."},
	} {
		vs = append(vs, badPolicy(s.name, s.comment, s.value))
	}
	return vs
}
