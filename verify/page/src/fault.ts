// What is wrong: a value that has not its form, or a step of verifying that fails.

/** A value that has not the form that FORMATS.md gives it. The message says how. */
export class Malformed extends Error {}

/** The parts of verifying, named where they fail (FORMATS.md, section 3). */
export type Step =
  | 'proof' | 'entry' | 'ledger' | 'checkpoint' | 'cosignature' | 'quorum' | 'index' | 'inclusion' | 'signatures' | 'documents'
  | 'form' | 'size' | 'consistency' | 'rule' | 'under' | 'fork';

/** Something does not hold: at which step, and why. */
export class Failure extends Error {
  readonly step: Step;

  constructor(step: Step, reason: string) {
    super(reason);
    this.step = step;
  }
}

/** What read returns; what is malformed there fails at the step. */
export function at<T>(step: Step, read: () => T, prefix = ''): T {
  try {
    return read();
  } catch (e) {
    if (e instanceof Malformed) throw new Failure(step, prefix + e.message);
    throw e;
  }
}

/** The failure that f throws, undefined where it throws none. Every other error goes on. */
export function failureOf(f: () => void): Failure | undefined {
  try {
    f();
  } catch (e) {
    if (e instanceof Failure) return e;
    throw e;
  }
  return undefined;
}
