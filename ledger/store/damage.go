package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/cockroachdb/pebble/v2"
)

// ErrDamaged says that a database does not open, or a part of it cannot be read,
// because its own checksums or lists do not hold.
var ErrDamaged = errors.New("the store is damaged")

// carrier is what Pebble's errors of damaged tables end with, and says nothing.
const carrier = "<corruption detail carrier>"

// A corruption is an error of Pebble about what cannot be read, in one line without the
// stack of calls that its %+v has, and with the file and offset where it names them.
type corruption struct{ err error }

func (d *corruption) Error() string { return plain(d.err) }

func (d *corruption) Unwrap() error { return d.err }

// IsDamage says whether an error is of what is damaged in a store.
func IsDamage(err error) bool {
	return err != nil && (errors.Is(err, ErrDamaged) || pebble.IsCorruptionError(err))
}

// asDamage tells what is damaged from what is not there or not allowed.
func asDamage(err error) error {
	// The list of its files was read, so that one which is not there is missing.
	if err != nil && (pebble.IsCorruptionError(err) || errors.Is(err, fs.ErrNotExist)) {
		return fmt.Errorf("%w: %w", ErrDamaged, asOne(err))
	}
	return err
}

// asOne returns an error of Pebble about damage as a [corruption], and any other as it is.
func asOne(err error) error {
	var d *corruption
	if err == nil || errors.As(err, &d) || !pebble.IsCorruptionError(err) {
		return err
	}
	return &corruption{err}
}

// plain returns what an error of Pebble says, in one line; "" for none.
func plain(err error) string {
	if err == nil {
		return ""
	}
	var parts []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" && line != carrier {
			parts = append(parts, line)
		}
	}
	var detailed interface{ ErrorDetail() string }
	if errors.As(err, &detailed) && strings.HasPrefix(detailed.ErrorDetail(), "replaying wal") {
		// Pebble cannot tell what was in it, and no table has it yet.
		parts = append(parts, detailed.ErrorDetail(), "the log of writes is damaged, and what was registered last is in it alone: restore a backup, or promote a copy (chirographd backup --help, chirographd promote --help); chirographd rebuild cannot read it either")
	}
	return strings.Join(parts, "; ")
}
