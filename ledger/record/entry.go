package record

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/chirograph/chirograph/crypto/note"
)

// MaxEntry is how many bytes an entry may have, so that its base64 fits the 64 KiB
// lines that other readers of tlog-proofs allow.
const MaxEntry = 32_768

// MaxRecord is how many bytes of a record fit every entry, whatever its time.
const MaxRecord = MaxEntry - len(registered+" 253402300799\n")

const registered = "registered"

// An Entry is what the log holds: when the ledger registered a record, and the
// record as it was signed, byte for byte.
type Entry struct {
	Registered int64  // POSIX seconds, 0 to the end of the year 9999
	Record     []byte // parses with [Open]
}

// Bytes prints the entry.
func (e Entry) Bytes() []byte {
	b := make([]byte, 0, len(e.Record)+len("registered 253402300799\n"))
	return append(appendRegistered(b, e.Registered), e.Record...)
}

// AppendEntry appends to b the entry of a record that was registered at a time in POSIX
// seconds.
func AppendEntry(b []byte, time int64, r *Record) []byte { return r.Append(appendRegistered(b, time)) }

func appendRegistered(b []byte, time int64) []byte {
	b = append(append(b, registered...), ' ')
	return append(strconv.AppendInt(b, time, 10), '\n')
}

// ParseEntry reads an entry's line. It leaves the record to [Open]. The entry
// shares memory with b.
func ParseEntry(b []byte) (Entry, error) {
	if len(b) > MaxEntry {
		return Entry{}, fmt.Errorf("entry has %d bytes, at most %d are allowed", len(b), MaxEntry)
	}
	line, rest, ok := bytes.Cut(b, []byte("\n"))
	digits, ok2 := bytes.CutPrefix(line, []byte(registered+" "))
	if !ok || !ok2 {
		return Entry{}, errors.New(`entry does not begin with a line "registered <POSIX seconds>"`)
	}
	t, err := note.ParseDecimal(string(digits))
	if err != nil || t > maxTime {
		return Entry{}, fmt.Errorf("entry is registered at %.50q, which is not a decimal of at most %d", digits, int64(maxTime))
	}
	return Entry{int64(t), rest}, nil
}
