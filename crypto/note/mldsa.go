package note

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"filippo.io/mldsa"
)

// mldsa44Info is what stands before an ML-DSA-44 public key in its
// SubjectPublicKeyInfo: the tags, and the OID 2.16.840.1.101.3.4.3.17.
const mldsa44Info = "\x30\x82\x05\x32\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x11\x03\x82\x05\x21\x00"

// NewMLDSA44Key returns the verifier key of type MLDSA44 of the 1,312 bytes of public
// under name. Every such string of bytes encodes one public key (FIPS 204, algorithm
// 23), which no other does.
func NewMLDSA44Key(name string, public []byte) (Key, error) {
	if err := CheckName(name); err != nil {
		return Key{}, err
	}
	if len(public) != mldsa.MLDSA44PublicKeySize {
		return Key{}, fmt.Errorf("ML-DSA-44 public key has %d bytes, not %d", len(public), mldsa.MLDSA44PublicKeySize)
	}
	return Key{name: name, typ: MLDSA44, mldsa: string(public)}.withID(), nil
}

// verifyMLDSA44 says whether sig is the ML-DSA-44 signature of message, with an empty
// context. Reading the public key takes a twentieth of the time of it all, so that it
// is not kept.
func (k Key) verifyMLDSA44(message, sig []byte) bool {
	public, err := mldsa.NewPublicKey(mldsa.MLDSA44(), []byte(k.mldsa))
	return err == nil && mldsa.Verify(public, message, sig, nil) == nil
}

// subtreeLabel is the first bytes of what an ML-DSA-44 cosigner signs.
const subtreeLabel = "subtree/v1\n\x00"

// subtreeMessage returns the cosigned_message of c2sp.org/tlog-cosignature, section
// "ML-DSA-44 signed message", of the whole tree of a checkpoint.
func (k Key) subtreeMessage(text []byte, time int64) ([]byte, error) {
	if time == 0 {
		return nil, fmt.Errorf("cosignature of %s has the time 0, which says nothing of when it saw the checkpoint", k.name)
	}
	origin, size, root, err := treeHead(text)
	if err != nil {
		return nil, err
	}
	b := append([]byte(subtreeLabel), byte(len(k.name)))
	b = append(b, k.name...)
	b = binary.BigEndian.AppendUint64(b, uint64(time))
	b = append(b, byte(len(origin)))
	b = append(b, origin...)
	b = binary.BigEndian.AppendUint64(b, 0)
	b = binary.BigEndian.AppendUint64(b, size)
	return append(b, root...), nil
}

const rootSize = 32

// treeHead reads the text of a checkpoint, which is three lines. More of them, which
// tlog-checkpoint allows, would not be in what is signed.
func treeHead(text []byte) (origin string, size uint64, root []byte, err error) {
	if n := bytes.Count(text, []byte("\n")); n != 3 || text[len(text)-1] != '\n' {
		return "", 0, nil, fmt.Errorf("checkpoint has %d line feeds, three lines that end in one are needed", n)
	}
	lines := strings.Split(string(text), "\n")
	if err := CheckName(lines[0]); err != nil {
		return "", 0, nil, fmt.Errorf("origin of the checkpoint: %w", err)
	}
	if size, err = ParseDecimal(lines[1]); err != nil {
		return "", 0, nil, fmt.Errorf("size of the checkpoint: %w", err)
	}
	if root, err = decodeBase64(lines[2]); err != nil || strings.Contains(lines[2], "\r") {
		return "", 0, nil, fmt.Errorf("root of the checkpoint: %.100q is not canonical base64", lines[2])
	}
	if len(root) != rootSize {
		return "", 0, nil, fmt.Errorf("root of the checkpoint has %d bytes, not %d", len(root), rootSize)
	}
	return lines[0], size, root, nil
}
