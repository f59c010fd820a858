// Dossiers (FORMATS.md, section 3.7): the one file in which a party keeps a contract with
// everything that belongs to it. A dossier is no proof; what is in it may be.

import { type Bytes, decode, equal } from './bytes.ts';
import { mismatch, saltFault, saltSize } from './documents.ts';
import { type Entry, maxEntry, parseEntry } from './entry.ts';
import { Malformed } from './fault.ts';
import { parseID } from './lexical.ts';
import { maxPolicy } from './policy.ts';
import { maxProof, type Proof, parseProof } from './proof.ts';
import { openRecord, type Record } from './record.ts';
import { quoted } from './shown.ts';
import { readAll, type Source, windowed } from './source.ts';
import { type Document, printCommitment } from './text.ts';
import { checkFile, type File, readDirectory } from './zip.ts';

export const maxRecords = 4096;
export const maxHeld = 128 * 2 ** 20; // bytes of all files but documents

export type Receipt = { readonly data: Bytes; readonly proof: Proof; readonly entry: Entry };

/** A record with what belongs to it. It is registered where there is a newest receipt. */
type Folder = {
  readonly record: Record;
  newest: Receipt | undefined;
  first: Receipt | undefined; // where it is another
  readonly documents: Map<string, Source>;
  readonly salts: Map<string, Bytes>;
};

/** A document that is there and can be compared. */
type Kept = { readonly line: Document; readonly file: Source; readonly salt: Bytes | undefined; fits: boolean | undefined };

export type Dossier = {
  readonly policy: Bytes; // never trusted
  readonly folders: ReadonlyMap<string, Folder>; // by id, sorted
  readonly contract: Record;
  readonly kept: Map<string, Kept[]>; // by what a line says of a file: those that may be it
};

/** What is called between records, so that a page stays awake. */
export type Pace = () => Promise<void>;

type Role = 'policy' | 'record' | 'receipt' | 'first' | 'document' | 'salt';
type Place = { readonly file: File; readonly role: Role; readonly id: string; readonly name: string };

const limits: { readonly [R in Role]: number } = {
  policy: maxPolicy, record: maxEntry, receipt: maxProof, first: maxProof, document: Number.MAX_SAFE_INTEGER, salt: saltSize,
};

/** The folder of a role, and what the files in it have after the id. */
const folderOf: { readonly [R in Role]: readonly [folder: string, ending: string] } = {
  policy: ['', ''], record: ['records', '.note'], receipt: ['receipts', '.tlog-proof'], first: ['receipts', '.first.tlog-proof'],
  document: ['documents', ''], salt: ['salts', ''],
};

function printPath(role: Role, id: string, name: string): string {
  const [folder, ending] = folderOf[role];
  if (role === 'policy') return role;
  return `${folder}/${id}${role === 'document' || role === 'salt' ? `/${name}` : ending}`;
}

/** What a path says, which is the one that prints as it again. */
function parsePath(file: File): Place {
  const [, rest = '', name = ''] = file.path.split('/');
  const id = rest.slice(0, 64);
  for (const role of ['policy', 'record', 'receipt', 'first', 'document', 'salt'] as const) {
    if (printPath(role, id, name) === file.path) return { file, role, id: role === 'policy' ? '' : parseID(id), name };
  }
  throw new Malformed(`${quoted(file.path)} is not a path that a dossier has`);
}

export async function readDossier(file: Source, pace: Pace): Promise<Dossier> {
  const s = windowed(file);
  const places = (await readDirectory(s)).map(parsePath);
  const of = (...roles: Role[]): Place[] => places.filter((p) => roles.includes(p.role));
  const [records, held] = [of('record').length, places.filter((p) => p.role !== 'document').reduce((n, p) => n + p.file.size, 0)];
  if (records > maxRecords) throw new Malformed(`dossier has ${records} records, at most ${maxRecords} are allowed`);
  if (held > maxHeld) throw new Malformed(`dossier has ${held} bytes beside documents, at most ${maxHeld} are allowed`);
  for (const { file, role } of places) {
    if (file.size > limits[role]) throw new Malformed(`${quoted(file.path)} has ${file.size} bytes, at most ${limits[role]} are allowed`);
    await checkFile(s, file);
  }
  const folders = new Map<string, Folder>();
  for (const p of of('record')) {
    folders.set(p.id, await naming(p.file, () => readRecord(p)));
    await pace();
  }
  for (const p of of('receipt', 'first', 'document', 'salt')) {
    const folder = folders.get(p.id);
    if (folder === undefined) throw new Malformed(`${quoted(p.file.path)} is there, and records/${p.id}.note is not`);
    await naming(p.file, () => put(folder, p));
    await pace();
  }
  for (const [id, folder] of folders) checkReceipts(id, folder);
  const policy = of('policy')[0];
  if (policy === undefined) throw new Malformed('dossier has no policy');
  return { policy: await naming(policy.file, () => readPolicy(policy)), folders, contract: findContract(folders), kept: listKept(folders) };
}

/** What f returns; what is malformed there is said of the file. */
async function naming<T>(file: File, f: () => Promise<T>): Promise<T> {
  try {
    return await f();
  } catch (e) {
    if (e instanceof Malformed) throw new Malformed(`${file.path}: ${e.message}`);
    throw e;
  }
}

const dataOf = (p: Place): Promise<Bytes> => readAll(p.file.data, limits[p.role], 'it');

async function readRecord(p: Place): Promise<Folder> {
  const record = openRecord(await dataOf(p), true);
  if (record.fault !== undefined) throw new Malformed(record.fault);
  if (record.id !== p.id) throw new Malformed(`the record has the id ${record.id}`);
  return { record, newest: undefined, first: undefined, documents: new Map(), salts: new Map() };
}

