package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/ledger/objects"
)

// freezeBucket freezes the log that is in a bucket, where all that it has is public.
func (z *freezing) freezeBucket(ctx context.Context) error {
	key, err := readKey(z.dir)
	if err == nil {
		err = z.means(key)
	}
	if err == nil {
		err = mustBeNodeOf(z.dir, z.bucket)
	}
	if err != nil {
		return err
	}
	b, err := z.bucketFlags.open()
	if err != nil {
		return err
	}
	defer b.Close()
	r := &objects.Register{Bucket: b, Key: key, Random: rand.Reader, Trouble: sayTrouble(z.stderr)}
	h, _, err := r.Read(ctx)
	if err != nil {
		return err
	}
	if h.State == objects.Frozen {
		_, err := fmt.Fprintf(z.stdout, "%s: was frozen before, with %s\n", key.Name(), entries(h.Checkpoint.Size))
		return err
	}
	what := "What is unfinished in it can't be amended, ended, stated or resolved any more then, and was not counted (chirographd freeze --list names it)."
	if err := z.ask(ctx, key.Name(), what); err != nil {
		return err
	}
	tree, err := r.Freeze(ctx)
	if errors.Is(err, objects.ErrUnsettled) {
		return fmt.Errorf("nothing was frozen: %w: it is busy, or no node leads: try again when one does", err)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(z.stdout, "%s: frozen for good, with %s, root %s\n", key.Name(), entries(tree.Size), tree.Root)
	return err
}

// mustBeNodeOf demands of a directory that its log is in that bucket: another may have a log of the
// same name, or this one as it was.
func mustBeNodeOf(dir, bucket string) error {
	m, err := readMoved(dir)
	if err == nil && m == nil {
		err = fmt.Errorf("%s is not the directory of a node: without --bucket the ledger that is in it is frozen", dir)
	}
	if err == nil {
		err = mustStillBeIn(dir, bucket)
	}
	if err != nil {
		return fmt.Errorf("nothing was frozen: %w", err)
	}
	return nil
}
