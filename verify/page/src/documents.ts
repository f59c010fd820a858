// Documents (FORMATS.md, section 2.6): whether a file is the one that a line names.

import { sha256 } from '@noble/hashes/sha2.js';

import { type Bytes, hex } from './bytes.ts';
import { pieces, type Source } from './source.ts';
import { type Document, printCommitment } from './text.ts';

export const saltSize = 32;
const saltedUnit = 4096;

/** The size that the line of a salted document states of a file of n bytes. */
const roundUp = (n: number): number => Math.max(1, Math.ceil(n / saltedUnit)) * saltedUnit;

/** Why the salt, undefined where there is none, cannot be the document's; undefined where it may be. */
export function saltFault(d: Document, salt: Bytes | undefined): string | undefined {
  if (d.salted && salt?.length !== saltSize) return `document does not match: the salt of ${d.name} has ${salt?.length ?? 0} bytes, not ${saltSize}`;
  if (!d.salted && salt !== undefined) return `document does not match: ${d.name} is not salted, and there is a salt`;
  return undefined;
}

/** Why the file is not the document; undefined where it is. */
export async function mismatch(d: Document, salt: Bytes | undefined, file: Source): Promise<string | undefined> {
  const fault = saltFault(d, salt);
  if (fault !== undefined) return fault;
  const size = d.salted ? roundUp(file.size) : file.size;
  if (size !== d.size) return `document does not match: ${d.name} has ${size} bytes${d.salted ? ' as a salted one' : ''}, the record states ${d.size}`;
  const h = sha256.create().update(salt ?? new Uint8Array(0));
  for await (const piece of pieces(file)) h.update(piece);
  const hash = hex(h.digest());
  if (hash !== d.hash) {
    return `document does not match: ${d.name} is ${printCommitment({ salted: d.salted, hash })}, the record states ${printCommitment(d)}`;
  }
  return undefined;
}
