// Verifier keys (FORMATS.md, section 2.2): a public key with a name and what it signs.

import { sha256 } from '@noble/hashes/sha2.js';

import { base64, fromBase64, rawBase64 } from './base64.ts';
import { bigEndian, type Bytes, concat, encode, hex, unhex } from './bytes.ts';
import { checkPublicKey } from './ed25519.ts';
import { Malformed } from './fault.ts';
import { quoted } from './shown.ts';

/** What a key signs: notes by Ed25519, or cosignatures of checkpoints by Ed25519 or ML-DSA-44. */
export const Ed25519 = 0x01;
export const Cosignature = 0x04;
export const MLDSA44 = 0x06;

export const mldsaKeySize = 1312;

/** Two keys are the same when their vkey is; the same public key when public is. */
export type Key = {
  readonly vkey: string; // its text
  readonly name: string;
  readonly id: string; // 8 hex digits
  readonly type: number;
  readonly bytes: Bytes;
  readonly public: string; // hex of bytes
};

const maxName = 255; // bytes

/** Demands what a key name or an origin in notes and policies has to be. */
export function checkName(name: string): void {
  const length = encode(name).length;
  if (length < 1 || length > maxName) throw new Malformed(`key name ${quoted(name)} has ${length} bytes, 1 to ${maxName} are allowed`);
  if (/[\u0000-\u001f+ \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/.test(name)) {
    throw new Malformed(`key name ${quoted(name)} has a space, a control character or a plus`);
  }
}

/** What reads a key. Of a secret key that was put here by mistake nothing is shown. */
function hidingSecrets<T>(s: string, read: (s: string) => T): T {
  try {
    return read(s);
  } catch (e) {
    if (e instanceof Malformed && s.includes('PRIVATE+KEY+')) {
      throw new Malformed('a secret key, PRIVATE+KEY+…, where a verifier key belongs');
    }
    throw e;
  }
}

export const parseKey = (vkey: string): Key => hidingSecrets(vkey, readKey);

function readKey(vkey: string): Key {
  const [, name, id, encoded] = /^([^+]*)\+([^+]*)\+([^]*)$/.exec(vkey) ?? [];
  if (name === undefined || id === undefined || encoded === undefined) {
    throw new Malformed(`verifier key ${quoted(vkey, 8)} is not <name>+<key id>+<base64>`);
  }
  checkName(name);
  const material = fromBase64(encoded, `verifier key of ${quoted(name)}`);
  const [type, bytes] = [material[0], material.slice(1)];
  switch (type) {
    case Ed25519:
    case Cosignature:
      checkPublicKey(bytes);
      break;
    case MLDSA44:
      if (bytes.length !== mldsaKeySize) {
        throw new Malformed(`public key of ${quoted(name)} has ${bytes.length} bytes, not ${mldsaKeySize}`);
      }
      break;
    default:
      throw new Malformed(`verifier key of ${quoted(name)} has the type ${typeName(type)}; known are 0x01, 0x04 and 0x06`);
  }
  const own = hex(sha256(concat(encode(`${name}\n`), material)).subarray(0, 4));
  const key: Key = { vkey, name, id: own, type, bytes, public: hex(bytes) };
  if (printKey(key) !== vkey) {
    throw new Malformed(`verifier key of ${quoted(name)} has the key id ${quoted(id, 20)}, its name and public key give ${own}`);
  }
  return key;
}

const printKey = (k: Key): string => `${k.name}+${k.id}+${base64(concat(Uint8Array.of(k.type), k.bytes))}`;

export const typeName = (type: number | undefined): string => (type === undefined ? 'none' : `0x${type.toString(16).padStart(2, '0')}`);

/** The start of a SubjectPublicKeyInfo with an ML-DSA-44 key (RFC 9881, section 4). */
const mldsaInfo = unhex('30820532300b06096086480165030403110382052100');

const field = (b: Uint8Array): Bytes => concat(bigEndian(BigInt(b.length), 4), b);

/** What people compare: what ssh-keygen -l prints; of ML-DSA-44 the hash of the SubjectPublicKeyInfo. */
export function fingerprint(k: Key): string {
  const wire = k.type === MLDSA44 ? concat(mldsaInfo, k.bytes) : concat(field(encode('ssh-ed25519')), field(k.bytes));
  return `SHA256:${rawBase64(sha256(wire))}`;
}

/** The public bytes, in hex, of a verifier key of a party, or of a line as ssh-keygen writes it to NAME.pub. */
export function parsePublic(s: string): { public: string; fingerprint: string } {
  const [kind, blob = ''] = s.trim().split(/[ \t]+/);
  if (kind !== 'ssh-ed25519') {
    const k = parseKey(s.trim());
    if (k.type !== Ed25519) throw new Malformed(`key ${quoted(k.name)} has the type ${typeName(k.type)}, parties sign with 0x01`);
    return { public: k.public, fingerprint: fingerprint(k) };
  }
  const wire = fromBase64(blob, 'the SSH public key');
  const bytes = wire.slice(-32);
  if (hex(wire) !== hex(concat(field(encode('ssh-ed25519')), field(bytes)))) throw new Malformed('the SSH public key is no Ed25519 key');
  checkPublicKey(bytes);
  return { public: hex(bytes), fingerprint: `SHA256:${rawBase64(sha256(wire))}` };
}
