package testvectors

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

func keyVectors() []vector {
	vs := acceptedKeys()
	for _, c := range refusedKeys() {
		vs = append(vs, refused("key", c.name, "form", c.comment, octets("vkey", c.vkey)))
	}
	for _, p := range badPoints() {
		vs = append(vs, refused("key", "public-"+p.name, "form", p.comment, octets("vkey", bare("point.example", p.encoding).vkey())))
	}
	return vs
}

func acceptedKeys() []vector {
	ok := func(name, comment string, k key) vector {
		return accepted("key", name, comment, octets("vkey", k.vkey()),
			member{"name", k.name}, member{"id", hex.EncodeToString(k.id())},
			member{"type", k.typ}, member{"public", hex.EncodeToString(k.public)})
	}
	return []vector{
		ok("ed25519", "A verifier key of type 0x01, which signs the text of notes.", maker),
		ok("cosignature", "A verifier key of type 0x04, which cosigns checkpoints.", witnessKey("witness.example/w1")),
		accepted("key", "published", "The example of c2sp.org/signed-note.",
			member{"vkey", "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"},
			member{"name", "example.com/foo"}, member{"id", "530d903a"}, member{"type", 1},
			member{"public", "e932791ae6e7a840a46164c904786426d5e7821dd8b29a00d61cae72afdd4da4"}),
		ok("both-types", "The public key of ed25519.json with the type 0x04: another type, another key id.", maker.ofType(4)),
		ok("plus-in-base64", "The base64 has a plus, which does not end it.", plusKey()),
		ok("secret-in-base64", "The base64 has the letters with which other programs' secret keys begin, which end nothing and are no secret.", secretLetters()),
		ok("name-of-one-byte", "The shortest name.", newKey("k")),
		ok("name-of-255-bytes", "The longest name that a key of a checkpoint may have.", newKey(strings.Repeat("n", 255))),
		ok("name-of-255-bytes-in-letters-of-two", "255 bytes are counted, not characters.", newKey(strings.Repeat("é", 127)+"e")),
		ok("name-with-everything", "Names of notes have any ASCII but spaces, controls and plus.", newKey("!\"#$%&'()*,-./09:;<=>?@AZ[\\]^_`az{|}~")),
		ok("name-outside-ascii", "Names of notes may have characters beyond ASCII.", newKey("ключ.example/鍵")),
		ok("name-with-byte-order-mark", "U+FEFF is no space of Unicode.", newKey("\ufeffmaker.example")),
		ok("name-with-zero-width-space", "U+200B is no space of Unicode, whatever its name.", newKey("maker\u200bexample")),
		ok("name-with-delete", "U+007F is not among the controls that notes refuse.", newKey("maker\x7fexample")),
		ok("type-06-of-ml-dsa-44", "A verifier key of type 0x06, which cosigns checkpoints with ML-DSA-44.", lattice1),
		ok("type-06-of-zeros", "Any 1,312 bytes are an ML-DSA-44 key: these are zeros.", bare("lattice.example/zeros", make([]byte, 1312)).ofType(6)),
		ok("type-06-of-ones", "Any 1,312 bytes are an ML-DSA-44 key: all bits of these are ones.", bare("lattice.example/ones", slices.Repeat([]byte{0xff}, 1312)).ofType(6)),
		ok("public-mixed-order", "A public key with a small-order component is not of small order.", mixedKey("mixed order", 1).as("mixed.example")),
	}
}

// plusKey returns the first of a row of keys with a plus in its base64.
func plusKey() key {
	for i := 0; ; i++ {
		k := newKey(fmt.Sprintf("plus.example/%d", i))
		if strings.Contains(base64.StdEncoding.EncodeToString(k.material()), "+") {
			return k
		}
	}
}

// secretLetters returns a key in whose base64 PRIVATE+KEY+ stands.
func secretLetters() key {
	b, err := base64.StdEncoding.DecodeString("AQAAPRIVATE+KEY+FwFqDQaVN/omV+TcKSs+RUagrWTj")
	if err != nil {
		panic(err)
	}
	return bare("bob.example", b[1:])
}

type vkeyCase struct{ name, comment, vkey string }

