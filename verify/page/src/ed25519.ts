// Ed25519 as FORMATS.md, section 2.8, has it. The library gives points only: its own
// verification multiplies by the cofactor, and so takes signatures that this refuses.

import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';

import { type Bytes, concat, equal, fromLittleEndian, hex } from './bytes.ts';
import { Malformed } from './fault.ts';
import { remember } from './memory.ts';

const Point = ed25519.Point;
type Point = InstanceType<typeof Point>;

/** The order of the base point. */
const L = (1n << 252n) + 27742317777372353535851937790883648493n;

const keySize = 32;
const signatureSize = 64;

/** The point of a public key: a canonical encoding, and not of small order. */
const point = remember((b) => hex(b), (b: Uint8Array): Point | string => {
  let p: Point;
  try {
    p = Point.fromBytes(b, false);
  } catch {
    return 'is not a point of the curve in its canonical encoding';
  }
  // The library says so already; that a key has one text is not left to it alone.
  if (!equal(p.toBytes(), b)) return 'is not in its canonical encoding';
  return p.isSmallOrder() ? 'is a point of small order' : p;
});

/** Demands that 32 bytes are a public key. */
export function checkPublicKey(b: Uint8Array): void {
  if (b.length !== keySize) throw new Malformed(`public key has ${b.length} bytes, not ${keySize}`);
  const p = point(b);
  if (typeof p === 'string') throw new Malformed(`public key ${hex(b)} ${p}`);
}

/** Whether sig is a signature of the message: S < L, and [S]B − [k]A encodes to R, byte for byte. */
export const verifyEd25519 = (key: Uint8Array, message: Bytes, sig: Uint8Array): boolean =>
  key.length === keySize && sig.length === signatureSize && verifySized(key, message, sig);

const verifySized = remember((key, message, sig) => hex(sha256(concat(key, sig, message))), verifyOnce);

function verifyOnce(key: Uint8Array, message: Bytes, sig: Uint8Array): boolean {
  const a = point(key);
  if (typeof a === 'string') return false;
  const r = sig.subarray(0, 32);
  const s = fromLittleEndian(sig.subarray(32));
  if (s >= L) return false;
  const k = fromLittleEndian(sha512(concat(r, key, message))) % L;
  return equal(Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes(), r);
}
