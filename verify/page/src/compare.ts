// Whether what was given is what the records say, by the names of their documents.

import { mismatch, saltSize } from './documents.ts';
import type { Dossier, Pace } from './dossier.ts';
import { octets } from './bytes.ts';
import { Failure } from './fault.ts';
import { nameOfFile, saltEnding } from './intake.ts';
import type { Record } from './record.ts';
import { found, type Found } from './relate.ts';
import { fail, miss } from './report.ts';
import { shown } from './shown.ts';
import type { Document } from './text.ts';
import { begin, type File, type FileAnswer, waits, type Work } from './work.ts';

/** A line that a given file may be the document of; a draft has no item. */
type Candidate = { readonly record: Record; readonly line: Document; readonly item: Found | undefined; readonly dossier: Dossier | undefined };

/**
 * Compares what was given with the lines of its name. A file that has the name of a document
 * of a record here is compared, whatever else it is: a receipt may be put into any file. It
 * returns what is then said of files of which nothing else is: policies and codes.
 */
export async function compareGiven(work: readonly Work[], files: readonly File[], every: boolean, pace: Pace): Promise<Work[]> {
  // What was found in a file has no name that somebody gave it.
  const named = files.filter((f) => f.role === 'document' || (f.role !== 'nothing' && f.found !== true));
  const names = new Map(named.map((f) => [f.path, f]));
  const isDocument = (f: File | undefined): f is File => f !== undefined && (f.role === 'document' || candidates(f.path, work).length > 0);
  const more: Work[] = [];
  for (const file of named) {
    await pace();
    const of = file.path.endsWith(saltEnding) ? names.get(file.path.slice(0, -saltEnding.length)) : undefined;
    const lines = candidates(file.path, work);
    const near = lines.length > 0 || file.role === 'document' ? undefined : likeness(file.path, work);
    if (lines.length === 0 && near === undefined && file.role !== 'document') continue;
    const known = work.find((w) => w.file === file);
    const w = known ?? begin(file);
    if (known === undefined) more.push(w);
    if (file.role === 'document' && isDocument(of)) w.answer.same = [`the salt of ${shown(nameOfFile(of.path))}`];
    else if (near !== undefined) waits(w.answer, `${shown(nameOfFile(file.path))} is almost the name of the document ${near}, so it was not compared: give it that name, or one that is not like it`);
    else if (lines.length === 0) waits(w.answer, `${shown(nameOfFile(file.path))} ${await whatElse(file)}, so it was compared with nothing`);
    for (const c of lines) await compareWith(c, file, w.answer, names.get(file.path + saltEnding));
  }
  if (every) missOthers(work);
  return more;
}

/** Demands every document. */
function missOthers(work: readonly Work[]): void {
  for (const { report } of found(work.flatMap((w) => w.items))) {
    for (const d of report.documents.filter((x) => !x.compared)) miss(report, `${d.name} (${d.kind}) could not be compared: it is not among the files`);
  }
}

/** What a file is that is the document of no record here. */
async function whatElse({ path, source }: File): Promise<string> {
  if (path.endsWith(saltEnding)) return 'is the salt of a document that is not among the files';
  const start = octets(await source.read(0, Math.min(source.size, 64)));
  if (/^(\u0089PNG|\u00ff\u00d8\u00ff|RIFF....WEBP)/s.test(start)) return 'is a picture in which no code of a receipt could be read (a nearer or sharper one helps), and the name of no document of the records here';
  if (start.startsWith('%PDF-')) return 'is a PDF without the receipt that chirograph certificate attaches to its own (drop pictures of its codes), and the name of no document of the records here';
  return /PRIVATE KEY/.test(start) ? 'is a secret key, which nobody needs for this' : 'is the name of no document of the records here';
}

async function compareWith({ record, line, item, dossier }: Candidate, file: File, answer: FileAnswer, saltFile: File | undefined): Promise<void> {
  const of = `${record.text.kind} ${record.id}`;
  const salt = saltFile === undefined ? dossier?.folders.get(record.id)?.salts.get(line.name) : await readSalt(saltFile);
  const kept = item?.report.documents.find((d) => d.name === line.name);
  answer.compared = true;
  if (line.salted && salt === undefined) {
    const why = `${line.name} (${line.kind}) could not be compared: its salt, ${line.name}${saltEnding}, is not among the files`;
    if (item !== undefined && kept?.compared !== true) miss(item.report, why);
    return waits(answer, why);
  }
  const reason = await mismatch(line, salt, file.source);
  if (reason !== undefined) {
    answer.verdict = 'no';
    answer.failure = new Failure('documents', `${of}: ${reason}`);
    if (item !== undefined) fail(item.report, new Failure('documents', reason));
    return;
  }
  answer.same = [...new Set([...answer.same, `the document ${line.name} (${line.kind}) of ${of}, to the byte`])];
  if (kept !== undefined) kept.compared = true;
  if (item === undefined) waits(answer, `that anybody is bound by it: ${of} is a draft, not registered, or its receipt does not hold`);
}

/** As much of a salt as shows that it is too long. */
const readSalt = (f: File): Promise<Uint8Array<ArrayBuffer>> => f.source.read(0, Math.min(f.source.size, saltSize + 1));

/**
 * The lines that a file may be of: in a folder of an id those of that record, else those
 * of the contract that a dossier is about, and of the record of a receipt; where these
 * have no document of that name, those of every record.
 */
function candidates(path: string, work: readonly Work[]): Candidate[] {
  const [name, folder] = [nameOfFile(path), path.split('/').at(-2) ?? ''];
  const all = work.flatMap((w) => recordsOf(w).map((c) => ({ ...c, main: w.dossier === undefined || c.record.id === w.dossier.contract.id })));
  const named = all.flatMap((c) => c.record.text.documents.filter((d) => d.name === name).map((line) => ({ ...c, line })));
  const own = named.filter((c) => c.record.id === folder);
  if (own.length > 0) return own;
  const main = named.filter((c) => c.main);
  return main.length > 0 ? main : named;
}

/** A name without what its copies have: another case, or the number that a browser adds. */
const base = (name: string): string => name.toLowerCase().replace(/ ?\([0-9]{1,3}\)(\.[^.]*)?$/, '$1');

/** The document whose name a file's name is like. */
function likeness(path: string, work: readonly Work[]): string | undefined {
  const name = base(nameOfFile(path));
  return work.flatMap(recordsOf).flatMap((c) => c.record.text.documents).find((d) => base(d.name) === name)?.name;
}

function recordsOf(w: Work): Omit<Candidate, 'line'>[] {
  const items = found(w.items).map((item) => ({ record: item.registration.record, item, dossier: w.dossier }));
  if (w.dossier === undefined) return items;
  const known = new Set(items.map((i) => i.record.id));
  const rest = [...w.dossier.folders.values()].filter((f) => !known.has(f.record.id));
  return [...items, ...rest.map((f) => ({ record: f.record, item: undefined, dossier: w.dossier }))];
}
