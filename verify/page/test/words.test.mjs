// The words for a receipt: what was proved, and what was not.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ask } from './ask.mjs';
import { bytes, vector } from './files.mjs';
import { contract, log, made, policy, vkey } from './ledger.mjs';
import { api } from './module.mjs';

const deal = contract(1, { title: 'Vertrag \u05d0\u05d1 40' });

/** The lines of the text that begin with one of these. */
const lines = (text, ...starts) => text.split('\n').filter((l) => starts.some((s) => l.trim().startsWith(s)));

test('with quorum none the words are that nobody but the ledger vouches', async () => {
  const a = await ask({ 'l.policy': policy(), 'r.tlog-proof': log([deal]).receipt(0) });
  const { fingerprint, parseKey } = api;
  const print = (name) => fingerprint(parseKey(vkey(name)));
  assert.equal(
    a.text,
    `Yes: everything that was asked holds
Trusted, by l.policy:
- the ledger ledger.example, ${print('ledger.example')}
- quorum none: no witness is asked for, and so it is the ledger's word alone

r.tlog-proof: receipt: yes
contract ${deal.id}
  "Vertrag \u05d0\u05d1 40"
  Yes: it is registered, and everyone who had to sign it has.
  buyer signed ${print('ann.example')} ann.example
  buyer listed, did not sign ${print('bob.example')} bob.example
  maker signed ${print('dan.example')} dan.example
  Proved:
  - buyer signed with 1 of its 2 keys; it takes 1
  - maker signed
  - ledger.example registered it as entry 0 at 2026-05-28T20:26:40Z, and signed the tree of 1 entry that it is in (key ${print('ledger.example')})
  Not proved:
  - what these documents say, which were not compared: terms.md (terms)
  - when it was registered, and that others are shown the same ledger: quorum none, so one key vouches for this tree and its time; others may have been shown another
  - that no key was revoked before, and no contract replaced: only an audit of the ledger shows that
  - who the keys belong to: their names are the record's own claim; compare the fingerprints
`,
  );
});

test('with two of three witnesses the words are who had seen it by when', async () => {
  const witnesses = { 'w3.example': made + 30, 'w1.example': made + 7 };
  const a = await ask({ 'l.policy': policy('two'), 'r.tlog-proof': log([deal]).receipt(0, { witnesses }) });
  assert.equal(a.verdict, 'yes');
  assert.deepEqual(lines(a.text, '- the quorum'), ['- the quorum two: 2 of (w1, w2, w3)', '  - the quorum two had seen it by 2026-05-28T20:27:10Z (w1, w3)']);
  assert.ok(!a.text.includes('vouches'));
});

test('with one witness too early to count the words are who cosigned when', async () => {
  const witnesses = { 'w3.example': made - 301, 'w1.example': made + 7 };
  const a = await ask({ 'l.policy': policy('two'), 'r.tlog-proof': log([deal]).receipt(0, { witnesses }) });
  assert.equal(a.verdict, 'no');
  assert.deepEqual(lines(a.text, 'No'), [
    'No: something does not hold',
    '  No: the quorum two is not met: w1 cosigned at 2026-05-28T20:26:47Z, w3 cosigned at 2026-05-28T20:21:39Z, before the entry was there.',
  ]);
  const edge = await ask({ 'l.policy': policy('two'), 'r.tlog-proof': log([deal]).receipt(0, { witnesses: { ...witnesses, 'w3.example': made - 300 } }) });
  assert.equal(edge.verdict, 'yes');
});

