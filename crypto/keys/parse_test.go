package keys

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/chirograph/chirograph/crypto/publickey"
)

const (
	magic   = "openssh-key-v1\x00"
	pemType = "OPENSSH PRIVATE KEY"
)

// A box is a private key file, for tests to spoil.
type box struct {
	Cipher, KDF, Options string
	Keys                 uint32
	Public, Secret       []byte
}

func (b box) file() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: append([]byte(magic), ssh.Marshal(b)...)})
}

func boxOf(k SecretKey) box {
	return box{"none", "none", "", 1, wireKey(k.public), secretPart(algorithm, k.secret)}
}

func secretPart(kind string, secret []byte) []byte {
	b := ssh.Marshal(struct {
		Check1, Check2 uint32
		Kind           string
		Public, Secret []byte
		Comment        string
	}{7, 7, kind, secret[len(secret)/2:], secret, "comment"})
	for i := byte(1); len(b)%8 != 0; i++ {
		b = append(b, i)
	}
	return b
}

func bcryptOptions(salt string, rounds uint32) string {
	return string(ssh.Marshal(struct {
		Salt   string
		Rounds uint32
	}{salt, rounds}))
}

func TestSpoiledPrivateFilesAreRefused(t *testing.T) {
	k, other := keyOf(t, 1, "alice"), keyOf(t, 2, "bob")
	if _, err := Open(file(t, boxOf(k).file()), nil); err != nil {
		t.Fatalf("the file that the others spoil: %v", err)
	}
	spoil := func(change func(*box)) []byte {
		b := boxOf(k)
		change(&b)
		return b.file()
	}
	plain := boxOf(k).file()
	block := func(typ string, bytes []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: bytes})
	}
	small := make([]byte, 32)
	small[0] = 1 // the neutral point
	for name, c := range map[string]struct {
		data []byte
		want []string
	}{
		"empty":         {nil, []string{"not a key file"}},
		"text":          {[]byte("hello\n"), []string{"not a key file"}},
		"public":        {k.marshalPublic(), []string{"a public key file", "without .pub"}},
		"putty":         {[]byte("PuTTY-User-Key-File-3: ssh-ed25519\r\n"), []string{"PuTTY", "export"}},
		"cut":           {plain[:len(plain)/2], []string{"not a whole PEM block"}},
		"cut inside":    {block(pemType, []byte(magic+"\x00\x00\x00\x04no")), []string{"ends early"}},
		"pkcs8":         {block("PRIVATE KEY", []byte("x")), []string{`"PRIVATE KEY"`, "ssh-keygen"}},
		"certificate":   {block("CERTIFICATE", []byte("x")), []string{`"CERTIFICATE"`}},
		"version":       {block(pemType, []byte("openssh-key-v2\x00")), []string{"version 1"}},
		"headers":       {bytes.Replace(plain, []byte("KEY-----\n"), []byte("KEY-----\nProc-Type: 4,ENCRYPTED\n\n"), 1), []string{"PEM headers"}},
		"no keys":       {spoil(func(b *box) { b.Keys = 0 }), []string{"0 keys"}},
		"two keys":      {spoil(func(b *box) { b.Keys = 2 }), []string{"2 keys"}},
		"public part":   {spoil(func(b *box) { b.Public = []byte("x") }), []string{"public key is malformed"}},
		"no point":      {spoil(func(b *box) { b.Public = b.Public[:len(b.Public)-1] }), []string{"public key is malformed"}},
		"public + 1":    {spoil(func(b *box) { b.Public = append(b.Public, 0) }), []string{"public key is malformed"}},
		"short key":     {spoil(func(b *box) { b.Public = ssh.Marshal(struct{ A, B string }{algorithm, "short"}) }), []string{"5 bytes, not 32"}},
		"small order":   {spoil(func(b *box) { b.Public = ssh.Marshal(struct{ A, B string }{algorithm, string(small)}) }), []string{"small order"}},
		"sk":            {spoil(func(b *box) { b.Public = ssh.Marshal(struct{ A, B string }{"sk-ssh-ed25519@openssh.com", ""}) }), []string{"sk-ssh-ed25519@openssh.com", "security token"}},
		"rsa":           {spoil(func(b *box) { b.Public = ssh.Marshal(struct{ A, B string }{"ssh-rsa", ""}) }), []string{`"ssh-rsa"`, "only ssh-ed25519"}},
		"another":       {spoil(func(b *box) { b.Public = wireKey(other.public) }), []string{k.public.Fingerprint(), other.public.Fingerprint()}},
		"secret + 1":    {spoil(func(b *box) { b.Secret = append(b.Secret, 0) }), []string{"secret part is malformed"}},
		"secret part":   {spoil(func(b *box) { b.Secret = nil }), []string{"secret part is malformed"}},
		"short secret":  {spoil(func(b *box) { b.Secret = secretPart(algorithm, k.secret[:62]) }), []string{"secret part is malformed"}},
		"other inside":  {spoil(func(b *box) { b.Secret = secretPart("ssh-dss", k.secret) }), []string{"secret part is malformed"}},
		"halves differ": {spoil(func(b *box) { b.Secret = secretPart(algorithm, append(k.secret[:32:32], other.secret[32:]...)) }), []string{"not the secret key's"}},
		"cipher":        {spoil(func(b *box) { b.Cipher, b.KDF = "chacha20", "bcrypt" }), []string{`"chacha20"`, "aes256-ctr"}},
		"kdf":           {spoil(func(b *box) { b.Cipher, b.KDF = "aes256-ctr", "none" }), []string{`"none"`, "bcrypt"}},
		"no cipher":     {spoil(func(b *box) { b.KDF = "bcrypt" }), []string{`"none"`, "bcrypt"}},
		"options":       {spoil(func(b *box) { b.Options = "x" }), []string{`"none"`}},
		"no salt":       {spoil(func(b *box) { b.Cipher, b.KDF = "aes256-ctr", "bcrypt" }), []string{"no salt"}},
		"empty salt":    {spoil(func(b *box) { b.Cipher, b.KDF, b.Options = "aes256-ctr", "bcrypt", bcryptOptions("", 16) }), []string{"no salt"}},
		"no rounds":     {spoil(func(b *box) { b.Cipher, b.KDF, b.Options = "aes256-ctr", "bcrypt", bcryptOptions("salt", 0) }), []string{"no salt and rounds"}},
		"rounds": {spoil(func(b *box) {
			b.Cipher, b.KDF, b.Options = "aes256-ctr", "bcrypt", bcryptOptions("salt", publickey.MaxRounds+1)
		}), []string{"2049 rounds", "2048"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, c.data)
			_, err := Open(path, nil)
			wantError(t, err, append(c.want, path)...)
			for _, secret := range [][]byte{k.secret.Seed(), other.secret.Seed()} {
				if strings.Contains(err.Error(), string(secret)) {
					t.Error("the error holds a secret")
				}
			}
		})
	}
	if f, err := parsePrivate(spoil(func(b *box) {
		b.Cipher, b.KDF, b.Options = "aes256-ctr", "bcrypt", bcryptOptions("salt", publickey.MaxRounds)
	})); err != nil || !f.Encrypted {
		t.Errorf("%d rounds: %v", publickey.MaxRounds, err)
	}
	_, err := Open(file(t, spoil(func(b *box) { b.Cipher, b.KDF, b.Options = "aes256-cbc", "bcrypt", bcryptOptions("salt", 1) })), func(string) ([]byte, error) { return []byte("x"), nil })
	wantError(t, err, "passphrase is wrong")
}

