// Pictures as pixels, by what the browser has for it. How many pixels a picture has is read
// from its first bytes, before anything of it is held.

import { fromBigEndian, octets } from './bytes.ts';
import { type Box, maxSide, type Raster } from './raster.ts';
import type { Source } from './source.ts';

/** How large a picture's file may be, in bytes, and how many pixels it may have: four bytes each while it is read. */
const maxFile = 64 * 2 ** 20;
const maxPixels = 100_000_000;

/** How much of a file is looked at for its size. A camera may write much before it. */
const headSize = 2 ** 18;

type Size = { readonly width: number; readonly height: number };

const number = (b: Uint8Array, at: number, width: number): number => Number(fromBigEndian(b.subarray(at, at + width)));

const little = (b: Uint8Array, at: number, width: number): number => Number(fromBigEndian(b.slice(at, at + width).reverse()));

/** What a picture says that its size is; undefined of what is none that is read here: PNG, JPEG, WebP. */
export function sizeOf(head: Uint8Array): Size | undefined {
  const start = octets(head.subarray(0, 30));
  if (start.startsWith('\u0089PNG\r\n\u001a\n') && start.slice(12, 16) === 'IHDR') return { width: number(head, 16, 4), height: number(head, 20, 4) };
  if (start.startsWith('RIFF') && start.slice(8, 12) === 'WEBP') return webp(head, start.slice(12, 16));
  return start.startsWith('\u00ff\u00d8\u00ff') ? jpeg(head) : undefined;
}

function webp(head: Uint8Array, form: string): Size | undefined {
  if (form === 'VP8X') return { width: little(head, 24, 3) + 1, height: little(head, 27, 3) + 1 };
  if (form === 'VP8 ') return { width: little(head, 26, 2) & 0x3fff, height: little(head, 28, 2) & 0x3fff };
  if (form !== 'VP8L') return undefined;
  const bits = little(head, 21, 4);
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

/** The size is in the first segment that begins a frame. */
function jpeg(head: Uint8Array): Size | undefined {
  for (let at = 2; at + 9 < head.length && head[at] === 0xff; at += 2 + number(head, at + 2, 2)) {
    const marker = head[at + 1] ?? 0;
    const frame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (frame) return { width: number(head, at + 7, 2), height: number(head, at + 5, 2) };
  }
  return undefined;
}

/** Whether a file begins as a picture that is not too large to be opened. */
export async function isPicture(source: Source): Promise<boolean> {
  if (source.size > maxFile || source.size < 32) return false;
  const size = sizeOf(await source.read(0, Math.min(source.size, headSize)));
  return size !== undefined && size.width >= 1 && size.height >= 1 && size.width * size.height <= maxPixels;
}

/** A part of a picture, and how many parts there are from this one on. */
export type Piece = { readonly raster: Raster; readonly left: number };

/**
 * The pixels of a picture, in parts that overlap where a side is too long for one, and made
 * smaller where there are too many; none of what is no picture, or too large.
 */
export async function* partsOfPicture(source: Source): AsyncGenerator<Piece> {
  if (!(await isPicture(source))) return;
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(new Blob([await source.read(0, source.size)]));
  } catch {
    return; // it begins as a picture does, and is none
  }
  try {
    const scale = Math.min(1, Math.sqrt(maxSide ** 2 / (bitmap.width * bitmap.height)), maxLength / Math.max(bitmap.width, bitmap.height));
    const [width, height] = [bitmap.width, bitmap.height].map((n) => Math.max(1, Math.floor(n * scale))) as [number, number];
    const corners = starts(width).flatMap((left) => starts(height).map((top) => ({ left, top })));
    for (const [i, { left, top }] of corners.entries()) {
      const raster = drawn(bitmap, scale, { left, top, width: Math.min(maxSide, width - left), height: Math.min(maxSide, height - top) });
      yield { raster, left: corners.length - i };
    }
  } finally {
    bitmap.close();
  }
}

/** How long a picture is at most: some pages under each other. */
const maxLength = 4 * maxSide;

/** By how much parts overlap: a code. */
const overlap = 1024;

/** Where the parts of a side of that length begin. */
function starts(length: number): number[] {
  const all = [0];
  for (let at = maxSide - overlap; at + overlap < length; at += maxSide - overlap) all.push(at);
  return all;
}

function drawn(bitmap: ImageBitmap, scale: number, { left, top, width, height }: Box): Raster {
  const canvas = typeof document === 'undefined' ? new OffscreenCanvas(width, height) : Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D | null;
  if (context === null) return { width: 1, height: 1, data: new Uint8ClampedArray(4) };
  context.fillStyle = '#ffffff'; // under what is not opaque
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, -left, -top, bitmap.width * scale, bitmap.height * scale);
  return { width, height, data: context.getImageData(0, 0, width, height).data };
}
