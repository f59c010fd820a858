// What QR codes hold (FORMATS.md, section 3.9): parts of a whole, which is a receipt.

import { type Bytes, concat, encode, equal, hex, octets, unhex } from './bytes.ts';
import { decimal } from './decimal.ts';
import { Malformed } from './fault.ts';
import { quoted } from './shown.ts';
import { sha256 } from '@noble/hashes/sha2.js';

const keyword = 'chirograph/qr/v1';
export const partSize = 600; // bytes
export const maxParts = 99; // of one whole
const sumSize = 8; // bytes
export const maxCode = `${keyword} 99/99 `.length + 2 * sumSize + 1 + partSize; // bytes

export type Part = {
  readonly k: number; // the k-th of n
  readonly n: number;
  readonly sum: string; // hex: the first 8 bytes of the SHA-256 of the whole
  readonly data: Bytes;
};

/** Why parts are no whole, as the vectors name it. */
export type PartsFault = 'differ' | 'missing' | 'hash';

/** Parts that are no whole: what they lack. */
export class NoWhole extends Error {
  readonly kind: PartsFault;

  constructor(kind: PartsFault, reason: string) {
    super(reason);
    this.kind = kind;
  }
}

export function parsePart(b: Bytes): Part {
  if (b.length > maxCode) throw new Malformed(`code has ${b.length} bytes, at most ${maxCode} are allowed`);
  const end = b.indexOf(0x0a);
  const line = octets(b.subarray(0, Math.max(end, 0)));
  const [first, number = '', sum = '', ...rest] = line.split(' ');
  if (end < 0 || first !== keyword || rest.length > 0) throw new Malformed(`code begins with the line ${quoted(line, 60)}, not ${keyword}`);
  const [k, n] = parseNumber(number);
  if (unhex(sum).length !== sumSize) throw new Malformed(`hash ${quoted(sum, 60)} of the code is not ${2 * sumSize} hex digits`);
  const data = b.slice(end + 1);
  if (data.length < 1 || data.length > partSize || (k < n && data.length !== partSize)) {
    throw new Malformed(`code ${k} of ${n} has ${data.length} bytes; each but the last has ${partSize}, and that has 1 to ${partSize}`);
  }
  const p: Part = { k, n, sum, data };
  if (!equal(printPart(p), b)) throw new Malformed('code is not in its one form');
  return p;
}

function parseNumber(s: string): [number, number] {
  const [first = '', second = '', ...rest] = s.split('/');
  const [k, n] = [decimal(first, 'number of the code'), decimal(second, 'number of codes', BigInt(maxParts))];
  if (rest.length > 0 || k < 1n || k > n) throw new Malformed(`code has the number ${quoted(s, 60)}, not k/n with 1 ≤ k ≤ n ≤ ${maxParts}`);
  return [Number(k), Number(n)];
}

export const printPart = ({ k, n, sum, data }: Part): Bytes => concat(encode(`${keyword} ${k}/${n} ${sum}\n`), data);

/** Parts by the whole that they say they are of, in the order in which the first of each stands. */
export function sets(parts: readonly Part[]): Part[][] {
  const byWhole = new Map<string, Part[]>();
  for (const p of parts) {
    const of = `${p.sum} ${p.n}`;
    byWhole.set(of, [...(byWhole.get(of) ?? []), p]);
  }
  return [...byWhole.values()];
}

/** The whole of a set, whose parts may stand in any order and be there more than once. */
export function joinParts(set: readonly Part[]): Bytes {
  const [first] = set;
  if (first === undefined) throw new NoWhole('missing', 'there is no code');
  const byNumber = new Map<number, Bytes>();
  for (const { k, n, data } of set) {
    const before = byNumber.get(k);
    if (before !== undefined && !equal(before, data)) throw new NoWhole('differ', `two codes are number ${k} of ${n}, and are not the same`);
    byNumber.set(k, data);
  }
  const numbers = Array.from({ length: first.n }, (_, i) => i + 1);
  const absent = numbers.filter((k) => !byNumber.has(k));
  if (absent.length > 0) throw new NoWhole('missing', `of ${first.n} codes these are missing: ${absent.join(', ')}`);
  const whole = concat(...numbers.map((k) => byNumber.get(k) ?? new Uint8Array(0)));
  const sum = hex(sha256(whole).subarray(0, sumSize));
  if (sum !== first.sum) throw new NoWhole('hash', `the ${first.n} codes together have the SHA-256 ${sum}…, and say that it is ${first.sum}…`);
  return whole;
}
