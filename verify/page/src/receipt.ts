// Receipts (FORMATS.md, section 3.5): that a ledger of the policy registered a record,
// everyone who had to sign it has, and a quorum saw the tree that it is in.

import { type Entry, parseEntry } from './entry.ts';
import { at, Failure } from './fault.ts';
import { type Proof, parseProof } from './proof.ts';
import { lacks, missing, openRecord, type Record } from './record.ts';
import { noQuorum, type Policy, shownName } from './policy.ts';
import { shown } from './shown.ts';
import { isIncluded, leafHash } from './tree.ts';
import { type Cosigned, listCosigned, quorumTime, type Verified, verifyCheckpoint } from './verified.ts';

/** By how many seconds a witness's clock may be behind the ledger's. */
export const skew = 300;

export type Registration = {
  readonly record: Record;
  readonly registered: number; // POSIX seconds, by the ledger's word
  readonly index: bigint;
  readonly verified: Verified;
  readonly counted: readonly Cosigned[]; // those that are not from before the entry
  readonly seenBy: bigint | undefined; // when a quorum had cosigned this tree; undefined for the ledger's word only
  readonly proof: Proof;
  readonly older: Registration | undefined; // by an older receipt, under a smaller tree
};

/** Verifies a receipt, step by step. */
export function verifyReceipt(p: Policy, data: Uint8Array): Registration {
  const proof = at('proof', () => parseProof(data));
  const entry = at('entry', () => parseEntry(proof.extra));
  const record = at('entry', () => openRecord(entry.record, false), 'record: ');
  const { ledger } = record.text;
  const log = p.logs.find((l) => l.vkey === ledger.vkey);
  if (log === undefined) throw new Failure('ledger', `the record is for the ledger ${ledger.vkey}, which is no log of the policy`);
  const verified = verifyCheckpoint(p, log, proof.checkpoint);
  const registration = { record, registered: entry.registered, index: proof.index, verified, proof, older: undefined, ...meet(p, entry, verified) };
  checkIncluded(proof);
  if (record.fault !== undefined) throw new Failure('signatures', record.fault);
  for (const m of missing(record)) throw new Failure('signatures', lacks(m));
  return registration;
}

/** Asks for the quorum, of the cosignatures that are not from before the entry. */
function meet(p: Policy, entry: Entry, { cosigned }: Verified): { counted: Cosigned[]; seenBy: bigint | undefined } {
  const since = BigInt(entry.registered - skew);
  const counted = cosigned.filter((c) => c.time >= since);
  const seenBy = quorumTime(p, counted);
  if (seenBy === false) throw new Failure('quorum', `the quorum ${shownName(p.quorum)} is not met: ${listCosigned(cosigned, since)}`);
  return { counted, seenBy };
}

/** Demands that the entry is where the proof says. */
export function checkIncluded({ extra, index, hashes, checkpoint: { origin, size, root } }: Proof): void {
  if (index >= size) throw new Failure('index', `the entry is number ${index}, the tree of the checkpoint has ${size}`);
  if (!isIncluded(leafHash(extra), index, size, hashes, root)) {
    throw new Failure('inclusion', `not registered: the entry is not number ${index} of ${shown(origin)}`);
  }
}

/** Adds an older receipt of the same entry. It has to hold but for the quorum: without that it bounds no time. */
export function withOlder(p: Policy, r: Registration, data: Uint8Array): Registration {
  try {
    return { ...r, older: verifyUnwitnessed(p, data) };
  } catch (e) {
    if (e instanceof Failure) throw new Failure(e.step, `its oldest receipt: ${e.message}`);
    throw e;
  }
}

function verifyUnwitnessed(p: Policy, data: Uint8Array): Registration {
  try {
    return verifyReceipt(p, data);
  } catch (e) {
    if (!(e instanceof Failure && e.step === 'quorum')) throw e;
    return verifyReceipt({ ...p, quorum: noQuorum }, data);
  }
}

/** The registration under whose tree a quorum had seen the entry first. */
export function seenFirst(r: Registration): Registration {
  const older = r.older?.seenBy;
  return r.older !== undefined && older !== undefined && (r.seenBy === undefined || older < r.seenBy) ? r.older : r;
}
