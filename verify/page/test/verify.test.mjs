// What files say together, as the page takes them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ask, given } from './ask.mjs';
import { bytes, vector } from './files.mjs';
import { buyer, contract, document, dossier, inDossier, log, made, maker, policy, record, revocation, ssh, statement, termination, terms, vkey } from './ledger.mjs';
import { api } from './module.mjs';

const deal = contract(1, { title: 'Forty flow meters' });
const files = (records, options) => Object.fromEntries(records.map((_, i) => [`${i}.tlog-proof`, log(records).receipt(i, options)]));
const trusted = { 'ledger.policy': policy() };

function has(text, ...sentences) {
  for (const s of sentences) assert.ok(text.includes(s), `${s}\nis not in\n${text}`);
}

test('each file is taken as what it begins with, whatever its name and order', async () => {
  const log1 = log([deal]);
  const roles = {
    a: [log1.receipt(0), 'receipt'], 'b.zip': [dossier(inDossier(deal)), 'dossier'], c: [policy('two'), 'policy'], d: [log1.checkpoint(1), 'checkpoint'],
    e: ['old 1\n\nx', 'consistency proof'], f: ['chirograph/evidence/v1\n', 'evidence'], g: [deal.note, 'record'], 'h.md': [terms, 'document'],
    'h.md.salt': [new Uint8Array(32), 'document'], 'i.docx': [Buffer.from('PK\u0003\u0004 and a folder of its own, and more of it'), 'document'],
    'j.chirograph': ['', 'dossier'], 'k.tlog-proof': ['', 'receipt'], policy: ['', 'policy'], 'l.policy': ['', 'policy'], m: ['# who\n\n \twitness x', 'policy'], n: ['', 'document'],
  };
  const taken = await given(Object.fromEntries(Object.entries(roles).map(([path, [data]]) => [path, data])));
  assert.deepEqual(taken.map((f) => [f.path, f.role]), Object.entries(roles).map(([path, [, role]]) => [path, role]));
});

test('without a policy nothing is judged, and that of a dossier is shown and not used', async () => {
  const d = { 'x.chirograph': dossier(inDossier(deal, log([deal]).receipt(0))) };
  const a = await ask(d);
  assert.equal(a.verdict, 'unchecked');
  assert.equal(a.files[0].items.length, 0);
  assert.equal(a.files[0].ownPolicy, policy());
  has(a.text, 'there is no policy: without one nobody is trusted, and nothing was judged');
  assert.equal((await ask({ ...d, ...trusted })).verdict, 'yes');
  // The dossier's policy trusts nobody that the one at hand does not.
  const other = { 'ledger.policy': policy().replace(vkey('ledger.example'), vkey('other.example')) };
  assert.equal((await ask({ ...d, ...other })).files[0].items[0].report.failure.step, 'ledger');
});

test('of two policies none is taken until the other is said to be nothing', async () => {
  const two = { ...files([deal]), ...trusted, policy: policy('two') };
  const a = await ask(two);
  assert.equal(a.verdict, 'unchecked');
  has(a.text, 'there are 2 policies, ledger.policy, policy');
  assert.equal((await ask(two, { roles: { policy: 'nothing' } })).verdict, 'yes');
  assert.equal((await ask({ ...files([deal]), 'x.policy': 'log\n' })).verdict, 'unchecked');
});

test('a statement, a termination and an amendment are of the parties of their contract, or could not be checked', async () => {
  const amended = contract(2, { more: [`replaces ${deal.id}`, `former ${buyer}`, `former ${maker}`] });
  for (const r of [statement(3, deal.id), termination(4, deal.id), amended]) {
    const [before, later] = [log([deal, r]).receipt(0), log([deal, r]).receipt(1)];
    const alone = await ask({ ...trusted, 'b.tlog-proof': later });
    assert.equal(alone.verdict, 'unchecked');
    has(alone.text, `that its signers are the parties of contract ${deal.id}, whose receipt is not here`);
    const both = await ask({ ...trusted, 'b.tlog-proof': later, 'a.tlog-proof': before });
    assert.equal(both.verdict, 'yes', both.text);
    has(both.text, `its signers are parties of contract ${deal.id}`);
  }
  const both = await ask({ ...trusted, ...files([deal, amended]) });
  has(both.text, `contract ${amended.id} took its place later`);
  const stranger = statement(5, deal.id, 'delivery', { by: [`maker 1 ${vkey('eve.example')}`], names: ['eve.example'] });
  const a = await ask({ ...trusted, ...files([deal, stranger]) });
  assert.equal(a.verdict, 'no');
  has(a.text, `maker is not so a party of contract ${deal.id}`);
});

