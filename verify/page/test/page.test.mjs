// The page as a file: what is committed is what the sources give, and it fetches nothing.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { page } from '../build.mjs';

const here = (path) => new URL(`../${path}`, import.meta.url);
const committed = readFileSync(here('verify.html'), 'utf8');

test('the committed page is what the sources give, to the byte, each time', async () => {
  const [once, again] = [await page(), await page()];
  assert.equal(once, again);
  assert.ok(committed === once, 'verify.html is not what npm run build makes: run it, and commit what it makes');
});

test('the page names nothing to fetch, and its policy allows no more than what is in it', () => {
  const csp = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(committed)[1];
  const hash = (tag) => `'sha256-${createHash('sha256').update(new RegExp(`<${tag}>([^]*)</${tag}>`).exec(committed)[1]).digest('base64')}'`;
  assert.deepEqual(csp.split('; '), [
    "default-src 'none'", `script-src ${hash('script')}`, `style-src ${hash('style')}`, "base-uri 'none'", "form-action 'none'",
    "require-trusted-types-for 'script'", 'trusted-types search', 'worker-src blob:',
  ]);
  const elements = committed.slice(0, committed.indexOf('<script>')).replace(/<style>[^]*<\/style>/, '');
  assert.doesNotMatch(elements, /\s(src|href|action|style|on\w+)=/i);
  assert.doesNotMatch(/<style>([^]*)<\/style>/.exec(committed)[1], /url\(|@import/);
  assert.doesNotMatch(/<script>([^]*)<\/script>/.exec(committed)[1], /\b(fetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|import\(|eval\(|new Function)/);
});

test('no source writes markup', () => {
  for (const file of readdirSync(here('src')).filter((f) => f.endsWith('.ts'))) {
    assert.doesNotMatch(readFileSync(here(`src/${file}`), 'utf8'), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment/, file);
  }
});

test('the lock file names no registry', () => {
  assert.doesNotMatch(readFileSync(here('package-lock.json'), 'utf8'), /"resolved"|https?:\/\/(?!(?:github\.com|opencollective\.com|tidelift\.com|paulmillr\.com|www\.patreon\.com)\b)/);
});

/** The colours of a scheme by name. */
const scheme = (css) => new Map([...css.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map(([, name, value]) => [name, value]));

/** WCAG 2.2: the ratio of the relative luminances. */
function contrast(a, b) {
  const luminance = (c) => {
    const [r, g, bl] = [1, 3, 5].map((i) => parseInt(c.slice(i, i + 2), 16) / 255).map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl;
  };
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

test('text has a contrast of 4.5 and more, and lines of 3, in light and dark', () => {
  const css = readFileSync(here('src/page.css'), 'utf8');
  const [light, dark] = css.split('prefers-color-scheme: dark').map(scheme);
  for (const colours of [light, dark]) {
    const of = (name) => colours.get(name);
    for (const [front, back] of [['ink', 'paper'], ['ink', 'plane'], ['soft', 'paper'], ['soft', 'plane'], ['yes', 'yes-plane'], ['no', 'no-plane'], ['open', 'open-plane'], ['ink', 'open-plane'], ['link', 'paper']]) {
      assert.ok(contrast(of(front), of(back)) >= 4.5, `${front} on ${back}: ${contrast(of(front), of(back))}`);
    }
    for (const [front, back] of [['line', 'paper'], ['line', 'plane'], ['link', 'plane']]) {
      assert.ok(contrast(of(front), of(back)) >= 3, `${front} on ${back}: ${contrast(of(front), of(back))}`);
    }
  }
});