test('the ledger that cosigns is the ledger\'s own word', async () => {
  const v = vector('receipt/own-word-required-and-there');
  const a = await ask({ 'l.policy': bytes(v, 'policy'), 'r.tlog-proof': bytes(v, 'proof') });
  assert.match(a.text, /cosigned that tree with its ML-DSA-44 key \(SHA256:[^)]*\) at [^:]*:[^:]*:[^:]*: the ledger's own word/);
  const w = vector('receipt/own-word-alone-is-enough');
  const alone = await ask({ 'l.policy': bytes(w, 'policy'), 'r.tlog-proof': bytes(w, 'proof') });
  assert.match(alone.text, /the ledger's own word alone meets the quorum [^,]*, so nobody else vouches/);
});

for (const [name, step, words] of [
  ['proof-in-crlf', 'proof', 'Hint: a receipt is the whole file'],
  ['entry-absent', 'entry', 'entry does not begin with a line "registered <POSIX seconds>"'],
  ['ledger-unknown', 'ledger', 'which is no log of the policy'],
  ['checkpoint-signature-flipped', 'checkpoint', 'under the checkpoint does not verify'],
  ['quorum-fails', 'cosignature', 'the cosignature of witness w1 under the checkpoint does not verify'],
  ['ml-dsa-fails', 'cosignature', 'under the checkpoint does not verify'],
  ['quorum-1-of-3', 'quorum', 'is not met: '],
  ['index-is-size', 'index', 'the tree of the checkpoint has'],
  ['inclusion-flipped', 'inclusion', 'not registered: the entry is not number'],
  ['signatures-fails', 'signatures', 'does not verify'],
  ['signatures-party-missing', 'signatures', 'has 0 of 1 signatures'],
]) {
  test(`a receipt that is forged so, ${name}, is a no that names the step ${step} and proves nothing`, async () => {
    const v = vector(`receipt/${name}`);
    assert.equal(v.want, step);
    const a = await ask({ 'l.policy': bytes(v, 'policy'), 'r.tlog-proof': bytes(v, 'proof') }, { roles: { 'r.tlog-proof': 'receipt' } });
    assert.equal(a.verdict, 'no');
    assert.equal(a.files[0].items[0].report.failure.step, step);
    assert.ok(a.text.includes(words), a.text);
    assert.ok(!a.text.includes('Proved') && !a.text.includes('Yes'), a.text);
  });
}

test('what strangers wrote is isolated, and what hides is written out', () => {
  const shown = api.shown('a\u202eb\u2069c\u2068\u200b<b>\u0007');
  assert.deepEqual(api.split(`the key ${shown} signed`), [
    { text: 'the key ', strange: false }, { text: 'a\\u{202e}b\\u{2069}c\\u{2068}\\u{200b}<b>\\u{7}', strange: true }, { text: ' signed', strange: false },
  ]);
  assert.equal(api.plain(api.quoted('x'.repeat(101))), `"${'x'.repeat(100)}…"`);
});

test('without a policy the words are that nothing says whom you trust', async () => {
  const a = await ask({ 'r.tlog-proof': log([deal]).receipt(0) });
  assert.deepEqual(lines(a.text, 'Could', 'r.tlog'), [
    'Could not be checked: nothing says whom you trust',
    'Could not be checked: there is no policy: without one nobody is trusted, and nothing was judged. A policy comes from somebody you trust, never from the file that is to be checked.',
    'r.tlog-proof: receipt: could not be checked', '  Could not be checked: there is no policy.',
  ]);
});

test('a policy with names that hide or reorder is shown with them written out', async () => {
  const hostile = policy('two').replace(/ w1(?=[ \n])/g, ' w\u202e1').replace(/ w2(?=[ \n])/g, ' <img/src=x>');
  const a = await ask({ 'l\u202e.policy': hostile, 'r.tlog-proof': log([deal]).receipt(0, { witnesses: { 'w1.example': made, 'w2.example': made } }) });
  assert.equal(a.verdict, 'yes');
  assert.ok(a.text.includes('(w\\u{202e}1, <img/src=x>)'), a.text);
  const strange = [...a.words.sections.flatMap((s) => s.blocks.flatMap((b) => b.lists.flatMap((l) => l.sentences))), ...a.words.trust.sentences].flatMap(api.split).filter((p) => p.strange).map((p) => p.text);
  assert.ok(strange.includes('<img/src=x>') && strange.includes('w\\u{202e}1'));
  assert.ok(!JSON.stringify(a.words).includes('\u202e'));
});
