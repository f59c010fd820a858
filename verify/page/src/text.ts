// What a record says (FORMATS.md, sections 2.3 to 2.5): its text, parsed to values and
// printed again.

import { encode } from './bytes.ts';
import { decimal } from './decimal.ts';
import { Malformed } from './fault.ts';
import {
  checkKeyName, type Day, formatDay, formatTime, parseDay, parseFileName, parseHex, parseID, parseMediaType, parseTime, parseTitle, parseToken,
} from './lexical.ts';
import { quoted } from './shown.ts';
import { Ed25519, type Key, parseKey, typeName } from './vkey.ts';

export const maxText = 22_000; // bytes
export const maxParties = 32; // lines of one list
export const maxThreshold = 32; // their sum in one list
export const maxKeys = 64; // distinct ones that may sign
export const maxDocuments = 64;
const maxSize = Number.MAX_SAFE_INTEGER; // 2⁵³ − 1
const maxNotice = 3650; // days
const maxSignBy = 366 * 86400; // seconds after made
const saltedUnit = 4096;

export const kinds = ['contract', 'statement', 'termination', 'revocation'] as const;
export type Kind = (typeof kinds)[number];

export type Party = { readonly role: string; readonly threshold: number; readonly keys: readonly Key[] };

export type Document = {
  readonly salted: boolean;
  readonly hash: string; // hex
  readonly size: number;
  readonly media: string;
  readonly kind: string;
  readonly name: string;
};

/** What a line of a kind of record says; '' and undefined where there is none. */
export type Text = {
  readonly kind: Kind;
  readonly ledger: Key;
  readonly made: number; // POSIX seconds
  readonly signBy: number | undefined; // not of a revocation
  readonly nonce: string;
  readonly title: string;
  readonly contract: string; // id that a statement or termination is under
  readonly parties: readonly Party[]; // party or by lines
  readonly about: string;
  readonly answers: string; // id
  readonly documents: readonly Document[];
  readonly from: Day | undefined;
  readonly until: Day | undefined;
  readonly terminable: readonly { readonly role: string; readonly days: number }[];
  readonly replaces: string; // id
  readonly former: readonly Party[];
  readonly under: string; // id
  readonly effective: Day | undefined;
  readonly key: Key | undefined; // of a revocation
  readonly reason: string;
};

const reservedPrefix = 'chirograph/';
const reasons = ['superseded', 'lost', 'compromised'];
const keywords = [
  'ledger', 'made', 'sign-by', 'nonce', 'title', 'party', 'document', 'from', 'until', 'terminable', 'replaces', 'former', 'under',
  'contract', 'by', 'about', 'answers', 'effective', 'key', 'reason',
];

/** The lines of a text that are still to be read. */
type Lines = { readonly all: readonly string[]; next: number };

/** The value of the next line if it has that keyword. */
function optional<T>(lines: Lines, keyword: string, read: (value: string) => T): T | undefined {
  const line = lines.all[lines.next];
  if (line === undefined || !line.startsWith(`${keyword} `)) return undefined;
  lines.next++;
  try {
    return read(line.slice(keyword.length + 1));
  } catch (e) {
    if (e instanceof Malformed) throw new Malformed(`line ${lines.next}: ${keyword}: ${e.message}`);
    throw e;
  }
}

function required<T>(lines: Lines, keyword: string, read: (value: string) => T): T {
  const value = optional(lines, keyword, read);
  if (value === undefined) throw new Malformed(`${position(lines)}, where ${keyword} belongs`);
  return value;
}

/** The values of all next lines of that keyword, at most so many. */
function repeated<T>(lines: Lines, keyword: string, most: number, read: (value: string) => T): T[] {
  const values: T[] = [];
  for (let value = optional(lines, keyword, read); value !== undefined; value = optional(lines, keyword, read)) {
    if (values.length === most) throw new Malformed(`line ${lines.next}: more than ${most} ${keyword} lines`);
    values.push(value);
  }
  return values;
}

