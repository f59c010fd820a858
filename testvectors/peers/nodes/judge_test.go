//go:build linux

package nodes

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"syscall"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/audit"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// A history is the log as the bucket has it at the end: its records, and its root at every
// size.
type history struct {
	public  tlog.SignedCheckpoint
	entries [][]byte
	ids     []record.ID
	roots   []tlog.Hash
}

// client returns a client of the ledger at a URL, or where there is none of the bucket.
func (c *cluster) client(url string) *client.Client {
	cfg := client.Config{URL: url, Policy: c.policy}
	if url == "" {
		cfg.URL, cfg.HTTP = "http://bucket", &http.Client{Transport: objects.Transport{Bucket: c.bucket(c.engine.Endpoints[0])}}
	}
	cl, err := client.New(cfg)
	must(c.t, err)
	return cl
}

// read reads the whole log at a URL, or from the bucket, to what is public there.
func (c *cluster) read(ctx context.Context, url string) (*history, error) {
	cl := c.client(url)
	public, err := cl.Signed(ctx)
	if err != nil {
		return nil, err
	}
	h, tree := &history{public: public}, tlog.NewTree()
	h.roots = append(h.roots, tree.Root())
	for at := uint64(0); at < public.Size; at += tlog.MaxWidth {
		tile := tlog.Tile{Level: -1, Index: at / tlog.MaxWidth, Width: int(min(tlog.MaxWidth, public.Size-at))}
		b, err := cl.Tile(ctx, tile)
		if err != nil {
			return nil, err
		}
		list, err := tlog.ParseBundle(b, tile.Width)
		if err != nil {
			return nil, err
		}
		var hashes []byte
		for _, e := range list {
			hash := tlog.LeafHash(e)
			hashes = append(hashes, hash[:]...)
			tree.Append(hash, func(int, uint64, tlog.Hash) {})
			h.roots, h.entries = append(h.roots, tree.Root()), append(h.entries, e)
			h.ids = append(h.ids, verify.OpenEntry(e).Record.ID())
		}
		tile.Level = 0
		if b, err = cl.Tile(ctx, tile); err != nil || !bytes.Equal(b, hashes) {
			return nil, fmt.Errorf("%s has not the hashes of its bundle: %w", tile.Path(), err)
		}
	}
	if tree.Root() != public.Root {
		return nil, fmt.Errorf("%s: of %d entries the root %s is signed, theirs is %s", url, public.Size, public.Root, tree.Root())
	}
	return h, nil
}

// on says whether a tree is a beginning of the log.
func (h *history) on(c tlog.Checkpoint) error {
	switch {
	case c.Size >= uint64(len(h.roots)):
		return fmt.Errorf("it is of %d entries, the log has %d", c.Size, len(h.entries))
	case c.Root != h.roots[c.Size]:
		return fmt.Errorf("of %d entries it has the root %s, the log %s", c.Size, c.Root, h.roots[c.Size])
	}
	return nil
}

// tree reads the message of a signature.
func tree(s signature) (tlog.Checkpoint, error) {
	return tlog.ParseCheckpoint([]byte(s.message))
}

// split returns a signature for each tree that was signed and is not on the chain.
func (h *history) split(made []signature) (off []error) {
	for _, s := range made {
		c, err := tree(s)
		if err == nil {
			err = h.on(c)
		}
		if err != nil {
			off = append(off, fmt.Errorf("node %d signed at %s: %w", s.node, s.at.Format(time.TimeOnly), err))
		}
	}
	return off
}

// judge holds everything that was seen against the log as it is at the end.
func (c *cluster) judge(given []acknowledged) *history {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	c.ready()
	// What was signed and seen up to now; what comes after it goes on from the log.
	heads, checkpoints := c.seen.all()
	made := c.signer.signatures()
	c.public(ctx, made)
	h, err := c.read(ctx, "")
	must(c.t, err)
	for _, err := range h.split(made) {
		c.t.Error(err)
	}
	c.judgeSeen(h, heads, checkpoints)
	c.judgeRecords("the bucket", h, given)
	for _, n := range c.nodes {
		c.level(ctx, n, h)
		theirs, err := c.read(ctx, n.url)
		must(c.t, err)
		c.judgeRecords(n.Name, theirs, given)
		c.judgeReceipts(ctx, n, given)
	}
	for _, url := range []string{"", c.nodes[0].url, c.nodes[1].url, c.nodes[2].url} {
		c.audit(ctx, url, h.public.Size)
	}
	c.check()
	return h
}

// public waits until as much is public as was signed.
func (c *cluster) public(ctx context.Context, made []signature) {
	c.t.Helper()
	most := uint64(0)
	for _, s := range made {
		t, err := tree(s)
		must(c.t, err)
		most = max(most, t.Size)
	}
	bucket := c.client("")
	eventually(c.t, "what was signed is public", func() error {
		s, err := bucket.Signed(ctx)
		if err == nil && s.Size < most {
			err = fmt.Errorf("%d entries are, of %d", s.Size, most)
		}
		return err
	})
}

