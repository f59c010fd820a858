package record_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
)

func TestCommitmentIsOfSaltAndFile(t *testing.T) {
	data := []byte("# Terms\n")
	hash, size, err := record.Commit(nil, bytes.NewReader(data))
	if err != nil || hash != sha256.Sum256(data) || size != int64(len(data)) {
		t.Errorf("public: %x, %d, %v", hash, size, err)
	}
	salt := bytes.Repeat([]byte{7}, record.SaltSize)
	hash, size, err = record.Commit(salt, bytes.NewReader(data))
	if err != nil || hash != sha256.Sum256(append(bytes.Clone(salt), data...)) || size != 4096 {
		t.Errorf("salted: %x, %d, %v", hash, size, err)
	}
	for n, want := range map[int]int64{0: 4096, 1: 4096, 4095: 4096, 4096: 4096, 4097: 8192} {
		if _, size, err := record.Commit(salt, bytes.NewReader(make([]byte, n))); err != nil || size != want {
			t.Errorf("salted document of %d bytes has the size %d, %v; want %d", n, size, err, want)
		}
	}
}

func TestOnlyTheDocumentMatches(t *testing.T) {
	data := []byte("# Terms\n")
	salt := bytes.Repeat([]byte{7}, record.SaltSize)
	public := record.Document{Hash: sha256.Sum256(data), Size: int64(len(data)), Name: "terms.md"}
	salted := record.Document{Salted: true, Hash: sha256.Sum256(append(bytes.Clone(salt), data...)), Size: 4096, Name: "document-1.md"}
	for _, c := range []struct {
		document record.Document
		salt     []byte
		data     string
		want     string // of the error; "" for none
	}{
		{public, nil, "# Terms\n", ""},
		{salted, salt, "# Terms\n", ""},
		{public, nil, "# Terms", "terms.md has 7 bytes, the record states 8"},
		{public, nil, "# Terms\n\n", "terms.md has more than the 8 bytes"},
		{public, nil, "# terms\n", "terms.md is sha256:"},
		{salted, salt, "# terms\n", "document-1.md is salted-sha256:"},
		{salted, salt, strings.Repeat("x", 4097), "document-1.md has more than the 4096 bytes"},
		{salted, nil, "# Terms\n", "salt of document-1.md has 0 bytes, not 32"},
		{salted, salt[1:], "# Terms\n", "salt of document-1.md has 31 bytes, not 32"},
		{salted, append(bytes.Clone(salt), 0), "# Terms\n", "salt of document-1.md has 33 bytes, not 32"},
		{public, salt, "# Terms\n", "terms.md is not salted"},
		{public, []byte{}, "# Terms\n", "terms.md is not salted"},
	} {
		err := c.document.Match(c.salt, strings.NewReader(c.data))
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, record.ErrMismatch) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s, %q: %v, want %q", c.document.Name, c.data, err, c.want)
		}
	}
}