test('a contract is made by a party of its frame while that is in force', async () => {
  const sub = contract(2, { parties: [`lead 1 ${vkey('dan.example')}`, `sensor-maker 1 ${vkey('mia.example')}`], more: [`under ${deal.id}`], names: ['dan.example', 'mia.example'] });
  assert.equal((await ask({ ...trusted, ...files([deal, sub]) })).verdict, 'yes');
  has((await ask({ ...trusted, 'sub.tlog-proof': log([deal, sub]).receipt(1) })).text, `that a party of contract ${deal.id}, which this is made under, signed it: the receipt of that is not here`);
  const foreign = contract(3, { parties: [`lead 1 ${vkey('eve.example')}`, `sensor-maker 1 ${vkey('mia.example')}`], more: [`under ${deal.id}`], names: ['eve.example', 'mia.example'] });
  assert.equal((await ask({ ...trusted, ...files([deal, foreign]) })).files[1].items[0].report.failure.step, 'under');
  const ended = await ask({ ...trusted, ...files([deal, termination(4, deal.id), sub]) });
  assert.equal(ended.verdict, 'no');
  has(ended.text, `breaks the rule under: the frame contract ${deal.id} is terminated`);
});

test('what a key signed after its revocation is a no, and what it signed before is not', async () => {
  const later = statement(3, deal.id);
  const records = [deal, revocation(9, 'dan.example'), later];
  const a = await ask({ ...trusted, ...files(records) });
  assert.deepEqual(a.files.map((f) => f.verdict), ['yes', 'yes', 'no']);
  has(a.text, 'was revoked by entry 1, this is entry 2');
  assert.equal((await ask({ ...trusted, ...files([deal, later, revocation(9, 'dan.example')]) })).verdict, 'yes');
});

test('receipts of two pasts are a no, whatever each says', async () => {
  const [one, other] = [log([deal, statement(2, deal.id)]), log([deal, statement(3, deal.id)])];
  const a = await ask({ ...trusted, a: one.receipt(1), b: other.receipt(1), c: one.receipt(0) });
  assert.equal(a.verdict, 'no');
  assert.equal(a.failure.step, 'fork');
  has(a.text, 'These files together: ledger.example shows two pasts', 'keep these receipts', 'fits one file, which this page judges as evidence');
  assert.equal((await ask({ ...trusted, 'e.txt': a.evidence })).verdict, 'yes');
  const again = log([deal, statement(2, deal.id), deal]);
  const twice = await ask({ ...trusted, a: again.receipt(2), b: again.receipt(0, { size: 1 }) });
  assert.equal(twice.evidence, undefined);
  has(twice.text, 'broke the rule once', 'They make no evidence file by themselves');
});

test('a dossier has its contract in place, its drafts, its disputes and its oldest receipt', async () => {
  const dispute = statement(2, deal.id, 'dispute');
  const draft = contract(3, { more: [`replaces ${deal.id}`, `former ${buyer}`, `former ${maker}`], names: [] });
  const l = log([deal, dispute]);
  const witnesses = { 'w1.example': made + 5, 'w2.example': made + 9 };
  const x = dossier({
    ...inDossier(deal, l.receipt(0, { witnesses: { 'w1.example': made + 500, 'w3.example': made + 600 } }), l.receipt(0, { size: 1, witnesses })),
    ...inDossier(dispute, l.receipt(1, { witnesses: { 'w1.example': made + 500, 'w3.example': made + 600 } })), ...inDossier(draft),
    [`documents/${deal.id}/terms.md`]: terms,
  });
  const a = await ask({ 'x.chirograph': x, 'p.policy': policy('two') });
  assert.equal(a.verdict, 'yes', a.text);
  has(
    a.text, `draft ${draft.id}: not registered`, `contract ${deal.id} is in force since 2026-05-28; the ledger may have others`, `Dispute ${dispute.id} is open`,
    'the quorum two had seen it by 2026-05-28T20:26:49Z (w1, w2) in a tree of 1 entry that it is in, too', 'these documents are the ones that were signed: terms.md (terms)',
    `that contract ${draft.id}, which is in this file, binds anybody: it is a draft, not registered`,
  );
  const alone = await ask({ 'x.chirograph': dossier(inDossier(contract(4))), ...trusted });
  assert.equal(alone.verdict, 'no');
  has(alone.text, 'not registered: the dossier has no receipt of contract', 'Hint: chirograph submit registers it');
});

