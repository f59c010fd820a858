// The whole question: files, what each is taken as, which keys are expected. Everything
// judges everything else, as chirograph-verify does with what its command line names.

import { joinParts, maxCode, NoWhole, type Part, parsePart, sets } from './code.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { compareGiven } from './compare.ts';
import { type Extension, verifyConsistency } from './consistency.ts';
import { decode, equal, octets } from './bytes.ts';
import { inPlace, type Pace, readDossier } from './dossier.ts';
import { maxEntry } from './entry.ts';
import { judgeEvidence } from './evidence.ts';
import { Failure, Malformed } from './fault.ts';
import { contradiction, evidenceOf } from './fork.ts';
import { limitOf } from './intake.ts';
import { judgeDossier, judgeReceipt } from './judge.ts';
import { dayOf, parseToken } from './lexical.ts';
import { parsePolicy, type Policy } from './policy.ts';
import { maxConsistency, maxProof, parseConsistency } from './proof.ts';
import { openRecord } from './record.ts';
import { demand, found, type Found, holds, relate, sorted } from './relate.ts';
import { type Item, refused, type Verdict, worst } from './report.ts';
import { sayStatus, State, statusOf } from './rules.ts';
import { quoted, shown } from './shown.ts';
import { fromBytes, readAll } from './source.ts';
import { parsePublic } from './vkey.ts';
import { begin, type File, type FileAnswer, type Standing, waits, type Work } from './work.ts';

export type Question = {
  readonly files: readonly File[];
  readonly expected: string; // lines "role=key"
  readonly everyDocument: boolean; // documents that are not given could not be checked
  readonly now: number; // POSIX seconds: for which day a status is
};

export type Answer = {
  readonly verdict: Verdict;
  readonly policy: { readonly path: string; readonly policy: Policy } | undefined;
  readonly problems: readonly string[]; // why something could not be asked
  readonly failure: Failure | undefined; // of the files together
  readonly evidence: string | undefined; // that the receipts are, where they contradict each other
  readonly files: readonly FileAnswer[];
};

export async function verify(q: Question, pace: Pace): Promise<Answer> {
  const problems: string[] = [];
  const policy = await choosePolicy(q.files, problems);
  const demands = parseExpected(q.expected, problems);
  const given = q.files.filter((f) => f.role !== 'policy' && f.role !== 'nothing' && f.role !== 'code');
  const work: Work[] = [...given, ...(await fromCodes(q.files, problems))].map(begin);
  for (const w of work) await open(w, policy?.policy, pace);
  const all = work.flatMap((w) => w.items);
  if (policy !== undefined) {
    work.push(...(await compareGiven(work, q.files, q.everyDocument, pace)));
    relate(all);
    for (const d of demands) {
      if (!applyDemand(d, all)) problems.push(`the key that is expected for ${d.role} could not be looked for: no contract that holds is among the files`);
    }
    await readOthers(work, policy.policy, pace);
  }
  for (const w of work) {
    holder(w);
    conclude(w, q.now);
  }
  const contradicted = work.some((w) => w.answer.failure?.step === 'fork');
  const failure = contradicted ? undefined : contradiction(all);
  if (policy !== undefined && work.length === 0) problems.push('there is nothing to check: give a receipt (.tlog-proof) or a dossier (.chirograph)');
  const verdict = worst([...work.map((w) => w.answer.verdict), problems.length > 0 ? 'unchecked' : 'yes', failure === undefined ? 'yes' : 'no']);
  return { verdict, policy, problems, failure, evidence: await evidenceOf(all, pace), files: work.map((w) => w.answer) };
}

/** The one policy. That of a dossier is never asked. */
async function choosePolicy(files: readonly File[], problems: string[]): Promise<Answer['policy']> {
  const policies = files.filter((f) => f.role === 'policy');
  const [file] = policies;
  if (file === undefined) {
    problems.push('there is no policy: without one nobody is trusted, and nothing was judged. A policy comes from somebody you trust, never from the file that is to be checked');
    return undefined;
  }
  if (policies.length > 1) {
    problems.push(`there are ${policies.length} policies, ${policies.map((f) => shown(f.path)).join(', ')}: one says who is trusted; take the others as nothing`);
    return undefined;
  }
  try {
    return { path: file.path, policy: parsePolicy(await readAll(file.source, limitOf.policy, 'policy')) };
  } catch (e) {
    if (!(e instanceof Malformed)) throw e;
    problems.push(`${shown(file.path)}: ${e.message}`);
    return undefined;
  }
}

