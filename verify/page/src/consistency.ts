// Consistency proofs (FORMATS.md, section 3.4): that a log only grew.

import type { Checkpoint } from './checkpoint.ts';
import { at, Failure } from './fault.ts';
import { type Policy, shownName } from './policy.ts';
import { parseConsistency } from './proof.ts';
import { quoted } from './shown.ts';
import { isExtended, printHash } from './tree.ts';
import { isLedgerOnly, listCosigned, quorumTime, signerOf, type Verified, verifyCheckpoint } from './verified.ts';

export type Extension = {
  readonly old: Verified;
  readonly newer: Verified;
  readonly ledgerOnly: boolean;
  readonly seenBy: bigint | undefined; // of the newer
};

/** Verifies that a log of the policy extended an older checkpoint. */
export function verifyConsistency(p: Policy, old: Checkpoint, data: Uint8Array): Extension {
  const proof = at('form', () => parseConsistency(data), 'proof: ');
  const log = signerOf(p, old, proof.checkpoint) ?? signerOf(p, old);
  if (log === undefined) throw new Failure('checkpoint', `no log of the policy signed the older checkpoint, of ${quoted(old.origin)}`);
  // Whatever line under the two is at fault, the step is the same.
  const verify = (which: string, c: Checkpoint): Verified => {
    try {
      return verifyCheckpoint(p, log, c);
    } catch (e) {
      if (e instanceof Failure) throw new Failure('checkpoint', `${which}: ${e.message}`);
      throw e;
    }
  };
  const [before, newer] = [verify('older', old), verify('newer', proof.checkpoint)];
  const seenBy = quorumTime(p, newer.cosigned);
  if (seenBy === false) {
    throw new Failure('quorum', `the quorum ${shownName(p.quorum)} of the checkpoint is not met: ${listCosigned(newer.cosigned, 0n)}`);
  }
  const { size, root } = proof.checkpoint;
  if (proof.old !== old.size) throw new Failure('size', `the proof is from size ${proof.old}, the older checkpoint has ${old.size}`);
  if (!isExtended(old.size, old.root, size, root, proof.hashes)) {
    throw new Failure('consistency', `the tree of ${size} entries, ${printHash(root)}, does not begin with the one of ${old.size}, ${printHash(old.root)}`);
  }
  return { old: before, newer, ledgerOnly: isLedgerOnly(p, newer.cosigned), seenBy };
}
