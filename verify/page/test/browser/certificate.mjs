// Certificates that chirograph prints, and the page that reads them back, in a real
// Chromium: from the file, and from pictures as somebody would take them.
//
//   node test/browser/certificate.mjs [FOLDER for screenshots]
//
// It builds chirograph, so it needs Go. CHROMIUM is the browser, /usr/bin/chromium where it
// is not set.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { inflateSync } from 'node:zlib';

import { chromium } from 'playwright-core';

import { repository } from '../files.mjs';
import { api } from '../module.mjs';
import { contract, document, dossier, inDossier, log, made, policy, statement, terms } from '../ledger.mjs';

const shots = resolve(process.argv[2] ?? mkdtempSync(join(tmpdir(), 'certificate-shots-')));
const dir = mkdtempSync(join(tmpdir(), 'certificate-files-'));
mkdirSync(shots, { recursive: true });
const program = join(dir, 'chirograph');

/** Nothing here takes longer in a browser that works. */
const patience = 60_000;

const witnesses = { 'w1.example': made + 5, 'w2.example': made + 9 };
const salt = Buffer.alloc(32, 7);
const deal = contract(1, { title: 'Forty flow meters, \u05e9\u05dc\u05d5\u05dd <b>', documents: [document('terms.md', 'terms', terms), document('meter.svg', 'drawing', '<svg/>', salt)], names: ['ann.example', 'dan.example'] });
const delivery = statement(2, deal.id);
const many = contract(3, { title: 'x'.repeat(200), documents: Array.from({ length: 64 }, (_, i) => document(`${'a-long-name-of-a-document '.repeat(2)}${i}.md`, i === 0 ? 'terms' : 'attachment', `${i}`, salt)) });
const ledger = log([deal, delivery, many]);
const receipt = ledger.receipt(0, { witnesses });

let browser;

/** Makes the certificate of a dossier, and returns its path. */
function certify(name, files, ending) {
  const [from, to, trusted] = [`${name}.chirograph`, `${name}.${ending}`, 'ledger.policy'].map((n) => join(dir, n));
  writeFileSync(from, dossier(files));
  writeFileSync(trusted, policy('two'));
  rmSync(to, { force: true });
  execFileSync(program, ['certificate', from, '--policy', trusted, '-o', to], { stdio: 'pipe' });
  return to;
}

const small = (ending) => certify('pumps', { ...inDossier(deal, receipt), ...inDossier(delivery, ledger.receipt(1, { witnesses })), [`documents/${deal.id}/terms.md`]: terms }, ending);
const large = (ending) => certify('many', inDossier(many, ledger.receipt(2, { witnesses })), ending);

before(async () => {
  execFileSync('go', ['build', '-o', program, './cmd/chirograph'], { cwd: repository, stdio: 'inherit' });
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
});

