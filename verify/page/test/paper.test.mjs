// What finds receipts on paper, as far as no browser is needed for it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';

import { log, contract, policy } from './ledger.mjs';
import { api } from './module.mjs';

const hex = (s) => new Uint8Array(Buffer.from(s.replaceAll(' ', ''), 'hex'));
const padded = (b) => new Uint8Array(Buffer.concat([b, Buffer.alloc(64)]));

test('the size of a picture is read from its first bytes', () => {
  const pictures = {
    png: ['89504e470d0a1a0a 0000000d 49484452 00000140 000000f0 08060000', 320, 240],
    jpeg: ['ffd8 ffe0 0004 0000 ffc2 0011 08 00f0 0140 03', 320, 240],
    'webp, lossy': ['52494646 00000000 57454250 56503820 00000000 000000 9d012a 4001 f000', 320, 240],
    'webp, lossless': ['52494646 00000000 57454250 5650384c 00000000 2f 3fc13b00', 320, 240],
    'webp, extended': ['52494646 00000000 57454250 56503858 0a000000 00000000 3f0100 ef0000', 320, 240],
  };
  for (const [name, [head, width, height]] of Object.entries(pictures)) {
    assert.deepEqual(api.sizeOf(padded(hex(head))), { width, height }, name);
    for (let n = 0; n < hex(head).length; n++) api.sizeOf(hex(head).slice(0, n)); // cut, it is nothing, and no fault
  }
  for (const other of ['', 'ffd8', 'ffd8 ffc4 0004', '47494638', '52494646 00000000 57415645', '89504e470d0a1a0a']) assert.equal(api.sizeOf(padded(hex(other))), undefined, other);
});

test('a segment of a JPEG that names no way on ends the search', () => assert.equal(api.sizeOf(padded(hex('ffd8 ffe0 0000'))), undefined));

/** A PNG that says that it is so large, in a file of so many bytes. */
const png = (width, height, size = 100) => {
  const b = new Uint8Array(size);
  b.set(hex('89504e470d0a1a0a 0000000d 49484452'));
  new DataView(b.buffer).setUint32(16, width);
  new DataView(b.buffer).setUint32(20, height);
  return api.fromBytes(b);
};

test('a picture of more than 100,000,000 pixels or 64 MiB is not opened', async (t) => {
  let opened = 0;
  globalThis.createImageBitmap = async () => {
    opened++;
    throw new Error('no picture');
  };
  t.after(() => delete globalThis.createImageBitmap);
  const open = async (source) => {
    const before = opened;
    for await (const raster of api.rastersOf(source)) assert.fail(`pixels ${raster.width}`);
    return opened - before;
  };
  assert.equal(await open(png(10_000, 10_000)), 1);
  assert.equal(await open(png(10_000, 10_001)), 0);
  assert.equal(await open(png(0, 10)), 0);
  assert.equal(await open({ ...png(10, 10), size: 64 * 2 ** 20 }), 1);
  assert.equal(await open({ ...png(10, 10), size: 64 * 2 ** 20 + 1 }), 0);
});

test('pixels without a code are searched to their end, and hold none', async () => {
  for (const fill of [(i) => 0, () => 255, (i) => (i * 7919) % 256]) {
    const data = Uint8ClampedArray.from({ length: 4 * 300 * 200 }, (_, i) => (i % 4 === 3 ? 255 : fill(i >> 2)));
    let asked = 0;
    assert.deepEqual(await api.readCodes({ width: 300, height: 200, data }, async () => (asked++, false)), []);
    assert.equal(asked, 2); // as it is, and with its light made even
  }
});

const receipt = log([contract(1)]).receipt(0);
const pdf = (stream, length = stream.length) => Buffer.concat([
  Buffer.from(`%PDF-1.3\n3 0 obj\n<< /Type /EmbeddedFile /Length ${length} /Filter /FlateDecode /Params << /Size 1 >> >>\n\nstream\n`), stream, Buffer.from('\nendstream\nendobj\n'),
]);
const given = (path, data) => ({ path, source: api.fromBytes(new Uint8Array(data)) });

test('a receipt that is attached to a PDF is found; what is cut, too long or something else is not', async () => {
  const found = await api.inPDF(given('c.pdf', pdf(deflateSync(receipt))));
  assert.equal(found.length, 1);
  assert.equal(api.decode(await api.readAll(found[0].source, 1 << 20, 'receipt'), 'receipt'), receipt);
  const proof = 'c2sp.org/tlog-proof@v1\n';
  for (const [name, b] of Object.entries({
    'another file': pdf(deflateSync('x')),
    'no zlib': pdf(Buffer.from(receipt)),
    'cut short': pdf(deflateSync(receipt), 20),
    'longer than the file': pdf(deflateSync(receipt), 999_999_999).subarray(0, 160),
    'larger than a receipt may be': pdf(deflateSync(proof + 'x'.repeat(api.maxProof))),
    'no PDF': Buffer.concat([Buffer.from(' '), pdf(deflateSync(receipt))]),
  })) assert.deepEqual(await api.inPDF(given('c.pdf', b)), [], name);
});

test('of a PDF 16 attached files are opened, and no more', async () => {
  const one = pdf(deflateSync(receipt));
  for (const n of [16, 17]) assert.equal((await api.inPDF(given('c.pdf', Buffer.concat(Array.from({ length: n }, () => one))))).length, 16);
});

test('a receipt that a page links to is found, and only in a page', async () => {
  const link = (data) => `<a download="${'0'.repeat(64)}.tlog-proof" href="data:application/octet-stream;base64,${data}">`;
  const found = await api.inPage(given('c.html', Buffer.from(`<!doctype html>\n${link(Buffer.from(receipt).toString('base64').replaceAll('+', '&#43;'))}`)));
  assert.equal(api.decode(await api.readAll(found[0].source, 1 << 20, 'receipt'), 'receipt'), receipt);
  for (const text of [link(Buffer.from(receipt).toString('base64')), `<!doctype html>\n${link('AAB=')}`, '<!doctype html>\n']) assert.deepEqual(await api.inPage(given('c.html', Buffer.from(text))), []);
});

test('codes that were saved as files are put together, and what lacks is said', async () => {
  const codes = (numbers, n, sum) => numbers.map((k) => ({ ...given(`${k}.txt`, Buffer.concat([Buffer.from(`chirograph/qr/v1 ${k}/${n} ${sum}\n`), Buffer.from(receipt).subarray((k - 1) * 600, k * 600)])), role: 'code' }));
  const n = Math.ceil(receipt.length / 600);
  const sum = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(receipt))).subarray(0, 8).toString('hex');
  const all = Array.from({ length: n }, (_, i) => n - i);
  const trusted = { ...given('ledger.policy', Buffer.from(policy())), role: 'policy' };
  const ask = async (files) => api.say(await api.verify({ files: [trusted, ...files], expected: '', everyDocument: false, now: 1_780_000_000 }, async () => {}));
  for (const c of codes(all, n, sum)) assert.equal(await api.recognise(c), 'code');
  assert.equal((await ask(codes(all, n, sum))).verdict, 'yes');
  const some = await ask(codes(all.slice(1), n, sum));
  assert.equal(some.verdict, 'unchecked');
  assert.ok(some.lines.some((l) => l.includes(`of ${n} codes these are missing: ${n}`)), some.lines.join('\n'));
  const wrong = await ask(codes(all, n, '0'.repeat(16)));
  assert.equal(wrong.verdict, 'unchecked');
  assert.ok(wrong.lines.some((l) => l.includes('is not whole')), wrong.lines.join('\n'));
});
