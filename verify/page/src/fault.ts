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
    throw asFailure(step, prefix, e);
  }
}

/** The same of what takes its time. */
export async function later<T>(step: Step, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (e) {
    throw asFailure(step, '', e);
  }
}

const asFailure = (step: Step, prefix: string, e: unknown): unknown => (e instanceof Malformed ? new Failure(step, prefix + e.message) : e);

/** The failure that f ends in, undefined where it ends in none. Every other error goes on. */
export async function failureOf(f: () => Promise<unknown>): Promise<Failure | undefined> {
  try {
    await f();
  } catch (e) {
    if (e instanceof Failure) return e;
    throw e;
  }
  return undefined;
}
