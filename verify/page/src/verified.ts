// Checkpoints by a policy (FORMATS.md, sections 3.2 and 3.5): who signed them, and who
// had seen them when.

import { type Checkpoint, isSignature, linesOf } from './checkpoint.ts';
import { cosignatureTime } from './cosignature.ts';
import { Failure } from './fault.ts';
import { formatTime } from './lexical.ts';
import { isMet, isOwn, noQuorum, type Policy, shownName, type Witness } from './policy.ts';
import { quoted, shown } from './shown.ts';
import { fingerprint, type Key } from './vkey.ts';

/** A witness had seen the checkpoint by then; own is the ledger's own word. */
export type Cosigned = { readonly witness: Witness; readonly time: bigint; readonly own: boolean };

/** A checkpoint that a log signed, with the policy's cosignatures, by witness, then by time. */
export type Verified = { readonly log: Key; readonly checkpoint: Checkpoint; readonly cosigned: readonly Cosigned[] };

const byTime = (a: Cosigned, b: Cosigned): number => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0);

/** Verifies a checkpoint as one of the log: its line, and every other that the policy knows. */
export function verifyCheckpoint(p: Policy, log: Key, c: Checkpoint): Verified {
  if (c.origin !== log.name) throw new Failure('checkpoint', `the checkpoint is of ${quoted(c.origin)}, the ledger is ${shown(log.name)}`);
  const own = linesOf(c, log);
  if (own.length === 0) {
    throw new Failure('checkpoint', `the checkpoint is not signed by the key of ${shown(log.name)}, ${fingerprint(log)}`);
  }
  if (!own.every((s) => isSignature(c, log, s))) {
    throw new Failure('checkpoint', `the signature of ${shown(log.name)} under the checkpoint does not verify`);
  }
  for (const other of p.logs) {
    if (other.vkey !== log.vkey && !linesOf(c, other).every((s) => isSignature(c, other, s))) {
      throw new Failure('cosignature', `the signature of ${shown(other.name)}, another log, under the checkpoint does not verify`);
    }
  }
  return { log, checkpoint: c, cosigned: p.witnesses.flatMap((w) => verifyWitness(log, w, c)) };
}

function verifyWitness(log: Key, witness: Witness, c: Checkpoint): Cosigned[] {
  return linesOf(c, witness.key)
    .map((s) => {
      const time = cosignatureTime(witness.key, c, s.bytes);
      if (time === undefined) {
        throw new Failure('cosignature', `the cosignature of witness ${shownName(witness.name)} under the checkpoint does not verify`);
      }
      return { witness, time, own: isOwn(log, witness) };
    })
    .sort(byTime);
}

/** Those of the policy's cosignatures that verify; every other line is as if it were not there. */
export function goodCosignatures(p: Policy, log: Key, c: Checkpoint): Cosigned[] {
  return p.witnesses.flatMap((witness) =>
    linesOf(c, witness.key).flatMap((s) => {
      const time = cosignatureTime(witness.key, c, s.bytes);
      return time === undefined ? [] : [{ witness, time, own: isOwn(log, witness) }];
    }),
  );
}

const ownNames = (cosigned: readonly Cosigned[]): string[] => cosigned.filter((c) => c.own).map((c) => c.witness.name);

/** Whether nobody but the ledger vouches: no cosignature is asked for, or its own are enough. */
export const isLedgerOnly = (p: Policy, cosigned: readonly Cosigned[]): boolean => p.quorum === noQuorum || isMet(p, ownNames(cosigned));

/** The earliest time by which a quorum had cosigned; undefined where there is only the ledger's word; false where there is none. */
export function quorumTime(p: Policy, cosigned: readonly Cosigned[]): bigint | undefined | false {
  if (isLedgerOnly(p, cosigned)) return undefined;
  const names = new Set(ownNames(cosigned));
  for (const c of [...cosigned].sort(byTime)) {
    names.add(c.witness.name);
    if (isMet(p, names)) return c.time;
  }
  return false;
}

/** The latest time before which no quorum can have cosigned more than the checkpoint (FORMATS.md, section 3.8). */
export function timeUnseen(p: Policy, log: Key, c: Checkpoint): bigint | undefined {
  const all = goodCosignatures(p, log, c);
  const names = new Set(ownNames(all));
  const others = new Set(p.witnesses.map((w) => w.name));
  for (const { witness, time } of all.filter((s) => !s.own).sort((a, b) => byTime(b, a))) {
    names.add(witness.name);
    others.delete(witness.name);
    if (isMet(p, names) && !isMet(p, others)) return time;
  }
  return undefined;
}

/** Who cosigned when, from when on it counts. */
export function listCosigned(cosigned: readonly Cosigned[], since: bigint): string {
  if (cosigned.length === 0) return 'no witness of the policy cosigned';
  const own = (c: Cosigned): string => (c.own ? " (the ledger's own word)" : '');
  const early = (c: Cosigned): string => (c.time < since ? ', before the entry was there' : '');
  return cosigned.map((c) => `${shownName(c.witness.name)} cosigned at ${formatTime(c.time)}${own(c)}${early(c)}`).join(', ');
}

/** The first log of the policy that is the origin of all of these and has a line under each. */
export function signerOf(p: Policy, ...checkpoints: Checkpoint[]): Key | undefined {
  return p.logs.find((log) => checkpoints.every((c) => c.origin === log.name && linesOf(c, log).length > 0));
}
