// Every limit at the limit and one past it, where no vector shows it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { contract, dossier, inDossier, log, policy, statement } from './ledger.mjs';
import { api } from './module.mjs';

const pace = async () => {};

/** Zeros, of which none is there. */
const zeros = (size) => ({ size, read: async (from, to) => new Uint8Array(to - from) });

/** Bytes with others over them from an offset on. */
const over = (s, at, b) => ({
  size: s.size,
  async read(from, to) {
    const out = await s.read(from, to);
    for (let i = Math.max(from, at); i < Math.min(to, at + b.length); i++) out[i - from] = b[i - at];
    return out;
  },
});

const malformed = (words) => (e) => e instanceof api.Malformed && e.message.includes(words);

test('a note has at most 1,000,000 bytes and 100 lines', () => {
  const lines = (n) => `\u2014 k AAAAAAA=\n`.repeat(n);
  const note = (size) => api.encode(`${'x'.repeat(size - 2 - api.encode(lines(1)).length)}\n\n${lines(1)}`);
  assert.equal(api.parseNote(note(1_000_000)).signatures.length, 1);
  assert.throws(() => api.parseNote(note(1_000_001)), malformed('note has 1000001 bytes'));
  assert.equal(api.parseNote(api.encode(`x\n\n${lines(100)}`)).signatures.length, 100);
  assert.throws(() => api.parseNote(api.encode(`x\n\n${lines(101)}`)), malformed('note has 101 signature lines'));
});

test('evidence has at most 2²⁵ bytes', async () => {
  const p = api.parsePolicy(api.encode(policy()));
  const says = (size) => api.judgeEvidence(p, new Uint8Array(size), pace);
  await assert.rejects(says(2 ** 25), (e) => e.step === 'form' && !e.message.includes('at most'));
  await assert.rejects(says(2 ** 25 + 1), (e) => e.step === 'form' && e.message.includes('evidence has 33554433 bytes, at most 33554432'));
});

/** A checkpoint of a thousand thousand bytes, as many as a note may have. */
function largestCheckpoint() {
  const text = `o\n1\n${api.base64(new Uint8Array(32))}\n\n`;
  const room = 1_000_000 - text.length - api.encode('\u2014  \n').length;
  const name = 'k'.repeat(1 + ((room - 1) % 4));
  return `${text}\u2014 ${name} ${'A'.repeat(room - name.length)}\n`;
}

test('a proof has at most what everything in it has that is as large as it may be', () => {
  const hashes = `${api.base64(new Uint8Array(32))}\n`.repeat(63);
  const extra = api.base64(new Uint8Array(65_535).fill(1));
  const proof = (extras, list) => api.encode(`c2sp.org/tlog-proof@v1\nextra ${extras}\nindex 9223372036854775807\n${list}\n${largestCheckpoint()}`);
  const largest = proof(extra, hashes);
  assert.equal(largest.length, api.maxProof);
  assert.equal(api.parseProof(largest).extra.length, 65_535);
  assert.throws(() => api.parseProof(api.concat(largest, [10])), malformed(`proof has ${api.maxProof + 1} bytes, at most ${api.maxProof}`));
  assert.throws(() => api.parseProof(proof('AQ==', `${hashes}${hashes.slice(0, 45)}`)), malformed('proof has 64 hashes, at most 63'));
  const growth = (list) => api.encode(`old 9223372036854775807\n${list}\n${largestCheckpoint()}`);
  assert.equal(growth(hashes).length, api.maxConsistency);
  assert.equal(api.parseConsistency(growth(hashes)).hashes.length, 63);
  assert.throws(() => api.parseConsistency(api.concat(growth(hashes), [10])), malformed(`consistency proof has ${api.maxConsistency + 1} bytes`));
});

test('what was found out is forgotten past 65,536 answers', () => {
  let asked = 0;
  const f = api.remember(String, (n) => (asked++, n));
  for (let n = 0; n < 65_536; n++) f(n);
  f(0);
  assert.equal(asked, 65_536);
  f(65_536);
  f(0);
  assert.equal(asked, 65_538);
});

/** The end of a ZIP of so many files, with a directory of that size before it. */
function end(files, directory, offset) {
  const b = Buffer.alloc(22);
  b.writeUInt32LE(0x06054b50, 0);
  b.writeUInt16LE(files, 8);
  b.writeUInt16LE(files, 10);
  b.writeUInt32LE(directory, 12);
  b.writeUInt32LE(offset, 16);
  return b;
}

