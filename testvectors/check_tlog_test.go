package testvectors

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
)

func (in *input) vkey() note.Key {
	k, err := note.ParseKey(in.text("vkey"))
	if err != nil {
		in.t.Fatal(err)
	}
	return k
}

func (in *input) number(name string) uint64 {
	n, err := strconv.ParseUint(in.text(name), 10, 64)
	if err != nil {
		in.t.Fatal(err)
	}
	return n
}

func (in *input) hash(name string) tlog.Hash { return tlog.Hash(in.hex(name)) }

func (in *input) hashes(name string) []tlog.Hash {
	list, _ := in.take(name)
	var hashes []tlog.Hash
	for _, v := range list.([]any) {
		b, err := hex.DecodeString(v.(string))
		if err != nil {
			in.t.Fatal(err)
		}
		hashes = append(hashes, tlog.Hash(b))
	}
	return hashes
}

// linesOf returns the note's lines of k, of which there has to be one.
func linesOf(n note.Note, k note.Key) ([]note.Signature, error) {
	var lines []note.Signature
	for _, s := range n.Signatures {
		if s.By(k) {
			lines = append(lines, s)
		}
	}
	if len(lines) == 0 {
		return nil, errors.New("no line of " + k.Name())
	}
	return lines, nil
}

func checkCheckpoint(in *input) outcome {
	b, k := in.octets("checkpoint"), in.vkey()
	c, err := tlog.ParseSignedCheckpoint(b)
	if err != nil {
		return fails("form", err)
	}
	lines, err := linesOf(c.Note, k)
	if err != nil {
		return fails("signature", err)
	}
	for _, s := range lines {
		if !k.Public().Verify(c.Note.Text, s.Bytes) {
			return fails("signature", errors.New("does not verify"))
		}
	}
	if c.Origin != k.Name() {
		return fails("origin", errors.New("origin "+c.Origin))
	}
	if !bytes.Equal(c.Bytes(), b) || !bytes.Equal(c.Text(), c.Note.Text) {
		in.t.Errorf("%q is printed %q", b, c.Bytes())
	}
	return ok(map[string]any{"origin": c.Origin, "size": strconv.FormatUint(c.Size, 10), "root": hex.EncodeToString(c.Root[:])})
}

func checkCosignature(in *input) outcome {
	b, k := in.octets("checkpoint"), in.vkey()
	c, err := tlog.ParseSignedCheckpoint(b)
	if err != nil {
		return fails("form", err)
	}
	lines, err := linesOf(c.Note, k)
	if err != nil {
		return fails("signature", err)
	}
	var latest int64
	for _, s := range lines {
		t, err := k.VerifyCosignature(c.Note.Text, s.Bytes)
		if err != nil {
			return fails("signature", err)
		}
		latest = max(latest, t)
	}
	return ok(map[string]any{"time": strconv.FormatInt(latest, 10)})
}

func checkInclusion(in *input) outcome {
	index, size := in.number("index"), in.number("size")
	err := tlog.VerifyInclusion(in.hash("leaf"), index, size, in.hashes("proof"), in.hash("root"))
	switch {
	case err != nil && strings.Contains(err.Error(), "is not below size"):
		return fails("index", err)
	case err != nil:
		return fails("proof", err)
	}
	return ok(nil)
}

func checkConsistency(in *input) outcome {
	old, size := in.number("old_size"), in.number("size")
	if err := tlog.VerifyConsistency(old, in.hash("old_root"), size, in.hash("root"), in.hashes("proof")); err != nil {
		return fails("proof", err)
	}
	return ok(nil)
}

func checkTile(in *input) outcome {
	path := string(in.octets("path"))
	t, err := tlog.ParseTilePath(path)
	if err != nil {
		return fails("form", err)
	}
	if t.Path() != path {
		in.t.Errorf("%q is printed %q", path, t.Path())
	}
	return ok(map[string]any{"level": t.Level, "index": strconv.FormatUint(t.Index, 10), "width": t.Width})
}

func checkProof(in *input) outcome {
	b := in.octets("proof")
	p, err := tlog.ParseProof(b)
	if err != nil {
		return fails("form", err)
	}
	if !bytes.Equal(p.Bytes(), b) {
		in.t.Errorf("%q is printed %q", b, p.Bytes())
	}
	hashes := make([]string, 0, len(p.Hashes))
	for _, h := range p.Hashes {
		hashes = append(hashes, hex.EncodeToString(h[:]))
	}
	extra := p.Extra
	if extra == nil {
		extra = []byte{}
	}
	return ok(map[string]any{"index": strconv.FormatUint(p.Index, 10), "extra": extra, "hashes": hashes, "size": strconv.FormatUint(p.Checkpoint.Size, 10)})
}
