package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
)

// A fork is a receipt whose tree and one that is held are not of one history.
type fork struct {
	held, got tlog.SignedCheckpoint
	why       string
}

func (f *fork) Error() string {
	return fmt.Sprintf("%s has signed two pasts: %d entries with the root %s, which you hold, and %d with %s: %s",
		f.held.Origin, f.held.Size, f.held.Root, f.got.Size, f.got.Root, f.why)
}

// checkpoints returns the checkpoints, one of a size, from the smallest tree on. Two of one size have one root, or the error is a
// [*fork].
func checkpoints(receipts ...tlog.SignedCheckpoint) ([]tlog.SignedCheckpoint, error) {
	slices.SortStableFunc(receipts, func(a, b tlog.SignedCheckpoint) int { return cmp.Compare(a.Size, b.Size) })
	var distinct []tlog.SignedCheckpoint
	for _, c := range receipts {
		last := len(distinct) - 1
		switch {
		case last < 0 || distinct[last].Size != c.Size:
			distinct = append(distinct, c)
		case distinct[last].Root != c.Root:
			return nil, &fork{distinct[last], c, "no tree has two roots"}
		}
	}
	return distinct, nil
}

// heldBy returns the checkpoints of all receipts of a dossier.
func heldBy(d *dossier.Dossier) []tlog.SignedCheckpoint {
	var held []tlog.SignedCheckpoint
	for _, r := range d.Records() {
		for _, receipt := range []*dossier.Receipt{d.FirstReceipt(r.ID()), d.Receipt(r.ID())} {
			if receipt != nil {
				held = append(held, receipt.Proof.Checkpoint)
			}
		}
	}
	return held
}

// A keeper takes receipts of one ledger for a dossier. It holds them back until it is
// shown that their trees, and those of the receipts that the dossier has, are of one
// history.
type keeper struct {
	*app
	path    string
	dossier *dossier.Dossier
	client  *client.Client
	held    []*client.Receipt     // back, in the order in which they came
	head    tlog.SignedCheckpoint // a tree that begins with every one in the dossier; none before the first is proved
	tiles   map[tlog.Tile][]byte  // that were read under head, each as wide as it is there
}

func (a *app) newKeeper(path string, d *dossier.Dossier, c *client.Client) *keeper {
	return &keeper{app: a, path: path, dossier: d, client: c, tiles: make(map[tlog.Tile][]byte)}
}

// take holds a verified receipt back until [keeper.settle].
func (k *keeper) take(receipt *client.Receipt) { k.held = append(k.held, receipt) }

// settle puts what is held back into the dossier, and returns it, when all trees are of
// one history. A receipt that shows a fork is written beside the dossier, and nothing
// is put in. Whatever the error, nothing is held back any more.
func (k *keeper) settle(ctx context.Context) ([]registeredResult, error) {
	held := k.held
	if err := k.prove(ctx); err != nil {
		k.held = nil
		return nil, err
	}
	return k.store(held)
}

// settleNew is settle for what was registered just now: where the history cannot be
// asked for, a receipt of a record that had none is put in all the same. It replaces
// nothing, and the record is registered.
func (k *keeper) settleNew(ctx context.Context) ([]registeredResult, error) {
	held := k.held
	err := k.prove(ctx)
	var f *fork
	switch {
	case errors.As(err, &f):
		k.held = nil
		return nil, err
	case err != nil:
		held = slices.DeleteFunc(held, func(r *client.Receipt) bool { return k.dossier.Receipt(r.Record.ID()) != nil })
		err = hint(fmt.Errorf("the receipts are kept, and whether the ledger shows one history was not found out: %w", err), "chirograph update %s asks again", plain(k.path))
	}
	results, failed := k.store(held)
	return results, errors.Join(err, failed)
}

func (k *keeper) store(held []*client.Receipt) (results []registeredResult, err error) {
	k.held = nil
	receipts := make([][]byte, len(held))
	for i, r := range held {
		k.sayDropped(r.Record)
		receipts[i] = r.Bytes
		results = append(results, result(r))
	}
	return results, k.dossier.AddReceipts(receipts)
}

// prove finds out whether the trees of what is held back, and those of the dossier, are
// of one history. They are compared with one of them, the largest, by its tiles, which
// stay as they are whatever the ledger publishes meanwhile.
func (k *keeper) prove(ctx context.Context) error {
	if len(k.held) == 0 {
		return nil
	}
	var got []tlog.SignedCheckpoint
	for _, r := range k.held {
		got = append(got, r.Checkpoint.SignedCheckpoint)
	}
	known := []tlog.SignedCheckpoint{k.head}
	if k.head.Size == 0 {
		known = heldBy(k.dossier)
	}
	if len(known) == 0 {
		known = got[:1]
	}
	last, err := k.largest(ctx, known, &got)
	if err != nil {
		return err
	}
	trees, err := checkpoints(slices.Concat(known, got)...)
	if err != nil {
		return k.refuse(err)
	}
	shown := got[len(got)-1].Size
	for _, tree := range trees {
		err := k.begins(ctx, last, tree)
		var answered *client.Refusal
		switch {
		case err == nil:
			continue
		case last.Size > shown && (errors.As(err, &answered) || errors.Is(err, errTiles)):
			return older(k.client, shown, last.Size)
		}
		var f *fork
		if errors.As(err, &f) && last.Size > shown {
			f.held, f.got = f.got, f.held
		}
		return k.refuse(err)
	}
	k.head = last
	return nil
}