test('a dossier has at most 2 GiB and 65,534 files', async () => {
  const source = (size, files, directory) => over(zeros(size), size - 22, end(files, directory, size - 22 - directory));
  await assert.rejects(api.readDossier(source(2 ** 31, 1, 52), pace), malformed('has a header that is not in its one form'));
  await assert.rejects(api.readDossier(source(2 ** 31 + 1, 1, 52), pace), malformed('dossier has 2147483649 bytes, at most 2147483648'));
  await assert.rejects(api.readDossier(source(2 ** 24, 65_534, 65_534 * 52), pace), malformed('file 1 of 65534'));
  await assert.rejects(api.readDossier(source(2 ** 24, 65_535, 65_535 * 52), pace), malformed('dossier has 65535 files, at most 65534'));
});

/** A dossier of files with these paths and sizes, of zeros, as far as its directory goes. */
function listed(files) {
  let offset = 0;
  const central = [];
  for (const [path, size] of files) {
    const b = Buffer.alloc(46);
    Buffer.from('504b0102140014000000000000002100', 'hex').copy(b);
    b.writeUInt32LE(size, 20);
    b.writeUInt32LE(size, 24);
    b.writeUInt16LE(path.length, 28);
    b.writeUInt32LE(offset, 42);
    central.push(b, Buffer.from(path));
    offset += 30 + path.length + size;
  }
  const directory = Buffer.concat(central);
  const total = offset + directory.length + 22;
  return over(over(zeros(total), offset, directory), total - 22, end(files.length, directory.length, offset));
}

const id = (n) => n.toString(16).padStart(64, '0');

test('a dossier has at most 4,096 records, and 128 MiB of what are no documents', async () => {
  const records = (n) => Array.from({ length: n }, (_, i) => [`records/${id(i + 1)}.note`, 1]);
  await assert.rejects(api.readDossier(listed(records(4096)), pace), malformed('has a local header'));
  await assert.rejects(api.readDossier(listed(records(4097)), pace), malformed('dossier has 4097 records, at most 4096'));
  const receipts = (last) => Array.from({ length: 1025 }, (_, i) => [`receipts/${id(i + 1)}.tlog-proof`, i < 1024 ? 2 ** 17 : last]);
  await assert.rejects(api.readDossier(listed(receipts(0)), pace), malformed('has a local header'));
  await assert.rejects(api.readDossier(listed(receipts(1)), pace), malformed('dossier has 134217729 bytes beside documents, at most 134217728'));
});

test('a file of a dossier has at most what its kind has', async () => {
  for (const [path, most] of [['policy', 262_144], [`records/${id(1)}.note`, 32_768], [`receipts/${id(1)}.tlog-proof`, api.maxProof], [`salts/${id(1)}/x`, 32]]) {
    await assert.rejects(api.readDossier(listed([[path, most]]), pace), malformed('has a local header'));
    await assert.rejects(api.readDossier(listed([[path, most + 1]]), pace), malformed(`has ${most + 1} bytes, at most ${most} are allowed`));
  }
});

test('a dossier with many small files is read in few parts', async () => {
  const deal = contract(1);
  const records = [deal, ...Array.from({ length: 60 }, (_, i) => statement(i + 2, deal.id))];
  const l = log(records);
  const b = dossier(Object.assign({}, ...records.map((r, i) => inDossier(r, l.receipt(i)))));
  let reads = 0;
  const source = api.fromBytes(b);
  const d = await api.readDossier({ ...source, read: (from, to) => (reads++, source.read(from, to)) }, pace);
  assert.equal(d.folders.size, 61);
  assert.ok(reads <= 8, `${reads} reads`);
});

test('a file that changes its size while it is read is said to', async () => {
  const shrunk = { size: 10, read: async () => new Uint8Array(3) };
  await assert.rejects(api.readAll(shrunk, 10, 'it'), (e) => e instanceof api.Unreadable && e.message === 'the file has 3 bytes, and had 10 before');
  await assert.rejects(api.readAll(zeros(11), 10, 'it'), malformed('it has 11 bytes, at most 10 are allowed'));
});
