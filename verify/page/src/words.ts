// The answer in words: what was proved, and what was not. No page is needed to print them.

import type { Extension } from './consistency.ts';
import type { Breach } from './evidence.ts';
import type { Failure, Step } from './fault.ts';
import { saltEnding } from './intake.ts';
import { formatTime } from './lexical.ts';
import { noQuorum, type Policy, shownName } from './policy.ts';
import { entries, type Item, type PartyReport, sentences, type Verdict, worst } from './report.ts';
import { plain, shown } from './shown.ts';
import { printHash } from './tree.ts';
import type { Answer } from './verify.ts';
import { fingerprint } from './vkey.ts';
import type { FileAnswer } from './work.ts';

/** Sentences under a title. */
export type List = { readonly title: string; readonly sentences: readonly string[] };

/** What is said of one record, or of the file itself. */
export type Block = {
  readonly heading: string; // '' for none
  readonly name: string; // what the parties call it, '' for none
  readonly lines: readonly string[];
  readonly parties: readonly PartyReport[];
  readonly lists: readonly List[];
};

/** What is said of one file. */
export type Section = {
  readonly title: string;
  readonly tone: Verdict;
  readonly answer: string;
  readonly blocks: readonly Block[];
  readonly ownPolicy: string | undefined; // the text of a dossier's policy
};

export type Words = {
  readonly verdict: Verdict;
  readonly tone: Verdict; // of which it is to look: good news in evidence is bad news of the ledger
  readonly headline: string;
  readonly lines: readonly string[];
  readonly trust: List | undefined; // whom the policy trusts
  readonly sections: readonly Section[];
};

const block = (b: Partial<Block>): Block => ({ heading: '', name: '', lines: [], parties: [], lists: [], ...b });

export function say(a: Answer): Words {
  const broken = a.files.filter((f) => f.breach?.verdict === 'yes');
  const lines = [...a.problems.map((p) => `Could not be checked: ${p}.`), ...(a.failure === undefined ? [] : sayFailure('These files together', a.failure))];
  if (a.evidence !== undefined) lines.push('What these receipts show against the ledger fits one file, which this page judges as evidence: save it.');
  else if (a.failure !== undefined || a.files.some((f) => f.failure?.step === 'fork')) lines.push(openFork);
  for (const f of broken) lines.push(`The evidence in ${shown(f.path)} holds, and it is against the ledger.`);
  const against = a.verdict === 'yes' && broken.length > 0;
  return {
    verdict: a.verdict, tone: against ? 'unchecked' : a.verdict, headline: a.policy === undefined ? unjudged : against ? accusing : headlines[a.verdict],
    lines, trust: a.policy && sayPolicy(a.policy.path, a.policy.policy), sections: a.files.map(sayFile),
  };
}

const headlines: { readonly [V in Verdict]: string } = {
  yes: 'Yes: everything that was asked holds',
  no: 'No: something does not hold',
  unchecked: 'Could not be checked: nothing fails, and not all of it could be checked',
};

const openFork =
  'They make no evidence file by themselves, because they are of two trees: chirograph audit and chirograph watch --dossier read the rest of the log, and write one where it shows a breach.';
const unjudged = 'Could not be checked: nothing says whom you trust';
const accusing = 'Yes: the evidence holds, the ledger broke its word';

/** The answer for one file or record. */
export const answers: { readonly [V in Verdict]: string } = { yes: 'yes', no: 'no', unchecked: 'could not be checked' };

/** What to do about a failure, by its step. */
const hints: { readonly [S in Step]?: string } = {
  proof: 'a receipt is the whole file that the ledger answered with, to the byte',
  ledger: 'the policy has to list the ledger that the record is for; compare the keys with somebody you trust',
  checkpoint: 'the receipt is of another ledger than the policy trusts, or it was changed',
  cosignature: "a witness's line was changed, or is under another checkpoint",
  quorum: 'ask the ledger for a newer receipt (chirograph update)',
  inclusion: 'the proof is for the record as it was submitted, to the byte',
  documents: 'the record was signed over another file than this one',
  under: 'a ledger refuses such a contract; chirograph audit finds out whether it has broken its rules, and writes the evidence',
  fork: 'keep these receipts: together they are evidence against the ledger',
  size: "the proof has to be from the older checkpoint's size",
  consistency: 'keep both checkpoints: together they show that the ledger rewrote its past',
  rule: 'this file does not show that the ledger broke a rule; nor does it show that it broke none',
};

const stop = (s: string): string => (/[.…]$/.test(s) ? s : `${s}.`);

function sayFailure(where: string, f: Failure, hint = hintOf(f)): string[] {
  return [stop(`${where === '' ? '' : `${where}: `}${f.message}`), ...(hint === undefined ? [] : [stop(`Hint: ${hint}`)])];
}

const hintOf = (f: Failure): string | undefined =>
  f.step === 'proof' && f.message.startsWith('not registered') ? 'chirograph submit registers it; if somebody else did: chirograph update' : hints[f.step];

/** Whom the policy trusts, and what for. */
function sayPolicy(path: string, p: Policy): List {
  return {
    title: `Trusted, by ${shown(path)}`,
    sentences: [
      ...p.logs.map((k) => `the ledger ${shown(k.name)}, ${fingerprint(k)}`),
      ...p.witnesses.map((w) => `the witness ${shownName(w.name)}: ${shown(w.key.name)}, ${fingerprint(w.key)}`),
      p.quorum === noQuorum ? "quorum none: no witness is asked for, and so it is the ledger's word alone" : `the quorum ${shownName(p.quorum)}: ${sayQuorum(p, p.quorum)}`,
    ],
  };
}

