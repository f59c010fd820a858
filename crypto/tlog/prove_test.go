package tlog_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	sumdb "golang.org/x/mod/sumdb/tlog"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// path is PATH(m, D[n]) of RFC 6962, section 2.1.1.
func path(m int, d []tlog.Hash) []tlog.Hash {
	if len(d) == 1 {
		return nil
	}
	k := split(len(d))
	if m < k {
		return append(path(m, d[:k]), mth(d[k:]))
	}
	return append(path(m-k, d[k:]), mth(d[:k]))
}

// subproof is SUBPROOF(m, D[n], whole) of RFC 6962, section 2.1.2.
func subproof(m int, d []tlog.Hash, whole bool) []tlog.Hash {
	if m == len(d) {
		if whole {
			return nil
		}
		return []tlog.Hash{mth(d)}
	}
	k := split(len(d))
	if m <= k {
		return append(subproof(m, d[:k], whole), mth(d[k:]))
	}
	return append(subproof(m-k, d[k:], false), mth(d[:k]))
}

// sumdbHashes are the stored hashes of golang.org/x/mod/sumdb/tlog.
func sumdbHashes(t *testing.T, leaves []tlog.Hash) sumdb.HashReaderFunc {
	var stored []sumdb.Hash
	read := func(indexes []int64) ([]sumdb.Hash, error) {
		var hashes []sumdb.Hash
		for _, i := range indexes {
			hashes = append(hashes, stored[i])
		}
		return hashes, nil
	}
	for i, h := range leaves {
		hashes, err := sumdb.StoredHashesForRecordHash(int64(i), sumdb.Hash(h), sumdb.HashReaderFunc(read))
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
	}
	return read
}

func fromSumdb(hashes []sumdb.Hash) (out []tlog.Hash) {
	for _, h := range hashes {
		out = append(out, tlog.Hash(h))
	}
	return out
}

func toSumdb(hashes []tlog.Hash) (out []sumdb.Hash) {
	for _, h := range hashes {
		out = append(out, sumdb.Hash(h))
	}
	return out
}

func toMerkle(hashes []tlog.Hash) (out [][]byte) {
	for i := range hashes {
		out = append(out, hashes[i][:])
	}
	return out
}

func TestInclusionIsProvedForEachIndexOfSmallTrees(t *testing.T) {
	l := newLog(t, 70)
	theirs := sumdbHashes(t, l.leaves)
	for size := 1; size <= len(l.leaves); size++ {
		for index := range size {
			got := checkInclusion(t, l, theirs, index, size)
			if want := path(index, l.leaves[:size]); !slices.Equal(got, want) {
				t.Fatalf("proof of index %d in size %d is %s, RFC 6962 has %s", index, size, got, want)
			}
		}
	}
}

func TestInclusionIsProvedWhereTilesBegin(t *testing.T) {
	l := newLog(t, 65793)
	theirs := sumdbHashes(t, l.leaves)
	for _, size := range edges {
		for _, index := range []int{0, 1, 127, 128, 254, 255, 256, 257, 32767, 32768, 65279, 65280, 65535, 65536, size / 3, size - 2, size - 1} {
			if index >= 0 && index < size {
				checkInclusion(t, l, theirs, index, size)
			}
		}
	}
}

// checkInclusion proves and verifies, here and by two others.
func checkInclusion(t *testing.T, l *testLog, theirs sumdb.HashReader, index, size int) []tlog.Hash {
	t.Helper()
	at := fmt.Sprintf("index %d in size %d", index, size)
	clear(l.reads)
	got, err := tlog.InclusionProof(l.read, uint64(index), uint64(size))
	if err != nil {
		t.Fatal(err)
	}
	l.checkReads(t, size)
	want, err := sumdb.ProveRecord(int64(size), int64(index), theirs)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, fromSumdb(want)) {
		t.Fatalf("proof of %s is %s, sumdb has %s", at, got, want)
	}
	root, err := tlog.Root(l.read, uint64(size))
	if err != nil {
		t.Fatal(err)
	}
	h := l.leaves[index]
	if err := tlog.VerifyInclusion(h, uint64(index), uint64(size), got, root); err != nil {
		t.Error(err)
	}
	if err := sumdb.CheckRecord(toSumdb(got), int64(size), sumdb.Hash(root), int64(index), sumdb.Hash(h)); err != nil {
		t.Errorf("%s: sumdb: %v", at, err)
	}
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), uint64(size), h[:], toMerkle(got), root[:]); err != nil {
		t.Errorf("%s: merkle: %v", at, err)
	}
	return got
}

