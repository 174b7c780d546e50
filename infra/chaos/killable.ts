/** Processes that die by SIGKILL and are started again, as a supervisor would. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Child } from '../children.ts';
import { type RunningPostgres, startPostgres } from '../postgres/launch.ts';
import { isAlive, readPostmasterFile, untilGone } from '../postgres/postmaster.ts';

export interface Killable {
  readonly name: string;
  /** True from the moment that it was ready until it is killed. */
  isUp(): boolean;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves when it is ready. */
  start(): Promise<void>;
}

/** `spawn` starts the child, `ready` resolves when it serves; `first` runs already and is ready. */
export function killableChild(name: string, first: Child, spawn: () => Child, ready: (child: Child) => Promise<void>): Killable & { child(): Child } {
  let child = first;
  let up = true;
  return {
    name,
    child: () => child,
    isUp: () => up,
    kill: async () => {
      up = false;
      child.signal('SIGKILL');
      await child.ended;
    },
    start: async () => {
      child = spawn();
      await ready(child);
      up = true;
    },
  };
}

export interface KillablePostgres extends Killable {
  /** A login that sees every row, into the product's database. */
  readonly superuserUrl: string;
  stop(): Promise<void>;
}

/** The embedded server of `dataDir`: its postmaster and every backend die at once, and it comes back on its port. */
export function killablePostgres(first: RunningPostgres, dataDir: string): KillablePostgres {
  let running = first;
  let up = true;
  return {
    name: 'postgres',
    superuserUrl: first.superuserUrl.replace(/\/postgres$/, '/sidelight'),
    isUp: () => up,
    kill: async () => {
      up = false;
      const postmaster = (await readPostmasterFile(join(dataDir, 'data')))?.pid ?? 0;
      const pids = [postmaster, ...childrenOf(postmaster)].filter((pid) => pid > 1);
      for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
      for (const pid of pids) await untilGone(pid);
    },
    start: async () => {
      running = await startPostgres({ dataDir, port: first.port });
      up = true;
    },
    stop: () => running.stop(),
  };
}

/** Processes whose parent this is. */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => parentOf(pid) === parent);
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}
