package tlog_test

import (
	"fmt"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
)

func BenchmarkLeafHash(b *testing.B) {
	for _, size := range []int{600, 32 * 1024} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			entry := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				tlog.LeafHash(entry)
			}
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	h, n := leaf(0), 0
	var tree tlog.Tree
	b.ReportAllocs()
	for b.Loop() {
		tree.Append(h, func(int, uint64, tlog.Hash) { n++ })
	}
}

func BenchmarkInclusionProof(b *testing.B) {
	benchmarkSizes(b, func(b *testing.B, l *testLog, size uint64) {
		for index := uint64(0); b.Loop(); index = (index*5 + 101) % size {
			if _, err := tlog.InclusionProof(l.read, index, size); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkTreeFromTiles(b *testing.B) {
	benchmarkSizes(b, func(b *testing.B, l *testLog, size uint64) {
		for b.Loop() {
			if _, err := tlog.TreeFromTiles(size, l.read); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkVerifyInclusion(b *testing.B) {
	benchmarkSizes(b, func(b *testing.B, l *testLog, size uint64) {
		index, root := size/3, l.tree.Root()
		hashes, err := tlog.InclusionProof(l.read, index, size)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if err := tlog.VerifyInclusion(l.leaves[index], index, size, hashes, root); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func benchmarkSizes(b *testing.B, run func(b *testing.B, l *testLog, size uint64)) {
	for _, size := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			l := newLog(b, size)
			b.ReportAllocs()
			run(b, l, uint64(size))
		})
	}
}
