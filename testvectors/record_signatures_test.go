package testvectors

import (
	"math/big"
	"slices"
	"strings"
)

// recordSignatures have a text in form, and one signature line that should not be
// there or does not verify.
func recordSignatures() []vector {
	return slices.Concat(strangersLines(), orderedLines(), failingLines())
}

// strangersLines are of keys that may not sign.
func strangersLines() []vector {
	var vs []vector
	for _, m := range models {
		text, note := m.text.String(), m.note()
		vs = append(vs,
			m.fault("stranger-last", "signed", "A stranger signs after the others.", note+stranger.sign(text)),
			m.fault("stranger-first", "signed", "A stranger signs before the others.", signed(text, append([]key{stranger}, m.signed...)...)),
			m.fault("stranger-alone", "signed", "Only a stranger signs.", signed(text, stranger)),
			m.fault("ledger-signs", "signed", "The ledger signs too, whose key is named and signs no record.", note+ledgerKey.sign(text)),
			m.fault("stranger-under-a-signers-name", "signed", "A stranger signs under the name of a key that may sign.", note+stranger.as(m.signers[0].name).sign(text)))
	}
	c, s, t, p := contractModel, statementModel, terminationModel, replacementModel
	text := c.text.String()
	sig := maker.signs([]byte(text))
	wrong := func(name string, id []byte) string {
		return text + "\n" + signatureLine(name, id, sig) + anna.sign(text) + ben.sign(text)
	}
	a, b := twins()
	twin := c.text.with("party manufacturer", partyLine("party", "manufacturer", "1", a)).String()
	return append(vs,
		c.fault("name-wrong", "signed", "Key id and signature are the manufacturer's, the name is not.", wrong("other.example", maker.id())),
		c.fault("name-in-uppercase", "signed", "The name differs from the manufacturer's in case.", wrong("Maker.example", maker.id())),
		c.fault("name-with-dot-after", "signed", "The name has a dot more than the manufacturer's.", wrong("maker.example.", maker.id())),
		c.fault("name-outside-ascii", "signed", "The name is a good one of a note, and nobody's.", wrong("мaker.example", maker.id())),
		c.fault("id-wrong", "signed", "Name and signature are the manufacturer's, the key id is not.", wrong(maker.name, anna.id())),
		c.fault("id-zero", "signed", "Name and signature are the manufacturer's, the key id is zero.", wrong(maker.name, make([]byte, 4))),
		c.fault("id-reversed", "signed", "The key id has its bytes the other way round.", wrong(maker.name, []byte{maker.id()[3], maker.id()[2], maker.id()[1], maker.id()[0]})),
		c.fault("id-of-type-04", "signed", "The key id is that of the same key with the type 0x04.", wrong(maker.name, maker.ofType(4).id())),
		c.fault("cosigned", "signed", "The manufacturer's line is a cosignature.", text+"\n"+maker.ofType(4).cosign(text, 1767603600)+anna.sign(text)+ben.sign(text)),
		c.fault("colliding-stranger", "signed", "A stranger has name and key id of the manufacturer, and another key.", twin+"\n"+b.sign(twin)+anna.sign(twin)+ben.sign(twin)),
		s.fault("signed-by-no-by-key", "signed", "A party signs of which no by line is there.", s.text.without("by manufacturer").String()+"\n"+
			signers(s.text.without("by manufacturer").String(), maker, anna, ben)),
		t.fault("signed-by-other-party", "signed", "A party signs of which no by line is there.", t.note()+maker.sign(t.text.String())),
		p.fault("signed-under-former-name", "signed", "A key that has a new name signs under the former one.", underFormerName(false)),
		p.fault("signed-under-both-names", "signed", "A key that has a new name signs under both.", underFormerName(true)))
}

// underFormerName is a replacement in which maker has a new name, signed under the
// former, or both.
func underFormerName(both bool) string {
	renamed := maker.as("maker-ltd.example")
	text := replacementModel.text.with("party manufacturer", partyLine("party", "manufacturer", "1", renamed)).String()
	if both {
		return signed(text, renamed, anna, ben, maker)
	}
	return signed(text, anna, ben, maker)
}

func signers(text string, keys ...key) string {
	return strings.TrimPrefix(signed(text, keys...), text+"\n")
}

// orderedLines are of keys that may sign, but twice or in another order.
func orderedLines() []vector {
	var vs []vector
	for _, m := range models {
		text := m.text.String()
		last := m.signed[len(m.signed)-1]
		vs = append(vs, m.fault("signed-twice", "signed", "A line is there twice.", m.note()+last.sign(text)))
		if len(m.signed) > 1 {
			vs = append(vs,
				m.fault("signed-in-reverse", "signed", "The lines are in reverse order.", signed(text, reverse(m.signed)...)),
				m.fault("signed-twice-apart", "signed", "The first line is there again at the end.", m.note()+m.signed[0].sign(text)))
		}
	}
	c := contractModel
	text := c.text.String()
	p := newPair("nonces", 0)
	k := key{"nonces.example", 1, p.public, func(m []byte) []byte { return p.sign(m, []int{0}, fits) }}
	again := c.text.with("party manufacturer", partyLine("party", "manufacturer", "1", k))
	m := c.by([]key{k, anna, ben, cleo}, []key{k, anna, ben})
	other, _ := p.answer([]byte(again.String()), base(seededScalar("other nonce")).Bytes(), seededScalar("other nonce"), 0)
	return append(vs,
		c.fault("signed-out-of-order-in-party", "signed", "Two keys of one party sign the other way round.", signed(text, maker, ben, anna)),
		c.fault("signed-out-of-order-of-parties", "signed", "The first party signs last.", signed(text, anna, ben, maker)),
		m.ok("signature-with-a-nonce", "A signature is any that verifies.", again),
		m.okNote("signature-with-another-nonce", "Another signature by the same key: the id is that of contract-signature-with-a-nonce.json.", again.String(),
			again.String()+"\n"+k.line(other)+anna.sign(again.String())+ben.sign(again.String())),
		m.fault("signed-twice-with-two-nonces", "signed", "A key signs twice, each line another signature.", again.String()+"\n"+k.sign(again.String())+k.line(other)+anna.sign(again.String())+ben.sign(again.String())))
}

