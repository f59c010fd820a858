// The page in a real Chromium: from disk without a network and served, by drag and drop,
// by keyboard alone, narrow and wide, light and dark.
//
//   node test/browser/page.mjs [FOLDER for screenshots]
//
// CHROMIUM is the program, /usr/bin/chromium where it is not set.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { deflateSync, gzipSync } from 'node:zlib';

import { chromium } from 'playwright-core';
import encodeQR from 'qr';

import { bytes, folders, vector, vectorsOf } from '../files.mjs';
import { contract, document, dossier, inDossier, log, made, policy, statement, terms, vkey } from '../ledger.mjs';
import { bundle } from '../module.mjs';

const html = fileURLToPath(new URL('../../verify.html', import.meta.url));
const shots = resolve(process.argv[2] ?? mkdtempSync(join(tmpdir(), 'verify-page-shots-')));
const dir = mkdtempSync(join(tmpdir(), 'verify-page-files-'));
mkdirSync(shots, { recursive: true });

/** Nothing here takes longer in a browser that works. */
const patience = 30_000;

let browser;
let server;
const requested = [];

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  server = createServer((q, a) => {
    requested.push(q.url);
    a.writeHead(q.url === '/verify' ? 200 : 404, { 'Content-Type': 'text/html; charset=utf-8' });
    a.end(q.url === '/verify' ? readFileSync(html) : '');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
});

