// The pages of a ledger in a real Chromium: a chirographd that runs, filled by chirograph,
// narrow and wide, light and dark, by keyboard alone.
//
//   node test/browser/ledger.mjs [FOLDER for screenshots]
//
// CHROMIUM is the browser, /usr/bin/chromium where it is not set. The programs are built,
// or taken from the folder PROGRAMS.

import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { chromium } from 'playwright-core';

const module = fileURLToPath(new URL('../../../..', import.meta.url));
const shots = resolve(process.argv[2] ?? mkdtempSync(join(tmpdir(), 'ledger-page-shots-')));
const dir = mkdtempSync(join(tmpdir(), 'ledger-pages-'));
mkdirSync(shots, { recursive: true });

/** Nothing here takes longer in a browser that works. */
const patience = 30_000;

let programs = process.env.PROGRAMS;
let browser;
let server;
let url;
const ids = {};

/** Runs a program in the folder of the parties, and returns what it prints. */
async function run(program, ...args) {
  const env = { ...process.env, CHIROGRAPH_HOME: join(dir, 'home') };
  const { stdout, stderr } = await promisify(execFile)(join(programs, program), args, { cwd: dir, env });
  return stdout + stderr;
}

const chirograph = (...args) => run('chirograph', ...args);
const drawnUp = (printed) => printed.match(/contract ([0-9a-f]{64})/)[1];

/** A contract of three, two that belong to it, one that takes its place, a dispute, an end, a key that is gone. */
async function fill() {
  const files = {
    'terms.md': 'Twelve stairs of oak, drawn by the designer, made by the carpenter.\n',
    'stairs.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>\n',
    'rates.md': 'By the hour.\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  for (const name of ['anna@studio.example', 'carpentry.example', 'carpentry.example/spare', 'buyer.example', 'lost.example']) {
    await chirograph('key', 'new', name, '--out', `${name.replace('/', '-')}.key`, '--no-passphrase');
  }
  await chirograph('policy', url, '-o', 'ledger.policy');
  const [anna, carpenter, spare, buyer, lost] = ['anna@studio.example', 'carpentry.example', 'carpentry.example-spare', 'buyer.example', 'lost.example'].map((n) => `${n}.key`);
  const parties = ['--party', `designer=${anna}.pub`, '--party', `manufacturer=1:${carpenter}.pub,${spare}.pub`, '--party', `buyer=${buyer}.pub`];
  const register = async (file, ...keys) => {
    for (const key of keys) await chirograph('sign', file, '--key', key, '--yes');
    return chirograph('submit', file);
  };
  const draw = async (name, file, ...args) => {
    ids[name] = drawnUp(await chirograph('new', '--ledger', url, ...args, '-o', file));
  };
  await draw('frame', 'frame.chirograph', '--title', 'Frame: joinery for the house on the hill', ...parties, 'rates.md');
  await register('frame.chirograph', anna, carpenter, buyer);
  await draw('stairs', 'stairs.chirograph', '--title', 'Twelve oak stairs, “\u05de\u05d3\u05e8\u05d2\u05d5\u05ea” & <rail>', ...parties, '--until', '2031-12-31', '--terminable', 'buyer:30', '--under', 'frame.chirograph', '--public', 'terms.md', 'drawing=stairs.svg');
  await register('stairs.chirograph', anna, carpenter, buyer);
  await chirograph('declare', 'stairs.chirograph', '--about', 'delivery', '--by', 'manufacturer', 'rates.md');
  await register('stairs.chirograph', carpenter);
  await chirograph('declare', 'stairs.chirograph', '--about', 'dispute', '--by', 'buyer');
  await register('stairs.chirograph', buyer);
  await draw('sub', 'sub.chirograph', '--party', `manufacturer=${carpenter}.pub`, '--party', `supplier=${lost}.pub`, '--under', 'stairs.chirograph', 'terms.md');
  await register('sub.chirograph', carpenter, lost);
  ids.amended = drawnUp(await chirograph('amend', 'stairs.chirograph', '--title', 'Fourteen oak stairs', '--until', '2032-12-31', '--from', '2031-01-01', '-o', 'more.chirograph'));
  await register('more.chirograph', anna, carpenter, buyer);
  await chirograph('terminate', 'sub.chirograph', '--by', 'manufacturer,supplier');
  await register('sub.chirograph', carpenter, lost);
  await chirograph('key', 'revoke', '--ledger', url, '--reason', 'lost', '-o', 'gone.txt', lost);
  await chirograph('submit', 'gone.txt', '--policy', 'ledger.policy');
  for (let i = 0; i < 66; i++) {
    await draw('last', `small-${i}.chirograph`, '--title', `Small repair ${i + 1}`, '--party', `manufacturer=${carpenter}.pub`, '--party', `buyer=${buyer}.pub`, 'rates.md');
    await register(`small-${i}.chirograph`, carpenter, buyer);
  }
}