/** The receipts that codes are together, from whatever pictures they came. */
async function fromCodes(files: readonly File[], problems: string[]): Promise<File[]> {
  const parts: Part[] = [];
  for (const { path, source } of files.filter((f) => f.role === 'code')) {
    try {
      parts.push(parsePart(await readAll(source, maxCode, 'code')));
    } catch (e) {
      if (!(e instanceof Malformed)) throw e;
      problems.push(`${shown(path)} is no code of a receipt: ${e.message}`);
    }
  }
  const found: File[] = [];
  for (const set of sets(parts)) {
    const name = `receipt ${set[0]?.sum ?? ''}…`;
    try {
      found.push({ path: `${name} from ${set[0]?.n === 1 ? 'a QR code' : 'QR codes'}`, source: fromBytes(joinParts(set)), role: 'receipt' });
    } catch (e) {
      if (!(e instanceof NoWhole)) throw e;
      problems.push(`the ${name} is not whole: ${e.message}${e.kind === 'missing' ? '; give a picture of them too' : ''}`);
    }
  }
  return found;
}

/** What is said of a page or a picture in which others were found. */
function holder({ file: { role, holds = 0 }, answer }: Work): void {
  if (role !== 'certificate') return;
  const what = `a page or a picture in which ${holds === 1 ? 'one code or receipt was' : `${holds} codes or receipts were`} found`;
  answer.same = [...answer.same, answer.compared ? what : `${what}: what else stands on it was not looked at, and proves nothing`];
}

/** Reads a dossier or a receipt, and judges it where there is a policy. */
async function open(w: Work, p: Policy | undefined, pace: Pace): Promise<void> {
  const { file, answer } = w;
  await pace();
  if (file.role === 'certificate') return undefined;
  if (file.role === 'dossier') return openDossier(w, p, pace);
  if (p === undefined) return waits(answer, 'there is no policy');
  if (file.role !== 'receipt') return undefined;
  try {
    w.items = [judgeReceipt(p, await readAll(file.source, maxProof, 'receipt'))];
  } catch (e) {
    if (!(e instanceof Malformed)) throw e;
    w.items = [{ registration: undefined, report: refused(new Failure('proof', e.message)) }];
  }
}

async function openDossier(w: Work, p: Policy | undefined, pace: Pace): Promise<void> {
  const { file, answer } = w;
  try {
    const d = await readDossier(file.source, pace);
    w.dossier = d;
    answer.ownPolicy = decode(d.policy, 'policy');
    answer.drafts = [...d.folders].filter(([, f]) => f.newest === undefined).map(([id]) => id);
    if (p === undefined) return waits(answer, 'there is no policy');
    w.items = await judgeDossier(p, d, pace);
  } catch (e) {
    if (!(e instanceof Malformed)) throw e;
    w.items = [{ registration: undefined, report: refused(new Failure('form', `not a dossier: ${e.message}`)) }];
  }
}

/** A key that is expected for a role. */
type Demand = { readonly role: string; readonly public: string; readonly fingerprint: string };

function parseExpected(text: string, problems: string[]): Demand[] {
  const demands: Demand[] = [];
  for (const line of text.split('\n').map((l) => l.trim()).filter((l) => l !== '')) {
    const at = line.indexOf('=');
    try {
      if (at < 0) throw new Malformed(`${quoted(line)} is not role=key`);
      demands.push({ role: parseToken(line.slice(0, at).trim()), ...parsePublic(line.slice(at + 1)) });
    } catch (e) {
      if (!(e instanceof Malformed)) throw e;
      problems.push(`expected keys: ${e.message}`);
    }
  }
  return demands;
}

/** Demands the key of every contract that no other takes the place of or is made under; says whether there is one. */
function applyDemand(d: Demand, all: readonly Item[]): boolean {
  const frames = new Set(found(all).map((i) => i.registration.record.text.under));
  const isAsked = ({ registration: { record }, report }: Found): boolean =>
    record.text.kind === 'contract' && report.replacedBy === '' && !frames.has(record.id);
  const asked = found(all).filter(isAsked);
  for (const i of asked) demand(i, d.role, d.public, d.fingerprint);
  // One that does not hold is refused anyway.
  return asked.length > 0 || found(all).length < all.length;
}