function position(lines: Lines): string {
  const line = lines.all[lines.next];
  if (line === undefined) return `line ${lines.next + 1}: the text ends`;
  const [keyword = ''] = line.split(' ');
  if (!keywords.includes(keyword)) return `line ${lines.next + 1}: unknown keyword ${quoted(keyword)}`;
  return `line ${lines.next + 1}: ${keyword} is twice, out of order, without a value, or not of this kind of record`;
}

/** Reads the text of a record of any kind. */
export function parseText(text: string): Text {
  const size = encode(text).length;
  if (size > maxText) throw new Malformed(`text has ${size} bytes, at most ${maxText} are allowed`);
  const all = text.split('\n');
  if (all.pop() !== '') throw new Malformed('text does not end in a line feed');
  if (all.includes('')) throw new Malformed(`line ${all.indexOf('') + 1} is empty`);
  const kind = kinds.find((k) => all[0] === header(k));
  if (kind === undefined) throw new Malformed(`line 1: unknown kind of record ${quoted(all[0] ?? '')}`);
  const lines: Lines = { all, next: 1 };
  const t: Text = { ...parseHead(lines, kind), ...bodies[kind](lines) };
  if (lines.next < all.length) throw new Malformed(position(lines));
  checkTerminable(t);
  checkKeys(t);
  checkDocuments(t);
  if (printText(t) !== text) throw new Malformed('text is not in its one form');
  return t;
}

const header = (kind: Kind): string => `${reservedPrefix}${kind}/v1`;

function parseHead(lines: Lines, kind: Kind): Text {
  const ledger = required(lines, 'ledger', (v) => {
    const k = partyKey(v);
    if (k.name.startsWith(reservedPrefix)) {
      throw new Malformed(`origin ${quoted(k.name)} begins with ${reservedPrefix}, which is reserved for records`);
    }
    return k;
  });
  const made = required(lines, 'made', parseTime);
  const signBy = kind === 'revocation' ? undefined : required(lines, 'sign-by', (v) => {
    const t = parseTime(v);
    if (t <= made || t > made + maxSignBy) throw new Malformed(`${v} is not after made, ${formatTime(made)}, by at most 366 days`);
    return t;
  });
  const nonce = required(lines, 'nonce', (v) => parseHex(v, 32));
  return {
    kind, ledger, made, signBy, nonce,
    title: '', contract: '', parties: [], about: '', answers: '', documents: [], from: undefined, until: undefined, terminable: [],
    replaces: '', former: [], under: '', effective: undefined, key: undefined, reason: '',
  };
}

const bodies: Record<Kind, (lines: Lines) => Partial<Text>> = {
  contract(lines) {
    const title = optional(lines, 'title', parseTitle) ?? '';
    const parties = parseParties(lines, 'party', 2);
    const documents = parseDocuments(lines);
    const from = optional(lines, 'from', parseDay);
    const until = optional(lines, 'until', (v) => {
      const day = parseDay(v);
      if (from !== undefined && day < from) throw new Malformed(`${v} is before from, ${formatDay(from)}`);
      return day;
    });
    const terminable = optional(lines, 'terminable', parseTerminable) ?? [];
    const replaces = optional(lines, 'replaces', parseID) ?? '';
    const former = replaces === '' ? [] : parseParties(lines, 'former', 1);
    return { title, parties, documents, from, until, terminable, replaces, former, under: optional(lines, 'under', parseID) ?? '' };
  },
  statement(lines) {
    const contract = required(lines, 'contract', parseID);
    const parties = parseParties(lines, 'by', 1);
    const about = required(lines, 'about', parseToken);
    const answers = optional(lines, 'answers', parseID) ?? '';
    return { contract, parties, about, answers, documents: parseDocuments(lines) };
  },
  termination(lines) {
    const contract = required(lines, 'contract', parseID);
    const parties = parseParties(lines, 'by', 1);
    const effective = optional(lines, 'effective', parseDay);
    return { contract, parties, effective, documents: parseDocuments(lines) };
  },
  revocation(lines) {
    const key = required(lines, 'key', partyKey);
    return { key, reason: required(lines, 'reason', parseReason) };
  },
};

