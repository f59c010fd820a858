package faults

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// An onlooker keeps everything that has left a ledger.
type onlooker struct {
	mu    sync.Mutex
	acked map[record.ID]acknowledgement
	heads map[uint64]head // by size
	err   error           // the first two that disagree
}

// An acknowledgement is what a submitter holds.
type acknowledgement struct {
	index   uint64
	entry   []byte
	receipt []byte // the first
}

type head struct {
	root tlog.Hash
	who  string // has seen it first
}

// saw keeps a checkpoint that somebody has seen.
func (o *onlooker) saw(who string, c tlog.SignedCheckpoint) {
	o.mu.Lock()
	defer o.mu.Unlock()
	first, ok := o.heads[c.Size]
	switch {
	case !ok:
		if o.heads == nil {
			o.heads = make(map[uint64]head)
		}
		o.heads[c.Size] = head{c.Root, who}
	case first.root != c.Root && o.err == nil:
		o.err = fmt.Errorf("two checkpoints of size %d: %s has seen the root %s, %s %s", c.Size, first.who, first.root, who, c.Root)
	}
}

func (o *onlooker) acknowledged(id record.ID) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ok := o.acked[id]
	return ok
}

// snapshot returns what the onlooker has seen until now.
func (o *onlooker) snapshot() *onlooker {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := &onlooker{acked: make(map[record.ID]acknowledgement, len(o.acked)), heads: make(map[uint64]head, len(o.heads)), err: o.err}
	for id, a := range o.acked {
		out.acked[id] = a
	}
	for size, h := range o.heads {
		out.heads[size] = h
	}
	return out
}

// verified has the receipts that hold, so that each is verified once.
var verified struct {
	sync.Mutex
	receipts map[string]*verify.Registration
}

const verifiedMost = 20_000

func (w *world) verify(receipt []byte) (*verify.Registration, error) {
	key := string(w.policy) + string(receipt)
	verified.Lock()
	reg, ok := verified.receipts[key]
	verified.Unlock()
	if ok {
		return reg, nil
	}
	reg, err := verify.Receipt(w.parsed, receipt)
	if err != nil {
		return nil, err
	}
	verified.Lock()
	defer verified.Unlock()
	if verified.receipts == nil || len(verified.receipts) > verifiedMost {
		verified.receipts = make(map[string]*verify.Registration)
	}
	verified.receipts[key] = reg
	return reg, nil
}

// receipt verifies a receipt that came for a record, and keeps it.
func (w *world) receipt(r *record.Record, receipt []byte) error {
	reg, err := w.verify(receipt)
	if err != nil {
		return fmt.Errorf("receipt of %s: %w", r.ID(), err)
	}
	if reg.Record.ID() != r.ID() {
		return fmt.Errorf("receipt of %s is of %s", r.ID(), reg.Record.ID())
	}
	proof, err := tlog.ParseProof(receipt)
	if err != nil {
		return err
	}
	w.seen.saw("a submitter", proof.Checkpoint)
	o := w.seen
	o.mu.Lock()
	defer o.mu.Unlock()
	first, ok := o.acked[r.ID()]
	if !ok {
		if o.acked == nil {
			o.acked = make(map[record.ID]acknowledgement)
		}
		o.acked[r.ID()] = acknowledgement{reg.Index, proof.Extra, receipt}
		return nil
	}
	if first.index != reg.Index || !bytes.Equal(first.entry, proof.Extra) {
		return fmt.Errorf("record %s was acknowledged as entry %d, and now as another, %d", r.ID(), first.index, reg.Index)
	}
	return nil
}

// guarded adds what the guard on a disk has: it may have left.
func (w *world) guarded(disk vfs.FS) {
	for _, slot := range []string{"checkpoint.0", "checkpoint.1"} {
		f, err := disk.Open(disk.PathJoin(guardDir, slot))
		if err != nil {
			continue
		}
		b, err := io.ReadAll(f)
		if err == nil {
			// A torn one has not left.
			if c, err := tlog.ParseSignedCheckpoint(b); err == nil && home.Public().Verify(c.Text(), c.Note.Signatures[0].Bytes) {
				w.seen.saw("the guard", c)
			}
		}
		f.Close()
	}
}

// kept demands that a log that has just started has what was acknowledged.
func (o *onlooker) kept(v *ledger.View) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, a := range o.acked {
		if index, ok, err := v.Index(id); err != nil || !ok || index != a.index {
			return fmt.Errorf("record %s was acknowledged as entry %d, after the start it is %d, %v, %v", id, a.index, index, ok, err)
		}
	}
	return nil
}

// check demands that a log has all that was seen, and goes on from it. Leaves are the
// leaf hashes of the log's entries.
func (o *onlooker) check(v *ledger.View, leaves []tlog.Hash, w *world) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return o.err
	}
	for id, a := range o.acked {
		entry, err := v.Entry(a.index)
		if err != nil || !bytes.Equal(entry, a.entry) {
			return fmt.Errorf("record %s was acknowledged as entry %d; there is another, or none: %v", id, a.index, err)
		}
		if _, err := w.verify(a.receipt); err != nil {
			return fmt.Errorf("the receipt of %s no longer holds: %w", id, err)
		}
	}
	roots := make(map[uint64]tlog.Hash)
	tree := tlog.NewTree()
	for _, leaf := range leaves {
		if _, ok := o.heads[tree.Size()]; ok {
			roots[tree.Size()] = tree.Root()
		}
		tree.Append(leaf, nil)
	}
	roots[tree.Size()] = tree.Root()
	for size, h := range o.heads {
		switch root, ok := roots[size]; {
		case !ok:
			return fmt.Errorf("%s has seen a checkpoint of size %d, the log has %d entries", h.who, size, len(leaves))
		case root != h.root:
			return fmt.Errorf("%s has seen the root %s of size %d, the log gives %s", h.who, h.root, size, root)
		}
	}
	return nil
}
