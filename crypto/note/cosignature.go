package note

import (
	"encoding/binary"
	"errors"
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

// CosignatureBytes returns the timestamped_signature of a signature over
// [CosignatureMessage].
func CosignatureBytes(time int64, sig []byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(time)), sig...)
}

// VerifyCosignature verifies sig, a timestamped_signature of key k over the
// checkpoint of this text, and returns its time in POSIX seconds.
func (k Key) VerifyCosignature(text, sig []byte) (time int64, err error) {
	if k.typ != Cosignature {
		return 0, fmt.Errorf("key %s has the type %#02x, cosignatures have %#02x", k.name, byte(k.typ), byte(Cosignature))
	}
	if len(sig) < timeSize {
		return 0, fmt.Errorf("cosignature of %s has %d bytes, at least %d are needed", k.name, len(sig), timeSize)
	}
	t := binary.BigEndian.Uint64(sig)
	if t > math.MaxInt64 {
		return 0, fmt.Errorf("cosignature of %s has the time %d, at most %d is allowed", k.name, t, int64(math.MaxInt64))
	}
	if !k.public.Verify(CosignatureMessage(text, int64(t)), sig[timeSize:]) {
		return 0, errors.New("cosignature of " + k.name + " does not verify")
	}
	return int64(t), nil
}
