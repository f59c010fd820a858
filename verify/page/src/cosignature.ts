// Cosignatures (FORMATS.md, section 3.2): that somebody had seen a checkpoint, and when.

import { sha256 } from '@noble/hashes/sha2.js';
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';

import { bigEndian, type Bytes, concat, encode, fromBigEndian, hex } from './bytes.ts';
import type { Checkpoint } from './checkpoint.ts';
import { maxDecimal } from './decimal.ts';
import { verifyEd25519 } from './ed25519.ts';
import { remember } from './memory.ts';
import { Cosignature, type Key, MLDSA44 } from './vkey.ts';

const timeSize = 8;
const mldsaSize = 2420;

/** The time, in POSIX seconds, of a cosignature that verifies; undefined of every other. */
export function cosignatureTime(key: Key, c: Checkpoint, sig: Bytes): bigint | undefined {
  if (sig.length < timeSize) return undefined;
  const time = fromBigEndian(sig.subarray(0, timeSize));
  if (time > maxDecimal) return undefined;
  return verifies(key, c, time, sig.slice(timeSize)) ? time : undefined;
}

function verifies(key: Key, c: Checkpoint, time: bigint, sig: Bytes): boolean {
  switch (key.type) {
    case Cosignature:
      return verifyEd25519(key.bytes, concat(encode(`cosignature/v1\ntime ${time}\n`), c.note.message), sig);
    case MLDSA44:
      // The time 0 is of those who say nothing of when.
      return time !== 0n && sig.length === mldsaSize && verifyMLDSA44(key.bytes, subtreeMessage(key, c, time), sig);
    default:
      return false;
  }
}

/** By FIPS 204, algorithm 3, without a context. */
const verifyMLDSA44 = remember(
  (key: Bytes, message: Bytes, sig: Bytes) => hex(sha256(concat(key, sig, message))),
  (key: Bytes, message: Bytes, sig: Bytes) => ml_dsa44.verify(sig, message, key),
);

/** What a key of ML-DSA-44 signs of a whole tree. */
function subtreeMessage(key: Key, c: Checkpoint, time: bigint): Bytes {
  return concat(encode('subtree/v1\n\0'), name(key.name), bigEndian(time, 8), name(c.origin), bigEndian(0n, 8), bigEndian(c.size, 8), c.root);
}

/** A name after its length, which is at most 255. */
function name(s: string): Bytes {
  const b = encode(s);
  return concat(Uint8Array.of(b.length), b);
}
