// The rules of admission (FORMATS.md, section 4), and how a contract stands: pure
// functions of a record, its time, and what the entries before it say.

import { type Day, dayOf, formatDay, formatTime } from './lexical.ts';
import { isSignedBy, lacks, missing, type Record } from './record.ts';
import { skew } from './receipt.ts';
import { type Party, printParty, type Text } from './text.ts';
import { fingerprint, type Key } from './vkey.ts';

export const ruleNames = ['form', 'size', 'once', 'refers', 'time', 'signed', 'revoked', 'quorum', 'replaces', 'under', 'terminates'] as const;
export type Rule = (typeof ruleNames)[number];

/** Which rule a record breaks, and how. */
export class Refusal extends Error {
  readonly rule: Rule;
  readonly absent: boolean; // because a record is not among those at hand

  constructor(rule: Rule, reason: string, absent = false) {
    super(reason);
    this.rule = rule;
    this.absent = absent;
  }
}

/** Nobody can say, from the entries at hand, whether a rule holds. */
export class Unknown extends Error {}

/** A registered record. */
export type Registered = { readonly index: bigint; readonly registered: number; readonly id: string; readonly text: Text };

/** An entry that ends a contract on a day, the first no longer in force. */
type End = { readonly index: bigint; readonly id: string; readonly replaces: boolean; readonly day: Day };

type Dispute = { readonly index: bigint; readonly id: string; readonly depth: number; resolved: boolean };

/** Where a contract stands among those that took each other's place. */
type Position = { readonly chain: string; readonly depth: number };

/** What entries say, in their order, of one ledger. */
export class State {
  readonly records = new Map<string, Registered>();
  readonly revoked = new Map<string, bigint>(); // public key, in hex, to the entry
  readonly #ends = new Map<string, { replacement?: End; termination?: End }>();
  readonly #positions = new Map<string, Position>();
  readonly #disputes = new Map<string, Dispute[]>(); // by chain
  last: Registered | undefined;

  /** Adds the entry of that index, above all before. It asks no rule. */
  add(index: bigint, registered: number, { id, text }: Record): void {
    const entry = { index, registered, id, text };
    switch (text.kind) {
      case 'contract':
        this.#addContract(entry);
        break;
      case 'statement':
        this.#addStatement(entry);
        break;
      case 'termination':
        this.#addEnd(text.contract, { index, id, replaces: false, day: effectiveDay(text, registered) });
        break;
      case 'revocation':
        this.revoked.set(text.key?.public ?? '', index);
    }
    this.records.set(id, entry);
    this.last = entry;
  }

  #addEnd(contract: string, e: End): void {
    this.#ends.set(contract, { ...this.#ends.get(contract), [e.replaces ? 'replacement' : 'termination']: e });
  }

  #addContract({ index, registered, id, text }: Registered): void {
    if (text.replaces === '') {
      this.#positions.set(id, { chain: id, depth: 0 });
      return;
    }
    const { chain, depth } = this.position(text.replaces);
    this.#positions.set(id, { chain, depth: depth + 1 });
    this.#addEnd(text.replaces, { index, id, replaces: true, day: startDay(text, registered) });
  }

  #addStatement({ index, id, text }: Registered): void {
    const { chain, depth } = this.position(text.contract);
    const disputes = this.#disputes.get(chain) ?? [];
    if (text.about === 'dispute') {
      disputes.push({ index, id, depth, resolved: false });
      this.#disputes.set(chain, disputes);
    }
    const contract = this.records.get(text.contract);
    if (text.about !== 'resolution' || contract === undefined || text.parties.length < contract.text.parties.length) return;
    const answered = disputes.find((d) => d.index === this.records.get(text.answers)?.index);
    if (answered !== undefined) answered.resolved = true;
  }

  position(contract: string): Position {
    return this.#positions.get(contract) ?? { chain: contract, depth: 0 };
  }

  /** What ends a contract: the contract that replaces it, then the last termination. */
  ends(contract: string): End[] {
    const { replacement, termination } = this.#ends.get(contract) ?? {};
    return [replacement, termination].filter((e) => e !== undefined);
  }

  /** The ids of the open disputes of a contract and of those that it replaced. */
  disputes(contract: string): string[] {
    const { chain, depth } = this.position(contract);
    return (this.#disputes.get(chain) ?? [])
      .filter((d) => !d.resolved && d.depth <= depth)
      .sort((a, b) => a.depth - b.depth || (a.index < b.index ? -1 : 1))
      .map((d) => d.id);
  }
}

const startDay = (text: Text, registered: number): Day => text.from ?? dayOf(registered);

const effectiveDay = (text: Text, registered: number): Day => text.effective ?? dayOf(registered);

