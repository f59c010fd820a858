// Dossiers as items: every receipt verified, every document compared.

import { compareDocuments, type Dossier, inPlace, type Pace } from './dossier.ts';
import { Failure } from './fault.ts';
import type { Policy } from './policy.ts';
import { verifyReceipt, withOlder } from './receipt.ts';
import { lacks, missing, type Record } from './record.ts';
import { fail, type Item, refused, report } from './report.ts';

/** What a receipt by itself says. */
export function judgeReceipt(p: Policy, data: Uint8Array): Item {
  try {
    const registration = verifyReceipt(p, data);
    return { registration, report: report(registration, p) };
  } catch (e) {
    if (e instanceof Failure) return { registration: undefined, report: refused(e) };
    throw e;
  }
}

/**
 * Verifies every receipt of a dossier and compares every document that it holds. Drafts
 * are no items: they are what the contract might become. The items are still to be
 * related, and asked whether they contradict each other.
 */
export async function judgeDossier(p: Policy, d: Dossier, pace: Pace): Promise<Item[]> {
  const items: Item[] = [];
  const placed = inPlace(d);
  for (const [id, { record, newest, first }] of d.folders) {
    if (newest === undefined) {
      if (record === d.contract && placed === undefined) items.push({ registration: undefined, report: refused(unregistered(record)) });
      continue;
    }
    const item = await judgeFolder(p, d, id, record, newest.data, first?.data);
    items.push(item);
    if (record === placed && record !== d.contract && item.report.verdict !== 'no') {
      item.report.notProved.push(`that contract ${d.contract.id}, which is in this file, binds anybody: it is a draft, not registered`);
    }
    await pace();
  }
  return items;
}

function unregistered(r: Record): Failure {
  const [m] = missing(r);
  const reason = m === undefined ? `the dossier has no receipt of contract ${r.id}, which everyone has signed` : `contract ${r.id} is a draft, ${lacks(m)}`;
  return new Failure('proof', `not registered: ${reason}`);
}

async function judgeFolder(p: Policy, d: Dossier, id: string, record: Record, newest: Uint8Array, first: Uint8Array | undefined): Promise<Item> {
  try {
    const alone = verifyReceipt(p, newest);
    const registration = first === undefined ? alone : withOlder(p, alone, first);
    const item = { registration, report: report(registration, p) };
    for (const [i, c] of (await compareDocuments(d, id)).entries()) {
      const line = item.report.documents[i];
      if (c.state === 'matches' && line !== undefined) line.compared = true;
      if (c.state === 'differs') fail(item.report, new Failure('documents', c.reason));
    }
    return item;
  } catch (e) {
    if (!(e instanceof Failure)) throw e;
    return { registration: undefined, report: refused(new Failure(e.step, `${record.text.kind} ${id}: ${e.message}`)) };
  }
}
