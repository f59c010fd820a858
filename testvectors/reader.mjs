// A second reader of Chirograph's formats, written from FORMATS.md alone, without a look at the Go code:
// what the two agree on is what the page says. Node.js 20.19 or later, and no packages but one: where Node has no
// ML-DSA-44 of its own (it came in 24.6), that of @noble/post-quantum.
//
//   node reader.mjs [DIR]     runs every vector under DIR (default: this file's folder)
//
// The package is looked for in the folder that CHIROGRAPH_NOBLE names, the one given to npm install --prefix, or as
// every import is, from this file upwards. Without it, whatever has to verify a signature of ML-DSA-44 fails.
//
// It aims at being exact and easy to compare with the page, not at speed. As a library it exports one function a
// format; each returns what it read or throws Refused with the kind of failure that the vectors name in "want".

import { createHash, createPublicKey, verify } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

// ---- Limits --------------------------------------------------------------------------------------------------------
const MAX_DECIMAL = 2n ** 63n - 1n;
const MAX_NOTE = 1_000_000; //     bytes of a signed note
const MAX_NOTE_LINES = 100; //     signature lines of a signed note
const MAX_KEY_NAME = 255; //       bytes of a key name in notes and policies
const MAX_TEXT = 22_000; //        bytes of a record's text
const MAX_ENTRY = 32_768; //       bytes of an entry
const MAX_EXTRA = 65_535; //       bytes of the extra of a proof: what a bundle can hold
const MAX_TIME = 253402300799n; // the last second of the year 9999
const MAX_TILE = 2n ** 55n; //     tiles of a level: no tree has more
const MAX_RECORD_LINES = 64; //    signature lines of a record
const MAX_PARTIES = 32; //         lines in the party or by list, and in the former list
const MAX_THRESHOLDS = 32; //      sum of thresholds, of each of the two lists
const MAX_KEYS = 64; //            distinct keys that a record names, the ledger's not counted
const MAX_DOCUMENTS = 64;
const MAX_TITLE = 200; //          bytes
const MAX_SIZE = 2n ** 53n - 1n; // of a document
const SALT_BLOCK = 4096n; //       sizes of salted documents are multiples of it
const MAX_NOTICE = 3650n; //       days
const MAX_SIGN_BY = 366 * 86400; // seconds from made to sign-by
const MAX_HASHES = 63; //          of an inclusion or consistency proof
const MAX_POLICY = 262_144; //     bytes
const MAX_POLICY_NAMES = 64; //    logs, witnesses, groups: of each
const MAX_DOSSIER = 2 ** 31; //    bytes
const MAX_FILES = 65_534; //       in a dossier: 65,535 would need ZIP64
const SKEW = 300n; //              seconds that a cosignature may be older than the entry, and made later
const MAX_EVIDENCE = 2 ** 25; //   bytes
const MAX_CODES = 99n; //          QR codes of one whole
const PART = 600; //               bytes of each but the last

// ---- Failures, text, numbers ---------------------------------------------------------------------------------------
export class Refused extends Error {
  constructor(kind, why) {
    super(`${kind}: ${why}`);
    this.kind = kind;
  }
}

function must(ok, kind, why) {
  if (!ok) throw new Refused(kind, why);
}

const form = (ok, why) => must(ok, 'form', why);

/** Runs f and gives every refusal in it the one kind: for checks of many parts that have one name as a step. */
function step(kind, f) {
  try {
    return f();
  } catch (e) {
    if (e instanceof Refused) throw new Refused(kind, e.message);
    throw e;
  }
}

// ignoreBOM true means that a byte order mark is a character like any other and stays in the text.
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function utf8(bytes) {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new Refused('form', 'not UTF-8');
  }
}

function base64(s) {
  const b = Buffer.from(s, 'base64');
  form(b.toString('base64') === s, `not canonical base64: ${s.slice(0, 80)}`);
  return b;
}

function hash64(s) {
  const b = base64(s);
  form(b.length === 32, `hash has ${b.length} bytes, not 32`);
  return b;
}

function decimal(s, max = MAX_DECIMAL) {
  form(/^(0|[1-9][0-9]{0,18})$/.test(s) && BigInt(s) <= max, `not a decimal up to ${max}: ${s}`);
  return BigInt(s);
}

const sha256 = (...parts) => parts.reduce((h, p) => h.update(p), createHash('sha256')).digest();
const hex = (b) => Buffer.from(b).toString('hex');

// ---- Ed25519, strictly (FORMATS section 2.8) -----------------------------------------------------------------------
//
// Written out in BigInt, so that nothing is relied on: OpenSSL, behind crypto.verify, compares the encoding of
// [S]B - [k]A with R byte for byte as wanted here, but takes points that are not canonical or of small order.

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (a, m = P) => ((a % m) + m) % m;

function power(b, e) {
  let r = 1n;
  for (b = mod(b); e > 0n; e >>= 1n) {
    if (e & 1n) r = (r * b) % P;
    b = (b * b) % P;
  }
  return r;
}

const D = mod(-121665n * power(121666n, P - 2n));
const ROOT_MINUS_1 = power(2n, (P - 1n) / 4n);
const little = (b) => BigInt('0x' + (hex(Buffer.from(b).reverse()) || '0'));

// Points are [X, Y, Z, T] with x = X/Z, y = Y/Z, xy = T/Z (RFC 8032, section 5.1.4).
const ZERO = [0n, 1n, 1n, 0n];

function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = ((y1 - x1) * (y2 - x2)) % P;
  const b = ((y1 + x1) * (y2 + x2)) % P;
  const c = (((2n * t1 * t2) % P) * D) % P;
  const d = (2n * z1 * z2) % P;
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

const isZero = ([x, y, z]) => x === 0n && y === z;

function encode([x, y, z]) {
  const i = power(z, P - 2n);
  const n = mod(y * i) | ((mod(x * i) & 1n) << 255n);
  return Buffer.from(n.toString(16).padStart(64, '0'), 'hex').reverse();
}

