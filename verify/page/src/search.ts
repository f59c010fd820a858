// The codes in a picture, part after part of it.

import { type Bytes, octets } from './bytes.ts';
import { joinParts, NoWhole, type Part, parsePart, sets } from './code.ts';
import { Malformed } from './fault.ts';
import { partsOfPicture } from './picture.ts';
import { readCodes } from './raster.ts';
import type { Source } from './source.ts';

/** For how many milliseconds one picture is searched in all, its parts together. */
export const maxSearch = 20_000;

/** Takes a code as soon as it is found. */
export type Tell = (code: Bytes) => void;

/**
 * Searches a picture, while it is wanted, for codes of whatever they are. Careful is who has
 * no other way to end a search that has begun: what looks like thousands of codes is left out.
 */
export async function searchPicture(source: Source, wanted: () => boolean, tell: Tell, careful: boolean): Promise<void> {
  const found: Bytes[] = [];
  const end = performance.now() + maxSearch;
  const isOver = (): boolean => performance.now() > end || !wanted();
  for await (const { raster, left } of partsOfPicture(source)) {
    // Each part has its share of what is left, so that the last is searched too.
    const until = performance.now() + (end - performance.now()) / left;
    const goOn = async (): Promise<boolean> => {
      await new Promise((resolve) => setTimeout(resolve, 0)); // the browser may answer
      return performance.now() <= until && !isOver();
    };
    const took: Bytes[] = [];
    const take = (code: Bytes): void => {
      took.push(code);
      tell(code);
    };
    // What another part has says nothing of this one.
    await readCodes(raster, { enough: () => took.length > 0 && areWhole([...found, ...took]), goOn, take, careful });
    found.push(...took);
    if (isOver()) break;
  }
}

/** The parts among what codes hold, each once. */
export function partsOf(found: readonly Bytes[]): (Part & { readonly bytes: Bytes })[] {
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
