// Records (FORMATS.md, section 2.7): a text with the signature lines of keys that it
// names itself.

import { sha256 } from '@noble/hashes/sha2.js';

import { hex } from './bytes.ts';
import { verifyEd25519 } from './ed25519.ts';
import { Malformed } from './fault.ts';
import { isOf, type Note, parseNote } from './note.ts';
import { parseText, type Requirement, requirements, signers, type Text } from './text.ts';
import type { Key } from './vkey.ts';

export const maxSignatures = 64; // lines of a record

/** A record in form. Its lines are looked at where fault is undefined. */
export type Record = {
  readonly id: string;
  readonly text: Text;
  readonly bytes: Uint8Array;
  readonly signed: readonly Key[]; // in the order of the text, under the name where it stands first
  readonly fault: string | undefined; // the first signature line that is not good, and why
};

/** Reads a record, or a draft, which may lack signatures, and checks every line that is there. */
export function openRecord(b: Uint8Array, draft: boolean): Record {
  const note = parseNote(b, draft);
  if (note.signatures.length > maxSignatures) {
    throw new Malformed(`record has ${note.signatures.length} signature lines, at most ${maxSignatures} are allowed`);
  }
  const text = parseText(note.text);
  const signed: Key[] = [];
  return { id: hex(sha256(note.message)), text, bytes: b, fault: checkLines(text, note, signed), signed };
}

/** Adds the key of each line to signed; says what is wrong with the first that is at fault. */
function checkLines(text: Text, note: Note, signed: Key[]): string | undefined {
  const keys = signers(text);
  let last = -1;
  for (const [i, s] of note.signatures.entries()) {
    const at = keys.findIndex((k) => isOf(s, k));
    const key = keys[at];
    const line = `signature line ${i + 1}: `;
    if (key === undefined) return `${line}${s.name} with the key id ${s.id} may not sign this ${text.kind}`;
    if (signed.includes(key)) return `${line}${key.name} signs twice`;
    if (at < last) return `${line}${key.name} signs after ${keys[last]?.name}, the text names them the other way round`;
    if (!verifyEd25519(key.bytes, note.message, s.bytes)) return `${line}the signature of ${key.name} does not verify`;
    signed.push(key);
    last = at;
  }
  return undefined;
}

/** Whether the key of these public bytes, in hex, signed. */
export const isSignedBy = (r: Record, key: string): boolean => r.signed.some((k) => k.public === key);

export type Shortfall = { readonly requirement: Requirement; readonly signed: number };

/** Who still has to sign, in the order of the text, of those that this names. */
export function missing(r: Record): Shortfall[] {
  return requirements(r.text)
    .map((requirement) => ({ requirement, signed: requirement.keys.filter((k) => isSignedBy(r, k.public)).length }))
    .filter((m) => m.signed < m.requirement.threshold);
}

/** What a line is called whose keys have to sign. */
export function nameOf(q: Requirement): string {
  if (q.keyword === 'key') return `the key ${q.keys[0]?.name}`;
  return q.keyword === 'former' ? `former ${q.role}` : q.role;
}

/** Says of a shortfall who has how many signatures. */
export const lacks = (m: Shortfall): string => `${nameOf(m.requirement)} has ${m.signed} of ${m.requirement.threshold} signatures`;
