// Others' vectors of Ed25519, by what their flags say of ours.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { peer } from './files.mjs';
import { api } from './module.mjs';

function judge(key, message, sig) {
  try {
    api.checkPublicKey(key);
  } catch (e) {
    if (e instanceof api.Malformed) return 'no key';
    throw e;
  }
  return api.verifyEd25519(key, message, sig) ? 'verified' : 'refused';
}

test('vectors of CCTV, by every encoding of every point of small order', (t) => {
  const vectors = peer('cctv/ed25519vectors.json');
  const count = { 'no key': 0, refused: 0, verified: 0 };
  for (const { number, key, sig, msg, flags } of vectors) {
    const has = (...names) => names.some((name) => flags?.includes(name));
    const want = has('non_canonical_A', 'low_order_A') ? 'no key' : has('non_canonical_R', 'low_order_residue') ? 'refused' : 'verified';
    assert.equal(judge(api.unhex(key), api.encode(msg), api.unhex(sig)), want, `vector ${number}: ${flags}`);
    count[want]++;
  }
  assert.deepEqual(count, { 'no key': 526, refused: 302, verified: 86 });
  t.diagnostic(`${vectors.length} passed`);
});
