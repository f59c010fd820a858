// Every vector of testvectors: what is right is taken, with the same values, and what is
// not is refused for the same reason.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { classes, outcome, valuesOf } from './module.mjs';
import { folders, vectorsOf } from './files.mjs';

test('every folder of vectors is a class that is known', () => assert.deepEqual(folders, Object.keys(classes).sort()));

let passed = 0;
for (const name of folders) {
  test(`vectors: ${name}`, async (t) => {
    const vectors = vectorsOf(name);
    assert.ok(vectors.length > 0);
    for (const [file, v] of vectors) {
      const { want, values, reason } = await outcome(name, v);
      assert.equal(want, v.want, `${name}/${file}: ${v.comment} ${reason ?? ''}`);
      if (want === 'ok') assert.deepEqual(values, valuesOf(name, v), `${name}/${file}`);
      passed++;
    }
    t.diagnostic(`${vectors.length} passed, ${passed} so far`);
  });
}