func TestSpoiledPublicFilesAreRefused(t *testing.T) {
	k := keyOf(t, 1, "alice")
	line := string(k.marshalPublic())
	encoded := strings.Fields(line)[1]
	in64 := func(wire []byte) string { return "ssh-ed25519 " + base64.StdEncoding.EncodeToString(wire) }
	for name, c := range map[string]struct{ data, want string }{
		"empty":         {"", "not a public key file"},
		"binary":        {"\x00\x01", "not one line"},
		"two lines":     {line + line, "not one line"},
		"options":       {`restrict ` + line, "not a public key file"},
		"alone":         {"ssh-ed25519", "malformed"},
		"no base64":     {"ssh-ed25519 !!! alice", "base64"},
		"unpadded":      {in64(append(wireKey(k.public), 0))[:81], "base64"},
		"bits":          {in64([]byte{0}) + " x", "malformed"},
		"odd bits":      {"ssh-ed25519 AB== x", "base64"},
		"rsa":           {"ssh-rsa AAAA alice", `"ssh-rsa"`},
		"ecdsa":         {"ecdsa-sha2-nistp256 AAAA alice", `"ecdsa-sha2-nistp256"`},
		"sk":            {"sk-ssh-ed25519@openssh.com AAAA alice", "security token"},
		"rsa inside":    {in64(ssh.Marshal(struct{ A, B string }{"ssh-rsa", "x"})), `"ssh-rsa"`},
		"truncated":     {"ssh-ed25519 " + encoded[:64], "malformed"},
		"not canonical": {in64(ssh.Marshal(struct{ A, B string }{algorithm, "\xee" + strings.Repeat("\xff", 30) + "\x7f"})), "canonical"},
		"no point":      {in64(ssh.Marshal(struct{ A, B string }{algorithm, "\x02" + strings.Repeat("\x00", 31)})), "not a point"},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, []byte(c.data))
			_, _, err := publickey.Open(path)
			wantError(t, err, c.want, path)
		})
	}
	private, err := k.marshal(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = publickey.Parse(private)
	wantError(t, err, "a private key file")
	_, _, err = publickey.Open(file(t, private[:80]))
	wantError(t, err, "not a whole PEM block")
}

