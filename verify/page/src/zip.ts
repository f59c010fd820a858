// The one ZIP that a dossier is (FORMATS.md, section 3.7). What is read is printed again
// and compared, so that no two programs see different files in one.

import { type Bytes, concat, equal, octets } from './bytes.ts';
import { Malformed } from './fault.ts';
import { quoted } from './shown.ts';
import { part, pieces, type Source } from './source.ts';

export const maxSize = 2 ** 31; // bytes
export const maxFiles = 65_534;
const maxPath = 203; // characters: documents/<id>/ and a name of 128

const localSize = 30;
const centralSize = 46;
const endSize = 22;

export type File = {
  readonly path: string; // ASCII
  readonly size: number;
  readonly crc: number;
  readonly offset: number; // of the local header
  readonly data: Source;
};

/** Numbers, little-endian, each of so many bytes. */
function littleEndian(...fields: (readonly [width: number, value: number])[]): Bytes {
  const b = new Uint8Array(fields.reduce((n, [width]) => n + width, 0));
  let at = 0;
  for (const [width, value] of fields) {
    for (let i = 0; i < width; i++) b[at++] = Math.floor(value / 2 ** (8 * i)) % 256;
  }
  return b;
}

const number = (b: Uint8Array, at: number, width: number): number =>
  b.subarray(at, at + width).reduceRight((n, x) => n * 256 + x, 0);

/** What the local and the central header of a file have in common. */
function fields(f: File): Bytes {
  const date = (1 << 5) | 1; // 1980-01-01
  return littleEndian([2, 20], [2, 0], [2, 0], [2, 0], [2, date], [4, f.crc], [4, f.size], [4, f.size], [2, f.path.length], [2, 0]);
}

const pathBytes = (f: File): Bytes => Uint8Array.from(f.path, (c) => c.charCodeAt(0));

const printLocal = (f: File): Bytes => concat(littleEndian([4, 0x04034b50]), fields(f), pathBytes(f));

const printCentral = (f: File): Bytes =>
  concat(littleEndian([4, 0x02014b50], [2, 20]), fields(f), littleEndian([2, 0], [2, 0], [2, 0], [4, 0], [4, f.offset]), pathBytes(f));

const printEnd = (files: number, size: number, offset: number): Bytes =>
  littleEndian([4, 0x06054b50], [2, 0], [2, 0], [2, files], [2, files], [4, size], [4, offset], [2, 0]);

/** Reads where the files are. Their bytes are still to be compared (checkFile). */
export async function readDirectory(s: Source): Promise<File[]> {
  if (s.size < endSize) throw new Malformed(`dossier has ${s.size} bytes, too few for a ZIP`);
  if (s.size > maxSize) throw new Malformed(`dossier has ${s.size} bytes, at most ${maxSize} are allowed`);
  const end = await s.read(s.size - endSize, s.size);
  const [count, size, offset] = [number(end, 10, 2), number(end, 12, 4), number(end, 16, 4)];
  if (count > maxFiles) throw new Malformed(`dossier has ${count} files, at most ${maxFiles} are allowed`);
  if (!equal(printEnd(count, size, offset), end)) {
    throw new Malformed('dossier does not end as a ZIP without comment on one disk: it is cut short, or other bytes follow it');
  }
  if (offset + size + endSize !== s.size || size > count * (centralSize + maxPath)) {
    throw new Malformed(`directory of the ZIP has ${size} bytes from byte ${offset} for ${count} files, its end begins at byte ${s.size - endSize}`);
  }
  const files = parseDirectory(s, await s.read(offset, offset + size), count);
  const last = files.at(-1);
  const stop = last === undefined ? 0 : endOf(last);
  if (stop !== offset) throw new Malformed(`the last file ends at byte ${stop}, the directory begins at byte ${offset}`);
  return files;
}

const endOf = (f: File): number => f.offset + localSize + f.path.length + f.size;

function parseDirectory(s: Source, b: Bytes, count: number): File[] {
  const files: File[] = [];
  let at = 0;
  let offset = 0;
  let before = '';
  for (let i = 0; i < count; i++) {
    const [crc, size, length] = [number(b, at + 16, 4), number(b, at + 24, 4), number(b, at + 28, 2)];
    const path = octets(b.subarray(at + centralSize, at + centralSize + length));
    const f: File = { path, size, crc, offset, data: part(s, offset + localSize + length, size) };
    const printed = printCentral(f);
    if (!equal(printed, b.subarray(at, at + printed.length))) {
      throw new Malformed(`file ${i + 1} of ${count}, ${quoted(path)}, has a header that is not in its one form: it is compressed, encrypted, dated, commented, or not where the one before ends`);
    }
    if (path <= before) throw new Malformed(`${quoted(path)} comes after ${quoted(before)}, and is the same or sorts before it`);
    files.push(f);
    at += printed.length;
    offset = endOf(f);
    before = path;
  }
  if (at !== b.length) throw new Malformed(`directory of the ZIP has ${b.length - at} bytes after its last file`);
  return files;
}

/** Demands that the file's local header is the one form of it, and its bytes have its CRC-32. */
export async function checkFile(s: Source, f: File): Promise<void> {
  const printed = printLocal(f);
  if (endOf(f) > s.size || !equal(printed, await s.read(f.offset, f.offset + printed.length))) {
    throw new Malformed(`${quoted(f.path)} has a local header that is not as the directory of the ZIP says`);
  }
  let crc = 0;
  for await (const piece of pieces(f.data)) crc = crc32(crc, piece);
  if (crc !== f.crc) throw new Malformed(`${quoted(f.path)} has the CRC-32 ${hexOf(crc)}, the directory of the ZIP says ${hexOf(f.crc)}`);
}

const hexOf = (crc: number): string => crc.toString(16).padStart(8, '0');

/** By the last eight bits, what they make of the polynomial of CRC-32, reflected. */
const table = new Uint32Array(256);
for (let bits = 0; bits < table.length; bits++) {
  let sum = bits;
  for (let step = 0; step < 8; step++) sum = (sum >>> 1) ^ (0xedb88320 & -(sum & 1));
  table[bits] = sum;
}

/** The CRC-32 of what had that CRC-32, which is 0 of nothing, and these bytes after it. */
function crc32(before: number, b: Uint8Array): number {
  let crc = ~before;
  for (let i = 0; i < b.length; i++) crc = (table[(crc ^ (b[i] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}
