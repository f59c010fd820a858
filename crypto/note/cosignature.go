package note

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
)

const timeSize = 8

// CosignatureMessage returns what an Ed25519 cosigner signs when it has seen the
// checkpoint of this text at a time, in POSIX seconds (c2sp.org/tlog-cosignature,
// "Ed25519 signed message").
func CosignatureMessage(text []byte, time int64) []byte {
	b := append([]byte("cosignature/v1\ntime "), strconv.FormatInt(time, 10)...)
	b = append(b, '\n')
	return append(b, text...)
}

// CosignatureMessage returns what key k signs when it has seen the checkpoint of this
// text at a time, in POSIX seconds. A key of type Cosignature signs [CosignatureMessage],
// with the text whatever it is. One of type MLDSA44 signs its own name, the time,
// which is not 0, and what the three lines of the text say; a text that is no
// checkpoint of three lines it cannot sign.
func (k Key) CosignatureMessage(text []byte, time int64) ([]byte, error) {
	if err := k.mayCosign(); err != nil {
		return nil, err
	}
	if time < 0 {
		return nil, fmt.Errorf("a cosignature of %s cannot have the time %d", k.name, time)
	}
	if k.typ == MLDSA44 {
		return k.subtreeMessage(text, time)
	}
	return CosignatureMessage(text, time), nil
}

func (k Key) mayCosign() error {
	if k.typ != Cosignature && k.typ != MLDSA44 {
		return fmt.Errorf("key %s has the type %#02x, cosignatures have %#02x or %#02x", k.name, byte(k.typ), byte(Cosignature), byte(MLDSA44))
	}
	return nil
}

// CosignatureBytes returns the timestamped_signature of a signature over
// [Key.CosignatureMessage].
func CosignatureBytes(time int64, sig []byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(time)), sig...)
}

// VerifyCosignature verifies sig, a timestamped_signature of key k over the
// checkpoint of this text, and returns its time in POSIX seconds, which is not 0 for
// a key of type MLDSA44.
func (k Key) VerifyCosignature(text, sig []byte) (time int64, err error) {
	if err := k.mayCosign(); err != nil {
		return 0, err
	}
	if len(sig) < timeSize {
		return 0, fmt.Errorf("cosignature of %s has %d bytes, at least %d are needed", k.name, len(sig), timeSize)
	}
	t := binary.BigEndian.Uint64(sig)
	if t > math.MaxInt64 {
		return 0, fmt.Errorf("cosignature of %s has the time %d, at most %d is allowed", k.name, t, int64(math.MaxInt64))
	}
	message, err := k.CosignatureMessage(text, int64(t))
	if err != nil {
		return 0, err
	}
	verify := k.public.Verify
	if k.typ == MLDSA44 {
		verify = k.verifyMLDSA44
	}
	if !verify(message, sig[timeSize:]) {
		return 0, fmt.Errorf("cosignature of %s does not verify", k.name)
	}
	return int64(t), nil
}
