// The tree and its proofs (RFC 6962, section 2.1).

import { sha256 } from '@noble/hashes/sha2.js';

import { base64, fromBase64 } from './base64.ts';
import { type Bytes, concat, equal } from './bytes.ts';
import { Malformed } from './fault.ts';

/** 32 bytes. */
export type Hash = Bytes;

const hash = (...parts: Uint8Array[]): Hash => sha256(concat(...parts)) as Hash;

export const leafHash = (entry: Uint8Array): Hash => hash(Uint8Array.of(0), entry);

const nodeHash = (left: Hash, right: Hash): Hash => hash(Uint8Array.of(1), left, right);

/** The root of the tree of size 0. */
export const emptyRoot: Hash = hash();

export const printHash = base64;

export function parseHash(s: string, what: string): Hash {
  const b = fromBase64(s, what);
  if (b.length !== 32) throw new Malformed(`${what} has ${b.length} bytes, not 32`);
  return b;
}

/** Whether the hashes, all of them, prove that the leaf is the one at index in the tree of that size. */
export function isIncluded(leaf: Hash, index: bigint, size: bigint, hashes: readonly Hash[], root: Hash): boolean {
  if (index >= size) return false;
  let node = leaf;
  let at = index; // of the node, on its level
  let last = size - 1n; // of the last node there
  for (const sibling of hashes) {
    if (last === 0n) return false;
    if ((at & 1n) === 1n || at === last) {
      node = nodeHash(sibling, node);
      // The last node of a level that has no sibling there is its own parent.
      while ((at & 1n) === 0n && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else {
      node = nodeHash(node, sibling);
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n && equal(node, root);
}

/** Whether the hashes, all of them, prove that the tree of that size begins with the older one. */
export function isExtended(old: bigint, oldRoot: Hash, size: bigint, root: Hash, hashes: readonly Hash[]): boolean {
  if (old > size || (old === 0n && !equal(oldRoot, emptyRoot))) return false;
  if (old === size) return hashes.length === 0 && equal(oldRoot, root);
  if (old === 0n) return hashes.length === 0;
  let at = old - 1n; // of the last node of the older tree, on its level
  let last = size - 1n;
  while ((at & 1n) === 1n) [at, last] = [at >> 1n, last >> 1n];
  // Where the older tree is a whole subtree of the newer one, its root is where both begin.
  const [start, ...rest] = at === 0n ? [oldRoot, ...hashes] : hashes;
  if (start === undefined) return false;
  let [before, after] = [start, start];
  for (const sibling of rest) {
    if (last === 0n) return false;
    if ((at & 1n) === 1n || at === last) {
      before = nodeHash(sibling, before);
      after = nodeHash(sibling, after);
      while ((at & 1n) === 0n && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else {
      after = nodeHash(after, sibling);
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n && equal(before, oldRoot) && equal(after, root);
}
