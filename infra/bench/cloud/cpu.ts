/** CPU time of this process, and of a Postgres server with all its backends, from Linux's process table. */
import { readdir, readFile } from 'node:fs/promises';

/** Ticks of a second in /proc; the same on every Linux that we run on. */
const TICKS = 100;

/** CPU seconds of this process with its threads. */
export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

interface Stat {
  readonly parent: number;
  /** Of the process itself, and of its children that have ended. */
  readonly seconds: number;
}

async function statOf(pid: string): Promise<Stat | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (text === null) return null;
  // The second field is a name in brackets that may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number);
  const [parent, ticks] = [fields[1] ?? 0, fields.slice(11, 15).reduce((sum, value) => sum + value, 0)];
  return { parent, seconds: ticks / TICKS };
}

/** CPU seconds of a server by its postmaster's pid; NaN where there is no /proc. */
export async function serverCpuSeconds(postmaster: number): Promise<number> {
  const own = await statOf(String(postmaster));
  if (own === null) return Number.NaN;
  let seconds = own.seconds;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await statOf(pid);
    if (stat?.parent === postmaster) seconds += stat.seconds;
  }
  return seconds;
}
