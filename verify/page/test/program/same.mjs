// What the page says of a receipt or dossier is what chirograph-verify says, sentence for
// sentence. It builds that program, so it needs Go.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { buyer, contract, dossier, inDossier, log, maker, made, policy, revocation, statement, termination, terms, vkey } from '../ledger.mjs';
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
  const run = (...flags) => spawnSync(program, ['receipt', ...flags, '--policy', policy, ...args, ...paths.filter((p) => p !== policy)], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const { status, stdout } = run('--json');
  const given = await Promise.all(Object.entries(files).map(async ([path, data]) => {
    const role = { policy: 'policy', chirograph: 'dossier' }[path.split('.').at(-1)] ?? 'receipt';
    return { path, source: api.fromBytes(new Uint8Array(Buffer.from(data))), role };
  }));
  const expected = args.filter((a) => a.startsWith('--party=')).map((a) => a.slice('--party='.length)).join('\n');
  const answer = await api.verify({ files: given, expected, everyDocument: false, now }, async () => {});
  return { code: status, said: JSON.parse(stdout), printed: () => run().stdout, answer };
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

/** How a contract stands, by the sentence that the program prints. */
function sameStanding(ours, theirs, printed, name) {
  assert.equal(ours === undefined, theirs === undefined, name);
  if (theirs === undefined) return;
  assert.ok(printed().includes(`contract ${ours.contract} is ${ours.text}; the ledger may have others\n`), `${name}: ${ours.text} is not in\n${printed()}`);
  assert.deepEqual([...ours.disputes], theirs.disputes, name);
}

/** Where the reason is not how a text is out of form, which each says in words of its own. */
const sameReasons = ['ledger', 'checkpoint', 'quorum', 'index', 'inclusion', 'signatures', 'under'];

const codes = { yes: 0, no: 1, unchecked: 2 };

function compare(name, { code, said, printed, answer }) {
  assert.equal(codes[answer.verdict], code, `${name}: verdict ${answer.verdict}, exit code ${code}`);
  for (const [i, f] of said.files.entries()) {
    const ours = answer.files[i];
    assert.equal(ours.verdict, f.verdict, name);
    assert.equal(ours.failure?.step, f.failure?.step, name);
    if (f.failure) assert.equal(api.plain(ours.failure.message), f.failure.reason, name);
    assert.deepEqual([...ours.drafts], f.drafts ?? [], name);
    sameStanding(ours.standing, f.status, printed, name);
    assert.equal(ours.items.length, f.records.length, name);
    for (const [n, r] of f.records.entries()) {
      const { report, registration } = ours.items[n];
      assert.equal(report.verdict, r.verdict, name);
      assert.equal(report.failure?.step, r.failure?.step, `${name}: ${report.failure?.message} | ${r.failure?.reason}`);
      if (sameReasons.includes(r.failure?.step)) assert.equal(api.plain(report.failure.message), r.failure.reason, name);
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

test('the page and the program say the same of all evidence', async (t) => {
  let count = 0;
  for (const name of readdirSync(join(vectors, 'evidence'))) {
    const v = JSON.parse(readFileSync(join(vectors, 'evidence', name)));
    const [policy, file] = [join(dir, 'e.policy'), join(dir, 'e.txt')];
    writeFileSync(policy, bytes(v, 'policy'));
    writeFileSync(file, bytes(v, 'evidence'));
    const run = spawnSync(program, ['evidence', '--json', '--policy', policy, file], { encoding: 'utf8' });
    const said = JSON.parse(run.stdout);
    const files = [['e.policy', 'policy', 'policy'], ['e.txt', 'evidence', 'evidence']].map(([path, role, member]) =>
      ({ path, role, source: api.fromBytes(new Uint8Array(bytes(v, member))) }));
    const answer = await api.verify({ files, expected: '', everyDocument: false, now }, async () => {});
    const [{ breach, failure, unchecked }] = answer.files;
    assert.equal(codes[answer.verdict], run.status, name);
    // Of a file that has not the form of any the two say what is wrong in words of their own.
    if (said.failure) {
      assert.equal(failure?.step ?? (said.failure.step === 'form' ? 'form' : 'checkpoint'), said.failure.step, name);
      if (said.failure.step === 'checkpoint') assert.equal(api.plain(unchecked), `nothing was judged: ${said.failure.reason}`, name);
    } else {
      assert.equal(api.plain(breach.doubt).replace('this page', 'this program'), said.doubt ?? '', name);
      // How a text is not in form, each says in words of its own.
      const reason = said.rule === 'form' ? '' : (said.reason ?? '');
      assert.ok(api.plain(breach.sentence).endsWith(reason), `${name}: ${breach.sentence} | ${reason}`);
    }
    count++;
  }
  t.diagnostic(`${count} compared`);
});

const deal = contract(1, { title: 'Forty flow meters' });
const amended = contract(2, { more: [`replaces ${deal.id}`, `former ${buyer}`, `former ${maker}`] });
const halfAmended = contract(3, { more: [`replaces ${deal.id}`, `former ${buyer}`] });
const sub = contract(4, { parties: [`lead 1 ${vkey('dan.example')}`, `sensors 1 ${vkey('mia.example')}`], more: [`under ${deal.id}`], names: ['dan.example', 'mia.example'] });
const foreign = contract(5, { parties: [`lead 1 ${vkey('eve.example')}`, `sensors 1 ${vkey('mia.example')}`], more: [`under ${deal.id}`], names: ['eve.example', 'mia.example'] });
const ofStranger = statement(6, deal.id, 'delivery', { by: [`maker 1 ${vkey('eve.example')}`], names: ['eve.example'] });
const dispute = statement(7, deal.id, 'dispute');
const resolution = statement(8, deal.id, 'resolution', { by: [buyer, maker], names: ['ann.example', 'dan.example'], more: [`answers ${dispute.id}`] });
const later = { more: ['from 2999-01-01', 'until 2999-12-31'] };
const expired = contract(9, { more: ['until 2026-06-01'] });

/** Logs of records that say something of each other. */
const stories = {
  'a contract alone': [deal],
  'an amendment and its contract': [deal, amended],
  'an amendment before its contract': [amended, deal],
  'an amendment without a party': [deal, halfAmended],
  'a statement': [deal, statement(10, deal.id)],
  'a statement of a stranger': [deal, ofStranger],
  'a statement before its contract': [statement(10, deal.id), deal],
  'a statement under a statement': [deal, statement(10, deal.id), statement(11, statement(10, deal.id).id)],
  'a termination': [deal, termination(10, deal.id)],
  'a termination with a day to come': [deal, termination(10, deal.id, ['effective 2999-01-01'])],
  'a revocation before': [deal, revocation(10, 'dan.example'), statement(11, deal.id)],
  'a revocation after': [deal, statement(11, deal.id), revocation(10, 'dan.example')],
  'a call-off': [deal, sub],
  'a call-off of strangers': [deal, foreign],
  'a call-off of a frame that has ended': [deal, termination(10, deal.id), sub],
  'a call-off of a frame that was replaced': [deal, amended, sub],
  'a dispute': [deal, dispute],
  'a dispute that is resolved': [deal, dispute, resolution],
  'a dispute of what was replaced': [deal, dispute, amended],
  'a contract that is to come': [contract(12, later)],
  'a contract that is to come and never will': [contract(12, later), termination(13, contract(12, later).id, ['effective 2030-01-01'])],
  'a contract that has expired': [expired],
  'a record twice': [deal, statement(10, deal.id), deal],
};

test('the page and the program say the same of records that judge each other, as receipts and in a dossier', async (t) => {
  const witnesses = { 'w1.example': made + 5, 'w3.example': made + 9 };
  let count = 0;
  for (const [name, records] of Object.entries(stories)) {
    const l = log(records);
    for (const [quorum, size] of [['none', 1], ['two', 1], ['two', records.length]]) {
      const receipts = records.map((_, i) => l.receipt(i, { witnesses }));
      compare(`${name}, ${quorum}`, await judge({ 'x.policy': policy(quorum), ...Object.fromEntries(receipts.map((r, i) => [`${i}.tlog-proof`, r])) }));
      compare(`${name}, last alone`, await judge({ 'x.policy': policy(quorum), 'x.tlog-proof': receipts.at(-1) }));
      const first = size < records.length ? l.receipt(0, { size, witnesses: { 'w2.example': made + 1, 'w1.example': made + 2 } }) : undefined;
      const files = Object.assign({ [`documents/${deal.id}/terms.md`]: records[0] === deal ? terms : undefined }, ...records.map((r, i) => inDossier(r, receipts[i], i === 0 ? first : undefined)));
      if (files[`documents/${deal.id}/terms.md`] === undefined) delete files[`documents/${deal.id}/terms.md`];
      compare(`${name}, dossier, ${quorum}`, await judge({ 'x.policy': policy(quorum), 'x.chirograph': dossier(files) }));
      count += 3;
    }
  }
  t.diagnostic(`${count} compared`);
});

test('the page and the program say the same of keys that are expected', async (t) => {
  const files = { 'x.policy': policy(), 'a.tlog-proof': log([deal, sub]).receipt(0), 'b.tlog-proof': log([deal, sub]).receipt(1) };
  const expectations = [`lead=${vkey('dan.example')}`, `sensors=${vkey('ann.example')}`, `buyer=${vkey('ann.example')}`, `lead=${vkey('mia.example')}`];
  for (const e of expectations) compare(e, await judge(files, [`--party=${e}`]));
  for (const name of ['ann.example', 'bob.example', 'eve.example']) {
    compare(name, await judge({ 'x.policy': policy(), 'a.tlog-proof': log([deal]).receipt(0) }, [`--party=buyer=${vkey(name)}`]));
  }
  t.diagnostic(`${expectations.length + 3} compared`);
});

test('the page and the program write the same evidence of receipts that contradict each other', async (t) => {
  const [one, other] = [log([deal, statement(10, deal.id)]), log([deal, statement(11, deal.id), statement(12, deal.id)])];
  const again = log([deal, statement(10, deal.id), deal]);
  const cosigned = { witnesses: { 'w1.example': made, 'w2.example': made } };
  const cases = {
    'two trees of one size': [[one.receipt(1, cosigned), other.receipt(1, { size: 2 })], true],
    'two entries of one index': [[one.receipt(1), other.receipt(1, cosigned)], true],
    'a record twice in one tree': [[again.receipt(2), again.receipt(0, cosigned)], true],
    'a record twice in two trees': [[again.receipt(2), again.receipt(0, { size: 1 })], false],
    'no contradiction': [[one.receipt(0), one.receipt(1)], false],
  };
  for (const [name, [receipts, isWritten]] of Object.entries(cases)) {
    const file = join(dir, 'evidence.txt');
    rmSync(file, { force: true });
    const files = { 'x.policy': policy(), ...Object.fromEntries(receipts.map((r, i) => [`${i}.tlog-proof`, r])) };
    const result = await judge(files, [`--evidence=${file}`]);
    assert.equal(result.answer.evidence !== undefined, isWritten, name);
    if (isWritten) assert.equal(result.answer.evidence, readFileSync(file, 'utf8'), name);
    if (isWritten) assert.equal((await judge(files)).answer.verdict, 'no', name);
  }
  t.diagnostic(`${Object.keys(cases).length} compared`);
});

test('the page and the program say the same of drafts', async () => {
  const draft = contract(20, { more: [`replaces ${deal.id}`, `former ${buyer}`, `former ${maker}`], names: ['ann.example'] });
  for (const files of [inDossier(draft), { ...inDossier(deal, log([deal]).receipt(0)), ...inDossier(draft) }, inDossier(deal), inDossier(contract(21, { names: [] }))]) {
    compare('draft', await judge({ 'x.policy': policy(), 'x.chirograph': dossier(files) }));
  }
});

/** The same numbers each time (xorshift32). */
function numbers(seed) {
  let x = seed;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

/** The bytes with a few of them changed, left out, doubled or exchanged for others that are there. */
function damage(b, random) {
  let out = Buffer.from(b);
  for (let n = 1 + random(2); n > 0; n--) {
    const at = random(out.length);
    const [before, after] = [out.subarray(0, at), out.subarray(at + 1)];
    out = Buffer.concat([
      [before, Buffer.from([out[at] ^ (1 << random(8))]), after], [before, after], [before, out.subarray(at, at + 1 + random(40)), out.subarray(at)],
      [before, Buffer.from([out[random(out.length)]]), after], [before, Buffer.from('\n'), after], [out.subarray(0, Math.max(1, at))],
    ][random(6)]);
  }
  return out;
}

test('the page and the program say the same of damaged files', async (t) => {
  const seed = 20261123;
  t.diagnostic(`seed ${seed}`);
  const random = numbers(seed);
  let count = 0;
  for (const [folder, member, ending, rounds, each] of [['receipt', 'proof', 'tlog-proof', 4, 150], ['dossier', 'dossier', 'chirograph', 3, 80]]) {
    const good = readdirSync(join(vectors, folder)).map((f) => JSON.parse(readFileSync(join(vectors, folder, f)))).filter((v) => v.want === 'ok');
    for (let round = 0; round < rounds; round++) {
      const policyOf = good.filter((v) => 'policy' in v)[random(good.filter((v) => 'policy' in v).length)];
      const files = { 'x.policy': bytes(policyOf, 'policy') };
      for (let i = 0; i < each; i++) {
        const damaged = damage(bytes(good[random(good.length)], member), random);
        // Whatever begins as a ZIP is a dossier to the program, and nothing else is.
        if (damaged.subarray(0, 2).equals(Buffer.from('PK')) === (ending === 'chirograph')) files[`${String(i).padStart(3, '0')}.${ending}`] = damaged;
      }
      compare(`${folder}, round ${round}`, await judge(files));
      count += Object.keys(files).length - 1;
    }
  }
  t.diagnostic(`${count} compared`);
});
