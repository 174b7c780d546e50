/** What a process costs, read from Linux's /proc. */
import { readFileSync } from 'node:fs';

/** USER_HZ, which Linux has kept at 100 for all architectures that we run on (proc(5)). */
const TICKS_PER_SECOND = 100;

/** CPU time of all its threads, user and system, in µs; steps of 10 ms. */
export function cpuUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold anything; what follows it is fields 3 and on.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [utime, stime] = [Number(fields[11]), Number(fields[12])];
  return ((utime + stime) * 1_000_000) / TICKS_PER_SECOND;
}

/** Memory in KiB: resident, proportional (shared pages divided), and private to the process. */
export interface Memory {
  readonly residentKib: number;
  readonly proportionalKib: number;
  readonly privateKib: number;
}

export function memoryOf(pid: number): Memory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1] ?? 0);
  return { residentKib: field('Rss'), proportionalKib: field('Pss'), privateKib: field('Private_Clean') + field('Private_Dirty') };
}
