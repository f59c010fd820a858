// Evidence that a ledger broke a rule, signed two histories, or published an entry later
// than it says (FORMATS.md, section 3.8).

import { fromBase64 } from './base64.ts';
import { type Bytes, decode, equal } from './bytes.ts';
import { type Checkpoint, isSignature, linesOf, parseCheckpoint } from './checkpoint.ts';
import { decimal } from './decimal.ts';
import { type Entry, maxEntry, parseEntry } from './entry.ts';
import type { Pace } from './dossier.ts';
import { at, Failure, later, Malformed } from './fault.ts';
import { formatTime } from './lexical.ts';
import { type Policy, shownName } from './policy.ts';
import { type Consistency, parseConsistency, parseProof, type Proof } from './proof.ts';
import { checkIncluded, skew } from './receipt.ts';
import { missing, openRecord, type Record } from './record.ts';
import { entries } from './report.ts';
import { admit, Refusal, type Rule, ruleNames, State, Unknown } from './rules.ts';
import { quoted, shown } from './shown.ts';
import { kinds } from './text.ts';
import { type Hash, isExtended, leafHash, parseHash, printHash } from './tree.ts';
import { timeUnseen } from './verified.ts';
import type { Key } from './vkey.ts';

export const maxEvidence = 2 ** 25; // bytes

/** The indexes of a first and a last entry. */
type Range = readonly [first: bigint, last: bigint];

/** That an entry breaks a rule, shown by entries before it. */
type Broken = { readonly rule: Rule; readonly absent: Range | undefined; readonly broken: Proof; readonly earlier: readonly Proof[] };

/** What evidence says, with what is to prove it. */
type Charge =
  | Broken
  | { readonly rule: 'fork'; readonly root: Hash; readonly checkpoint: Checkpoint; readonly consistency: Consistency }
  | { readonly rule: 'fork'; readonly proofs: readonly [Proof, Proof] }
  | { readonly rule: 'backdating'; readonly checkpoint: Checkpoint; readonly proof: Proof };

/** What evidence proves. */
export type Breach = {
  readonly verdict: 'yes' | 'unchecked'; // with doubt
  readonly doubt: string;
  readonly rule: Charge['rule'];
  readonly sentence: string; // '' where nobody can say
  readonly index: bigint; // of the entry; of a fork that two trees show the size of the smaller
  readonly id: string; // of a record in form, not of a fork
  readonly registered: number | undefined; // likewise
  readonly absent: Range | undefined; // the entries that have to be read to be sure
  readonly ledger: Key;
  readonly trees: readonly Checkpoint[];
};

export const evidenceLine = 'chirograph/evidence/v1';

/** The lines of evidence that are still to be read. */
type Lines = { readonly all: readonly string[]; next: number };

const isNext = (l: Lines, keyword: string): boolean => l.all[l.next]?.startsWith(`${keyword} `) ?? false;

/** Takes the next line, which has to have that keyword, and returns its value. */
function takeValue(l: Lines, keyword: string): string {
  const line = l.all[l.next] ?? '';
  if (!isNext(l, keyword)) throw new Malformed(`evidence: the line ${quoted(line, 60)} stands where ${keyword} belongs`);
  l.next++;
  return line.slice(keyword.length + 1);
}

/** Takes the next line, and parses the bytes of which it has the base64. */
const takeBytes = <T>(l: Lines, keyword: string, parse: (b: Bytes) => T): T =>
  parse(fromBase64(takeValue(l, keyword), `${keyword} of the evidence`));

const takeProof = (l: Lines): Proof => takeBytes(l, 'proof', parseProof);

/** Each line has a value of one text, so that what reads as a whole is in its one form. */
async function parseEvidence(data: Uint8Array, pace: Pace): Promise<Charge> {
  if (data.length > maxEvidence) throw new Malformed(`evidence has ${data.length} bytes, at most ${maxEvidence} are allowed`);
  const all = decode(data, 'evidence').split('\n');
  if (all.pop() !== '') throw new Malformed('the last line of the evidence does not end in a line feed');
  const [first = ''] = all;
  if (first !== evidenceLine) {
    const limit = first.startsWith('chirograph/') ? 60 : 8; // it may be another file, with a secret in it
    throw new Malformed(`evidence begins with the line ${quoted(first, limit)}, not ${evidenceLine}`);
  }
  const l: Lines = { all, next: 1 };
  const charge = await parseCharge(l, pace);
  if (l.next < all.length) throw new Malformed(`evidence goes on with ${quoted(all[l.next] ?? '', 60)}`);
  return charge;
}

