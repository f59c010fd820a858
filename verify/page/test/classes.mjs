// How a vector of each class is judged with the modules of the page, in Node or a browser
// (testvectors/README.md).

import * as api from '../src/api.ts';

class Kind extends Error {
  constructor(kind, cause) {
    super(`${kind}: ${cause?.message ?? ''}`, { cause });
    this.kind = kind;
  }
}

/** What f returns; what is malformed there is of that kind. */
function as(kind, f) {
  try {
    return f();
  } catch (e) {
    if (e instanceof api.Malformed) throw new Kind(kind, e);
    throw e;
  }
}

function must(kind, holds, what) {
  if (!holds) throw new Kind(kind, new Error(what));
}

const bytes = (v, name) => (typeof v[name] === 'string' ? api.encode(v[name]) : api.fromBase64(v[`${name}_base64`], name));
const policyOf = (v) => api.parsePolicy(bytes(v, 'policy'));
const hashes = (list) => list.map(api.unhex);
const string = (n) => n?.toString();

function judgeRecord(open) {
  const r = as('form', open);
  must('signed', r.fault === undefined, r.fault);
  must('quorum', api.missing(r).length === 0, 'too few signatures');
  return r;
}

/** The lines of a key, of which there has to be one. */
function linesOf(c, key) {
  const lines = api.linesOf(c, key);
  must('signature', lines.length > 0, 'no line of the key');
  return lines;
}

async function givenDocument(record, d) {
  const line = record.text.documents.find((l) => l.name === d.name);
  must('documents', line !== undefined, `no document ${d.name}`);
  const fault = await api.mismatch(line, d.salt === undefined ? undefined : api.unhex(d.salt), api.fromBytes(bytes(d, 'data')));
  must('documents', fault === undefined, fault);
}

