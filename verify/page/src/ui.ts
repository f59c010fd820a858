// The page: takes files, asks, and shows the answer. It decides nothing.

import { gather, type Given, recognise, type Role, roles } from './intake.ts';
import type { Verdict } from './report.ts';
import { plain, shown } from './shown.ts';
import { fromBlob, isSame, type Source } from './source.ts';
import { verify } from './verify.ts';
import { element, view } from './view.ts';
import { say } from './words.ts';

/** How many files are taken: each has a row, and a whole disk that was dropped by mistake ends somewhere. */
const maxGiven = 1000;

/** How many of those that could not be read are named: more would be read out to nobody. */
const maxNamed = 5;

/** For how many milliseconds the page may work before it answers the browser. */
const patience = 40;

/** From how many bytes on it is said how many were read, to whoever sees it: a live region would not stop talking. */
const shownFrom = 2 ** 26;

/** A file with its row. What was found in another has that one's mark, and counts as long as that is a certificate. */
type Entry = Given & { role: Role; readonly mark: string };

const byId = <T extends HTMLElement>(id: string, type: new () => T): T => {
  const e = document.getElementById(id);
  if (!(e instanceof type)) throw new Error(`the page has no ${id}`);
  return e;
};

const [files, folder] = [byId('files', HTMLInputElement), byId('folder', HTMLInputElement)];
const [list, drop, status] = [byId('list', HTMLUListElement), byId('drop', HTMLDivElement), byId('status', HTMLParagraphElement)];
const [result, headline, words] = [byId('result', HTMLElement), byId('headline', HTMLHeadingElement), byId('words', HTMLDivElement)];
const [expected, every] = [byId('expected', HTMLTextAreaElement), byId('every', HTMLInputElement)];
const [clear, progress] = [byId('clear', HTMLButtonElement), byId('progress', HTMLParagraphElement)];

let given: Entry[] = [];

const isFound = (e: Entry): boolean => e.found === true;

const counts = (e: Entry): boolean => !isFound(e) || given.some((g) => g.mark === e.mark && !isFound(g) && g.role === 'certificate');

/** Codes go with their picture: that has the row. */
const hasRow = (e: Entry): boolean => counts(e) && !(isFound(e) && e.role === 'code');
let asked = 0; // how often; an older question is dropped
let cleared = 0; // how often; what was still being read then is not taken

/** Ends a question that another has taken the place of. */
class Superseded extends Error {}

/** Says in the live region what the page is at; what came out only to those who do not see it. */
function announce(s: string, done = false): void {
  status.textContent = s;
  status.classList.toggle('unseen', done);
}

const reason = (e: unknown): string => (e instanceof Error ? e.message : String(e));

const breath = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

async function ask(): Promise<void> {
  const mine = ++asked;
  showList();
  clear.hidden = given.length === 0;
  if (given.length === 0) {
    result.hidden = true;
    announce('No files.');
    return;
  }
  announce('Checking…');
  // What is not asked any more is not answered.
  result.hidden = true;
  let since = performance.now();
  let read = 0; // bytes
  const pace = async (): Promise<void> => {
    if (performance.now() - since > patience) {
      await breath();
      since = performance.now();
    }
    if (mine !== asked) throw new Superseded();
    progress.textContent = read < shownFrom ? '' : `${size(read)} read`;
  };
  const paced = (path: string, s: Source): Source => ({
    size: s.size,
    async read(from, to) {
      await pace();
      read += to - from;
      try {
        return await s.read(from, to);
      } catch (e) {
        throw new Error(`${shown(path)}: ${reason(e)}`);
      }
    },
  });
  try {
    await breath();
    const question = {
      files: given.filter(counts).map((e) => ({ ...e, source: paced(e.path, e.source) })), expected: expected.value, everyDocument: every.checked,
      now: Math.floor(Date.now() / 1000),
    };
    const answer = await verify(question, pace);
    if (mine !== asked) return;
    const w = say(answer);
    show(w.verdict, w.tone, w.headline, view(w, answer.evidence === undefined ? [] : [saving(answer.evidence)]));
  } catch (e) {
    if (e instanceof Superseded || mine !== asked) return;
    // A file that went away or changed, or a fault of this page: neither is a no.
    show('unchecked', 'unchecked', 'Could not be checked', [element('p', '', `The files could not be read to their end: ${e instanceof Error ? e.message : shown(String(e))}`)]);
  }
}