/** Consistency proofs, evidence, and what proves nothing by itself. */
async function readOthers(work: readonly Work[], p: Policy, pace: Pace): Promise<void> {
  const checkpoints: { checkpoint: Checkpoint; given: boolean }[] = found(work.flatMap((w) => w.items))
    .flatMap(({ registration: r }) => [r, r.older].filter((x) => x !== undefined))
    .map((r) => ({ checkpoint: r.proof.checkpoint, given: false }));
  for (const w of work.filter((x) => x.file.role === 'checkpoint')) {
    try {
      checkpoints.push({ checkpoint: parseCheckpoint(await readAll(w.file.source, limitOf.checkpoint, 'checkpoint')), given: true });
    } catch (e) {
      if (!(e instanceof Malformed)) throw e;
      waits(w.answer, `it is no checkpoint: ${e.message}`);
      continue;
    }
    if (!work.some((x) => x.file.role === 'consistency proof')) waits(w.answer, 'a checkpoint shows nothing by itself: give a consistency proof with it, or a receipt');
  }
  for (const { file, answer } of work) {
    try {
      if (file.role === 'record') readRecord(answer, await readAll(file.source, maxEntry, 'record'), work);
      if (file.role === 'evidence') await readEvidence(answer, p, await readAll(file.source, limitOf.evidence, 'evidence'), pace);
      if (file.role === 'consistency proof') await readConsistency(answer, p, await readAll(file.source, maxConsistency, 'consistency proof'), checkpoints, pace);
    } catch (e) {
      if (!(e instanceof Failure || e instanceof Malformed)) throw e;
      answer.failure = e instanceof Failure ? e : new Failure('form', e.message);
      answer.verdict = 'no';
    }
  }
}

/** A record shows nothing by itself: it is compared with those that are registered. */
function readRecord(answer: FileAnswer, data: Uint8Array, work: readonly Work[]): void {
  const { id, text, fault } = openRecord(data, true);
  const same = found(work.flatMap((w) => w.items)).find((i) => i.registration.record.id === id);
  if (fault !== undefined) throw new Failure('signatures', fault);
  if (same === undefined) waits(answer, `that ${text.kind} ${id} is registered: give its receipt, or the dossier that keeps it`);
  else if (!equal(same.registration.record.bytes, data)) waits(answer, `${text.kind} ${id} is registered with other signature lines than this file has`);
  else answer.same = [...answer.same, `${text.kind} ${id}, as it was registered`];
}

/** Where the form fails, or no log of the policy signed, nothing was judged. */
async function readEvidence(answer: FileAnswer, p: Policy, data: Uint8Array, pace: Pace): Promise<void> {
  try {
    answer.breach = await judgeEvidence(p, data, pace);
    answer.verdict = worst([answer.verdict, answer.breach.verdict]);
  } catch (e) {
    if (!(e instanceof Failure)) throw e;
    if (e.step !== 'form' && e.step !== 'checkpoint') throw e;
    waits(answer, `nothing was judged: ${e.message}`);
  }
}

/** The older checkpoint is one that was given as such, else that of a receipt which has its size. */
async function readConsistency(answer: FileAnswer, p: Policy, data: Uint8Array, checkpoints: readonly { checkpoint: Checkpoint; given: boolean }[], pace: Pace): Promise<void> {
  const { old } = parseConsistency(data);
  const given = checkpoints.filter((c) => c.given);
  const older = given.length > 0 ? given : checkpoints.filter((c) => c.checkpoint.size === old);
  if (older.length === 0) {
    return waits(answer, `the older checkpoint, of size ${old}, is not among the files: give it, or a receipt that has it`);
  }
  const distinct = new Map(older.map(({ checkpoint: c }) => [octets(c.bytes), c]));
  const extensions: Extension[] = [];
  for (const c of distinct.values()) {
    extensions.push(verifyConsistency(p, c, data));
    await pace();
  }
  answer.extensions = extensions;
}

/** Says of a file what its items say. */
function conclude({ answer, items, dossier }: Work, now: number): void {
  answer.items = sorted(items);
  answer.verdict = worst([answer.verdict, ...items.map((i) => i.report.verdict)]);
  const fork = contradiction(items);
  if (fork !== undefined) {
    answer.failure = fork;
    answer.verdict = 'no';
  } else if (dossier !== undefined) {
    answer.standing = standingOf(items, (inPlace(dossier) ?? dossier.contract).id, now);
  }
}

/** The status of a contract by those items alone that hold, of its ledger; undefined where it is not among them. */
function standingOf(items: readonly Item[], contract: string, now: number): Standing | undefined {
  const good = sorted(items).filter(holds);
  const ledger = good.find((i) => i.registration.record.id === contract)?.registration.record.text.ledger.vkey;
  const state = new State();
  for (const i of good) {
    const { record, index, registered: time } = i.registration;
    if (record.text.ledger.vkey === ledger && !state.records.has(record.id)) state.add(index, time, record);
  }
  const entry = state.records.get(contract);
  if (entry === undefined || entry.text.kind !== 'contract') return undefined;
  return { contract, text: sayStatus(statusOf(state, entry, dayOf(now))), disputes: state.disputes(contract) };
}
