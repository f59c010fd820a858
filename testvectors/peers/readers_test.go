package peers

import (
	"bytes"
	"slices"
	"testing"

	"filippo.io/torchwood"
	flog "github.com/transparency-dev/formats/log"
	fwitness "github.com/transparency-dev/formats/witness"
	xnote "golang.org/x/mod/sumdb/note"
	xtlog "golang.org/x/mod/sumdb/tlog"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// torchwoodTree returns the published tree as torchwood reads it by the ledger's own
// policy, and what reads its tiles.
func torchwoodTree(t testing.TB, l *ledger) (xtlog.Tree, *torchwood.TileFetcher) {
	t.Helper()
	fetcher, err := torchwood.NewTileFetcher(l.url, torchwood.WithHTTPClient(patient))
	if err != nil {
		t.Fatal(err)
	}
	data, err := fetcher.ReadEndpoint(t.Context(), "checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	policy, err := torchwood.ParsePolicy(get(t, l.url+"/policy"))
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := torchwood.VerifyCheckpoint(data, policy)
	if err != nil {
		t.Fatalf("torchwood: %v\n%s", err, data)
	}
	return c.Tree, fetcher
}

func TestTorchwoodReadsTheLog(t *testing.T) {
	l := startLedger(t)
	receipts := l.register(t, 300)
	tree, fetcher := torchwoodTree(t, l)
	if tree.N != 300 {
		t.Fatalf("torchwood reads a tree of %d entries", tree.N)
	}
	client, err := torchwood.NewClient(fetcher)
	if err != nil {
		t.Fatal(err)
	}
	entries := make(map[int64][]byte)
	for i, entry := range client.AllEntries(t.Context(), tree, 0) {
		entries[i] = bytes.Clone(entry)
	}
	if err := client.Err(); err != nil || len(entries) != 300 {
		t.Fatalf("torchwood reads %d entries, %v", len(entries), err)
	}
	policy, err := torchwood.ParsePolicy(get(t, l.url+"/policy"))
	if err != nil {
		t.Fatal(err)
	}
	for i, receipt := range receipts {
		p := parsed(t, receipt)
		if !bytes.Equal(entries[int64(p.Index)], p.Extra) {
			t.Fatalf("entry %d differs from that of its receipt", p.Index)
		}
		if err := torchwood.VerifyProof(policy, xtlog.RecordHash(p.Extra), receipt); err != nil {
			t.Fatalf("torchwood on the receipt of %d: %v", p.Index, err)
		}
		agreesOnProof(t, receipt, p)
		if i%10 > 0 {
			continue
		}
		now := parsed(t, get(t, l.url+"/records/"+l.revocationOf(t, i).ID().String()+"/receipt"))
		entry, hashes, err := client.Entry(t.Context(), tree, int64(p.Index))
		if err != nil || !bytes.Equal(entry, p.Extra) || !slices.Equal(ours(hashes), now.Hashes) {
			t.Fatalf("torchwood proves %d by %v, the receipt by %v, %v", p.Index, hashes, now.Hashes, err)
		}
	}
}

func TestTorchwoodFollowsTheLog(t *testing.T) {
	l := startLedger(t)
	l.register(t, 1)
	before, _ := torchwoodTree(t, l)
	for _, n := range []int{1, 5, 248, 1, 1, 70, 300} {
		l.register(t, n)
		tree, fetcher := torchwoodTree(t, l)
		hashes, err := xtlog.ProveTree(tree.N, before.N, torchwood.TileHashReaderWithContext(t.Context(), tree, fetcher))
		if err != nil {
			t.Fatalf("from %d to %d: %v", before.N, tree.N, err)
		}
		if err := xtlog.CheckTree(hashes, tree.N, tree.Hash, before.N, before.Hash); err != nil {
			t.Fatal(err)
		}
		c, err := tlog.ParseConsistency(l.addCheckpoint(t, uint64(before.N)))
		if err != nil || !slices.Equal(ours(hashes), c.Hashes) {
			t.Fatalf("torchwood proves %d to %d by %v, we by %v, %v", before.N, tree.N, hashes, c.Hashes, err)
		}
		before = tree
	}
}

func TestFormatsReadsWhatIsPublished(t *testing.T) {
	l := startLedger(t)
	l.register(t, 3)
	data := get(t, l.url+"/checkpoint")
	v, err := xnote.NewVerifier(l.key.String())
	if err != nil {
		t.Fatal(err)
	}
	c := l.checkpoint(t)
	f, rest, n, err := flog.ParseCheckpoint(data, l.key.Name(), v)
	if err != nil || len(rest) > 0 || f.Size != c.Size || !bytes.Equal(f.Hash, c.Root[:]) || len(n.Sigs) != 1 {
		t.Fatalf("formats reads %+v, %v", f, err)
	}
	policy, err := fwitness.ParsePolicy(get(t, l.url+"/policy"))
	if err != nil || !policy.Satisfied(data) || len(policy.Endpoints()) > 0 {
		t.Fatalf("formats reads the policy %+v, %v", policy, err)
	}
}
