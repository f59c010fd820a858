// Strangers' strings among our own words. Each is isolated by U+2068 and U+2069, which
// none can hold itself, because what a reader would not see is written out: so a page
// finds them again (split), and nothing in them reorders the words around it.

import { isHidden } from './hidden.ts';

const open = '\u2068';
const close = '\u2069';

/** A stranger's character, or how it is written out. */
function visible(c: string): string {
  const code = c.codePointAt(0) ?? 0;
  return isHidden(code) ? `\\u{${code.toString(16)}}` : c;
}

/** A stranger's string, cut after so many characters, with what hides made visible. */
export function shown(s: string, limit = 200): string {
  let out = '';
  let n = 0;
  for (const c of s) {
    if (++n > limit) {
      out += '…';
      break;
    }
    out += visible(c);
  }
  return open + out + close;
}

/** A stranger's text of several lines, whole, to stand by itself. */
export const shownText = (text: string): string => [...text].map((c) => (c === '\n' || c === '\t' ? c : visible(c))).join('');

/** The same in quotation marks. */
export const quoted = (s: string, limit = 100): string => `"${shown(s, limit)}"`;

/** A sentence in its pieces, the strangers' ones marked. */
export function split(sentence: string): { text: string; strange: boolean }[] {
  return sentence
    .split(/\u2068([^\u2068\u2069]*)\u2069/)
    .map((text, i) => ({ text, strange: i % 2 === 1 }))
    .filter((piece) => piece.text !== '');
}

/** A sentence without the marks. */
export const plain = (sentence: string): string => split(sentence).map((piece) => piece.text).join('');
