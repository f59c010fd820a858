// Proofs as texts (FORMATS.md, sections 3.3 and 3.4): of an entry, and of growth.

import { base64, fromBase64 } from './base64.ts';
import { type Bytes, concat, encode, equal, indexOfPair, octets } from './bytes.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { decimal } from './decimal.ts';
import { Malformed } from './fault.ts';
import { maxNote } from './note.ts';
import { quoted } from './shown.ts';
import { type Hash, parseHash, printHash } from './tree.ts';

export const maxHashes = 63;
export const maxExtra = 65_535; // bytes
const proofLine = 'c2sp.org/tlog-proof@v1';

/** What everything in a proof has that is as large as it may be. */
export const maxProof = `${proofLine}\nextra \nindex 9223372036854775807\n\n`.length + Math.ceil(maxExtra / 3) * 4 + maxHashes * 45 + maxNote;
export const maxConsistency = 'old 9223372036854775807\n\n'.length + maxHashes * 45 + maxNote;

export type Proof = {
  readonly extra: Bytes; // empty where there is none
  readonly index: bigint;
  readonly hashes: readonly Hash[];
  readonly checkpoint: Checkpoint;
};

/** The lines before the first empty line, as octets, and the checkpoint after it. */
function splitProof(data: Uint8Array, most: number, what: string): [string[], Uint8Array] {
  if (data.length > most) throw new Malformed(`${what} has ${data.length} bytes, at most ${most} are allowed`);
  const end = indexOfPair(data, 0x0a, 0x0a);
  if (end < 0) throw new Malformed(`${what} has no empty line before its checkpoint`);
  return [octets(data.subarray(0, end)).split('\n'), data.subarray(end + 2)];
}

function parseHashes(lines: string[], what: string): Hash[] {
  if (lines.length > maxHashes) throw new Malformed(`${what} has ${lines.length} hashes, at most ${maxHashes} are allowed`);
  return lines.map((line, i) => parseHash(line, `hash ${i + 1} of the ${what}`));
}

const join = (lines: string[], hashes: readonly Hash[], c: Checkpoint): Bytes =>
  concat(encode([...lines, ...hashes.map(printHash), '', ''].join('\n')), c.bytes);

export function parseProof(data: Uint8Array): Proof {
  const [lines, rest] = splitProof(data, maxProof, 'proof');
  if (lines[0] !== proofLine) throw new Malformed(`proof begins with the line ${quoted(lines[0] ?? '', 60)}, not ${proofLine}`);
  const has = lines[1]?.startsWith('extra ') ?? false;
  const extra = has ? fromBase64((lines[1] ?? '').slice('extra '.length), 'extra line of the proof') : new Uint8Array(0);
  if (has && (extra.length < 1 || extra.length > maxExtra)) {
    throw new Malformed(`extra line of the proof has ${extra.length} bytes, 1 to ${maxExtra} are allowed`);
  }
  const at = has ? 2 : 1;
  const line = lines[at] ?? '';
  if (!line.startsWith('index ')) throw new Malformed(`proof has the line ${quoted(line, 60)}, where index belongs`);
  const index = decimal(line.slice('index '.length), 'index of the proof');
  const hashes = parseHashes(lines.slice(at + 1), 'proof');
  const p: Proof = { extra, index, hashes, checkpoint: parseCheckpoint(rest) };
  if (!equal(printProof(p), data)) throw new Malformed('proof is not in its one form');
  return p;
}

export function printProof({ extra, index, hashes, checkpoint }: Proof): Bytes {
  return join([proofLine, ...(extra.length > 0 ? [`extra ${base64(extra)}`] : []), `index ${index}`], hashes, checkpoint);
}

export type Consistency = {
  readonly old: bigint; // size of the older tree
  readonly hashes: readonly Hash[];
  readonly checkpoint: Checkpoint;
};

export function parseConsistency(data: Uint8Array): Consistency {
  const [[line = '', ...lines], rest] = splitProof(data, maxConsistency, 'consistency proof');
  if (!line.startsWith('old ')) throw new Malformed(`consistency proof begins with the line ${quoted(line, 60)}, where old belongs`);
  const old = decimal(line.slice('old '.length), 'old size of the consistency proof');
  const hashes = parseHashes(lines, 'consistency proof');
  const c: Consistency = { old, hashes, checkpoint: parseCheckpoint(rest) };
  if (!equal(printConsistency(c), data)) throw new Malformed('consistency proof is not in its one form');
  return c;
}

export const printConsistency = ({ old, hashes, checkpoint }: Consistency): Bytes => join([`old ${old}`], hashes, checkpoint);