// largest returns the largest tree. Where what was got is of a smaller one than what is
// known, the ledger is asked again: the answer may have come from a cache.
func (k *keeper) largest(ctx context.Context, known []tlog.SignedCheckpoint, got *[]tlog.SignedCheckpoint) (tlog.SignedCheckpoint, error) {
	bySize := func(a, b tlog.SignedCheckpoint) int { return cmp.Compare(a.Size, b.Size) }
	newest := slices.MaxFunc(known, bySize)
	if slices.MaxFunc(*got, bySize).Size < newest.Size {
		again, err := k.client.Receipt(ctx, k.held[0].Record.ID())
		if err != nil {
			return tlog.SignedCheckpoint{}, err
		}
		k.held = append(k.held, again)
		*got = append(*got, again.Checkpoint.SignedCheckpoint)
	}
	slices.SortStableFunc(*got, bySize)
	if last := (*got)[len(*got)-1]; last.Size >= newest.Size {
		return last, nil
	}
	return newest, nil
}

func older(c *client.Client, shown, held uint64) error {
	return hint(no("%s shows %s, and you hold a receipt under %d", c.URL(), counted(int(shown), "entry", "entries"), held),
		"it shows an older state, or went back; what you hold stays valid; "+behind+", and then the operator")
}

// errTiles is the error of tiles that are not those of the tree that was asked for.
var errTiles = errors.New("the tiles are not of that tree")

// begins returns nil when the tree last begins with the other: a [*fork] if it does
// not.
func (k *keeper) begins(ctx context.Context, last, other tlog.SignedCheckpoint) error {
	if last.Size == other.Size {
		return nil
	}
	read := func(t tlog.Tile) ([]byte, error) { return k.tile(ctx, t, last.Size) }
	hashes, err := tlog.ConsistencyProof(read, other.Size, last.Size)
	if err != nil {
		return err
	}
	root, err := tlog.Root(read, other.Size)
	if err != nil {
		return err
	}
	if err := tlog.VerifyConsistency(other.Size, root, last.Size, last.Root, hashes); err != nil {
		return fmt.Errorf("%s: tree of %d entries, with the root %s: %w", k.client.URL(), last.Size, last.Root, errTiles)
	}
	if root != other.Root {
		return &fork{other, last, "the one does not begin with the other"}
	}
	return nil
}

// keptTiles is how many tiles are kept: 8 MiB, and more than two trees next to each
// other have in common.
const keptTiles = 1024

// tile is a tlog.TileReader of the tree of that size, of which the tiles of a smaller
// one are the beginnings.
func (k *keeper) tile(ctx context.Context, t tlog.Tile, size uint64) ([]byte, error) {
	whole := t
	whole.Width = tlog.TileWidth(t.Level, t.Index, size)
	b, ok := k.tiles[whole]
	if !ok {
		var err error
		if b, err = k.client.Tile(ctx, whole); err != nil {
			return nil, err
		}
		if len(k.tiles) == keptTiles {
			clear(k.tiles)
		}
		k.tiles[whole] = b
	}
	return b[:t.Width*tlog.HashSize], nil
}

// sayDropped names the signatures here that the registered form does not have: it had
// enough without them.
func (k *keeper) sayDropped(registered *record.Record) {
	here := k.dossier.Record(registered.ID())
	if here == nil {
		return
	}
	var names []string
	for _, key := range here.Signed() {
		if !registered.SignedBy(key.Public()) {
			names = append(names, key.Name())
		}
	}
	if len(names) > 0 {
		k.say("%s was registered without the signature of %s, which it did not need", recordName(registered), strings.Join(names, ", "))
	}
}

// refuse keeps beside the dossier what was got and shows a fork, where the error is that
// of one: the receipts of the two trees, unless the dossier has them.
func (k *keeper) refuse(err error) error {
	var f *fork
	if !errors.As(err, &f) {
		return err
	}
	known := heldBy(k.dossier)
	var names []string
	for _, tree := range []tlog.SignedCheckpoint{f.held, f.got} {
		same := func(c tlog.SignedCheckpoint) bool { return c.Size == tree.Size && c.Root == tree.Root }
		i := slices.IndexFunc(k.held, func(r *client.Receipt) bool { return same(r.Checkpoint.SignedCheckpoint) })
		if i < 0 || slices.ContainsFunc(known, same) {
			continue
		}
		name, failed := keepBeside(k.path+".conflict.tlog-proof", k.held[i].Bytes)
		if failed != nil {
			return &negative{fmt.Errorf("%w; and the receipt that shows it could not be written: %w", err, failed)}
		}
		names = append(names, name)
	}
	switch len(names) {
	case 0:
		return hint(&negative{err}, "nothing was replaced; both receipts are in %s: keep it, they are evidence against the ledger", k.path)
	case 1:
		return hint(&negative{err}, "nothing was replaced; the other receipt is in %s: keep both, they are evidence against the ledger", names[0])
	}
	return hint(&negative{err}, "nothing was replaced; the receipts are in %s and %s: keep both, they are evidence against the ledger", names[0], names[1])
}

// theLedger demands that what answers at the client's URL says that it is the
// ledger: an answer that something is not there is no evidence of anything.
func theLedger(ctx context.Context, c *client.Client) error {
	_, p, err := client.Policy(ctx, nil, c.URL())
	if err != nil {
		return hint(fmt.Errorf("%s is no Chirograph ledger, or another than %s: %w", c.URL(), c.Ledger().Name(), err), "is the address right? --ledger URL")
	}
	if _, ok := p.Log(c.Ledger()); !ok {
		return hint(fmt.Errorf("%s is not the ledger %s, its policy names another", c.URL(), c.Ledger()), "is the address right? --ledger URL")
	}
	return nil
}
