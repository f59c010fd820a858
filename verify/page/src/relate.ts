// What several receipts say of each other (FORMATS.md, section 3.3).

import { Failure, type Step } from './fault.ts';
import { checkUnder, frameParty, Refusal, type Registered, State } from './rules.ts';
import type { Registration } from './receipt.ts';
import { isSignedBy } from './record.ts';
import { fail, type Item, missingFrame, missingParties, type Report, settle } from './report.ts';
import { type Party, printParty } from './text.ts';
import { fingerprint } from './vkey.ts';

/** An item that is registered, as far as its receipt goes. */
export type Found = { readonly registration: Registration; readonly report: Report };

const isFound = (i: Item): i is Found => i.registration !== undefined;

export const found = (items: readonly Item[]): Found[] => items.filter(isFound);

export const byIndex = (a: Found, b: Found): number => compare(a.registration.index, b.registration.index);

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** The items in the order of their registration, failures first. */
export const sorted = (items: readonly Item[]): Item[] => [...items.filter((i) => !isFound(i)), ...found(items).sort(byIndex)];

/** Whether a record is registered, and nothing else speaks against it. */
export const holds = (i: Item): i is Found => isFound(i) && i.report.verdict !== 'no';

const registered = ({ registration: { index, registered: time, record } }: Found): Registered =>
  ({ index, registered: time, id: record.id, text: record.text });

/** What the items say that judges others. */
type Knowledge = {
  readonly records: ReadonlyMap<string, Found[]>; // by id
  readonly revoked: ReadonlyMap<string, bigint>; // by ledger and key, the entry
  readonly states: Map<string, State>; // by ledger: of the records so far that hold
};

/**
 * Lets the items judge each other. A statement, termination or amendment whose contract
 * is among them is of that contract's parties, and registered after it, or fails. A
 * contract whose frame is among them was made by a party of that, while it was in force
 * as far as the items go, or fails. A record that a key signed after an entry that
 * revokes it fails. That the items contradict each other, contradiction says.
 */
export function relate(items: readonly Item[]): void {
  const all = found(items).sort(byIndex);
  const k: Knowledge = { records: byID(all), revoked: revocations(all), states: new Map() };
  let learned = 0;
  for (const item of all) {
    // Of what is before it only: an entry does not end its own frame.
    const isBefore = (other: Found | undefined): other is Found => other !== undefined && other.registration.index < item.registration.index;
    for (let other = all[learned]; isBefore(other); other = all[++learned]) learn(k, other);
    judge(k, item);
  }
}

function byID(all: readonly Found[]): Map<string, Found[]> {
  const records = new Map<string, Found[]>();
  for (const i of all) {
    const { id } = i.registration.record;
    const copies = records.get(id);
    if (copies === undefined) records.set(id, [i]);
    else copies.push(i);
  }
  return records;
}

const signedFor = (ledger: string, key: string): string => `${ledger} ${key}`;

function revocations(all: readonly Found[]): Map<string, bigint> {
  const revoked = new Map<string, bigint>();
  for (const { registration: r } of all) {
    const { key, ledger } = r.record.text;
    if (key === undefined) continue;
    const name = signedFor(ledger.vkey, key.public);
    if (!revoked.has(name)) revoked.set(name, r.index);
  }
  return revoked;
}

function stateOf(k: Knowledge, ledger: string): State {
  const state = k.states.get(ledger) ?? new State();
  k.states.set(ledger, state);
  return state;
}

/** Of two entries of one index it takes the first: nothing makes good their contradiction. */
function learn(k: Knowledge, i: Found): void {
  const { record, index, registered } = i.registration;
  const state = stateOf(k, record.text.ledger.vkey);
  if (holds(i) && (state.last === undefined || state.last.index < index)) state.add(index, registered, record);
}

/** Of several faults the one stays that the rules name first. */
function judge(k: Knowledge, i: Found): void {
  const { text, id } = i.registration.record;
  const under = isUnder(k, i);
  const unrevoked = isUnrevoked(k, i);
  const amends = text.kind === 'contract';
  const copies = k.records.get(amends ? text.replaces : text.contract) ?? [];
  const [contract] = copies;
  if (contract === undefined) return;
  const fits = fitsParties(i, contract, amends ? text.former : text.parties);
  if (under && unrevoked && fits && amends) for (const old of copies) old.report.replacedBy = id;
}