after(async () => {
  await browser?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A page that fails the test where the browser complains, or asks for anything but the page. */
async function open(t, path, options = {}) {
  const url = pathToFileURL(path).href;
  const context = await browser.newContext({ viewport: { width: 794, height: 1123 }, ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const complaints = [];
  page.on('console', (m) => complaints.push(m.text()));
  page.on('pageerror', (e) => complaints.push(e.message));
  page.on('request', (r) => r.url() !== url && !/^(data|blob):/.test(r.url()) && complaints.push(`request of ${r.url()}`));
  t.after(() => assert.deepEqual(complaints, []));
  await context.setOffline(true);
  await page.goto(url);
  return page;
}

/** Gives files to the verifier page, beside what it has, and returns its answer. */
async function give(page, files) {
  const paths = Object.entries(files).map(([name, data]) => {
    writeFileSync(join(dir, name), data);
    return join(dir, name);
  });
  await page.evaluate(() => (document.querySelector('#status').textContent = ''));
  await page.locator('#files').setInputFiles(paths);
  await page.waitForFunction(() => document.querySelector('#status').textContent.includes('under this heading'));
  return { verdict: await page.locator('#headline').getAttribute('data-verdict'), text: await page.locator('#result').innerText() };
}

const verifier = (t) => open(t, join(repository, 'verify/page/verify.html'));
const trusted = { 'ledger.policy': policy('two') };

/** Pictures of the sheets with codes, as high as a page of A4. */
async function sheets(t, path, deviceScaleFactor) {
  const page = await open(t, path, { deviceScaleFactor });
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  const { y, height } = await page.locator('.grid').boundingBox();
  const all = [];
  for (let top = y - 60; top < y + height; top += 980) all.push(await page.screenshot({ fullPage: true, clip: { x: 0, y: top, width: 794, height: Math.min(1123, y + height + 40 - top) } }));
  return all;
}

/** The picture as somebody takes it: turned by degrees, pale, as JPEG of that quality. */
async function photographed(t, png, { degrees, quality, pale = 1 }) {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  const jpeg = await page.evaluate(async ([data, turn, q, contrast]) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
    const [sin, cos] = [Math.abs(Math.sin(turn)), Math.abs(Math.cos(turn))];
    const canvas = new OffscreenCanvas(Math.ceil(bitmap.width * cos + bitmap.height * sin), Math.ceil(bitmap.width * sin + bitmap.height * cos));
    const c = canvas.getContext('2d');
    c.fillStyle = '#776';
    c.fillRect(0, 0, canvas.width, canvas.height);
    c.translate(canvas.width / 2, canvas.height / 2);
    c.rotate(turn);
    c.filter = `contrast(${contrast})`;
    c.drawImage(bitmap, -bitmap.width / 2, -bitmap.height / 2);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg', quality: q })).arrayBuffer());
    return bytes.reduce((s, b) => s + String.fromCharCode(b), '');
  }, [png.toString('base64'), (degrees * Math.PI) / 180, quality, pale]);
  return Buffer.from(jpeg, 'latin1');
}

for (const [what, path] of [['of two pages', small], ['of a large contract', large]]) {
  for (const ending of ['html', 'pdf']) {
    test(`a certificate ${what}, as ${ending}: the receipt in it is a yes`, async (t) => {
      const page = await verifier(t);
      const { verdict, text } = await give(page, { ...trusted, [`certificate.${ending}`]: readFileSync(path(ending)) });
      assert.equal(verdict, 'yes', text);
      assert.ok(text.includes('Yes: it is registered, and everyone who had to sign it has.') && text.includes('what else stands on it was not looked at, and proves nothing') && !text.includes('certificate: yes'), text);
    });
  }
}

test('the codes are drawn so that they are read without a browser, too: the receipt, to the byte', async () => {
  for (const [path, whole] of [[small, receipt], [large, ledger.receipt(2, { witnesses })]]) {
    const sources = [...readFileSync(path('html'), 'utf8').matchAll(/<img src="data:image\/png;base64,([^"]*)"/g)].map((m) => Buffer.from(m[1].replaceAll('&#43;', '+'), 'base64'));
    const codes = [];
    const search = { take: (code) => codes.push(code), enough: () => true, goOn: async () => true, careful: true };
    for (const source of sources) await api.readCodes(pixels(source), search);
    assert.equal(Buffer.from(api.joinParts(codes.map(api.parsePart))).toString('latin1'), Buffer.from(whole).toString('latin1'));
  }
});

/** The pixels of a PNG of one bit each, 0 for light. */
function pixels(png) {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const parts = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  const [raw, step] = [inflateSync(Buffer.concat(parts)), Math.ceil(width / 8)];
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  let above = new Uint8Array(step);
  for (let y = 0; y < height; y++) {
    const [filter, line] = [raw[y * (step + 1)], Uint8Array.from(raw.subarray(y * (step + 1) + 1, (y + 1) * (step + 1)))];
    assert.ok(filter === 0 || filter === 2, `filter ${filter}`);
    if (filter === 2) for (let i = 0; i < step; i++) line[i] += above[i];
    for (let x = 0; x < width; x++) if ((line[x >> 3] >> (7 - (x & 7))) & 1) data.fill(0, 4 * (y * width + x), 4 * (y * width + x) + 3);
    above = line;
  }
  return { width, height, data };
}

for (const [scale, degrees, quality, pale] of [[1, 0, 0.6], [1, 3, 0.6], [1, -4, 0.6], [2, 3, 0.6], [2, -7, 0.6], [2, 90, 0.6], [2, 183, 0.6], [2, 45, 0.6], [2, 2, 0.6, 0.4]]) {
  test(`a picture of the codes at scale ${scale}, turned by ${degrees} degrees${pale ? ', pale' : ''}, as JPEG: a yes`, async (t) => {
    const [sheet] = await sheets(t, small('html'), scale);
    const photo = await photographed(t, sheet, { degrees, quality, pale });
    if (degrees === 3) writeFileSync(join(shots, `photo-${scale}.jpeg`), photo);
    const page = await verifier(t);
    const { verdict, text } = await give(page, { ...trusted, 'photo.jpeg': photo });
    assert.equal(verdict, 'yes', text);
    if (scale === 2 && degrees === 3) await page.screenshot({ path: join(shots, 'read-back.png'), fullPage: true });
  });
}

test('codes of several sheets, one picture each, are one receipt', async (t) => {
  const all = await sheets(t, large('html'), 2);
  assert.ok(all.length > 1);
  const page = await verifier(t);
  const pictures = await Promise.all(all.map((png, i) => photographed(t, png, { degrees: 2 - i, quality: 0.6 })));
  const { verdict, text } = await give(page, { ...trusted, ...Object.fromEntries(pictures.map((data, i) => [`sheet-${i}.jpeg`, data])) });
  assert.equal(verdict, 'yes', text);
  assert.equal(await page.locator('#list li').count(), 1 + all.length);
});

test('half of the codes are no receipt: the page says which are missing, and takes the others later', async (t) => {
  const source = await open(t, small('html'), { deviceScaleFactor: 2 });
  const figures = await source.locator('figure').all();
  const take = async (from, to) => Object.fromEntries(await Promise.all(figures.slice(from, to).map(async (f, i) => [`code-${from + i}.png`, await f.screenshot()])));
  const page = await verifier(t);
  const half = Math.floor(figures.length / 2);
  const some = await give(page, { ...trusted, ...(await take(0, half)) });
  assert.equal(some.verdict, 'unchecked', some.text);
  const absent = figures.map((_, i) => i + 1).slice(half).join(', ');
  assert.ok(some.text.includes(`of ${figures.length} codes these are missing: ${absent}; give a picture of them too`), some.text);
  await page.screenshot({ path: join(shots, 'half.png'), fullPage: true });
  const rest = await give(page, await take(half));
  assert.equal(rest.verdict, 'yes', rest.text);
  await page.getByRole('button', { name: 'Remove code-0.png' }).click();
  await page.waitForFunction(() => document.querySelector('#result').innerText.includes('these are missing: 1;'));
  // Taken as a document, a picture's codes are not read.
  const select = page.getByRole('combobox', { name: 'code-1.png' });
  await select.selectOption('nothing');
  await page.waitForFunction(() => document.querySelector('#result').innerText.includes('these are missing: 1, 2;'));
});

test('a receipt that was changed is a no, whatever it is drawn on', async (t) => {
  const html = readFileSync(small('html'), 'utf8');
  const forged = Buffer.from(receipt).toString('base64').replace(/.{400}$/, (s) => s.replace(/[a-z]/, (c) => (c === 'a' ? 'b' : 'a')));
  const page = await verifier(t);
  const { verdict, text } = await give(page, { ...trusted, 'certificate.html': html.replace(/base64,[^"]*"/, (s) => (s.startsWith('base64,iVBOR') ? s : `base64,${forged}"`)) });
  assert.equal(verdict, 'no', text);
});

test('a picture without codes says so, and one that is no picture is a file', async (t) => {
  const source = await open(t, small('html'));
  const page = await verifier(t);
  const { verdict, text } = await give(page, { ...trusted, 'wall.png': await source.locator('h1').screenshot(), 'no.jpeg': Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(100)]) });
  assert.equal(verdict, 'unchecked', text);
  assert.ok(text.includes('is a picture in which no code of a receipt could be read'), text);
});

for (const [format, width, height] of [['A4', 210, 297], ['Letter', 215.9, 279.4]]) {
  test(`printed on ${format} nothing is wider than the paper, and no code is cut`, async (t) => {
    for (const [name, path] of [['small', small], ['large', large]]) {
      const page = await open(t, path('html'), { viewport: { width: Math.floor(((width - 36) / 25.4) * 96), height: Math.floor((height / 25.4) * 96) } });
      await page.emulateMedia({ media: 'print' });
      const wide = await page.evaluate(() => [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5).map((e) => `${e.tagName} ${e.textContent.slice(0, 40)}`));
      assert.deepEqual(wide, []);
      writeFileSync(join(shots, `${name}-${format}.pdf`), await page.pdf({ format, preferCSSPageSize: false, printBackground: false }));
    }
  });
}

for (const width of [360, 1200]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`on a screen ${width} wide, ${colorScheme}: nothing is wider than the window`, async (t) => {
      const page = await open(t, small('html'), { viewport: { width, height: 800 }, colorScheme });
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width);
      await page.screenshot({ path: join(shots, `screen-${width}-${colorScheme}.png`), fullPage: true });
      const saved = page.waitForEvent('download');
      await page.getByRole('link', { name: 'Save the receipt' }).click();
      const to = join(dir, 'saved.tlog-proof');
      await (await saved).saveAs(to);
      assert.equal(readFileSync(to, 'utf8'), receipt);
    });
  }
}

console.log(`screenshots: ${shots}`);
