// Checkpoints (FORMATS.md, section 3.2): which tree a log has, as a note.

import { decimal } from './decimal.ts';
import { verifyEd25519 } from './ed25519.ts';
import { Malformed } from './fault.ts';
import { isOf, type Note, parseNote, type Signature } from './note.ts';
import { type Hash, parseHash, printHash } from './tree.ts';
import { checkName, type Key } from './vkey.ts';

export type Checkpoint = {
  readonly origin: string;
  readonly size: bigint;
  readonly root: Hash;
  readonly note: Note; // of which no line is verified yet
  readonly bytes: Uint8Array;
};

export function parseCheckpoint(data: Uint8Array): Checkpoint {
  const note = parseNote(data);
  const [origin = '', size = '', root = '', ...rest] = note.text.split('\n');
  if (rest.length !== 1 || rest[0] !== '') throw new Malformed(`checkpoint has ${rest.length + 2} lines, exactly three are allowed`);
  checkName(origin);
  const c: Checkpoint = {
    origin, size: decimal(size, 'size of the checkpoint'), root: parseHash(root, 'root of the checkpoint'), note, bytes: data,
  };
  if (`${c.origin}\n${c.size}\n${printHash(c.root)}\n` !== note.text) throw new Malformed('checkpoint is not in its one form');
  return c;
}

/** The lines of a key under the checkpoint. */
export const linesOf = (c: Checkpoint, k: Key): Signature[] => c.note.signatures.filter((s) => isOf(s, k));

/** Whether a line of a log's key verifies. */
export const isSignature = (c: Checkpoint, k: Key, s: Signature): boolean => verifyEd25519(k.bytes, c.note.message, s.bytes);
