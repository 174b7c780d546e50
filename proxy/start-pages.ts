/**
 * Lets go of the executable's pages that the start and the compilers of hot code needed, two thirds of what is resident: the
 * kernel maps again, from its cache, those that are used.
 */
import { dlopen } from 'bun:ffi';
import { readFileSync } from 'node:fs';
import { codeRanges } from './code-ranges.ts';

/** sys/mman.h. */
const MADV_DONTNEED = 4;
/** By then listeners are open and the first code is compiled. */
const FIRST_MS = 2_000;
/** And again: code that becomes hot later is compiled by the compilers' many pages. A round costs one to two ms of page faults. */
const AGAIN_MS = 60_000;

type Advise = (start: bigint, length: bigint, advice: number) => number;

function load(): Advise {
  return dlopen('libc.so.6', { madvise: { args: ['u64', 'u64', 'i32'], returns: 'i32' } }).symbols.madvise as Advise;
}

function letGo(advise: Advise): void {
  for (const [start, end] of codeRanges(readFileSync('/proc/self/maps', 'latin1'))) advise(start, end - start, MADV_DONTNEED);
}

/** Does so a moment after the start and from then on. Where it can't be done, nothing is lost but memory. */
export function releaseStartPages(): void {
  if (process.platform !== 'linux') return;
  setTimeout(() => {
    // What the start left behind is garbage now, and no load has come to collect it.
    Bun.gc(true);
    const advise = load();
    letGo(advise);
    setInterval(() => letGo(advise), AGAIN_MS).unref();
  }, FIRST_MS).unref();
}
