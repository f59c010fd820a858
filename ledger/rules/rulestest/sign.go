package rulestest

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// spoiled is the first byte of a signature that [Check] refuses.
const spoiled = 0xFF

// Check takes every signature but those that an author spoiled: to make and check
// true ones would take most of the time.
func Check(_ note.PublicKey, _, sig []byte) bool { return sig[0] != spoiled }

// sign returns the record with as many lines as it needs, at times more, fewer, or
// wrong ones.
func (a *author) sign(text *record.Text) []byte {
	signs := make(map[note.PublicKey]bool)
	for _, q := range text.Requirements() {
		first := a.roll(len(q.Keys))
		n := 0
		for i := range q.Keys {
			k := q.Keys[(first+i)%len(q.Keys)].Public()
			if (n < q.Threshold && (!a.log.revoked(k) || a.rarely(8))) || a.rarely(16) {
				signs[k] = true
				n++
			}
		}
	}
	var lines []note.Signature
	for _, k := range text.Signers() {
		if signs[k.Public()] {
			lines = append(lines, k.Signature(make([]byte, ed25519.SignatureSize)))
		}
	}
	if len(lines) > 0 {
		lines = a.spoil(lines)
	}
	b := append(text.Bytes(), '\n')
	for _, l := range lines {
		b = l.Append(b)
	}
	return b
}

func (a *author) spoil(lines []note.Signature) []note.Signature {
	i := a.roll(len(lines))
	switch a.roll(80) {
	case 74, 75:
		lines = slices.Delete(lines, i, i+1)
	case 76:
		lines[i].Bytes[0] = spoiled
	case 77:
		lines[0], lines[i] = lines[i], lines[0]
	case 78:
		lines = append(lines, lines[i])
	case 79:
		lines[i] = newKey("mallory.example", "mallory.example").Signature(make([]byte, ed25519.SignatureSize))
	}
	return lines
}

// parse opens a submission. Without a record the fault says which signature line is
// wrong.
func parse(b []byte) (*record.Record, *record.SignatureError) {
	r, err := record.OpenDraft(b, Check)
	var fault *record.SignatureError
	if err != nil && !errors.As(err, &fault) {
		panic(fmt.Sprintf("rulestest: %v in\n%s", err, b))
	}
	return r, fault
}
