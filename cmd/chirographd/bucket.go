package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/ledger/objects"
)

// bucketFlags say in which bucket a ledger is.
type bucketFlags struct{ bucket string }

func (f *bucketFlags) flags(c *cobra.Command) {
	c.Flags().StringVar(&f.bucket, "bucket", "", "the ledger is in the bucket `NAME`")
}

func openBucket(bucketFlags) (objects.Bucket, error) { return nil, errors.New("not built") }

func probedOnce(context.Context, string, *bucketFlags, time.Time) error {
	return errors.New("not built")
}