/** A link that saves evidence to a file. */
function saving(evidence: string): HTMLElement {
  const link = element('a', '', 'Save the evidence');
  link.href = URL.createObjectURL(new Blob([evidence], { type: 'text/plain' }));
  link.download = 'evidence.txt';
  return element('p', '', link);
}

function show(verdict: Verdict, tone: Verdict, text: string, children: HTMLElement[]): void {
  headline.dataset['verdict'] = verdict;
  headline.dataset['tone'] = tone;
  headline.textContent = text;
  words.replaceChildren(...children);
  result.hidden = false;
  progress.textContent = '';
  announce(`${text}. What was proved, and what was not, is under this heading.`, true);
}

function showList(): void {
  const before = document.activeElement?.id;
  list.replaceChildren(...given.filter(hasRow).map(row));
  // What was in focus is a new element with the same id.
  if (before !== undefined && before !== '') document.getElementById(before)?.focus();
}

const optionNames: { readonly [R in Role]?: string } = { document: 'document or salt', certificate: 'certificate, or picture of one', code: 'code of a receipt', nothing: 'take as nothing' };

function row(e: Entry, i: number): HTMLElement {
  const label = element('label', 'name', shown(e.path), ' ', element('span', 'size', size(e.source.size)), element('span', 'unseen', ', taken as'));
  const select = element('select', '', ...roles.map((r) => new Option(optionNames[r] ?? r, r, false, r === e.role)));
  select.id = `role-${i}`;
  label.htmlFor = select.id;
  select.addEventListener('change', () => {
    e.role = roles.find((r) => r === select.value) ?? e.role;
    void ask();
  });
  const remove = element('button', '', 'Remove');
  remove.type = 'button';
  remove.id = `remove-${i}`;
  remove.setAttribute('aria-label', `Remove ${plain(shown(e.path))}`);
  remove.addEventListener('click', () => {
    given = given.filter((other) => other !== e && (isFound(e) || other.mark !== e.mark));
    void ask().then(() => (document.getElementById(`remove-${Math.min(i, given.filter(hasRow).length - 1)}`) ?? byId('choose-files', HTMLButtonElement)).focus());
  });
  return element('li', '', label, select, remove);
}

function size(n: number): string {
  if (n < 1024) return n === 1 ? '1 byte' : `${n} bytes`;
  const unit = n < 2 ** 20 ? ['KiB', 2 ** 10] as const : n < 2 ** 30 ? ['MiB', 2 ** 20] as const : ['GiB', 2 ** 30] as const;
  return `${(n / unit[1]).toFixed(1)} ${unit[0]}`;
}

let taken = 0; // files, each with a number of its own

/** What was chosen or dropped: its files, and what of it the browser could not read. */
interface Offered {
  readonly files: { file: File; path: string }[];
  readonly unread: { path: string; why: string }[];
}

/** Takes files, but for those that are there already, and what systems hide in folders. */
async function take({ files: all, unread }: Offered): Promise<void> {
  const mine = cleared;
  const wanted = (): boolean => mine === cleared;
  const before = [...given];
  const found: { path: string; source: Source }[] = [];
  for (const { file, path } of all) {
    const source = fromBlob(file);
    if (!/\/\.[^/]*$/.test(path) && !(await isThere({ path, source }, before))) found.push({ path, source });
  }
  if (!wanted()) return;
  if (found.length === 0) {
    if (unread.length > 0) announce(leftOut(unread));
    return;
  }
  announce('Reading…');
  clear.hidden = false;
  const room = found.slice(0, Math.max(0, maxGiven - given.length));
  for (const g of room) {
    const mark = `${++taken}`;
    const entries: Entry[] = [];
    for (const inside of await gather([g], wanted)) entries.push({ ...inside, mark, role: await role(inside) });
    if (!wanted()) return;
    given.push(...entries);
  }
  await ask();
  const lacking: string[] = [];
  if (room.length < found.length) lacking.push(`Only ${maxGiven} files are taken at once; left out: ${found.length - room.length}.`);
  if (unread.length > 0) lacking.push(leftOut(unread));
  if (lacking.length > 0 && wanted()) announce(lacking.join(' '));
}

