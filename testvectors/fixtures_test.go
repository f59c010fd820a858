package testvectors

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// A key is a key pair under a name, of the type 0x01, 0x04 or 0x06. Nothing here uses
// the packages that the vectors test.
type key struct {
	name   string
	typ    byte
	public []byte
	signs  func(message []byte) []byte
}

// privateKey returns the key whose seed is the hash of its label.
func privateKey(label string) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(shaBytes([]byte("chirograph test vectors: " + label)))
}

// newKey returns the key of type 0x01 of a label, under the label as its name.
func newKey(label string) key {
	private := privateKey(label)
	return key{label, 1, private.Public().(ed25519.PublicKey), func(m []byte) []byte { return ed25519.Sign(private, m) }}
}

// witnessKey returns the key of type 0x04 whose seed is the hash of its label.
func witnessKey(label string) key {
	k := newKey(label)
	k.typ = 4
	return k
}

// bare returns a key that nobody signs with.
func bare(name string, public []byte) key { return key{name: name, typ: 1, public: public} }

// as returns the same key pair under another name.
func (k key) as(name string) key {
	k.name = name
	return k
}

// ofType returns the same key pair with another type.
func (k key) ofType(typ byte) key {
	k.typ = typ
	return k
}

func (k key) material() []byte { return append([]byte{k.typ}, k.public...) }

// id returns SHA-256(name || 0x0A || type || public key)[:4].
func (k key) id() []byte {
	sum := sha256.Sum256(append([]byte(k.name+"\n"), k.material()...))
	return sum[:4]
}

func (k key) vkey() string {
	return k.name + "+" + hex.EncodeToString(k.id()) + "+" + base64.StdEncoding.EncodeToString(k.material())
}

// line returns the signature line with these bytes after the key id.
func (k key) line(sig []byte) string { return signatureLine(k.name, k.id(), sig) }

func signatureLine(name string, id, sig []byte) string {
	return "— " + name + " " + base64.StdEncoding.EncodeToString(append(append([]byte(nil), id...), sig...)) + "\n"
}

// sign returns the signature line of k over a text.
func (k key) sign(text string) string { return k.line(k.signs([]byte(text))) }

// cosign returns the cosignature line of k over a checkpoint's text at a time.
func (k key) cosign(text string, time uint64) string { return k.line(k.cosignature(text, time)) }

func (k key) cosignature(text string, time uint64) []byte {
	if k.typ == 6 {
		return timed(time, k.signs(cosignedOf(k.name, text, time).message()))
	}
	return timed(time, k.signs(fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", time, text)))
}

// timed returns a time with a signature behind it.
func timed(time uint64, sig []byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, time), sig...)
}

// signed returns the note of a text with a signature line of each key.
func signed(text string, keys ...key) string {
	note := text + "\n"
	for _, k := range keys {
		note += k.sign(text)
	}
	return note
}

func vkeys(keys ...key) []string {
	list := make([]string, 0, len(keys))
	for _, k := range keys {
		list = append(list, k.vkey())
	}
	return list
}

// The people of the vectors.
var (
	ledgerKey = newKey("ledger.example/2026")
	maker     = newKey("maker.example")
	anna      = newKey("anna@buyer.example")
	ben       = newKey("ben@buyer.example")
	cleo      = newKey("cleo@buyer.example")
	inspector = newKey("inspector.example")
	heir      = newKey("heir.example")
	stranger  = newKey("stranger.example")
)

// twins returns two keys with one name and one key id: the first collision of the
// labels "twin.example 0", "twin.example 1" and so on.
func twins() (a, b key) {
	a = newKey("twin.example 6610").as("twin.example")
	b = newKey("twin.example 45017").as("twin.example")
	if string(a.id()) != string(b.id()) {
		panic("the twins have different key ids")
	}
	return a, b
}

// filler returns the keys numbered from up to before to, under short names.
func filler(from, to int) []key {
	var keys []key
	for i := from; i < to; i++ {
		keys = append(keys, newKey(fmt.Sprintf("k%02d", i)))
	}
	return keys
}

// shaBytes returns the SHA-256 of the parts, one after the other.
func shaBytes(parts ...[]byte) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

func sha(s string) string { return hex.EncodeToString(shaBytes([]byte(s))) }

// lines is a text as its lines, without their line feeds.
type lines []string

func parse(text string) lines { return strings.Split(strings.TrimSuffix(text, "\n"), "\n") }

func (l lines) String() string { return strings.Join(l, "\n") + "\n" }

// at returns the place of the first line that begins with prefix.
func (l lines) at(prefix string) int {
	for i, line := range l {
		if strings.HasPrefix(line, prefix) {
			return i
		}
	}
	panic("no line begins with " + prefix)
}

// with returns the lines with others in the place of the first that begins with
// prefix.
func (l lines) with(prefix string, others ...string) lines {
	i := l.at(prefix)
	return append(append(append(lines(nil), l[:i]...), others...), l[i+1:]...)
}

// before returns the lines with others before the first that begins with prefix.
func (l lines) before(prefix string, others ...string) lines {
	return l.with(prefix, append(others, l[l.at(prefix)])...)
}

// after returns the lines with others after the first that begins with prefix.
func (l lines) after(prefix string, others ...string) lines {
	return l.with(prefix, append([]string{l[l.at(prefix)]}, others...)...)
}

// without returns the lines without any that begins with prefix.
func (l lines) without(prefix string) lines {
	l.at(prefix)
	var rest lines
	for _, line := range l {
		if !strings.HasPrefix(line, prefix) {
			rest = append(rest, line)
		}
	}
	return rest
}

// swapped returns the lines with line i and the one after it exchanged.
func (l lines) swapped(i int) lines {
	s := append(lines(nil), l...)
	s[i], s[i+1] = s[i+1], s[i]
	return s
}
