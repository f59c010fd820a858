package keys

import (
	"bytes"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/mldsa"
	"filippo.io/mldsa/x509"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/publickey"
)

// counting is the seed 000102…1f of the examples of RFC 9881, appendix C.
func counting() []byte {
	seed := make([]byte, mldsa.PrivateKeySize)
	for i := range seed {
		seed[i] = byte(i)
	}
	return seed
}

// countingFile is the file of that seed, as OpenSSL 4.0.0 writes it.
const countingFile = `-----BEGIN PRIVATE KEY-----
MDQCAQAwCwYJYIZIAWUDBAMRBCKAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZ
GhscHR4f
-----END PRIVATE KEY-----
`

// countingFingerprint is that of its public key, by OpenSSL 4.0.0.
const countingFingerprint = "SHA256:g3gycIxSNtlRWB8f3fK3mZGzQkoEhtFtod2tD9aXAb4"

func lattice(t testing.TB, seed []byte) MLDSA44Key {
	t.Helper()
	k, err := GenerateMLDSA44(bytes.NewReader(seed))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func verifierKey(t testing.TB, k MLDSA44Key) note.Key {
	t.Helper()
	key, err := k.Key("ledger.example")
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestAnMLDSA44FileIsTheOneOfOpenSSL(t *testing.T) {
	k := lattice(t, counting())
	path := filepath.Join(t.TempDir(), "ledger.mldsa.key")
	if err := k.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	if got := string(contents(t, path)); got != countingFile {
		t.Errorf("wrote %q, OpenSSL writes %q", got, countingFile)
	}
	if w := Readable(path); w != "" {
		t.Errorf("a file just written: %s", w)
	}
	got, err := OpenMLDSA44(path)
	if err != nil || !got.secret.Equal(k.secret) {
		t.Fatalf("wrote %v, opened %v, %v", k, got, err)
	}
	if got := verifierKey(t, got); got.Fingerprint() != countingFingerprint || got.Type() != note.MLDSA44 || got.Name() != "ledger.example" {
		t.Errorf("its verifier key is %s, of the fingerprint %s", got, got.Fingerprint())
	}
}

// The peer is the PKCS #8 code of filippo.io/mldsa/x509.
func TestMLDSA44FilesAreThoseOfAPeer(t *testing.T) {
	for i := range 20 {
		k := lattice(t, bytes.Repeat([]byte{byte(11 * i)}, mldsa.PrivateKeySize))
		der, err := x509.MarshalPKCS8PrivateKey(k.secret)
		if err != nil {
			t.Fatal(err)
		}
		theirs := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
		if ours := printMLDSA44(k.secret.Bytes()); !bytes.Equal(ours, theirs) {
			t.Errorf("we print %q, the peer %q", ours, theirs)
		}
		if got, err := OpenMLDSA44(file(t, theirs)); err != nil || !got.secret.Equal(k.secret) {
			t.Errorf("what the peer wrote: %v", err)
		}
	}
}

func TestNoMLDSA44FileIsOverwritten(t *testing.T) {
	first, second := lattice(t, counting()), lattice(t, make([]byte, 32))
	path := filepath.Join(t.TempDir(), "key")
	if err := first.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	if err := second.WriteFile(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
	if got := string(contents(t, path)); got != countingFile {
		t.Errorf("the file was changed to %q", got)
	}
	if err := first.WriteFile(filepath.Join(t.TempDir(), "none", "key")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a directory that is not there: %v", err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(t.TempDir(), "elsewhere"), link); err != nil {
		t.Fatal(err)
	}
	if err := first.WriteFile(link); !errors.Is(err, fs.ErrExist) {
		t.Errorf("through a link that leads nowhere: %v", err)
	}
}

func TestWhatAnMLDSA44KeySignsItsVerifierKeyVerifies(t *testing.T) {
	const text = "ledger.example\n3\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n"
	k := lattice(t, counting())
	key := verifierKey(t, k)
	message, err := key.CosignatureMessage([]byte(text), 1_700_000_000)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := k.Sign(message)
	if err != nil || len(sig) != mldsa.MLDSA44SignatureSize {
		t.Fatalf("signature of %d bytes, %v", len(sig), err)
	}
	again, err := k.Sign(message)
	if err != nil || !bytes.Equal(sig, again) {
		t.Errorf("another signature of the same message, %v", err)
	}
	if at, err := key.VerifyCosignature([]byte(text), note.CosignatureBytes(1_700_000_000, sig)); err != nil || at != 1_700_000_000 {
		t.Errorf("cosignature of %d: %v", at, err)
	}
	other := verifierKey(t, lattice(t, make([]byte, 32)))
	if _, err := other.VerifyCosignature([]byte(text), note.CosignatureBytes(1_700_000_000, sig)); err == nil {
		t.Error("another key verifies it")
	}
}

func TestAnMLDSA44KeyNeeds32RandomBytes(t *testing.T) {
	_, err := GenerateMLDSA44(bytes.NewReader(make([]byte, 31)))
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("31 random bytes: %v", err)
	}
	random := bytes.NewReader(make([]byte, 40))
	if _, err := GenerateMLDSA44(random); err != nil || random.Len() != 8 {
		t.Errorf("of 40 random bytes %d are left, %v", random.Len(), err)
	}
}

func TestTheZeroMLDSA44KeyIsNone(t *testing.T) {
	var k MLDSA44Key
	if sig, err := k.Sign([]byte("text")); err == nil {
		t.Errorf("signature %x", sig)
	}
	if key, err := k.Key("ledger.example"); err == nil {
		t.Errorf("verifier key %s", key)
	}
	if err := k.WriteFile(filepath.Join(t.TempDir(), "key")); err == nil {
		t.Error("a zero key was written")
	}
	if got := fmt.Sprint(k); got != "no ML-DSA-44 key" {
		t.Errorf("prints %q", got)
	}
}

func TestNoPrintHoldsTheMLDSA44Seed(t *testing.T) {
	k := lattice(t, bytes.Repeat([]byte{0xa7}, 32))
	want := "ML-DSA-44 " + verifierKey(t, k).Fingerprint()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{k, &k} {
			if got := fmt.Sprintf(verb, v); got != want {
				t.Errorf("%s of %T prints %s, want %s", verb, v, got, want)
			}
		}
		if got := fmt.Sprintf(verb, []MLDSA44Key{k}); !strings.Contains(got, want) || strings.Contains(got, "a7a7") || strings.Contains(got, "167 167") {
			t.Errorf("%s of a slice prints %s", verb, got)
		}
	}
}

// pkcs8 prints a PRIVATE KEY file of any algorithm with any private key in it.
func pkcs8(t testing.TB, oid asn1.ObjectIdentifier, key []byte) string {
	t.Helper()
	der, err := asn1.Marshal(struct {
		Version   int
		Algorithm struct{ OID asn1.ObjectIdentifier }
		Key       []byte
	}{0, struct{ OID asn1.ObjectIdentifier }{oid}, key})
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func derOf(t testing.TB, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestEveryOtherFileThanTheSeedsIsRefused(t *testing.T) {
	oid := asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 17}
	sibling := func(last int) asn1.ObjectIdentifier { return append(slices.Clone(oid[:8]), last) }
	tagged := append([]byte{0x80, 0x20}, counting()...)
	if pkcs8(t, oid, tagged) != countingFile {
		t.Fatalf("the cases here are made wrongly: %s", pkcs8(t, oid, tagged))
	}
	openssh, err := keyOf(t, 1, "alice").marshal(nil)
	if err != nil {
		t.Fatal(err)
	}
	expanded := make([]byte, 2560)
	block, _ := pem.Decode([]byte(countingFile))
	body := base64.StdEncoding.EncodeToString(block.Bytes)
	armoured := func(body string) string {
		return "-----BEGIN PRIVATE KEY-----\n" + body + "-----END PRIVATE KEY-----\n"
	}
	version1 := bytes.Clone(block.Bytes)
	version1[4] = 1
	const alone = "the PEM block stands alone, without headers, in lines of 64"
	for _, c := range []struct{ name, file, want string }{
		{"nothing", "", "not a key file of ML-DSA-44"},
		{"text", "hello\n", "not a key file of ML-DSA-44"},
		{"a public key file", string(keyOf(t, 1, "alice").marshalPublic()), "not a key file of ML-DSA-44"},
		{"cut", countingFile[:80], "a damaged key file: not a whole PEM block"},
		{"an OpenSSH key", string(openssh), `a PEM file of the type "OPENSSH PRIVATE KEY"; an ML-DSA-44 key has "PRIVATE KEY"`},
		{"a public key", strings.ReplaceAll(countingFile, "PRIVATE", "PUBLIC"), `a PEM file of the type "PUBLIC KEY"`},
		{"encrypted", strings.ReplaceAll(countingFile, "PRIVATE", "ENCRYPTED PRIVATE"), "an encrypted key file"},
		{"not DER", armoured("AAAA\n"), "a damaged key file: not PKCS #8"},
		{"an empty block", armoured(""), "a damaged key file: not PKCS #8"},
		{"Ed25519", pkcs8(t, asn1.ObjectIdentifier{1, 3, 101, 112}, derOf(t, counting())), "a key of the algorithm Ed25519, not ML-DSA-44"},
		{"ML-DSA-65", pkcs8(t, sibling(18), tagged), "a key of the algorithm ML-DSA-65, not ML-DSA-44"},
		{"ML-DSA-87", pkcs8(t, sibling(19), tagged), "a key of the algorithm ML-DSA-87, not ML-DSA-44"},
		{"another algorithm", pkcs8(t, asn1.ObjectIdentifier{1, 2, 3}, tagged), "a key of the algorithm 1.2.3, not ML-DSA-44"},
		{"expanded", pkcs8(t, oid, derOf(t, expanded)), "an ML-DSA-44 key in its expanded form; only the seed is read, which cannot be had from it"},
		{"seed and expanded", pkcs8(t, oid, derOf(t, struct{ Seed, Expanded []byte }{counting(), expanded})),
			"only the seed is read: openssl pkey -provparam ml-dsa.output_formats=seed-only"},
		{"bare seed", pkcs8(t, oid, append([]byte{0xff}, counting()[1:]...)), "not in the form with the seed only"},
		{"no key", pkcs8(t, oid, nil), "not in the form with the seed only"},
		{"a seed of 31 bytes", pkcs8(t, oid, append([]byte{0x80, 0x1f}, counting()[:31]...)), "not in the form with the seed only"},
		{"a seed of 33 bytes", pkcs8(t, oid, append([]byte{0x80, 0x21}, append(counting(), 0)...)), "not in the form with the seed only"},
		{"version 1", armoured(base64.StdEncoding.EncodeToString(version1[:48]) + "\n" + base64.StdEncoding.EncodeToString(version1[48:]) + "\n"), "not in the form with the seed only"},
		{"a byte after it", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: append(bytes.Clone(block.Bytes), 0)})), "not in the form with the seed only"},
		{"a text before", "Bag Attributes\n" + countingFile, alone},
		{"an empty line before", "\n" + countingFile, alone},
		{"an empty line after", countingFile + "\n", alone},
		{"twice", countingFile + countingFile, alone},
		{"no line feed at the end", strings.TrimSuffix(countingFile, "\n"), alone},
		{"CRLF", strings.ReplaceAll(countingFile, "\n", "\r\n"), alone},
		{"headers", strings.Replace(countingFile, "KEY-----\n", "KEY-----\nComment: x\n\n", 1), alone},
		{"one line", armoured(body + "\n"), alone},
		{"other lines", armoured(body[:32] + "\n" + body[32:] + "\n"), alone},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := file(t, []byte(c.file))
			k, err := OpenMLDSA44(path)
			if k != (MLDSA44Key{}) {
				t.Errorf("a key comes with the error: %v", k)
			}
			wantError(t, err, path+": ", c.want)
		})
	}
	if _, err := OpenMLDSA44(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestMLDSA44FilesAreBounded(t *testing.T) {
	full := append([]byte(countingFile), bytes.Repeat([]byte("\n"), publickey.MaxFile-len(countingFile))...)
	_, err := OpenMLDSA44(file(t, full))
	wantError(t, err, "an ML-DSA-44 key with something else in its file")
	_, err = OpenMLDSA44(file(t, append(full, '\n')))
	wantError(t, err, "more than 16384 bytes")
}

// FuzzMLDSA44File asks that what is read is printed as it was, that a peer reads the
// same, and that a refusal is short and comes without a seed.
func FuzzMLDSA44File(f *testing.F) {
	f.Add([]byte(countingFile))
	f.Add([]byte(strings.ReplaceAll(countingFile, "PRIVATE", "ENCRYPTED PRIVATE")))
	f.Add([]byte(countingFile + "\n"))
	f.Add([]byte(pkcs8(f, asn1.ObjectIdentifier{1, 3, 101, 112}, derOf(f, counting()))))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		was := bytes.Clone(data)
		seed, err := parseMLDSA44(data)
		if !bytes.Equal(data, was) {
			t.Fatal("what is read was changed")
		}
		if err != nil {
			if len(err.Error()) > 300 || seed != nil {
				t.Fatalf("error %q, with a seed of %d bytes", err, len(seed))
			}
			return
		}
		if !bytes.Equal(printMLDSA44(seed), data) {
			t.Fatalf("%q is printed %q", data, printMLDSA44(seed))
		}
		block, _ := pem.Decode(data)
		theirs, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if k, ok := theirs.(*mldsa.PrivateKey); err != nil || !ok || !bytes.Equal(k.Bytes(), seed) {
			t.Fatalf("the peer reads %T, %v", theirs, err)
		}
	})
}
