// Package publickey finds the public Ed25519 keys that people name: a verifier key, a file
// that holds one, the file that ssh-keygen writes for a public key, or the readable part of
// one for a secret key. It decodes no secret, and reaches nothing that a verifier need not
// have.
//
// Every key has passed [note.ParsePublicKey]. What a file has beside a secret key, secrets
// too, is overwritten after use.
package publickey

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
)

// Algorithm is the kind of the keys, as OpenSSH names it.
const Algorithm = "ssh-ed25519"

// MaxFile bounds what is read of a key file, in bytes. One of ours has 500; an
// RSA key of 16,384 bits, the largest that ssh-keygen makes, has 13,000, and is
// to be refused for what it is.
const MaxFile = 16 << 10

// Suffix is what FILE.pub has more than FILE.
const Suffix = ".pub"

// Find returns the public key, and its name, that a command line says: a verifier
// key of Ed25519, a file that holds one, or what [Open] reads. The name is "" where
// there is none.
func Find(arg string) (note.PublicKey, string, error) {
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
	if !LooksPrivate(b) { // before a copy of it that cannot be overwritten
		if k, err := parseVerifier(strings.TrimSpace(string(b))); err == nil {
			return k.Public(), k.Name(), nil
		}
	}
	public, name, err := opened(arg, b)
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

// Open returns the public key and the name in path, which is FILE.pub or
// FILE: for FILE, whether it is there or the key is only in an agent, the name
// is that of FILE.pub, and "" without it. No passphrase is needed.
func Open(path string) (note.PublicKey, string, error) {
	data, err := ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if beside, err := ReadFile(path + Suffix); err == nil {
			return publicFrom(path+Suffix, beside)
		}
	}
	if err != nil {
		return note.PublicKey{}, "", err
	}
	defer clear(data)
	return opened(path, data)
}

// opened returns what [Open] does of a file that was read, perhaps from a pipe, which
// can be read once.
func opened(path string, data []byte) (note.PublicKey, string, error) {
	if !LooksPrivate(data) {
		return publicFrom(path, data)
	}
	file, err := ParsePrivate(data)
	if err != nil {
		return note.PublicKey{}, "", fmt.Errorf("%s: %w", path, err)
	}
	name, err := NameBeside(path, file.Public)
	if err != nil {
		return note.PublicKey{}, "", err
	}
	return file.Public, name, nil
}

func publicFrom(path string, data []byte) (note.PublicKey, string, error) {
	public, name, err := Parse(data)
	if err != nil {
		return note.PublicKey{}, "", fmt.Errorf("%s: %w", path, err)
	}
	return public, name, nil
}

// NameBeside returns the name in path.pub, "" if there is no such file.
func NameBeside(path string, public note.PublicKey) (string, error) {
	path += Suffix
	data, err := ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	other, name, err := publicFrom(path, data)
	if err != nil {
		return "", err
	}
	if other != public {
		return "", fmt.Errorf("%s holds the key %s, the secret file beside it the key %s", path, other.Fingerprint(), public.Fingerprint())
	}
	return name, nil
}

// ReadFile returns what a key file has, at most 16 KiB, for a program that puts it
// elsewhere. The caller overwrites it.
func ReadFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// Room for all, so that nothing secret is left behind in outgrown buffers.
	data := make([]byte, MaxFile+1)
	n, err := io.ReadFull(f, data)
	if err == nil {
		clear(data)
		return nil, fmt.Errorf("%s has more than %d bytes: no key file", path, MaxFile)
	}
	if err != io.EOF && err != io.ErrUnexpectedEOF {
		clear(data)
		return nil, err
	}
	return data[:n], nil
}