test('a document that is given is the one of its name, and says of which record', async () => {
  const salt = Buffer.alloc(32, 7);
  const c = contract(2, { documents: [document('terms.md', 'terms', terms), document('plan.pdf', 'attachment', 'plan', salt)] });
  const r = { ...trusted, 'r.tlog-proof': log([c]).receipt(0) };
  const good = await ask({ ...r, 'terms.md': terms, 'plan.pdf': 'plan', 'plan.pdf.salt': salt });
  assert.equal(good.verdict, 'yes', good.text);
  has(good.text, `It is the document plan.pdf (attachment) of contract ${c.id}, to the byte.`, 'It is the salt of plan.pdf.', 'these documents are the ones that were signed: terms.md (terms), plan.pdf (attachment)');
  for (const [extra, verdict, words] of [
    [{ 'terms.md': '# terms\n' }, 'no', 'document does not match: terms.md is sha256:'],
    [{ 'terms.md': `${terms}\n` }, 'no', 'terms.md has 9 bytes, the record states 8'],
    [{ 'terms.md': terms, 'terms.md.salt': salt }, 'no', 'terms.md is not salted, and there is a salt'],
    [{ 'plan.pdf': 'plan' }, 'unchecked', 'its salt, plan.pdf.salt, is not among the files'],
    [{ 'plan.pdf': 'plan', 'plan.pdf.salt': Buffer.alloc(33, 7) }, 'no', 'the salt of plan.pdf has 33 bytes, not 32'],
    [{ 'plan.pdf.salt': salt }, 'unchecked', 'plan.pdf.salt is the salt of a document that is not among the files'],
    [{ 'terms (1).md': terms }, 'unchecked', 'terms (1).md is the name of no document of the records here'],
    [{ 'ann.key': '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA' }, 'unchecked', 'ann.key is a secret key, which nobody needs for this'],
    [{ 'Terms.md': terms }, 'unchecked', 'Terms.md is the name of no document of the records here'],
  ]) {
    const a = await ask({ ...r, ...extra });
    assert.equal(a.verdict, verdict, a.text);
    has(a.text, words);
  }
  has((await ask(r)).text, 'what these documents say, which were not compared: terms.md (terms), plan.pdf (attachment)');
  const every = await ask({ ...r, 'terms.md': terms }, { everyDocument: true });
  assert.equal(every.verdict, 'unchecked');
  has(every.text, 'plan.pdf (attachment) could not be compared: it is not among the files');
});

test('a document in a folder of an id is of that record, and else of the contract that the dossier is about', async () => {
  const amended = contract(2, { documents: [document('terms.md', 'terms', 'new')], more: [`replaces ${deal.id}`, `former ${buyer}`, `former ${maker}`] });
  const l = log([deal, amended]);
  const x = { 'x.chirograph': dossier({ ...inDossier(deal, l.receipt(0)), ...inDossier(amended, l.receipt(1)) }), ...trusted };
  assert.equal((await ask({ ...x, 'x/terms.md': 'new', [`x/${deal.id}/terms.md`]: terms })).verdict, 'yes');
  assert.equal((await ask({ ...x, 'x/terms.md': terms })).verdict, 'no');
  assert.equal((await ask({ ...x, [`x/${deal.id}/terms.md`]: 'new' })).verdict, 'no');
  const photo = statement(3, deal.id, 'delivery', { documents: [document('photo.jpg', 'photo', 'p')] });
  const both = log([deal, photo]);
  const y = { 'y.chirograph': dossier({ ...inDossier(deal, both.receipt(0)), ...inDossier(photo, both.receipt(1)) }), ...trusted };
  assert.equal((await ask({ ...y, 'photo.jpg': 'p' })).verdict, 'yes');
  assert.equal((await ask({ ...y, 'photo.jpg': 'q' })).verdict, 'no');
});

