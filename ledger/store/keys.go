package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
)

// levels is how many levels of tiles a tree of tlog.MaxSize has.
const levels = 8

var (
	formatKey    = []byte("format")
	headKey      = []byte("head")
	publishedKey = []byte("published")
	keptKey      = []byte("kept")
	noteKey      = []byte("note")
	frozenKey    = []byte("frozen")
)

func entryKey(index uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{'e'}, index)
}

// tileKey is the key of the hashes of a tile from number start on. No tile has
// hashes at 256: that key is past the tile.
func tileKey(level int, index uint64, start int) []byte {
	b := make([]byte, 0, 12)
	b = binary.BigEndian.AppendUint64(append(b, 't', byte(level)), index)
	return binary.BigEndian.AppendUint16(b, uint16(start))
}

// parseTileKey takes a tileKey apart, and where b is none returns false.
func parseTileKey(b []byte) (level int, index uint64, start int, ok bool) {
	if len(b) != 12 {
		return 0, 0, 0, false
	}
	return int(b[1]), binary.BigEndian.Uint64(b[2:]), int(binary.BigEndian.Uint16(b[10:])), true
}

func recordKey(id record.ID) []byte {
	return append([]byte{'r'}, id[:]...)
}

func signedKey(key note.PublicKey, index uint64) []byte {
	b := append(make([]byte, 0, 41), 'k')
	return binary.BigEndian.AppendUint64(append(b, key.Bytes()...), index)
}

func revokedKey(key note.PublicKey) []byte {
	return append([]byte{'v'}, key.Bytes()...)
}

func placeKey(contract record.ID) []byte {
	return append([]byte{'c'}, contract[:]...)
}

func endKey(contract record.ID, replaces bool, index uint64) []byte {
	kind := byte(record.Termination)
	if replaces {
		kind = byte(record.Contract)
	}
	b := append(append(make([]byte, 0, 42), 'x'), contract[:]...)
	return binary.BigEndian.AppendUint64(append(b, kind), index)
}

func disputeKey(chain record.ID, index uint64) []byte {
	b := append(append(make([]byte, 0, 41), 'd'), chain[:]...)
	return binary.BigEndian.AppendUint64(b, index)
}

// openKey is the key of an open dispute of the contract of a depth in its chain.
func openKey(chain record.ID, depth, index uint64) []byte {
	b := append(append(make([]byte, 0, 49), 'o'), chain[:]...)
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, depth), index)
}

func settledKey(chain record.ID, resolution uint64) []byte {
	b := append(append(make([]byte, 0, 41), 's'), chain[:]...)
	return binary.BigEndian.AppendUint64(b, resolution)
}

// nameKey is the key of a key under a name. No name has the byte 0, so that keys are in the
// order of the names.
func nameKey(name string, key note.PublicKey) []byte {
	b := append(append(make([]byte, 0, 1+len(name)+1+publicKeySize), 'a'), name...)
	return append(append(b, 0), key.Bytes()...)
}

const publicKeySize = 32

// parseNameKey takes a nameKey apart, and where b is none returns false.
func parseNameKey(b []byte) (name string, key []byte, ok bool) {
	end := len(b) - publicKeySize - 1
	if end < 1 || b[0] != 'a' || b[end] != 0 {
		return "", nil, false
	}
	name = string(b[1:end])
	return name, b[end+1:], record.CheckKeyName(name) == nil
}

// nameRange returns where the keys of the names with this beginning are; false where no
// name has it.
func nameRange(prefix string) (lower, upper []byte, ok bool) {
	lower = append([]byte{'a'}, prefix...)
	if bytes.IndexByte(lower, 0) >= 0 || bytes.IndexByte(lower, 0xFF) >= 0 {
		return nil, nil, false
	}
	upper = bytes.Clone(lower)
	upper[len(upper)-1]++
	return lower, upper, true
}

func historyKey(contract record.ID, index uint64) []byte {
	b := append(append(make([]byte, 0, 41), 'h'), contract[:]...)
	return binary.BigEndian.AppendUint64(b, index)
}

func (h Head) bytes() []byte {
	return append(fmt.Appendf(nil, "%d\n", h.Time), h.Checkpoint.Bytes()...)
}

func parseHead(b []byte) (Head, error) { return parseHeadOf(b, tlog.ParseSignedCheckpoint) }

// parseHeadOf reads a head whose checkpoint parse reads.
func parseHeadOf(b []byte, parse func([]byte) (tlog.SignedCheckpoint, error)) (Head, error) {
	for i, c := range b {
		if c != '\n' {
			continue
		}
		time, err := note.ParseDecimal(string(b[:i]))
		if err != nil {
			return Head{}, fmt.Errorf("time of the head: %w", err)
		}
		checkpoint, err := parse(b[i+1:])
		if err != nil {
			return Head{}, fmt.Errorf("checkpoint of the head: %w", err)
		}
		return Head{checkpoint, int64(time)}, nil
	}
	return Head{}, errors.New("the head has no time")
}