func refusedKeys() []vkeyCase {
	k := maker
	id, b64 := hex.EncodeToString(k.id()), base64.StdEncoding.EncodeToString(k.material())
	under := func(name string) string { return k.as(name).vkey() }
	of := func(material []byte) string {
		sum := shaBytes([]byte("maker.example\n"), material)
		return "maker.example+" + hex.EncodeToString(sum[:4]) + "+" + base64.StdEncoding.EncodeToString(material)
	}
	cases := []vkeyCase{
		{"empty", "Nothing at all.", ""},
		{"name-alone", "Only a name.", "maker.example"},
		{"without-base64", "The third part is missing, with its plus.", "maker.example+" + id},
		{"without-id", "The key id is missing, with its plus.", "maker.example+" + b64},
		{"space-before", "A space comes before the key.", " " + k.vkey()},
		{"space-after", "A space follows the key.", k.vkey() + " "},
		{"line-feed-after", "A line feed follows the key.", k.vkey() + "\n"},
		{"line-feed-in-base64", "A line feed stands in the base64.", strings.Replace(k.vkey(), b64, b64[:20]+"\n"+b64[20:], 1)},
		{"carriage-return-in-base64", "A carriage return stands in the base64.", strings.Replace(k.vkey(), b64, b64[:20]+"\r"+b64[20:], 1)},
		{"secret", "A secret key as other programs print it.", "PRIVATE+KEY+" + k.vkey()},
		{"fourth-part", "A plus and more follow the base64.", k.vkey() + "+AAAA"},
		{"name-empty", "The name is empty.", under("")},
		{"name-of-256-bytes", "The name is one byte too long.", under(strings.Repeat("n", 256))},
		{"name-with-space", "The name has a space.", under("maker example")},
		{"name-with-tab", "The name has a tab.", under("maker\texample")},
		{"name-with-nul", "The name has a NUL.", under("maker\x00example")},
		{"name-with-control", "The name has U+001F.", under("maker\x1fexample")},
		{"name-not-utf-8", "The name is not valid UTF-8.", under("maker\xffexample")},
		{"name-overlong-utf-8", "The name has a slash in two bytes, which is not UTF-8.", under("maker\xc0\xafexample")},
		{"name-surrogate", "The name has a surrogate, which is not UTF-8.", under("maker\xed\xa0\x80example")},
		{"id-of-other-type", "The key id is that of the same public key with the type 0x04.", strings.Replace(k.vkey(), id, hex.EncodeToString(k.ofType(4).id()), 1)},
		{"id-of-other-name", "The key id is that of the same public key under another name.", strings.Replace(k.vkey(), id, hex.EncodeToString(k.as("other.example").id()), 1)},
		{"id-zero", "The key id is zero.", strings.Replace(k.vkey(), id, "00000000", 1)},
		{"id-uppercase", "The key id is in uppercase hex.", strings.Replace(k.vkey(), id, strings.ToUpper(id), 1)},
		{"id-of-7-digits", "The key id lacks its last digit.", strings.Replace(k.vkey(), id, id[:7], 1)},
		{"id-of-9-digits", "The key id has a digit too many, a zero in front.", strings.Replace(k.vkey(), id, "0"+id, 1)},
		{"id-empty", "The key id is empty.", strings.Replace(k.vkey(), id, "", 1)},
		{"id-with-prefix", "The key id begins with 0x.", strings.Replace(k.vkey(), id, "0x"+id, 1)},
		{"base64-empty", "The base64 is empty.", "maker.example+" + hex.EncodeToString(shaBytes([]byte("maker.example\n"))[:4]) + "+"},
		{"base64-type-alone", "The base64 holds a type and no public key.", of([]byte{1})},
		{"base64-url-alphabet", "The base64 uses - and _ for + and /.", urlAlphabet()},
		{"base64-padded", "The base64 of 33 bytes needs no padding and has some.", k.vkey() + "="},
		{"base64-short-of-one", "The base64 lacks its last character.", strings.TrimSuffix(k.vkey(), b64[43:])},
		{"public-of-31-bytes", "The public key lacks a byte.", of(k.material()[:32])},
		{"public-of-31-bytes-unpadded", "The public key lacks a byte, and the base64 its padding.", strings.TrimRight(of(k.material()[:32]), "=")},
		{"public-of-33-bytes", "The public key has a byte too many, a zero.", of(append(k.material(), 0))},
	}
	for _, r := range []rune{0x85, 0xA0, 0x1680, 0x2000, 0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000} {
		cases = append(cases, vkeyCase{fmt.Sprintf("name-with-u%04x", r), fmt.Sprintf("The name has U+%04X, a space of Unicode (White_Space).", r), under("maker" + string(r) + "example")})
	}
	for _, typ := range []byte{0x00, 0x02, 0x03, 0x05, 0x06, 0x81, 0xff} {
		cases = append(cases, vkeyCase{fmt.Sprintf("type-%02x", typ), fmt.Sprintf("32 bytes with the type 0x%02x, which is no type of an Ed25519 key.", typ), k.ofType(typ).vkey()})
	}
	cases = append(cases, latticeKeys()...)
	for i := range 8 {
		flipped := []byte(id)
		flipped[i] = "123456789abcdef0"[strings.IndexByte("0123456789abcdef", id[i])]
		cases = append(cases, vkeyCase{fmt.Sprintf("id-wrong-digit-%d", i+1), fmt.Sprintf("Digit %d of the key id is not what name and public key give.", i+1), strings.Replace(k.vkey(), id, string(flipped), 1)})
	}
	return cases
}

// urlAlphabet returns the key of plus-in-base64.json as other encoders print it.
func urlAlphabet() string {
	k := plusKey()
	return k.name + "+" + hex.EncodeToString(k.id()) + "+" + base64.URLEncoding.EncodeToString(k.material())
}