/** The point of 32 bytes, or null where they are not the one canonical encoding of a point on the curve. */
function decode(bytes) {
  const n = little(bytes);
  const y = n & (2n ** 255n - 1n);
  const sign = n >> 255n;
  if (y >= P) return null;
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
  if (mod(v * x * x) !== u) x = mod(x * ROOT_MINUS_1);
  if (mod(v * x * x) !== u) return null;
  if (x === 0n && sign === 1n) return null; // negative zero
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

const BASE = decode(Buffer.from('58' + '66'.repeat(31), 'hex'));
const keyPoints = new Map();

/** The point of a public key, or null where it is not canonical, not on the curve, or of small order. */
function keyPoint(pub) {
  const name = hex(pub);
  if (!keyPoints.has(name)) {
    let p = pub.length === 32 ? decode(pub) : null;
    if (p !== null) {
      const p2 = add(p, p);
      const p4 = add(p2, p2);
      if (isZero(add(p4, p4))) p = null;
    }
    keyPoints.set(name, p);
  }
  return keyPoints.get(name);
}

/** '' where the signature is one of the key over the message, else what fails: 'key' or 'signature'. */
export function ed25519(pub, message, sig) {
  const A = keyPoint(pub);
  if (A === null) return 'key';
  if (sig.length !== 64) return 'signature';
  const R = sig.subarray(0, 32);
  const S = little(sig.subarray(32));
  if (S >= L) return 'signature';
  // k is reduced: for a key with a part of small order, k and k mod L are different multipliers.
  const k = little(createHash('sha512').update(R).update(pub).update(message).digest()) % L;
  const minusA = [mod(-A[0]), A[1], A[2], mod(-A[3])];
  const both = add(BASE, minusA);
  let q = ZERO;
  for (let i = 252n; i >= 0n; i--) {
    q = add(q, q);
    const [s, t] = [(S >> i) & 1n, (k >> i) & 1n];
    if (s || t) q = add(q, s && t ? both : s ? BASE : minusA);
  }
  return encode(q).equals(R) ? '' : 'signature';
}

// ---- ML-DSA-44 (section 3.2) ---------------------------------------------------------------------------------------
const MLDSA_KEY = 1312; // bytes
const MLDSA_SIGNATURE = 2420;
const MLDSA_INFO = Buffer.from('30820532300b06096086480165030403110382052100', 'hex'); // before the key, in RFC 9881

/** Node's own, from the OpenSSL behind it; undefined where that knows no ML-DSA-44. */
function nodeMLDSA44() {
  const keyOf = (pub) => createPublicKey({ key: Buffer.concat([MLDSA_INFO, pub]), format: 'der', type: 'spki' });
  try {
    keyOf(Buffer.alloc(MLDSA_KEY));
  } catch {
    return undefined;
  }
  return (pub, message, sig) => verify(null, message, keyOf(pub), sig);
}

const NOBLE = '@noble/post-quantum@0.7.1';

/** That of the package; without it, a function that says how to get it. */
async function nobleMLDSA44() {
  const folder = process.env.CHIROGRAPH_NOBLE;
  const file = '@noble/post-quantum/ml-dsa.js';
  try {
    const { ml_dsa44 } = await import(folder ? pathToFileURL(resolve(folder, 'node_modules', file)).href : file);
    return (pub, message, sig) => ml_dsa44.verify(sig, message, pub);
  } catch (e) {
    const install = `npm install --no-save --prefix DIR ${NOBLE}, and set CHIROGRAPH_NOBLE=DIR`;
    return () => {
      throw new Error(`no ML-DSA-44 (${e.code ?? e.message}): ${install}, or take Node.js 24.6 or later`);
    };
  }
}

const verifyMLDSA44 = nodeMLDSA44() ?? (await nobleMLDSA44());

/** Whether sig is one of FIPS 204, algorithm 3, with an empty context; any 1,312 bytes are a key. */
export function mldsa44(pub, message, sig) {
  return sig.length === MLDSA_SIGNATURE && verifyMLDSA44(pub, message, sig);
}

// ---- Verifier keys and signed notes (section 2.2) ------------------------------------------------------------------
const LOG_KEY = 0x01;
const COSIGNER_KEY = 0x04;
const MLDSA_COSIGNER_KEY = 0x06;
const COSIGNER_KEYS = [COSIGNER_KEY, MLDSA_COSIGNER_KEY];
const NOT_IN_NAME = /[\u0000-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+]/;

function keyName(s) {
  form(s !== '' && Buffer.byteLength(s) <= MAX_KEY_NAME, `key name is empty or over ${MAX_KEY_NAME} bytes`);
  form(!NOT_IN_NAME.test(s), `key name holds a space, a plus or a control character: ${s}`);
  return s;
}

/** {name, id, type, pub, vkey} of a verifier key of one of the types. */
export function parseKey(s, types = [LOG_KEY, ...COSIGNER_KEYS]) {
  const m = /^([^+]*)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(s);
  form(m !== null, `not NAME+ID+KEY: ${s}`);
  const [name, id, material] = [keyName(m[1]), m[2], base64(m[3])];
  form(types.includes(material[0]), `key of type ${material[0]} is not known here`);
  const length = material[0] === MLDSA_COSIGNER_KEY ? MLDSA_KEY : 32;
  form(material.length === 1 + length, `key has ${material.length - 1} bytes, not ${length}`);
  form(hex(sha256(name, '\n', material).subarray(0, 4)) === id, `id ${id} is not that of the key`);
  const pub = material.subarray(1);
  form(material[0] === MLDSA_COSIGNER_KEY || keyPoint(pub) !== null, 'the key is no canonical point, or one of small order');
  return { name, id, type: material[0], pub: hex(pub), vkey: s };
}

/** {text, lines} of a signed note: text as bytes, a line as {name, id, sig}. A draft may have no lines. */
export function parseNote(bytes, draft = false) {
  form(bytes.length <= MAX_NOTE, `note has ${bytes.length} bytes, over ${MAX_NOTE}`);
  const s = utf8(bytes);
  form(!/[\u0000-\u0009\u000b-\u001f]/.test(s), 'note holds a control character');
  const split = s.lastIndexOf('\n\n');
  form(split >= 0, 'note has no empty line');
  const tail = s.slice(split + 2).split('\n');
  form(tail.pop() === '', 'last line does not end in LF');
  form(draft || tail.length > 0, 'note has no signature line');
  form(tail.length <= MAX_NOTE_LINES, `note has ${tail.length} signature lines, over ${MAX_NOTE_LINES}`);
  const lines = tail.map((line) => {
    const m = /^\u2014 ([^ ]+) ([^ ]+)$/.exec(line);
    form(m !== null, `not a signature line: ${line.slice(0, 80)}`);
    const b = base64(m[2]);
    form(b.length > 4, `signature of ${b.length} bytes`);
    return { name: keyName(m[1]), id: hex(b.subarray(0, 4)), sig: b.subarray(4) };
  });
  return { text: Buffer.from(s.slice(0, split + 1)), lines };
}

const isBy = (line, key) => line.name === key.name && line.id === key.id;

/** Whether the line verifies under its key; a cosignature's time is then in line.time. */
function verifies(note, line, key) {
  const pub = Buffer.from(key.pub, 'hex');
  if (key.type === LOG_KEY) return ed25519(pub, note.text, line.sig) === '';
  if (line.sig.length < 8) return false;
  line.time = line.sig.readBigUInt64BE();
  if (line.time > MAX_DECIMAL) return false;
  const sig = line.sig.subarray(8);
  if (key.type === MLDSA_COSIGNER_KEY) {
    return line.time > 0n && mldsa44(pub, cosignedMessage(key.name, line.time, note.text), sig);
  }
  const message = Buffer.concat([Buffer.from(`cosignature/v1\ntime ${line.time}\n`), note.text]);
  return ed25519(pub, message, sig) === '';
}

/** What a key of 0x06 signs (section 3.2); the text is that of a checkpoint. */
function cosignedMessage(name, time, text) {
  const { origin, size, root } = readTreeHead(text);
  const number = (n) => Buffer.from(n.toString(16).padStart(16, '0'), 'hex');
  const counted = (s) => [Buffer.of(Buffer.byteLength(s)), Buffer.from(s)];
  const tree = [...counted(origin), number(0n), number(size), root];
  return Buffer.concat([Buffer.from('subtree/v1\n\0'), ...counted(name), number(time), ...tree]);
}

/** The lines of the key, each verified. */
function linesOf(note, key, kind) {
  const own = note.lines.filter((line) => isBy(line, key));
  for (const line of own) must(verifies(note, line, key), kind, `a line of ${key.name} does not verify`);
  return own;
}

// ---- Records (sections 2.1, 2.3 to 2.7) ----------------------------------------------------------------------------
const TOKEN = /^[a-z][a-z0-9-]{0,31}$/;
const RECORD_KEY_NAME = /^[A-Za-z0-9][A-Za-z0-9._@/-]{0,63}$/;
const DOCUMENT_NAME = /^[A-Za-z0-9]([A-Za-z0-9 ._()-]{0,126}[A-Za-z0-9)])?$/;
const MEDIA_TYPE = /^[a-z0-9][a-z0-9.+-]{0,63}\/[a-z0-9][a-z0-9.+-]{0,63}$/;
const DEVICE = /^(con|prn|aux|nul|com[1-9]|lpt[1-9])$/i;
const NOT_IN_TITLE = [ // the list of section 2.4, as it stands there
  '0000–001F 007F–00A0 00AD 034F 061C 115F–1160 1680 17B4–17B5 180B–180F 2000–200F 2028–202F 205F–206F 2800 3000 3164',
  'D800–F8FF FDD0–FDEF FE00–FE0F FEFF FFA0 FFF0–FFFF 1BCA0–1BCA3 1D173–1D17A E0000–10FFFF',
].flatMap((line) => line.split(' ').map((range) => range.split('–').map((n) => parseInt(n, 16))));

const same = (v) => v;
const matching = (pattern, what) => ({ parse: (v) => (form(pattern.test(v), `not a ${what}: ${v}`), v), print: same });
const TOKENS = matching(TOKEN, 'token');
const token = TOKENS.parse;

/** Seconds since 1970 of a time; the year is 1970 to 9999. */
function parseTime(v) {
  form(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/.test(v), `not a time: ${v}`);
  const t = Date.parse(v) / 1000;
  form(t >= 0 && printTime(t) === v, `no such time, or before 1970: ${v}`);
  return t;
}

const printTime = (t) => new Date(t * 1000).toISOString().replace('.000Z', 'Z');

function recordKey(v) {
  const key = parseKey(v, [LOG_KEY]);
  form(RECORD_KEY_NAME.test(key.name), `not a key name in a record: ${key.name}`);
  return key;
}

function parseLedger(v) {
  const key = recordKey(v);
  form(!key.name.startsWith('chirograph/'), `an origin does not begin with chirograph/: ${key.name}`);
  return key;
}

function parseTitle(v) {
  form(v !== '' && Buffer.byteLength(v) <= MAX_TITLE, `title is empty or over ${MAX_TITLE} bytes`);
  form(!/^ | $|  /.test(v), 'title has a leading, trailing or double space');
  for (const c of v) {
    const n = c.codePointAt(0);
    const listed = NOT_IN_TITLE.some(([first, last = first]) => first <= n && n <= last);
    form(!listed && (n & 0xfffe) !== 0xfffe, `title holds U+${n.toString(16)}`);
  }
  return v;
}

function parseParty(v) {
  const [role, threshold, ...keys] = v.split(' ');
  form(keys.length > 0, `party without a key: ${v}`);
  const party = { role: token(role), threshold: Number(decimal(threshold)), keys: keys.map(recordKey) };
  form(party.threshold >= 1 && party.threshold <= keys.length, `threshold ${threshold} of ${keys.length} keys`);
  return party;
}

const printParty = (p) => [p.role, p.threshold, ...p.keys.map((k) => k.vkey)].join(' ');

