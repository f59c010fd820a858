// What finds receipts on paper, as far as no browser is needed for it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';

import encodeQR from 'qr';

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
    for await (const { raster } of api.partsOfPicture(source)) assert.fail(`pixels ${raster.width}`);
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
    await api.readCodes({ width: 300, height: 200, data }, { take: () => assert.fail('a code'), enough: () => false, goOn: async () => (asked++, true), careful: true });
    assert.equal(asked, 2); // as it is, and with its light made even
  }
});

/** The codes of a whole of so many bytes, and their pixels under each other, four for each module. */
function codesOf(seed, length) {
  const whole = Buffer.from(Array.from({ length }, (_, i) => 32 + ((i * 7 + seed * 13 + ((i * i) % 17)) % 90)));
  const sum = createHash('sha256').update(whole).digest('hex').slice(0, 16);
  const n = Math.ceil(length / 600);
  return Array.from({ length: n }, (_, k) => Buffer.concat([Buffer.from(`chirograph/qr/v1 ${k + 1}/${n} ${sum}\n`), whole.subarray(k * 600, (k + 1) * 600)]));
}

/** A picture with these codes, each in a place of its own: rows of them. */
function drawn(rows, scale = 4) {
  const grids = rows.map((row) => row.map((code) => encodeQR(code.toString('latin1'), 'raw', { ecc: 'medium', encoding: 'byte', border: 4, textEncoder: (s) => Uint8Array.from(s, (c) => c.charCodeAt(0)) })));
  const side = Math.max(...grids.flat().map((g) => g.length)) * scale + 16;
  const [width, height] = [side * Math.max(...rows.map((r) => r.length)), side * rows.length];
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  grids.forEach((row, r) => row.forEach((g, c) => {
    for (let y = 0; y < g.length * scale; y++) {
      for (let x = 0; x < g.length * scale; x++) {
        const at = 4 * ((r * side + y) * width + c * side + x);
        if (g[Math.floor(y / scale)][Math.floor(x / scale)]) data.fill(0, at, at + 3);
      }
    }
  }));
  return { width, height, data };
}

/** The picture turned by 45 degrees. */
function slanted({ width, height, data }) {
  const side = Math.ceil((width + height) * Math.SQRT1_2);
  const out = new Uint8ClampedArray(4 * side * side).fill(255);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [dx, dy] = [(x - side / 2) * Math.SQRT1_2, (y - side / 2) * Math.SQRT1_2];
      const [u, v] = [Math.floor(dx - dy + width / 2), Math.floor(dx + dy + height / 2)];
      if (u >= 0 && v >= 0 && u < width && v < height) out.fill(data[4 * (v * width + u)], 4 * (y * side + x), 4 * (y * side + x) + 3);
    }
  }
  return { width: side, height: side, data: out };
}

/** What a browser has for pictures: one so large, of which part after part has these pixels; says how many were drawn. */
function pretend(t, width, height, pixelsOf) {
  let drawn = 0;
  globalThis.createImageBitmap = async () => ({ width, height, close() {} });
  globalThis.document = {
    createElement: () => ({ getContext: () => ({ fillRect() {}, drawImage() {}, getImageData: (x, y, w, h) => ({ data: pixelsOf(drawn++, w, h) }) }) }),
  };
  t.after(() => {
    delete globalThis.createImageBitmap;
    delete globalThis.document;
  });
  return () => drawn;
}

const names = (found) => found.map((g) => g.path.replace(/^.*\//, '')).sort();
const namesOf = (...codes) => codes.flat().map((c) => c.toString('latin1').replace(/^\S+ (\d+)\/(\d+) (\S+)\n[^]*$/, '$3.$1-of-$2')).sort();

test('two receipts in one picture are both found, also where one was whole before the other began', async (t) => {
  const [a, b] = [codesOf(1, 1200), codesOf(2, 1200)];
  const picture = drawn([a, b]);
  pretend(t, picture.width, picture.height, () => picture.data);
  assert.deepEqual(names(await api.inPicture({ path: 'x.png', source: png(picture.width, picture.height) })), namesOf(a, b));
});

test('a receipt in one part of a long picture does not end the search of the next part', async (t) => {
  const [a, b] = [codesOf(1, 600), codesOf(2, 600)];
  const one = [drawn([a]), slanted(drawn([b]))]; // that one is seen late
  const parts = pretend(t, 4100, 900, (n, width, height) => {
    const data = new Uint8ClampedArray(4 * width * height).fill(255);
    const { width: w, height: h, data: from } = one[n];
    for (let y = 0; y < Math.min(h, height); y++) data.set(from.subarray(4 * y * w, 4 * (y + 1) * w), 4 * y * width);
    return data;
  });
  assert.deepEqual(names(await api.inPicture({ path: 'x.png', source: png(4100, 900) })), namesOf(a, b));
  assert.equal(parts(), 2);
});

const white = (n, width, height) => new Uint8ClampedArray(4 * width * height).fill(255);

test('a picture is searched for 20 seconds in all, however many parts it has', async (t) => {
  let seconds = 0;
  t.mock.method(performance, 'now', () => seconds * 1000);
  for (const [each, most] of [[15, 2], [20, 2], [20.001, 1], [0, 5]]) {
    seconds = 0;
    const parts = pretend(t, 16384, 64, (...part) => {
      seconds += each;
      return white(...part);
    });
    assert.deepEqual(await api.inPicture({ path: 'x.png', source: png(16384, 64) }), []);
    assert.equal(parts(), most, `${each} s`);
  }
});

test('the last part of a picture has time left, whatever those before take', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => (now += 300)); // what is asked for the time takes some
  const code = codesOf(3, 600);
  const { width: w, height: h, data: from } = drawn([code]);
  pretend(t, 4100, 600, (n, width, height) => {
    const data = Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => (n === 1 || i % 4 === 3 ? 255 : 0));
    // Corners of codes without codes: the search goes on to its end.
    for (let y = 0; y < Math.min(h, height); y++) data.set(from.subarray(4 * y * w, 4 * (y + 1) * w), 4 * y * width);
    if (n === 0) for (let y = 60; y < h; y++) for (let x = 60; x < w; x++) data.fill((x * y) % 3 ? 255 : 0, 4 * (y * width + x), 4 * (y * width + x) + 3);
    return data;
  });
  assert.deepEqual(names(await api.inPicture({ path: 'x.png', source: png(4100, 600) })), namesOf(code));
});

