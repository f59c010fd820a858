package note_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"testing"

	"filippo.io/mldsa"
	"filippo.io/mldsa/x509"

	"github.com/chirograph/chirograph/crypto/note"
)

// latticeSecret returns the ML-DSA-44 private key that belongs to a label, for ever the same.
func latticeSecret(t testing.TB, label string) *mldsa.PrivateKey {
	t.Helper()
	seed := sha256.Sum256([]byte(label))
	k, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), seed[:])
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// latticeKey returns the verifier key of a name, whose secret key is latticeSecret(name).
func latticeKey(t testing.TB, name string) note.Key {
	t.Helper()
	k, err := note.NewMLDSA44Key(name, latticeSecret(t, name).PublicKey().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// structure prints the cosigned_message of the specification, of any values.
func structure(cosigner string, time uint64, origin string, start, end uint64, root []byte) []byte {
	var b bytes.Buffer
	b.WriteString("subtree/v1\n\x00")
	b.WriteByte(byte(len(cosigner)))
	b.WriteString(cosigner)
	for _, v := range []any{time, byte(len(origin)), []byte(origin), start, end, root} {
		if err := binary.Write(&b, binary.BigEndian, v); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

func latticeSign(t testing.TB, label string, at uint64, message []byte) []byte {
	t.Helper()
	sig, err := latticeSecret(t, label).SignDeterministic(message, nil)
	if err != nil {
		t.Fatal(err)
	}
	return append(binary.BigEndian.AppendUint64(nil, at), sig...)
}

// checkpointRoot is the root that checkpoint says.
func checkpointRoot(t testing.TB) []byte {
	t.Helper()
	root, err := base64.StdEncoding.DecodeString("qINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestAnMLDSA44KeyPrintsAsItWas(t *testing.T) {
	public := latticeSecret(t, "witness.example").PublicKey().Bytes()
	for _, name := range []string{"w", "witness.example", "oid/1.3.6.1.4.1.32473.1", "ключ", strings.Repeat("n", note.MaxName)} {
		s := vkey(name, append([]byte{6}, public...))
		k, err := note.ParseKey(s)
		if err != nil {
			t.Fatal(err)
		}
		if k.String() != s || k.Name() != name || k.Type() != note.MLDSA44 || !bytes.Equal(k.PublicBytes(), public) {
			t.Errorf("%.60s… reads as %.60s…", s, k)
		}
		if k.Public() != (note.PublicKey{}) {
			t.Errorf("it has the Ed25519 key %s", k.Public())
		}
		made, err := note.NewMLDSA44Key(name, public)
		if err != nil || made != k {
			t.Errorf("NewMLDSA44Key gives %.60s…, %v", made, err)
		}
		agreesOnKey(t, s, k)
	}
}

func TestTwoKeysAreEqualWhenTheirTextsAre(t *testing.T) {
	public := latticeSecret(t, "a").PublicKey().Bytes()
	other := bytes.Clone(public)
	other[len(other)-1] ^= 1
	seen := make(map[note.Key]string)
	for _, material := range [][]byte{append([]byte{6}, public...), append([]byte{6}, other...), append([]byte{1}, key(t, "a", note.Ed25519).PublicBytes()...), append([]byte{4}, key(t, "a", note.Cosignature).PublicBytes()...)} {
		for _, name := range []string{"a", "b"} {
			s := vkey(name, material)
			for range 2 {
				k, err := note.ParseKey(strings.Clone(s))
				if err != nil {
					t.Fatal(err)
				}
				if was, ok := seen[k]; ok && was != s {
					t.Errorf("%.60s… and %.60s… are one key", was, s)
				}
				seen[k] = s
			}
		}
	}
	if len(seen) != 8 {
		t.Errorf("8 texts are %d keys", len(seen))
	}
}

func TestAnMLDSA44KeyCannotBeChangedFromOutside(t *testing.T) {
	public := latticeSecret(t, "a").PublicKey().Bytes()
	k, err := note.NewMLDSA44Key("a", public)
	if err != nil {
		t.Fatal(err)
	}
	public[0] ^= 1
	k.PublicBytes()[0] ^= 1
	if k != latticeKey(t, "a") {
		t.Error("the bytes that were given are the key's own")
	}
}

func TestAnMLDSA44KeyHasAGoodNameAnd1312Bytes(t *testing.T) {
	public := latticeSecret(t, "a").PublicKey().Bytes()
	for _, c := range []struct {
		name   string
		public []byte
		want   string
	}{
		{"", public, "key name is empty"},
		{"a b", public, `has the character ' '`},
		{"a+b", public, `has the character '+'`},
		{strings.Repeat("n", note.MaxName+1), public, "name has 256 bytes, at most 255"},
		{"a", nil, "ML-DSA-44 public key has 0 bytes, not 1312"},
		{"a", public[:1311], "ML-DSA-44 public key has 1311 bytes, not 1312"},
		{"a", append(bytes.Clone(public), 0), "ML-DSA-44 public key has 1313 bytes, not 1312"},
		{"a", make([]byte, mldsa.MLDSA65PublicKeySize), "ML-DSA-44 public key has 1952 bytes, not 1312"},
	} {
		_, err := note.NewMLDSA44Key(c.name, c.public)
		wantError(t, err, c.want)
		if c.name == "a" {
			_, err := note.ParseKey(vkey(c.name, append([]byte{6}, c.public...)))
			wantError(t, err, c.want)
		}
	}
	good := vkey("a", append([]byte{6}, public...))
	for _, c := range []struct{ vkey, want string }{
		{"b" + good[1:], "has the key id"},
		{good[:2] + "00000000" + good[10:], `has the key id "00000000", its name and public key give ` + good[2:10]},
		{good[:2] + strings.ToUpper(good[2:10]) + good[10:], "has the key id"},
		{good + "\n", "not canonical base64"},
		{good[:len(good)-2] + "\r" + good[len(good)-2:], "not canonical base64"},
		{strings.TrimRight(good, "="), "not canonical base64"},
	} {
		_, err := note.ParseKey(c.vkey)
		wantError(t, err, c.want)
	}
}

// What is wanted of the key of the seed 000102…1f was printed by OpenSSL 4.0.0.
func TestTheFingerprintIsOfWhatOpenSSLPrints(t *testing.T) {
	seed := make([]byte, mldsa.PrivateKeySize)
	for i := range seed {
		seed[i] = byte(i)
	}
	secret, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), seed)
	if err != nil {
		t.Fatal(err)
	}
	k, err := note.NewMLDSA44Key("a", secret.PublicKey().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if want := "SHA256:g3gycIxSNtlRWB8f3fK3mZGzQkoEhtFtod2tD9aXAb4"; k.Fingerprint() != want {
		t.Errorf("fingerprint is %s, OpenSSL gives %s", k.Fingerprint(), want)
	}
	info, err := x509.MarshalPKIXPublicKey(secret.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(info)
	if want := "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:]); k.Fingerprint() != want {
		t.Errorf("fingerprint is %s, the hash of the SubjectPublicKeyInfo %s", k.Fingerprint(), want)
	}
	for _, typ := range []note.Type{note.Ed25519, note.Cosignature} {
		if k := key(t, "a", typ); k.Fingerprint() != k.Public().Fingerprint() {
			t.Errorf("fingerprint of %s is %s, of its public key %s", k, k.Fingerprint(), k.Public().Fingerprint())
		}
	}
}

func TestAnMLDSA44CosignatureIsOverBothNamesTheTimeAndTheTree(t *testing.T) {
	root := checkpointRoot(t)
	longest := strings.Repeat("n", note.MaxName)
	for _, c := range []struct {
		cosigner, origin string
		size             uint64
	}{
		{"witness.example", "ledger.example", 3}, {"w", "l", 0}, {longest, longest, math.MaxInt64}, {"ключ", "Ledger/ä™", 1},
	} {
		k := latticeKey(t, c.cosigner)
		text := c.origin + "\n" + strconv.FormatUint(c.size, 10) + "\n" + base64.StdEncoding.EncodeToString(root) + "\n"
		for _, at := range []int64{1, 1_700_000_000, math.MaxInt64} {
			message, err := k.CosignatureMessage([]byte(text), at)
			if want := structure(c.cosigner, uint64(at), c.origin, 0, c.size, root); err != nil || !bytes.Equal(message, want) {
				t.Fatalf("message is %q, %v, want %q", message, err, want)
			}
			sig := latticeSign(t, c.cosigner, uint64(at), message)
			if len(sig) != 2428 {
				t.Fatalf("cosignature has %d bytes, not 2428", len(sig))
			}
			if got, err := k.VerifyCosignature([]byte(text), sig); err != nil || got != at {
				t.Errorf("cosignature of %d gives %d, %v", at, got, err)
			}
		}
	}
}

func TestTheMessageOfAKeyIsThatOfItsType(t *testing.T) {
	got, err := key(t, "witness.example", note.Cosignature).CosignatureMessage([]byte(checkpoint), 1_700_000_000)
	if want := note.CosignatureMessage([]byte(checkpoint), 1_700_000_000); err != nil || !bytes.Equal(got, want) {
		t.Errorf("message is %q, %v, want %q", got, err, want)
	}
	for _, k := range []note.Key{key(t, "witness.example", note.Ed25519), {}} {
		_, err := k.CosignatureMessage([]byte(checkpoint), 1)
		wantError(t, err, "cosignatures have 0x04 or 0x06")
	}
	for _, k := range []note.Key{key(t, "witness.example", note.Cosignature), latticeKey(t, "witness.example")} {
		for _, at := range []int64{-1, math.MinInt64} {
			_, err := k.CosignatureMessage([]byte(checkpoint), at)
			wantError(t, err, "cosignature of witness.example cannot have the time -")
		}
	}
	if m, err := key(t, "w", note.Cosignature).CosignatureMessage([]byte(checkpoint), 0); err != nil || len(m) == 0 {
		t.Errorf("an Ed25519 cosignature of the time 0: %v", err)
	}
}

func TestEveryBadMLDSA44CosignatureHasItsOwnError(t *testing.T) {
	const at = 1_700_000_000
	k, root := latticeKey(t, "witness.example"), checkpointRoot(t)
	signs := func(message []byte) []byte { return latticeSign(t, "witness.example", at, message) }
	message := func(cosigner string, time uint64, origin string, start, end uint64) []byte {
		return structure(cosigner, time, origin, start, end, root)
	}
	good := signs(message("witness.example", at, "ledger.example", 0, 3))
	if _, err := k.VerifyCosignature([]byte(checkpoint), good); err != nil {
		t.Fatal(err)
	}
	beyond := bytes.Clone(good)
	beyond[0] = 0x80
	sameKey, err := note.NewMLDSA44Key("other.example", k.PublicBytes())
	if err != nil {
		t.Fatal(err)
	}
	inContext, err := latticeSecret(t, "witness.example").SignDeterministic(message("witness.example", at, "ledger.example", 0, 3), &mldsa.Options{Context: "x"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		key  note.Key
		sig  []byte
		want string
	}{
		{"nothing", k, nil, "has 0 bytes, at least 8"},
		{"7 bytes", k, good[:7], "has 7 bytes, at least 8"},
		{"8 bytes", k, good[:8], "does not verify"},
		{"2427 bytes", k, good[:2427], "does not verify"},
		{"2429 bytes", k, append(bytes.Clone(good), 0), "does not verify"},
		{"72 bytes, of an Ed25519 witness", k, cosign(at), "does not verify"},
		{"by an Ed25519 witness of the name", key(t, "witness.example", note.Cosignature), good, "does not verify"},
		{"time of 2^63 and more", k, beyond, "has the time 9223372038554775808, at most 9223372036854775807 is allowed"},
		{"time 0", k, latticeSign(t, "witness.example", 0, message("witness.example", 0, "ledger.example", 0, 3)), "has the time 0"},
		{"another time is signed", k, signs(message("witness.example", at+1, "ledger.example", 0, 3)), "does not verify"},
		{"another witness", latticeKey(t, "other.example"), good, "cosignature of other.example does not verify"},
		{"the key under another name", sameKey, good, "cosignature of other.example does not verify"},
		{"another name is signed", k, signs(message("other.example", at, "ledger.example", 0, 3)), "does not verify"},
		{"another origin is signed", k, signs(message("witness.example", at, "ledger.exampl", 0, 3)), "does not verify"},
		{"the names change a byte", k, signs(message("witness.exampl", at, "eledger.example", 0, 3)), "does not verify"},
		{"a part of the tree is signed", k, signs(message("witness.example", at, "ledger.example", 2, 3)), "does not verify"},
		{"another size is signed", k, signs(message("witness.example", at, "ledger.example", 0, 4)), "does not verify"},
		{"the text is signed", k, signs([]byte(checkpoint)), "does not verify"},
		{"the Ed25519 message is signed", k, signs(note.CosignatureMessage([]byte(checkpoint), at)), "does not verify"},
		{"in a context", k, note.CosignatureBytes(at, inContext), "does not verify"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.key.VerifyCosignature([]byte(checkpoint), c.sig)
			wantError(t, err, c.want)
		})
	}
}

func TestNoByteOfAnMLDSA44CosignatureMayChange(t *testing.T) {
	k := latticeKey(t, "witness.example")
	good := latticeSign(t, "witness.example", 1_700_000_000, structure("witness.example", 1_700_000_000, "ledger.example", 0, 3, checkpointRoot(t)))
	for i := range good {
		good[i] ^= 1
		if _, err := k.VerifyCosignature([]byte(checkpoint), good); err == nil {
			t.Errorf("verifies with byte %d changed", i)
		}
		good[i] ^= 1
	}
}

const rootLine = "qINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs="

func TestAnMLDSA44KeySignsNoTextThatIsNotACheckpointOfThreeLines(t *testing.T) {
	k := latticeKey(t, "witness.example")
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "has 0 line feeds"},
		{"two lines", "ledger.example\n3\n", "has 2 line feeds"},
		{"an extension line", checkpoint + "extension\n", "has 4 line feeds"},
		{"no line feed at the end", strings.TrimSuffix(checkpoint, "\n"), "has 2 line feeds"},
		{"a piece of a line at the end", checkpoint + "x", "has 3 line feeds, three lines that end in one are needed"},
		{"an empty line before", "\n" + checkpoint, "has 4 line feeds"},
		{"no origin", "\n3\n" + rootLine + "\n", "origin of the checkpoint: the key name is empty"},
		{"origin of 256 bytes", strings.Repeat("n", 256) + "\n3\n" + rootLine + "\n", "origin of the checkpoint: the key name has 256 bytes"},
		{"origin with a plus", "a+b\n3\n" + rootLine + "\n", "has the character '+'"},
		{"origin with a space", "a b\n3\n" + rootLine + "\n", "has the character ' '"},
		{"origin that is not UTF-8", "a\xff\n3\n" + rootLine + "\n", "not valid UTF-8"},
		{"no size", "l\n\n" + rootLine + "\n", `size of the checkpoint: "" is not a decimal`},
		{"leading zero", "l\n03\n" + rootLine + "\n", `size of the checkpoint: "03" is not a decimal`},
		{"sign", "l\n+3\n" + rootLine + "\n", `size of the checkpoint: "+3" is not a decimal`},
		{"size of 2^63", "l\n9223372036854775808\n" + rootLine + "\n", "below 2^63"},
		{"carriage returns", "l\n3\r\n" + rootLine + "\n", "is not a decimal"},
		{"carriage return at the end", "l\n3\n" + rootLine + "\r\n", "is not canonical base64"},
		{"root without padding", "l\n3\n" + strings.TrimRight(rootLine, "=") + "\n", "is not canonical base64"},
		{"root with unused bits", "l\n3\n" + strings.Replace(rootLine, "s=", "t=", 1) + "\n", "is not canonical base64"},
		{"root of 31 bytes", "l\n3\n" + base64.StdEncoding.EncodeToString(make([]byte, 31)) + "\n", "root of the checkpoint has 31 bytes, not 32"},
		{"root of 33 bytes", "l\n3\n" + base64.StdEncoding.EncodeToString(make([]byte, 33)) + "\n", "root of the checkpoint has 33 bytes, not 32"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := k.CosignatureMessage([]byte(c.text), 1)
			wantError(t, err, c.want)
			_, verifyErr := k.VerifyCosignature([]byte(c.text), note.CosignatureBytes(1, make([]byte, mldsa.MLDSA44SignatureSize)))
			wantError(t, verifyErr, c.want)
		})
	}
}

// FuzzCosignatureMessage asks of every text that an ML-DSA-44 key signs that the
// message says it all: the text can be printed from it.
func FuzzCosignatureMessage(f *testing.F) {
	for _, s := range []string{checkpoint, "l\n0\n" + rootLine + "\n", "", "\n\n\n", checkpoint + "x\n", "l\n03\n" + rootLine + "\n"} {
		f.Add([]byte(s), int64(1_700_000_000))
	}
	k := latticeKey(f, "witness.example")
	f.Fuzz(func(t *testing.T, text []byte, at int64) {
		m, err := k.CosignatureMessage(text, at)
		if err != nil {
			return
		}
		m, ok := bytes.CutPrefix(m, append([]byte("subtree/v1\n\x00\x0f"), "witness.example"...))
		if !ok || at < 1 || binary.BigEndian.Uint64(m) != uint64(at) {
			t.Fatalf("message of %q at %d is %q", text, at, m)
		}
		m = m[8:]
		origin, rest := m[1:1+m[0]], m[1+m[0]:]
		size := strconv.FormatUint(binary.BigEndian.Uint64(rest[8:]), 10)
		printed := string(origin) + "\n" + size + "\n" + base64.StdEncoding.EncodeToString(rest[16:]) + "\n"
		if printed != string(text) || binary.BigEndian.Uint64(rest) != 0 || len(rest) != 48 {
			t.Fatalf("message of %q says %q", text, printed)
		}
	})
}
