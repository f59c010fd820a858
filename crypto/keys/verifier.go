package keys

import (
	"fmt"
	"os"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
)

// FindPublic returns the public key, and its name, that a command line says: a verifier
// key of Ed25519, a file that holds one, or what [OpenPublic] reads. The name is "" where
// there is none.
func FindPublic(arg string) (note.PublicKey, string, error) {
	k, err := parseVerifier(arg)
	if err == nil {
		return k.Public(), k.Name(), nil
	}
	if _, statErr := os.Stat(arg); statErr != nil {
		if strings.Count(arg, "+") >= 2 {
			return note.PublicKey{}, "", err
		}
		return note.PublicKey{}, "", fmt.Errorf("%.200q is neither a verifier key nor a file: %w", arg, statErr)
	}
	b, err := ReadFile(arg)
	if err != nil {
		return note.PublicKey{}, "", err
	}
	defer clear(b)
	if !looksPrivate(b) { // before a copy of it that cannot be overwritten
		if k, err := parseVerifier(strings.TrimSpace(string(b))); err == nil {
			return k.Public(), k.Name(), nil
		}
	}
	public, name, err := OpenPublic(arg)
	if err != nil {
		return note.PublicKey{}, "", fmt.Errorf("%q holds no verifier key and no public key: %w", arg, err)
	}
	return public, name, nil
}

func parseVerifier(s string) (note.Key, error) {
	k, err := note.ParseKey(s)
	if err == nil && k.Type() != note.Ed25519 {
		return note.Key{}, fmt.Errorf("key %s has the type %#02x, parties sign with %#02x", k.Name(), byte(k.Type()), byte(note.Ed25519))
	}
	return k, err
}