test('what is not wanted any more is not searched', async (t) => {
  let wanted = true;
  const parts = pretend(t, 16384, 64, (...part) => {
    wanted = false;
    return white(...part);
  });
  await api.gather([{ path: 'x.png', source: png(16384, 64) }], () => wanted);
  assert.equal(parts(), 1);
});

test('a file that cannot be read takes no other with it', async () => {
  const bad = { path: 'bad.pdf', source: { size: 100, read: async () => { throw new DOMException('gone', 'NotReadableError'); } } };
  const all = await api.gather([bad, given('c.pdf', pdf(deflateSync(receipt)))]);
  assert.deepEqual(all.map((g) => [g.path, g.holds ?? 0, g.found ?? false]), [['bad.pdf', 0, false], ['c.pdf', 1, false], ['c.pdf/attached-1.tlog-proof', 0, true]]);
});

test('a PDF of nothing but beginnings of attached files is read in a moment', async () => {
  for (const begin of ['/Type /EmbeddedFile /Length 1 /Filter /FlateDecode ', '/Type /EmbeddedFile /Length 1 /Filter /FlateDecode >>', '/Type /EmbeddedFile /Length 123456789']) {
    const since = performance.now();
    assert.deepEqual(await api.inPDF(given('c.pdf', Buffer.from(`%PDF-1.7\n${begin.repeat(1_500_000 / begin.length)}`))), []);
    assert.ok(performance.now() - since < 5000, begin);
  }
});

test('a page of nothing but one long link is read in a moment', async () => {
  const since = performance.now();
  const begin = `<a download="${'0'.repeat(64)}.tlog-proof" href="data:application/octet-stream;base64,`;
  for (const text of [begin + 'A'.repeat(8_000_000), begin.repeat(8_000_000 / begin.length)]) assert.deepEqual(await api.inPage(given('c.html', Buffer.from(`<!doctype html>\n${text}`))), []);
  assert.ok(performance.now() - since < 5000);
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
  assert.deepEqual(names(found), [`${contract(1).id}.tlog-proof`]); // whatever the page calls it
  assert.deepEqual(names(await api.inPage(given('c.html', Buffer.from(`<!doctype html>\n${link('AAAA')}`)))), ['linked.tlog-proof']);
  for (const text of [link(Buffer.from(receipt).toString('base64')), `<!doctype html>\n${link('AAB=')}`, '<!doctype html>\n']) assert.deepEqual(await api.inPage(given('c.html', Buffer.from(text))), []);
});

test('where no search can be ended, a picture with more than 512 corners of codes is left out', async () => {
  const picture = (n, slant = false) => {
    const columns = 24;
    const [width, height] = [columns * 32, Math.ceil(n / columns) * 32];
    const data = new Uint8ClampedArray(4 * width * height).fill(255);
    for (let i = 0; i < n; i++) {
      for (let y = 0; y < 28; y++) {
        for (let x = 0; x < 28; x++) {
          if (Math.max(Math.abs(Math.floor(x / 4) - 3), Math.abs(Math.floor(y / 4) - 3)) === 2) continue;
          const at = 4 * ((Math.floor(i / columns) * 32 + y) * width + (i % columns) * 32 + x);
          data.fill(0, at, at + 3);
        }
      }
    }
    return slant ? slanted({ width, height, data }) : { width, height, data };
  };
  const searches = async (r, careful) => {
    let n = 0;
    await api.readCodes(r, { take() {}, enough: () => false, goOn: async () => ++n < 2, careful });
    return n;
  };
  assert.equal(await searches(picture(512), true), 2);
  assert.equal(await searches(picture(513), true), 0);
  assert.equal(await searches(picture(513), false), 2);
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
