// A ledger in memory, with keys from names that everybody can read, that makes whatever
// receipts a test needs.

import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { gzipSync } from 'node:zlib';

const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts.map((p) => Buffer.from(p)))).digest();

const secret = (name) =>
  createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), sha256(name)]), format: 'der', type: 'pkcs8' });

const publicOf = (name) => createPublicKey(secret(name)).export({ format: 'der', type: 'spki' }).subarray(-32);

const idOf = (name, type) => sha256(name, '\n', [type], publicOf(name)).subarray(0, 4);

/** The verifier key of a name: type 1, or 4 of a witness. */
export const vkey = (name, type = 1) => `${name}+${idOf(name, type).toString('hex')}+${Buffer.concat([Buffer.from([type]), publicOf(name)]).toString('base64')}`;

/** What ssh-keygen writes to NAME.pub. */
export function ssh(name) {
  const wire = Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from('ssh-ed25519'), Buffer.from([0, 0, 0, 32]), publicOf(name)]);
  return `ssh-ed25519 ${wire.toString('base64')} ${name}\n`;
}

const line = (name, type, body) => `\u2014 ${name} ${Buffer.concat([idOf(name, type), body]).toString('base64')}\n`;

export const home = 'ledger.example';
export const made = 1_780_000_000; // 2026-05-28T20:26:40Z
const time = (t) => new Date(t * 1000).toISOString().replace('.000', '');

/** A text with its id, and the record that these names signed. */
export function record(lines, ...names) {
  const text = lines.map((l) => `${l}\n`).join('');
  const lineOf = (name) => line(name, 1, sign(null, Buffer.from(text), secret(name)));
  return { id: sha256(text).toString('hex'), text, note: `${text}\n${names.map(lineOf).join('')}` };
}

const head = (kind, nonce, { at = made, ledger = home } = {}) => [
  `chirograph/${kind}/v1`, `ledger ${vkey(ledger)}`, `made ${time(at)}`,
  ...(kind === 'revocation' ? [] : [`sign-by ${time(at + 86400)}`]), `nonce ${nonce.toString(16).padStart(32, '0')}`,
];

/** A document line of a file. */
export const document = (name, kind, data, salt) =>
  `document ${salt ? 'salted-' : ''}sha256:${sha256(salt ?? '', data).toString('hex')} ${salt ? Math.max(1, Math.ceil(data.length / 4096)) * 4096 : data.length} text/plain ${kind} ${name}`;

export const terms = '# Terms\n';
export const buyer = `buyer 1 ${vkey('ann.example')} ${vkey('bob.example')}`;
export const maker = `maker 1 ${vkey('dan.example')}`;

/** A contract of ann or bob, who buy, and dan, who makes; more are lines after the documents. */
export const contract = (nonce, { title = '', parties = [buyer, maker], documents = [document('terms.md', 'terms', terms)], more = [], names = ['ann.example', 'dan.example'], ...rest } = {}) =>
  record([...head('contract', nonce, rest), ...(title ? [`title ${title}`] : []), ...parties.map((p) => `party ${p}`), ...documents, ...more], ...names);

export const statement = (nonce, id, about = 'delivery', { by = [maker], names = ['dan.example'], more = [], documents = [] } = {}) =>
  record([...head('statement', nonce), `contract ${id}`, ...by.map((p) => `by ${p}`), `about ${about}`, ...more, ...documents], ...names);

export const termination = (nonce, id, more = []) =>
  record([...head('termination', nonce), `contract ${id}`, `by ${buyer}`, `by ${maker}`, ...more], 'ann.example', 'dan.example');

export const revocation = (nonce, name) => record([...head('revocation', nonce), `key ${vkey(name)}`, 'reason lost'], name);

const leaf = (entry) => sha256([0], entry);
const node = (a, b) => sha256([1], a, b);

function root(leaves) {
  if (leaves.length < 2) return leaves[0] ?? sha256();
  const k = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return node(root(leaves.slice(0, k)), root(leaves.slice(k)));
}

