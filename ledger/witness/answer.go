package witness

import (
	"errors"
	"fmt"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
)

// parseSize reads the body of a 409: a decimal and LF, and nothing else. The type of
// the content is not asked for: the specification has one that says the same, and
// what is of this form is no proxy's page.
func parseSize(body []byte) (uint64, error) {
	line, ok := strings.CutSuffix(string(body), "\n")
	if !ok {
		return 0, errors.New("the answer does not end in a line feed")
	}
	if len(line) > len("9223372036854775807") {
		return 0, fmt.Errorf("the answer has %d characters, a size has at most 19", len(line))
	}
	return note.ParseDecimal(line)
}

// parseSignatures reads the body of a 200: one or more signature lines of a note of
// this text, none of them verified.
func parseSignatures(text, body []byte) ([]note.Signature, error) {
	b := make([]byte, 0, len(text)+1+len(body))
	b = append(append(append(b, text...), '\n'), body...)
	n, err := note.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("the answer is not signature lines: %w", err)
	}
	if len(n.Text) != len(text) {
		return nil, errors.New("the answer is not signature lines: it has an empty line")
	}
	return n.Signatures, nil
}

// pick returns the newest cosignature of the key over the checkpoint of this text
// whose time, in POSIX seconds, is from first to last. Each line of the key has to
// verify; those of others are not looked at.
func pick(key note.Key, text []byte, signatures []note.Signature, first, last int64) (note.Signature, error) {
	var best note.Signature
	found := int64(-1)
	var unfit error
	for _, s := range signatures {
		if !s.By(key) {
			continue
		}
		t, err := key.VerifyCosignature(text, s.Bytes)
		switch {
		case err != nil:
			return note.Signature{}, err
		case t < max(first, 1) || t > last:
			unfit = fmt.Errorf("cosignature of %s has the time %d, it has to be from %d to %d", key.Name(), t, max(first, 1), last)
		case t > found:
			best, found = s, t
		}
	}
	switch {
	case found >= 0:
		return best, nil
	case unfit != nil:
		return note.Signature{}, unfit
	}
	return note.Signature{}, fmt.Errorf("the answer has no cosignature of %s", key.Name())
}
