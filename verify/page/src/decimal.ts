// Decimals: 0|[1-9][0-9]*, below 2⁶³.

import { Malformed } from './fault.ts';
import { quoted } from './shown.ts';

export const maxDecimal = (1n << 63n) - 1n;

export function decimal(s: string, what: string, most = maxDecimal): bigint {
  // No decimal of that length is out of bounds for BigInt, and every longer one is too large.
  if (!/^(0|[1-9][0-9]{0,18})$/.test(s) || BigInt(s) > most) {
    throw new Malformed(`${what} ${quoted(s, 30)} is not a decimal without leading zeros of at most ${most}`);
  }
  return BigInt(s);
}
