// What finds receipts in certificates: the receipt itself in a page or a PDF, codes in a
// picture.

import { fromBase64 } from './base64.ts';
import { type Bytes, concat, octets } from './bytes.ts';
import { joinParts, NoWhole, type Part, parsePart, sets } from './code.ts';
import { Malformed } from './fault.ts';
import type { Given, Wanted } from './intake.ts';
import { partsOfPicture } from './picture.ts';
import { maxProof } from './proof.ts';
import { readCodes } from './raster.ts';
import { fromBytes, readAll, type Source } from './source.ts';

/** How large a certificate as a page or a PDF may be, in bytes: that of the largest receipt has two. */
const maxPaper = 2 ** 23;

const inside = (g: Given, name: string, data: Bytes): Given => ({ path: `${g.path}/${name}`, source: fromBytes(data) });

/** A link of a certificate to the receipt that is in it. */
const link = /<a download="([0-9a-f]{64}\.tlog-proof)" href="data:application\/octet-stream;base64,([A-Za-z0-9+/=]+)">/;

/** The receipt in a certificate as HTML. */
export async function inPage(g: Given): Promise<Given[]> {
  const text = await paperThat(g.source, /^<!doctype html>\n/);
  const [, name, data] = link.exec(text.replaceAll('&#43;', '+')) ?? [];
  if (name === undefined || data === undefined) return [];
  try {
    return [inside(g, name, fromBase64(data, 'receipt in the page'))];
  } catch (e) {
    if (e instanceof Malformed) return [];
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

/** For how many milliseconds one picture is searched in all, its parts together. */
const maxTime = 20_000;

/** The codes in a picture that are of receipts, each once; those so far where it is not wanted any more. */
export async function inPicture(g: Given, wanted: Wanted = () => true): Promise<Given[]> {
  const found: Bytes[] = [];
  const end = performance.now() + maxTime;
  const isOver = (): boolean => performance.now() > end || !wanted();
  for await (const { raster, left } of partsOfPicture(g.source)) {
    // Each part has its share of what is left, so that the last is searched too.
    const until = performance.now() + (end - performance.now()) / left;
    const goOn = async (): Promise<boolean> => {
      await new Promise((resolve) => setTimeout(resolve, 0)); // the browser may answer
      return performance.now() <= until && !isOver();
    };
    // What another part has says nothing of this one.
    found.push(...(await readCodes(raster, (more) => more.length > 0 && areWhole([...found, ...more]), goOn)));
    if (isOver()) break;
  }
  return partsOf(found).map((p) => inside(g, nameOfPart(p), p.bytes));
}

const nameOfPart = (p: Part): string => `${p.sum}.${p.k}-of-${p.n}`;

/** The parts among what codes hold, each once. */
function partsOf(found: readonly Bytes[]): (Part & { readonly bytes: Bytes })[] {
  const parts = new Map<string, Part & { readonly bytes: Bytes }>();
  for (const bytes of found) {
    try {
      parts.set(octets(bytes), { ...parsePart(bytes), bytes });
    } catch (e) {
      if (!(e instanceof Malformed)) throw e; // a code of something else
    }
  }
  return [...parts.values()];
}

/** Whether every receipt of which a code was found is whole. */
function areWhole(found: readonly Bytes[]): boolean {
  const all = sets(partsOf(found));
  return all.length > 0 && all.every((set) => whole(set) !== undefined);
}

/** What parts are together; undefined where they are no whole. */
function whole(set: readonly Part[]): Bytes | undefined {
  try {
    return joinParts(set);
  } catch (e) {
    if (e instanceof NoWhole) return undefined;
    throw e;
  }
}
