// Signed notes (FORMATS.md, section 2.2): a text, an empty line, signature lines.

import { base64, fromBase64 } from './base64.ts';
import { type Bytes, concat, decode, encode, hex, unhex } from './bytes.ts';
import { Malformed } from './fault.ts';
import { checkName, type Key } from './vkey.ts';

export const maxNote = 1_000_000; // bytes
export const maxLines = 100;

/** A signature line. It is a claim until the key that it is of has verified it. */
export type Signature = { readonly name: string; readonly id: string; readonly bytes: Bytes };

export type Note = {
  readonly text: string; // ends in LF
  readonly message: Bytes; // the UTF-8 of text
  readonly signatures: readonly Signature[];
};

/** Reads a note; a draft may lack all its signature lines. */
export function parseNote(data: Uint8Array, draft = false): Note {
  if (data.length > maxNote) throw new Malformed(`note has ${data.length} bytes, at most ${maxNote} are allowed`);
  const all = decode(data, 'note');
  const control = /[\u0000-\u0009\u000b-\u001f]/.exec(all);
  if (control) throw new Malformed(`note has the control character 0x${hex(encode(control[0]))}`);
  const end = all.lastIndexOf('\n\n');
  if (end < 0) throw new Malformed('note has no empty line after its text');
  const text = all.slice(0, end + 1);
  const lines = all.slice(end + 2).split('\n');
  if (lines.pop() !== '') throw new Malformed('the last signature line does not end in a line feed');
  if (lines.length > maxLines) throw new Malformed(`note has ${lines.length} signature lines, at most ${maxLines} are allowed`);
  if (lines.length === 0 && !draft) throw new Malformed('note has no signature line');
  const note: Note = { text, message: encode(text), signatures: lines.map((line, i) => parseLine(line, i + 1)) };
  if (printNote(note) !== all) throw new Malformed('note is not in its one form');
  return note;
}

export const printNote = (n: Note): string => `${n.text}\n${n.signatures.map(printLine).join('')}`;

function parseLine(line: string, number: number): Signature {
  const [, name, encoded] = /^\u2014 ([^ ]*) (.*)$/.exec(line) ?? [];
  if (name === undefined || encoded === undefined) throw new Malformed(`signature line ${number} is not "— <name> <base64>"`);
  checkName(name);
  const b = fromBase64(encoded, `signature line ${number}`);
  if (b.length < 5) throw new Malformed(`signature line ${number} has ${b.length} bytes, at least 5 are needed`);
  return { name, id: hex(b.subarray(0, 4)), bytes: b.slice(4) };
}

const printLine = (s: Signature): string => `\u2014 ${s.name} ${base64(concat(unhex(s.id), s.bytes))}\n`;

/** Whether the line is of the key: it has its name and its id. */
export const isOf = (s: Signature, k: Key): boolean => s.name === k.name && s.id === k.id;
