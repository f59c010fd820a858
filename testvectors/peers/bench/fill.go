package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
)

// chunk is how many records are made at once, and go into one batch, where a ledger is
// filled.
const chunk = 4096

// fillChild makes the ledger of a directory one with the first N contracts. They are
// signed, but no signature is checked and no rule asked: it is about what is there then.
func fillChild(j job) (m metrics, err error) {
	h, err := openStore(j.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	mint, err := newMinter(h.store.Key(), j.Parties, j.Made)
	if err != nil {
		return nil, err
	}
	c := newBeliever()
	for at := h.store.Head().Checkpoint.Size; at < uint64(j.N); at = h.store.Head().Checkpoint.Size {
		list := make([]*record.Record, min(chunk, uint64(j.N)-at))
		err := eachCore(len(list), func(_, i int) (err error) {
			list[i], err = c.open(mint.record(at + uint64(i)))
			return err
		})
		if err != nil {
			return nil, err
		}
		if err := h.commit(j.Made, list); err != nil {
			return nil, err
		}
	}
	return metrics{"entries": float64(h.store.Head().Checkpoint.Size)}, h.guard.Put(h.store.Head().Checkpoint)
}

// commit puts records into the store in one batch.
func (h *house) commit(registered int64, list []*record.Record) error {
	batch := h.store.NewBatch()
	for _, r := range list {
		if _, err := batch.Append(registered, r); err != nil {
			return errors.Join(err, batch.Close())
		}
	}
	c, err := batch.Checkpoint()
	if err != nil {
		return errors.Join(err, batch.Close())
	}
	sig, err := h.secret.Sign(c.Text())
	if err != nil {
		return errors.Join(err, batch.Close())
	}
	n := note.Note{Text: c.Text(), Signatures: []note.Signature{h.store.Key().Signature(sig)}}
	return batch.Commit(tlog.SignedCheckpoint{Checkpoint: c, Note: n})
}

// tidyChild starts the ledger and ends it: what was in the log of writes is in tables
// then.
func tidyChild(j job) (metrics, error) {
	h, err := openHouse(j.Dir)
	if err != nil {
		return nil, err
	}
	return metrics{}, h.close()
}

// exportChild writes the tree of the ledger in a directory as files, as any file server
// serves them, into the folder Records.
func exportChild(j job) (m metrics, err error) {
	h, err := openHouse(j.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	v := h.log.View()
	save := func(path string, b []byte) error {
		name := filepath.Join(j.Records, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		return os.WriteFile(name, b, 0o644)
	}
	files := 0
	for level := -1; level < 8; level++ {
		for i := uint64(0); ; i++ {
			t := tlog.Tile{Level: level, Index: i, Width: tlog.TileWidth(level, i, v.Size())}
			if t.Width == 0 {
				break
			}
			read := v.Tile
			if level < 0 {
				read = v.Bundle
			}
			b, err := read(t)
			if err == nil {
				err = save(t.Path(), b)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t.Path(), err)
			}
			files++
		}
	}
	return metrics{"files": float64(files)}, save("checkpoint", v.Checkpoint().Note.Bytes())
}

// A weight is how many bytes lie in the directory of a ledger.
type weight struct{ tables, writes, rest float64 }

// kept returns all but the log of writes.
func (w weight) kept() float64 { return w.tables + w.rest }

// weigh returns the bytes of the tables, of the log of writes, and of all else in a
// ledger's store and guard.
func weigh(dir string) (w weight, err error) {
	for _, part := range []string{"store", "guard"} {
		err = errors.Join(err, filepath.WalkDir(filepath.Join(dir, part), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			switch size := float64(info.Size()); {
			case strings.HasSuffix(path, ".sst"), strings.HasSuffix(path, ".blob"):
				w.tables += size
			case strings.HasSuffix(path, ".log"):
				w.writes += size
			default:
				w.rest += size
			}
			return nil
		}))
	}
	return w, err
}

// proofsChild builds proofs anywhere in the tree of a ledger.
func proofsChild(j job) (m metrics, err error) {
	h, err := openHouse(j.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	return h.proofs(j.N)
}

// proofs measures n proofs of each sort anywhere in the tree, and returns the median of
// each. Those that go before have every tile read once, as a ledger that runs has;
// what such a one takes is "first".
func (h *house) proofs(n int) (metrics, error) {
	v := h.log.View()
	random := rand.New(rand.NewPCG(5, 0))
	next := func() uint64 { return random.Uint64N(v.Size()) }
	unread := uint64(0) // the first entry of a tile
	tiles := int(v.Size() / tlog.MaxWidth)
	m := make(metrics)
	for _, c := range []struct {
		name string
		n    int
		make func() error
	}{
		{"first", tiles, func() error {
			_, err := tlog.InclusionProofOfNodes(v.Node, unread, v.Size())
			unread += tlog.MaxWidth
			return err
		}},
		{"inclusion", n, func() error { _, err := tlog.InclusionProofOfNodes(v.Node, next(), v.Size()); return err }},
		{"consistency", n, func() error { _, err := tlog.ConsistencyProofOfNodes(v.Node, next()+1, v.Size()); return err }},
		{"receipt", n, func() error { _, err := v.Receipt(next()); return err }},
	} {
		took := make([]float64, 0, c.n)
		for range cap(took) {
			begun := time.Now()
			if err := c.make(); err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			took = append(took, time.Since(begun).Seconds())
		}
		m[c.name] = quantile(took, 0.5)
	}
	return m, nil
}
