/** One server process: initdb, start, what postmaster.pid says, stop. Knows nothing of roles and passwords. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault, isSystemError } from '../fault.ts';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';

export interface PostmasterFile {
  readonly pid: number;
  readonly port: number;
  readonly status: 'starting' | 'ready' | 'stopping' | 'unknown';
}

/** A fast stop aborts transactions and writes a checkpoint; longer means a disk that doesn't answer. */
const STOP_MS_MAX = 20_000;
/** Recovery after a crash replays at most a few checkpoints' worth of log. */
const READY_MS_MAX = 60_000;
const POLL_MS = 25;

/** Stops the server when its standard input ends, so a parent that was killed leaves none behind. */
const WATCHER = [
  'exec 3<&0',
  '"$0" "$@" 3<&- </dev/null & server=$!',
  '( read -r _ <&3; kill -INT "$server" 2>/dev/null ) & watch=$!',
  'exec 3<&-',
  'wait "$server"; code=$?',
  'kill "$watch" 2>/dev/null',
  'exit "$code"',
].join('\n');

function asAccount(account: Account): { uid: number; gid: number } | Record<string, never> {
  return account.foreign ? { uid: account.uid, gid: account.gid } : {};
}

/** Makes a cluster in the empty folder `data`; `passwordFile` holds the superuser's password. */
export async function initdb(binaries: Binaries, account: Account, data: string, user: string, passwordFile: string): Promise<void> {
  const args = [
    '-D', data, '--username', user, '--pwfile', passwordFile, '--auth=scram-sha-256', '--encoding=UTF8',
    '--locale-provider=builtin', '--locale=C.UTF-8', '--no-sync', '--no-instructions',
  ];
  const child = spawn(binaries.initdb, args, { ...asAccount(account), cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => { output += bytes.toString(); });
  child.stderr.on('data', (bytes: Buffer) => { output += bytes.toString(); });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Fault('postgres_initdb_failed', `initdb ended with ${code}:\n${output.trim()}`, 'Check free disk space and the rights on the data folder.');
}

/** Starts the server under a watcher whose standard input we hold: it stops when that ends, also by our death. */
export async function spawnPostgres(binaries: Binaries, account: Account, data: string, settings: Readonly<Record<string, string>>, logFile: string): Promise<ChildProcess> {
  const log = await open(logFile, 'a', 0o600);
  try {
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    // Its own session: a Ctrl-C at the terminal must not stop the database before those who use it.
    return spawn('/bin/sh', ['-c', WATCHER, binaries.postgres, '-D', data, ...flags], {
      ...asAccount(account), cwd: '/', detached: true, stdio: ['pipe', log.fd, log.fd],
    });
  } finally {
    await log.close();
  }
}

/** The file that a running server keeps; undefined without one. */
export async function readPostmasterFile(data: string): Promise<PostmasterFile | undefined> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const lines = text.split('\n').map((line) => line.trim());
  const status = lines[7] === 'ready' || lines[7] === 'starting' || lines[7] === 'stopping' ? lines[7] : 'unknown';
  return { pid: Number(lines[0]), port: Number(lines[3] ?? 0), status };
}

/** Does a process of this id run (perhaps another account's)? One that ended but that nobody has reaped does not. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!isSystemError(error, 'EPERM')) return false;
  }
  return !isZombie(pid);
}

function isZombie(pid: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return true;
  }
}

/** Resolves with the file once the server is ready. Fault: `postgres_start_failed` with the end of its log. */
export async function untilReady(data: string, child: ChildProcess, logFile: string): Promise<PostmasterFile> {
  const deadline = performance.now() + READY_MS_MAX;
  while (child.exitCode === null && child.signalCode === null && performance.now() < deadline) {
    const file = await readPostmasterFile(data);
    if (file?.status === 'ready' && isAlive(file.pid)) return file;
    await sleep(POLL_MS);
  }
  child.stdin?.end();
  const tail = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').slice(-8).join('\n');
  throw new Fault('postgres_start_failed', `The embedded Postgres did not start:\n${tail}`, `Its log is ${logFile}.`);
}

/** Asks a server for a fast stop by its id and waits for its end. */
export async function stopByPid(pid: number): Promise<void> {
  if (isAlive(pid)) process.kill(pid, 'SIGINT');
  await untilGone(pid);
}

/** Waits for the end of a process. Fault: `postgres_stop_timeout`. */
export async function untilGone(pid: number): Promise<void> {
  const deadline = performance.now() + STOP_MS_MAX;
  while (isAlive(pid)) {
    if (performance.now() > deadline) {
      throw new Fault('postgres_stop_timeout', `Postgres (process ${pid}) did not stop within ${STOP_MS_MAX / 1000} s.`, `Look at its log; "kill -INT ${pid}" asks again.`);
    }
    await sleep(POLL_MS);
  }
}

/** Writes a file for the server's account alone. */
export async function writePrivate(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
}