const get = async (path, accept) => (await fetch(url + path, { headers: accept ? { Accept: accept } : {} })).json();

before(async () => {
  if (programs === undefined) {
    programs = join(dir, 'bin');
    mkdirSync(programs);
    execFileSync('go', ['build', '-o', programs, './cmd/chirograph', './cmd/chirographd', './cmd/chirograph-verify'], { cwd: module, stdio: 'inherit' });
  }
  await run('chirographd', 'init', '--dir', 'ledger', '--origin', 'ledger.example/stairs', '--ml-dsa', '--guard', join(dir, 'guard'));
  server = spawn(join(programs, 'chirographd'), ['serve', '--dir', 'ledger', '--guard', join(dir, 'guard'), '--listen', '127.0.0.1:0'], { cwd: dir, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface(server.stdout)) {
    url = line.match(/http:\/\/[0-9.:]+/)?.[0];
    if (url !== undefined) break;
  }
  await fill();
  const stairs = await get(`/contracts/${ids.stairs}`);
  ids.carpenter = stairs.parties[1].keys[0].key;
  ids.lost = (await get(`/contracts/${ids.sub}`)).parties[1].keys[0].key;
  ids.delivery = stairs.timeline[0].id;
  const log = await get('/log.json');
  ids.revocation = (await get(`/log.json?before=${log.next + 10}`)).entries.find((e) => e.kind === 'revocation').id;
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
}, { timeout: 240_000 });

after(async () => {
  await browser?.close();
  if (server?.exitCode === null) {
    server.kill('SIGTERM');
    await new Promise((done) => server.once('exit', done));
  }
  rmSync(dir, { recursive: true, force: true });
});

/** The pages, by the name of their screenshots: path, and the heading. */
const pages = () => ({
  home: ['/', 'ledger.example/stairs'],
  contract: [`/contracts/${ids.stairs}`, 'Twelve oak stairs, “\u05de\u05d3\u05e8\u05d2\u05d5\u05ea” & <rail>'],
  frame: [`/contracts/${ids.frame}`, 'Frame: joinery for the house on the hill'],
  ended: [`/contracts/${ids.sub}`, 'Contract without a title'],
  pending: [`/contracts/${ids.amended}`, 'Fourteen oak stairs'],
  record: [`/records/${ids.stairs}`, 'Twelve oak stairs, “\u05de\u05d3\u05e8\u05d2\u05d5\u05ea” & <rail>'],
  statement: [`/records/${ids.delivery}`, 'Statement: delivery'],
  revocation: [`/records/${ids.revocation}`, 'Revocation of the key lost.example'],
  key: [`/keys/${ids.carpenter}`, /^SHA256:/],
  revoked: [`/keys/${ids.lost}`, /^SHA256:/],
  log: ['/log', 'The log'],
  older: ['/log?before=9', 'The log'],
  search: ['/search', 'Search'],
  named: ['/search?q=carpentry', 'Search'],
  nothing: ['/search?q=nobody%E2%80%AE', 'Search'],
  missing: ['/records/0', 'Not Found'],
});

/** Those that have what others do not, so that they are looked at in the dark, too. */
const inTheDark = ['home', 'contract', 'record', 'revoked', 'search', 'missing'];

/** A page that fails the test where the browser complains, or asks another server. */
async function open(t, path, options = {}, complains = []) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const complaints = [];
  page.on('console', (m) => complaints.push(m.text()));
  page.on('pageerror', (e) => complaints.push(e.message));
  page.on('request', (r) => r.url().startsWith(`${url}/`) || complaints.push(`request of ${r.url()}`));
  t.after(() => assert.deepEqual(complaints.filter((c) => !complains.some((known) => c.includes(known))), []));
  await page.goto(url + path);
  return page;
}

