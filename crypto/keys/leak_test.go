package keys

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/keys/keystest"

	"github.com/chirograph/chirograph/crypto/publickey"
)

// said is all that Open and its kin say of a file, when it is opened as each kind.
func said(path, passphrase string) []byte {
	var b bytes.Buffer
	ask := func(string) ([]byte, error) { return []byte(passphrase), nil }
	log := slog.New(slog.NewJSONHandler(&b, nil))
	k, err := Open(path, ask)
	fmt.Fprintln(&b, k, err)
	log.Error("open", "key", k, "err", err)
	_, err = Open(path, nil)
	fmt.Fprintln(&b, err)
	second, err := OpenMLDSA44(path)
	fmt.Fprintln(&b, second, err)
	log.Error("open", "key", second, "err", err)
	public, name, err := publickey.Open(path)
	fmt.Fprintln(&b, public, name, err)
	public, name, err = publickey.Find(path)
	fmt.Fprintln(&b, public, name, err)
	fmt.Fprintln(&b, Readable(path))
	return b.Bytes()
}

// Every byte of every kind of key file is changed and is made the last one, and what does
// not look like a key file at all is opened as one.
func TestNoErrorHoldsASecret(t *testing.T) {
	ed, seed := keystest.Seed(1), keystest.Seed(2)
	const passphrase = "zq7-Hafgufa.Vrykolakas"
	k, err := Generate(bytes.NewReader(ed), "alice")
	if err != nil {
		t.Fatal(err)
	}
	second, err := GenerateMLDSA44(bytes.NewReader(seed))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	plain, locked, pkcs := filepath.Join(dir, "plain"), filepath.Join(dir, "locked"), filepath.Join(dir, "pkcs")
	for _, err := range []error{k.WriteFiles(plain, nil), k.WriteFiles(locked, []byte(passphrase)), second.WriteFile(pkcs)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	check := func(what string, output []byte) {
		t.Helper()
		for _, secret := range [][]byte{ed, seed, []byte(passphrase), []byte("Jabberwocky" + passphrase)} {
			keystest.NoneOf(t, secret, what, output)
		}
	}
	spoiled := filepath.Join(dir, "spoiled")
	try := func(what string, b []byte, passphrase string) {
		t.Helper()
		if err := os.WriteFile(spoiled, b, 0o644); err != nil {
			t.Fatal(err)
		}
		check(what, said(spoiled, passphrase))
	}
	for _, path := range []string{plain, pkcs} {
		whole := contents(t, path)
		check(path, said(path, ""))
		for at := range whole {
			changed := bytes.Clone(whole)
			changed[at] ^= 1
			try(fmt.Sprintf("%s with byte %d changed", path, at), changed, "")
			try(fmt.Sprintf("%s cut after %d bytes", path, at), whole[:at], "")
		}
	}
	check(locked, said(locked, passphrase)) // bcrypt takes its time: once for each
	check(locked, said(locked, "Jabberwocky"+passphrase))
	for _, form := range []string{string(ed), hex.EncodeToString(ed), base64.StdEncoding.EncodeToString(ed), base64.RawURLEncoding.EncodeToString(ed)} {
		for _, before := range []string{"", "ssh-ed25519 ", "alice+", "PRIVATE+KEY+alice+", "-----BEGIN ", "PuTTY-User-Key-File-2: "} {
			for _, after := range []string{"", "\n", "\x00", " alice\n" + form} {
				try(fmt.Sprintf("%q, the secret, %q", before, after), []byte(before+form+after), "")
			}
		}
	}
	if b, err := json.Marshal([]any{k, second}); err != nil || string(b) != "[{},{}]" {
		t.Errorf("as JSON they are %s, %v", b, err)
	}
}

// What is compared beside a secret is compared in constant time, so that nobody has to
// think about who could measure it.
func TestSecretsAreComparedInConstantTime(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, word := range []string{"bytes.Equal(", "bytes.Compare(", "slices.Equal(", "reflect.DeepEqual("} {
			if strings.Contains(string(contents(t, file)), word) {
				t.Errorf("%s has %s: subtle.ConstantTimeCompare does the same", file, word)
			}
		}
	}
}