after(async () => {
  await browser?.close();
  server?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A page that fails the test where the browser complains, or asks for anything but the page, and what it has made itself. */
async function open(t, { url = pathToFileURL(html).href, offline = url.startsWith('file:'), ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const complaints = [];
  page.on('console', (m) => complaints.push(m.text()));
  page.on('pageerror', (e) => complaints.push(e.message));
  page.on('request', (r) => r.url() !== url && !r.url().startsWith('blob:') && complaints.push(`request of ${r.url()}`));
  t.after(() => assert.deepEqual(complaints, []));
  if (offline) await context.setOffline(true);
  await page.goto(url);
  return page;
}

/** Writes files, and returns their paths. */
function write(files) {
  return Object.entries(files).map(([name, data]) => {
    const path = join(dir, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, data);
    return path;
  });
}

/** Waits for the answer, and returns it. */
async function answerOf(page) {
  await page.waitForFunction(() => document.querySelector('#status').textContent.includes('under this heading'));
  const verdict = await page.locator('#headline').getAttribute('data-verdict');
  return { verdict, text: await page.locator('#result').innerText() };
}

async function give(page, files) {
  await page.evaluate(() => (document.querySelector('#status').textContent = ''));
  await page.locator('#files').setInputFiles(write(files));
  return answerOf(page);
}

const fixtures = (name) => {
  const v = vector(`receipt/${name}`);
  const documents = Object.fromEntries((v.documents ?? []).flatMap((d) => [[d.name, bytes(d, 'data')], ...(d.salt === undefined ? [] : [[`${d.name}.salt`, Buffer.from(d.salt, 'hex')]])]));
  return { 'ledger.policy': bytes(v, 'policy'), 'entry.tlog-proof': bytes(v, 'proof'), ...documents };
};

const salt = Buffer.alloc(32, 7);
const deal = contract(1, { title: 'Forty flow meters, \u05e9\u05dc\u05d5\u05dd', documents: [document('terms.md', 'terms', terms), document('meter.svg', 'drawing', '<svg/>', salt)] });
const delivery = statement(2, deal.id);
const dispute = statement(3, deal.id, 'dispute');
const ledger = log([deal, delivery, dispute]);
const witnesses = { 'w1.example': made + 5, 'w2.example': made + 9 };
const pumps = dossier({
  ...inDossier(deal, ledger.receipt(0, { witnesses }), ledger.receipt(0, { size: 1, witnesses })), ...inDossier(delivery, ledger.receipt(1, { witnesses })),
  ...inDossier(dispute, ledger.receipt(2, { witnesses })), [`documents/${deal.id}/terms.md`]: terms,
}, `${policy()}# <b>bold</b> \u202e\n`);
const whole = { 'pumps.chirograph': pumps, 'ledger.policy': policy('two'), 'meter.svg': '<svg/>', 'meter.svg.salt': salt };

for (const [where, url] of [['from disk without a network', () => pathToFileURL(html).href], ['served', () => `http://127.0.0.1:${server.address().port}/verify`]]) {
  test(`${where}: a dossier, a policy and a document at once are a yes`, async (t) => {
    const page = await open(t, { url: url() });
    const { verdict, text } = await give(page, whole);
    assert.equal(verdict, 'yes', text);
    for (const s of ['Yes: everything that was asked holds', 'the quorum two had seen it by 2026-05-28T20:26:49Z (w1, w2)', 'meter.svg (drawing)', `Dispute ${dispute.id} is open`]) assert.ok(text.includes(s), text);
    assert.equal(await page.locator('bdi', { hasText: 'Forty flow meters' }).count(), 1);
  });
}

test('served: the page asks the server for itself alone', () => assert.deepEqual([...new Set(requested)], ['/verify']));

for (const name of [
  'proof-cut', 'entry-absent', 'ledger-none', 'checkpoint-signature-flipped', 'quorum-fails', 'ml-dsa-fails', 'quorum-2-of-all', 'index-is-size', 'inclusion-flipped',
  'signatures-fails', 'signatures-too-few', 'documents-public-changed', 'documents-salt-changed',
]) {
  test(`forged, ${name}: a no`, async (t) => {
    const page = await open(t);
    const { verdict, text } = await give(page, fixtures(name));
    assert.equal(verdict, 'no', text);
    assert.ok(!text.includes('Yes: it is registered'));
  });
}

for (const name of ['contract', 'quorum-3-of-3', 'ml-dsa-64-witnesses', 'documents-all', 'two-logs']) {
  test(`genuine, ${name}: a yes`, async (t) => {
    const page = await open(t);
    const { verdict, text } = await give(page, fixtures(name));
    assert.equal(verdict, 'yes', text);
  });
}

test('without a policy nothing is judged, and the dossier\'s own is text to look at', async (t) => {
  const page = await open(t);
  const { verdict, text } = await give(page, { 'pumps.chirograph': pumps });
  assert.equal(verdict, 'unchecked');
  assert.ok(text.includes('there is no policy'));
  await page.locator('details.own summary').click();
  assert.ok((await page.locator('details.own pre').innerText()).includes('# <b>bold</b> \\u{202e}'));
  assert.equal(await page.locator('#result b').count(), 0);
  await page.screenshot({ path: join(shots, 'no-policy.png'), fullPage: true });
  const two = await give(page, { 'ledger.policy': policy('two') });
  assert.equal(two.verdict, 'yes');
});

test('files that are dropped anywhere are taken, and none is opened in place of the page', async (t) => {
  const page = await open(t);
  const files = Object.entries(whole).map(([name, data]) => [name, Buffer.from(data).toString('base64')]);
  const prevented = await page.evaluate((all) => {
    const data = new DataTransfer();
    for (const [name, text] of all) data.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name));
    const fire = (type) => !document.querySelector('footer').dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
    return [fire('dragover'), document.querySelector('#drop').className, fire('drop'), document.querySelector('#drop').className];
  }, files);
  assert.deepEqual(prevented, [true, 'over', true, '']);
  assert.equal((await answerOf(page)).verdict, 'yes');
  assert.equal(await page.locator('#list li').count(), 4);
});

test('another file of the same name, size and time is compared, too, and the same one is there once', async (t) => {
  const page = await open(t);
  await give(page, whole);
  const before = await page.locator('#list li').count();
  const drop = (text) => page.evaluate((content) => {
    document.querySelector('#status').textContent = '';
    const data = new DataTransfer();
    for (const c of content) data.items.add(new File([c], 'terms.md', { lastModified: 1 }));
    document.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  }, text);
  await drop([terms]);
  assert.equal((await answerOf(page)).verdict, 'yes');
  await drop([terms]); // it is there already
  await drop([terms.replace('T', 't')]);
  assert.equal((await answerOf(page)).verdict, 'no');
  assert.equal(await page.locator('#list li').count(), before + 2);
});

test('"Remove all" ends the search of a picture, and nothing of it is taken later', async (t) => {
  const page = await open(t);
  await page.evaluate(async () => {
    const { terminate } = Worker.prototype;
    Worker.prototype.terminate = function () {
      globalThis.searched = true;
      terminate.call(this);
    };
    const canvas = new OffscreenCanvas(8192, 4096);
    const c = canvas.getContext('2d');
    // Corners of codes that are none: a search that goes on to its end.
    for (let i = 0; i < 300; i++) {
      for (const [from, size, colour] of [[0, 7, '#000'], [1, 5, '#fff'], [2, 3, '#000']]) {
        c.fillStyle = colour;
        c.fillRect((i % 20) * 400 + from * 16, Math.floor(i / 20) * 250 + from * 16, size * 16, size * 16);
      }
    }
    const data = new DataTransfer();
    data.items.add(new File([await canvas.convertToBlob({ type: 'image/png' })], 'wall.png'));
    data.items.add(new File(['x'], 'after.txt'));
    document.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  });
  await page.waitForFunction(() => document.querySelector('#status').textContent === 'Reading…');
  await page.getByRole('button', { name: 'Remove all' }).click();
  await page.waitForFunction(() => document.querySelector('#status').textContent === 'No files.');
  await page.waitForFunction(() => globalThis.searched);
  assert.equal((await give(page, { 'notes.txt': 'x' })).verdict, 'unchecked');
  assert.deepEqual(await page.locator('#list li .name').allInnerTexts().then((all) => all.map((s) => s.split(' ')[0])), ['notes.txt']);
});

/** A PNG in black and white, as dark says of its pixels. */
function png(side, dark) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    crc.writeUInt32BE(gzipSync(body).subarray(-8).readUInt32LE()); // what gzip writes at its end
    return Buffer.concat([length, body, crc]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head[8] = 8; // bits, of grey
  const pixels = Buffer.alloc(side * (side + 1));
  for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) pixels[y * (side + 1) + 1 + x] = dark(x, y) ? 0 : 255;
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', head), chunk('IDAT', deflateSync(pixels)), chunk('IEND', Buffer.alloc(0))]);
}