for (const width of [360, 720, 1200]) {
  for (const colorScheme of width === 720 ? ['light'] : ['light', 'dark']) {
    test(`${width} wide, ${colorScheme}: pages are whole, named, and no wider than the window`, { timeout: 120_000 }, async (t) => {
      for (const [name, [path, heading]] of Object.entries(pages())) {
        if (colorScheme === 'dark' && !inTheDark.includes(name)) continue;
        const page = await open(t, path, { viewport: { width, height: 800 }, colorScheme }, name === 'missing' ? ['404'] : []);
        assert.equal(await page.locator('h1').count(), 1, name);
        const h1 = await page.locator('h1').innerText();
        assert.ok(heading instanceof RegExp ? heading.test(h1) : h1 === heading, `${name}: ${h1}`);
        const seen = await page.evaluate(() => {
          const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map((h) => Number(h.tagName[1]));
          return {
            wide: document.documentElement.scrollWidth,
            landmarks: ['header', 'nav', 'main', 'footer'].map((s) => document.querySelectorAll(s).length),
            skips: levels.some((l, i) => i > 0 && l > levels[i - 1] + 1),
            nameless: [...document.querySelectorAll('a, button, input, section, nav')].filter((e) => !(e.textContent.trim() || e.labels?.length)).map((e) => e.outerHTML),
            unlabelled: [...document.querySelectorAll('section[aria-labelledby]')].filter((s) => !document.getElementById(s.getAttribute('aria-labelledby'))).length,
            scopeless: document.querySelectorAll('th:not([scope])').length,
            twice: [...document.querySelectorAll('[id]')].length - new Set([...document.querySelectorAll('[id]')].map((e) => e.id)).size,
            scripts: document.scripts.length,
            lang: document.documentElement.lang,
            small: [...document.querySelectorAll('nav a, button, .button, input')].filter((e) => e.getBoundingClientRect().height < 32).map((e) => e.outerHTML),
          };
        });
        assert.ok(seen.wide <= width, `${name}: ${seen.wide} wide`);
        delete seen.wide;
        assert.deepEqual(seen, { landmarks: [1, 1, 1, 1], skips: false, nameless: [], unlabelled: 0, scopeless: 0, twice: 0, scripts: 0, lang: 'en', small: [] }, name);
        await page.screenshot({ path: join(shots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
        if (width === 360 && colorScheme === 'light') writeFileSync(join(shots, `${name}.aria.txt`), `${await page.locator('body').ariaSnapshot()}\n`);
      }
    });
  }
}

test('colours can be told apart, in the light and in the dark', async (t) => {
  for (const colorScheme of ['light', 'dark']) {
    const page = await open(t, `/contracts/${ids.stairs}`, { colorScheme });
    const weak = await page.evaluate(() => {
      const rgb = (c) => c.match(/[0-9.]+/g).map(Number);
      const light = (c) => {
        const [r, g, b] = rgb(c).slice(0, 3).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ground = (e) => {
        for (; e; e = e.parentElement) {
          const c = getComputedStyle(e).backgroundColor;
          if (rgb(c)[3] !== 0) return c;
        }
        return getComputedStyle(document.documentElement).backgroundColor;
      };
      const out = [];
      for (const e of document.querySelectorAll('body *')) {
        if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || e.closest('svg')) continue;
        const [a, b] = [light(getComputedStyle(e).color), light(ground(e))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < 4.5) out.push(`${contrast.toFixed(1)}: ${e.outerHTML.slice(0, 200)}`);
      }
      return out;
    });
    assert.deepEqual(weak, [], colorScheme);
  }
});

test('by the keyboard alone: to the search, to what it finds, and on', async (t) => {
  const page = await open(t, '/');
  const press = async (until, limit = 60) => {
    for (let i = 0; i < limit; i++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate((s) => document.activeElement.matches(s), until)) return;
    }
    assert.fail(`no Tab leads to ${until}`);
  };
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
  await page.screenshot({ path: join(shots, 'skip.png') });
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await press('#q');
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, 'solid');
  await page.keyboard.type('carpentry');
  await page.keyboard.press('Enter');
  await page.waitForURL(`${url}/search?q=carpentry`);
  assert.deepEqual(await page.locator('tbody th').allInnerTexts(), ['carpentry.example']);
  await press('#q');
  assert.equal(await page.locator('#q').inputValue(), 'carpentry');
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type(`  ${ids.stairs.toUpperCase()} `);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${url}/contracts/${ids.stairs}`);
  await press('a[href*="records/"]:not([download])');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/records\//);
  assert.equal(await page.locator('pre').count(), 1);
  await press('a[href*="keys/"]');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/keys\//);
  await press('main table a');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/(contracts|records)\//);
});

test('the text on the page of a record is the text that was signed', async (t) => {
  for (const id of [ids.stairs, ids.delivery, ids.revocation]) {
    const page = await open(t, `/records/${id}`);
    const raw = await (await fetch(`${url}/records/${id}`)).text();
    assert.equal(await page.locator('pre').textContent(), raw.slice(0, raw.lastIndexOf('\n\n') + 1));
  }
});

test('the log is read to its first entry, and the receipt is saved and holds', async (t) => {
  const page = await open(t, '/log');
  const rows = () => page.locator('main section').first().locator('tbody tr').count();
  assert.equal(await rows(), 64);
  await page.getByRole('link', { name: 'Older entries' }).click();
  assert.equal(await rows(), 10);
  assert.equal(await page.getByRole('link', { name: 'Older entries' }).count(), 0);
  await page.getByRole('link', { name: 'Frame: joinery' }).click();
  const saved = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download the receipt' }).click();
  const path = join(dir, 'saved.tlog-proof');
  await (await saved).saveAs(path);
  const printed = await run('chirograph-verify', 'receipt', '--policy', 'ledger.policy', path);
  assert.match(printed, /Frame: joinery for the house on the hill/);
});

test('feeds are named in the page, and are XML', async (t) => {
  for (const path of ['/', `/contracts/${ids.stairs}`, `/keys/${ids.carpenter}`]) {
    const page = await open(t, path);
    const feeds = await page.locator('link[type="application/atom+xml"]').evaluateAll((list) => list.map((l) => l.href));
    assert.equal(feeds.length, path === '/' ? 1 : 2);
    for (const feed of feeds) {
      const answer = await fetch(feed);
      assert.equal(answer.headers.get('content-type'), 'application/atom+xml; charset=utf-8');
      const parsed = await page.evaluate((text) => {
        const doc = new DOMParser().parseFromString(text, 'application/xml');
        return { error: doc.querySelector('parsererror')?.textContent, root: doc.documentElement.localName, entries: doc.querySelectorAll('entry').length, ids: new Set([...doc.querySelectorAll('entry > id')].map((e) => e.textContent)).size };
      }, await answer.text());
      assert.ok(parsed.error === undefined && parsed.root === 'feed' && parsed.entries > 0 && parsed.entries === parsed.ids && parsed.entries <= 64, JSON.stringify(parsed));
    }
  }
});

test('the verifier is served, and says yes to a receipt of this ledger', async (t) => {
  const page = await open(t, '/verify');
  const receipt = Buffer.from(await (await fetch(`${url}/records/${ids.frame}/receipt`)).arrayBuffer());
  const policy = Buffer.from(await (await fetch(`${url}/policy`)).arrayBuffer());
  writeFileSync(join(dir, 'x.tlog-proof'), receipt);
  writeFileSync(join(dir, 'x.policy'), policy);
  await page.locator('#files').setInputFiles([join(dir, 'x.tlog-proof'), join(dir, 'x.policy')]);
  await page.waitForFunction(() => document.querySelector('#status').textContent.includes('under this heading'));
  assert.equal(await page.locator('#headline').getAttribute('data-verdict'), 'yes');
});

console.log(`screenshots: ${shots}`);
