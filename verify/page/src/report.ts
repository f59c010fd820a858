// Reports: what was verified of one record, in sentences. They say what was proved, and
// what was not.

import type { Failure } from './fault.ts';
import { formatDay, formatTime } from './lexical.ts';
import { isOwn, noQuorum, type Policy, shownName } from './policy.ts';
import { type Registration, seenFirst } from './receipt.ts';
import { isSignedBy, nameOf } from './record.ts';
import { requirements, type Text } from './text.ts';
import { shown } from './shown.ts';
import { isLedgerOnly } from './verified.ts';
import { fingerprint, type Key, MLDSA44 } from './vkey.ts';

/** The answer of a verification; as an exit code 0, 1, 2. */
export type Verdict = 'yes' | 'no' | 'unchecked';

/** The verdict of things together. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('no')) return 'no';
  return verdicts.includes('unchecked') ? 'unchecked' : 'yes';
}

export type PartyReport = {
  readonly name: string; // role; "former <role>"; of a revocation the key
  readonly keys: readonly { readonly name: string; readonly fingerprint: string; readonly signed: boolean }[];
};

export type DocumentReport = { readonly name: string; readonly kind: string; compared: boolean };

/** A report grows while records judge each other. */
export type Report = {
  verdict: Verdict;
  failure: Failure | undefined; // with no
  readonly content: readonly string[]; // what the record is about
  readonly parties: readonly PartyReport[];
  readonly documents: readonly DocumentReport[];
  readonly proved: string[];
  readonly notProved: string[];
  unchecked: string[]; // with unchecked
  replacedBy: string; // id of the contract that took this one's place
};

/** What was found out of one record; the registration is undefined where the report is of a failure. */
export type Item = { readonly registration: Registration | undefined; readonly report: Report };

/** What is known of the record is not repeated: nothing of it is proved. */
export const refused = (failure: Failure): Report => ({
  verdict: 'no', failure, content: [], parties: [], documents: [], proved: [], notProved: [], unchecked: [], replacedBy: '',
});

/** Makes the report a failure, and keeps what holds all the same. */
export function fail(r: Report, failure: Failure): void {
  r.verdict = 'no';
  r.failure = failure;
}

/** What could not be checked. What holds is then unchecked. */
export function miss(r: Report, sentence: string): void {
  r.unchecked.push(sentence);
  if (r.verdict === 'yes') r.verdict = 'unchecked';
}

/** Takes back that this could not be checked. */
export function settle(r: Report, sentence: string): void {
  r.unchecked = r.unchecked.filter((s) => s !== sentence);
  if (r.unchecked.length === 0 && r.verdict === 'unchecked') r.verdict = 'yes';
}

/** What the registration proves under the policy, and what not. None of its documents is compared yet. */
export function report(r: Registration, p: Policy): Report {
  const { text } = r.record;
  const rep: Report = {
    verdict: 'yes', failure: undefined, content: content(text), parties: parties(r), proved: [], notProved: [], unchecked: [], replacedBy: '',
    documents: text.documents.map(({ name, kind }) => ({ name, kind, compared: false })),
  };
  for (const q of requirements(text)) {
    const signed = q.keys.filter((k) => isSignedBy(r.record, k.public)).length;
    rep.proved.push(`${nameOf(q)} signed${q.keys.length === 1 ? '' : ` with ${signed} of its ${q.keys.length} keys; it takes ${q.threshold}`}`);
  }
  sayRegistration(rep, r, p);
  sayLimits(rep, text);
  return rep;
}

const content = (t: Text): string[] =>
  [
    ['about', t.about], ['under contract', t.contract], ['answers statement', t.answers],
    ['first day no longer in force:', t.effective === undefined ? '' : formatDay(t.effective)],
    ['takes the place of contract', t.replaces], ['made under contract', t.under],
  ].filter(([, value]) => value !== '').map(([what, value]) => `${what} ${value}`);

const parties = ({ record }: Registration): PartyReport[] =>
  requirements(record.text).map((q) => ({
    name: nameOf(q),
    keys: q.keys.map((k) => ({ name: k.name, fingerprint: fingerprint(k), signed: isSignedBy(record, k.public) })),
  }));

