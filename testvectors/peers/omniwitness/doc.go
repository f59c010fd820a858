// Package omniwitness is a module of its own for the programs of
// github.com/transparency-dev/witness, which the tests above it build here and run.
//
// The version of transparency-dev/merkle that their go.mod names cannot be fetched; a
// later one, which this go.mod names, can. In the module above, it would take the
// place of the merkle that our own programs are built with, and what else these
// programs need that of the peers that we are compared with.
package omniwitness
