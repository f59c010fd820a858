package peers

import (
	"bytes"
	"slices"
	"testing"

	"filippo.io/torchwood"
	flog "github.com/transparency-dev/formats/log"
	fproof "github.com/transparency-dev/formats/proof"
	xnote "golang.org/x/mod/sumdb/note"
	xtlog "golang.org/x/mod/sumdb/tlog"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
)

// xHistory is the same log as x/mod keeps it.
func xHistory(t *testing.T, size uint64) xtlog.HashReader {
	t.Helper()
	var stored []xtlog.Hash
	read := xtlog.HashReaderFunc(func(indexes []int64) ([]xtlog.Hash, error) {
		var hashes []xtlog.Hash
		for _, i := range indexes {
			hashes = append(hashes, stored[i])
		}
		return hashes, nil
	})
	for i := range size {
		hashes, err := xtlog.StoredHashes(int64(i), entry(i), read)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
	}
	return read
}

func ours(hashes []xtlog.Hash) (all []tlog.Hash) {
	for _, h := range hashes {
		all = append(all, tlog.Hash(h))
	}
	return all
}

func TestTreesAndProofsAreThoseOfXMod(t *testing.T) {
	const size = 300
	h, x := newHistory(size), xHistory(t, size)
	for n := range uint64(size + 1) {
		root, err := xtlog.TreeHash(int64(n), x)
		if err != nil {
			t.Fatal(err)
		}
		// x/mod has no empty tree: its hash of size 0 is zeros.
		if n > 0 && tlog.Hash(root) != h.roots[n] {
			t.Fatalf("root of size %d is %s, of x/mod %s", n, h.roots[n], root)
		}
	}
	for _, n := range []uint64{1, 2, 3, 7, 8, 9, 63, 64, 65, 255, 256, 257, 299, 300} {
		for i := uint64(0); i < n; i += 1 + n/17 {
			want, err := xtlog.ProveRecord(int64(n), int64(i), x)
			if err != nil {
				t.Fatal(err)
			}
			got, err := tlog.InclusionProof(h.read, i, n)
			if err != nil || !slices.Equal(got, ours(want)) {
				t.Fatalf("proof of %d in %d is %v, of x/mod %v, %v", i, n, got, want, err)
			}
			wantTree, err := xtlog.ProveTree(int64(n), int64(i+1), x)
			if err != nil {
				t.Fatal(err)
			}
			got, err = tlog.ConsistencyProof(h.read, i+1, n)
			if err != nil || !slices.Equal(got, ours(wantTree)) {
				t.Fatalf("proof from %d to %d is %v, of x/mod %v, %v", i+1, n, got, wantTree, err)
			}
			if err := tlog.VerifyConsistency(i+1, h.roots[i+1], n, h.roots[n], ours(wantTree)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAReceiptIsOneForPeers(t *testing.T) {
	h := newHistory(300)
	v, err := xnote.NewVerifier(key(t, origin, note.Ed25519).String())
	if err != nil {
		t.Fatal(err)
	}
	policy := torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(origin), torchwood.SingleVerifierPolicy(v))
	for _, n := range []uint64{1, 2, 255, 256, 257, 300} {
		for _, i := range []uint64{0, n / 2, n - 1} {
			for _, extra := range [][]byte{nil, {0}, entry(i)} {
				hashes, err := tlog.InclusionProof(h.read, i, n)
				if err != nil {
					t.Fatal(err)
				}
				p := tlog.Proof{Extra: extra, Index: i, Hashes: hashes, Checkpoint: h.signed(t, n, 1772355600, "witness.example")}
				data := p.Bytes()
				if err := torchwood.VerifyProof(policy, xtlog.RecordHash(entry(i)), data); err != nil {
					t.Fatalf("torchwood on %d of %d: %v", i, n, err)
				}
				if err := torchwood.VerifyProof(policy, xtlog.RecordHash(entry(i+1)), data); err == nil {
					t.Fatalf("torchwood takes %d of %d for another entry", i, n)
				}
				agreesOnProof(t, data, p)
			}
		}
	}
}

// agreesOnProof demands that peers read what we read, and print it as we do.
func agreesOnProof(t *testing.T, data []byte, p tlog.Proof) {
	t.Helper()
	var f fproof.TLogProof
	if err := f.Unmarshal(data); err != nil {
		t.Fatalf("formats: %v", err)
	}
	if f.Index != p.Index || !bytes.Equal(f.ExtraData, p.Extra) || len(f.Hashes) != len(p.Hashes) || !bytes.Equal(f.Checkpoint, p.Checkpoint.Bytes()) {
		t.Fatalf("formats reads %+v", f)
	}
	for i, h := range f.Hashes {
		if tlog.Hash(h) != p.Hashes[i] {
			t.Fatalf("formats reads hash %d as %x", i, h)
		}
	}
	if !bytes.Equal(f.Marshal(), data) {
		t.Fatalf("formats prints %q", f.Marshal())
	}
	var hashes xtlog.RecordProof
	for _, h := range p.Hashes {
		hashes = append(hashes, xtlog.Hash(h))
	}
	printed := torchwood.FormatProof(int64(p.Index), hashes, p.Checkpoint.Bytes())
	if p.Extra != nil {
		printed = torchwood.FormatProofWithExtraData(int64(p.Index), p.Extra, hashes, p.Checkpoint.Bytes())
		if extra, err := torchwood.ProofExtraData(data); err != nil || !bytes.Equal(extra, p.Extra) {
			t.Fatalf("torchwood reads the extra %q, %v", extra, err)
		}
	}
	if !bytes.Equal(printed, data) {
		t.Fatalf("torchwood prints %q", printed)
	}
}

// agreesOnCheckpoint demands the same of the text of a checkpoint.
func agreesOnCheckpoint(t *testing.T, text []byte, c tlog.Checkpoint) {
	t.Helper()
	w, err := torchwood.ParseCheckpoint(string(text))
	if err != nil || w.Origin != c.Origin || uint64(w.N) != c.Size || tlog.Hash(w.Hash) != c.Root || w.Extension != "" || w.String() != string(text) {
		t.Fatalf("torchwood reads %+v, %v", w, err)
	}
	var f flog.Checkpoint
	rest, err := f.Unmarshal(text)
	if err != nil || len(rest) > 0 || f.Origin != c.Origin || f.Size != c.Size || !bytes.Equal(f.Hash, c.Root[:]) || !bytes.Equal(f.Marshal(), text) {
		t.Fatalf("formats reads %+v, %v", f, err)
	}
}

func FuzzCheckpoint(f *testing.F) {
	h := newHistory(9)
	for n := range uint64(10) {
		f.Add(h.signed(f, n, 0).Note.Text)
	}
	f.Add([]byte("o\n01\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n"))
	f.Add([]byte("o\n9223372036854775808\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n"))
	f.Add([]byte("o\n1\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVct=\n"))
	f.Add([]byte("o\n1\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\nextension\n"))
	for _, b := range published(f, "checkpoint", "checkpoint") {
		text, _, _ := bytes.Cut(b, []byte("\n\n"))
		f.Add(append(text, '\n'))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if c, err := tlog.ParseCheckpoint(text); err == nil {
			agreesOnCheckpoint(t, text, c)
		}
	})
}

func FuzzProof(f *testing.F) {
	h := newHistory(9)
	for i := range uint64(9) {
		hashes, err := tlog.InclusionProof(h.read, i, 9)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(tlog.Proof{Extra: entry(i), Index: i, Hashes: hashes, Checkpoint: h.signed(f, 9, 1, "witness.example")}.Bytes())
	}
	f.Add([]byte("c2sp.org/tlog-proof@v1\nindex 000\n\no\n1\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n\n— o AAAAAAA=\n"))
	f.Add([]byte("c2sp.org/tlog-proof@v1\r\nindex 0\r\n\r\no\n1\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n\n— o AAAAAAA=\n"))
	for _, b := range published(f, "proof", "proof") {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := tlog.ParseProof(data)
		// The scanner of formats reads no line of 64 KiB.
		if err == nil && !slices.ContainsFunc(bytes.Split(data, []byte("\n")), func(line []byte) bool { return len(line) >= 64<<10 }) {
			agreesOnProof(t, data, p)
			agreesOnCheckpoint(t, p.Checkpoint.Note.Text, p.Checkpoint.Checkpoint)
		}
	})
}

func TestPeersTakeProofsThatWeRefuse(t *testing.T) {
	h := newHistory(1)
	good := string(tlog.Proof{Checkpoint: h.signed(t, 1, 0)}.Bytes())
	if _, err := tlog.ParseProof([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"index 000":        bytes.Replace([]byte(good), []byte("index 0"), []byte("index 000"), 1),
		"CRLF in the head": bytes.Replace([]byte(good), []byte("index 0\n"), []byte("index 0\r\n"), 1),
	} {
		if _, err := tlog.ParseProof(bad); err == nil {
			t.Errorf("%s is accepted", name)
		}
		if err := new(fproof.TLogProof).Unmarshal(bad); err != nil {
			t.Errorf("formats refuses %s too: %v", name, err)
		}
	}
}

// agreesOnTile demands that torchwood reads the path as we do, and prints it so.
func agreesOnTile(t *testing.T, path string, tile tlog.Tile) {
	t.Helper()
	w, err := torchwood.ParseTilePath(path)
	if err != nil || w.L != tile.Level || uint64(w.N) != tile.Index || w.W != tile.Width || torchwood.TilePath(w) != path {
		t.Fatalf("torchwood reads %s as %+v, %v", path, w, err)
	}
}

func FuzzTilePath(f *testing.F) {
	for _, s := range []string{
		"tile/0/000", "tile/63/999", "tile/64/000", "tile/0/x001/000", "tile/0/x000/000", "tile/entries/x123/x456/789.p/255", "tile/0/000.p/256",
		"tile/0/000.p/0", "tile/0/000.p/01", "tile/00/000", "tile/-1/000", "tile/0/0", "tile/data/000", "tile/0/x036/x028/x797/x018/x963/967", "tile/0/x036/x028/x797/x018/x963/968",
	} {
		f.Add(s)
	}
	for _, b := range published(f, "tile", "path") {
		f.Add(string(b))
	}
	f.Fuzz(func(t *testing.T, path string) {
		if tile, err := tlog.ParseTilePath(path); err == nil {
			agreesOnTile(t, path, tile)
		}
	})
}

func TestBundlesAreThoseOfTorchwood(t *testing.T) {
	var ours, theirs []byte
	for i := range uint64(256) {
		e := bytes.Repeat(entry(i), int(i%7))
		var err error
		if ours, err = tlog.AppendBundle(ours, e); err != nil {
			t.Fatal(err)
		}
		if theirs, err = torchwood.AppendTileEntry(theirs, e); err != nil || !bytes.Equal(ours, theirs) {
			t.Fatalf("bundle of %d entries differs, %v", i+1, err)
		}
	}
	entries, err := tlog.ParseBundle(ours, 256)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		var theirEntry []byte
		if theirEntry, theirs, err = torchwood.ReadTileEntry(theirs); err != nil || !bytes.Equal(theirEntry, e) {
			t.Fatalf("entry is %q, of torchwood %q, %v", e, theirEntry, err)
		}
	}
	if len(theirs) > 0 {
		t.Errorf("torchwood has %d bytes more", len(theirs))
	}
}