/** A picture full of corners of codes, whose modules have so many pixels. */
const corners = (module) => png(4096, (x, y) => {
  const [i, j] = [x, y].map((at) => Math.floor(at / module) % 8);
  return i < 7 && j < 7 && Math.max(Math.abs(i - 3), Math.abs(j - 3)) !== 2;
});

/** A picture of a code with these octets. */
function picture(octets) {
  const grid = encodeQR(octets, 'raw', { ecc: 'medium', encoding: 'byte', border: 4, textEncoder: (s) => Uint8Array.from(s, (c) => c.charCodeAt(0)) });
  return png(grid.length * 4, (x, y) => grid[Math.floor(y / 4)][Math.floor(x / 4)]);
}

/** The longest that the page did not answer from now on, in milliseconds. */
const watched = (page) => page.evaluate(() => {
  globalThis.longest = 0;
  let before = performance.now();
  setInterval(() => {
    const now = performance.now();
    globalThis.longest = Math.max(globalThis.longest, now - before);
    before = now;
  }, 10);
});

for (const [how, worker] of [['in a worker, which is ended', true], ['where there is no worker, left out', false]]) {
  test(`a picture full of corners of codes is searched ${how}: the page answers meanwhile, and says that it was not read`, async (t) => {
    const page = await open(t);
    if (!worker) await page.evaluate(() => delete globalThis.Worker);
    await watched(page);
    const { verdict, text } = await give(page, { 'wall.png': corners(2), 'ledger.policy': policy() });
    assert.equal(verdict, 'unchecked');
    assert.ok(text.includes('wall.png is a picture in which no code of a receipt could be read'), text);
    const longest = await page.evaluate(() => globalThis.longest);
    t.diagnostic(`the page did not answer for ${Math.round(longest)} ms`);
    if (worker) assert.ok(longest < 1000, `the page did not answer for ${longest} ms`);
  });
}

test('a code is read where there is no worker, too', async (t) => {
  const page = await open(t);
  await page.evaluate(() => delete globalThis.Worker);
  const { text } = await give(page, { 'code.png': picture(`chirograph/qr/v1 1/2 0123456789abcdef\n${'x'.repeat(600)}`), 'ledger.policy': policy() });
  assert.ok(text.includes('a page or a picture in which one code or receipt was found'), text);
});

test('a folder is taken with its paths', async (t) => {
  const page = await open(t);
  write({ 'case/.DS_Store': 'x', 'case/pumps.chirograph': pumps, 'case/ledger.policy': policy('two'), 'case/meter.svg': '<svg/>', 'case/meter.svg.salt': salt });
  await page.locator('#folder').setInputFiles(join(dir, 'case'));
  assert.equal((await answerOf(page)).verdict, 'yes');
  assert.ok((await page.locator('#list').innerText()).includes('case/meter.svg'));
});

