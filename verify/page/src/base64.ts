// Base64 with one text for each value (RFC 4648, section 4): standard, padded, and what
// encoding it again gives.

import { type Bytes, fromOctets, octets } from './bytes.ts';
import { Malformed } from './fault.ts';

export const base64 = (b: Uint8Array): string => btoa(octets(b));

/** Without padding, as fingerprints have it. */
export const rawBase64 = (b: Uint8Array): string => base64(b).replace(/=+$/, '');

export function fromBase64(s: string, what: string): Bytes {
  let b: Bytes | undefined;
  try {
    b = fromOctets(atob(s));
  } catch {
    // no base64 at all
  }
  if (b === undefined || base64(b) !== s) throw new Malformed(`${what} is not canonical base64`);
  return b;
}
