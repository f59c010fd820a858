package check

import (
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/ledger/store"
)

const published = "published checkpoint"

// signatures holds the head, and what is public, against the policy. Lines of keys that
// are not in it say nothing: their witnesses may have been asked once.
func (c *checker) signatures() error {
	if c.cfg.Policy == nil {
		return nil
	}
	if c.own && !c.cfg.Copy {
		if _, err := c.cfg.Policy.Checkpoint(c.head.Checkpoint); err != nil {
			if err := c.found("checkpoint", "%s", err); err != nil {
				return err
			}
		}
	}
	public, err := c.raw.Published()
	missing := errors.Is(err, store.ErrNotFound)
	switch {
	case missing && (!c.own || c.cfg.Copy), err != nil && !missing:
		return nil // found elsewhere, or a copy shows nothing yet
	case missing:
		public = c.head
	}
	cosigned, err := c.cfg.Policy.Checkpoint(public.Checkpoint)
	switch {
	case err != nil && missing:
		return nil // found above
	case err != nil:
		return c.found(published, "%s", err)
	case !c.cfg.Quorum || public.Checkpoint.Size == 0:
		return nil // an empty log, nobody has to have seen
	}
	if _, err = c.cfg.Policy.SeenBy(cosigned); err == nil {
		return nil
	}
	if missing {
		return c.unmet("it is not there, and what the ledger would show for it is not witnessed: %s", err)
	}
	switch {
	case c.cfg.Copy && c.cfg.Node:
		return c.unmet("%s: it lost cosignatures, or the ledger asks these witnesses only since then: the nodes ask them again", err)
	case c.cfg.Copy:
		return c.unmet("%s: it lost cosignatures: chirographd follow gets them again", err)
	}
	return c.unmet("%s: it lost cosignatures, or the ledger asks these witnesses only since then: chirographd serve asks them again", err)
}

// frozen holds the mark of a frozen ledger against its head. A copy has none.
func (c *checker) frozen() error {
	const where = "mark that the ledger is frozen"
	frozen, err := c.raw.Frozen(c.head)
	switch {
	case err != nil:
		return c.found(where, "%s", err)
	case frozen && c.cfg.Copy:
		return c.found(where, "it is in a copy")
	}
	return nil
}

// unmet tells that what is public has not the cosignatures that the policy asks for.
func (c *checker) unmet(format string, args ...any) error {
	return c.add(Finding{Where: published, What: fmt.Sprintf(format, args...), Unmet: true})
}
