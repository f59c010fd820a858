// What somebody gives the page: files in any order, of which each is taken as what it
// looks like, until whoever gave it says otherwise.

import { octets } from './bytes.ts';
import { parseCheckpoint } from './checkpoint.ts';
import { evidenceLine, maxEvidence } from './evidence.ts';
import { Malformed } from './fault.ts';
import { maxNote } from './note.ts';
import { inPage, inPDF, inPicture } from './paper.ts';
import { maxPolicy } from './policy.ts';
import { readAll, type Source } from './source.ts';

/**
 * A file, with the folders that it was given in: "pumps/terms.md". Holds says how many others
 * were found in it; found, that it is one of these, whose name nobody gave it.
 */
export type Given = { readonly path: string; readonly source: Source; readonly holds?: number; readonly found?: boolean };

/**
 * What a file is taken as. A salt is a document's, and named after it. A certificate is a
 * page or a picture in which others were found; a code is a part of a receipt.
 */
export const roles = ['policy', 'receipt', 'dossier', 'document', 'consistency proof', 'checkpoint', 'evidence', 'record', 'certificate', 'code', 'nothing'] as const;
export type Role = (typeof roles)[number];

export const saltEnding = '.salt';

/** Whether what is looked for is still wanted. */
export type Wanted = () => boolean;

/** What finds other files in a file, such as receipts in a picture; none where there are none. */
export type Finder = (g: Given, wanted: Wanted) => Promise<readonly Given[]>;

/** The finders that are asked of every file. What they find is a file like others. */
const finders: readonly Finder[] = [inPage, inPDF, inPicture];

/** The files, each before those that were found in it, and with how many these are. What cannot be read is a file in which nothing was found. */
export async function gather(given: readonly Given[], wanted: Wanted = () => true): Promise<Given[]> {
  const all: Given[] = [];
  for (const g of given) {
    const found: Given[] = [];
    for (const find of finders) {
      try {
        for (const inside of await find(g, wanted)) found.push({ ...inside, found: true });
      } catch {
        // That it cannot be read, it says when it is asked: here it would take the other files with it.
      }
    }
    all.push({ ...g, holds: found.length }, ...found);
  }
  return all;
}

export const nameOfFile = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** How a ZIP begins whose first file is one of a dossier: header, then path. */
const dossierStart = /^PK\u0003\u0004[^]{26}(documents\/[0-9a-f]{64}\/|policy|receipts\/[0-9a-f]{64}\.|records\/[0-9a-f]{64}\.)/;

const beginnings: readonly (readonly [Role, RegExp])[] = [
  ['code', /^chirograph\/qr\/v1 /],
  ['dossier', dossierStart],
  ['receipt', /^c2sp\.org\/tlog-proof@/],
  ['evidence', new RegExp(`^${evidenceLine.replace(/v1$/, '')}`)],
  ['record', /^chirograph\/[a-z]+\/v\d/],
  ['consistency proof', /^old \d+\n/],
];

const endings: readonly (readonly [Role, RegExp])[] = [
  ['document', /\.salt$/],
  ['dossier', /\.chirograph$/i],
  ['receipt', /\.tlog-proof$/i],
  ['policy', /(^|\.)policy$/i],
];

const policyLine = /^(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*(log|witness|group|quorum)[ \t]/;

const headSize = 16384;

/** What a file is by what it begins with, else by its name, else by what it is as a whole. */
export async function recognise({ path, source, holds = 0 }: Given): Promise<Role> {
  if (holds > 0) return 'certificate';
  const head = octets(await source.read(0, Math.min(source.size, headSize)));
  const name = nameOfFile(path);
  const byStart = beginnings.find(([, form]) => form.test(head));
  if (byStart !== undefined) return byStart[0];
  const byName = endings.find(([, form]) => form.test(name));
  if (byName !== undefined) return byName[0];
  if (source.size <= maxPolicy && policyLine.test(head)) return 'policy';
  return (await isCheckpoint(source)) ? 'checkpoint' : 'document';
}

async function isCheckpoint(source: Source): Promise<boolean> {
  if (source.size > maxNote) return false;
  try {
    parseCheckpoint(await readAll(source, maxNote, 'checkpoint'));
    return true;
  } catch (e) {
    if (e instanceof Malformed) return false;
    throw e;
  }
}

/** How large a file of a role may be that is read whole. */
export const limitOf = { policy: maxPolicy, evidence: maxEvidence, checkpoint: maxNote } as const;
