// What the page says of a receipt or dossier is what chirograph-verify says, sentence for
// sentence. It builds that program, so it needs Go.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { api } from '../module.mjs';

const repository = fileURLToPath(new URL('../../../../', import.meta.url));
const vectors = join(repository, 'testvectors');
const dir = mkdtempSync(join(tmpdir(), 'same-words-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const program = join(dir, 'chirograph-verify');
execFileSync('go', ['build', '-o', program, './cmd/chirograph-verify'], { cwd: repository, stdio: 'inherit' });

const now = Math.floor(Date.now() / 1000);
const bytes = (v, name) => (typeof v[name] === 'string' ? Buffer.from(v[name]) : Buffer.from(v[`${name}_base64`], 'base64'));

/** Writes the files, and has the program and the page judge them. */
async function judge(files, args = []) {
  const paths = Object.entries(files).map(([name, data]) => {
    const path = join(dir, name);
    writeFileSync(path, data);
    return path;
  });
  const policy = paths.find((p) => p.endsWith('.policy'));
  const run = spawnSync(program, ['receipt', '--json', '--policy', policy, ...args, ...paths.filter((p) => p !== policy)], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const given = await Promise.all(Object.entries(files).map(async ([path, data]) => {
    const role = { policy: 'policy', chirograph: 'dossier' }[path.split('.').at(-1)] ?? 'receipt';
    return { path, source: api.fromBytes(new Uint8Array(data)), role };
  }));
  const expected = args.map((a) => a.replace(/^--party=/, '')).join('\n');
  const answer = await api.verify({ files: given, expected, everyDocument: false, now }, async () => {});
  return { code: run.status, said: run.stdout === '' ? undefined : JSON.parse(run.stdout), answer };
}

/** The sentences of a report of the program that the page has as lists. */
function listed(r) {
  const same = (r.documents ?? []).filter((d) => d.compared).map((d) => `${d.name} (${d.kind})`).join(', ');
  const other = (r.documents ?? []).filter((d) => !d.compared).map((d) => `${d.name} (${d.kind})`).join(', ');
  return {
    proved: [...r.proved, ...(r.replaced_by ? [`contract ${r.replaced_by} took its place later`] : []), ...(same ? [`these documents are the ones that were signed: ${same}`] : [])],
    notProved: [...(other ? [`what these documents say, which were not compared: ${other}`] : []), ...r.not_proved],
  };
}

const codes = { yes: 0, no: 1, unchecked: 2 };

function compare(name, { code, said, answer }) {
  assert.equal(codes[answer.verdict], code, `${name}: verdict ${answer.verdict}, exit code ${code}`);
  for (const [i, f] of said.files.entries()) {
    const ours = answer.files[i];
    assert.equal(ours.verdict, f.verdict, name);
    assert.equal(ours.failure?.step, f.failure?.step, name);
    if (f.failure) assert.equal(api.plain(ours.failure.message), f.failure.reason, name);
    assert.deepEqual([...ours.drafts], f.drafts ?? [], name);
    assert.equal(ours.standing?.text.slice(0, f.status?.standing.length), f.status?.standing, name);
    assert.deepEqual(ours.standing?.disputes, f.status?.disputes, name);
    assert.equal(ours.items.length, f.records.length, name);
    for (const [n, r] of f.records.entries()) {
      const { report, registration } = ours.items[n];
      assert.equal(report.verdict, r.verdict, name);
      assert.equal(report.failure?.step, r.failure?.step, `${name}: ${report.failure?.message} | ${r.failure?.reason}`);
      assert.equal(registration?.record.id ?? '', r.id ?? '', name);
      if (r.verdict === 'no') continue;
      const words = api.sentences(report);
      assert.deepEqual({ proved: words.proved.map(api.plain), notProved: words.notProved.map(api.plain) }, listed(r), name);
      assert.deepEqual(report.unchecked, r.unchecked ?? [], name);
      const parties = report.parties.flatMap((p) => p.keys.map((k) => [p.name, k.name, k.fingerprint, k.signed]));
      assert.deepEqual(parties, r.parties.flatMap((p) => p.keys.map((k) => [p.name, k.name, k.fingerprint, k.signed])), name);
    }
  }
  assert.equal(answer.failure?.step, said.failure?.step, name);
  if (said.failure) assert.equal(api.plain(answer.failure.message), said.failure.reason, name);
}

for (const [folder, member, file] of [['receipt', 'proof', 'x.tlog-proof'], ['dossier', 'dossier', 'x.chirograph']]) {
  test(`the page and the program say the same of every ${folder}`, async (t) => {
    let count = 0;
    for (const name of readdirSync(join(vectors, folder))) {
      const v = JSON.parse(readFileSync(join(vectors, folder, name)));
      // A dossier that is not to be judged is judged by the policy of one that is.
      const policy = 'policy' in v || 'policy_base64' in v ? v : JSON.parse(readFileSync(join(vectors, folder, 'judged.json')));
      const data = bytes(v, member);
      if (folder === 'dossier' && !data.subarray(0, 2).equals(Buffer.from('PK'))) continue; // the program takes these for receipts
      compare(`${folder}/${name}`, await judge({ 'x.policy': bytes(policy, 'policy'), [file]: data }));
      count++;
    }
    t.diagnostic(`${count} compared`);
  });
}

test('the page and the program say the same of all receipts of one policy together', async (t) => {
  const byPolicy = new Map();
  for (const name of readdirSync(join(vectors, 'receipt'))) {
    const v = JSON.parse(readFileSync(join(vectors, 'receipt', name)));
    if (v.want !== 'ok') continue;
    const policy = bytes(v, 'policy').toString('latin1');
    byPolicy.set(policy, { ...byPolicy.get(policy), [`${name}.tlog-proof`]: bytes(v, 'proof') });
  }
  for (const [policy, files] of byPolicy) {
    compare(Object.keys(files).join(' '), await judge({ 'x.policy': Buffer.from(policy, 'latin1'), ...files }));
  }
  t.diagnostic(`${byPolicy.size} policies compared`);
});
