package ledger

import (
	"fmt"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
)

// A signer signs checkpoints as the ledger.
type signer struct {
	key      note.Key
	sign     func(message []byte) ([]byte, error)
	cosigner *Cosigner // nil for none
	clock    func() time.Time
}

// checkpoint returns the checkpoint with the ledger's own lines. Whether the first is
// one of the key, the store asks before it takes it; the second is verified here.
func (s signer) checkpoint(c tlog.Checkpoint) (tlog.SignedCheckpoint, error) {
	signed, err := s.lines(c)
	if err != nil {
		return tlog.SignedCheckpoint{}, fmt.Errorf("%w the checkpoint of size %d: %w", ErrUnsigned, c.Size, err)
	}
	return signed, nil
}

func (s signer) lines(c tlog.Checkpoint) (tlog.SignedCheckpoint, error) {
	text := c.Text()
	sig, err := s.sign(text)
	if err != nil {
		return tlog.SignedCheckpoint{}, err
	}
	n := note.Note{Text: text, Signatures: []note.Signature{s.key.Signature(sig)}}
	if s.cosigner != nil {
		line, err := s.cosigner.line(text, s.clock().Unix())
		if err != nil {
			return tlog.SignedCheckpoint{}, err
		}
		n.Signatures = append(n.Signatures, line)
	}
	return tlog.ParseSignedCheckpoint(n.Bytes())
}

// line returns the cosigner's line, which it has verified, for the checkpoint of this
// text and a time in POSIX seconds.
func (c *Cosigner) line(text []byte, time int64) (note.Signature, error) {
	message, err := c.Key.CosignatureMessage(text, time)
	if err != nil {
		return note.Signature{}, err
	}
	sig, err := c.Sign(message)
	if err != nil {
		return note.Signature{}, err
	}
	sig = note.CosignatureBytes(time, sig)
	if _, err := c.Key.VerifyCosignature(text, sig); err != nil {
		return note.Signature{}, err
	}
	return c.Key.Signature(sig), nil
}

// check says whether s signs with the secret halves of its keys. It signs what is
// signed already, so that nothing new can leave by it.
func (s signer) check(c tlog.SignedCheckpoint) error {
	signed, err := s.checkpoint(c.Checkpoint)
	if err != nil {
		return err
	}
	if line := signed.Note.Signatures[0]; !s.key.Public().Verify(c.Text(), line.Bytes) {
		return fmt.Errorf("what signs for the ledger has not the secret key of %s", s.key)
	}
	return nil
}
