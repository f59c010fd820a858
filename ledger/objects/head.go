package objects

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
)

// Names of objects. Tiles and bundles have their paths of c2sp.org/tlog-tiles.
const (
	HeadName       = "head"
	CheckpointName = "checkpoint"
)

// Bounds of a head.
const (
	maxOwner = 255     // bytes of a URL
	maxText  = 2 << 10 // bytes before the batch: an owner of 255, a name of 255 in the key and in the origin, and eight short lines
	MaxHead  = 8 << 20 // bytes: a batch has four megabytes and a record at most
	maxBatch = 1 << 12 // entries: four times as many as a Log takes at once
)

const headLine = "chirograph head 1 "

// A Nonce is of one swap of the head, and of no other: by it a node knows its own again.
type Nonce [16]byte

func (n Nonce) String() string { return hex.EncodeToString(n[:]) }

// ParseNonce reads what [Nonce.String] prints.
func ParseNonce(s string) (n Nonce, err error) {
	raw, err := hex.DecodeString(s)
	if err != nil || len(raw) != len(n) || hex.EncodeToString(raw) != s {
		return Nonce{}, fmt.Errorf("the nonce %.60q is not 32 hex digits", s)
	}
	return Nonce(raw), nil
}

// A State says what may become of a log.
type State string

const (
	Open   State = "open"
	Frozen State = "frozen" // for good: nothing is registered any more
	Moved  State = "moved"  // it goes on elsewhere: nobody leads here any more
)

// A Head is what the register says: which tree the log has, who goes on with it, and the
// entries that are nowhere else yet. It is private, and signed by nobody. Whoever can write
// it can stop the log, and have records registered that the rules admit, at times of his
// choice after the last entry's; a node whose guard or store knows what left signs no second
// history for him. One that knows of nothing would, which witnesses stop.
//
//	chirograph head 1 <nonce, 32 hex digits>
//	epoch <decimal, from 1>
//	owner <URL at which the other nodes find it, or ->
//	state open | frozen | moved
//	time <of the last entry, POSIX seconds, 0 if there is none>
//	batch <how many of the last entries come below>
//	ledger <verifier key>
//	<the text of the checkpoint: origin, size, root>
//
//	<each entry as a bundle has it: its length in two bytes, and the entry>
type Head struct {
	Nonce      Nonce
	Epoch      uint64 // it grows by one with each owner
	Owner      string // "" for nobody
	State      State
	Time       int64
	Ledger     note.Key // what the tree is signed by; its name is the checkpoint's origin
	Checkpoint tlog.Checkpoint
	Batch      [][]byte // the last entries of the tree; in a head that was peeked at, nil

	batch int // entries
}

// Before returns the size of the tree before the batch: what tiles and bundles have.
func (h Head) Before() uint64 { return h.Checkpoint.Size - uint64(h.batch) }

// with returns the head with other entries.
func (h Head) with(batch [][]byte) Head {
	h.Batch, h.batch = batch, len(batch)
	return h
}

// Bytes prints the head. One that is outside the bounds of its fields does not parse.
func (h Head) Bytes() []byte {
	size := maxText
	for _, e := range h.Batch {
		size += 2 + len(e)
	}
	owner := h.Owner
	if owner == "" {
		owner = "-"
	}
	b := make([]byte, 0, size)
	b = fmt.Appendf(b, headLine+"%s\nepoch %d\nowner %s\nstate %s\ntime %d\nbatch %d\nledger %s\n%s\n", h.Nonce, h.Epoch, owner, h.State, h.Time, len(h.Batch), h.Ledger, h.Checkpoint.Text())
	for _, e := range h.Batch {
		b = binary.BigEndian.AppendUint16(b, uint16(len(e)))
		b = append(b, e...)
	}
	return b
}

// ParseHead reads what [Head.Bytes] prints, and nothing else.
func ParseHead(b []byte) (Head, error) {
	if len(b) > MaxHead {
		return Head{}, fmt.Errorf("head: it has %d bytes, at most %d are read", len(b), MaxHead)
	}
	h, rest, err := parseText(b)
	if err != nil {
		return Head{}, fmt.Errorf("head: %w", err)
	}
	h.Batch = make([][]byte, h.batch)
	for i := range h.Batch {
		if len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
			return Head{}, fmt.Errorf("head: entry %d of %d goes on after its end", i, h.batch)
		}
		n := 2 + int(binary.BigEndian.Uint16(rest))
		h.Batch[i], rest = rest[2:n:n], rest[n:]
	}
	if len(rest) > 0 {
		return Head{}, fmt.Errorf("head: %d bytes come after %d entries", len(rest), h.batch)
	}
	if !bytes.Equal(h.Bytes(), b) {
		return Head{}, errors.New("head: it is not in its one form")
	}
	return h, nil
}