/** By class, what a vector's inputs give: values like its own, or the failure as an error. */
export const classes = {
  key(v) {
    const k = as('form', () => api.parseKey(api.decode(bytes(v, 'vkey'), 'vkey')));
    return { name: k.name, id: k.id, type: k.type, public: k.public };
  },
  ed25519(v) {
    const [key, message, sig] = [v.public, v.message, v.signature].map(api.unhex);
    as('key', () => api.checkPublicKey(key));
    must('signature', api.verifyEd25519(key, message, sig), 'does not verify');
    return {};
  },
  record(v) {
    const r = judgeRecord(() => api.openRecord(bytes(v, 'record'), false));
    const { kind, ledger } = r.text;
    return { kind, id: r.id, ledger: ledger.vkey, signers: api.signers(r.text).map((k) => k.vkey), signed: r.signed.map((k) => k.vkey) };
  },
  entry(v) {
    const b = bytes(v, 'entry');
    must('size', b.length <= api.maxEntry, 'too long');
    const entry = as('form', () => api.parseEntry(b));
    const r = judgeRecord(() => api.openRecord(entry.record, false));
    return { registered: entry.registered, id: r.id, leaf: api.hex(api.leafHash(b)) };
  },
  checkpoint(v) {
    const [c, key] = [as('form', () => api.parseCheckpoint(bytes(v, 'checkpoint'))), api.parseKey(v.vkey)];
    must('signature', linesOf(c, key).every((s) => api.isSignature(c, key, s)), 'a line fails');
    must('origin', c.origin === key.name, c.origin);
    return { origin: c.origin, size: string(c.size), root: api.hex(c.root) };
  },
  cosignature(v) {
    const [c, key] = [as('form', () => api.parseCheckpoint(bytes(v, 'checkpoint'))), api.parseKey(v.vkey)];
    const times = linesOf(c, key).map((s) => api.cosignatureTime(key, c, s.bytes));
    must('signature', !times.includes(undefined), 'a line fails');
    return { time: string(times.reduce((a, b) => (a > b ? a : b))) };
  },
  inclusion(v) {
    const [index, size] = [BigInt(v.index), BigInt(v.size)];
    must('index', index < size, 'index is not below size');
    must('proof', api.isIncluded(api.unhex(v.leaf), index, size, hashes(v.proof), api.unhex(v.root)), 'not proved');
    return {};
  },
  consistency(v) {
    const proved = api.isExtended(BigInt(v.old_size), api.unhex(v.old_root), BigInt(v.size), api.unhex(v.root), hashes(v.proof));
    must('proof', proved, 'not proved');
    return {};
  },
  tile(v) {
    const t = as('form', () => api.parseTile(api.decode(bytes(v, 'path'), 'path')));
    return { level: t.level, index: string(t.index), width: t.width };
  },
  policy(v) {
    const p = as('form', () => policyOf(v));
    const text = (name) => api.decode(api.fromOctets(name), 'name');
    return { logs: p.logs.map((k) => k.vkey), witnesses: p.witnesses.map((w) => [text(w.name), w.key.vkey]), quorum: text(p.quorum) };
  },
  proof(v) {
    const p = as('form', () => api.parseProof(bytes(v, 'proof')));
    return { index: string(p.index), extra: api.base64(p.extra), hashes: p.hashes.map(api.hex), size: string(p.checkpoint.size) };
  },
  async receipt(v) {
    const p = policyOf(v);
    const r = api.verifyReceipt(p, bytes(v, 'proof'));
    for (const d of v.documents ?? []) await givenDocument(r.record, d);
    const names = [...new Set(r.counted.map((c) => api.decode(api.fromOctets(c.witness.name), 'name')))];
    return {
      id: r.record.id, registered: r.registered, index: string(r.index), size: string(r.proof.checkpoint.size), origin: r.proof.checkpoint.origin,
      witnesses: names, ledger_only: api.isLedgerOnly(p, r.counted), ...(r.seenBy === undefined ? {} : { seen_by: string(r.seenBy) }),
    };
  },
  'consistency-proof'(v) {
    const old = as('form', () => api.parseCheckpoint(bytes(v, 'old')));
    const x = api.verifyConsistency(policyOf(v), old, bytes(v, 'proof'));
    return {
      old_size: string(x.old.checkpoint.size), size: string(x.newer.checkpoint.size), ledger_only: x.ledgerOnly,
      ...(x.seenBy === undefined ? {} : { seen_by: string(x.seenBy) }),
    };
  },
  async evidence(v) {
    const b = await api.judgeEvidence(policyOf(v), bytes(v, 'evidence'), async () => {});
    return {
      verdict: b.verdict, rule: b.rule, index: string(b.index), ...(b.id === '' ? {} : { id: b.id }),
      ...(b.absent === undefined ? {} : { absent: b.absent.map(string) }),
    };
  },
  qr(v) {
    const parts = v.codes.map((c) => as('form', () => api.parsePart(bytes(c, 'code'))));
    return { wholes: api.sets(parts).map((set) => api.base64(api.joinParts(set))) };
  },
  async dossier(v) {
    const source = api.fromBytes(bytes(v, 'dossier'));
    let d;
    try {
      d = await api.readDossier(source, async () => {});
    } catch (e) {
      throw e instanceof api.Malformed ? new Kind('form', e) : e;
    }
    for (const id of d.folders.keys()) {
      for (const c of await api.compareDocuments(d, id)) must('documents', c.state !== 'differs', c.reason);
    }
    if ('policy' in v || 'policy_base64' in v) {
      const items = await api.judgeDossier(policyOf(v), d, async () => {});
      for (const { report } of items) if (report.failure) throw report.failure;
      const fork = api.contradiction(items);
      if (fork) throw fork;
    }
    return { contract: d.contract.id, records: [...d.folders.keys()] };
  },
};

/** The members of a vector that are no values to compare. */
const inputs = {
  key: ['vkey'], ed25519: ['public', 'message', 'signature'], record: ['record'], entry: ['entry'], checkpoint: ['checkpoint', 'vkey'],
  cosignature: ['checkpoint', 'vkey'], inclusion: ['leaf', 'index', 'size', 'proof', 'root'],
  consistency: ['old_size', 'size', 'old_root', 'root', 'proof'], tile: ['path'], policy: ['policy'], proof: ['proof'],
  receipt: ['policy', 'proof', 'documents'], 'consistency-proof': ['policy', 'old', 'proof'], evidence: ['policy', 'evidence'], qr: ['codes'],
  dossier: ['policy', 'dossier'],
};

/** The values of a vector that a reader has to get. */
export function valuesOf(name, v) {
  const skipped = new Set(['comment', 'want', ...inputs[name].flatMap((i) => [i, `${i}_base64`])]);
  return Object.fromEntries(Object.entries(v).filter(([member]) => !skipped.has(member)));
}

/** The kind of failure, or "ok" and the values. */
export async function outcome(name, v) {
  try {
    return { want: 'ok', values: await classes[name](v) };
  } catch (e) {
    const kind = e.kind ?? e.step;
    if (kind === undefined) throw e;
    return { want: kind, values: {}, reason: e.message };
  }
}