async function parseCharge(l: Lines, pace: Pace): Promise<Charge> {
  const rule = takeValue(l, 'rule');
  if (rule === 'backdating') return { rule, checkpoint: takeBytes(l, 'checkpoint', parseCheckpoint), proof: takeProof(l) };
  if (rule === 'fork' && isNext(l, 'proof')) return { rule, proofs: parsePair(l) };
  if (rule === 'fork') {
    const root = parseHash(takeValue(l, 'root'), 'root of the evidence');
    return { rule, root, checkpoint: takeBytes(l, 'checkpoint', parseCheckpoint), consistency: takeBytes(l, 'consistency', parseConsistency) };
  }
  const known = ruleNames.find((name) => name === rule);
  if (known === undefined) throw new Malformed(`rule ${quoted(rule, 40)} is none that a ledger may break`);
  const absent = isNext(l, 'absent') ? parseRange(takeValue(l, 'absent')) : undefined;
  const broken = takeProof(l);
  const earlier: Proof[] = [];
  while (l.next < l.all.length) {
    earlier.push(takeProof(l));
    await pace();
  }
  checkOrder(broken, earlier);
  return { rule: known, absent, broken, earlier };
}

function parsePair(l: Lines): readonly [Proof, Proof] {
  const [a, b] = [takeProof(l), takeProof(l)];
  if (a.index !== b.index) throw new Malformed(`the proofs are of the entries ${a.index} and ${b.index}, and not of one index`);
  return [a, b];
}

function parseRange(s: string): Range {
  const [first = '', last = '', ...rest] = s.split(' ');
  const range: Range = [decimal(first, 'first absent index'), decimal(last, 'last absent index')];
  if (rest.length > 0 || range[0] > range[1]) throw new Malformed(`absent ${quoted(s, 60)} is not the indexes of a first and a last entry`);
  return range;
}

function checkOrder(broken: Proof, earlier: readonly Proof[]): void {
  let before = -1n;
  for (const p of earlier) {
    if (p.index >= broken.index) throw new Malformed(`proof of entry ${p.index}: it is not before entry ${broken.index}`);
    if (p.index <= before) throw new Malformed(`proof of entry ${p.index} comes after that of ${before}`);
    if (!equal(p.checkpoint.bytes, broken.checkpoint.bytes)) {
      throw new Malformed(`proof of entry ${p.index}: it is under another checkpoint than that of entry ${broken.index}`);
    }
    before = p.index;
  }
}

/**
 * Judges evidence against a log of the policy. A failure says that this is no evidence, not
 * that the ledger is honest. There is a pause after each entry: evidence may have thousands,
 * each with as many signatures as a record may have.
 */
export async function judgeEvidence(p: Policy, data: Uint8Array, pace: Pace): Promise<Breach> {
  const c = await later('form', () => parseEvidence(data, pace));
  if ('broken' in c) return judgeEntry(p, c, pace);
  if ('proofs' in c) return judgeTwoEntries(p, c.proofs);
  return 'consistency' in c ? judgeFork(p, c.root, c.checkpoint, c.consistency) : judgeBackdating(p, c.checkpoint, c.proof);
}

/** The first log of the policy that signed all of these: it is their origin, and a line of it verifies. No other is looked at. */
function accused(p: Policy, ...checkpoints: Checkpoint[]): Key {
  const log = p.logs.find((k) => checkpoints.every((c) => c.origin === k.name && linesOf(c, k).some((s) => isSignature(c, k, s))));
  if (log === undefined) {
    throw new Failure('checkpoint', `no log of the policy signed the checkpoint of ${quoted(checkpoints[0]?.origin ?? '')}, under its own name and with a line that verifies`);
  }
  return log;
}

/** A record of a kind or version that came after this page. */
class UnknownKind extends Error {}

