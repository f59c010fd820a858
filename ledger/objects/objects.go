// Package objects keeps a ledger's log in a bucket of S3-compatible object storage, with
// several nodes of which one works at a time.
//
// # The register
//
// The object "head" says which tree the log has. It is replaced only under the condition
// that it is as it was read, so every value of it replaced exactly its predecessor; and only
// by a node that has proved that its tree goes on from that predecessor. A batch is the
// log's from the moment at which the head is swapped, and the head has its entries, until
// the tiles and bundles have them. The order of a batch:
//
//  1. ask the rules, make the tree, prove that it goes on from what the guard has;
//  2. swap the head;
//  3. sign the checkpoint; write batch and checkpoint to this node's store;
//  4. put bundles and tiles, which never change;
//  5. put the checkpoint into the guard, ask the witnesses;
//  6. swap the object "checkpoint", which readers find, never for a smaller tree;
//  7. answer.
//
// The next batch begins after that. So a node that takes over finds all before the head's
// batch among what is public, and the batch in the head.
//
// # One chain
//
// Only a tree that a swap has put into the register, or a read has found there, is ever
// signed. All values of the register lie on one chain, each a beginning of the next; so do
// all trees that are signed, whatever the number of nodes that believe that they lead, whatever
// their clocks say, however long a request is on its way. Times decide who works, never what is
// true: a node takes over when it has seen one nonce for a while by its own clock, and the
// one that had the head finds out at its next swap.
//
// A request whose outcome nobody knows (no answer, a 5xx, a conflict, the refusal of what may have
// been carried out twice) is settled by reading: where the nonce is the writer's own it won;
// where the head is as it was, the same bytes are sent again; else the node is fenced, forgets
// what it was about to do, and follows. Nobody is told before that.
package objects