func TestConsistencyIsProvedForEachPairOfSmallTrees(t *testing.T) {
	l := newLog(t, 70)
	theirs := sumdbHashes(t, l.leaves)
	for size := 0; size <= len(l.leaves); size++ {
		for old := 0; old <= size; old++ {
			got := checkConsistency(t, l, theirs, old, size)
			if old == 0 {
				continue
			}
			if want := subproof(old, l.leaves[:size], true); !slices.Equal(got, want) {
				t.Fatalf("proof of sizes %d and %d is %s, RFC 6962 has %s", old, size, got, want)
			}
		}
	}
}

func TestConsistencyIsProvedWhereTilesBegin(t *testing.T) {
	l := newLog(t, 65793)
	theirs := sumdbHashes(t, l.leaves)
	for _, size := range edges {
		for _, old := range append(edges, 128, 40000, size/3, size-1) {
			if old >= 0 && old <= size {
				checkConsistency(t, l, theirs, old, size)
			}
		}
	}
}

// checkConsistency proves and verifies, here and by two others.
func checkConsistency(t *testing.T, l *testLog, theirs sumdb.HashReader, old, size int) []tlog.Hash {
	t.Helper()
	at := fmt.Sprintf("sizes %d and %d", old, size)
	clear(l.reads)
	got, err := tlog.ConsistencyProof(l.read, uint64(old), uint64(size))
	if err != nil {
		t.Fatal(err)
	}
	l.checkReads(t, size)
	oldRoot, err := tlog.Root(l.read, uint64(old))
	if err != nil {
		t.Fatal(err)
	}
	root, err := tlog.Root(l.read, uint64(size))
	if err != nil {
		t.Fatal(err)
	}
	if err := tlog.VerifyConsistency(uint64(old), oldRoot, uint64(size), root, got); err != nil {
		t.Error(err)
	}
	if err := proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(old), uint64(size), toMerkle(got), oldRoot[:], root[:]); err != nil {
		t.Errorf("%s: merkle: %v", at, err)
	}
	if old == 0 {
		if got != nil {
			t.Errorf("proof of %s has %d hashes", at, len(got))
		}
		return nil
	}
	want, err := sumdb.ProveTree(int64(size), int64(old), theirs)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, fromSumdb(want)) {
		t.Fatalf("proof of %s is %s, sumdb has %s", at, got, want)
	}
	if err := sumdb.CheckTree(toSumdb(got), int64(size), sumdb.Hash(root), int64(old), sumdb.Hash(oldRoot)); err != nil {
		t.Errorf("%s: sumdb: %v", at, err)
	}
	return got
}

