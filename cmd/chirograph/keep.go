package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/newfile"
	"github.com/chirograph/chirograph/ledger/record"
)

// newFile writes what content gives to path, whole or not at all, where no file is: one that
// is there, even since this very moment, stays, and the error is that of
// [refuseExisting], and an [fs.ErrExist].
func newFile(path string, mode fs.FileMode, content io.Reader) error {
	err := newfile.Write(path, mode, content)
	if errors.Is(err, fs.ErrExist) {
		return thereAlready(path)
	}
	return err
}

// keepBeside writes content to path, or, where another file is there, to one beside it
// whose name has the hash of content. It returns where that is; what is there already, to
// the byte, is left as it is.
func keepBeside(path string, content []byte) (string, error) {
	ending := filepath.Ext(path)
	beside := fmt.Sprintf("%s.%.8x%s", strings.TrimSuffix(path, ending), sha256.Sum256(content), ending)
	var err error
	for _, name := range []string{path, beside} {
		if err = newFile(name, forAll, bytes.NewReader(content)); err == nil {
			return name, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		if same, failed := isThere(name, bytes.NewReader(content)); failed == nil && same {
			return name, nil
		}
	}
	return "", err
}

// isThere says whether the file at path is there and has that content. It opens nothing
// else: a pipe would wait for somebody to write to it.
func isThere(path string, content io.Reader) (bool, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil || !info.Mode().IsRegular() {
		return false, err
	}
	have, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer have.Close()
	return sameContent(have, content)
}

// refuseExisting says that a file is never written over.
func refuseExisting(path string) error {
	_, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return thereAlready(path)
}

func thereAlready(path string) error {
	return hint(&existing{path}, "name another file; nothing is written over")
}

// An existing error is an [fs.ErrExist] that says what is there.
type existing struct{ path string }

func (e *existing) Error() string { return plain(e.path) + " is there already" }

func (e *existing) Is(err error) bool { return err == fs.ErrExist }

// writeReceipt writes a receipt to a new file, unless another command has written one of
// the same record there meanwhile.
func (a *app) writeReceipt(path string, receipt *client.Receipt) error {
	err := newFile(path, forAll, bytes.NewReader(receipt.Bytes))
	if errors.Is(err, fs.ErrExist) {
		kept, failed := holdsReceipt(path, receipt.Record.ID())
		if kept {
			return nil
		}
		return cmp.Or(failed, err)
	}
	if err == nil {
		a.say("wrote %s", path)
	}
	return err
}

// holdsReceipt says whether a receipt of the record is at path, which then stays:
// the oldest bounds the time best. It refuses every other file.
func holdsReceipt(path string, id record.ID) (bool, error) {
	b, err := readFile(path, int64(tlog.MaxProof))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if of, err := recordOf(b); err != nil || of != id {
		return false, refuseExisting(path)
	}
	return true, nil
}
