package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// A GuardFile is one of the two files of a guard as it lies on disk: with a checkpoint
// that the ledger signed, or why there is none.
type GuardFile struct {
	Name       string
	Checkpoint tlog.SignedCheckpoint
	Err        error
}

// ReadGuard reads the files of a guard without holding it, and changes nothing. The
// error is ErrNoGuard where there is neither.
func ReadGuard(cfg GuardConfig) ([]GuardFile, error) {
	files := cfg.FS
	if files == nil {
		files = vfs.Default
	}
	if !hasGuard(files, cfg.Dir) {
		return nil, fmt.Errorf("guard %s: %w", cfg.Dir, ErrNoGuard)
	}
	var list []GuardFile
	for _, name := range guardSlots {
		c, err := readSlot(files, files.PathJoin(cfg.Dir, name))
		if err == nil {
			err = CheckSigner(cfg.Key, c)
		}
		list = append(list, GuardFile{name, c, err})
	}
	return list, nil
}

func readSlot(files vfs.FS, name string) (tlog.SignedCheckpoint, error) {
	f, err := files.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return tlog.SignedCheckpoint{}, errors.New("it is not there")
	}
	if err != nil {
		return tlog.SignedCheckpoint{}, err
	}
	b, err := io.ReadAll(io.NewSectionReader(f, 0, note.MaxSize+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return tlog.SignedCheckpoint{}, err
	}
	return tlog.ParseSignedCheckpoint(b)
}
