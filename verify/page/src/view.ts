// Words as elements. Strangers' strings come in as text alone, each isolated in a bdi.

import { shownText, split } from './shown.ts';
import { type Block, type List, type Section, signedWord, type Words } from './words.ts';

type Child = Node | string;

/** An element with these children; strings among them are our words with strangers' marked. */
export function element<K extends keyof HTMLElementTagNameMap>(tag: K, className: string, ...children: Child[]): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  if (className !== '') e.className = className;
  e.append(...children.flatMap((c) => (typeof c === 'string' ? sentence(c) : [c])));
  return e;
}

/** A sentence as text, and a bdi for each of the strangers' strings in it. */
function sentence(s: string): Node[] {
  return split(s).map(({ text, strange }) => {
    if (!strange) return document.createTextNode(text);
    const e = document.createElement('bdi');
    e.textContent = text;
    return e;
  });
}

const paragraph = (s: string): HTMLElement => element('p', '', s);

function list({ title, sentences }: List, level: 'h3' | 'h5'): HTMLElement[] {
  if (sentences.length === 0) return [];
  return [element(level, '', title), element('ul', '', ...sentences.map((s) => element('li', '', s)))];
}

/** Everything below the headline; more comes after what is said of all files. */
export function view(w: Words, more: readonly HTMLElement[]): HTMLElement[] {
  const trust = w.trust === undefined ? [] : [element('section', 'trust', ...list(w.trust, 'h3'))];
  return [...w.lines.map(paragraph), ...more, ...w.sections.map(section), ...trust];
}

function section(s: Section): HTMLElement {
  const badge = element('span', 'badge', s.answer);
  badge.dataset['tone'] = s.tone;
  const all = element('article', 'file', element('header', '', element('h3', '', s.title), badge), ...s.blocks.map(block));
  if (s.ownPolicy !== undefined) all.append(ownPolicy(s.ownPolicy));
  return all;
}

function block(b: Block): HTMLElement {
  return element(
    'div', 'block',
    ...(b.heading === '' ? [] : [element('h4', '', b.heading)]),
    ...(b.name === '' ? [] : [element('p', 'title', b.name)]),
    ...b.lines.map(paragraph),
    ...(b.parties.length === 0 ? [] : [parties(b)]),
    ...b.lists.flatMap((l) => list(l, 'h5')),
  );
}

function parties(b: Block): HTMLElement {
  const heads = ['Who', 'Signed', 'Key', 'Name of the key, as the record claims'].map((h) => {
    const th = element('th', '', h);
    th.scope = 'col';
    return th;
  });
  const rows = b.parties.flatMap((p) =>
    p.keys.map((k) => {
      const who = element('th', '', p.name);
      who.scope = 'row';
      const name = element('td', 'claimed', element('bdi', '', k.name));
      return element('tr', k.signed ? '' : 'unsigned', who, element('td', '', signedWord(k.signed)), element('td', 'mono', k.fingerprint), name);
    }),
  );
  return element('table', 'parties', element('thead', '', element('tr', '', ...heads)), element('tbody', '', ...rows));
}

/** The policy in a dossier, to be looked at and compared with one that is trusted. */
function ownPolicy(text: string): HTMLElement {
  const pre = element('pre', '');
  pre.textContent = shownText(text);
  pre.dir = 'ltr';
  return element(
    'details', 'own',
    element('summary', '', 'The policy in this dossier, which was not used'),
    paragraph('It says where the tools submit. Whoever made the dossier wrote it, so it proves nothing. It is here only to be looked at.'),
    pre,
  );
}