// parsePeeked reads the beginning of a head, which has no more bytes than were asked for.
func parsePeeked(b []byte) (Head, error) {
	h, _, err := parseText(b)
	if err != nil {
		return Head{}, fmt.Errorf("head: %w", err)
	}
	return h, nil
}

// parseText reads all but the batch, and returns what comes after.
func parseText(b []byte) (h Head, rest []byte, err error) {
	text, rest, ok := bytes.Cut(b, []byte("\n\n"))
	if !ok || len(text) > maxText {
		return Head{}, nil, fmt.Errorf("no empty line ends its first %d bytes", maxText)
	}
	lines := strings.SplitN(string(text)+"\n", "\n", 8)
	if len(lines) < 8 {
		return Head{}, nil, fmt.Errorf("it has %d lines, not 10", len(lines))
	}
	nonce, ok := strings.CutPrefix(lines[0], headLine)
	if !ok {
		return Head{}, nil, fmt.Errorf("its first line is %.60q, not %q and a nonce", lines[0], headLine)
	}
	if h.Nonce, err = ParseNonce(nonce); err != nil {
		return Head{}, nil, err
	}
	var fields [6]string
	for i, name := range [...]string{"epoch", "owner", "state", "time", "batch", "ledger"} {
		if fields[i], ok = strings.CutPrefix(lines[i+1], name+" "); !ok {
			return Head{}, nil, fmt.Errorf("line %d is %.60q, and not %s", i+2, lines[i+1], name)
		}
	}
	if err := h.parseFields(fields); err != nil {
		return Head{}, nil, err
	}
	if h.Checkpoint, err = tlog.ParseCheckpoint([]byte(lines[7])); err != nil {
		return Head{}, nil, err
	}
	if h.Checkpoint.Origin != h.Ledger.Name() {
		return Head{}, nil, fmt.Errorf("the ledger is %s, the origin of its checkpoint %s", h.Ledger, h.Checkpoint.Origin)
	}
	if uint64(h.batch) > h.Checkpoint.Size {
		return Head{}, nil, fmt.Errorf("it has %d entries of a tree of %d", h.batch, h.Checkpoint.Size)
	}
	return h, rest, nil
}

// parseFields reads epoch, owner, state, time, batch and ledger.
func (h *Head) parseFields(fields [6]string) error {
	var err error
	if h.Epoch, err = note.ParseDecimal(fields[0]); err != nil || h.Epoch == 0 {
		return fmt.Errorf("the epoch %.60q is no decimal from 1", fields[0])
	}
	if fields[1] != "-" {
		h.Owner = fields[1]
		if err := CheckOwner(h.Owner); err != nil {
			return err
		}
	}
	switch h.State = State(fields[2]); h.State {
	case Open, Frozen, Moved:
	default:
		return fmt.Errorf("the state %.60q is none of %s, %s, %s", fields[2], Open, Frozen, Moved)
	}
	time, err := note.ParseDecimal(fields[3])
	if err != nil {
		return fmt.Errorf("the time: %w", err)
	}
	h.Time = int64(time)
	n, err := strconv.Atoi(fields[4])
	if err != nil || n < 0 || n > maxBatch || strconv.Itoa(n) != fields[4] {
		return fmt.Errorf("the batch %.60q is no decimal up to %d", fields[4], maxBatch)
	}
	h.batch = n
	if h.Ledger, err = note.ParseKey(fields[5]); err == nil && h.Ledger.Type() != note.Ed25519 {
		err = fmt.Errorf("the ledger %s signs no checkpoint: its key has the type %#02x", h.Ledger.Name(), byte(h.Ledger.Type()))
	}
	return err
}

// CheckOwner says whether a URL is one by which a node can be named to others: http or
// https, a host, no more, and in its one form.
func CheckOwner(owner string) error {
	u, err := url.Parse(owner)
	if err != nil || len(owner) > maxOwner || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || owner != u.Scheme+"://"+u.Host {
		return fmt.Errorf("the owner %.300q is no http or https URL of a host alone, of at most %d bytes", owner, maxOwner)
	}
	return nil
}