/** Throws the refusal of a record in form, as registered at a time after the entries that made the state. */
export function admit(s: State, ledger: Key, time: number, r: Record): void {
  const { text } = r;
  if (text.ledger.vkey !== ledger.vkey) {
    throw new Refusal('form', `the record is for the ledger ${text.ledger.vkey}, this is ${ledger.vkey}`);
  }
  const before = s.records.get(r.id);
  if (before !== undefined) throw new Refusal('once', `record ${r.id} is registered already, as entry ${before.index}`);
  checkReferences(s, text);
  checkTime(s, time, text);
  if (r.fault !== undefined) throw new Refusal('signed', r.fault);
  checkRevoked(s, r);
  const short = missing(r);
  if (short.length > 0) throw new Refusal('quorum', short.map(lacks).join(', '));
  const contract = s.records.get(text.contract === '' ? text.replaces : text.contract);
  if (text.kind === 'termination' && contract !== undefined) checkTerminates(s, contract, time, text);
  if (text.kind !== 'contract') return;
  if (contract !== undefined) checkReplaces(s, contract, time);
  const frame = s.records.get(text.under);
  if (frame !== undefined) checkUnder(s, frame, time, r);
}

function checkReferences(s: State, text: Text): void {
  const contract = contractOf(s, text.kind === 'contract' ? 'replaces' : 'contract', text.contract === '' ? text.replaces : text.contract);
  if (contract !== undefined && text.kind === 'contract') checkFormer(contract, text.former);
  if (contract !== undefined && text.kind !== 'contract') checkBy(contract, text.parties);
  contractOf(s, 'under', text.under);
  checkAnswers(s, text);
}

function contractOf(s: State, keyword: string, id: string): Registered | undefined {
  if (id === '') return undefined;
  const e = s.records.get(id);
  if (e === undefined) throw new Refusal('refers', `${keyword} names ${id}, which is not registered`, true);
  if (e.text.kind !== 'contract') throw new Refusal('refers', `${keyword} names ${id}, which is a ${e.text.kind}`);
  return e;
}

function checkFormer(contract: Registered, former: readonly Party[]): void {
  const { parties } = contract.text;
  for (let i = 0; i < Math.max(former.length, parties.length); i++) {
    const [given, party] = [former[i], parties[i]];
    if (given === undefined) throw new Refusal('refers', `former lacks ${party?.role}, a party of contract ${contract.id}`);
    if (party === undefined || printParty(given) !== printParty(party)) {
      throw new Refusal('refers', `former ${given.role} is not so a party of contract ${contract.id}, or not in this place`);
    }
  }
}

function checkBy(contract: Registered, by: readonly Party[]): void {
  let next = 0;
  for (const p of by) {
    const at = contract.text.parties.findIndex((q, i) => i >= next && printParty(q) === printParty(p));
    if (at < 0) throw new Refusal('refers', `by ${p.role} is not so a party of contract ${contract.id}, or not in this order`);
    next = at + 1;
  }
}

function checkAnswers(s: State, text: Text): void {
  if (text.answers === '') return;
  const e = s.records.get(text.answers);
  if (e === undefined) throw new Refusal('refers', `answers names ${text.answers}, which is not registered`, true);
  if (e.text.kind !== 'statement') throw new Refusal('refers', `answers names ${text.answers}, which is a ${e.text.kind}`);
  if (e.text.contract === text.contract) return;
  const [theirs, ours] = [rootedPosition(s, e.text.contract), rootedPosition(s, text.contract)];
  if (theirs.chain !== ours.chain || theirs.depth > ours.depth) {
    throw new Refusal('refers', `answers names a statement under contract ${e.text.contract}, which is neither ${text.contract} nor one that it replaces`);
  }
}

/** Where a contract stands, when all that it replaces, at every remove, are at hand. */
function rootedPosition(s: State, contract: string): Position {
  let chain = contract;
  for (let depth = 0; ; depth++) {
    const e = s.records.get(chain);
    if (e === undefined || e.text.kind !== 'contract') {
      throw new Unknown(`where contract ${contract} stands, ${chain} says, and that contract is not here`);
    }
    if (e.text.replaces === '') return { chain, depth };
    chain = e.text.replaces;
  }
}

function checkTime(s: State, time: number, text: Text): void {
  const now = formatTime(time);
  if (s.last !== undefined && time < s.last.registered) {
    throw new Refusal('time', `it is ${now}, before the last entry, of ${formatTime(s.last.registered)}`);
  }
  if (text.made > time + skew) {
    throw new Refusal('time', `made is ${formatTime(text.made)}, more than ${skew} seconds after the ledger's time, ${now}`);
  }
  if (text.signBy !== undefined && time > text.signBy) throw new Refusal('time', `sign-by is ${formatTime(text.signBy)}, it is ${now}`);
}

function checkRevoked(s: State, r: Record): void {
  for (const k of r.text.key === undefined ? r.signed : [r.text.key]) {
    const index = s.revoked.get(k.public);
    if (index !== undefined) throw new Refusal('revoked', `the key of ${k.name}, ${fingerprint(k)}, is revoked by entry ${index}`);
  }
}

function checkReplaces(s: State, old: Registered, time: number): void {
  const today = dayOf(time);
  for (const e of s.ends(old.id)) {
    if (e.replaces) throw new Refusal('replaces', `contract ${old.id} is replaced by ${e.id} already, entry ${e.index}`);
    if (e.day <= today) {
      throw new Refusal('replaces', `contract ${old.id} is terminated since ${formatDay(e.day)} by ${e.id}, entry ${e.index}; it is ${formatDay(today)}`);
    }
  }
}

