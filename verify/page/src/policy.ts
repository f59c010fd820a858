// Policies (FORMATS.md, section 3.6): which ledgers are trusted, and who has to have seen
// what they sign.

import { decode, fromOctets, octets } from './bytes.ts';
import { decimal } from './decimal.ts';
import { Malformed } from './fault.ts';
import { quoted, shown } from './shown.ts';
import { Cosignature, Ed25519, type Key, MLDSA44, parseKey, typeName } from './vkey.ts';

export const maxPolicy = 262_144; // bytes
export const maxLogs = 64;
export const maxWitnesses = 64;
export const maxGroups = 64;
const maxName = 255; // octets

/** Names of witnesses and groups are octets, as characters U+0000 to U+00FF; shownName says them. */
export type Witness = { readonly name: string; readonly key: Key };
export type Group = { readonly name: string; readonly needs: number; readonly members: readonly string[] };

export type Policy = {
  readonly logs: readonly Key[];
  readonly witnesses: readonly Witness[];
  readonly groups: readonly Group[]; // each after its members
  readonly quorum: string;
};

/** The quorum that asks for no cosignature. */
export const noQuorum = 'none';

/** A name of a witness or group among our words. */
export const shownName = (name: string): string => shown(new TextDecoder('utf-8', { ignoreBOM: true }).decode(fromOctets(name)));

const quotedName = (name: string): string => `"${shownName(name)}"`;

export function parsePolicy(data: Uint8Array): Policy {
  if (data.length > maxPolicy) throw new Malformed(`policy has ${data.length} bytes, at most ${maxPolicy} are allowed`);
  const lines = octets(data).split('\n');
  if (lines.pop() !== '') throw new Malformed('policy does not end in a line feed');
  const p = { logs: [] as Key[], witnesses: [] as Witness[], groups: [] as Group[], quorum: '' };
  const members = new Set<string>();
  for (const [i, line] of lines.entries()) {
    try {
      if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(line)) throw new Malformed('it has a control character');
      const [keyword, ...items] = line.split(/[ \t]+/).filter((item) => item !== '');
      if (keyword !== undefined && !keyword.startsWith('#')) parseLine(p, members, keyword, items);
    } catch (e) {
      if (e instanceof Malformed) throw new Malformed(`policy line ${i + 1}: ${e.message}`);
      throw e;
    }
  }
  if (p.quorum === '') throw new Malformed('policy has no quorum line');
  return p;
}

type Draft = { logs: Key[]; witnesses: Witness[]; groups: Group[]; quorum: string };

function parseLine(p: Draft, members: Set<string>, keyword: string, items: string[]): void {
  const [first = '', second = '', ...rest] = items;
  const counts = (from: number, to: number): void => {
    const takes = to === from ? from : to === Infinity ? `${from} or more` : `${from} or ${to}`;
    if (items.length < from || items.length > to) {
      throw new Malformed(`${keyword} has ${items.length} items after it, it takes ${takes}`);
    }
  };
  switch (keyword) {
    case 'log':
      counts(1, 2);
      bound(p.logs, maxLogs, 'logs').push(parsePolicyKey(p, first, 'log', [Ed25519]));
      break;
    case 'witness':
      counts(2, 3);
      define(p, first);
      bound(p.witnesses, maxWitnesses, 'witnesses').push({ name: first, key: parsePolicyKey(p, second, 'witness', [Cosignature, MLDSA44]) });
      break;
    case 'group':
      counts(3, Infinity);
      define(p, first);
      bound(p.groups, maxGroups, 'groups').push(parseGroup(p, members, first, second, rest));
      break;
    case 'quorum':
      counts(1, 1);
      if (p.quorum !== '') throw new Malformed(`a second quorum, ${quotedName(first)} after ${quotedName(p.quorum)}`);
      if (first !== noQuorum && !isDefined(p, first)) throw new Malformed(`quorum ${quotedName(first)} is defined by no line before`);
      p.quorum = first;
      break;
    default:
      throw new Malformed(`unknown keyword ${quoted(keyword, 8)}`); // no more: it may be another file, with a secret in it
  }
}

function bound<T>(list: T[], most: number, what: string): T[] {
  if (list.length === most) throw new Malformed(`more than ${most} ${what}`);
  return list;
}

const isDefined = (p: Draft, name: string): boolean => [...p.witnesses, ...p.groups].some((d) => d.name === name);

function define(p: Draft, name: string): void {
  if (name === noQuorum) throw new Malformed(`"${noQuorum}" is the name of the empty quorum`);
  if (name.length > maxName) throw new Malformed(`the name ${quotedName(name)} has ${name.length} bytes, at most ${maxName} are allowed`);
  if (isDefined(p, name)) throw new Malformed(`${quotedName(name)} is defined twice`);
}

function parsePolicyKey(p: Draft, item: string, what: string, types: number[]): Key {
  const k = parseKey(decode(fromOctets(item), 'verifier key'));
  if (!types.includes(k.type)) {
    throw new Malformed(`key ${quoted(k.name)} of a ${what} has the type ${typeName(k.type)}, it needs ${types.map(typeName).join(' or ')}`);
  }
  for (const other of [...p.logs, ...p.witnesses.map((w) => w.key)]) {
    if (other.public === k.public) throw new Malformed(`${quoted(other.name)} and ${quoted(k.name)} have the same public key`);
    if (other.name === k.name && other.id === k.id) throw new Malformed(`two keys have the name ${quoted(k.name)} and the key id ${k.id}`);
  }
  return k;
}

function parseGroup(p: Draft, members: Set<string>, name: string, count: string, names: string[]): Group {
  const needs = count === 'all' ? names.length : count === 'any' ? 1 : Number(decimal(count, 'how many a group needs', BigInt(names.length)));
  if (needs < 1) throw new Malformed(`group ${quotedName(name)} needs ${needs} of its ${names.length} members`);
  for (const m of names) {
    if (!isDefined(p, m)) throw new Malformed(`group ${quotedName(name)} has the member ${quotedName(m)}, which no line before defines`);
    if (members.has(m)) throw new Malformed(`${quotedName(m)} is a member of a group twice`);
    members.add(m);
  }
  return { name, needs, members: names };
}

/** Whether the witnesses of these names make the quorum. */
export function isMet(p: Policy, cosigned: Iterable<string>): boolean {
  const has = new Set(cosigned);
  for (const g of p.groups) {
    if (g.members.filter((m) => has.has(m)).length >= g.needs) has.add(g.name);
  }
  return p.quorum === noQuorum || has.has(p.quorum);
}

/** Whether a witness is the ledger itself: its key has the log's name. */
export const isOwn = (log: Key, w: Witness): boolean => w.key.name === log.name;
