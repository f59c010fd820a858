// A file whose name is that of a document of a record at hand is compared, whatever else it is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';

import { vector, bytes } from './files.mjs';
import { contract, document, dossier, inDossier, log, made, policy, statement } from './ledger.mjs';
import { api } from './module.mjs';

const of = (path, data) => ({ path, source: api.fromBytes(new Uint8Array(Buffer.from(data))) });

/** What the page says of files that are dropped: it takes them as it finds them. */
async function dropped(files, { everyDocument = false, roles = {} } = {}) {
  const all = [];
  for (const [path, data] of Object.entries(files)) for (const g of await api.gather([of(path, data)])) all.push({ ...g, role: roles[g.path] ?? (await api.recognise(g)) });
  const a = await api.verify({ files: all, expected: '', everyDocument, now: made }, async () => {});
  const words = api.say(a);
  return { verdict: a.verdict, words, text: api.print(words), evidence: a.evidence, roles: Object.fromEntries(all.map((f) => [f.path, f.role])), of: (path) => a.files.find((f) => f.path === path) };
}

const alone = contract(91, { documents: [document('other.md', 'terms', 'x')] });
const earlier = [alone, statement(92, alone.id)];
const before = log(earlier);

/** The receipt of another contract. */
const other = before.receipt(0);

/** The receipt of a record that the ledger registers after these. */
const receiptOf = (record) => log([...earlier, record]).receipt(2);

const inPDF = (text, receipt) => {
  const z = deflateSync(receipt);
  return Buffer.concat([Buffer.from(`%PDF-1.4\n${text}\n3 0 obj\n<< /Type /EmbeddedFile /Length ${z.length} /Filter /FlateDecode /Params << /Size 1 >> >>\n\nstream\n`), z, Buffer.from('\nendstream\nendobj\n')]);
};
const inHTML = (text, receipt) => `<!doctype html>\n<p>${text}<a download="${'0'.repeat(64)}.tlog-proof" href="data:application/octet-stream;base64,${Buffer.from(receipt).toString('base64')}">`;
const evidence = vector('evidence/fork-entries-smaller-first');

/** By what a file is taken as: two of the kind, of which the record names the first. */
const kinds = {
  document: ['terms.md', '900 EUR', '9 EUR'],
  'certificate, a PDF with a receipt attached': ['terms.pdf', inPDF('900 EUR', other), inPDF('9 EUR', other)],
  'certificate, a page with a receipt': ['terms.html', inHTML('900 EUR', other), inHTML('9 EUR', other)],
  dossier: ['terms.chirograph', dossier(inDossier(alone, before.receipt(0))), dossier(inDossier(alone, before.receipt(0, { size: 1 })))],
  'dossier, under another ending': ['terms.docx', dossier(inDossier(alone, before.receipt(0))), dossier(inDossier(alone, before.receipt(0, { size: 1 })))],
  receipt: ['terms.tlog-proof', before.receipt(0), before.receipt(0, { size: 1 })],
  'receipt, under another ending': ['terms.md', before.receipt(0), before.receipt(0, { size: 1 })],
  policy: ['terms.policy', policy(), `# 9 EUR\n${policy()}`],
  'policy, under another ending': ['terms.md', policy(), `# 9 EUR\n${policy()}`],
  'checkpoint': ['terms.md', before.checkpoint(1), before.checkpoint(2)],
  'consistency proof': ['terms.md', before.consistency(1), 'old 1\n\n9 EUR'],
  'evidence': ['terms.md', bytes(evidence, 'evidence'), 'chirograph/evidence/v1\n9 EUR\n'],
  'code': ['terms.md', 'chirograph/qr/v1 1/2 0123456789abcdef\n900 EUR', 'chirograph/qr/v1 1/2 0123456789abcdef\n9 EUR'],
  'record': ['terms.md', alone.note, contract(94, { documents: [document('other.md', 'terms', 'x')] }).note],
};

for (const [kind, [name, real, forged]] of Object.entries(kinds)) {
  test(`under the name of a document another file is a no, whatever it is taken as: ${kind}`, async () => {
    const deal = contract(1, { documents: [document(name, 'terms', Buffer.from(real))] });
    const base = { ...(kind.startsWith('policy') ? {} : { 'ledger.policy': policy() }), 'deal.tlog-proof': receiptOf(deal) };
    for (const [data, matches] of [[real, true], [forged, false]]) {
      const a = await dropped({ ...base, [name]: data });
      assert.equal(a.roles[name], kind.split(',')[0], kind);
      assert.equal(a.of(name).compared, true);
      if (matches) assert.notEqual(a.verdict, 'no', a.text);
      assert.equal(a.text.includes(`these documents are the ones that were signed: ${name} (terms)`), matches, a.text);
      assert.equal(a.text.includes(`the document ${name} (terms) of contract ${deal.id}, to the byte`), matches, a.text);
      assert.equal(a.text.includes(`document does not match: ${name}`), !matches, a.text);
      if (!matches) assert.equal(a.verdict, 'no', a.text);
      if (!matches) assert.equal(a.words.sections.find((s) => s.title.includes(name)).tone, 'no');
    }
  });
}

