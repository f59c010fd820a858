package record

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// SaltSize is the length of a document's salt in bytes.
const SaltSize = 32

// Commit reads a document to its end, and returns the SHA-256 of salt and document
// with the size that a record states of it. Without a salt the document is public:
// the hash is of the document alone, and the size its own.
func Commit(salt []byte, content io.Reader) (hash [32]byte, size int64, err error) {
	h := sha256.New()
	h.Write(salt)
	n, err := io.Copy(h, content)
	if err != nil {
		return hash, 0, err
	}
	if salt != nil {
		n = RoundSize(n)
	}
	return [32]byte(h.Sum(nil)), n, nil
}

// ErrMismatch is in the error of a document that is not the one a record names.
var ErrMismatch = errors.New("document does not match")

// CheckSalt says whether salt may be the document's: 32 bytes where it is salted,
// else nil. The error is [ErrMismatch].
func (d Document) CheckSalt(salt []byte) error {
	switch {
	case d.Salted && len(salt) != SaltSize:
		return fmt.Errorf("%w: the salt of %s has %d bytes, not %d", ErrMismatch, d.Name, len(salt), SaltSize)
	case !d.Salted && salt != nil:
		return fmt.Errorf("%w: %s is not salted, and there is a salt", ErrMismatch, d.Name)
	}
	return nil
}

// Match reads a document and says whether it is d: nil, an error with
// [ErrMismatch] that names the two values, or the error of reading it. The salt is
// that of a salted document, else nil. It reads no further than d goes.
func (d Document) Match(salt []byte, content io.Reader) error {
	if err := d.CheckSalt(salt); err != nil {
		return err
	}
	hash, size, err := Commit(salt, io.LimitReader(content, d.Size+1))
	switch {
	case err != nil:
		return err
	case size > d.Size:
		return fmt.Errorf("%w: %s has more than the %d bytes that the record states", ErrMismatch, d.Name, d.Size)
	case size < d.Size:
		return fmt.Errorf("%w: %s has %d bytes, the record states %d", ErrMismatch, d.Name, size, d.Size)
	case hash != d.Hash:
		found := Document{Salted: d.Salted, Hash: hash}
		return fmt.Errorf("%w: %s is %s, the record states %s", ErrMismatch, d.Name, found.Commitment(), d.Commitment())
	}
	return nil
}
