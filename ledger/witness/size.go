package witness

import (
	"context"
	"errors"
	"net/http"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// ErrAnother is what [Size] returns of a witness that refuses a checkpoint as of another
// tree than its own of that size.
var ErrAnother = errors.New("it has another tree of that size")

// Size returns how large the tree is that the witness at url has of the ledger that
// signed c, as it says: it is asked to cosign c once more, which it does where it has
// just that one, and which a refusal answers with its size. Nothing that has not left
// may be asked so. A nil transport is one of the package's own. It takes at most as
// long as a witness has to answer.
func Size(ctx context.Context, transport http.RoundTripper, url string, c tlog.SignedCheckpoint) (uint64, error) {
	base, err := parseURL(url)
	if err != nil {
		return 0, err
	}
	client := newClient(transport)
	if transport == nil {
		defer client.CloseIdleConnections()
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	x, err := exchange(ctx, client, http.MethodPost, base+"/add-checkpoint", tlog.Consistency{Old: c.Size, Checkpoint: ownLines(c)}.Bytes())
	switch {
	case err != nil:
		return 0, err
	case x.status == http.StatusOK:
		return c.Size, nil
	case x.status == http.StatusUnprocessableEntity:
		return c.Size, ErrAnother
	case x.status != http.StatusConflict:
		return 0, x.unexpected()
	case x.err != nil:
		return 0, x.err
	}
	size, err := parseSize(x.body)
	if err == nil && size == c.Size || err != nil && len(x.body) == 0 {
		return c.Size, ErrAnother // as v1.0.0 refuses another root
	}
	return size, err
}