test('of a folder that is dropped, what cannot be read is left out and named, and the rest is taken', async (t) => {
  const page = await open(t);
  /** Drops a folder whose files have these contents, null for one that cannot be read. */
  const drop = (files, broken) => page.evaluate(([files, broken]) => {
    const fails = (_, no) => no(new DOMException('it is gone', 'NotFoundError'));
    const entry = ([name, content]) => ({
      name, isFile: true, isDirectory: false,
      file: content === null ? fails : (yes) => yes(new File([new Uint8Array(content)], name, { lastModified: 1 })),
    });
    const folder = (name, parts) => ({ name, isFile: false, isDirectory: true, createReader: () => ({ readEntries: (yes, no) => (parts.length > 0 ? parts.shift()(yes, no) : yes([])) }) });
    const data = new DataTransfer();
    data.items.add(new File([''], 'case'));
    DataTransferItem.prototype.webkitGetAsEntry = () => folder('case', [(yes) => yes(files.map(entry)), (yes) => yes(broken ? [folder('locked', [fails])] : [])]);
    document.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  }, [files.map(([name, data]) => [name, data === null ? null : [...Buffer.from(data)]]), broken]);
  const status = (text) => page.waitForFunction((s) => document.querySelector('#status').textContent === s, text);

  await drop([['gone.md', null]], true);
  await status('Could not be read, and left out: case/gone.md (it is gone), case/locked/ (it is gone).');
  assert.equal(await page.locator('#list li').count(), 0);
  await drop([['gone\u202e.md', null], ...Object.entries(whole), ['b', null], ['c', null], ['d', null], ['e', null], ['f', null]], true);
  await status('Could not be read, and left out: case/gone\\u{202e}.md (it is gone), case/b (it is gone), case/c (it is gone), case/d (it is gone), case/e (it is gone), and 2 more.');
  assert.equal(await page.locator('#headline').getAttribute('data-verdict'), 'yes');
  assert.equal(await page.locator('#list li').count(), Object.keys(whole).length);
  assert.ok(await page.locator('#status').isVisible());
  await drop(Object.entries(whole).concat([['late.md', null]]), false); // the rest is there already
  await status('Could not be read, and left out: case/late.md (it is gone).');
});

test('of more than 1000 files the rest is left out, and the page says so', async (t) => {
  const page = await open(t);
  const drop = (from, to) => page.evaluate(([a, b]) => {
    const data = new DataTransfer();
    for (let i = a; i < b; i++) data.items.add(new File(['x'], `${i}.txt`));
    document.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  }, [from, to]);
  // What was made at one time is the same file when it comes again.
  await page.evaluate(() => {
    const Real = File;
    globalThis.File = function (parts, name) { return new Real(parts, name, { lastModified: 1 }); };
  });
  await drop(0, 1000);
  await page.waitForFunction(() => document.querySelectorAll('#list li').length === 1000 && document.querySelector('#status').textContent.includes('under this heading'));
  await drop(999, 1001);
  await page.waitForFunction(() => document.querySelector('#status').textContent === 'Only 1000 files are taken at once; left out: 1.');
  assert.equal(await page.locator('#list li').count(), 1000);
});

/** The id, or the name, of what is in focus. */
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());

test('by keyboard alone: choose, change what a file is taken as, expect a key, remove', async (t) => {
  const page = await open(t);
  // The browser is told to hand over the dialog when somebody first listens, and that takes a while.
  const chosen = new Promise((choose) => page.on('filechooser', (chooser) => choose(chooser.setFiles(write({ ...whole, 'notes.txt': 'x' })))));
  await page.bringToFront();
  assert.ok(!(await page.locator('#idle').isVisible()));
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'choose-files');
  await page.keyboard.press('Enter');
  await chosen;
  assert.equal((await answerOf(page)).verdict, 'unchecked');
  const order = [];
  for (let i = 0; i < 14; i++) {
    order.push(await focused(page));
    await page.keyboard.press('Tab');
  }
  assert.deepEqual(order, [
    'choose-files', 'choose-folder', 'clear', ...[0, 1, 2, 3, 4].flatMap((i) => [`role-${i}`, `remove-${i}`]), 'Keys that you expect, and missing documents',
  ]);
  // The last file is none of the documents: it is taken as nothing.
  await page.locator('#role-4').focus();
  await page.keyboard.press('End');
  await page.waitForFunction(() => document.querySelector('#headline').dataset.verdict === 'yes');
  assert.equal(await focused(page), 'role-4');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'expected');
  await page.keyboard.type(`buyer=${vkey('bob.example')}`);
  await page.keyboard.press('Tab');
  await page.waitForFunction(() => document.querySelector('#headline').dataset.verdict === 'no');
  assert.equal(await focused(page), 'every');
  await page.locator('#remove-4').focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('#list li').length === 4 && document.activeElement.id === 'remove-3');
  await page.locator('#clear').focus();
  await page.keyboard.press('Space');
  await page.waitForFunction(() => document.activeElement.id === 'choose-files' && document.querySelector('#result').hidden);
});