func FuzzPrivateFile(f *testing.F) {
	k := keyOf(f, 1, "alice")
	encrypted := boxOf(k)
	encrypted.Cipher, encrypted.KDF, encrypted.Options = "aes256-ctr", "bcrypt", bcryptOptions("salt", 16)
	for _, seed := range [][]byte{boxOf(k).file(), encrypted.file(), k.marshalPublic(), []byte("PuTTY-User-Key-File-3: x\n"), nil} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parsePrivate(data)
		if err != nil || file.Encrypted {
			return
		}
		k, err := file.open(nil)
		if err != nil {
			return
		}
		if k.public != file.Public || !bytes.Equal(ed25519.NewKeyFromSeed(k.secret.Seed()), k.secret) {
			t.Fatalf("opened a key %v that is not the file's %v", k, file.Public)
		}
		again, err := k.marshal(nil)
		if err != nil {
			t.Fatal(err)
		}
		if file, err = parsePrivate(again); err != nil || file.Public != k.public {
			t.Fatalf("written again: %v", err)
		}
	})
}

func FuzzPublicFile(f *testing.F) {
	k := keyOf(f, 1, "alice")
	line := string(k.marshalPublic())
	for _, seed := range []string{line, strings.TrimSuffix(line, " alice\n"), strings.TrimSuffix(line, "\n") + " of the house\r\n", "ssh-rsa AAAA x\n", ""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		public, name, err := publickey.Parse(data)
		if err != nil {
			return
		}
		again := SecretKey{name: name, public: public}.marshalPublic()
		public2, name2, err := publickey.Parse(again)
		if err != nil || public2 != public || name2 != name {
			t.Fatalf("%q read as %v %q, written again and read as %v %q, %v", data, public, name, public2, name2, err)
		}
		// What is taken here, x/crypto/ssh takes, and gives the same key.
		theirs, comment, _, rest, err := ssh.ParseAuthorizedKey(data)
		if err != nil || !bytes.Equal(theirs.Marshal(), wireKey(public)) || len(bytes.Trim(rest, "\r\n\t ")) > 0 {
			t.Fatalf("x/crypto/ssh: %v, %v", theirs, err)
		}
		if !strings.ContainsAny(name, "\r") && strings.TrimSpace(comment) != strings.TrimSpace(name) {
			t.Fatalf("name %q, x/crypto/ssh says %q", name, comment)
		}
	})
}
