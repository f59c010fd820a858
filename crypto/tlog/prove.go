package tlog

import (
	"fmt"

	"github.com/transparency-dev/merkle/proof"
)

// InclusionProof returns the hashes by which [VerifyInclusion] sees that the leaf
// at index is in the tree of that size (RFC 6962, section 2.1.1). It reads tiles
// as wide as they are in that tree, each once. The tiles are believed: verify
// what comes back before it is given away.
func InclusionProof(read TileReader, index, size uint64) ([]Hash, error) {
	tiles := tileCache{read: read, size: size}
	return InclusionProofOfNodes(tiles.node, index, size)
}

// InclusionProofOfNodes returns what [InclusionProof] does, of nodes instead of tiles.
func InclusionProofOfNodes(read NodeReader, index, size uint64) ([]Hash, error) {
	if err := checkSize(size); err != nil {
		return nil, err
	}
	nodes, err := proof.Inclusion(index, size)
	if err != nil {
		return nil, fmt.Errorf("inclusion proof: index %d is not below size %d", index, size)
	}
	hashes, err := proofHashes(read, nodes)
	if err != nil {
		return nil, fmt.Errorf("inclusion proof of index %d in size %d: %w", index, size, err)
	}
	return hashes, nil
}

// ConsistencyProof returns the hashes by which [VerifyConsistency] sees that the
// tree of that size begins with the leaves of the tree of size old (RFC 6962,
// section 2.1.2): none when old is 0 or size. There are at most 63 of them up to
// a size of 2⁶². It reads tiles as [InclusionProof] does.
func ConsistencyProof(read TileReader, old, size uint64) ([]Hash, error) {
	tiles := tileCache{read: read, size: size}
	return ConsistencyProofOfNodes(tiles.node, old, size)
}

// ConsistencyProofOfNodes returns what [ConsistencyProof] does, of nodes instead of
// tiles.
func ConsistencyProofOfNodes(read NodeReader, old, size uint64) ([]Hash, error) {
	if err := checkSize(size); err != nil {
		return nil, err
	}
	nodes, err := proof.Consistency(old, size)
	if err != nil {
		return nil, fmt.Errorf("consistency proof: old size %d is above size %d", old, size)
	}
	hashes, err := proofHashes(read, nodes)
	if err != nil {
		return nil, fmt.Errorf("consistency proof of sizes %d and %d: %w", old, size, err)
	}
	return hashes, nil
}

// Root returns the root of the tree of that size. It reads tiles as
// [TreeFromTiles] does.
func Root(read TileReader, size uint64) (Hash, error) {
	t, err := TreeFromTiles(size, read)
	if err != nil {
		return Hash{}, err
	}
	return t.Root(), nil
}

// proofHashes returns the hashes of a proof that has these nodes.
func proofHashes(read NodeReader, nodes proof.Nodes) ([]Hash, error) {
	roots := make([]Hash, len(nodes.IDs))
	stored := make([][]byte, len(nodes.IDs))
	for i, id := range nodes.IDs {
		var err error
		if roots[i], err = read(id.Level, id.Index); err != nil {
			return nil, err
		}
		stored[i] = roots[i][:]
	}
	joined, err := nodes.Rehash(stored, func(left, right []byte) []byte {
		h := NodeHash(Hash(left), Hash(right))
		return h[:]
	})
	if err != nil {
		return nil, err
	}
	var hashes []Hash
	if len(joined) > 0 {
		hashes = make([]Hash, 0, len(joined))
	}
	for _, h := range joined {
		hashes = append(hashes, Hash(h))
	}
	return hashes, nil
}

// A tileCache has the tiles of the tree of one size that it was asked for: two a
// level for a proof, along the leaf and along the right edge.
type tileCache struct {
	read  TileReader
	size  uint64
	tiles []Tile
	data  [][]byte // of the tile at the same place
}

// node is a NodeReader.
func (c *tileCache) node(level uint, index uint64) (Hash, error) {
	tileLevel, tile, height, within := NodePlace(level, index)
	data, err := c.tile(tileLevel, tile)
	if err != nil {
		return Hash{}, err
	}
	length := uint64(HashSize) << height
	return subtreeRoot(data[within*length : (within+1)*length]), nil
}

func (c *tileCache) tile(level int, index uint64) ([]byte, error) {
	t := Tile{level, index, TileWidth(level, index, c.size)}
	for i := range c.tiles {
		if c.tiles[i] == t {
			return c.data[i], nil
		}
	}
	data, err := readTile(c.read, t)
	if err != nil {
		return nil, err
	}
	c.tiles, c.data = append(c.tiles, t), append(c.data, data)
	return data, nil
}