function path(leaves, i) {
  if (leaves.length < 2) return [];
  const k = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return i < k ? [...path(leaves.slice(0, k), i), root(leaves.slice(k))] : [...path(leaves.slice(k), i - k), root(leaves.slice(0, k))];
}

function growth(leaves, old) {
  const sub = (part, n, whole) => {
    if (n === part.length) return whole ? [] : [root(part)];
    const k = 2 ** Math.floor(Math.log2(part.length - 1));
    return n <= k ? [...sub(part.slice(0, k), n, whole), root(part.slice(k))] : [...sub(part.slice(k), n - k, false), root(part.slice(0, k))];
  };
  return sub(leaves, old, true);
}

/** A log of these records, each with the time at which it is registered. */
export function log(records, { ledger = home } = {}) {
  const entries = records.map(({ note }, i) => Buffer.from(`registered ${records[i].registered ?? made}\n${note}`));
  const checkpoint = (size, witnesses = {}) => {
    const text = `${ledger}\n${size}\n${root(entries.slice(0, size).map(leaf)).toString('base64')}\n`;
    const lines = [line(ledger, 1, sign(null, Buffer.from(text), secret(ledger)))];
    for (const [name, t] of Object.entries(witnesses)) {
      const stamp = Buffer.alloc(8);
      stamp.writeBigUInt64BE(BigInt(t));
      lines.push(line(name, 4, Buffer.concat([stamp, sign(null, Buffer.from(`cosignature/v1\ntime ${t}\n${text}`), secret(name))])));
    }
    return `${text}\n${lines.join('')}`;
  };
  const hashes = (list) => list.map((h) => `${h.toString('base64')}\n`).join('');
  return {
    checkpoint,
    receipt(i, { size = entries.length, witnesses = {} } = {}) {
      const proof = path(entries.slice(0, size).map(leaf), i);
      return `c2sp.org/tlog-proof@v1\nextra ${entries[i].toString('base64')}\nindex ${i}\n${hashes(proof)}\n${checkpoint(size, witnesses)}`;
    },
    consistency: (old, size = entries.length) => `old ${old}\n${hashes(growth(entries.slice(0, size).map(leaf), old))}\n${checkpoint(size)}`,
  };
}

/** A policy of the ledger, with two of three witnesses or with none. */
export const policy = (quorum = 'none') =>
  [
    `log ${vkey(home)}`,
    ...(quorum === 'none' ? [] : [...['w1', 'w2', 'w3'].map((w) => `witness ${w} ${vkey(`${w}.example`, 4)}`), 'group two 2 w1 w2 w3']), `quorum ${quorum}`,
  ].map((l) => `${l}\n`).join('');

/** What gzip writes at its end. */
const crc32 = (b) => gzipSync(b).subarray(-8).readUInt32LE();

/** A dossier of these files by path, with a policy of its own. */
export function dossier(files, own = policy()) {
  const all = Object.entries({ ...files, policy: own }).map(([name, data]) => [name, Buffer.from(data)]).sort(([a], [b]) => (a < b ? -1 : 1));
  const [local, central] = [[], []];
  let offset = 0;
  for (const [name, data] of all) {
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(0x21, 8);
    fields.writeUInt32LE(crc32(data), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(data.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const at = Buffer.alloc(14);
    at.writeUInt32LE(offset, 10);
    local.push(Buffer.from('504b0304', 'hex'), fields, Buffer.from(name), data);
    central.push(Buffer.from('504b01021400', 'hex'), fields, at, Buffer.from(name));
    offset += 30 + name.length + data.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(all.length, 8);
  end.writeUInt16LE(all.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return new Uint8Array(Buffer.concat([...local, directory, end]));
}

/** The paths of a record in a dossier. */
export const inDossier = ({ id, note }, receipt, first) => ({
  [`records/${id}.note`]: note,
  ...(receipt === undefined ? {} : { [`receipts/${id}.tlog-proof`]: receipt }),
  ...(first === undefined ? {} : { [`receipts/${id}.first.tlog-proof`]: first }),
});