func reverse(keys []key) []key {
	r := slices.Clone(keys)
	slices.Reverse(r)
	return r
}

// failingLines are of keys that may sign, and do not verify.
func failingLines() []vector {
	var vs []vector
	for _, m := range models {
		text := m.text.String()
		last := len(m.signed) - 1
		vs = append(vs,
			m.fault("signature-of-other-text", "signed", "The last signature is of another text.", signed(text, m.signed[:last]...)+m.signed[last].line(m.signed[last].signs([]byte(m.text.with("nonce", "nonce "+strings.Repeat("9", 32)).String())))),
			m.fault("signature-of-other-key", "signed", "The last signature is of another key.", signed(text, m.signed[:last]...)+m.signed[last].line(stranger.signs([]byte(text)))))
	}
	c := contractModel
	text := c.text.String()
	good := maker.signs([]byte(text))
	with := func(sig []byte) string {
		return text + "\n" + maker.line(sig) + anna.sign(text) + ben.sign(text)
	}
	flip := func(i int) []byte {
		sig := slices.Clone(good)
		sig[i] ^= 0x10
		return sig
	}
	plusL := new(big.Int).Add(new(big.Int).SetBytes(reversed(good[32:])), order)
	mixed := newPair("mixed order of a party", 3)
	mk := bare("mixed.example", mixed.public)
	mt := c.text.with("party manufacturer", partyLine("party", "manufacturer", "1", mk)).String()
	cofactored := mixed.sign([]byte(mt), []int{0}, fitsCofactored)
	return append(vs,
		c.fault("signature-without-last-line-feed", "signed", "The signature is of the text without its last line feed.", with(maker.signs([]byte(strings.TrimSuffix(text, "\n"))))),
		c.fault("signature-with-empty-line", "signed", "The signature is of the text and the empty line.", with(maker.signs([]byte(text+"\n")))),
		c.fault("signature-of-id", "signed", "The signature is of the id.", with(maker.signs([]byte(c.id())))),
		c.fault("signature-flipped-r", "signed", "A bit of R is flipped.", with(flip(3))),
		c.fault("signature-flipped-s", "signed", "A bit of S is flipped.", with(flip(40))),
		c.fault("signature-zero", "signed", "The signature is 64 zero bytes.", with(make([]byte, 64))),
		c.fault("signature-of-63-bytes", "signed", "The signature lacks its last byte.", with(good[:63])),
		c.fault("signature-of-65-bytes", "signed", "The signature has a byte too many.", with(append(slices.Clone(good), 0))),
		c.fault("signature-of-1-byte", "signed", "The signature is its first byte.", with(good[:1])),
		c.fault("signature-s-plus-l", "signed", "S is L more than it should be.", with(append(slices.Clone(good[:32]), littleEndian(plusL)...))),
		c.fault("signature-cofactored", "signed", "The signature satisfies the equation with the cofactor alone.", mt+"\n"+mk.line(cofactored)+anna.sign(mt)+ben.sign(mt)),
		c.fault("signature-exchanged", "signed", "Two keys have each other's signatures.", text+"\n"+maker.sign(text)+anna.line(ben.signs([]byte(text)))+ben.line(anna.signs([]byte(text)))))
}

// recordThresholds have good lines, and too few.
func recordThresholds() []vector {
	c, s, t, p := contractModel, statementModel, terminationModel, replacementModel
	few := func(m model, name, comment string, keys ...key) vector {
		return m.fault("lacks-"+name, "quorum", comment, signed(m.text.String(), keys...))
	}
	three := c
	three.text = c.text.with("party buyer", partyLine("party", "buyer", "3", buyers...))
	renamed := p
	renamed.text = p.text.with("party manufacturer", partyLine("party", "manufacturer", "1", maker.as("maker-ltd.example"))).with("former manufacturer", partyLine("former", "manufacturer", "2", maker, heir))
	return []vector{
		few(c, "party", "Nobody signs for the buyer.", maker),
		few(c, "first-party", "Nobody signs for the manufacturer.", anna, ben, cleo),
		few(c, "one-of-two", "One key signs for the buyer, and two have to.", maker, cleo),
		few(three, "one-of-three", "Two keys sign for the buyer, and three have to.", maker, anna, cleo),
		few(s, "first-by", "Nobody signs for the manufacturer.", anna, ben),
		few(s, "one-of-two", "One key signs for the buyer, and two have to.", maker, ben),
		few(t, "one-of-two", "One key signs for the buyer, and two have to.", cleo),
		few(p, "former", "Nobody signs for the former manufacturer.", heir, anna, ben),
		few(p, "party", "Nobody signs for the new manufacturer.", anna, ben, maker),
		few(p, "one-of-two", "One key signs for the buyer, and two have to, now and formerly.", heir, anna, maker),
		few(renamed, "one-of-two-former", "A key counts as the party and as one of two former keys, of which both have to sign.", maker.as("maker-ltd.example"), anna, ben),
	}
}