/** Reads an entry as far as its form goes. */
function openEntry(b: Bytes): Entry & { opened: Record } {
  if (b.length > maxEntry) throw new Refusal('size', `the entry has ${b.length} bytes, at most ${maxEntry} are allowed`);
  const entry = asForm(() => parseEntry(b));
  const line = unknownKind(entry.record);
  if (line !== undefined) throw new UnknownKind(`it is of a kind that this page does not know, ${line}`);
  return { ...entry, opened: asForm(() => openRecord(entry.record, false)) };
}

function asForm<T>(f: () => T): T {
  try {
    return f();
  } catch (e) {
    if (e instanceof Malformed) throw new Refusal('form', e.message);
    throw e;
  }
}

/** The first line of a record of a kind or version that FORMATS.md, section 2, does not name; undefined of every other. */
function unknownKind(record: Uint8Array): string | undefined {
  const start = String.fromCharCode(...record.subarray(0, 64));
  const [line, kind, version] = /^chirograph\/([a-z][a-z0-9-]{0,31})\/v([1-9][0-9]{0,8})(?=\n)/.exec(start) ?? [];
  return version === '1' && kinds.some((k) => k === kind) ? undefined : line;
}

/** The id and time of a record in form. */
function describe(b: Bytes): { id: string; registered: number | undefined } {
  try {
    const { opened, registered } = openEntry(b);
    return { id: opened.id, registered };
  } catch (e) {
    if (e instanceof Refusal || e instanceof UnknownKind) return { id: '', registered: undefined };
    throw e;
  }
}

async function judgeEntry(p: Policy, b: Broken, pace: Pace): Promise<Breach> {
  const ledger = accused(p, b.broken.checkpoint);
  for (const proof of [b.broken, ...b.earlier]) {
    checkIncluded(proof);
    await pace();
  }
  const state = new State();
  for (const proof of b.earlier) {
    addEarlier(state, ledger, proof);
    await pace();
  }
  return conclude(b, ledger, state);
}

/** What the broken entry is, after the entries that made the state. */
function conclude({ rule, absent, broken, earlier }: Broken, ledger: Key, state: State): Breach {
  const { index } = broken;
  const known = {
    rule, index, ledger, absent: undefined, doubt: '', verdict: 'yes', trees: [broken.checkpoint], ...describe(broken.extra),
  } as const;
  const refusal = refusalOf(state, ledger, broken);
  if (refusal instanceof UnknownKind) {
    return { ...known, verdict: 'unchecked', doubt: `entry ${index} cannot be judged: ${refusal.message}`, sentence: '' };
  }
  if (refusal.rule !== rule) {
    throw new Failure('rule', `entry ${index} does not break the rule ${rule}, but as far as the entries here go another, ${refusal.rule}: ${refusal.message}`);
  }
  const last = state.last;
  if (rule === 'time' && last !== undefined && known.registered !== undefined && known.registered < last.registered && last.index + 1n !== index) {
    throw new Failure('rule', `entry ${index} is of an earlier time than entry ${last.index}, and entry ${index - 1n}, directly before it, is not here`);
  }
  const sentence = `${shown(ledger.name)} broke the rule ${rule} at entry ${index}: ${refusal.message}`;
  const doubtful = refusal.absent && BigInt(earlier.length) < index;
  if (!doubtful) {
    if (absent !== undefined) throw new Failure('rule', `entry ${index} does not break the rule ${rule} by an absence`);
    return { ...known, sentence };
  }
  if (absent === undefined || absent[0] !== 0n || absent[1] !== index - 1n) {
    throw new Failure('rule', `entry ${index} breaks the rule ${rule} by an absence, and the evidence does not say: absent 0 ${index - 1n}`);
  }
  const doubt = `that no such record is there, shows who reads entries ${absent[0]} to ${absent[1]} of ${shown(ledger.name)}`;
  return { ...known, verdict: 'unchecked', doubt, sentence, absent };
}

/** Adds an entry that is to show the breach, and has to be good itself. */
function addEarlier(state: State, ledger: Key, { index, extra }: Proof): void {
  const fault = (reason: string): Failure => new Failure('entry', `entry ${index}, which is to show the breach, ${reason}`);
  let entry: Entry & { opened: Record };
  try {
    entry = openEntry(extra);
  } catch (e) {
    if (e instanceof Refusal || e instanceof UnknownKind) throw fault(`is at fault itself: ${e.message}`);
    throw e;
  }
  const { opened } = entry;
  if (opened.fault !== undefined) throw fault(`is at fault itself: ${opened.fault}`);
  if (opened.text.ledger.vkey !== ledger.vkey) throw fault(`is for the ledger ${opened.text.ledger.vkey}`);
  if (missing(opened).length > 0) throw fault('lacks signatures itself');
  state.add(index, entry.registered, opened);
}