test('the document of a draft binds nobody', async () => {
  const draft = contract(3, { names: ['ann.example'] });
  const a = await ask({ 'x.chirograph': dossier(inDossier(draft)), ...trusted, 'terms.md': terms });
  assert.equal(a.of('terms.md').verdict, 'unchecked');
  assert.equal((await ask({ 'x.chirograph': dossier(inDossier(draft)), ...trusted, 'terms.md': 'other' })).of('terms.md').verdict, 'no');
});

test('a key that is expected signed for its role, or the answer is no', async () => {
  const r = { ...trusted, ...files([deal]) };
  for (const key of [vkey('ann.example'), ssh('ann.example'), ` ${vkey('ann.example')} `]) {
    const a = await ask(r, { expected: `\nbuyer=${key}\n` });
    assert.equal(a.verdict, 'yes', a.text);
    has(a.text, 'buyer signed with the key you expect, SHA256:');
  }
  for (const [expected, verdict, words] of [
    [`buyer=${vkey('bob.example')}`, 'no', 'which is only listed'],
    [`buyer=${vkey('eve.example')}`, 'no', 'you expect SHA256:'],
    [`seller=${vkey('ann.example')}`, 'no', 'the record has no party seller'],
    ['buyer', 'unchecked', 'is not role=key'],
    [`Buyer=${vkey('ann.example')}`, 'unchecked', 'is not a token'],
    [`buyer=${vkey('w1.example', 4)}`, 'unchecked', 'has the type 0x04'],
    ['buyer=PRIVATE+KEY+ann+00000000+AAAA', 'unchecked', 'a secret key, PRIVATE+KEY+…, where a verifier key belongs'],
  ]) {
    const a = await ask(r, { expected });
    assert.equal(a.verdict, verdict, a.text);
    has(a.text, words);
  }
  assert.ok(!(await ask(r, { expected: 'buyer=PRIVATE+KEY+ann+00000000+AAAA' })).text.includes('AAAA'));
  const s = log([deal, statement(2, deal.id)]).receipt(1);
  const a = await ask({ ...trusted, s }, { expected: `buyer=${vkey('ann.example')}` });
  has(a.text, 'the key that is expected for buyer could not be looked for: no contract that holds is among the files');
});

test('a consistency proof is judged with an older checkpoint, or a receipt that has it', async () => {
  const l = log([deal, statement(2, deal.id), statement(3, deal.id)]);
  const proof = { 'x.consistency': l.consistency(1) };
  const a = await ask({ ...trusted, ...proof, old: l.checkpoint(1) });
  assert.equal(a.verdict, 'yes', a.text);
  has(a.text, 'the tree of 3 entries begins with the one of 1', 'Nobody but the ledger vouches for these trees');
  assert.equal((await ask({ ...trusted, ...proof, 'r.tlog-proof': l.receipt(0, { size: 1 }) })).verdict, 'yes');
  has((await ask({ ...trusted, ...proof })).text, 'the older checkpoint, of size 1, is not among the files');
  const other = log([contract(7), deal]);
  assert.equal((await ask({ ...trusted, ...proof, old: other.checkpoint(1) })).files[0].failure.step, 'consistency');
  assert.equal((await ask({ ...trusted, ...proof, old: l.checkpoint(2) })).files[0].failure.step, 'size');
  has((await ask({ ...trusted, old: l.checkpoint(2) })).text, 'a checkpoint shows nothing by itself');
});