/** Says which could not be read: the first few, and how many others. */
function leftOut(unread: Offered['unread']): string {
  const some = unread.slice(0, maxNamed).map(({ path, why }) => `${plain(shown(path))} (${plain(shown(why))})`);
  const others = unread.length - some.length;
  return `Could not be read, and left out: ${some.join(', ')}${others > 0 ? `, and ${others} more` : ''}.`;
}

/** Whether the same bytes are there under the same path. Another file of that name is another. */
async function isThere({ path, source }: Given, before: readonly Entry[]): Promise<boolean> {
  for (const e of before) {
    if (!isFound(e) && e.path === path && (await isSame(e.source, source))) return true;
  }
  return false;
}

/** What cannot be read says so when it is asked. */
async function role(g: Given): Promise<Role> {
  try {
    return await recognise(g);
  } catch {
    return 'document';
  }
}

/** Takes what comes, and says where it could not be read. */
function receive(found: Promise<Offered>): void {
  found.then(take).catch((e: unknown) => announce(`The files could not be read: ${plain(shown(reason(e)))}`));
}

/** The files of what was dropped, those in folders with their paths. */
async function dropped(data: DataTransfer): Promise<Offered> {
  // Both have to be asked for before the first pause: after it the browser has emptied them.
  const plain = [...data.files].map((file) => ({ file, path: file.name }));
  const roots = [...data.items].map((item) => item.webkitGetAsEntry()).filter((e) => e !== null);
  if (!roots.some((e) => e.isDirectory)) return { files: plain, unread: [] };
  const all: Offered = { files: [], unread: [] };
  for (const e of roots) await walk(e, '', all);
  return all;
}

/** What cannot be read, a file or the rest of a folder, is left out, and the others are taken. */
async function walk(e: FileSystemEntry, above: string, all: Offered): Promise<void> {
  if (all.files.length + all.unread.length > maxGiven) return;
  const path = above + e.name;
  try {
    if (e.isFile) {
      all.files.push({ file: await new Promise<File>((resolve, reject) => (e as FileSystemFileEntry).file(resolve, reject)), path });
      return;
    }
    const reader = (e as FileSystemDirectoryEntry).createReader();
    // Each call gives some of them; none, when all were given.
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) return;
      for (const child of some) await walk(child, `${path}/`, all);
    }
  } catch (why) {
    all.unread.push({ path: e.isFile ? path : `${path}/`, why: reason(why) });
  }
}

function chosen(input: HTMLInputElement): void {
  const all = [...(input.files ?? [])].map((file) => ({ file, path: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath }));
  input.value = ''; // so that the same file can be chosen again
  receive(Promise.resolve({ files: all, unread: [] }));
}

byId('choose-files', HTMLButtonElement).addEventListener('click', () => files.click());
byId('choose-folder', HTMLButtonElement).addEventListener('click', () => folder.click());
files.addEventListener('change', () => chosen(files));
folder.addEventListener('change', () => chosen(folder));
expected.addEventListener('change', () => void ask());
every.addEventListener('change', () => void ask());
clear.addEventListener('click', () => {
  given = [];
  cleared++;
  void ask().then(() => byId('choose-files', HTMLButtonElement).focus());
});

// A file that is dropped beside the place for it would else be opened in place of the page.
document.addEventListener('dragover', (e) => {
  e.preventDefault();
  drop.classList.add('over');
});
document.addEventListener('dragleave', (e) => {
  if (e.relatedTarget === null) drop.classList.remove('over');
});
document.addEventListener('drop', (e) => {
  e.preventDefault();
  drop.classList.remove('over');
  if (e.dataTransfer !== null) receive(dropped(e.dataTransfer));
});

byId('choose-folder', HTMLButtonElement).hidden = !('webkitdirectory' in folder);
byId('idle', HTMLElement).hidden = true;
byId('give', HTMLElement).hidden = false;
