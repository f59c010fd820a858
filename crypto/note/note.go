// Package note reads and writes signed notes (c2sp.org/signed-note@v1.0.0),
// strictly: one text per value, and everything bounded.
//
// A note is a text, an empty line, and one or more signature lines:
//
//	text, any number of lines, each ending in LF
//	<empty line>
//	— <key name> <base64 of key id || signature>
//
// The text ends at the last empty line. A note is valid UTF-8 without control
// characters other than LF. Base64 is canonical: the standard alphabet, padded,
// the unused bits zero. Whatever [Parse] accepts, [Note.Bytes] prints as it was.
//
// A [Key] is a verifier key ("vkey"), and a [PublicKey] the 32 bytes within,
// which are a canonical encoding of a point that is not of small order. Nothing
// else is an Ed25519 public key here, so that one signature fits one text.
//
// Notes are signed by Ed25519. Checkpoints, which are notes, may also be cosigned,
// with a time: by Ed25519, and by ML-DSA-44, whose signatures outlast computers that
// break the former (c2sp.org/tlog-cosignature).
package note

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a note. A checkpoint with an ML-DSA-44 line of each of 64 witnesses
// has 224 kB. golang.org/x/mod/sumdb/note stops at 100 lines too.
const (
	MaxSize       = 1_000_000 // bytes
	MaxSignatures = 100       // lines
	MaxName       = 255       // bytes of a key name: tlog-cosignature allows no more in what a cosigner signs
)

const (
	keyIDSize = 4
	dash      = "— "
)

// canonical is base64 that has one text for each value.
var canonical = base64.StdEncoding.Strict()

// A Note is a text with its signature lines, none of them verified.
type Note struct {
	Text       []byte // ends in LF
	Signatures []Signature
}

// A Signature is what one signature line says. It is a claim until the key that
// [Signature.By] finds has verified it.
type Signature struct {
	Name  string // the key's
	ID    uint32 // the key's
	Bytes []byte // without the key id; its form depends on the key's type
}

// Parse reads a note with at least one signature line. The note shares memory
// with data.
func Parse(data []byte) (Note, error) {
	n, err := ParseDraft(data)
	if err != nil {
		return Note{}, err
	}
	if len(n.Signatures) == 0 {
		return Note{}, errors.New("note has no signature line")
	}
	return n, nil
}

// ParseDraft is [Parse] for a note that may still lack all its signatures: a
// text and an empty line are enough.
func ParseDraft(data []byte) (Note, error) {
	if len(data) > MaxSize {
		return Note{}, fmt.Errorf("note has %d bytes, at most %d are allowed", len(data), MaxSize)
	}
	if err := checkCharacters(data); err != nil {
		return Note{}, err
	}
	split := bytes.LastIndex(data, []byte("\n\n"))
	if split < 0 {
		return Note{}, errors.New("note has no empty line after its text")
	}
	n := Note{Text: data[:split+1]}
	lines := bytes.Count(data[split+2:], []byte("\n"))
	if lines > MaxSignatures {
		return Note{}, fmt.Errorf("note has %d signature lines, at most %d are allowed", lines, MaxSignatures)
	}
	if lines > 0 {
		n.Signatures = make([]Signature, 0, lines)
	}
	for rest := string(data[split+2:]); len(rest) > 0; {
		line, after, ok := strings.Cut(rest, "\n")
		if !ok {
			return Note{}, fmt.Errorf("signature line %d does not end in a line feed", len(n.Signatures)+1)
		}
		sig, err := parseSignature(line)
		if err != nil {
			return Note{}, fmt.Errorf("signature line %d: %w", len(n.Signatures)+1, err)
		}
		n.Signatures, rest = append(n.Signatures, sig), after
	}
	return n, nil
}

func checkCharacters(data []byte) error {
	for i, c := range data {
		if c < 0x20 && c != '\n' {
			return fmt.Errorf("note has the control character %#02x at byte %d", c, i)
		}
	}
	if !utf8.Valid(data) {
		return errors.New("note is not valid UTF-8")
	}
	return nil
}

func parseSignature(line string) (Signature, error) {
	rest, ok := strings.CutPrefix(line, dash)
	if !ok {
		return Signature{}, errors.New(`does not begin with "— "`)
	}
	name, encoded, ok := strings.Cut(rest, " ")
	if !ok {
		return Signature{}, errors.New("lacks a space between key name and signature")
	}
	if err := CheckName(name); err != nil {
		return Signature{}, err
	}
	b, err := decodeBase64(encoded)
	if err != nil {
		return Signature{}, fmt.Errorf("signature of %q: %w", name, err)
	}
	if len(b) <= keyIDSize {
		return Signature{}, fmt.Errorf("signature of %q has %d bytes, at least %d are needed", name, len(b), keyIDSize+1)
	}
	return Signature{Name: name, ID: binary.BigEndian.Uint32(b), Bytes: b[keyIDSize:]}, nil
}

// decodeBase64 refuses what the encoder would not have printed. The decoder
// skips line breaks, which a caller has excluded, and nothing else.
func decodeBase64(s string) ([]byte, error) {
	b, err := canonical.DecodeString(s)
	if err != nil {
		return nil, errors.New("not canonical base64")
	}
	return b, nil
}

// CheckName says whether name may be a key name, or the origin of a log: not empty, valid UTF-8, without
// Unicode spaces, control characters and plus.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("the key name is empty")
	case len(name) > MaxName:
		return fmt.Errorf("the key name has %d bytes, at most %d are allowed", len(name), MaxName)
	case !utf8.ValidString(name):
		return fmt.Errorf("the key name %q is not valid UTF-8", name)
	}
	for _, r := range name {
		if unicode.IsSpace(r) || r < 0x20 || r == '+' {
			return fmt.Errorf("the key name %q has the character %q", name, r)
		}
	}
	return nil
}

// Bytes prints the note.
func (n Note) Bytes() []byte {
	return n.Append(make([]byte, 0, len(n.Text)+1+len(n.Signatures)*160))
}

// Append appends the note to b, as Bytes prints it.
func (n Note) Append(b []byte) []byte {
	b = append(b, n.Text...)
	b = append(b, '\n')
	for _, s := range n.Signatures {
		b = s.Append(b)
	}
	return b
}

// Append appends the signature's line, with its LF, to b.
func (s Signature) Append(b []byte) []byte {
	b = append(b, dash...)
	b = append(b, s.Name...)
	b = append(b, ' ')
	raw := make([]byte, 0, 128) // on the stack, and enough but for ML-DSA
	raw = append(binary.BigEndian.AppendUint32(raw, s.ID), s.Bytes...)
	b = canonical.AppendEncode(b, raw)
	return append(b, '\n')
}

// By says whether the line claims to be of key k.
func (s Signature) By(k Key) bool { return s.Name == k.name && s.ID == k.id }

// ParseDecimal reads a decimal without sign and leading zeros, of at most 2⁶³−1:
// the only one that signed texts here have.
func ParseDecimal(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return 0, fmt.Errorf("%q is not a decimal without leading zeros below 2^63", s)
	}
	return n, nil
}
