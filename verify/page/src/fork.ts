// How receipts contradict each other, of which each may hold by itself, and the evidence
// that they are then (FORMATS.md, sections 3.3 and 3.8).

import { base64 } from './base64.ts';
import { encode, equal } from './bytes.ts';
import { type Checkpoint, isSignature, linesOf, parseCheckpoint } from './checkpoint.ts';
import type { Pace } from './dossier.ts';
import { evidenceLine, judgeEvidence } from './evidence.ts';
import { Failure, failureOf } from './fault.ts';
import { printNote } from './note.ts';
import { noQuorum } from './policy.ts';
import { printConsistency, printProof, type Proof } from './proof.ts';
import type { Registration } from './receipt.ts';
import { byIndex, found, type Found } from './relate.ts';
import { entries, type Item } from './report.ts';
import { leafHash, printHash } from './tree.ts';
import type { Key } from './vkey.ts';

/** What a receipt says of something that has one value in one past of a ledger that registers no record twice. */
type Claim = {
  readonly subject: string;
  readonly of: 'entry' | 'record' | 'tree';
  readonly sentence: string;
  readonly value: string;
  readonly by: string; // the record
  readonly registration: Registration;
  readonly tree: Checkpoint;
};

function claims(i: Found): Claim[] {
  const { registration: r } = i;
  const { id, text } = r.record;
  const by = `${text.kind} ${id}`;
  const claim = (of: Claim['of'], what: string, value: string, tree: Checkpoint): Claim => {
    const offence = of === 'record' ? 'broke the rule once' : 'shows two pasts';
    return { subject: `${text.ledger.vkey} ${what}`, of, sentence: `${text.ledger.name} ${offence}: the ${what}`, value, by, registration: r, tree };
  };
  const trees = [r, r.older].filter((x) => x !== undefined).map((x) => x.verified.checkpoint);
  return [
    claim('entry', `leaf hash of its entry ${r.index}`, printHash(leafHash(r.proof.extra)), r.verified.checkpoint),
    claim('record', `number of ${by}`, `${r.index}`, r.verified.checkpoint),
    ...trees.map((c) => claim('tree', `root of its tree of ${entries(c.size)}`, printHash(c.root), c)),
  ];
}

/** Claims of one subject with two values: the first claim of it, and a later one. */
function* contradictions(items: readonly Item[]): Generator<readonly [Claim, Claim]> {
  const first = new Map<string, Claim>();
  for (const c of found(items).sort(byIndex).flatMap(claims)) {
    const other = first.get(c.subject);
    if (other === undefined) first.set(c.subject, c);
    else if (other.value !== c.value) yield [other, c];
  }
}

/** How the receipts contradict each other: evidence against the ledger, whoever cosigned. */
export function contradiction(items: readonly Item[]): Failure | undefined {
  for (const [a, b] of contradictions(items)) {
    return new Failure('fork', `${a.sentence} is ${a.value} by the receipt of ${a.by}, and ${b.value} by that of ${b.by}`);
  }
  return undefined;
}

/**
 * The text of evidence of a contradiction. There is none where the receipts alone do not
 * show one in that form: a record that is an entry of two trees may be one of two
 * histories, and which rule was broken, nobody can tell without the rest of the log.
 */
export async function evidenceOf(items: readonly Item[], pace: Pace): Promise<string | undefined> {
  for (const [a, b] of contradictions(items)) {
    const lines = charge(a, b);
    const text = lines?.map((l) => `${l}\n`).join('');
    const policy = { logs: [a.registration.verified.log], witnesses: [], groups: [], quorum: noQuorum };
    if (text !== undefined && (await failureOf(() => judgeEvidence(policy, encode(text), pace))) === undefined) return text;
    await pace();
  }
  return undefined;
}

function charge(a: Claim, b: Claim): string[] | undefined {
  const { log } = a.registration.verified;
  const lineOf = (keyword: string, data: Uint8Array): string => `${keyword} ${base64(data)}`;
  if (a.of === 'tree') {
    const checkpoint = alone(log, b.tree);
    return [
      evidenceLine, 'rule fork', `root ${printHash(b.tree.root)}`, lineOf('checkpoint', alone(log, a.tree).bytes),
      lineOf('consistency', printConsistency({ old: a.tree.size, hashes: [], checkpoint })),
    ];
  }
  const proofs = [a, b].map((c) => proofAlone(c.registration));
  if (a.of === 'entry') return [evidenceLine, 'rule fork', ...proofs.map((p) => lineOf('proof', printProof(p)))];
  const [late, early] = proofs.sort((x, y) => (x.index > y.index ? -1 : 1));
  if (late === undefined || early === undefined || !equal(late.checkpoint.bytes, early.checkpoint.bytes)) return undefined;
  return [evidenceLine, 'rule once', lineOf('proof', printProof(late)), lineOf('proof', printProof(early))];
}

const proofAlone = (r: Registration): Proof => ({ ...r.proof, checkpoint: alone(r.verified.log, r.proof.checkpoint) });

/** The checkpoint with the first line of the log that verifies and no other: evidence needs no more of whom it accuses. */
function alone(log: Key, c: Checkpoint): Checkpoint {
  const line = linesOf(c, log).find((s) => isSignature(c, log, s));
  return parseCheckpoint(encode(printNote({ ...c.note, signatures: line === undefined ? [] : [line] })));
}
