package keys

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/chirograph/chirograph/crypto/publickey"
	"golang.org/x/crypto/ssh"
)

// ErrPassphrase is the error for a passphrase that does not open the key file.
var ErrPassphrase = errors.New("the passphrase is wrong")

// Open reads a secret key from the file that ssh-keygen or
// [SecretKey.WriteFiles] wrote. Only if it is encrypted, passphrase is called,
// once, with path; Open overwrites what it returns. A nil passphrase refuses
// encrypted files.
//
// The name is the one in FILE.pub, whose key must be the same; "" without it.
func Open(path string, passphrase func(path string) ([]byte, error)) (SecretKey, error) {
	data, err := publickey.ReadFile(path)
	if err != nil {
		return SecretKey{}, err
	}
	defer clear(data)
	file, err := parsePrivate(data)
	if err != nil {
		return SecretKey{}, fmt.Errorf("%s: %w", path, err)
	}
	name, err := publickey.NameBeside(path, file.Public)
	if err != nil {
		return SecretKey{}, err
	}
	var secret []byte
	if file.Encrypted {
		if passphrase == nil {
			return SecretKey{}, fmt.Errorf("%s is encrypted, and there is no passphrase for it", path)
		}
		if secret, err = passphrase(path); err != nil {
			return SecretKey{}, fmt.Errorf("passphrase of %s: %w", path, err)
		}
		defer clear(secret)
	}
	k, err := file.open(secret)
	if err != nil {
		return SecretKey{}, fmt.Errorf("%s: %w", path, err)
	}
	k.name = name
	return k, nil
}

// Readable returns a warning if others than its owner may read the file at
// path, else "". On Windows, where modes say nothing, it is always "".
func Readable(path string) (warning string) {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0 {
		return ""
	}
	return fmt.Sprintf("others can read %s (its mode is %#o; chmod 600 makes it yours alone)", path, info.Mode().Perm())
}

// Private returns an error that names the file at path and its mode if it is this user's
// and others may read it, and what to do about it. For programs that run unattended, where
// nobody reads a warning. As with ssh, another's file is his to judge: whoever mounts
// secrets for a service chooses who reads them.
func Private(path string) error {
	info, err := os.Stat(path)
	if err != nil || !own(info) {
		return nil // who opens it next says what is wrong
	}
	if w := Readable(path); w != "" {
		return fmt.Errorf("refused a secret key: %s", w)
	}
	return nil
}

// WriteFiles writes the secret key to path, encrypted unless passphrase is
// empty, for its owner alone to read, and the public key with the name to
// path.pub. Both are on disk when it returns nil, and neither is there because
// of it when it returns an error. A file that is there is never touched: then
// the error is [fs.ErrExist]. The caller overwrites the passphrase.
func (k SecretKey) WriteFiles(path string, passphrase []byte) (err error) {
	private, err := k.marshal(passphrase)
	if err != nil {
		return err
	}
	defer clear(private)
	for _, f := range []struct {
		path string
		mode fs.FileMode
		data []byte
	}{
		{path, 0o600, private},
		{path + publickey.Suffix, 0o644, k.marshalPublic()},
	} {
		if err := create(f.path, f.mode, f.data); err != nil {
			return err
		}
		defer func() {
			if err != nil {
				os.Remove(f.path)
			}
		}()
	}
	return syncDir(filepath.Dir(path))
}

// create writes a file that was not there, and leaves none when it fails.
func create(path string, mode fs.FileMode, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		os.Remove(path)
	}
	return err
}

// syncDir makes the names in a directory durable, where the file system can sync
// directories at all: shares of other machines often cannot.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}

func (k SecretKey) marshal(passphrase []byte) ([]byte, error) {
	if k.secret == nil {
		return nil, errors.New("there is no secret key to write")
	}
	var block *pem.Block
	var err error
	if len(passphrase) == 0 {
		block, err = ssh.MarshalPrivateKey(k.secret, k.name)
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(k.secret, k.name, passphrase)
	}
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	defer clear(block.Bytes)
	return pem.EncodeToMemory(block), nil
}

func (k SecretKey) marshalPublic() []byte {
	var line bytes.Buffer
	line.WriteString(algorithm + " ")
	line.WriteString(canonical.EncodeToString(wireKey(k.public)))
	if k.name != "" {
		line.WriteString(" " + k.name)
	}
	line.WriteByte('\n')
	return line.Bytes()
}