/** Why the ledger should have refused the entry. */
function refusalOf(state: State, ledger: Key, { index, extra }: Proof): Refusal | UnknownKind {
  try {
    const { opened, registered } = openEntry(extra);
    admit(state, ledger, registered, opened);
  } catch (e) {
    if (e instanceof Refusal || e instanceof UnknownKind) return e;
    if (e instanceof Unknown) throw new Failure('rule', `entry ${index} cannot be judged: ${e.message}`);
    throw e;
  }
  throw new Failure('rule', `entry ${index} breaks no rule, as far as the entries here go`);
}

const ofFork = { rule: 'fork', verdict: 'yes', doubt: '', id: '', registered: undefined, absent: undefined } as const;

function judgeFork(p: Policy, root: Hash, before: Checkpoint, { old, hashes, checkpoint: after }: Consistency): Breach {
  const ledger = accused(p, before, after);
  if (old !== before.size) throw new Failure('size', `the proof is from size ${old}, the checkpoint has ${before.size}`);
  if (!isExtended(before.size, root, after.size, after.root, hashes)) {
    throw new Failure('consistency', `the first ${before.size} entries of the tree of ${after.size} do not hash to ${printHash(root)}`);
  }
  if (equal(root, before.root)) throw new Failure('rule', `the tree of ${after.size} entries begins with the one of ${before.size}`);
  const grown = before.size < after.size ? `, which does not begin with the other: its first ${entries(before.size)} have the root ${printHash(root)}` : '';
  const sentence = `${shown(ledger.name)} signed two trees: one of ${entries(before.size)}, ${printHash(before.root)}, and one of ${after.size}, ${printHash(after.root)}${grown}`;
  return { ...ofFork, sentence, index: before.size, ledger, trees: [before, after] };
}

function judgeTwoEntries(p: Policy, proofs: readonly [Proof, Proof]): Breach {
  const [a, b] = proofs;
  const ledger = accused(p, a.checkpoint, b.checkpoint);
  for (const proof of proofs) checkIncluded(proof);
  if (equal(a.extra, b.extra)) throw new Failure('rule', `entry ${a.index} is the same in both trees`);
  const [first, second] = proofs.map((x) => `${printHash(leafHash(x.extra))} in one of ${x.checkpoint.size}`);
  const sentence = `${shown(ledger.name)} signed two trees: entry ${a.index} has the leaf hash ${first} entries, and ${second}`;
  return { ...ofFork, sentence, index: a.index, ledger, trees: [a.checkpoint, b.checkpoint] };
}

function judgeBackdating(p: Policy, older: Checkpoint, proof: Proof): Breach {
  const { index, extra, checkpoint } = proof;
  const ledger = accused(p, checkpoint, older);
  checkIncluded(proof);
  if (older.size > index) throw new Failure('size', `the checkpoint has ${older.size} entries, and entry ${index} is one of them`);
  const { registered } = at('entry', () => parseEntry(extra));
  const unseen = timeUnseen(p, ledger, older);
  const claims = `entry ${index} claims to be registered at ${formatTime(registered)}`;
  if (unseen === undefined) {
    throw new Failure('quorum', `${claims}, and that no quorum had seen more than ${older.size} entries, the cosignatures of that tree do not show`);
  }
  if (unseen <= BigInt(registered + skew)) {
    throw new Failure('quorum', `${claims}, and that no quorum had seen more than ${older.size} entries is shown until ${formatTime(unseen)}, which is not more than ${skew} s later`);
  }
  const sentence =
    `${shown(ledger.name)} broke the rule backdating at entry ${index}: it claims to be registered at ${formatTime(registered)}, ` +
    `and until ${formatTime(unseen)} the quorum ${shownName(p.quorum)} had seen nothing beyond the first ${older.size} entries: ` +
    `it was published more than ${skew} s after the time that it claims`;
  const { id } = describe(extra);
  return { rule: 'backdating', verdict: 'yes', doubt: '', absent: undefined, sentence, index, ledger, trees: [checkpoint], id, registered };
}
