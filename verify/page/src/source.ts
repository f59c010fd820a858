// Where the bytes of a file are. A dossier may have 2 GiB, so nothing here holds a file
// whole that is not small.

import { type Bytes, concat, equal } from './bytes.ts';
import { Malformed } from './fault.ts';

export type Source = {
  readonly size: number;
  /** The bytes from one offset to before another, both within the size. */
  read(from: number, to: number): Promise<Bytes>;
};

const pieceSize = 1 << 20;
const windowSize = 1 << 22;

export const fromBytes = (b: Bytes): Source => ({ size: b.length, read: async (from, to) => b.slice(from, to) });

export const fromBlob = (blob: Blob): Source => ({
  size: blob.size,
  read: async (from, to) => new Uint8Array(await blob.slice(from, to).arrayBuffer()),
});

/**
 * The same bytes, read from s in larger parts: of many small files one after the other,
 * each would else be a request of its own.
 */
export function windowed(s: Source): Source {
  let start = 0;
  let window: Bytes = new Uint8Array(0);
  return {
    size: s.size,
    async read(from, to) {
      if (to - from >= windowSize) return s.read(from, to);
      if (from < start || to > start + window.length) {
        const b = await s.read(from, Math.min(from + windowSize, s.size));
        [start, window] = [from, b];
      }
      return window.slice(from - start, to - start);
    },
  };
}

/** A part of a source. */
export const part = (s: Source, start: number, size: number): Source => ({
  size,
  read: (from, to) => s.read(start + from, start + to),
});

/** A file that is not what it was when it was given. It is no fault of its form. */
export class Unreadable extends Error {}

/** The bytes piece by piece. Each read is a pause in which a page may answer. */
export async function* pieces(s: Source): AsyncGenerator<Bytes> {
  for (let at = 0; at < s.size; at += pieceSize) {
    const to = Math.min(at + pieceSize, s.size);
    const b = await s.read(at, to);
    if (b.length !== to - at) throw new Unreadable(`the file has ${at + b.length} bytes, and had ${s.size} before`);
    yield b;
  }
}

/** Whether both can be read, and have the same bytes. */
export async function isSame(a: Source, b: Source): Promise<boolean> {
  if (a.size !== b.size) return false;
  try {
    for (let at = 0; at < a.size; at += pieceSize) {
      const to = Math.min(at + pieceSize, a.size);
      const [x, y] = await Promise.all([a.read(at, to), b.read(at, to)]);
      if (x.length !== to - at || !equal(x, y)) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/** All bytes of a file that is to have at most so many. */
export async function readAll(s: Source, most: number, what: string): Promise<Bytes> {
  if (s.size > most) throw new Malformed(`${what} has ${s.size} bytes, at most ${most} are allowed`);
  const all: Bytes[] = [];
  for await (const b of pieces(s)) all.push(b);
  return concat(...all);
}