test('a reader of the screen is told what each control is, and what came out', async (t) => {
  const page = await open(t);
  await give(page, whole);
  const tree = await page.locator('body').ariaSnapshot();
  writeFileSync(join(shots, 'aria.txt'), tree);
  for (const s of ['button "Choose files…"', 'button "Remove ledger.policy"', 'combobox', 'status', 'heading "Yes: everything that was asked holds" [level=2]', 'columnheader "Signed"', 'list "Files that are checked"']) {
    assert.ok(tree.includes(s), `${s}\n${tree}`);
  }
  const nameless = await page.evaluate(() => [...document.querySelectorAll('button, select, textarea, input:not([hidden])')].filter((e) => !(e.labels?.length || e.textContent.trim())).map((e) => e.outerHTML));
  assert.deepEqual(nameless, []);
  assert.match(await page.locator('#status').textContent(), /^Yes: everything that was asked holds\./);
});

test('receipts that contradict each other are saved as evidence, which the page judges', async (t) => {
  const page = await open(t);
  const other = log([deal, dispute, delivery]);
  const { verdict } = await give(page, { 'a.tlog-proof': ledger.receipt(1), 'b.tlog-proof': other.receipt(1), 'ledger.policy': policy() });
  assert.equal(verdict, 'no');
  await page.screenshot({ path: join(shots, 'fork.png'), fullPage: true });
  const saved = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Save the evidence' }).click();
  const path = join(dir, 'saved.txt');
  await (await saved).saveAs(path);
  await page.locator('#clear').click();
  const judged = await give(page, { 'saved.txt': readFileSync(path), 'ledger.policy': policy() });
  assert.equal(judged.verdict, 'yes');
  assert.ok(judged.text.includes('the evidence holds, the ledger broke its word'), judged.text);
});

test('of many records those out of sight are laid out when they come into it', async (t) => {
  const page = await open(t);
  const records = [deal, ...Array.from({ length: 59 }, (_, i) => statement(100 + i, deal.id))];
  const many = log(records);
  const { verdict } = await give(page, { 'many.chirograph': dossier(Object.assign({}, ...records.map((r, i) => inDossier(r, many.receipt(i))))), 'ledger.policy': policy() });
  assert.equal(verdict, 'yes');
  const last = page.locator('.block').nth(59);
  const seen = () => last.evaluate((e) => [e.textContent.includes('statement'), e.innerText.includes('statement')]);
  assert.deepEqual(await seen(), [true, false]);
  await last.scrollIntoViewIfNeeded();
  await page.waitForFunction(() => document.querySelectorAll('.block')[59].innerText.includes('statement'));
  assert.deepEqual(await seen(), [true, true]);
});

test('names that are markup stay names', async (t) => {
  const page = await open(t);
  const name = '<img src=x onerror=alert(1)>';
  const hostile = policy('two').replace(/ w1(?=[ \n])/g, ' <script>alert(1)</script>');
  const { verdict, text } = await give(page, { [`${name}.tlog-proof`]: ledger.receipt(0, { witnesses }), 'ledger.policy': hostile });
  assert.equal(verdict, 'yes', text);
  assert.ok(text.includes(name) && text.includes('<script>alert(1)</script>'));
  assert.equal(await page.locator('img, #result script, #list script').count(), 0);
});

