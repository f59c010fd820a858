package keys

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/publickey"
)

const passphrase = "correct horse battery staple"

// typed returns a passphrase function, and where it puts what it handed out.
func typed(line string) (ask func(string) ([]byte, error), handed *[]byte) {
	handed = new([]byte)
	return func(string) ([]byte, error) {
		*handed = []byte(line)
		return *handed, nil
	}, handed
}

func written(t testing.TB, k SecretKey, passphrase string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "alice.key")
	if err := k.WriteFiles(path, []byte(passphrase)); err != nil {
		t.Fatal(err)
	}
	return path
}

func file(t testing.TB, data []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func contents(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatIsWrittenIsOpened(t *testing.T) {
	k := keyOf(t, 1, "alice.example")
	for _, pass := range []string{"", passphrase} {
		path := written(t, k, pass)
		ask, handed := typed(pass)
		got, err := Open(path, ask)
		if err != nil {
			t.Fatal(err)
		}
		if got.Public() != k.Public() || got.Name() != "alice.example" || !got.secret.Equal(k.secret) {
			t.Errorf("wrote %v, opened %v", k, got)
		}
		if asked := *handed != nil; asked != (pass != "") {
			t.Errorf("passphrase %q: asked is %v", pass, asked)
		}
		if !bytes.Equal(*handed, make([]byte, len(*handed))) {
			t.Errorf("the passphrase is still there after use: %q", *handed)
		}
		for _, p := range []string{path, path + ".pub"} {
			public, name, err := publickey.Open(p)
			if err != nil || public != k.Public() || name != "alice.example" {
				t.Errorf("publickey.Open(%s) = %v, %q, %v", p, public, name, err)
			}
		}
	}
}

func TestPublicFileIsOneLine(t *testing.T) {
	got := string(contents(t, written(t, keyOf(t, 1, "alice"), "")+".pub"))
	const want = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c alice\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	first, second := keyOf(t, 1, "alice"), keyOf(t, 2, "bob")
	path := written(t, first, "")
	private, public := contents(t, path), contents(t, path+".pub")
	if err := second.WriteFiles(path, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over both files: %v", err)
	}
	if !bytes.Equal(contents(t, path), private) || !bytes.Equal(contents(t, path+".pub"), public) {
		t.Error("a file was changed")
	}

	// The public file alone is there: it stays, and no secret one appears.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := second.WriteFiles(path, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over the public file: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the secret file was left: %v", err)
	}
	if !bytes.Equal(contents(t, path+".pub"), public) {
		t.Error("the public file was changed")
	}
}

func TestNoFileInAMissingDirectory(t *testing.T) {
	err := keyOf(t, 1, "alice").WriteFiles(filepath.Join(t.TempDir(), "none", "key"), nil)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestOthersCannotReadWhatIsWritten(t *testing.T) {
	path := written(t, keyOf(t, 1, "alice"), "")
	if w := Readable(path); w != "" {
		t.Errorf("a file just written: %s", w)
	}
	if w := Readable(path + ".none"); w != "" {
		t.Errorf("no file: %s", w)
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o610, 0o602} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := Private(path); (err == nil) != (runtime.GOOS == "windows") {
			t.Errorf("mode %#o: %v", mode, err)
		}
		if w := Readable(path); (w == "") != (runtime.GOOS == "windows") {
			t.Errorf("mode %o: warning %q", mode, w)
		}
	}
}

func TestWrongPassphrase(t *testing.T) {
	path := written(t, keyOf(t, 1, "alice"), passphrase)
	for _, wrong := range []string{"", "correct horse", passphrase + "\n"} {
		ask, _ := typed(wrong)
		_, err := Open(path, ask)
		if !errors.Is(err, ErrPassphrase) {
			t.Errorf("passphrase %q: %v", wrong, err)
		}
		if wrong != "" && strings.Contains(err.Error(), wrong) {
			t.Errorf("the error holds the passphrase: %v", err)
		}
	}
	_, err := Open(path, nil)
	wantError(t, err, path, "is encrypted")
	_, err = Open(path, func(string) ([]byte, error) { return nil, ErrNoTerminal })
	if !errors.Is(err, ErrNoTerminal) {
		t.Errorf("no terminal: %v", err)
	}
}

func TestNameStandsInThePublicFile(t *testing.T) {
	k := keyOf(t, 1, "alice")
	path := written(t, k, "")
	line := strings.TrimSuffix(string(contents(t, path+".pub")), " alice\n")
	for text, want := range map[string]string{
		line + " bob@host\n":           "bob@host",
		line + " Bob  Smith, laptop\n": "Bob  Smith, laptop",
		line + " bob@host\r\n":         "bob@host",
		line + "\tbob@host":            "bob@host",
		line + " \n":                   "",
		line:                           "",
	} {
		if err := os.WriteFile(path+".pub", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := Open(path, nil)
		if err != nil || got.Name() != want {
			t.Errorf("%q: name %q, %v; want %q", text, got.Name(), err, want)
		}
	}
	if err := os.Remove(path + ".pub"); err != nil {
		t.Fatal(err)
	}
	if got, err := Open(path, nil); err != nil || got.Name() != "" {
		t.Errorf("without a public file: name %q, %v", got.Name(), err)
	}
	if public, name, err := publickey.Open(path); err != nil || public != k.Public() || name != "" {
		t.Errorf("without a public file: %v, name %q, %v", public, name, err)
	}
}

func TestPublicFileOfAnotherKeyIsRefused(t *testing.T) {
	alice, bob := keyOf(t, 1, "alice"), keyOf(t, 2, "bob")
	for _, pass := range []string{"", passphrase} {
		path := written(t, alice, pass)
		if err := os.WriteFile(path+".pub", bob.marshalPublic(), 0o644); err != nil {
			t.Fatal(err)
		}
		// Before the passphrase is asked: nil would refuse.
		_, err := Open(path, nil)
		wantError(t, err, alice.Public().Fingerprint(), bob.Public().Fingerprint())
		_, _, err = publickey.Open(path)
		wantError(t, err, alice.Public().Fingerprint(), bob.Public().Fingerprint())
	}
	path := written(t, alice, "")
	if err := os.WriteFile(path+".pub", []byte("garbage\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Open(path, nil)
	wantError(t, err, path+".pub", "not a public key file")
	if err := os.Remove(path + ".pub"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path+".pub", 0o700); err != nil {
		t.Fatal(err)
	}
	_, err = Open(path, nil)
	wantError(t, err, path+".pub")
}

func TestKeyThatIsOnlyInTheAgentHasAPublicFile(t *testing.T) {
	k := keyOf(t, 1, "alice")
	path := written(t, k, "")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if public, name, err := publickey.Open(path); err != nil || public != k.Public() || name != "alice" {
		t.Errorf("publickey.Open(%s) = %v, %q, %v", path, public, name, err)
	}
	if _, _, err := publickey.Open(path + ".none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("neither file: %v", err)
	}
	if _, err := Open(path, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no secret file: %v", err)
	}
}

func TestFileSizeIsBounded(t *testing.T) {
	k := keyOf(t, 1, "alice")
	private, err := k.marshal(nil)
	if err != nil {
		t.Fatal(err)
	}
	full := append(private, bytes.Repeat([]byte("\n"), publickey.MaxFile-len(private))...)
	if got, err := Open(file(t, full), nil); err != nil || got.Public() != k.Public() {
		t.Errorf("%d bytes: %v", len(full), err)
	}
	_, err = Open(file(t, append(full, '\n')), nil)
	wantError(t, err, "more than 16384 bytes")
	_, _, err = publickey.Open(file(t, append(full, '\n')))
	wantError(t, err, "more than 16384 bytes")
}
