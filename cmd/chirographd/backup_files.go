package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/chirograph/chirograph/verify"
)

// A backup is often made by another user than the ledger's, by root for one, who may read
// what the ledger's user may not. So files are opened within the directory that
// they are said to be in, and nothing that links out of it is read.

// copyBeside copies what lies beside the store and is public: the policies of a ledger, and in
// which bucket its log is, so that nobody serves what was restored as a ledger of one machine; and
// of a copy its policy, where it is from, and the evidence that it has against the ledger.
func copyBeside(src subject, to string) error {
	root, err := os.OpenRoot(src.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	names, err := namesBeside(root, src)
	if err != nil {
		return err
	}
	for _, name := range names {
		b, err := readRegular(root, name)
		if (name == witnessFile || name == movedFile) && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = mustBePublic(name, b)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(src.dir, name), err)
		}
		if err := writeSynced(filepath.Join(to, name), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func namesBeside(root *os.Root, src subject) ([]string, error) {
	if src.isNode || !src.isCopy {
		return []string{policyFile, witnessFile, movedFile}, nil
	}
	evidence, err := fs.Glob(root.FS(), evidenceFiles)
	return append([]string{policyFile, copyOf}, evidence...), err
}

// mustBePublic demands that a file is what its name says: another's secret may have been
// put there under it.
func mustBePublic(name string, b []byte) error {
	switch name {
	case policyFile, witnessFile:
		_, err := verify.ParsePolicy(b)
		return err
	case movedFile:
		_, err := parseMoved(b)
		return err
	case copyOf:
		url, ok := strings.CutSuffix(string(b), "\n")
		if !ok || url == "" || checkURL(url) != nil {
			return errors.New("it is not the URL of a ledger")
		}
		return nil
	}
	if _, err := verify.ParseEvidence(b); err != nil {
		return fmt.Errorf("it is no evidence: move it away: %w", err)
	}
	return nil
}

// readRegular reads a file that is no link, nor anything else than a file.
func readRegular(root *os.Root, name string) ([]byte, error) {
	if err := mustBeRegular(root, name); err != nil {
		return nil, err
	}
	return root.ReadFile(name)
}

func mustBeRegular(root *os.Root, name string) error {
	info, err := root.Lstat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file, but %v", name, info.Mode())
	}
	return err
}

// moveCopy moves a copy of a store, the directory name in that of the store, to a new name, or
// copies it where it cannot be moved, and returns when it is on disk. What is no directory of
// files alone is no store, and stays where it is.
func moveCopy(ctx context.Context, stores, name, to string) error {
	if !copyName.MatchString(name) {
		return fmt.Errorf("%q is no name of a copy of the store", name)
	}
	within, err := os.OpenRoot(stores)
	if err != nil {
		return err
	}
	defer within.Close()
	from, _, err := openFiles(within, name)
	if err != nil {
		return fmt.Errorf("%s is no copy of a store: %w", filepath.Join(stores, name), err)
	}
	if err := from.Close(); err != nil { // Windows moves no directory that is open
		return err
	}
	if os.Rename(filepath.Join(stores, name), to) == nil {
		return mustBeFiles(to)
	}
	from, files, err := openFiles(within, name)
	if err != nil {
		return err
	}
	return errors.Join(copyFiles(ctx, from, files, to), from.Close())
}

// mustBeFiles demands a directory of files alone once more where it is now: who had it open
// may have put a link in it before it was moved.
func mustBeFiles(name string) error {
	within, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return err
	}
	defer within.Close()
	dir, _, err := openFiles(within, filepath.Base(name))
	if err != nil {
		return fmt.Errorf("%s is no copy of a store any more: %w", name, err)
	}
	return dir.Close()
}

// openFiles opens a directory of files alone, and returns which it has.
func openFiles(within *os.Root, name string) (*os.Root, []fs.DirEntry, error) {
	info, err := within.Lstat(name)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("it is %v", info.Mode())
	}
	if err != nil {
		return nil, nil, err
	}
	dir, err := within.OpenRoot(name)
	if err != nil {
		return nil, nil, err
	}
	files, err := fs.ReadDir(dir.FS(), ".")
	for _, file := range files {
		err = errors.Join(err, mustBeRegular(dir, file.Name()))
	}
	if err != nil {
		return nil, nil, errors.Join(err, dir.Close())
	}
	return dir, files, nil
}

// copyFiles copies files to a new directory.
func copyFiles(ctx context.Context, from *os.Root, files []fs.DirEntry, to string) error {
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := copyFile(from, file.Name(), filepath.Join(to, file.Name())); err != nil {
			return err
		}
	}
	return syncDir(to)
}

func copyFile(root *os.Root, name, to string) error {
	in, err := root.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}