function parseReason(v: string): string {
  if (!reasons.includes(v)) throw new Malformed(`${quoted(v)} is none of ${reasons.join(', ')}`);
  return v;
}

/** A verifier key that records are signed with. */
function partyKey(v: string): Key {
  const k = parseKey(v);
  if (k.type !== Ed25519) throw new Malformed(`key ${quoted(k.name)} has the type ${typeName(k.type)}, records are signed with 0x01`);
  checkKeyName(k.name);
  return k;
}

/** A list of parties: each role and each public key once. */
function parseParties(lines: Lines, keyword: string, least: number): Party[] {
  const parties = repeated(lines, keyword, maxParties, parseParty);
  if (parties.length < least) throw new Malformed(`${position(lines)}, where ${keyword} belongs, of which ${least} are needed`);
  const sum = parties.reduce((n, p) => n + p.threshold, 0);
  if (sum > maxThreshold) throw new Malformed(`thresholds of ${keyword} add up to ${sum}, at most ${maxThreshold} are allowed`);
  const twice = repetition(parties.map((p) => p.role)) ?? repetition(parties.flatMap((p) => p.keys.map((k) => k.public)));
  if (twice !== undefined) throw new Malformed(`${twice} is twice among the ${keyword} lines`);
  return parties;
}

/** The first value that was there before. */
const repetition = (values: string[]): string | undefined => values.find((v, i) => values.indexOf(v) < i);

function parseParty(v: string): Party {
  const [role = '', threshold = '', ...vkeys] = v.split(' ');
  parseToken(role);
  const n = decimal(threshold, `threshold of ${role}`);
  if (n < 1n || n > BigInt(vkeys.length)) throw new Malformed(`threshold of ${role} is ${n}, it has ${vkeys.length} keys`);
  return { role, threshold: Number(n), keys: vkeys.map(partyKey) };
}

const parseDocuments = (lines: Lines): Document[] => repeated(lines, 'document', maxDocuments, parseDocument);

const plainPrefix = 'sha256:';
const saltedPrefix = 'salted-sha256:';

function parseDocument(v: string): Document {
  const [commitment = '', digits = '', media = '', kind = '', ...rest] = v.split(' ');
  const salted = commitment.startsWith(saltedPrefix);
  if (!salted && !commitment.startsWith(plainPrefix)) {
    throw new Malformed(`commitment ${quoted(commitment)} begins with neither ${plainPrefix} nor ${saltedPrefix}`);
  }
  const hash = parseHex(commitment.slice((salted ? saltedPrefix : plainPrefix).length), 64);
  const size = Number(decimal(digits, 'size', BigInt(maxSize)));
  if (salted && (size === 0 || size % saltedUnit !== 0)) {
    throw new Malformed(`size ${size} of a salted document is not a multiple of ${saltedUnit}, and at least that`);
  }
  return { salted, hash, size, media: parseMediaType(media), kind: parseToken(kind), name: parseFileName(rest.join(' ')) };
}

function parseTerminable(v: string): { role: string; days: number }[] {
  return v.split(' ').map((pair) => {
    const [role = '', days = ''] = pair.split(/:(.*)/);
    return { role: parseToken(role), days: Number(decimal(days, `days of ${role}`, BigInt(maxNotice))) };
  });
}

/** Demands that terminable names parties, each once, in their order. */
function checkTerminable(t: Text): void {
  let next = 0;
  for (const { role } of t.terminable) {
    const at = t.parties.findIndex((p, i) => i >= next && p.role === role);
    if (at < 0) throw new Malformed(`terminable: ${role} is no party, is twice, or is not in the order of the parties`);
    next = at + 1;
  }
}

