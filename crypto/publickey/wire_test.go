package publickey_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/publickey"
	"golang.org/x/crypto/ssh"
)

// wire returns strings as RFC 4251, section 5, has them.
func wire(parts ...string) (b []byte) {
	for _, s := range parts {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
	}
	return b
}

var annas = string(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey))

func TestAKeyOnTheWireIsWholeAndAlone(t *testing.T) {
	good := wire(publickey.Algorithm, annas)
	if k, err := publickey.ParseWire(good); err != nil || string(k.Bytes()) != annas {
		t.Fatalf("%s, %v", k, err)
	}
	for n := range good {
		if k, err := publickey.ParseWire(good[:n]); err == nil || !strings.Contains(err.Error(), "malformed") {
			t.Errorf("%d of its bytes: %s, %v", n, k, err)
		}
	}
	for _, c := range []struct {
		wire []byte
		want string
	}{
		{append(good, 0), "malformed"},
		{wire(publickey.Algorithm, annas, ""), "malformed"},
		{wire(publickey.Algorithm, annas[:31]), "31 bytes, not 32"},
		{wire("ssh-rsa", annas), `a key of the type "ssh-rsa"; only ssh-ed25519`},
		{wire("sk-ssh-ed25519@openssh.com", annas), "security token"},
		{[]byte{0xff, 0xff, 0xff, 0xff}, "malformed"},
	} {
		if k, err := publickey.ParseWire(c.wire); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%x: %s, %v, want %q", c.wire, k, err, c.want)
		}
	}
}

// What x/crypto/ssh takes for a key of Ed25519 is taken here, where the key is one that
// signs, and nothing else.
func FuzzWire(f *testing.F) {
	f.Add(wire(publickey.Algorithm, annas))
	f.Add(wire(publickey.Algorithm, annas, ""))
	f.Add(wire(publickey.Algorithm, annas[1:]))
	f.Add(wire("ssh-rsa", "\x03", annas))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := publickey.ParseWire(b)
		var want note.PublicKey
		theirs, theirErr := ssh.ParsePublicKey(b)
		if theirErr == nil && theirs.Type() == publickey.Algorithm {
			want, _ = note.ParsePublicKey(theirs.(ssh.CryptoPublicKey).CryptoPublicKey().(ed25519.PublicKey))
		}
		if k != want || (err == nil) != (want != note.PublicKey{}) {
			t.Fatalf("%x: %s, %v; x/crypto/ssh: %v, %v", b, k, err, theirs, theirErr)
		}
		if err == nil && !bytes.Equal(wire(publickey.Algorithm, string(k.Bytes())), b) {
			t.Fatalf("%x is taken, which is another text of %s", b, k)
		}
	})
}
