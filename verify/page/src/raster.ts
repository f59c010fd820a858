// The codes in a picture, however many. What it takes is bounded: the pixels, how often the
// picture is searched, and, by whoever asks, for how long.

import decodeQR, { type FinderPoints } from 'qr/decode.js';

import { type Bytes, fromOctets, octets } from './bytes.ts';

/** Pixels: four bytes each, red, green, blue and how opaque. */
export type Raster = { readonly width: number; readonly height: number; readonly data: Uint8ClampedArray<ArrayBuffer> };

/** How long a side of a picture may be: what the decoder takes. Larger ones are made smaller before. */
export const maxSide = 4096;

/** For how many milliseconds one search goes on after what it always tries. */
const patience = 120;

/** How many codes are taken from one picture. */
const maxFound = 128;

/** A picture with a shorter side than this is made twice as large, so that small modules have pixels enough. */
const small = 1600;

/**
 * Parts of a picture that are looked at by themselves, and how far each is from the next, in
 * shares of its shorter side: some codes of a page with three columns; one, with room.
 */
const tilings = [[0.5, 0.25], [0.36, 0.09]] as const;

/** Who takes what is found, and says when it is over. */
export type Search = {
  take(code: Bytes): void;
  /** Whether the codes so far may be all that there are. */
  enough(): boolean;
  /** Whether there is time for more, and it is still wanted. Asked before each search; one that has begun is ended. */
  goOn(): Promise<boolean>;
  /** Whether a picture with too many corners is left out. */
  readonly careful: boolean;
};

/** A search, and how many codes it has found. */
type Sweep = Search & { found: number };

/**
 * Finds the bytes of each code that can be read. What was found is painted over, so that the
 * next is found: in the picture as it is, then with its light made even, then in parts, and
 * all of that turned by 45 degrees, because the decoder finds codes that stand about straight.
 * That these are enough is asked first when a second search of the whole has found no more:
 * one receipt may be whole while codes of another are still there.
 */
export async function readCodes(picture: Raster, search: Search): Promise<void> {
  const s: Sweep = { ...search, found: 0, goOn: async () => s.found < maxFound && (await search.goOn()) };
  const isLeftOut = (r: Raster): boolean => s.careful && isCrowded(r);
  if (isLeftOut(picture)) return;
  const looked: Raster = { ...picture, data: picture.data.slice() };
  if (!(await sweep(looked, s))) return;
  const even = evened(looked);
  const fine = Math.min(even.width, even.height) < small && 2 * Math.max(even.width, even.height) <= maxSide ? doubled(even) : even;
  if (isLeftOut(fine) || !(await sweep(fine, s)) || s.enough()) return;
  // Most pictures are no codes, but documents: nothing in them looks like the corners of one.
  if (s.found === 0 && !looksLikeCodes(fine)) return;
  if (!(await sweepParts(fine, s))) return;
  const slanted = turned(fine);
  if (!isLeftOut(slanted) && (await sweep(slanted, s)) && !s.enough()) await sweepParts(slanted, s);
}

/** How many corners of codes a picture may have for a search that cannot be ended: for what the decoder takes for one it compares all. */
const maxCorners = 512;

/** Whether a picture has too many squares that look like corners of codes: in every second row, those that are so from above, too. */
function isCrowded({ width, height, data }: Raster): boolean {
  const isDark = (x: number, y: number): boolean => x >= 0 && y >= 0 && x < width && y < height && (data[4 * (y * width + x) + 1] ?? 0) < 128;
  let corners = 0;
  for (let y = 0; y < height; y += 2) {
    const runs = [0, 0, 0, 0, 0];
    for (let x = 0; x < width; ) {
      const from = x;
      const dark = isDark(x, y);
      while (x < width && isDark(x, y) === dark) x++;
      runs.shift();
      runs.push(x - from);
      const module = moduleOf(runs);
      if (module === 0) continue;
      const centre = x - Math.round((runs[4] ?? 0) + (runs[3] ?? 0) + (runs[2] ?? 0) / 2);
      const above = column(isDark, centre, y, 8 * module);
      // Each corner is met once: in the first row of the square in its middle, or the second.
      if (moduleOf(above.runs) > 0 && above.depth <= 2 && ++corners > maxCorners) return true;
    }
  }
  return false;
}

/** The module of five runs of 1, 1, 3, 1 and 1 modules, by half a module; 0 of others. */
function moduleOf(runs: readonly number[]): number {
  const module = runs.reduce((n, run) => n + run, 0) / 7;
  const fits = runs.every((run, i) => run > 0 && Math.abs(run - (i === 2 ? 3 : 1) * module) <= (i === 2 ? 1.5 : 0.5) * module);
  return fits ? module : 0;
}

