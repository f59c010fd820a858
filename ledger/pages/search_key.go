package pages

import (
	"fmt"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/publickey"
)

// wireBegin is how the base64 of every Ed25519 key of OpenSSH begins.
const wireBegin = "AAAAC3NzaC1lZDI1NTE5"

// keyTyped returns the key that was typed or pasted: a verifier key of Ed25519, the line of
// an OpenSSH public key file, also behind what stands before it in files of keys that are
// allowed something, or the base64 of one alone. Is says whether the text has the form of
// any of them; the error then says why it is no key that signs here.
func keyTyped(q string) (pub note.PublicKey, is bool, err error) {
	kind, _, words := strings.Cut(q, " ")
	switch {
	case strings.HasPrefix(q, wireBegin) && !words:
		q = publickey.Algorithm + " " + q
	case words && (strings.HasPrefix(kind, "ssh-") || strings.HasPrefix(kind, "ecdsa-") || strings.HasPrefix(kind, "sk-")):
	case strings.Contains(q, " "+publickey.Algorithm+" "):
		_, q, _ = strings.Cut(q, " "+publickey.Algorithm+" ")
		q = publickey.Algorithm + " " + q
	case strings.Count(q, "+") >= 2 && !words:
		k, err := note.ParseKey(q)
		if err == nil && k.Type() != note.Ed25519 {
			err = fmt.Errorf("key %s has the type %#02x, parties sign with %#02x", k.Name(), byte(k.Type()), byte(note.Ed25519))
		}
		if err != nil {
			return note.PublicKey{}, true, err
		}
		return k.Public(), true, nil
	default:
		return note.PublicKey{}, false, nil
	}
	pub, _, err = publickey.Parse([]byte(q))
	return pub, true, err
}

// hint says of a text, for which nothing is found, what it is, and what to search for
// instead; "" where it has the form of no key.
func hint(q string) string {
	pub, is, err := keyTyped(q)
	switch {
	case is && err == nil:
		return "The key with the fingerprint " + pub.Fingerprint() + " signed nothing here, and is not revoked."
	case strings.Contains(q, "SHA256:"): // which may have as many + as a verifier key
		return "A key is not found by its fingerprint: search for the line of its OpenSSH file (ssh-ed25519 …), for its verifier key or for its name."
	case is:
		return "That is no key of a party: " + err.Error() + "."
	}
	return ""
}