function sayQuorum(p: Policy, name: string): string {
  const g = p.groups.find((x) => x.name === name);
  if (g === undefined) return shownName(name);
  const members = g.members.map((m) => sayQuorum(p, m)).join(', ');
  return g.members.length === 1 ? members : `${g.needs === g.members.length ? 'all' : g.needs} of (${members})`;
}

function sayFile(f: FileAnswer): Section {
  const own: string[] = [];
  if (f.failure !== undefined) own.push(...sayFailure('', f.failure, f.role === 'evidence' && f.failure.step !== 'documents' ? hints.rule : hintOf(f.failure)));
  if (f.unchecked !== '') own.push(`Could not be checked: ${f.unchecked}.`);
  if (f.same.length > 0) own.push(`It is ${f.same.join(', and ')}.`);
  for (const x of f.extensions) own.push(...sayExtension(x));
  if (f.breach !== undefined) own.push(...sayBreach(f.breach));
  const after = f.drafts.map((id) => `draft ${id}: not registered.`);
  if (f.standing !== undefined) {
    after.push(`By the records in this file, in the order in which they were registered, contract ${f.standing.contract} is ${f.standing.text}; the ledger may have others.`);
    after.push(...f.standing.disputes.map((id) => `Dispute ${id} is open.`));
  }
  const what = f.role === 'document' && f.path.endsWith(saltEnding) ? 'salt' : f.role;
  // What stands on paper beside a receipt, nobody has checked: no yes is said of it.
  const isPaper = f.role === 'certificate' && f.verdict === 'yes' && !f.compared;
  const [tone, answer]: [Verdict, string] = isPaper ? ['unchecked', 'only what was found in it is checked'] : [f.breach?.verdict === 'yes' ? worst(['unchecked', f.verdict]) : f.verdict, answers[f.verdict]];
  return {
    title: shown(f.path), tone, answer: `${what}: ${answer}`, ownPolicy: f.ownPolicy,
    blocks: [block({ lines: own }), ...f.items.map(sayItem), block({ lines: after })].filter((b) => b.heading !== '' || b.lines.length > 0),
  };
}

/** What is said of a record. Of one that does not hold nothing is said that may be taken for a proof. */
export function sayItem({ registration, report: r }: Item): Block {
  const failed = r.failure === undefined ? [] : sayFailure('No', r.failure);
  if (registration === undefined) return block({ lines: failed });
  const { text, id } = registration.record;
  const known = block({ heading: `${text.kind} ${id}`, name: text.title === '' ? '' : shown(text.title), lines: [...r.content.map(stop), ...failed] });
  if (r.failure !== undefined) return known;
  const { proved, notProved } = sentences(r);
  const lines = [
    ...known.lines,
    ...(r.verdict === 'yes' ? ['Yes: it is registered, and everyone who had to sign it has.'] : []),
    ...r.unchecked.map((u) => stop(`Could not be checked: ${u}`)),
  ];
  return {
    ...known, lines, parties: r.parties,
    lists: [{ title: 'Proved', sentences: proved }, { title: 'Not proved', sentences: notProved }],
  };
}

function sayExtension({ old, newer, ledgerOnly, seenBy }: Extension): string[] {
  const alone = 'vouches for these trees; others may have been shown another';
  const seen = ledgerOnly || seenBy === undefined ? `Nobody but the ledger ${alone}.` : `A quorum had seen the newer by ${formatTime(seenBy)}.`;
  return [`${shown(newer.log.name)}: yes: the tree of ${entries(newer.checkpoint.size)} begins with the one of ${old.checkpoint.size}.`, seen];
}

function sayBreach(b: Breach): string[] {
  const says = [b.doubt === '' ? `Yes: ${stop(b.sentence)}` : `Could not be checked: ${stop(b.doubt)}`];
  if (b.absent !== undefined) says.push(`As it looks: ${stop(b.sentence)}`);
  if (b.id !== '' && b.registered !== undefined) says.push(`Record ${b.id}, registered ${formatTime(b.registered)}.`);
  for (const c of b.trees) says.push(`Signed by the key of ${shown(c.origin)}, ${fingerprint(b.ledger)}: the tree of ${entries(c.size)} with the root ${printHash(c.root)}.`);
  return says;
}

/** The words as plain text. */
export function print(w: Words): string {
  const list = (l: List, indent: string): string[] => [`${indent}${l.title}:`, ...l.sentences.map((s) => `${indent}- ${s}`)];
  const lines = [w.headline, ...w.lines, ...(w.trust === undefined ? [] : list(w.trust, ''))];
  for (const s of w.sections) {
    lines.push('', `${s.title}: ${s.answer}`);
    for (const b of s.blocks) {
      if (b.heading !== '') lines.push(b.heading);
      if (b.name !== '') lines.push(`  "${b.name}"`);
      lines.push(...b.lines.map((l) => `  ${l}`));
      lines.push(...b.parties.flatMap((p) => p.keys.map((k) => `  ${p.name} ${signedWord(k.signed)} ${k.fingerprint} ${k.name}`)));
      lines.push(...b.lists.flatMap((l) => list(l, '  ')));
    }
  }
  return plain(lines.map((l) => `${l}\n`).join(''));
}

export const signedWord = (signed: boolean): string => (signed ? 'signed' : 'listed, did not sign');