function parseDocument(v) {
  const m = /^(sha256|salted-sha256):([0-9a-f]{64}) ([0-9]+) ([^ ]+) ([^ ]+) (.+)$/.exec(v);
  form(m !== null, `not a document: ${v}`);
  const d = { salted: m[1] !== 'sha256', hash: m[2], size: decimal(m[3], MAX_SIZE), media: m[4], kind: token(m[5]), name: m[6] };
  form(!d.salted || (d.size > 0n && d.size % SALT_BLOCK === 0n), `size of a salted document: ${d.size}`);
  form(MEDIA_TYPE.test(d.media), `not a media type: ${d.media}`);
  form(DOCUMENT_NAME.test(d.name), `not a document name: ${d.name}`);
  form(!DEVICE.test(d.name.split('.')[0].trimEnd()), `name of a Windows device: ${d.name}`);
  return d;
}

const printDocument = (d) => `${d.salted ? 'salted-sha256' : 'sha256'}:${d.hash} ${d.size} ${d.media} ${d.kind} ${d.name}`;

function parseTerminable(v) {
  return v.split(' ').map((item) => {
    const at = item.indexOf(':');
    form(at > 0, `not ROLE:DAYS: ${item}`);
    return { role: token(item.slice(0, at)), days: decimal(item.slice(at + 1), MAX_NOTICE) };
  });
}

const key = { parse: recordKey, print: (k) => k.vkey };
const time = { parse: parseTime, print: printTime };
const date = { parse: (v) => parseTime(`${v}T00:00:00Z`) / 86400, print: (d) => printTime(d * 86400).slice(0, 10) };
const id = matching(/^(?!0+$)[0-9a-f]{64}$/, 'id');
const party = { parse: parseParty, print: printParty };

const VALUES = {
  ledger: { parse: parseLedger, print: (k) => k.vkey },
  ...{ made: time, 'sign-by': time, from: date, until: date, effective: date },
  ...{ replaces: id, under: id, contract: id, answers: id },
  ...{ party, by: party, former: party, key },
  nonce: matching(/^[0-9a-f]{32}$/, 'nonce'),
  title: { parse: parseTitle, print: same },
  document: { parse: parseDocument, print: printDocument },
  terminable: { parse: parseTerminable, print: (list) => list.map((n) => `${n.role}:${n.days}`).join(' ') },
  about: TOKENS,
  reason: matching(/^(superseded|lost|compromised)$/, 'reason'),
};

// Keywords in their order: exactly one, ? at most one, + one or more, * any number.
const KINDS = {
  contract: 'ledger made sign-by nonce title? party+ document+ from? until? terminable? replaces? former* under?',
  statement: 'ledger made sign-by nonce contract by+ about answers? document*',
  termination: 'ledger made sign-by nonce contract by+ effective? document*',
  revocation: 'ledger made nonce key reason',
};

/** Lines of a text by keyword: {kind, values}, values[keyword] the list of its values, in order. */
function readLines(text) {
  const lines = text.split('\n');
  form(lines.pop() === '', 'text does not end in LF');
  const first = /^chirograph\/([a-z]+)\/v1$/.exec(lines.shift());
  form(first !== null && Object.hasOwn(KINDS, first[1]), 'first line names no kind that is known');
  const values = {};
  for (const item of KINDS[first[1]].split(' ')) {
    const [, keyword, count] = /^(.*?)([?+*]?)$/.exec(item);
    values[keyword] = [];
    while (lines.length > 0 && lines[0].startsWith(keyword + ' ')) {
      if (values[keyword].length === 1 && (count === '' || count === '?')) break;
      const v = lines.shift().slice(keyword.length + 1);
      form(keyword === 'title' || /^[\x20-\x7e]+$/.test(v), `${keyword}: not ASCII`);
      values[keyword].push(VALUES[keyword].parse(v));
    }
    form(values[keyword].length > 0 || count === '?' || count === '*', `${keyword} is missing or not in its place`);
  }
  form(lines.length === 0, `line is not in its place: ${String(lines[0]).slice(0, 80)}`);
  return { kind: first[1], values };
}

function printLines({ kind, values }) {
  const print = ([keyword, list]) => list.map((v) => `${keyword} ${VALUES[keyword].print(v)}\n`);
  return [`chirograph/${kind}/v1\n`, ...Object.entries(values).flatMap(print)].join('');
}

const distinct = (list) => new Set(list).size === list.length;
const ascending = (places) => places.every((place, i) => place >= 0 && (i === 0 || places[i - 1] < place));

function checkParties(list, what) {
  form(list.length <= MAX_PARTIES, `${list.length} ${what} lines, over ${MAX_PARTIES}`);
  form(list.reduce((n, p) => n + p.threshold, 0) <= MAX_THRESHOLDS, `thresholds of ${what} add up to over ${MAX_THRESHOLDS}`);
  form(distinct(list.map((p) => p.role)), `a role stands twice in ${what}`);
  form(distinct(list.flatMap((p) => p.keys.map((k) => k.pub))), `a key stands twice in ${what}`);
}

function checkKeys(ledger, keys) {
  form(new Set(keys.map((k) => k.pub)).size <= MAX_KEYS, `over ${MAX_KEYS} keys`);
  form(keys.every((k) => k.pub !== ledger.pub), 'the ledger itself is named as a signer');
  const owner = new Map();
  for (const k of [ledger, ...keys]) {
    const pair = `${k.name}+${k.id}`;
    form((owner.get(pair) ?? k.pub) === k.pub, `two keys have the name and id ${pair}`);
    owner.set(pair, k.pub);
  }
}

function checkContract(v) {
  form(v.party.length >= 2, 'a contract has two or more parties');
  form(v.document.filter((d) => d.kind === 'terms').length === 1, 'exactly one document has the kind terms');
  form(!v.from.length || !v.until.length || v.from[0] <= v.until[0], 'from is after until');
  form((v.replaces.length > 0) === (v.former.length > 0), 'replaces and former come together');
  const order = (v.terminable[0] ?? []).map((n) => v.party.findIndex((p) => p.role === n.role));
  form(ascending(order), 'terminable is not in party order');
}

/** A record's text: {kind, values, id, ledger, parties (party or by lines), former, documents, signers}. */
export function parseText(bytes) {
  form(bytes.length <= MAX_TEXT, `text has ${bytes.length} bytes, over ${MAX_TEXT}`);
  const text = utf8(bytes);
  const t = readLines(text);
  form(printLines(t) === text, 'a value is not in its one form');
  const v = t.values;
  t.id = hex(sha256(bytes));
  t.ledger = v.ledger[0];
  t.parties = v.party ?? v.by ?? [];
  t.former = v.former ?? [];
  t.documents = v.document ?? [];
  if (v['sign-by']) {
    const seconds = v['sign-by'][0] - v.made[0];
    form(seconds > 0 && seconds <= MAX_SIGN_BY, 'sign-by is not later than made by at most 366 days');
  }
  if (t.kind === 'contract') checkContract(v);
  form(t.documents.length <= MAX_DOCUMENTS, `${t.documents.length} documents, over ${MAX_DOCUMENTS}`);
  form(distinct(t.documents.map((d) => d.name.toLowerCase())), 'two documents have one name');
  checkParties(t.parties, 'party or by');
  checkParties(t.former, 'former');
  const named = [...t.parties, ...t.former].flatMap((p) => p.keys).concat(v.key ?? []);
  checkKeys(t.ledger, named);
  t.signers = named.filter((k, i) => named.findIndex((o) => o.pub === k.pub) === i);
  t.quorum = [...t.parties, ...t.former, ...(v.key ?? []).map((k) => ({ role: 'key', threshold: 1, keys: [k] }))];
  return t;
}

/** The form of a record, its signature lines unchecked: {text, note}. */
function parseRecord(bytes, draft = false) {
  const note = parseNote(bytes, draft);
  form(note.lines.length <= MAX_RECORD_LINES, `record has ${note.lines.length} signature lines, over ${MAX_RECORD_LINES}`);
  return { text: parseText(note.text), note };
}

/** The keys that signed, in order; kind signed. */
function checkSigned({ text, note }) {
  let place = -1;
  return note.lines.map((line) => {
    const at = text.signers.findIndex((k) => isBy(line, k));
    must(at >= 0, 'signed', `line of ${line.name}, which may not sign`);
    must(at > place, 'signed', `line of ${line.name} twice or out of order`);
    place = at;
    must(verifies(note, line, text.signers[at]), 'signed', `line of ${line.name} does not verify`);
    return text.signers[at];
  });
}

function checkQuorum(text, signed) {
  const pubs = new Set(signed.map((k) => k.pub));
  for (const p of text.quorum) {
    const n = p.keys.filter((k) => pubs.has(k.pub)).length;
    must(n >= p.threshold, 'quorum', `${p.role} has ${n} of ${p.threshold} signatures`);
  }
}

/** A record with all that its own bytes can show: form, then signed, then quorum. */
export function openRecord(bytes) {
  const record = parseRecord(bytes);
  const signed = checkSigned(record);
  checkQuorum(record.text, signed);
  return { text: record.text, signed };
}