test('evidence that holds is against the ledger, and says so', async () => {
  const v = vector('evidence/absent-all-there');
  const fork = vector('evidence/fork-entries-smaller-first');
  assert.equal(fork.want, 'ok');
  const a = await ask({ 'p.policy': bytes(fork, 'policy'), 'e.txt': bytes(fork, 'evidence') });
  assert.equal(a.verdict, 'yes');
  assert.equal(a.words.tone, 'unchecked');
  has(a.text, 'Yes: the evidence holds, the ledger broke its word', 'The evidence in e.txt holds, and it is against the ledger.', 'signed two trees');
  const no = await ask({ 'p.policy': bytes(v, 'policy'), 'e.txt': bytes(v, 'evidence') });
  assert.equal(no.verdict, 'no');
  has(no.text, 'this file does not show that the ledger broke a rule; nor does it show that it broke none');
  const cut = await ask({ 'p.policy': bytes(fork, 'policy'), 'e.txt': bytes(fork, 'evidence').slice(0, -9) });
  assert.equal(cut.verdict, 'unchecked');
  has(cut.text, 'nothing was judged');
});

test('a record is the registered one, to the byte, or could not be checked', async () => {
  const r = { ...trusted, ...files([deal]) };
  assert.equal((await ask({ ...r, 'x.note': deal.note })).verdict, 'yes');
  assert.equal((await ask({ ...r, 'x.note': contract(5).note })).verdict, 'unchecked');
  assert.equal((await ask({ ...r, 'x.note': `${deal.text}\n` })).verdict, 'unchecked');
  assert.equal((await ask({ ...r, 'x.note': record([...deal.text.trimEnd().split('\n')], 'ann.example').note })).verdict, 'unchecked');
});

test('nothing to check is no yes', async () => {
  for (const f of [{}, trusted, { 'x.md': 'x' }, { ...trusted, 'x.md': 'x' }]) assert.equal((await ask(f)).verdict, 'unchecked');
});

/** How often the page may answer while it judges these files, and what it then says. */
async function pauses(files, roles = {}) {
  let n = 0;
  const all = await given(files, roles);
  const { verdict } = await api.verify({ files: all, expected: '', everyDocument: false, now: made }, async () => void n++);
  return { n, verdict };
}

test('evidence is judged entry by entry: the page may answer after each', async () => {
  const b64 = (s) => Buffer.from(s).toString('base64');
  const records = [...Array.from({ length: 21 }, (_, i) => contract(i + 1)), contract(1)];
  const l = log(records);
  const evidence = (n) => ['chirograph/evidence/v1', 'rule once', ...[21, ...Array.from({ length: n }, (_, i) => i)].map((i) => `proof ${b64(l.receipt(i))}`)].map((s) => `${s}\n`).join('');
  const [few, many] = [await pauses({ ...trusted, 'e.txt': evidence(1) }), await pauses({ ...trusted, 'e.txt': evidence(21) })];
  assert.deepEqual([few.verdict, many.verdict], ['yes', 'yes']);
  assert.ok(many.n - few.n >= 3 * 20, `${many.n} pauses of 21 entries, ${few.n} of 1`); // read, found in the tree, judged
});

test('receipts of a dossier, older checkpoints and documents are looked at one by one', async () => {
  const statements = Array.from({ length: 9 }, (_, i) => statement(i + 2, deal.id));
  const records = [deal, ...statements];
  const l = log(records);
  const kept = (n) => dossier(Object.assign({}, ...records.slice(0, n).map((r, i) => inDossier(r, l.receipt(i)))));
  const checkpoints = (n) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`${i}.checkpoint`, `${l.checkpoint(1)}\u2014 x${i} AAAAAAA=\n`]));
  const documents = (n) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`${i}/terms.md`, terms]));
  for (const [name, each, files] of [
    ['dossier', 3, (n) => ({ 'd.chirograph': kept(n) })],
    ['checkpoints', 2, (n) => ({ 'c.proof': l.consistency(1), ...checkpoints(n) })],
    ['documents', 2, (n) => ({ 'r.tlog-proof': l.receipt(0), ...documents(n) })],
  ]) {
    const [few, many] = [await pauses({ ...trusted, ...files(1) }), await pauses({ ...trusted, ...files(10) })];
    assert.deepEqual([few.verdict, many.verdict], ['yes', 'yes'], name);
    assert.ok(many.n - few.n >= 9 * each, `${name}: ${many.n} pauses of ten, ${few.n} of one`);
  }
});