/** The five runs above and below a pixel, it in the midst, none longer than most, and the how manieth of its own it is. */
function column(isDark: (x: number, y: number) => boolean, x: number, y: number, most: number): { runs: number[]; depth: number } {
  const dark = isDark(x, y);
  const side = (step: 1 | -1): number[] => {
    const lengths = [0, 0, 0];
    let at = y;
    for (let i = 0; i < 3; i++) {
      for (; isDark(x, at) === (i % 2 === 0 ? dark : !dark) && (lengths[i] ?? 0) < most; at += step) lengths[i] = (lengths[i] ?? 0) + 1;
    }
    return lengths;
  };
  const [up, down] = [side(-1), side(1)];
  const [depth, rest] = [up[0] ?? 0, down[0] ?? 0];
  return { runs: [up[2] ?? 0, up[1] ?? 0, depth + rest - 1, down[1] ?? 0, down[2] ?? 0], depth };
}

/** Whether anything in a picture looks like a code, though it could not be read. */
function looksLikeCodes(r: Raster): boolean {
  let seen = false;
  try {
    decodeQR(r, { format: 'RGBA', textDecoder: octets, effort: 4, timeLimit: patience, pointsOnDetect: () => (seen = true) });
  } catch {
    // that it cannot be read is known
  }
  return seen;
}

/** Searches parts of a picture, and says whether to go on. It ends within a tiling only where nothing is left that looks like a code. */
async function sweepParts(r: Raster, s: Sweep): Promise<boolean> {
  for (const [side, step] of tilings) {
    for (const part of tiles(r, side, step)) {
      const piece = cropped(r, part);
      const before = s.found;
      if (!(await sweep(piece, s))) return false;
      if (s.found === before) continue;
      paste(r, piece, part);
      if (s.enough() && !looksLikeCodes(r)) return false;
    }
    if (s.enough()) return false;
  }
  return true;
}

/** Searches until nothing more can be read, and says whether to go on. */
async function sweep(r: Raster, s: Sweep): Promise<boolean> {
  for (;;) {
    if (!(await s.goOn())) return false;
    let points: FinderPoints | undefined;
    let code: Bytes;
    try {
      code = fromOctets(decodeQR(r, { format: 'RGBA', textDecoder: octets, effort: 4, timeLimit: patience, pointsOnDetect: (p) => (points = p) }));
    } catch {
      return true; // every picture ends so, when no code is left
    }
    s.found++;
    s.take(code);
    if (points === undefined) return true;
    paintOver(r, points);
  }
}

/** A part of a picture, in pixels. */
export type Box = { readonly left: number; readonly top: number; readonly width: number; readonly height: number };

/** Parts that overlap, from the left to the right and down. */
function* tiles({ width, height }: Raster, shareOfSide: number, shareOfStep: number): Generator<Box> {
  const short = Math.min(width, height);
  const [side, step] = [Math.ceil(short * shareOfSide), Math.ceil(short * shareOfStep)];
  for (let top = 0; top === 0 || top + side - step < height; top += step) {
    for (let left = 0; left === 0 || left + side - step < width; left += step) {
      yield { left, top, width: Math.min(side, width - left), height: Math.min(side, height - top) };
    }
  }
}

function cropped({ width, data }: Raster, box: Box): Raster {
  const out = new Uint8ClampedArray(4 * box.width * box.height);
  for (let y = 0; y < box.height; y++) {
    const at = 4 * ((box.top + y) * width + box.left);
    out.set(data.subarray(at, at + 4 * box.width), 4 * y * box.width);
  }
  return { width: box.width, height: box.height, data: out };
}

function paste({ width, data }: Raster, piece: Raster, box: Box): void {
  for (let y = 0; y < box.height; y++) {
    data.set(piece.data.subarray(4 * y * box.width, 4 * (y + 1) * box.width), 4 * ((box.top + y) * width + box.left));
  }
}

/** Makes light what is within the outline of a code. */
function paintOver({ width, height, data }: Raster, { outline, tl, tr, bl }: FinderPoints): void {
  const quad = outline.every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y)) ? outline : [tl, tr, bl];
  const [xs, ys] = [quad.map((p) => p.x), quad.map((p) => p.y)];
  const clip = (v: number, most: number): number => Math.min(Math.max(Math.round(v), 0), most);
  const [left, right, top, bottom] = [clip(Math.min(...xs), width), clip(Math.max(...xs), width), clip(Math.min(...ys), height), clip(Math.max(...ys), height)];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      if (within(quad, x, y)) data.fill(255, 4 * (y * width + x), 4 * (y * width + x) + 3);
    }
  }
}

/** Whether a point is on one side of every edge. */
function within(quad: readonly { x: number; y: number }[], x: number, y: number): boolean {
  let side = 0;
  return quad.every((a, i) => {
    const b = quad[(i + 1) % quad.length] ?? a;
    const turn = Math.sign((b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x));
    if (side === 0) side = turn;
    return turn === 0 || turn === side;
  });
}

