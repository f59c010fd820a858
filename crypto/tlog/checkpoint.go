package tlog

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
)

// A Checkpoint says which tree a log has.
type Checkpoint struct {
	Origin string // the log's name
	Size   uint64 // at most MaxSize
	Root   Hash
}

// ParseCheckpoint reads what [Checkpoint.Text] prints, and nothing else. It does
// not ask whether the root of size 0 is the [EmptyRoot].
func ParseCheckpoint(text []byte) (Checkpoint, error) {
	if n := bytes.Count(text, []byte("\n")); n != 3 || text[len(text)-1] != '\n' {
		return Checkpoint{}, fmt.Errorf("checkpoint has %d line feeds, three lines that end in one are needed", n)
	}
	lines := strings.Split(string(text), "\n")
	if err := note.CheckName(lines[0]); err != nil {
		return Checkpoint{}, fmt.Errorf("origin of the checkpoint: %w", err)
	}
	size, err := note.ParseDecimal(lines[1])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("size of the checkpoint: %w", err)
	}
	root, err := ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("root of the checkpoint: %w", err)
	}
	c := Checkpoint{lines[0], size, root}
	if !bytes.Equal(c.Text(), text) {
		return Checkpoint{}, errors.New("checkpoint is not in its one form")
	}
	return c, nil
}

// Text prints the text that is signed. That of a checkpoint whose fields are not
// as they should be does not parse.
func (c Checkpoint) Text() []byte {
	b := append([]byte(c.Origin), '\n')
	b = strconv.AppendUint(b, c.Size, 10)
	b = append(b, '\n')
	b = canonical.AppendEncode(b, c.Root[:])
	return append(b, '\n')
}

// A SignedCheckpoint is a checkpoint with the note whose text it is. Nothing says
// that a signature of the note was verified.
type SignedCheckpoint struct {
	Checkpoint
	Note note.Note
}

// ParseSignedCheckpoint reads a note whose text is a checkpoint, with at least
// one signature line. The note shares memory with data.
func ParseSignedCheckpoint(data []byte) (SignedCheckpoint, error) {
	n, err := note.Parse(data)
	if err != nil {
		return SignedCheckpoint{}, fmt.Errorf("signed checkpoint: %w", err)
	}
	c, err := ParseCheckpoint(n.Text)
	if err != nil {
		return SignedCheckpoint{}, err
	}
	return SignedCheckpoint{c, n}, nil
}

// Bytes prints the note.
func (c SignedCheckpoint) Bytes() []byte { return c.Note.Bytes() }