function reject(i: Found, step: Step, reason: string): false {
  fail(i.report, new Failure(step, reason));
  return false;
}

/** Demands that what the record names is a contract that its ledger registered before it. */
function isEarlier(i: Found, step: Step, { registration: { record, index } }: Found): boolean {
  const { text, id } = record;
  if (text.kind !== 'contract') return reject(i, step, `contract ${id} is none, but a ${text.kind}`);
  if (text.ledger.vkey !== i.registration.record.text.ledger.vkey) {
    return reject(i, step, `contract ${id} is registered by another ledger, ${text.ledger.name}`);
  }
  if (index >= i.registration.index) {
    return reject(i, step, `contract ${id} was registered later, as entry ${index}, this is entry ${i.registration.index}`);
  }
  return true;
}

function isUnder(k: Knowledge, i: Found): boolean {
  const { record, registered: time } = i.registration;
  const frame = k.records.get(record.text.under)?.[0];
  if (frame === undefined) return true;
  if (!isEarlier(i, 'under', frame)) return false;
  try {
    checkUnder(stateOf(k, record.text.ledger.vkey), registered(frame), time, record);
  } catch (e) {
    if (!(e instanceof Refusal)) throw e;
    return reject(i, 'under', `contract ${record.id} breaks the rule ${e.rule}: ${e.message}`);
  }
  const party = frameParty(frame.registration.record.text, record);
  i.report.proved.push(`${party?.role} of contract ${record.text.under}, which this is made under, signed it with its keys there`);
  settle(i.report, missingFrame(record.text.under));
  return true;
}

function isUnrevoked(k: Knowledge, i: Found): boolean {
  const { record, index } = i.registration;
  for (const key of record.signed) {
    const at = k.revoked.get(signedFor(record.text.ledger.vkey, key.public));
    if (at !== undefined && at < index) {
      return reject(i, 'signatures', `the key of ${key.name}, ${fingerprint(key)}, was revoked by entry ${at}, this is entry ${index}`);
    }
  }
  return true;
}

/** Demands that the lines are those of the contract: all, where they are of one that is replaced, else some, in their order. */
function fitsParties(i: Found, contract: Found, lines: readonly Party[]): boolean {
  const { id, text } = contract.registration.record;
  const amends = i.registration.record.text.kind === 'contract';
  if (!isEarlier(i, 'signatures', contract)) return false;
  let next = 0;
  for (const line of lines) {
    const at = text.parties.findIndex((p, n) => n >= next && printParty(p) === printParty(line));
    if (at < 0 || (amends && at > next)) {
      return reject(i, 'signatures', `${line.role} is not so a party of contract ${id}, or not in this place`);
    }
    next = at + 1;
  }
  const rest = text.parties[next];
  if (amends && rest !== undefined) return reject(i, 'signatures', `${rest.role}, a party of contract ${id}, is not among the former`);
  i.report.proved.push(`its signers are parties of contract ${id}`);
  settle(i.report, missingParties(id));
  return true;
}

/** Demands that the key, its public bytes in hex, is one of those of the role, and signed. */
export function demand(i: Found, role: string, key: string, print: string): void {
  const { record } = i.registration;
  const party = record.text.parties.find((p) => p.role === role);
  if (party === undefined) {
    reject(i, 'signatures', `the record has no party ${role}`);
    return;
  }
  const signed = party.keys.filter((k) => isSignedBy(record, k.public));
  const prints = (keys: typeof signed): string => keys.map(fingerprint).join(', ');
  if (signed.some((k) => k.public === key)) {
    i.report.proved.push(`${role} signed with the key you expect, ${print}`);
  } else if (party.keys.some((k) => k.public === key)) {
    reject(i, 'signatures', `${role} signed with ${prints(signed)}, and not with the key you expect, ${print}, which is only listed`);
  } else {
    reject(i, 'signatures', `${role} has the keys ${prints([...party.keys])}, you expect ${print}`);
  }
}