/** How many blocks the shorter side has of which each says what is dark and what is light in it. */
const blocks = 20;

/** The least difference between dark and light that is made more of: less is paper alone. */
const leastContrast = 24;

/** The picture in grey, dark and light everywhere as far apart: without shadows, and not pale. */
function evened({ width, height, data }: Raster): Raster {
  const side = Math.max(8, Math.ceil(Math.min(width, height) / blocks));
  const [columns, lines] = [Math.ceil(width / side), Math.ceil(height / side)];
  const grey = new Uint8Array(width * height);
  const [low, high] = [new Float32Array(columns * lines).fill(255), new Float32Array(columns * lines)];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const g = ((data[4 * i] ?? 0) * 77 + (data[4 * i + 1] ?? 0) * 151 + (data[4 * i + 2] ?? 0) * 28) >> 8;
      grey[i] = g;
      const b = Math.floor(y / side) * columns + Math.floor(x / side);
      if (g < (low[b] ?? 0)) low[b] = g;
      if (g > (high[b] ?? 0)) high[b] = g;
    }
  }
  const out = new Uint8ClampedArray(4 * width * height);
  const between = (values: Float32Array, x: number, y: number): number => {
    const [u, v] = [Math.min(Math.max(x / side - 0.5, 0), columns - 1), Math.min(Math.max(y / side - 0.5, 0), lines - 1)];
    const [c, l] = [Math.floor(u), Math.floor(v)];
    const [c2, l2] = [Math.min(c + 1, columns - 1), Math.min(l + 1, lines - 1)];
    const at = (cc: number, ll: number): number => values[ll * columns + cc] ?? 0;
    return (at(c, l) * (1 - u + c) + at(c2, l) * (u - c)) * (1 - v + l) + (at(c, l2) * (1 - u + c) + at(c2, l2) * (u - c)) * (v - l);
  };
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const light = between(high, x, y);
      const dark = Math.min(between(low, x, y), light - leastContrast);
      const g = (255 * ((grey[i] ?? 0) - dark)) / (light - dark);
      out[4 * i] = out[4 * i + 1] = out[4 * i + 2] = g;
      out[4 * i + 3] = 255;
    }
  }
  return { width, height, data: out };
}

/** The picture twice as large, in grey, each pixel between its neighbours. */
function doubled({ width, height, data }: Raster): Raster {
  const out = new Uint8ClampedArray(16 * width * height);
  for (let y = 0, i = 0; y < 2 * height; y++) {
    const v = Math.max(0, y / 2 - 0.25);
    const [y0, y1] = [Math.floor(v), Math.min(Math.floor(v) + 1, height - 1)];
    for (let x = 0; x < 2 * width; x++, i++) {
      const u = Math.max(0, x / 2 - 0.25);
      const [x0, x1] = [Math.floor(u), Math.min(Math.floor(u) + 1, width - 1)];
      const at = (xx: number, yy: number): number => data[4 * (yy * width + xx)] ?? 0;
      const upper = at(x0, y0) * (1 - u + x0) + at(x1, y0) * (u - x0);
      const lower = at(x0, y1) * (1 - u + x0) + at(x1, y1) * (u - x0);
      out[4 * i] = out[4 * i + 1] = out[4 * i + 2] = upper * (1 - v + y0) + lower * (v - y0);
      out[4 * i + 3] = 255;
    }
  }
  return { width: 2 * width, height: 2 * height, data: out };
}

/** The picture turned by 45 degrees, in grey, and smaller where it would be too large. */
function turned({ width, height, data }: Raster): Raster {
  const side = Math.ceil((width + height) * Math.SQRT1_2);
  const size = Math.min(side, maxSide);
  const step = (side / size) * Math.SQRT1_2; // along both sides of the picture, for one pixel of the turned one
  const out = new Uint8ClampedArray(4 * size * size).fill(255);
  for (let y = 0, i = 0; y < size; y++) {
    for (let x = 0; x < size; x++, i++) {
      const [dx, dy] = [(x - size / 2) * step, (y - size / 2) * step];
      const [u, v] = [dx + dy + width / 2, dy - dx + height / 2];
      const [x0, y0] = [Math.floor(u), Math.floor(v)];
      if (x0 < 0 || y0 < 0 || x0 + 1 >= width || y0 + 1 >= height) continue;
      const at = 4 * (y0 * width + x0);
      const upper = (data[at] ?? 0) * (1 - u + x0) + (data[at + 4] ?? 0) * (u - x0);
      const lower = (data[at + 4 * width] ?? 0) * (1 - u + x0) + (data[at + 4 * width + 4] ?? 0) * (u - x0);
      out[4 * i] = out[4 * i + 1] = out[4 * i + 2] = upper * (1 - v + y0) + lower * (v - y0);
    }
  }
  return { width: size, height: size, data: out };
}