/** 1 entry, 2 entries. */
export const entries = (n: bigint): string => (n === 1n ? '1 entry' : `${n} entries`);

function sayRegistration(rep: Report, r: Registration, p: Policy): void {
  const { log, checkpoint } = r.verified;
  const name = shown(log.name);
  rep.proved.push(`${name} registered it as entry ${r.index} at ${formatTime(r.registered)}, and signed the tree of ${entries(checkpoint.size)} that it is in (key ${fingerprint(log)})`);
  for (const w of p.witnesses.filter((w) => isOwn(log, w))) {
    const last = r.counted.filter((c) => c.witness === w).at(-1);
    if (last !== undefined) rep.proved.push(`${name} cosigned that tree with ${keyKind(w.key)} (${fingerprint(w.key)}) at ${formatTime(last.time)}: the ledger's own word`);
  }
  const alone = 'when it was registered, and that others are shown the same ledger: ';
  const seen = seenFirst(r);
  const quorum = shownName(p.quorum);
  if (p.quorum === noQuorum) {
    rep.notProved.push(`${alone}quorum none, so one key vouches for this tree and its time; others may have been shown another`);
  } else if (seen.seenBy === undefined) {
    rep.notProved.push(`${alone}the ledger's own word alone meets the quorum ${quorum}, so nobody else vouches for this tree and its time; others may have been shown another`);
  } else {
    const older = seen === r ? '' : ` in a tree of ${entries(seen.verified.checkpoint.size)} that it is in, too`;
    rep.proved.push(`the quorum ${quorum} had seen it by ${formatTime(seen.seenBy)} (${seers(seen, seen.seenBy)})${older}`);
    if (seen !== r && isLedgerOnly(p, r.counted)) {
      rep.notProved.push(`that others are shown the same tree of ${entries(checkpoint.size)}: the ledger's own word alone meets the quorum ${quorum} there`);
    }
  }
}

/** What kind of key a ledger has beside the one of its log. */
const keyKind = (k: Key): string => (k.type === MLDSA44 ? 'its ML-DSA-44 key' : 'another Ed25519 key');

/** The witnesses that had cosigned by the time of the quorum. */
function seers(r: Registration, by: bigint): string {
  const names = new Set(r.counted.filter((c) => !c.own && c.time <= by).map((c) => shownName(c.witness.name)));
  return [...names].join(', ') + (r.counted.some((c) => c.own) ? ", and the ledger's own word" : '');
}

/** Says what no receipt can prove. What hangs on another contract is open until its receipt is there. */
function sayLimits(rep: Report, t: Text): void {
  if (t.kind !== 'revocation') rep.notProved.push('that no key was revoked before, and no contract replaced: only an audit of the ledger shows that');
  rep.notProved.push("who the keys belong to: their names are the record's own claim; compare the fingerprints");
  if (t.kind === 'statement') rep.notProved.push('that what is stated is true: it is what its signers say');
  const named = t.kind === 'contract' ? t.replaces : t.contract;
  if (named !== '') miss(rep, missingParties(named));
  if (t.under !== '') {
    rep.notProved.push(`that contract ${t.under}, which this is made under, was in force then: that is shown only as far as the records here go`);
    miss(rep, missingFrame(t.under));
  }
}

export const missingParties = (contract: string): string => `that its signers are the parties of contract ${contract}, whose receipt is not here`;

export const missingFrame = (frame: string): string =>
  `that a party of contract ${frame}, which this is made under, signed it: the receipt of that is not here`;

/** What was proved and what was not, the documents among it. */
export function sentences(rep: Report): { proved: string[]; notProved: string[] } {
  const list = (compared: boolean): string => rep.documents.filter((d) => d.compared === compared).map((d) => `${d.name} (${d.kind})`).join(', ');
  const [same, other] = [list(true), list(false)];
  const replaced = rep.replacedBy === '' ? [] : [`contract ${rep.replacedBy} took its place later`];
  return {
    proved: [...rep.proved, ...replaced, ...(same === '' ? [] : [`these documents are the ones that were signed: ${same}`])],
    notProved: [...(other === '' ? [] : [`what these documents say, which were not compared: ${other}`]), ...rep.notProved],
  };
}
