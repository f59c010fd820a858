// Entries (FORMATS.md, section 3.1): when a record was registered, and the record.

import { decode } from './bytes.ts';
import { decimal } from './decimal.ts';
import { Malformed } from './fault.ts';
import { maxTime } from './lexical.ts';

export const maxEntry = 32_768; // bytes

export type Entry = {
  readonly registered: number; // POSIX seconds
  readonly record: Uint8Array; // not yet looked at
};

const keyword = 'registered ';

export function parseEntry(b: Uint8Array): Entry {
  if (b.length > maxEntry) throw new Malformed(`entry has ${b.length} bytes, at most ${maxEntry} are allowed`);
  const end = b.indexOf(0x0a);
  const line = end < 0 ? '' : decode(b.subarray(0, end), 'the first line of the entry');
  if (!line.startsWith(keyword)) throw new Malformed('entry does not begin with a line "registered <POSIX seconds>"');
  const registered = Number(decimal(line.slice(keyword.length), 'time of the entry', BigInt(maxTime)));
  return { registered, record: b.subarray(end + 1) };
}