// ---- Entries (section 3.1) -----------------------------------------------------------------------------------------
/** {registered, record (bytes)}, the record unread: kinds size and form. */
function splitEntry(bytes) {
  must(bytes.length <= MAX_ENTRY, 'size', `entry has ${bytes.length} bytes, over ${MAX_ENTRY}`);
  const end = bytes.indexOf(0x0a);
  form(end >= 0, 'entry has no line');
  const m = /^registered ([0-9]+)$/.exec(bytes.subarray(0, end).toString('latin1'));
  form(m !== null, 'first line of the entry is not its time');
  return { registered: decimal(m[1], MAX_TIME), record: bytes.subarray(end + 1) };
}

/** {registered, record (bytes), parsed}: kinds size and form. */
function parseEntry(bytes) {
  const entry = splitEntry(bytes);
  return { ...entry, parsed: parseRecord(entry.record) };
}

const leafHash = (entry) => sha256(Buffer.of(0), entry);

// ---- The tree: RFC 6962, section 2.1, read from its recursive definitions ------------------------------------------
const node = (l, r) => sha256(Buffer.of(1), l, r);
const EMPTY_ROOT = sha256('');

/** The largest power of two below n, for n > 1. */
const splitAt = (n) => 2n ** BigInt((n - 1n).toString(2).length - 1);

/** The last hash that is left: proofs are used up from their end, where the hashes next to the root are. */
function take(proof) {
  must(proof.length > 0, 'proof', 'too few hashes');
  return proof.pop();
}

/** The root that PATH(m, D[n]) gives. */
function rootByPath(leaf, m, n, proof) {
  if (n === 1n) return leaf;
  const k = splitAt(n);
  const other = take(proof);
  return m < k ? node(rootByPath(leaf, m, k, proof), other) : node(other, rootByPath(leaf, m - k, n - k, proof));
}

export function verifyInclusion(leaf, index, size, hashes, root) {
  must(index < size, 'index', `index ${index} is not below size ${size}`);
  const proof = [...hashes];
  const got = rootByPath(leaf, index, size, proof);
  must(proof.length === 0, 'proof', 'too many hashes');
  must(got.equals(root), 'proof', 'the path leads to another root');
}

/** [old root, new root] that SUBPROOF(m, D[n], whole) gives. */
function rootsBySubproof(oldRoot, m, n, whole, proof) {
  if (m === n) {
    const h = whole ? oldRoot : take(proof);
    return [h, h];
  }
  const k = splitAt(n);
  const other = take(proof);
  if (m <= k) {
    const [a, b] = rootsBySubproof(oldRoot, m, k, whole, proof);
    return [a, node(b, other)];
  }
  const [a, b] = rootsBySubproof(oldRoot, m - k, n - k, false, proof);
  return [node(other, a), node(other, b)];
}

export function verifyConsistency(old, oldRoot, size, root, hashes) {
  must(old <= size, 'proof', `old size ${old} is over ${size}`);
  if (old === 0n) {
    must(hashes.length === 0, 'proof', 'hashes for an empty tree');
    must(oldRoot.equals(EMPTY_ROOT), 'proof', 'the empty tree has another root');
    must(size > 0n || root.equals(EMPTY_ROOT), 'proof', 'the empty tree has another root');
    return;
  }
  const proof = [...hashes];
  const [a, b] = rootsBySubproof(oldRoot, old, size, true, proof);
  must(proof.length === 0, 'proof', 'too many hashes');
  must(a.equals(oldRoot) && b.equals(root), 'proof', 'the proof leads to other roots');
}

