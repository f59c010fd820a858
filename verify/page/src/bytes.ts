// Bytes and what they are written as.

import { Malformed } from './fault.ts';

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The UTF-8 of a string without lone surrogates. */
export const encode = (s: string): Bytes => encoder.encode(s);

/** The string of strict UTF-8; a byte order mark is the character that it is. */
export function decode(b: Uint8Array, what: string): string {
  try {
    return decoder.decode(b);
  } catch {
    throw new Malformed(`${what} is not valid UTF-8`);
  }
}

/** A string with one character, U+0000 to U+00FF, a byte. */
export function octets(b: Uint8Array): string {
  let s = '';
  for (let i = 0; i < b.length; i += 0x8000) s += String.fromCharCode(...b.subarray(i, i + 0x8000));
  return s;
}

/** The bytes of what octets returned. */
export function fromOctets(s: string): Bytes {
  const b = new Uint8Array(s.length);
  for (let i = 0; i < s.length; i++) b[i] = s.charCodeAt(i);
  return b;
}

export function concat(...parts: Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    all.set(p, at);
    at += p.length;
  }
  return all;
}

export const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((x, i) => x === b[i]);

/** Where the two bytes stand first in b; -1 where they do not. */
export function indexOfPair(b: Uint8Array, first: number, second: number): number {
  for (let i = b.indexOf(first); i >= 0; i = b.indexOf(first, i + 1)) {
    if (b[i + 1] === second) return i;
  }
  return -1;
}

export const hex = (b: Uint8Array): string => Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('');

/** The bytes of lowercase hex, an even number of digits. */
export function unhex(s: string): Bytes {
  if (!/^([0-9a-f]{2})*$/.test(s)) throw new Malformed('not lowercase hex');
  return Uint8Array.from(s.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}

/** n as that many bytes, big-endian. */
export function bigEndian(n: bigint, width: number): Bytes {
  return Uint8Array.from({ length: width }, (_, i) => Number((n >> BigInt(8 * (width - 1 - i))) & 0xffn));
}

export const fromBigEndian = (b: Uint8Array): bigint => b.reduce((n, x) => (n << 8n) | BigInt(x), 0n);

export const fromLittleEndian = (b: Uint8Array): bigint => b.reduceRight((n, x) => (n << 8n) | BigInt(x), 0n);
