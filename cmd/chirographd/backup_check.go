package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/check"
	"github.com/chirograph/chirograph/ledger/store"
)

// checkBackup checks a backup that has all but its name against its checkpoint, as
// chirographd check does. It keeps in the backup what it reads, and changes nothing in the
// store. It returns in what what is public does not meet the quorum: the ledger itself has
// it so, and a backup is then of more use than none.
func checkBackup(ctx context.Context, b subject, want tlog.SignedCheckpoint) (unmet []check.Finding, err error) {
	policy, quorum, err := publicPolicy(b)
	if err != nil {
		return nil, err
	}
	result, err := check.Run(ctx, check.Config{
		Store: store.Config{Dir: filepath.Join(b.dir, storeDir), Key: b.key}, Copy: b.isCopy, Node: b.isNode,
		Known: []store.GuardFile{{Name: checkpointFile, Checkpoint: want}}, State: filepath.Join(b.dir, checkState),
		Policy: policy, Quorum: quorum,
	})
	if err != nil {
		return nil, err
	}
	for _, f := range result.Findings {
		if f.Unmet {
			unmet = append(unmet, f)
			continue
		}
		err = errors.Join(err, errors.New(f.String()))
	}
	if got := result.Head.Checkpoint.Checkpoint; err == nil && got != want.Checkpoint {
		err = fmt.Errorf("its head is of size %d, root %s, and not of size %d, root %s", got.Size, got.Root, want.Size, want.Root)
	}
	return unmet, err
}
