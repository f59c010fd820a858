// A question to the page, of files by path.

import { api } from './module.mjs';
import { made } from './ledger.mjs';

const pace = async () => {};

/** The files as the page takes them, but for those whose role is said. */
export const given = (files, roles = {}) =>
  Promise.all(Object.entries(files).map(async ([path, data]) => {
    const g = { path, source: api.fromBytes(typeof data === 'string' ? api.encode(data) : new Uint8Array(data)) };
    return { ...g, role: roles[path] ?? (await api.recognise(g)) };
  }));

export async function ask(files, { roles = {}, expected = '', everyDocument = false, now = made } = {}) {
  const answer = await api.verify({ files: await given(files, roles), expected, everyDocument, now }, pace);
  const words = api.say(answer);
  return { ...answer, words, text: api.print(words), of: (path) => answer.files.find((f) => f.path === path) };
}
