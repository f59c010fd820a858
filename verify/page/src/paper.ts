// What finds receipts in certificates: the receipt itself in a page or a PDF, codes in a
// picture.

import { sha256 } from '@noble/hashes/sha2.js';

import { searchApart } from './apart.ts';
import { fromBase64 } from './base64.ts';
import { type Bytes, concat, hex, octets } from './bytes.ts';
import type { Part } from './code.ts';
import { parseEntry } from './entry.ts';
import { Malformed } from './fault.ts';
import type { Given, Wanted } from './intake.ts';
import { parseNote } from './note.ts';
import { isPicture } from './picture.ts';
import { maxProof, parseProof } from './proof.ts';
import { partsOf, searchPicture } from './search.ts';
import { fromBytes, readAll, type Source } from './source.ts';

/** How large a certificate as a page or a PDF may be, in bytes: that of the largest receipt has two. */
const maxPaper = 2 ** 23;

const inside = (g: Given, name: string, data: Bytes): Given => ({ path: `${g.path}/${name}`, source: fromBytes(data) });

/** A link of a certificate to the receipt that is in it. */
const link = /<a download="[0-9a-f]{64}\.tlog-proof" href="data:application\/octet-stream;base64,([A-Za-z0-9+/=]+)">/;

/** The receipt in a certificate as HTML. */
export async function inPage(g: Given): Promise<Given[]> {
  const text = await paperThat(g.source, /^<!doctype html>\n/);
  const [, data] = link.exec(text.replaceAll('&#43;', '+')) ?? [];
  if (data === undefined) return [];
  try {
    const receipt = fromBase64(data, 'receipt in the page');
    return [inside(g, nameOfReceipt(receipt), receipt)];
  } catch (e) {
    if (e instanceof Malformed) return [];
    throw e;
  }
}

/** A receipt under the id of the record in it: the name that a page gives it may be that of another. */
function nameOfReceipt(receipt: Bytes): string {
  try {
    return `${hex(sha256(parseNote(parseEntry(parseProof(receipt).extra).record, true).message))}.tlog-proof`;
  } catch (e) {
    if (e instanceof Malformed) return 'linked.tlog-proof'; // it is none, which it says when it is asked
    throw e;
  }
}

/** How the head of a file that is attached to a PDF begins, and what follows, as chirograph writes it. */
const embedded = '/Type /EmbeddedFile /Length ';
const attached = /^(\d{1,9}) \/Filter \/FlateDecode [^\n]{0,200}>>\n{1,2}stream\n/;

/** How much of a head is looked at after that, in bytes: chirograph's has about 120. A strange PDF may have a million beginnings of one. */
const headSize = 300;

/** How many attached files of a PDF are opened: each may be as large as a receipt. */
const maxAttached = 16;

/** The receipts that are attached to a certificate as PDF. */
export async function inPDF(g: Given): Promise<Given[]> {
  const text = await paperThat(g.source, /^%PDF-/);
  const found: Given[] = [];
  let opened = 0;
  for (let at = text.indexOf(embedded); at >= 0; at = text.indexOf(embedded, at + 1)) {
    const head = at + embedded.length;
    const m = attached.exec(text.slice(head, head + headSize));
    if (m === null) continue;
    if (++opened > maxAttached) break;
    const start = head + m[0].length;
    const data = await inflated(await g.source.read(Math.min(start, g.source.size), Math.min(start + Number(m[1]), g.source.size)));
    if (data !== undefined && octets(data.subarray(0, 64)).startsWith('c2sp.org/tlog-proof@')) found.push(inside(g, `attached-${found.length + 1}.tlog-proof`, data));
  }
  return found;
}

/** A small file as octets, where it begins so; else nothing. */
async function paperThat(s: Source, begins: RegExp): Promise<string> {
  if (s.size > maxPaper || !begins.test(octets(await s.read(0, Math.min(s.size, 64))))) return '';
  return octets(await readAll(s, maxPaper, 'certificate'));
}

/** What a stream of zlib holds, at most a receipt; undefined of what is none, or more. */
async function inflated(data: Bytes): Promise<Bytes | undefined> {
  const reader = new Blob([data]).stream().pipeThrough(new DecompressionStream('deflate')).getReader();
  const parts: Uint8Array[] = [];
  try {
    for (let size = 0; ; ) {
      const { done, value } = await reader.read();
      if (done) return concat(...parts);
      size += value.length;
      if (size > maxProof) {
        await reader.cancel();
        return undefined;
      }
      parts.push(value);
    }
  } catch {
    return undefined;
  }
}

/** The codes in a picture that are of receipts, each once; those so far where it is not wanted any more. */
export async function inPicture(g: Given, wanted: Wanted = () => true): Promise<Given[]> {
  if (!(await isPicture(g.source))) return [];
  const found: Bytes[] = [];
  const tell = (code: Bytes): void => void found.push(code);
  if (!(await searchApart(g.source, wanted, tell))) await searchPicture(g.source, wanted, tell, true);
  return partsOf(found).map((p) => inside(g, nameOfPart(p), p.bytes));
}

const nameOfPart = (p: Part): string => `${p.sum}.${p.k}-of-${p.n}`;
