package publickey_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/publickey"
)

func TestAPublicKeyIsFoundInEachOfItsForms(t *testing.T) {
	dir := t.TempDir()
	secret, err := keys.Generate(bytes.NewReader(make([]byte, 64)), "ann.example")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "ann.key")
	if err := secret.WriteFiles(path, nil); err != nil {
		t.Fatal(err)
	}
	vkey, err := note.NewKey("ann.example", note.Ed25519, secret.Public())
	if err != nil {
		t.Fatal(err)
	}
	witness, err := note.NewKey("ann.example", note.Cosignature, secret.Public())
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		t.Helper()
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	pub, err := os.ReadFile(path + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	nameless := strings.Join(strings.Fields(string(pub))[:2], " ") + "\n"
	pad := func(n int) string { return vkey.String() + strings.Repeat(" ", n-len(vkey.String())) }
	for _, c := range []struct{ arg, name, want string }{
		{vkey.String(), "ann.example", ""},
		{write("vkey", vkey.String()+"\n"), "ann.example", ""},
		{path, "ann.example", ""},
		{path + ".pub", "ann.example", ""},
		{write("nameless.pub", nameless), "", ""},
		{write("full", pad(publickey.MaxFile)), "ann.example", ""},
		{write("long", pad(publickey.MaxFile+1)), "", "has more than 16384 bytes: no key file"},
		{witness.String(), "", "has the type 0x04, parties sign with 0x01"},
		{write("witness", witness.String()), "", "holds no verifier key and no public key: "},
		{write("text", "nothing\n"), "", "holds no verifier key and no public key: "},
		{filepath.Join(dir, "nowhere"), "", "is neither a verifier key nor a file: "},
		{"ann.example+00000000+AAAA", "", "key"},
	} {
		public, name, err := publickey.Find(c.arg)
		switch {
		case c.want != "":
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", c.arg, err, c.want)
			}
		case err != nil || public != secret.Public() || name != c.name:
			t.Errorf("%s: %s %q, %v", c.arg, public, name, err)
		}
	}
}
