package tlog

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
)

// Bounds of the texts of proofs. The two in bytes are reached where everything in
// a text is as large as it may be.
const (
	MaxHashes      = 63 // of a proof: c2sp.org/tlog-witness, and what a tree of MaxSize needs
	MaxProof       = len(proofLine) + len("\nextra \nindex \n") + (MaxEntry+2)/3*4 + len(maxDecimal) + maxHashLines + 1 + note.MaxSize
	MaxConsistency = len("old \n") + len(maxDecimal) + maxHashLines + 1 + note.MaxSize
)

const (
	proofLine    = "c2sp.org/tlog-proof@v1"
	maxDecimal   = "9223372036854775807"
	maxHashLines = MaxHashes * ((HashSize+2)/3*4 + 1)
)

// A Proof says that an entry is at an index of a checkpoint's tree
// (c2sp.org/tlog-proof@v1). It proves nothing until its checkpoint is verified and
// [VerifyInclusion] returns nil.
type Proof struct {
	Extra      []byte // at most MaxEntry bytes, vouched for by nobody; nil when there are none
	Index      uint64 // at most MaxSize
	Hashes     []Hash // at most MaxHashes
	Checkpoint SignedCheckpoint
}

// ParseProof reads what [Proof.Bytes] prints, and nothing else; at most
// [MaxProof] bytes. The checkpoint shares memory with data.
func ParseProof(data []byte) (Proof, error) {
	head, checkpoint, err := splitProof(data, MaxProof)
	if err != nil {
		return Proof{}, fmt.Errorf("proof %w", err)
	}
	line, rest, _ := strings.Cut(head, "\n")
	if line != proofLine {
		return Proof{}, fmt.Errorf("proof begins with the line %.60q, not %s", line, proofLine)
	}
	var p Proof
	line, rest, _ = strings.Cut(rest, "\n")
	if extra, ok := strings.CutPrefix(line, "extra "); ok {
		if p.Extra, err = parseExtra(extra); err != nil {
			return Proof{}, err
		}
		line, rest, _ = strings.Cut(rest, "\n")
	}
	index, ok := strings.CutPrefix(line, "index ")
	if !ok {
		return Proof{}, fmt.Errorf("proof has the line %.60q, where index belongs", line)
	}
	if p.Index, err = note.ParseDecimal(index); err != nil {
		return Proof{}, fmt.Errorf("index of the proof: %w", err)
	}
	if p.Hashes, err = parseHashes(rest); err != nil {
		return Proof{}, fmt.Errorf("proof %w", err)
	}
	if p.Checkpoint, err = ParseSignedCheckpoint(checkpoint); err != nil {
		return Proof{}, fmt.Errorf("proof: %w", err)
	}
	if !bytes.Equal(p.Bytes(), data) {
		return Proof{}, errors.New("proof is not in its one form")
	}
	return p, nil
}

// Bytes prints the proof. One that is outside the bounds of its fields does not
// parse.
func (p Proof) Bytes() []byte {
	b := append([]byte(proofLine), '\n')
	if len(p.Extra) > 0 {
		b = append(b, "extra "...)
		b = canonical.AppendEncode(b, p.Extra)
		b = append(b, '\n')
	}
	b = strconv.AppendUint(append(b, "index "...), p.Index, 10)
	return appendProof(append(b, '\n'), p.Hashes, p.Checkpoint)
}

// A Consistency says that a checkpoint's tree begins with all leaves of an older
// one: the body of add-checkpoint (c2sp.org/tlog-witness). It proves nothing
// until its checkpoint is verified and [VerifyConsistency] returns nil.
type Consistency struct {
	Old        uint64 // size of the older tree, at most MaxSize
	Hashes     []Hash // at most MaxHashes
	Checkpoint SignedCheckpoint
}

// ParseConsistency reads what [Consistency.Bytes] prints, and nothing else; at
// most [MaxConsistency] bytes. The checkpoint shares memory with data.
func ParseConsistency(data []byte) (Consistency, error) {
	head, checkpoint, err := splitProof(data, MaxConsistency)
	if err != nil {
		return Consistency{}, fmt.Errorf("consistency proof %w", err)
	}
	line, rest, _ := strings.Cut(head, "\n")
	old, ok := strings.CutPrefix(line, "old ")
	if !ok {
		return Consistency{}, fmt.Errorf("consistency proof begins with the line %.60q, where old belongs", line)
	}
	var c Consistency
	if c.Old, err = note.ParseDecimal(old); err != nil {
		return Consistency{}, fmt.Errorf("old size of the consistency proof: %w", err)
	}
	if c.Hashes, err = parseHashes(rest); err != nil {
		return Consistency{}, fmt.Errorf("consistency proof %w", err)
	}
	if c.Checkpoint, err = ParseSignedCheckpoint(checkpoint); err != nil {
		return Consistency{}, fmt.Errorf("consistency proof: %w", err)
	}
	if !bytes.Equal(c.Bytes(), data) {
		return Consistency{}, errors.New("consistency proof is not in its one form")
	}
	return c, nil
}

// Bytes prints the body. One that is outside the bounds of its fields does not
// parse.
func (c Consistency) Bytes() []byte {
	b := strconv.AppendUint([]byte("old "), c.Old, 10)
	return appendProof(append(b, '\n'), c.Hashes, c.Checkpoint)
}

// splitProof returns the lines before the first empty one, the last without its
// LF, and the checkpoint after it.
func splitProof(data []byte, limit int) (head string, checkpoint []byte, err error) {
	if len(data) > limit {
		return "", nil, fmt.Errorf("has %d bytes, at most %d are allowed", len(data), limit)
	}
	b, checkpoint, ok := bytes.Cut(data, []byte("\n\n"))
	if !ok {
		return "", nil, errors.New("has no empty line before its checkpoint")
	}
	return string(b), checkpoint, nil
}

func parseExtra(encoded string) ([]byte, error) {
	extra, err := canonical.DecodeString(encoded)
	switch {
	case err != nil:
		return nil, errors.New("extra line of the proof is not canonical base64")
	case len(extra) == 0:
		return nil, errors.New("extra line of the proof is empty")
	case len(extra) > MaxEntry:
		return nil, fmt.Errorf("extra line of the proof has %d bytes, at most %d are allowed", len(extra), MaxEntry)
	}
	return extra, nil
}

// parseHashes reads hash lines, the last without its LF: nil when there are none.
func parseHashes(lines string) ([]Hash, error) {
	if lines == "" {
		return nil, nil
	}
	n := strings.Count(lines, "\n") + 1
	if n > MaxHashes {
		return nil, fmt.Errorf("has %d hashes, at most %d are allowed", n, MaxHashes)
	}
	hashes := make([]Hash, 0, n)
	for line := range strings.SplitSeq(lines, "\n") {
		h, err := ParseHash(line)
		if err != nil {
			return nil, fmt.Errorf("has %d lines of hashes, and line %d: %w", n, len(hashes)+1, err)
		}
		hashes = append(hashes, h)
	}
	return hashes, nil
}

// appendProof appends what comes after the numbers of a proof.
func appendProof(b []byte, hashes []Hash, checkpoint SignedCheckpoint) []byte {
	for _, h := range hashes {
		b = canonical.AppendEncode(b, h[:])
		b = append(b, '\n')
	}
	b = append(b, '\n')
	return append(b, checkpoint.Bytes()...)
}
