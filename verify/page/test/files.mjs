// The vectors as files.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../../../', import.meta.url));

const root = `${repository}testvectors/`;

/** The classes: every folder but that of others' vectors. */
export const folders = readdirSync(root).filter((name) => statSync(root + name).isDirectory() && name !== 'peers').sort();

export const vector = (path) => JSON.parse(readFileSync(`${root}${path}.json`, 'utf8'));

/** The vectors of a class with the names of their files. */
export const vectorsOf = (name) =>
  readdirSync(root + name).filter((f) => f.endsWith('.json')).map((f) => [f, JSON.parse(readFileSync(`${root}${name}/${f}`, 'utf8'))]);

/** The bytes of an input of a vector. */
export const bytes = (v, name) =>
  new Uint8Array(typeof v[name] === 'string' ? Buffer.from(v[name], 'utf8') : Buffer.from(v[`${name}_base64`], 'base64'));

export const peer = (path) => JSON.parse(readFileSync(`${root}peers/${path}`, 'utf8'));