// level waits until a node shows all.
func (c *cluster) level(ctx context.Context, n *node, h *history) {
	c.t.Helper()
	cl := c.client(n.url)
	eventually(c.t, n.Name+" shows all", func() error {
		s, err := cl.Signed(ctx)
		if err == nil && s.Size < h.public.Size {
			err = fmt.Errorf("it shows %d entries of %d", s.Size, h.public.Size)
		}
		return err
	})
}

// judgeSeen demands that what was seen of the register and of what is public only grew, on
// the one chain.
func (c *cluster) judgeSeen(h *history, heads []objects.Head, checkpoints []tlog.SignedCheckpoint) {
	for i, head := range heads {
		if err := h.on(head.Checkpoint); err != nil {
			c.t.Errorf("head %d of epoch %d: %v", i, head.Epoch, err)
		}
		if i == 0 {
			continue
		}
		was := heads[i-1]
		if head.Checkpoint.Size < was.Checkpoint.Size || head.Epoch < was.Epoch || head.Epoch == was.Epoch && head.Owner != was.Owner && head.Owner != "" {
			c.t.Errorf("the head of epoch %d by %s with %d entries came after that of epoch %d by %s with %d",
				head.Epoch, head.Owner, head.Checkpoint.Size, was.Epoch, was.Owner, was.Checkpoint.Size)
		}
	}
	for i, public := range checkpoints {
		if err := h.on(public.Checkpoint); err != nil {
			c.t.Errorf("checkpoint %d: %v", i, err)
		}
		if i > 0 && public.Size < checkpoints[i-1].Size {
			c.t.Errorf("checkpoint of %d entries came after one of %d", public.Size, checkpoints[i-1].Size)
		}
	}
}

// judgeRecords demands that no record is there twice, and that each that was acknowledged is
// where it was said to be.
func (c *cluster) judgeRecords(where string, h *history, given []acknowledged) {
	at := make(map[record.ID]int, len(h.ids))
	for i, id := range h.ids {
		if first, ok := at[id]; ok {
			c.t.Errorf("%s: record %s is entry %d and entry %d", where, id, first, i)
		}
		at[id] = i
	}
	for _, a := range given {
		if a.index >= uint64(len(h.entries)) || h.ids[a.index] != a.id || !bytes.HasSuffix(h.entries[a.index], a.record) {
			c.t.Errorf("%s: record %s, acknowledged as entry %d of %d at %s, is not there", where, a.id, a.index, a.checkpoint.Size, a.at.Format(time.TimeOnly))
			continue
		}
		if err := h.on(a.checkpoint); err != nil {
			c.t.Errorf("%s: the receipt of entry %d: %v", where, a.index, err)
		}
	}
}

// judgeReceipts asks a node for the receipts of some records.
func (c *cluster) judgeReceipts(ctx context.Context, n *node, given []acknowledged) {
	cl := c.client(n.url)
	for i := 0; i < len(given); i += 1 + len(given)/50 {
		receipt, err := cl.Receipt(ctx, given[i].id)
		if err == nil && receipt.Index != given[i].index {
			err = fmt.Errorf("it is entry %d", receipt.Index)
		}
		if err != nil {
			c.t.Errorf("%s: the receipt of entry %d: %v", n.Name, given[i].index, err)
		}
	}
}

// clock is the clock that nodes have at the end.
func (c *cluster) clock() time.Time { return time.Now().Add(time.Duration(c.now.Load())) }

// audit audits the ledger at a URL, or from its bucket alone.
func (c *cluster) audit(ctx context.Context, url string, size uint64) {
	cl := c.client(url)
	cfg := audit.Config{Client: cl, Policy: c.policy, Dir: c.t.TempDir(), Clock: c.clock, Random: rand.Reader}
	do := audit.Run
	if url == "" { // a bucket says nothing of contracts
		var err error
		cfg.Copy, err = store.OpenCopy(store.Config{Dir: cfg.Dir, Key: c.key})
		must(c.t, err)
		defer cfg.Copy.Close()
		do = audit.Read
	}
	result, err := do(ctx, cfg)
	if err != nil || result.Finding != nil || result.Judged < size {
		c.t.Errorf("audit of %q: %+v, %v", url, result, err)
	}
}

// check ends the nodes, that which leads as a crash does, and has chirographd check what each
// has on its disk.
func (c *cluster) check() {
	leader := c.led()
	leader.Kill()
	for _, n := range c.nodes {
		if n != leader {
			n.terminate(c)
		}
		said, err := say(nil, "chirographd", "check", "--dir", n.dir, "--state", filepath.Join(c.t.TempDir(), "check"))
		if err != nil {
			c.t.Errorf("%s: %v", n.Name, err)
		} else {
			c.t.Logf("%s: %s", n.Name, bytes.TrimSpace([]byte(said)))
		}
	}
}

// terminate has a node end as an operator does.
func (n *node) terminate(c *cluster) {
	must(c.t, syscall.Kill(n.PID(), syscall.SIGTERM))
	eventually(c.t, n.Name+" ends", func() error {
		if !n.Ended() {
			return errors.New("it runs")
		}
		return nil
	})
}