/** Demands that a signature line is of one key, and that the ledger signs for nobody. */
function checkKeys(t: Text): void {
  const pairs = new Map([[`${t.ledger.name}+${t.ledger.id}`, t.ledger.public]]);
  const distinct = new Set<string>();
  for (const k of requirements(t).flatMap((r) => r.keys)) {
    if (k.public === t.ledger.public) throw new Malformed(`key ${k.name} is the ledger's own`);
    const pair = [k.name, k.id].join('+');
    if ((pairs.get(pair) ?? k.public) !== k.public) throw new Malformed(`two keys have the name and key id ${pair}`);
    pairs.set(pair, k.public);
    distinct.add(k.public);
  }
  if (distinct.size > maxKeys) throw new Malformed(`text names ${distinct.size} keys, at most ${maxKeys} are allowed`);
}

/** What the document is that a contract has exactly one of. */
const terms = 'terms';

function checkDocuments(t: Text): void {
  const twice = repetition(t.documents.map((d) => d.name.toLowerCase()));
  if (twice !== undefined) throw new Malformed(`document name ${twice} is twice, without regard to case`);
  const count = t.documents.filter((d) => d.kind === terms).length;
  if (t.kind === 'contract' && count !== 1) {
    throw new Malformed(`contract has ${count} documents of the kind ${terms}, exactly 1 is needed`);
  }
}

/** A line whose keys have to sign: of a revocation its key, without a role. */
export type Requirement = Party & { readonly keyword: 'party' | 'by' | 'former' | 'key' };

/** Who has to sign, in the order of the text. */
export function requirements(t: Text): Requirement[] {
  if (t.key !== undefined) return [{ keyword: 'key', role: '', threshold: 1, keys: [t.key] }];
  const keyword = t.kind === 'contract' ? 'party' : 'by';
  return [...t.parties.map((p) => ({ keyword, ...p }) as const), ...t.former.map((p) => ({ keyword: 'former', ...p }) as const)];
}

/** The keys that may sign, each under the name and at the place where the text names it first. */
export function signers(t: Text): Key[] {
  const first = new Map<string, Key>();
  for (const k of requirements(t).flatMap((r) => r.keys)) {
    if (!first.has(k.public)) first.set(k.public, k);
  }
  return [...first.values()];
}

export const printParty = (p: Party): string => [p.role, p.threshold, ...p.keys.map((k) => k.vkey)].join(' ');

export const printCommitment = (d: { salted: boolean; hash: string }): string => (d.salted ? saltedPrefix : plainPrefix) + d.hash;

const printDocument = (d: Document): string => `${printCommitment(d)} ${d.size} ${d.media} ${d.kind} ${d.name}`;

export function printText(t: Text): string {
  const day = (d: Day | undefined): string[] => (d === undefined ? [] : [formatDay(d)]);
  const some = (s: string): string[] => (s === '' ? [] : [s]);
  const values: [string, string[]][] = [
    ['ledger', [t.ledger.vkey]],
    ['made', [formatTime(t.made)]],
    ['sign-by', t.signBy === undefined ? [] : [formatTime(t.signBy)]],
    ['nonce', [t.nonce]],
    ['title', some(t.title)],
    ['contract', some(t.contract)],
    [t.kind === 'contract' ? 'party' : 'by', t.parties.map(printParty)],
    ['about', some(t.about)],
    ['answers', some(t.answers)],
    ['effective', day(t.effective)],
    ['document', t.documents.map(printDocument)],
    ['from', day(t.from)],
    ['until', day(t.until)],
    ['terminable', some(t.terminable.map((n) => `${n.role}:${n.days}`).join(' '))],
    ['replaces', some(t.replaces)],
    ['former', t.former.map(printParty)],
    ['under', some(t.under)],
    ['key', t.key === undefined ? [] : [t.key.vkey]],
    ['reason', some(t.reason)],
  ];
  return [header(t.kind), ...values.flatMap(([keyword, all]) => all.map((v) => `${keyword} ${v}`))].map((line) => `${line}\n`).join('');
}