/** {level, index, width} of a tile's path; entry bundles have level -1. */
export function parseTile(path) {
  const m = /^tile\/(entries|0|[1-9][0-9]?)\/((?:x[0-9]{3}\/)*)([0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(path);
  form(m !== null, `not a tile: ${path}`);
  const level = m[1] === 'entries' ? -1 : Number(m[1]);
  form(level <= 63, `level ${level}`);
  form(!m[2].startsWith('x000/'), 'index with leading zeros');
  const index = decimal((m[2].replace(/[x/]/g, '') + m[3]).replace(/^0+(?=[0-9])/, ''), MAX_TILE - 1n);
  const width = m[4] === undefined ? 256 : Number(m[4]);
  form(m[4] === undefined || width <= 255, `width ${width}`);
  return { level, index, width };
}

// ---- Checkpoints, proofs (sections 3.2 to 3.4) ---------------------------------------------------------------------
/** {origin, size, root} of a checkpoint's text: exactly three lines. */
function readTreeHead(text) {
  const lines = utf8(text).split('\n');
  form(lines.length === 4, `checkpoint of ${lines.length - 1} lines`);
  return { origin: keyName(lines[0]), size: decimal(lines[1]), root: hash64(lines[2]) };
}

export function parseCheckpoint(bytes) {
  const note = parseNote(bytes);
  return { ...readTreeHead(note.text), note, bytes };
}

/** Kinds signature and origin. */
function checkLog(checkpoint, key) {
  must(linesOf(checkpoint.note, key, 'signature').length > 0, 'signature', `no line of ${key.name}`);
  must(checkpoint.origin === key.name, 'origin', `origin ${checkpoint.origin} is not ${key.name}`);
}

/** The lines above the first empty line, and the checkpoint below it. */
function splitProof(bytes) {
  const text = utf8(bytes);
  const end = text.indexOf('\n\n');
  form(end >= 0, 'proof has no empty line');
  return { head: text.slice(0, end).split('\n'), checkpoint: parseCheckpoint(Buffer.from(text.slice(end + 2))) };
}

function proofHashes(lines) {
  form(lines.length <= MAX_HASHES, `${lines.length} hashes, over ${MAX_HASHES}`);
  return lines.map(hash64);
}

/** A c2sp.org/tlog-proof@v1: {extra (empty where there is none), index, hashes, checkpoint}. */
export function parseProof(bytes) {
  const { head, checkpoint } = splitProof(bytes);
  form(head.shift() === 'c2sp.org/tlog-proof@v1', 'not a c2sp.org/tlog-proof@v1');
  let extra = Buffer.alloc(0);
  if (head[0]?.startsWith('extra ')) {
    extra = base64(head.shift().slice(6));
    form(extra.length > 0 && extra.length <= MAX_EXTRA, `extra has ${extra.length} bytes, not 1 to ${MAX_EXTRA}`);
  }
  form(head[0]?.startsWith('index '), 'proof has no index');
  return { extra, index: decimal(head.shift().slice(6)), hashes: proofHashes(head), checkpoint };
}

/** The body of add-checkpoint: {old, hashes, checkpoint}. */
export function parseConsistency(bytes) {
  const { head, checkpoint } = splitProof(bytes);
  form(head[0].startsWith('old '), 'proof does not begin with the old size');
  return { old: decimal(head.shift().slice(4)), hashes: proofHashes(head), checkpoint };
}

// ---- Policies (section 3.6) ----------------------------------------------------------------------------------------
/** Bytes as text in which a character is a byte: names are octets, and are compared as such. */
const octets = (bytes) => bytes.toString('latin1');
const fromOctets = (s) => Buffer.from(s, 'latin1');

/** {logs: [key], witnesses: [{name, key}], groups: Map(name → {k, members}), quorum}; names are octets. */
export function parsePolicy(bytes) {
  form(bytes.length <= MAX_POLICY, `policy has ${bytes.length} bytes, over ${MAX_POLICY}`);
  const text = octets(bytes);
  form(/^[\t\n\x20-\x7e\x80-\xff]*$/.test(text), 'policy holds an octet that is not allowed');
  const lines = text.split('\n');
  form(lines.pop() === '', 'last line does not end in LF');

  const p = { logs: [], witnesses: [], groups: new Map(), quorum: undefined };
  const defined = new Set();
  const members = new Set();
  const define = (name) => {
    form(name.length <= MAX_KEY_NAME, `name has ${name.length} bytes, over ${MAX_KEY_NAME}`);
    form(name !== 'none' && !defined.has(name), `name is predefined or defined twice: ${name}`);
    defined.add(name);
  };
  const known = (name) => form(defined.has(name), `name is not defined above: ${name}`);
  const keyOf = (s, types) => parseKey(utf8(fromOctets(s)), types);

  const readers = {
    log(items) {
      form(items.length === 1 || items.length === 2, 'log VKEY [URL]');
      p.logs.push(keyOf(items[0], [LOG_KEY]));
    },
    witness(items) {
      form(items.length === 2 || items.length === 3, 'witness NAME VKEY [URL]');
      define(items[0]);
      p.witnesses.push({ name: items[0], key: keyOf(items[1], COSIGNER_KEYS) });
    },
    group(items) {
      const [name, rule, ...list] = items;
      form(list.length > 0, 'group NAME all|any|K NAME...');
      for (const member of list) {
        known(member);
        form(!members.has(member), `member of a group twice: ${member}`);
        members.add(member);
      }
      const k = rule === 'all' ? list.length : rule === 'any' ? 1 : Number(decimal(rule));
      form(k >= 1 && k <= list.length, `${k} of ${list.length} members`);
      define(name); // after its members, so that it is none of them
      p.groups.set(name, { k, members: list });
    },
    quorum(items) {
      form(items.length === 1 && p.quorum === undefined, 'exactly one line: quorum NAME');
      if (items[0] !== 'none') known(items[0]);
      p.quorum = items[0];
    },
  };
  for (const line of lines) {
    const items = line.split(/[ \t]+/).filter((s) => s !== '');
    if (items.length === 0 || items[0].startsWith('#')) continue;
    const [word, ...rest] = items;
    form(Object.hasOwn(readers, word), `unknown line: ${word}`);
    readers[word](rest);
  }
  form(p.quorum !== undefined, 'policy has no quorum');
  for (const n of [p.logs.length, p.witnesses.length, p.groups.size]) form(n <= MAX_POLICY_NAMES, `over ${MAX_POLICY_NAMES}`);
  const keys = [...p.logs, ...p.witnesses.map((w) => w.key)];
  form(distinct(keys.map((k) => k.pub)), 'a key stands twice');
  form(distinct(keys.map((k) => `${k.name}+${k.id}`)), 'two keys have one name and id');
  return p;
}

/** Every line of a key that the policy knows verifies. */
function checkKnownLines(policy, note, kind) {
  for (const k of [...policy.logs, ...policy.witnesses.map((w) => w.key)]) linesOf(note, k, kind);
}

/** Whether these witnesses make the quorum of the policy. */
function isMet(policy, witnesses) {
  const names = new Set(witnesses.map((w) => w.name));
  const holds = (name) => {
    const group = policy.groups.get(name);
    return group ? group.members.filter(holds).length >= group.k : names.has(name);
  };
  return policy.quorum === 'none' || holds(policy.quorum);
}

/**
 * {names, ledgerOnly, seenBy} of a checkpoint of that origin: the witnesses with a cosignature not older than since, in
 * policy order, and by when a quorum had seen it, undefined where that is the ledger's own word; kind quorum.
 */
function checkWitnesses(policy, origin, note, since) {
  const timesOf = (w) => linesOf(note, w.key, 'cosignature').map((line) => line.time).filter((t) => t >= since);
  const all = policy.witnesses.map((w) => ({ name: w.name, own: w.key.name === origin, times: timesOf(w) }));
  const counts = all.filter((w) => w.times.length > 0);
  must(isMet(policy, counts), 'quorum', `the quorum ${policy.quorum} is not met`);
  const ledgerOnly = isMet(policy, counts.filter((w) => w.own));
  const metAt = (t) => isMet(policy, counts.filter((w) => w.own || w.times.some((time) => time <= t)));
  const seenBy = ledgerOnly ? undefined : counts.flatMap((w) => w.times).filter(metAt).reduce((a, b) => (a < b ? a : b));
  return { names: counts.map((w) => w.name), ledgerOnly, seenBy };
}

// ---- Receipts and consistency proofs against a policy (sections 3.3 to 3.5) ----------------------------------------
/** Whether data is the document of the line; salt is null for a public one. */
function isDocument(line, data, salt) {
  if (line.salted !== (salt !== null)) return false;
  if (salt !== null && salt.length !== 32) return false;
  const length = BigInt(data.length);
  const blocks = (length + SALT_BLOCK - 1n) / SALT_BLOCK || 1n;
  if (line.size !== (line.salted ? blocks * SALT_BLOCK : length)) return false;
  return hex(sha256(salt ?? '', data)) === line.hash;
}

/** The steps of section 3.5, in order; documents are {name, data, salt or null}. */
export function verifyReceipt(policyBytes, bytes, documents) {
  return judgeReceipt(parsePolicy(policyBytes), bytes, documents);
}

function judgeReceipt(policy, bytes, documents) {
  const proof = step('proof', () => parseProof(bytes));
  const entry = step('entry', () => parseEntry(proof.extra));
  const { text } = entry.parsed;
  const { checkpoint } = proof;
  const log = policy.logs.find((k) => k.vkey === text.ledger.vkey);
  must(log !== undefined, 'ledger', `the policy has no log ${text.ledger.vkey}`);
  step('checkpoint', () => checkLog(checkpoint, log));
  checkKnownLines(policy, checkpoint.note, 'cosignature');
  const witnesses = checkWitnesses(policy, checkpoint.origin, checkpoint.note, entry.registered - SKEW);
  must(proof.index < checkpoint.size, 'index', `index ${proof.index} is not below size ${checkpoint.size}`);
  const leaf = leafHash(proof.extra);
  step('inclusion', () => verifyInclusion(leaf, proof.index, checkpoint.size, proof.hashes, checkpoint.root));
  step('signatures', () => checkQuorum(text, checkSigned(entry.parsed)));
  for (const d of documents) {
    const line = text.documents.find((l) => l.name === d.name);
    must(line !== undefined && isDocument(line, d.data, d.salt), 'documents', `${d.name} is not a document of the record`);
  }
  return { text, registered: entry.registered, index: proof.index, leaf, checkpoint, witnesses };
}

/** All receipts of a dossier: an oldest one may lack the quorum, and no two contradict each other (section 3.3). */
function judgeReceipts(policyBytes, receipts) {
  const policy = parsePolicy(policyBytes);
  const held = receipts.flatMap(({ newest, first }) => [
    judgeReceipt(policy, newest, []),
    ...(first === undefined ? [] : [judgeReceipt({ ...policy, quorum: 'none' }, first, [])]),
  ]);
  const said = new Map();
  const once = (subject, value) => {
    must((said.get(subject) ?? value) === value, 'fork', `${subject} is ${said.get(subject)} and ${value}`);
    said.set(subject, value);
  };
  for (const { text, index, leaf, checkpoint } of held) {
    once(`${text.ledger.vkey}: leaf ${index}`, hex(leaf));
    once(`${text.ledger.vkey}: index of ${text.id}`, String(index));
    once(`${text.ledger.vkey}: root of ${checkpoint.size}`, hex(checkpoint.root));
  }
}

/** The first log of the policy that signed all of the checkpoints, in which every known line verifies. */
function signer(policy, checkpoints) {
  for (const c of checkpoints) checkKnownLines(policy, c.note, 'checkpoint');
  const signs = (c, k) => c.origin === k.name && c.note.lines.some((line) => isBy(line, k));
  const log = policy.logs.find((k) => checkpoints.every((c) => signs(c, k)));
  must(log !== undefined, 'checkpoint', 'no log of the policy signed');
  return log;
}

export function verifyConsistencyProof(policyBytes, oldBytes, bytes) {
  const policy = parsePolicy(policyBytes);
  const older = parseCheckpoint(oldBytes);
  const { old, hashes, checkpoint: newer } = parseConsistency(bytes);
  signer(policy, [older, newer]);
  const witnesses = checkWitnesses(policy, newer.origin, newer.note, 0n);
  must(old === older.size, 'size', `old is ${old}, the older checkpoint has ${older.size}`);
  step('consistency', () => verifyConsistency(older.size, older.root, newer.size, newer.root, hashes));
  return { old: older.size, size: newer.size, witnesses };
}

// ---- The rules of admission, as far as evidence asks for them (section 4) ------------------------------------------
//
// A state is the list of the entries that made it, {index, registered, text}, in the order of the log.

const RULES = ['form', 'size', 'once', 'refers', 'time', 'signed', 'revoked', 'quorum', 'replaces', 'under', 'terminates'];
const KIND_LINE = /^chirograph\/([a-z][a-z0-9-]{0,31})\/v([1-9][0-9]{0,8})\n/;

const find = (state, id) => state.findLast((e) => e.text.id === id);
const dayOf = (t) => Math.floor(Number(t) / 86400);
const dayFrom = (e, keyword) => e.text.values[keyword][0] ?? dayOf(e.registered);
const signs = (p, pubs) => p.keys.filter((k) => pubs.has(k.pub)).length >= p.threshold;

/** The id of a contract, that of the one which it replaces, and so on. */
function chain(state, id) {
  const ids = [];
  for (; id !== undefined; id = find(state, id)?.text.values.replaces?.[0]) ids.push(id);
  return ids;
}

/** The days on which other records end a contract, each undefined where none does. */
function endings(state, { text: { id } }) {
  const newer = state.findLast((e) => e.text.values.replaces?.[0] === id);
  const end = state.findLast((e) => e.text.kind === 'termination' && e.text.values.contract[0] === id);
  return { replaced: newer && dayFrom(newer, 'from'), terminated: end && dayFrom(end, 'effective') };
}

/** The entry that a line of a text names, undefined where it has no such line; absent is set where none is there. */
function named(state, text, keyword, kind) {
  const id = text.values[keyword]?.[0];
  if (id === undefined) return undefined;
  const e = find(state, id);
  if (e === undefined) throw Object.assign(new Refused('refers', `${keyword} ${id} is not registered`), { absent: true });
  must(e.text.kind === kind, 'refers', `${keyword} ${id} is a ${e.text.kind}`);
  return e;
}

/** chain, which has to be there as a whole: else nobody can say where the contract stands. */
function wholeChain(state, id) {
  const ids = chain(state, id);
  must(ids.every((c) => find(state, c)?.text.kind === 'contract'), 'rule', `not all that contract ${id} replaces is there`);
  return ids;
}

/** The contracts that a text names. */
function checkRefers(state, text) {
  const replaced = named(state, text, 'replaces', 'contract');
  const [former, all] = [text.former, replaced?.text.parties ?? []].map((list) => list.map(printParty).join('\n'));
  must(former === all, 'refers', 'former lines are not the party lines');
  const frame = named(state, text, 'under', 'contract');
  const contract = named(state, text, 'contract', 'contract');
  const lines = (contract?.text.parties ?? []).map(printParty);
  const places = (text.values.by ?? []).map((p) => lines.indexOf(printParty(p)));
  must(ascending(places), 'refers', 'by lines are not party lines in their order');
  const answered = named(state, text, 'answers', 'statement');
  if (answered !== undefined && answered.text.values.contract[0] !== text.values.contract[0]) {
    const [theirs, ours] = [answered.text, text].map((t) => wholeChain(state, t.values.contract[0]));
    const before = theirs.at(-1) === ours.at(-1) && theirs.length <= ours.length;
    must(before, 'refers', 'answers a statement under another contract');
  }
  return { replaced, frame, contract };
}

function checkTime(state, index, t, { made, 'sign-by': signBy }) {
  const last = state.at(-1);
  if (last !== undefined && t < last.registered) {
    must(last.index + 1n === index, 'rule', 'the time decreases, and the entry directly before is not there');
    throw new Refused('time', 'registered before the entry before');
  }
  must(BigInt(made[0]) <= t + SKEW, 'time', 'made after it was registered');
  must(signBy === undefined || t <= BigInt(signBy[0]), 'time', 'registered after sign-by');
}

function checkReplaces(state, replaced, today) {
  const ends = endings(state, replaced);
  must(ends.replaced === undefined, 'replaces', 'the contract is replaced already');
  must(!(ends.terminated <= today), 'replaces', 'the contract is terminated');
}

function checkUnder(state, frame, today, pubs) {
  const ends = endings(state, frame);
  const ended = ends.replaced <= today || ends.terminated <= today || frame.text.values.until[0] < today;
  must(!ended && dayFrom(frame, 'from') <= today, 'under', 'the frame is not in force');
  must(frame.text.parties.some((p) => signs(p, pubs)), 'under', 'no party of the frame signed');
}

function checkTerminates(state, contract, today, { values, parties }) {
  const effective = values.effective[0] ?? today;
  let notice = 0;
  if (parties.length < contract.text.parties.length) {
    const listed = (contract.text.values.terminable[0] ?? []).find((n) => n.role === parties[0].role);
    must(parties.length === 1 && listed !== undefined, 'terminates', 'neither all, nor one that may alone');
    notice = Number(listed.days);
  }
  must(effective >= today + notice, 'terminates', 'effective too early');
  const ends = endings(state, contract);
  must(!(effective >= ends.replaced || effective >= ends.terminated), 'terminates', 'the contract ends by then already');
}

/** Throws the rule by which the ledger of that key refuses the entry in the state, or the kind unknown. */
function admit(ledger, state, index, bytes) {
  const { registered: t, record } = splitEntry(bytes);
  const [, kind, version] = KIND_LINE.exec(octets(record)) ?? [];
  const isKnown = kind === undefined || (Object.hasOwn(KINDS, kind) && version === '1');
  must(isKnown, 'unknown', 'a record of a kind or version that is not known');
  const parsed = parseRecord(record);
  const { text } = parsed;
  form(text.ledger.vkey === ledger.vkey, 'a record for another ledger');
  must(find(state, text.id) === undefined, 'once', 'the record is registered already');
  const { replaced, frame, contract } = checkRefers(state, text);
  checkTime(state, index, t, text.values);
  const signed = checkSigned(parsed);
  const revoked = state.filter((e) => e.text.kind === 'revocation').map((e) => e.text.values.key[0].pub);
  must(![...signed, ...(text.values.key ?? [])].some((k) => revoked.includes(k.pub)), 'revoked', 'a key is revoked');
  checkQuorum(text, signed);
  const today = dayOf(t);
  if (replaced) checkReplaces(state, replaced, today);
  if (frame) checkUnder(state, frame, today, new Set(signed.map((k) => k.pub)));
  if (text.kind === 'termination') checkTerminates(state, contract, today, text);
}

// ---- Evidence (section 3.8) ----------------------------------------------------------------------------------------
/**
 * {rule, absent, proofs}; of a fork {rule, root, checkpoint, consistency} or, of two entries, {rule, proofs}; of
 * backdating {rule, checkpoint, proofs} with one proof.
 */
export function parseEvidence(bytes) {
  form(bytes.length <= MAX_EVIDENCE, `evidence has ${bytes.length} bytes, over ${MAX_EVIDENCE}`);
  const lines = utf8(bytes).split('\n').reverse(); // so that the next one is cheap to take off
  form(lines.shift() === '', 'last line does not end in LF');
  form(lines.pop() === 'chirograph/evidence/v1', 'not chirograph/evidence/v1');
  const isNext = (keyword) => lines.at(-1)?.startsWith(keyword + ' ') ?? false;
  const value = (keyword) => {
    form(isNext(keyword), `${keyword} is missing or not in its place`);
    return lines.pop().slice(keyword.length + 1);
  };
  const nextProof = () => parseProof(base64(value('proof')));
  const rule = value('rule');
  if (rule === 'backdating') {
    const [checkpoint, proof] = [parseCheckpoint(base64(value('checkpoint'))), nextProof()];
    form(lines.length === 0, 'lines follow');
    return { rule, checkpoint, proofs: [proof] };
  }
  if (rule === 'fork' && isNext('proof')) {
    const proofs = [nextProof(), nextProof()];
    form(lines.length === 0, 'lines follow');
    form(proofs[0].index === proofs[1].index, 'the proofs are of two indexes');
    return { rule, proofs };
  }
  if (rule === 'fork') {
    const root = hash64(value('root'));
    const checkpoint = parseCheckpoint(base64(value('checkpoint')));
    const consistency = parseConsistency(base64(value('consistency')));
    form(lines.length === 0, 'lines follow');
    return { rule, root, checkpoint, consistency };
  }
  form(RULES.includes(rule), `no rule that an entry may break: ${rule.slice(0, 80)}`);
  const absent = isNext('absent') ? value('absent').split(' ').map((s) => decimal(s)) : undefined;
  form(absent === undefined || (absent.length === 2 && absent[0] <= absent[1]), 'absent is not a first and a last index');
  const proofs = [];
  do proofs.push(nextProof()); while (lines.length > 0);
  const [broken, ...earlier] = proofs;
  form(ascending([...earlier, broken].map((p) => p.index)), 'earlier entries are not before it, or not in their order');
  form(proofs.every((p) => p.checkpoint.bytes.equals(broken.checkpoint.bytes)), 'proofs under two checkpoints');
  return { rule, absent, proofs };
}

/** What f throws as a refusal, else undefined. */
function refusalOf(f) {
  try {
    return void f();
  } catch (e) {
    if (e instanceof Refused) return e;
    throw e;
  }
}

/** An earlier entry for the state. */
function earlierEntry(ledger, { index, extra }) {
  const { registered, parsed } = parseEntry(extra);
  const { text } = parsed;
  must(text.ledger.vkey === ledger.vkey, 'entry', `entry ${index} is for another ledger`);
  checkQuorum(text, checkSigned(parsed));
  return { index, registered, text };
}

/** The first log of the policy of which each of the checkpoints has a line that verifies. No other line matters. */
function accused(policy, checkpoints) {
  const signed = (c, k) => c.origin === k.name && c.note.lines.some((line) => isBy(line, k) && verifies(c.note, line, k));
  const log = policy.logs.find((k) => checkpoints.every((c) => signed(c, k)));
  must(log !== undefined, 'checkpoint', 'no log of the policy signed');
  return log;
}

/** Kinds index and inclusion, of one proof after the other. */
function checkIncluded(proofs) {
  for (const { extra, index, hashes, checkpoint: { size, root } } of proofs) {
    must(index < size, 'index', `index ${index} is not below size ${size}`);
    step('inclusion', () => verifyInclusion(leafHash(extra), index, size, hashes, root));
  }
}

/** The id of the record in an entry, undefined where that is not in form. */
function idOf(entry) {
  let id;
  refusalOf(() => (id = parseEntry(entry).parsed.text.id));
  return id;
}

function judgeEntries(policy, { rule, absent, proofs }) {
  const [broken, ...earlier] = proofs;
  const ledger = accused(policy, [broken.checkpoint]);
  checkIncluded(proofs);
  const state = earlier.map((p) => step('entry', () => earlierEntry(ledger, p)));
  const { index, extra } = broken;
  const refusal = refusalOf(() => admit(ledger, state, index, extra));
  if (refusal?.kind === 'unknown') return { verdict: 'unchecked', rule, index };
  must(refusal?.kind === rule, 'rule', `the entry does not break ${rule}: ${refusal?.message ?? 'it breaks none'}`);
  const open = refusal.absent === true && BigInt(earlier.length) < index; // not all entries before are there
  must(String(absent) === String(open ? [0n, index - 1n] : undefined), 'rule', 'absent is not what it has to be');
  return { verdict: open ? 'unchecked' : 'yes', rule, index, id: idOf(extra), absent };
}

function judgeFork(policy, { rule, root, checkpoint: small, consistency: { old, hashes, checkpoint: large } }) {
  accused(policy, [small, large]);
  must(old === small.size, 'size', `old is ${old}, the smaller checkpoint has ${small.size}`);
  step('consistency', () => verifyConsistency(old, root, large.size, large.root, hashes));
  must(!root.equals(small.root), 'rule', 'the larger tree begins with the smaller');
  return { verdict: 'yes', rule, index: small.size };
}

function judgeTwoEntries(policy, { rule, proofs }) {
  const [a, b] = proofs;
  accused(policy, [a.checkpoint, b.checkpoint]);
  checkIncluded(proofs);
  must(!a.extra.equals(b.extra), 'rule', 'both trees have the same entry');
  return { verdict: 'yes', rule, index: a.index };
}

/** The latest time before which no quorum can have cosigned more than the checkpoint; undefined where there is none. */
function timeUnseen(policy, ledger, { note }) {
  const timesOf = (key) => note.lines.filter((l) => isBy(l, key) && verifies(note, l, key)).map((l) => l.time);
  const all = policy.witnesses.map(({ name, key }) => ({ name, own: key.name === ledger.name, times: timesOf(key) }));
  const latest = all.filter((w) => !w.own).flatMap((w) => w.times).sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
  return latest.find((t) => {
    const unseeing = all.filter((w) => !w.own && w.times.some((time) => time >= t));
    const own = all.filter((w) => w.own && w.times.length > 0);
    return isMet(policy, [...unseeing, ...own]) && !isMet(policy, all.filter((w) => !unseeing.includes(w)));
  });
}

function judgeBackdating(policy, { rule, checkpoint, proofs }) {
  const [{ index, extra, checkpoint: newer }] = proofs;
  const ledger = accused(policy, [newer, checkpoint]);
  checkIncluded(proofs);
  must(checkpoint.size <= index, 'size', `the checkpoint of ${checkpoint.size} has entry ${index}`);
  const { registered } = step('entry', () => splitEntry(extra));
  const unseen = timeUnseen(policy, ledger, checkpoint);
  must(unseen > registered + SKEW, 'quorum', `unseen until ${unseen ?? 'no time'}, registered ${registered}`);
  return { verdict: 'yes', rule, index, id: idOf(extra) };
}

/** {verdict (yes or unchecked), rule, index, id, absent} of evidence that is one. */
export function judgeEvidence(policyBytes, bytes) {
  const policy = parsePolicy(policyBytes);
  const evidence = parseEvidence(bytes);
  if (evidence.rule === 'backdating') return judgeBackdating(policy, evidence);
  if (evidence.rule === 'fork') return (evidence.proofs ? judgeTwoEntries : judgeFork)(policy, evidence);
  return judgeEntries(policy, evidence);
}

// ---- Dossiers (section 3.7) ----------------------------------------------------------------------------------------
const CRC = Array.from({ length: 256 }, (_, n) => {
  for (let i = 0; i < 8; i++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n >>> 0;
});
const crc32 = (b) => (b.reduce((c, x) => CRC[(c ^ x) & 255] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;

function numbers(format, values) {
  const fields = [...format].map((width) => Buffer.alloc(Number(width)));
  fields.forEach((b, i) => b.writeUIntLE(values[i], 0, b.length));
  return Buffer.concat(fields);
}

/** The one ZIP of the files, a list of [path, data], which has to be sorted. */
export function writeZip(files) {
  const local = [];
  const central = [];
  let offset = 0;
  for (const [path, data] of files) {
    const name = Buffer.from(path, 'latin1');
    //              version, flags, method, time, date (1980-01-01), CRC, sizes, lengths of name and extra
    const same = [20, 0, 0, 0, 0x0021, crc32(data), data.length, data.length, name.length, 0];
    local.push(numbers('42222244422', [0x04034b50, ...same]), name, data);
    central.push(numbers('42222224442222244', [0x02014b50, 20, ...same, 0, 0, 0, 0, offset]), name);
    offset += 30 + name.length + data.length;
  }
  const directory = Buffer.concat(central);
  const end = numbers('42222442', [0x06054b50, 0, 0, files.length, files.length, directory.length, offset, 0]);
  return Buffer.concat([...local, directory, end]);
}

/** The files of a ZIP in the one form; whatever else it holds is found when it is written again. */
export function readZip(bytes) {
  form(bytes.length <= MAX_DOSSIER, `dossier has ${bytes.length} bytes, over ${MAX_DOSSIER}`);
  const files = [];
  let at = 0;
  while (bytes.length >= at + 30 && bytes.readUInt32LE(at) === 0x04034b50) {
    const data = at + 30 + bytes.readUInt16LE(at + 26);
    const end = data + bytes.readUInt32LE(at + 18);
    form(end <= bytes.length, 'file reaches beyond the end');
    files.push([octets(bytes.subarray(at + 30, data)), bytes.subarray(data, end)]);
    at = end;
  }
  form(files.length <= MAX_FILES, `${files.length} files, over ${MAX_FILES}`);
  form(files.every(([path], i) => i === 0 || files[i - 1][0] < path), 'paths are not sorted, or one stands twice');
  form(writeZip(files).equals(bytes), 'not the one form of a ZIP');
  return files;
}

const PATHS = {
  record: /^records\/([0-9a-f]{64})\.note$/,
  receipt: /^receipts\/([0-9a-f]{64})\.tlog-proof$/,
  first: /^receipts\/([0-9a-f]{64})\.first\.tlog-proof$/,
  document: /^documents\/([0-9a-f]{64})\/([^/]+)$/,
  salt: /^salts\/([0-9a-f]{64})\/([^/]+)$/,
  policy: /^policy$/,
};

/** {contract, records, receipts}: the id of its contract, its records by id, and {newest, first} of each receipt. */
export function parseDossier(bytes) {
  const files = { record: new Map(), receipt: new Map(), first: new Map(), document: new Map(), salt: new Map(), policy: new Map() };
  for (const [path, data] of readZip(bytes)) {
    const kind = Object.keys(PATHS).find((k) => PATHS[k].test(path));
    form(kind !== undefined, `no such file in a dossier: ${path}`);
    const [, owner, name] = PATHS[kind].exec(path);
    files[kind].set(name === undefined ? owner : `${owner}/${name}`, { owner, name, data });
  }
  form(files.policy.size === 1, 'dossier has no policy');
  const policy = files.policy.get(undefined).data;
  form(policy.length > 0 && policy.length <= MAX_POLICY, `policy has ${policy.length} bytes`);
  form(!/[\u0000-\u0008\u000b-\u001f\u007f]/.test(utf8(policy)), 'policy holds a control character');

  const records = new Map();
  for (const [name, { data }] of files.record) {
    const record = parseRecord(data, true);
    form(record.text.id === name, `record ${record.text.id} under the name of ${name}`);
    step('form', () => checkSigned(record));
    records.set(name, { text: record.text, data });
  }
  checkReceipts(files, records);
  const contract = findContract([...records.values()].map((r) => r.text));
  checkFiles(files, records);
  const receipts = [...files.receipt].map(([id, { data }]) => ({ newest: data, first: files.first.get(id)?.data }));
  return { contract, records, receipts };
}

function checkReceipts(files, records) {
  for (const [owner, { data }] of [...files.receipt, ...files.first]) {
    const entry = step('form', () => parseEntry(parseProof(data).extra));
    form(records.get(owner)?.data.equals(entry.record) ?? false, `receipt is not that of the record ${owner}`);
  }
  for (const [owner, { data }] of files.first) {
    const newest = files.receipt.get(owner)?.data;
    form(newest !== undefined, `first receipt of ${owner} without another`);
    const [a, b] = [parseProof(newest), parseProof(data)];
    form(a.index === b.index && a.extra.equals(b.extra), `the receipts of ${owner} are of two entries`);
    form(b.checkpoint.size < a.checkpoint.size, `the first receipt of ${owner} is not of a smaller tree`);
  }
}

function checkFiles(files, records) {
  const lineOf = ({ owner, name }) => records.get(owner)?.text.documents.find((d) => d.name === name);
  for (const [path, file] of files.salt) {
    form(lineOf(file)?.salted === true && file.data.length === 32, `salt that belongs to no document: ${path}`);
  }
  for (const [path, file] of files.document) form(lineOf(file) !== undefined, `not a document of its record: ${path}`);
  for (const [path, file] of files.document) {
    const [line, salt] = [lineOf(file), files.salt.get(path)?.data ?? null];
    if (line.salted && salt === null) continue; // nobody can compare it
    must(isDocument(line, file.data, salt), 'documents', `not the document that the record names: ${path}`);
  }
}

/** The one contract that no other in the dossier replaces or is made under. */
function findContract(texts) {
  const contracts = texts.filter((t) => t.kind === 'contract');
  for (const t of texts) {
    const named = t.values.contract?.[0];
    form(named === undefined || contracts.some((c) => c.id === named), `contract ${named} of a ${t.kind} is not there`);
  }
  const named = new Set(contracts.flatMap((t) => [...t.values.replaces, ...t.values.under]));
  const heads = contracts.filter((t) => !named.has(t.id));
  form(heads.length === 1, `${heads.length} contracts that no other in the dossier replaces or is made under`);
  return heads[0].id;
}

// ---- QR codes (3.9) ------------------------------------------------------------------------------------------------
/** What one code holds. */
export function parseCode(bytes) {
  const end = bytes.indexOf(0x0a);
  const m = /^chirograph\/qr\/v1 ([^ ]*)\/([^ /]*) ([0-9a-f]{16})$/.exec(end < 0 ? '' : bytes.subarray(0, end).toString('latin1'));
  form(m !== null, 'not the first line of a code');
  const [k, n] = [decimal(m[1]), decimal(m[2])];
  form(k >= 1n && k <= n && n <= MAX_CODES, `number ${k} of ${n}`);
  const part = bytes.subarray(end + 1);
  form(k < n ? part.length === PART : part.length >= 1 && part.length <= PART, `part of ${part.length} bytes`);
  return { k: Number(k), n: Number(n), sum: m[3], part };
}

/** The wholes of codes that were read together, in the order of the first code of each. */
export function joinCodes(list) {
  const codes = list.map(parseCode);
  const names = [...new Set(codes.map((c) => `${c.sum} ${c.n}`))];
  return names.map((name) => joinSet(codes.filter((c) => `${c.sum} ${c.n}` === name)));
}

function joinSet(codes) {
  const [{ n, sum }] = codes;
  const parts = [];
  for (const { k, part } of codes) {
    must(parts[k] === undefined || parts[k].equals(part), 'differ', `two codes ${k}`);
    parts[k] = part;
  }
  for (let k = 1; k <= n; k++) must(parts[k] !== undefined, 'missing', `code ${k} of ${n}`);
  const whole = Buffer.concat(parts.slice(1));
  must(createHash('sha256').update(whole).digest('hex').startsWith(sum), 'hash', `not the whole ${sum}`);
  return whole;
}

// ---- Vectors -------------------------------------------------------------------------------------------------------
/** The bytes of an input: "name" as UTF-8, or "name_base64". */
function input(v, name) {
  if (typeof v[name] === 'string') return Buffer.from(v[name], 'utf8');
  if (typeof v[name + '_base64'] === 'string') return Buffer.from(v[name + '_base64'], 'base64');
  throw new Error(`vector without ${name}`);
}

const string = (v, name) => utf8(input(v, name));

function unhex(s) {
  if (typeof s !== 'string' || !/^([0-9a-f]{2})*$/.test(s)) throw new Error(`vector with bad hex: ${s}`);
  return Buffer.from(s, 'hex');
}

const shown = (s) => fromOctets(s).toString('utf8');
const vouched = (w) => ({ ledger_only: w.ledgerOnly, seen_by: w.seenBy?.toString() });

/** What each class makes of a vector: the values to compare. */
export const CLASSES = {
  key(v) {
    const k = parseKey(string(v, 'vkey'));
    return { name: k.name, id: k.id, type: k.type, public: k.pub };
  },
  ed25519(v) {
    const failed = ed25519(unhex(v.public), unhex(v.message), unhex(v.signature));
    must(failed === '', failed, 'does not verify');
    return {};
  },
  record(v) {
    const { text, signed } = openRecord(input(v, 'record'));
    const vkeys = (keys) => keys.map((k) => k.vkey);
    return { kind: text.kind, id: text.id, ledger: text.ledger.vkey, signers: vkeys(text.signers), signed: vkeys(signed) };
  },
  entry(v) {
    const bytes = input(v, 'entry');
    const e = parseEntry(bytes);
    checkQuorum(e.parsed.text, checkSigned(e.parsed));
    return { registered: Number(e.registered), id: e.parsed.text.id, leaf: hex(leafHash(bytes)) };
  },
  checkpoint(v) {
    const c = parseCheckpoint(input(v, 'checkpoint'));
    checkLog(c, parseKey(string(v, 'vkey'), [LOG_KEY]));
    return { origin: c.origin, size: String(c.size), root: hex(c.root) };
  },
  cosignature(v) {
    const c = parseCheckpoint(input(v, 'checkpoint'));
    const own = linesOf(c.note, parseKey(string(v, 'vkey'), COSIGNER_KEYS), 'signature');
    must(own.length > 0, 'signature', 'no line of the witness');
    return { time: String(own.map((line) => line.time).reduce((a, b) => (a > b ? a : b))) };
  },
  inclusion(v) {
    verifyInclusion(unhex(v.leaf), decimal(v.index), decimal(v.size), v.proof.map(unhex), unhex(v.root));
    return {};
  },
  consistency(v) {
    verifyConsistency(decimal(v.old_size), unhex(v.old_root), decimal(v.size), unhex(v.root), v.proof.map(unhex));
    return {};
  },
  tile(v) {
    const t = parseTile(string(v, 'path'));
    return { level: t.level, index: String(t.index), width: t.width };
  },
  policy(v) {
    const p = parsePolicy(input(v, 'policy'));
    const witnesses = p.witnesses.map((w) => [shown(w.name), w.key.vkey]);
    return { logs: p.logs.map((k) => k.vkey), witnesses, quorum: shown(p.quorum) };
  },
  proof(v) {
    const p = parseProof(input(v, 'proof'));
    const hashes = p.hashes.map(hex);
    return { index: String(p.index), extra: p.extra.toString('base64'), hashes, size: String(p.checkpoint.size) };
  },
  receipt(v) {
    const salt = (d) => (d.salt === undefined ? null : unhex(d.salt));
    const documents = (v.documents ?? []).map((d) => ({ name: d.name, data: input(d, 'data'), salt: salt(d) }));
    const r = verifyReceipt(input(v, 'policy'), input(v, 'proof'), documents);
    const [index, size, origin] = [String(r.index), String(r.checkpoint.size), r.checkpoint.origin];
    const witnesses = r.witnesses.names.map(shown);
    return { id: r.text.id, registered: Number(r.registered), index, size, origin, witnesses, ...vouched(r.witnesses) };
  },
  'consistency-proof'(v) {
    const r = verifyConsistencyProof(input(v, 'policy'), input(v, 'old'), input(v, 'proof'));
    return { old_size: String(r.old), size: String(r.size), ...vouched(r.witnesses) };
  },
  evidence(v) {
    const e = judgeEvidence(input(v, 'policy'), input(v, 'evidence'));
    return { verdict: e.verdict, rule: e.rule, index: String(e.index), id: e.id, absent: e.absent?.map(String) };
  },
  qr(v) {
    const wholes = joinCodes(v.codes.map((c) => input(c, 'code')));
    return { wholes: wholes.map((b) => b.toString('base64')) };
  },
  dossier(v) {
    const d = parseDossier(input(v, 'dossier'));
    if (v.policy !== undefined) judgeReceipts(input(v, 'policy'), d.receipts);
    return { contract: d.contract, records: [...d.records.keys()].sort() };
  },
};

/** '' where the vector holds, else what was wanted and what came. */
export function runVector(run, v) {
  let got;
  try {
    got = { want: 'ok', ...run(v) };
  } catch (e) {
    got = { want: e instanceof Refused ? e.kind : 'a fault in the reader or the vector', why: e.message };
  }
  if (v.want !== 'ok' || got.want !== 'ok') {
    return got.want === v.want ? '' : `wanted ${v.want}, got ${got.want}${got.why ? ` (${got.why})` : ''}`;
  }
  for (const member of Object.keys(got)) {
    const [a, b] = [JSON.stringify(v[member]), JSON.stringify(got[member])];
    if (a !== b) return `wanted ${member} ${a}, got ${b}`;
  }
  return '';
}

function main(dir) {
  const counts = { passed: 0, failed: 0 };
  const fail = (what, why) => (counts.failed++, console.log(`${what}: ${why}`));
  const folders = readdirSync(dir, { withFileTypes: true }).filter((f) => f.isDirectory()).map((f) => f.name);
  for (const folder of new Set([...Object.keys(CLASSES), ...folders.sort()])) {
    const at = join(dir, folder);
    const files = existsSync(at) ? readdirSync(at).filter((f) => f.endsWith('.json')).sort() : [];
    if (files.length === 0 && Object.hasOwn(CLASSES, folder)) fail(folder, 'wanted at least one vector, got none');
    for (const file of files) {
      let why;
      try {
        const v = JSON.parse(UTF8.decode(readFileSync(join(at, file))));
        why = Object.hasOwn(CLASSES, folder) ? runVector(CLASSES[folder], v) : 'wanted a class that is known, got another';
      } catch (e) {
        why = `wanted a JSON object, got ${e.message}`;
      }
      if (why === '') counts.passed++;
      else fail(join(folder, file), why);
    }
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  return counts.failed === 0 ? 0 : 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = main(process.argv[2] ?? dirname(fileURLToPath(import.meta.url)));
}
