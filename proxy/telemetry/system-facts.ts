/** Reads what Linux knows of this process. Nothing here is synchronous: a proxy has tens of thousands of descriptors. */
import { readdir, readFile } from 'node:fs/promises';
import type { SystemFacts } from './families-process.ts';

/** Fields of `/proc/self/stat` behind the command's closing parenthesis: proc(5) 20 and 23. */
const STAT_THREADS = 17;
const STAT_VIRTUAL = 20;

/** Null where there is no `/proc`. */
export async function readSystemFacts(): Promise<SystemFacts | null> {
  try {
    const [stat, limits, descriptors, network] = await Promise.all([
      readFile('/proc/self/stat', 'utf8'),
      readFile('/proc/self/limits', 'utf8'),
      readdir('/proc/self/fd'),
      readFile('/proc/self/net/dev', 'utf8'),
    ]);
    return parseSystemFacts(stat, limits, descriptors.length, network);
  } catch {
    return null;
  }
}

/** From the texts of `stat`, `limits` and `net/dev`. */
export function parseSystemFacts(stat: string, limits: string, openDescriptors: number, network: string): SystemFacts {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const interfaces = network.split('\n').slice(2).map((row) => row.slice(row.indexOf(':') + 1).trim().split(/\s+/).map(Number));
  const total = (column: number): number => interfaces.reduce((sum, row) => sum + (row[column] ?? 0), 0);
  return {
    openDescriptors,
    maxDescriptors: Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 0),
    threads: Number(fields[STAT_THREADS] ?? 0),
    virtualBytes: Number(fields[STAT_VIRTUAL] ?? 0),
    receivedBytes: total(0),
    sentBytes: total(8),
  };
}