/** Throws where the frame is not in force, or none of its parties signed what is made under it. */
export function checkUnder(s: State, frame: Registered, time: number, r: Record): void {
  const status = statusOf(s, frame, dayOf(time));
  if (status.standing !== 'in force') {
    throw new Refusal('under', `the frame contract ${frame.id} is ${sayToday(status)}, on ${formatDay(dayOf(time))}`);
  }
  if (frameParty(frame.text, r) === undefined) {
    throw new Refusal('under', `no party of the frame contract ${frame.id} has signed with as many of its keys as it needs there`);
  }
}

/** The first party of a frame contract that signed r, under whatever role it has there. */
export const frameParty = (frame: Text, r: Record): Party | undefined =>
  frame.parties.find((p) => p.keys.filter((k) => isSignedBy(r, k.public)).length >= p.threshold);

function checkTerminates(s: State, contract: Registered, time: number, text: Text): void {
  const [today, day] = [dayOf(time), effectiveDay(text, time)];
  const notice = text.parties.length < contract.text.parties.length ? noticeOf(contract, text.parties) : 0;
  if (day < today + notice) {
    throw new Refusal('terminates', `effective is ${formatDay(day)}, it is ${formatDay(today)} and takes ${notice} days' notice, so ${formatDay(today + notice)} at the earliest`);
  }
  for (const e of s.ends(contract.id)) {
    if (day < e.day) continue;
    throw new Refusal('terminates', `effective is ${formatDay(day)}, contract ${contract.id} is ${e.replaces ? 'replaced' : 'terminated'} from ${formatDay(e.day)} on by ${e.id}, entry ${e.index}`);
  }
}

/** The days of notice with which the one party may end the contract. */
function noticeOf(contract: Registered, by: readonly Party[]): number {
  const [first] = by;
  if (first === undefined || by.length > 1) {
    throw new Refusal('terminates', `${by.length} of ${contract.text.parties.length} parties end contract ${contract.id}: all may, or one that is listed as terminable`);
  }
  const notice = contract.text.terminable.find((n) => n.role === first.role);
  if (notice === undefined) {
    throw new Refusal('terminates', `${first.role} may not end contract ${contract.id} alone: it is not listed as terminable`);
  }
  return notice.days;
}

/** How a contract ends: by is '' where it expires. */
type Ending = { readonly how: 'replaced' | 'terminated' | 'expired'; readonly day: Day; readonly by: string };

export type Status = {
  readonly standing: 'pending' | 'in force' | Ending['how'];
  readonly since: Day; // of a pending contract its first day in force, which is to come
  readonly by: string; // the record that ended it
  readonly ends: Ending | undefined; // that is to come
  readonly recorded: Day | undefined; // when what makes it stand so was registered, where that is later than since
};

/** 9999-12-31: whoever is in force until then is so for ever, for no day after it can be written. */
const lastDay: Day = 2_932_897;

function endingOf(s: State, contract: Registered): Ending | undefined {
  const endings: Ending[] = s.ends(contract.id).map((e) => ({ how: e.replaces ? 'replaced' : 'terminated', day: e.day, by: e.id }));
  const { until } = contract.text;
  if (until !== undefined && until !== lastDay) endings.push({ how: 'expired', day: until + 1, by: '' });
  // On a tie the first stays.
  return endings.reduce<Ending | undefined>((first, e) => (first === undefined || e.day < first.day ? e : first), undefined);
}

/** How a contract stands on a day. */
export function statusOf(s: State, contract: Registered, today: Day): Status {
  const end = endingOf(s, contract);
  const ended = end !== undefined && end.day <= today;
  const since = ended ? end.day : startDay(contract.text, contract.registered);
  const cause = ended && end.by !== '' ? s.records.get(end.by) : contract;
  const recorded = cause === undefined ? undefined : dayOf(cause.registered);
  return {
    standing: ended ? end.how : today < since ? 'pending' : 'in force',
    since,
    by: ended ? end.by : '',
    ends: ended ? undefined : end,
    recorded: recorded !== undefined && recorded > since ? recorded : undefined,
  };
}

function sayToday({ standing, since, by }: Status): string {
  if (standing === 'pending') return 'pending';
  return `${standing}${by === '' ? '' : ` by ${by}`} since ${formatDay(since)}`;
}

/** The status in words: both days where it was made to begin before it was registered, and the end that is to come. */
export function sayStatus(s: Status): string {
  let text = sayToday(s);
  if (s.standing === 'pending') text += s.ends !== undefined && s.ends.day <= s.since ? ': never in force' : `: in force from ${formatDay(s.since)} on`;
  else if (s.recorded !== undefined) text += `, as was registered on ${formatDay(s.recorded)}`;
  if (s.ends === undefined) return text;
  const end = s.ends.how === 'expired' ? `${formatDay(s.ends.day - 1)} is its last day` : `${s.ends.how} from ${formatDay(s.ends.day)} on by ${s.ends.by}`;
  return `${text}; ends: ${end}`;
}
