package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/check"
	"github.com/chirograph/chirograph/ledger/store"
)

// checkBackup checks a whole store against its checkpoint, as chirographd check does. It
// keeps in state what it reads, and changes nothing in the store.
func checkBackup(ctx context.Context, cfg store.Config, state string, want tlog.SignedCheckpoint) error {
	known := []store.GuardFile{{Name: checkpointFile, Checkpoint: want}}
	result, err := check.Run(ctx, check.Config{Store: cfg, Known: known, State: state})
	if err != nil {
		return err
	}
	for _, f := range result.Findings {
		err = errors.Join(err, errors.New(f.String()))
	}
	if got := result.Head.Checkpoint.Checkpoint; err == nil && got != want.Checkpoint {
		err = fmt.Errorf("its head is of size %d, root %s, and not of size %d, root %s", got.Size, got.Root, want.Size, want.Root)
	}
	return err
}
