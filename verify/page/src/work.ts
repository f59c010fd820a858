// A file on its way through the question, and what was found out of it.

import type { Extension } from './consistency.ts';
import type { Dossier } from './dossier.ts';
import type { Breach } from './evidence.ts';
import type { Failure } from './fault.ts';
import type { Given, Role } from './intake.ts';
import type { Item, Verdict } from './report.ts';

/** How a dossier's contract stands by the records in it. */
export type Standing = { readonly contract: string; readonly text: string; readonly disputes: readonly string[] };

/** What was found out of one file. */
export type FileAnswer = {
  readonly path: string;
  readonly role: Role;
  verdict: Verdict;
  failure: Failure | undefined; // of the file, or of its records together
  unchecked: string; // why nothing could be said of it, or not all
  items: readonly Item[]; // of receipts and dossiers, in the order of registration
  drafts: readonly string[];
  standing: Standing | undefined;
  ownPolicy: string | undefined; // of a dossier: only to be looked at
  same: readonly string[]; // of a document: which it is
  compared: boolean; // with the documents of its name, whatever it is taken as
  extensions: readonly Extension[];
  breach: Breach | undefined;
};

export type File = Given & { readonly role: Role };

/** A file on its way through the question. */
export type Work = { readonly file: File; readonly answer: FileAnswer; items: Item[]; dossier: Dossier | undefined };

export const begin = (file: File): Work => ({
  file, items: [], dossier: undefined,
  answer: {
    path: file.path, role: file.role, verdict: 'yes', failure: undefined, unchecked: '', items: [], drafts: [], standing: undefined,
    ownPolicy: undefined, same: [], compared: false, extensions: [], breach: undefined,
  },
});

/** Says why not all could be checked of a file. */
export function waits(a: FileAnswer, why: string): void {
  a.unchecked = a.unchecked === '' || a.unchecked === why ? why : `${a.unchecked}; ${why}`;
  if (a.verdict !== 'no') a.verdict = 'unchecked';
}