func TestProofsHoldUpToMaxSize(t *testing.T) {
	for _, size := range []uint64{1<<62 - 1, 1 << 62, 1<<62 + 1, tlog.MaxSize - 1, tlog.MaxSize} {
		root, err := tlog.Root(hugeTiles, size)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []uint64{1, 2, 255, 256, 257, 1<<56 - 1, 1 << 56, 1<<61 + 1, size - 1, size} {
			hashes, err := tlog.InclusionProof(hugeTiles, n-1, size)
			if err != nil {
				t.Fatal(err)
			}
			if len(hashes) > tlog.MaxHashes {
				t.Errorf("proof of index %d in size %d has %d hashes", n-1, size, len(hashes))
			}
			if err := tlog.VerifyInclusion(leaf(0), n-1, size, hashes, root); err != nil {
				t.Error(err)
			}
			oldRoot, err := tlog.Root(hugeTiles, n)
			if err != nil {
				t.Fatal(err)
			}
			if hashes, err = tlog.ConsistencyProof(hugeTiles, n, size); err != nil {
				t.Fatal(err)
			}
			if size <= 1<<62 && len(hashes) > tlog.MaxHashes {
				t.Errorf("proof of sizes %d and %d has %d hashes", n, size, len(hashes))
			}
			if err := tlog.VerifyConsistency(n, oldRoot, size, root, hashes); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestThereIsNoProofOfWhatTheTreeHasNot(t *testing.T) {
	l := newLog(t, 10)
	for _, c := range []struct {
		index, size uint64
		want        string
	}{
		{0, 0, "index 0 is not below size 0"},
		{10, 10, "index 10 is not below size 10"},
		{11, 10, "index 11 is not below size 10"},
		{tlog.MaxSize + 1, 10, "index 9223372036854775808 is not below size 10"},
		{0, tlog.MaxSize + 1, "tree size 9223372036854775808 is above 9223372036854775807"},
	} {
		_, err := tlog.InclusionProof(l.read, c.index, c.size)
		wantError(t, err, c.want)
		wantError(t, tlog.VerifyInclusion(leaf(0), c.index, c.size, nil, leaf(0)), c.want)
	}
	for _, c := range []struct {
		old, size uint64
		want      string
	}{
		{1, 0, "old size 1 is above size 0"},
		{11, 10, "old size 11 is above size 10"},
		{0, tlog.MaxSize + 1, "tree size 9223372036854775808 is above 9223372036854775807"},
		{tlog.MaxSize + 1, tlog.MaxSize + 1, "tree size 9223372036854775808 is above 9223372036854775807"},
	} {
		_, err := tlog.ConsistencyProof(l.read, c.old, c.size)
		wantError(t, err, c.want)
		wantError(t, tlog.VerifyConsistency(c.old, leaf(0), c.size, leaf(0), nil), c.want)
	}
	if len(l.reads) != 0 {
		t.Errorf("%d tiles are read in vain", len(l.reads))
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
}

// Each tile of a proof fails in turn: with an error, a byte short, a hash short
// and a hash long.
func TestAnErrorNamesTheTile(t *testing.T) {
	l := newLog(t, 65793)
	broken := errors.New("disk is gone")
	for name, prove := range map[string]func(tlog.TileReader) error{
		"inclusion":   func(r tlog.TileReader) error { _, err := tlog.InclusionProof(r, 70, 65793); return err },
		"consistency": func(r tlog.TileReader) error { _, err := tlog.ConsistencyProof(r, 70, 65793); return err },
		"tree":        func(r tlog.TileReader) error { _, err := tlog.TreeFromTiles(65793, r); return err },
		"root":        func(r tlog.TileReader) error { _, err := tlog.Root(r, 65793); return err },
	} {
		clear(l.reads)
		if err := prove(l.read); err != nil {
			t.Fatal(err)
		}
		reads := len(l.reads)
		for n := range reads {
			for _, change := range []func([]byte) ([]byte, error){
				func(b []byte) ([]byte, error) { return b, broken },
				func(b []byte) ([]byte, error) { return b[:len(b)-1], nil },
				func(b []byte) ([]byte, error) { return b[tlog.HashSize:], nil },
				func(b []byte) ([]byte, error) { return append(bytes.Clone(b), make([]byte, tlog.HashSize)...), nil },
			} {
				var at tlog.Tile
				count := 0
				err := prove(func(tile tlog.Tile) ([]byte, error) {
					b, err := l.read(tile)
					if count++; count != n+1 || err != nil {
						return b, err
					}
					at = tile
					return change(b)
				})
				wantError(t, err, at.Path())
				if _, fault := change(make([]byte, 64)); fault != nil && !errors.Is(err, broken) {
					t.Errorf("%s: error %v is not that of the reader", name, err)
				}
			}
		}
	}
}
