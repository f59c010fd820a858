// Paths of tiles and bundles (FORMATS.md, section 3.2).

import { Malformed } from './fault.ts';
import { quoted } from './shown.ts';

export type Tile = {
  readonly level: number; // -1 for entries
  readonly index: bigint; // below 2⁵⁵
  readonly width: number; // 1 to 256
};

export function parseTile(path: string): Tile {
  const [, level = '', high = '', low = '', width = '256'] = /^tile\/(entries|\d+)\/((?:x\d{3}\/)*)(\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path) ?? [];
  const tile: Tile = {
    level: level === 'entries' ? -1 : Number(level),
    index: BigInt(high.replace(/[x/]/g, '') + low),
    width: Number(width),
  };
  const good = tile.level <= 63 && tile.index < 1n << 55n && tile.width >= 1 && tile.width <= 256 && printTile(tile) === path;
  if (!good) throw new Malformed(`${quoted(path)} is no path of a tile`);
  return tile;
}

function printTile(t: Tile): string {
  const digits = t.index.toString();
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.../g) ?? [];
  const index = groups.map((g, i) => (i < groups.length - 1 ? `x${g}` : g)).join('/');
  return `tile/${t.level < 0 ? 'entries' : t.level}/${index}${t.width < 256 ? `.p/${t.width}` : ''}`;
}