test('evidence that holds, and is another than the record names, is a no', async () => {
  const pasts = [3, 4].map((nonce) => log([...earlier, statement(nonce, alone.id)]).receipt(2));
  const pair = (a, b) => dropped({ 'ledger.policy': policy(), 'a.tlog-proof': a, 'b.tlog-proof': b });
  const [one, two] = [(await pair(...pasts)).evidence, (await pair(pasts[0], receiptOf(statement(5, alone.id)))).evidence];
  const deal = contract(1, { documents: [document('terms.md', 'terms', Buffer.from(one))] });
  const base = { 'ledger.policy': policy(), 'deal.tlog-proof': log([deal]).receipt(0, { size: 1 }) };
  assert.equal((await dropped({ ...base, 'terms.md': one })).verdict, 'yes');
  const a = await dropped({ ...base, 'terms.md': two });
  assert.equal(a.of('terms.md').breach.verdict, 'yes');
  assert.equal(a.of('terms.md').verdict, 'no');
  assert.deepEqual(a.words.sections.map((s) => s.tone), ['no', 'no']);
  assert.ok(a.text.includes('the record was signed over another file than this one') && !a.text.includes('nor does it show that it broke none'), a.text);
});

const salt = Buffer.alloc(32, 7);
const pdf = inPDF('900 EUR', other);

test('the salt of a document is looked for whatever the document is taken as, and is a document where a record says so', async () => {
  const deal = contract(1, { documents: [document('terms.pdf', 'terms', pdf, salt), document('terms.pdf.salt', 'attachment', salt)] });
  const base = { 'ledger.policy': policy(), 'deal.tlog-proof': receiptOf(deal) };
  const good = await dropped({ ...base, 'terms.pdf': pdf, 'terms.pdf.salt': salt });
  assert.equal(good.verdict, 'yes', good.text);
  assert.ok(good.text.includes('these documents are the ones that were signed: terms.pdf (terms), terms.pdf.salt (attachment)'), good.text);
  assert.ok(good.text.includes('terms.pdf: certificate: yes') && !good.text.includes('was not looked at'), good.text);
  assert.equal((await dropped({ ...base, 'terms.pdf': inPDF('9 EUR', other), 'terms.pdf.salt': salt })).verdict, 'no');
  assert.equal((await dropped({ ...base, 'terms.pdf': pdf, 'terms.pdf.salt': Buffer.alloc(32, 8) })).verdict, 'no');
  assert.equal((await dropped({ ...base, 'terms.pdf.salt': Buffer.alloc(32, 8) })).verdict, 'no');
  const without = await dropped({ ...base, 'terms.pdf': pdf });
  assert.equal(without.verdict, 'unchecked', without.text);
  assert.ok(without.text.includes('its salt, terms.pdf.salt, is not among the files'), without.text);
});

test('a certificate with a name of its own is no document, and one with almost the name of a document could not be checked', async () => {
  const deal = contract(1, { documents: [document('terms.pdf', 'terms', pdf)] });
  const receipt = receiptOf(deal);
  const base = { 'ledger.policy': policy(), 'deal.tlog-proof': receipt };
  for (const [name, verdict] of [['pumps.pdf', 'yes'], ['terms (1).pdf', 'unchecked'], ['terms(12).pdf', 'unchecked'], ['Terms.PDF', 'unchecked'], ['terms 2.pdf', 'yes']]) {
    const a = await dropped({ ...base, [name]: inPDF('9 EUR', receipt) });
    assert.equal(a.verdict, verdict, `${name}: ${a.text}`);
    assert.equal(a.text.includes(`${name} is almost the name of the document terms.pdf`), verdict === 'unchecked', a.text);
    assert.ok(a.text.includes('what else stands on it was not looked at, and proves nothing'), a.text);
  }
});

test('what was found in a file has no name of its own, and what is taken as nothing is not asked', async () => {
  const deal = contract(1, { documents: [document('attached-1.tlog-proof', 'terms', 'x')] });
  const base = { 'ledger.policy': policy(), 'deal.tlog-proof': receiptOf(deal) };
  const a = await dropped({ ...base, 'pumps.pdf': pdf });
  assert.equal(a.verdict, 'yes', a.text);
  assert.equal(a.of('pumps.pdf/attached-1.tlog-proof').compared, false);
  assert.equal((await dropped({ ...base, 'attached-1.tlog-proof': 'y' })).verdict, 'no');
  assert.equal((await dropped({ ...base, 'attached-1.tlog-proof': 'y' }, { roles: { 'attached-1.tlog-proof': 'nothing' } })).verdict, 'yes');
});