async function readPolicy(p: Place): Promise<Bytes> {
  const b = await dataOf(p);
  if (b.length === 0) throw new Malformed('it is empty');
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(decode(b, 'it'))) throw new Malformed('it has a control character');
  return b;
}

/** Puts a file that is no record in its place. */
async function put(folder: Folder, p: Place): Promise<void> {
  if (p.role === 'receipt' || p.role === 'first') {
    const data = await dataOf(p);
    const proof = parseProof(data);
    folder[p.role === 'first' ? 'first' : 'newest'] = { data, proof, entry: parseEntry(proof.extra) };
    return;
  }
  const line = folder.record.text.documents.find((d) => d.name === p.name);
  if (line === undefined) throw new Malformed(`the ${folder.record.text.kind} has no document of that name`);
  if (p.role === 'document') {
    folder.documents.set(p.name, p.file.data);
    return;
  }
  const salt = await dataOf(p);
  const fault = saltFault(line, salt);
  if (fault !== undefined) throw new Malformed(fault);
  folder.salts.set(p.name, salt);
}

/** Demands that the receipts are the record's and in their places. */
function checkReceipts(id: string, { record, newest, first }: Folder): void {
  if (newest === undefined) {
    if (first !== undefined) throw new Malformed(`the first receipt of ${id} is there, and no other`);
    return;
  }
  if (!equal(newest.entry.record, record.bytes)) throw new Malformed(`records/${id}.note is not the record of its receipt, to the byte`);
  if (record.signed.length === 0) throw new Malformed(`the receipt of ${id} is of a draft that nobody signed, which no entry holds`);
  if (first === undefined) return;
  if (first.proof.index !== newest.proof.index || !equal(first.proof.extra, newest.proof.extra)) {
    throw new Malformed(`the two receipts of ${id} are of two entries, ${first.proof.index} and ${newest.proof.index}, or of one with other bytes`);
  }
  const [small, large] = [first.proof.checkpoint.size, newest.proof.checkpoint.size];
  if (small >= large) {
    throw new Malformed(`the first receipt of ${id} is of a tree of size ${small}, not smaller than the ${large} of the other`);
  }
}

/** The contract that the dossier is about: none beside it replaces it, or is made under it. */
function findContract(folders: ReadonlyMap<string, Folder>): Record {
  const records = [...folders.values()].map((f) => f.record);
  for (const { id, text } of records) {
    if (text.contract !== '' && folders.get(text.contract)?.record.text.kind !== 'contract') {
      throw new Malformed(`${text.kind} ${id} is under the contract ${text.contract}, which the dossier does not have`);
    }
  }
  const named = new Set(records.flatMap(({ text }) => [text.replaces, text.under]));
  const heads = records.filter(({ id, text }) => text.kind === 'contract' && !named.has(id));
  const [contract] = heads;
  if (contract === undefined || heads.length > 1) {
    throw new Malformed(`dossier has ${heads.length} contracts that no other in it replaces or is made under, not 1`);
  }
  return contract;
}

/** The registered contract that the dossier is about: a draft takes nobody's place. */
export function inPlace(d: Dossier): Record | undefined {
  let folder = d.folders.get(d.contract.id);
  while (folder !== undefined && folder.newest === undefined) {
    const { replaces, under }: { replaces: string; under: string } = folder.record.text;
    folder = d.folders.get(replaces) ?? d.folders.get(under);
  }
  return folder?.record;
}

/** What a document line says of the file itself, whatever its name. */
const commitment = (d: Document): string => `${printCommitment(d)} ${d.size}`;

function listKept(folders: ReadonlyMap<string, Folder>): Map<string, Kept[]> {
  const kept = new Map<string, Kept[]>();
  for (const { record, documents, salts } of folders.values()) {
    for (const line of record.text.documents) {
      const [file, salt] = [documents.get(line.name), salts.get(line.name)];
      if (file === undefined || (line.salted && salt === undefined)) continue;
      const same = kept.get(commitment(line)) ?? [];
      kept.set(commitment(line), same);
      same.push({ line, file, salt, fits: undefined });
    }
  }
  return kept;
}

/** What is known of a document: that it differs says that it is not the one that the record names. */
export type Compared = { readonly state: 'absent' | 'without salt' | 'matches' } | { readonly state: 'differs'; readonly reason: string };

/** Compares the documents of a record, in its order; one that is absent is looked for under the other records. */
export async function compareDocuments(d: Dossier, id: string): Promise<Compared[]> {
  const folder = d.folders.get(id);
  const states: Compared[] = [];
  for (const line of folder?.record.text.documents ?? []) states.push(await compareDocument(d, line, folder));
  return states;
}

async function compareDocument(d: Dossier, line: Document, folder: Folder | undefined): Promise<Compared> {
  const file = folder?.documents.get(line.name);
  const salt = folder?.salts.get(line.name);
  if (file === undefined) return { state: (await isKept(d, line)) ? 'matches' : 'absent' };
  if (line.salted && salt === undefined) return { state: 'without salt' };
  const reason = await mismatch(line, salt, file);
  return reason === undefined ? { state: 'matches' } : { state: 'differs', reason };
}

/** Whether another record has the document: a renewal keeps those of the contract before. One that does not match is not read again. */
async function isKept(d: Dossier, line: Document): Promise<boolean> {
  const candidates = d.kept.get(commitment(line)) ?? [];
  for (let c = candidates[0]; c !== undefined; candidates.shift(), c = candidates[0]) {
    if (c.fits === undefined) c.fits = (await mismatch(c.line, c.salt, c.file)) === undefined;
    if (c.fits) return true;
  }
  return false;
}
