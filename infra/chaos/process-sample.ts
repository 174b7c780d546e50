/** What a process holds now, read from Linux's /proc. */
import { readFile, readdir } from 'node:fs/promises';

export interface ProcessSample {
  /** Memory that only this process has, and all that it has resident. */
  readonly privateBytes: number;
  readonly residentBytes: number;
  /** Open descriptors: sockets, files, pipes. */
  readonly descriptors: number;
}

const KIB = 1024;

export async function sampleProcess(pid: number): Promise<ProcessSample> {
  const [rollup, descriptors] = await Promise.all([readFile(`/proc/${pid}/smaps_rollup`, 'utf8'), readdir(`/proc/${pid}/fd`)]);
  const field = (name: string): number => Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(rollup)?.[1] ?? Number.NaN) * KIB;
  return { privateBytes: field('Private_Clean') + field('Private_Dirty'), residentBytes: field('Rss'), descriptors: descriptors.length };
}

/** Whether this system tells so (Linux does). */
export async function canSample(): Promise<boolean> {
  return sampleProcess(process.pid).then(({ privateBytes }) => privateBytes > 0, () => false);
}
