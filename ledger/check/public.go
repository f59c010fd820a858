package check

import (
	"errors"

	"github.com/chirograph/chirograph/ledger/store"
)

// signatures holds the head, and what is public, against the policy. Lines of keys that
// are not in it say nothing: their witnesses may have been asked once.
func (c *checker) signatures() error {
	if c.cfg.Policy == nil {
		return nil
	}
	if c.own {
		if _, err := c.cfg.Policy.Checkpoint(c.head.Checkpoint); err != nil {
			if err := c.found("checkpoint", "%s", err); err != nil {
				return err
			}
		}
	}
	const where = "published checkpoint"
	public, err := c.raw.Published()
	missing := errors.Is(err, store.ErrNotFound)
	switch {
	case missing && !c.own, err != nil && !missing:
		return nil // found elsewhere
	case missing:
		public = c.head
	}
	cosigned, err := c.cfg.Policy.Checkpoint(public.Checkpoint)
	switch {
	case err != nil && missing:
		return nil // found above
	case err != nil:
		return c.found(where, "%s", err)
	case !c.cfg.Quorum || public.Checkpoint.Size == 0:
		return nil // an empty log, nobody has to have seen
	}
	if _, err = c.cfg.Policy.SeenBy(cosigned); err == nil {
		return nil
	}
	if missing {
		return c.found(where, "it is not there, and what the ledger would show for it is not witnessed: %s", err)
	}
	return c.found(where, "%s: it lost cosignatures, or the ledger asks these witnesses only since then: chirographd serve asks them again", err)
}
