// The search of a picture in a worker: what the decoder has begun nobody can end, and of a
// picture that is full of corners of codes it takes minutes. A worker can be ended, and the
// page answers meanwhile. Its script is the page's own (start.ts), so that the page stays
// one file.

import type { Bytes } from './bytes.ts';
import { maxSearch, searchPicture, type Tell } from './search.ts';
import { fromBytes, type Source } from './source.ts';

/** How often it is asked whether a search is still wanted, in milliseconds. */
const patience = 50;

/** What a worker says beside codes: that it runs, and that it has searched to its end. */
const [begun, ended] = ['begun', 'ended'] as const;

type Message = Bytes | typeof begun | typeof ended;

/** What of a worker's own side is used here. */
type Inside = { postMessage(m: Message): void; onmessage: ((e: MessageEvent<Bytes>) => void) | null };

/** Searches the one picture that comes. */
export function serve(): void {
  const inside = globalThis as unknown as Inside;
  inside.onmessage = ({ data }) => {
    const end = (): void => inside.postMessage(ended);
    searchPicture(fromBytes(data), () => true, (code) => inside.postMessage(code), false).then(end, end);
  };
  inside.postMessage(begun);
}

/** What makes the address of a script one that a worker may have, where a browser asks for that. */
type TrustedTypes = { createPolicy(name: string, rules: { createScriptURL(s: string): string }): { createScriptURL(s: string): unknown } };

/** The address of the page's own script; undefined where there is none. Nothing else has one: the policy makes no other. */
function address(): string | undefined {
  const text = document.querySelector('script')?.textContent ?? '';
  if (text === '') return undefined;
  const url = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  // The type of the worker's constructor knows strings alone.
  return trustedTypes === undefined ? url : (trustedTypes.createPolicy('search', { createScriptURL: () => url }).createScriptURL('') as string);
}

let own: { readonly address: string | undefined } | undefined; // a policy is made once

/** A new worker; undefined where none can be made. */
function hire(): Worker | undefined {
  try {
    if (typeof Worker === 'undefined') return undefined;
    own ??= { address: address() };
    return own.address === undefined ? undefined : new Worker(own.address);
  } catch {
    own ??= { address: undefined };
    return undefined;
  }
}

/**
 * Searches a picture in a worker, for at most maxSearch and while it is wanted; says whether
 * there was one. What it found until its end is told, whoever ended it.
 */
export async function searchApart(source: Source, wanted: () => boolean, tell: Tell): Promise<boolean> {
  const worker = hire();
  if (worker === undefined) return false;
  const end = performance.now() + maxSearch;
  let clock: ReturnType<typeof setInterval> | undefined;
  let runs = false;
  try {
    const picture = await source.read(0, source.size);
    return await new Promise<boolean>((resolve) => {
      clock = setInterval(() => (performance.now() > end || !wanted()) && resolve(true), patience);
      // One that never ran was forbidden.
      worker.onerror = (e) => {
        e.preventDefault();
        resolve(runs);
      };
      worker.onmessage = ({ data }: MessageEvent<Message>) => {
        if (data === begun) runs = true;
        else if (data === ended) resolve(true);
        else tell(data);
      };
      worker.postMessage(picture, [picture.buffer]);
    });
  } finally {
    clearInterval(clock);
    worker.terminate();
  }
}
