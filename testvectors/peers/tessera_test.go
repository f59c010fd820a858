package peers

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/client"
	xnote "golang.org/x/mod/sumdb/note"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// whole is what fsck says of a log that is. It exits with 0 of any other as well, and
// may not end.
const (
	whole     = "Successfully fsck'd log"
	fsckLimit = time.Minute
)

// fsck returns what Tessera's fsck says of the log at that URL.
func fsck(t testing.TB, l *ledger, at string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), fsckLimit)
	defer cancel()
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, program(t, "fsck"), "--storage_url", at, "--public_key", file(t, "key", l.key.String()), "--N=8", "--ui=false")
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Fatalf("fsck: %v\n%s", err, said.String())
	}
	return said.String()
}

// The sizes go over the edges of a tile and of a tile of tiles' hashes.
func TestFsckFindsTheLogWhole(t *testing.T) {
	l := startLedger(t)
	for _, size := range []int{1, 2, 255, 256, 257, 513} {
		l.register(t, size-l.registered)
		if said := fsck(t, l, l.url); !strings.Contains(said, whole) {
			t.Fatalf("fsck of %d entries:\n%s", size, said)
		}
	}
}

// mirror copies the log with Tessera's mirror, and returns the copy.
func mirror(t testing.TB, l *ledger) (dir string) {
	t.Helper()
	dir = t.TempDir()
	output(t, nil, "posix", "--source_url", l.url, "--storage_dir", dir)
	return dir
}

func TestAMirrorIsTheLog(t *testing.T) {
	l := startLedger(t)
	l.register(t, 300)
	dir := mirror(t, l)
	at := (&url.URL{Scheme: "file", Path: dir}).String()
	if said := fsck(t, l, at); !strings.Contains(said, whole) {
		t.Fatalf("fsck of the mirror:\n%s", said)
	}
	files := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		b, err := os.ReadFile(path)
		if want := get(t, l.url+"/"+filepath.ToSlash(name)); !bytes.Equal(b, want) {
			t.Errorf("%s has %d bytes in the mirror, %d here", name, len(b), len(want))
		}
		return err
	})
	// The checkpoint; two bundles; two tiles of level 0, and one of level 1.
	if err != nil || files != 6 {
		t.Errorf("the mirror has %d files, %v", files, err)
	}

	bundle := filepath.Join(dir, "tile", "entries", "000")
	b, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-2] ^= 1
	if err := os.WriteFile(bundle, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if said := fsck(t, l, at); strings.Contains(said, whole) {
		t.Errorf("fsck of a mirror with another entry:\n%s", said)
	}
}

// equal says whether hashes of a peer are ours.
func equal(theirs [][]byte, ours []tlog.Hash) bool {
	if len(theirs) != len(ours) {
		return false
	}
	for i, h := range ours {
		if !bytes.Equal(theirs[i], h[:]) {
			return false
		}
	}
	return true
}

func tesseraClient(t testing.TB, l *ledger) (*client.HTTPFetcher, xnote.Verifier) {
	t.Helper()
	at, err := url.Parse(l.url)
	if err != nil {
		t.Fatal(err)
	}
	f, err := client.NewHTTPFetcher(at, patient)
	if err != nil {
		t.Fatal(err)
	}
	v, err := xnote.NewVerifier(l.key.String())
	if err != nil {
		t.Fatal(err)
	}
	return f, v
}

func TestTesserasClientBuildsTheProofsOfReceipts(t *testing.T) {
	l := startLedger(t)
	ctx := t.Context()
	receipts := l.register(t, 300)
	f, v := tesseraClient(t, l)
	c, raw, _, err := client.FetchCheckpoint(ctx, f.ReadCheckpoint, v, l.key.Name())
	if err != nil || !bytes.Equal(raw, get(t, l.url+"/checkpoint")) || c.Size != 300 {
		t.Fatalf("Tessera reads the checkpoint as %+v, %v", c, err)
	}
	for i, receipt := range receipts {
		p := parsed(t, receipt)
		b, err := client.GetEntryBundle(ctx, f.ReadEntryBundle, p.Index/tlog.MaxWidth, c.Size)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b.Entries[p.Index%tlog.MaxWidth], p.Extra) {
			t.Fatalf("entry %d differs from that of its receipt", p.Index)
		}
		// Receipts are of the tree that their batch made, and one more in each ten of today's.
		sizes := []tlog.Proof{p}
		if i%10 == 0 {
			sizes = append(sizes, parsed(t, get(t, l.url+"/records/"+l.revocationOf(t, i).ID().String()+"/receipt")))
		}
		for _, p := range sizes {
			size, root := p.Checkpoint.Size, p.Checkpoint.Root
			builder, err := client.NewProofBuilder(ctx, size, f.ReadTile)
			if err != nil {
				t.Fatal(err)
			}
			hashes, err := builder.InclusionProof(ctx, p.Index)
			if err != nil || !equal(hashes, p.Hashes) {
				t.Fatalf("Tessera proves %d in %d by %x, the receipt by %v, %v", p.Index, size, hashes, p.Hashes, err)
			}
			if err := proof.VerifyInclusion(rfc6962.DefaultHasher, p.Index, size, rfc6962.DefaultHasher.HashLeaf(p.Extra), hashes, root[:]); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestTesserasClientFollowsTheLog(t *testing.T) {
	l := startLedger(t)
	ctx := t.Context()
	f, v := tesseraClient(t, l)
	l.register(t, 1)
	tracker, err := client.NewLogStateTracker(ctx, f.ReadTile, get(t, l.url+"/checkpoint"), v, l.key.Name(), client.UnilateralConsensus(f.ReadCheckpoint))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 5, 248, 1, 1, 70, 300} {
		old := tracker.Latest().Size
		l.register(t, n)
		_, hashes, _, err := tracker.Update(ctx)
		if err != nil || tracker.Latest().Size != old+uint64(n) {
			t.Fatalf("after %d entries more Tessera is at %d, %v", n, tracker.Latest().Size, err)
		}
		c, err := tlog.ParseConsistency(l.addCheckpoint(t, old))
		if err != nil || !equal(hashes, c.Hashes) {
			t.Fatalf("Tessera proves %d to %d by %x, we by %v, %v", old, c.Checkpoint.Size, hashes, c.Hashes, err)
		}
	}
}
