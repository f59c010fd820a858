// Single values of records: times, dates, tokens, names (FORMATS.md, section 2.4).

import { encode } from './bytes.ts';
import { Malformed } from './fault.ts';
import { isHidden } from './hidden.ts';
import { quoted } from './shown.ts';

/** 9999-12-31T23:59:59Z in POSIX seconds. */
export const maxTime = 253402300799;

/** A day in UTC: 1 is 1970-01-01. Days compare as numbers, and adding n gives the day n days on. */
export type Day = number;

const secondsPerDay = 86400;

/** The day of a time in POSIX seconds, which is not negative. */
export const dayOf = (seconds: number): Day => Math.floor(seconds / secondsPerDay) + 1;

/** YYYY-MM-DD. */
export const formatDay = (day: Day): string => new Date((day - 1) * secondsPerDay * 1000).toISOString().slice(0, 10);

/** YYYY-MM-DDTHH:MM:SSZ; other times, which a cosignature may have, as a number. */
export function formatTime(seconds: number | bigint): string {
  if (seconds < 0 || seconds > maxTime) return `POSIX second ${seconds}`;
  return new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z');
}

export function parseTime(s: string): number {
  const seconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(s) ? Date.parse(s) / 1000 : Number.NaN;
  if (!(seconds >= 0 && seconds <= maxTime) || formatTime(seconds) !== s) {
    throw new Malformed(`${quoted(s)} is not a time (YYYY-MM-DDTHH:MM:SSZ, from 1970)`);
  }
  return seconds;
}

export function parseDay(s: string): Day {
  const day = /^\d{4}-\d\d-\d\d$/.test(s) ? dayOf(Date.parse(`${s}T00:00:00Z`) / 1000) : Number.NaN;
  if (!(day >= 1) || formatDay(day) !== s) throw new Malformed(`${quoted(s)} is not a date (YYYY-MM-DD, from 1970)`);
  return day;
}

/** 64 hex digits that are not all zero. */
export function parseID(s: string): string {
  if (!/^[0-9a-f]{64}$/.test(s) || /^0*$/.test(s)) {
    throw new Malformed(`${quoted(s)} is not an id (64 lowercase hex digits, not all zero)`);
  }
  return s;
}

export function parseHex(s: string, digits: number): string {
  if (s.length !== digits || !/^[0-9a-f]*$/.test(s)) throw new Malformed(`${quoted(s)} is not ${digits} lowercase hex digits`);
  return s;
}

export function parseToken(s: string): string {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(s)) {
    throw new Malformed(`${quoted(s)} is not a token (a lowercase letter, then up to 31 of a-z, 0-9 and -)`);
  }
  return s;
}

/** The name of a party's or a ledger's key. */
export function checkKeyName(s: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._@/-]{0,63}$/.test(s)) {
    throw new Malformed(`${quoted(s)} is not a key name (a letter or digit, then up to 63 of A-Z, a-z, 0-9 and . _ @ / -)`);
  }
}

export function parseFileName(s: string): string {
  if (!/^[A-Za-z0-9]([A-Za-z0-9 ._()-]{0,126}[A-Za-z0-9)])?$/.test(s)) {
    throw new Malformed(`${quoted(s, 150)} is not a document name (up to 128 of A-Z, a-z, 0-9, space and . _ ( ) -, from a letter or digit to one or a closing parenthesis)`);
  }
  if (/^(con|prn|aux|nul|(com|lpt)[1-9]) *(\.|$)/i.test(s)) throw new Malformed(`document name ${quoted(s)} is a device on Windows`);
  return s;
}

export function parseMediaType(s: string): string {
  if (!/^[a-z0-9][a-z0-9.+-]{0,63}\/[a-z0-9][a-z0-9.+-]{0,63}$/.test(s)) {
    throw new Malformed(`${quoted(s, 150)} is not a media type in lowercase without parameters`);
  }
  return s;
}

/** 1 to 200 bytes without leading, trailing or double space and without what hides. */
export function parseTitle(s: string): string {
  const length = encode(s).length;
  if (length < 1 || length > 200) throw new Malformed(`title has ${length} bytes, 1 to 200 are allowed`);
  if (/^ | $| {2}/.test(s)) throw new Malformed(`title ${quoted(s)} has a leading, trailing or double space`);
  for (const c of s) {
    const code = c.codePointAt(0) ?? 0;
    if (isHidden(code)) throw new Malformed(`title has the character U+${code.toString(16).toUpperCase().padStart(4, '0')}`);
  }
  return s;
}
