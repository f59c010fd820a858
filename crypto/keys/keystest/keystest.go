// Package keystest says whether output has a secret in it, in any of the forms in which a
// program could let one slip.
package keystest

import (
	"bytes"
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// piece is how many bytes of a secret give it away: by chance, output has so many of them
// in 1 of 2^64 places. A machine word, as a trace of Go prints arguments, has as many.
const piece = 8

// Seed returns 32 bytes that no other number has and that occur by themselves nowhere.
func Seed(n byte) []byte {
	sum := sha512.Sum512_256([]byte{'s', 'e', 'e', 'd', n})
	return sum[:]
}

// NoneOf demands that no piece of a secret is in an output, neither raw nor in hex, base64,
// base32, decimal numbers of bytes, or machine words, and names the output where one is.
func NoneOf(t testing.TB, secret []byte, name string, output []byte) {
	t.Helper()
	if form := Find(secret, output); form != "" {
		t.Errorf("%s has the secret in it, %s:\n%s", name, form, output)
	}
}

// Find returns in which form some piece of a secret is in an output, or "".
func Find(secret, output []byte) string {
	lower := bytes.ToLower(output)
	for _, p := range patterns(secret) {
		in := output
		if p.folded {
			in = lower
		}
		if bytes.Contains(in, p.text) {
			return p.form
		}
	}
	return ""
}

// A pattern is one form of one piece of a secret.
type pattern struct {
	form   string
	text   []byte
	folded bool // whatever the case of letters
}

// made has the patterns of the secrets that were looked for, by secret.
var made sync.Map

func patterns(secret []byte) []pattern {
	if list, ok := made.Load(string(secret)); ok {
		return list.([]pattern)
	}
	var list []pattern
	add := func(form, text string, folded bool) { list = append(list, pattern{form, []byte(text), folded}) }
	for at := 0; at+piece <= len(secret); at++ {
		part := secret[at : at+piece]
		reversed := slices.Clone(part)
		slices.Reverse(reversed)
		add("raw", string(part), false)
		add("in hex", hex.EncodeToString(part), true)
		add("in hex with spaces", fmt.Sprintf("% x", part), true)
		add("as a machine word", strings.TrimLeft(hex.EncodeToString(reversed), "0"), true)
		add("as a decimal word", fmt.Sprint(binary.LittleEndian.Uint64(part)), false)
		add("as Go prints it", strings.Trim(fmt.Sprintf("%#v", part), "[]byte{}"), true)
		for _, between := range []string{" ", ",", ", "} {
			add("as numbers", strings.ReplaceAll(strings.Trim(fmt.Sprint(part), "[]"), " ", between), false)
		}
		// The digits that part alone decides are the same whatever stands around it.
		for shift := range 3 {
			padded := append(make([]byte, shift), part...)
			for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				add("in base64", e.EncodeToString(padded)[(shift*8+5)/6:len(padded)*8/6], false)
			}
		}
		for shift := range 5 {
			padded := append(make([]byte, shift), part...)
			text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(padded)
			add("in base32", strings.ToLower(text[(shift*8+4)/5:len(padded)*8/5]), true)
		}
	}
	made.Store(string(secret), list)
	return list
}
