package publickey_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/publickey"
)

// A pipe, such as a shell's <(…), has its bytes once.
func TestAKeyIsFoundInAPipe(t *testing.T) {
	secret, err := keys.Generate(bytes.NewReader(make([]byte, 64)), "ann.example")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ann.key")
	if err := secret.WriteFiles(path, nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + publickey.Suffix} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := io.Copy(w, bytes.NewReader(b)); err != nil { // less than a pipe holds
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		public, _, err := publickey.Find(fmt.Sprintf("/dev/fd/%d", r.Fd()))
		if err != nil || public != secret.Public() {
			t.Errorf("%s through a pipe: %v, %v", name, public, err)
		}
	}
}
