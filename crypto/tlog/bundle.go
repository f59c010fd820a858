package tlog

import (
	"encoding/binary"
	"fmt"
)

const (
	// MaxEntry is the most bytes that an entry has, because a bundle gives its
	// length in two. A log may allow less.
	MaxEntry = 1<<16 - 1

	lengthSize = 2
)

// AppendBundle appends entry, as a bundle has it, to b. It fails when the entry
// has more than [MaxEntry] bytes.
func AppendBundle(b, entry []byte) ([]byte, error) {
	if len(entry) > MaxEntry {
		return nil, fmt.Errorf("entry has %d bytes, at most %d are allowed", len(entry), MaxEntry)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(entry)))
	return append(b, entry...), nil
}

// ParseBundle returns the entries of a bundle, which share its memory. It fails
// unless they are width in number, 1 to 256, and fill it.
func ParseBundle(b []byte, width int) ([][]byte, error) {
	if width < 1 || width > MaxWidth {
		return nil, fmt.Errorf("bundle of %d entries: there are 1 to %d in a bundle", width, MaxWidth)
	}
	entries := make([][]byte, width)
	for i := range entries {
		if len(b) < lengthSize {
			return nil, fmt.Errorf("bundle ends within entry %d of %d", i, width)
		}
		n := int(binary.BigEndian.Uint16(b))
		b = b[lengthSize:]
		if len(b) < n {
			return nil, fmt.Errorf("bundle ends within entry %d of %d: %d bytes of %d are there", i, width, len(b), n)
		}
		entries[i], b = b[:n:n], b[n:]
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("bundle has %d bytes after its %d entries", len(b), width)
	}
	return entries, nil
}