test('the browser lets nothing in and nothing out', async (t) => {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  const url = `http://127.0.0.1:${server.address().port}/verify`;
  await page.goto(url);
  const before = requested.length;
  const did = await page.evaluate(async (to) => {
    const attempt = async (f) => {
      try {
        return await f();
      } catch {
        return 'refused';
      }
    };
    const load = (e) => new Promise((done) => {
      e.onload = () => done('loaded');
      e.onerror = () => done('refused');
      document.body.append(e);
    });
    // A text node is no sink of trusted types: only the hash of the script keeps it out.
    const script = document.createElement('script');
    await attempt(() => (script.append('globalThis.ran = "ran"'), document.body.append(script)));
    const work = (address) => new Promise((done) => {
      const worker = new Worker(address);
      worker.onmessage = (e) => done(e.data);
      worker.onerror = () => done('refused');
    });
    const text = `const attempt = async (f) => { try { return await f(); } catch { return 'refused'; } };
      const tried = [() => fetch(${JSON.stringify(to)}).then(() => 'fetched'), () => (importScripts(${JSON.stringify(to)}), 'imported'), () => new Function('return "ran"')()];
      Promise.all(tried.map(attempt)).then((did) => postMessage(did.join(' ')));`;
    const blob = URL.createObjectURL(new Blob([text]));
    const trusted = (s) => (globalThis.own ??= trustedTypes.createPolicy('search', { createScriptURL: (u) => u })).createScriptURL(s);
    return {
      worker: await attempt(() => work(blob)),
      served: await attempt(() => work(trusted(to))),
      within: await attempt(() => work(trusted(blob))),
      another: await attempt(() => (trustedTypes.createPolicy('search', {}), 'made')),
      fetch: await attempt(() => fetch(to).then(() => 'fetched')),
      image: await attempt(() => load(Object.assign(new Image(), { src: to }))),
      markup: await attempt(() => ((document.createElement('div').innerHTML = '<b>x</b>'), 'written')),
      code: await attempt(() => new Function('return "ran"')()),
      script: globalThis.ran ?? 'refused',
    };
  }, url);
  assert.deepEqual(did, {
    worker: 'refused', served: 'refused', within: 'refused refused refused', another: 'refused', fetch: 'refused', image: 'refused', markup: 'refused', code: 'refused', script: 'refused',
  });
  assert.equal(requested.length, before);
});

test('without scripts the page says so', async (t) => {
  const page = await open(t, { javaScriptEnabled: false });
  assert.ok(await page.getByText('scripts are switched off').isVisible());
  assert.ok(!(await page.locator('#give').isVisible()));
  await page.screenshot({ path: join(shots, 'no-script.png'), fullPage: true });
});

for (const width of [360, 1200]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`${width} wide, ${colorScheme}: nothing is wider than the window`, async (t) => {
      const page = await open(t, { viewport: { width, height: 800 }, colorScheme });
      const shot = async (name) => {
        assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, name);
        await page.screenshot({ path: join(shots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      };
      await shot('empty');
      await give(page, whole);
      await shot('yes');
      await page.locator('#clear').click();
      await give(page, fixtures('quorum-1-of-3'));
      await shot('no');
      await page.locator('#clear').click();
      await give(page, { 'delivery.tlog-proof': ledger.receipt(1), 'ledger.policy': policy() });
      await shot('unchecked');
      await page.locator('#clear').click();
      const fork = vector('evidence/fork-entries-smaller-first');
      await give(page, { 'e.txt': bytes(fork, 'evidence'), 'ledger.policy': bytes(fork, 'policy') });
      await shot('evidence');
    });
  }
}

test('every vector is judged in this browser as it is to be', async (t) => {
  const page = await (await browser.newContext()).newPage();
  await page.goto('about:blank');
  await page.evaluate(`${await bundle('iife')}; globalThis.bundle = bundle;`);
  let passed = 0;
  for (const name of folders) {
    const vectors = vectorsOf(name).map(([, v]) => v);
    for (let i = 0; i < vectors.length; i += 100) {
      const some = vectors.slice(i, i + 100);
      const got = await page.evaluate(async ([n, all]) => {
        const out = [];
        for (const v of all) out.push(await globalThis.bundle.outcome(n, v));
        return out;
      }, [name, some]);
      for (const [k, v] of some.entries()) {
        assert.equal(got[k].want, v.want, `${name}: ${v.comment}`);
        const { comment, want, ...rest } = v;
        for (const [member, value] of Object.entries(got[k].values)) assert.deepEqual(value, rest[member], `${name}: ${comment} ${want}`);
        passed++;
      }
    }
  }
  t.diagnostic(`${passed} passed in ${browser.version()}`);
});

console.log(`screenshots: ${shots}`);
