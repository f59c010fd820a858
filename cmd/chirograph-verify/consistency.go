package main

import (
	"fmt"
	"io"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// maxConsistency bounds a consistency proof: 63 hashes and a checkpoint.
const maxConsistency = note.MaxSize + 4096

type consistencyResult struct {
	Verdict    verify.Verdict  `json:"verdict"`
	Failure    *verify.Failure `json:"failure,omitempty"`
	Origin     string          `json:"origin,omitempty"`
	Old        *treeResult     `json:"old,omitempty"`
	New        *treeResult     `json:"new,omitempty"`
	Quorum     string          `json:"quorum,omitempty"`
	SeenBy     string          `json:"seen_by,omitempty"`
	LedgerOnly bool            `json:"ledger_only,omitempty"` // nobody but the ledger vouches for the trees
}

type treeResult struct {
	Size uint64 `json:"size"`
	Root string `json:"root"` // base64
}

func (o *options) consistency(p *verify.Policy, args []string) (int, error) {
	if len(args) != 2 {
		return 0, fmt.Errorf("%d files are named, an older checkpoint or receipt and a proof are needed; %w", len(args), errUsage)
	}
	old, err := readCheckpoint(args[0])
	if err != nil {
		return 0, err
	}
	proof, err := readFile(args[1], maxConsistency)
	if err != nil {
		return 0, err
	}
	x, err := verify.Consistency(p, old, proof)
	result := consistencyResult{Verdict: verify.Yes}
	if err != nil {
		result = consistencyResult{Verdict: verify.No, Failure: verify.Refused(err).Failure}
	} else {
		result.Origin, result.Quorum = x.New.Origin, p.Quorum
		result.Old = &treeResult{x.Old.Size, x.Old.Root.String()}
		result.New = &treeResult{x.New.Size, x.New.Root.String()}
		if result.LedgerOnly = p.LedgerOnly(x.New.Cosignatures); !result.LedgerOnly {
			result.SeenBy = record.FormatTime(x.SeenBy)
		}
	}
	if o.json {
		return code(result.Verdict), o.printJSON(result)
	}
	if result.Failure != nil {
		o.complain(args[1], result.Failure)
		return exitNo, nil
	}
	return exitYes, printExtension(o.stdout, result)
}

func printExtension(w io.Writer, r consistencyResult) error {
	const other = "vouches for these trees; others may have been shown another"
	var seen string
	switch {
	case r.Quorum == verify.NoQuorum:
		seen = "quorum none: one key " + other
	case r.LedgerOnly:
		seen = fmt.Sprintf("the ledger's own word alone meets the quorum %s: nobody else %s", r.Quorum, other)
	default:
		seen = fmt.Sprintf("the quorum %s had seen the newer by %s", r.Quorum, r.SeenBy)
	}
	_, err := fmt.Fprintf(w, "%s: yes: the tree of %s begins with the one of %d\n  %s\n", r.Origin, entries(r.New.Size), r.Old.Size, seen)
	return err
}

// entries counts the entries of a tree.
func entries(n uint64) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

// readCheckpoint reads a signed checkpoint, or the one in a receipt.
func readCheckpoint(path string) (tlog.SignedCheckpoint, error) {
	b, err := readFile(path, maxConsistency)
	if err != nil {
		return tlog.SignedCheckpoint{}, err
	}
	if proof, err := tlog.ParseProof(b); err == nil {
		return proof.Checkpoint, nil
	}
	c, err := tlog.ParseSignedCheckpoint(b)
	if err != nil {
		return c, fmt.Errorf("%s: neither a receipt nor a checkpoint: %w", path, err)
	}
	return c, nil
}
