package witnesstest

import (
	"net/http"
	"slices"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
)

// Judge returns the status with which c2sp.org/tlog-witness answers add-checkpoint, of a
// witness that cosigned a tree of that size and root last: 200 where it is to cosign.
// Other lines than the ledger's own are refused with 400, which the specification does
// not ask for: nobody is to send them.
func Judge(ledger note.Key, size uint64, root tlog.Hash, x tlog.Consistency) (status int) {
	c := x.Checkpoint
	switch {
	case slices.ContainsFunc(c.Note.Signatures, func(s note.Signature) bool { return s.Name != ledger.Name() }):
		return http.StatusBadRequest
	case c.Origin != ledger.Name():
		return http.StatusNotFound
	case !signed(c, ledger):
		return http.StatusForbidden
	case x.Old > c.Size:
		return http.StatusBadRequest
	case x.Old != size:
		return http.StatusConflict
	case tlog.VerifyConsistency(size, root, c.Size, c.Root, x.Hashes) != nil:
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// signed says whether the key has a line under the checkpoint, and all of its verify.
func signed(c tlog.SignedCheckpoint, key note.Key) (ok bool) {
	for _, s := range c.Note.Signatures {
		if s.By(key) && !key.Public().Verify(c.Note.Text, s.Bytes) {
			return false
		}
		ok = ok || s.By(key)
	}
	return ok
}
