package keys

import (
	"bytes"
	"crypto/subtle"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"filippo.io/mldsa"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/publickey"
)

const mldsaPEM = "PRIVATE KEY"

// mldsaPrefix is what stands before the seed in the PKCS #8 file of an ML-DSA-44 key
// (RFC 9881, section 6, and RFC 5958): version 0, the OID 2.16.840.1.101.3.4.3.17,
// and an octet string with the seed under the tag [0].
var mldsaPrefix = []byte("\x30\x34\x02\x01\x00\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x11\x04\x22\x80\x20")

const mldsaOID = "2.16.840.1.101.3.4.3.17"

// algorithms are the names of those that somebody may have taken for ML-DSA-44.
var algorithms = map[string]string{
	"2.16.840.1.101.3.4.3.18": "ML-DSA-65",
	"2.16.840.1.101.3.4.3.19": "ML-DSA-87",
	"1.3.101.112":             "Ed25519",
	"1.2.840.10045.2.1":       "elliptic curves",
	"1.2.840.113549.1.1.1":    "RSA",
}

// An MLDSA44Key is a secret ML-DSA-44 key in memory (FIPS 204), made by
// [GenerateMLDSA44] or [OpenMLDSA44]. The zero value is no key and signs nothing.
type MLDSA44Key struct {
	secret *mldsa.PrivateKey
}

// GenerateMLDSA44 returns a new key whose seed is the first 32 bytes of random.
func GenerateMLDSA44(random io.Reader) (MLDSA44Key, error) {
	seed := make([]byte, mldsa.PrivateKeySize)
	defer clear(seed)
	if _, err := io.ReadFull(random, seed); err != nil {
		return MLDSA44Key{}, fmt.Errorf("reading %d random bytes for a key: %w", len(seed), err)
	}
	return newMLDSA44Key(seed)
}

func newMLDSA44Key(seed []byte) (MLDSA44Key, error) {
	secret, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), seed)
	return MLDSA44Key{secret}, err
}

// OpenMLDSA44 reads a secret key from the file that [MLDSA44Key.WriteFile] wrote, or
// that OpenSSL writes when it is told to write the seed only. Nothing else is read.
func OpenMLDSA44(path string) (MLDSA44Key, error) {
	data, err := publickey.ReadFile(path)
	if err != nil {
		return MLDSA44Key{}, err
	}
	defer clear(data)
	seed, err := parseMLDSA44(data)
	if err != nil {
		return MLDSA44Key{}, fmt.Errorf("%s: %w", path, err)
	}
	defer clear(seed)
	return newMLDSA44Key(seed)
}

// parseMLDSA44 returns the seed in what printMLDSA44 prints.
func parseMLDSA44(data []byte) ([]byte, error) {
	block, _ := pem.Decode(data)
	switch {
	case block == nil && publickey.LooksPrivate(data):
		return nil, errors.New("a damaged key file: not a whole PEM block")
	case block == nil:
		return nil, fmt.Errorf("not a key file of ML-DSA-44, which is a PEM file of the type %q", mldsaPEM)
	}
	defer clear(block.Bytes)
	switch block.Type {
	case mldsaPEM:
	case "ENCRYPTED " + mldsaPEM:
		return nil, errors.New("an encrypted key file; an ML-DSA-44 key is read only without a passphrase")
	default:
		return nil, fmt.Errorf("a PEM file of the type %.60q; an ML-DSA-44 key has %q", block.Type, mldsaPEM)
	}
	seed, ok := bytes.CutPrefix(block.Bytes, mldsaPrefix)
	if !ok || len(seed) != mldsa.PrivateKeySize {
		return nil, otherKey(block.Bytes)
	}
	seed = bytes.Clone(seed)
	printed := printMLDSA44(seed)
	defer clear(printed)
	if subtle.ConstantTimeCompare(printed, data) != 1 {
		clear(seed)
		return nil, errors.New("an ML-DSA-44 key with something else in its file: the PEM block stands alone, without headers, in lines of 64")
	}
	return seed, nil
}

// otherKey says what a PKCS #8 structure holds that is not the seed of an ML-DSA-44
// key, and nothing more.
func otherKey(der []byte) error {
	var info struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return errors.New("a damaged key file: not PKCS #8")
	}
	defer clear(info.Key)
	if oid := info.Algorithm.Algorithm.String(); oid != mldsaOID {
		if name, ok := algorithms[oid]; ok {
			oid = name
		}
		return fmt.Errorf("a key of the algorithm %.60s, not ML-DSA-44", oid)
	}
	switch {
	case len(info.Key) > 0 && info.Key[0] == asn1.TagOctetString:
		return errors.New("an ML-DSA-44 key in its expanded form; only the seed is read, which cannot be had from it")
	case len(info.Key) > 0 && info.Key[0] == asn1.TagSequence|0x20:
		return errors.New("an ML-DSA-44 key with its expanded form; only the seed is read: openssl pkey -provparam ml-dsa.output_formats=seed-only -in FILE")
	}
	return errors.New("an ML-DSA-44 key, but not in the form with the seed only (RFC 9881, section 6)")
}

func printMLDSA44(seed []byte) []byte {
	der := append(bytes.Clone(mldsaPrefix), seed...)
	defer clear(der)
	return pem.EncodeToMemory(&pem.Block{Type: mldsaPEM, Bytes: der})
}

// WriteFile writes the secret key to path, not encrypted, for its owner alone to
// read: the seed, in PKCS #8 (RFC 9881, section 6). It is on disk when WriteFile
// returns nil, and not there because of it when it returns an error. A file that is
// there is never touched: then the error is [fs.ErrExist].
func (k MLDSA44Key) WriteFile(path string) error {
	if k.secret == nil {
		return errors.New("there is no secret key to write")
	}
	seed := k.secret.Bytes()
	defer clear(seed)
	data := printMLDSA44(seed)
	defer clear(data)
	if err := create(path, 0o600, data); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		os.Remove(path)
		return err
	}
	return nil
}

// Key returns the verifier key of what [MLDSA44Key.Sign] signs, under a name.
func (k MLDSA44Key) Key(name string) (note.Key, error) {
	if k.secret == nil {
		return note.Key{}, errors.New("there is no secret key to verify")
	}
	return note.NewMLDSA44Key(name, k.secret.PublicKey().Bytes())
}

// Sign returns the 2,420 bytes of an ML-DSA-44 signature over message, with an empty
// context: by the deterministic variant, so the same for the same message (FIPS 204,
// section 3.4). It fails for the zero value only.
func (k MLDSA44Key) Sign(message []byte) ([]byte, error) {
	if k.secret == nil {
		return nil, errors.New("there is no secret key to sign with")
	}
	return k.secret.SignDeterministic(message, nil)
}

// Format prints the fingerprint, whatever the verb, so that a key that strays into a
// log line shows no secret.
func (k MLDSA44Key) Format(s fmt.State, _ rune) {
	key, err := k.Key("fingerprint") // in which no name is
	if err != nil {
		io.WriteString(s, "no ML-DSA-44 key")
		return
	}
	io.WriteString(s, "ML-DSA-44 "+key.Fingerprint())
}
