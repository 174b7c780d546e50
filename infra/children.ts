/**
 * Processes that end with us. Each child is a direct one in a session of its own (so that a Ctrl-C reaches only us, and we
 * stop them in order), with a log file. If we are killed, a small watchdog notices our end of its pipe and stops them.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from './fault.ts';

export interface ChildSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to PATH, HOME and the like; nothing else of our own environment is passed on. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly logFile: string;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** True when `stop` was asked for before. */
  readonly asked: boolean;
  /** True when it had to be killed because it outlived its grace. */
  readonly killed: boolean;
}

export interface Child {
  readonly spec: ChildSpec;
  readonly pid: number;
  readonly ended: Promise<Ending>;
  isRunning(): boolean;
  /** SIGTERM, and SIGKILL after `graceMs`. Safe to call twice. */
  stop(graceMs?: number): Promise<Ending>;
  /** A signal as it is, for tests that crash things. */
  signal(name: NodeJS.Signals): void;
}

export interface Family {
  start(spec: ChildSpec): Child;
  running(): readonly Child[];
  /** Kills what still runs, and lets the watchdog go. */
  close(): Promise<void>;
}

/** A program that flushes and closes needs a second or two; a noisy machine more. */
export const STOP_GRACE_MS = 15_000;
/** A log above this is put aside at the next start of its program, one generation. */
const LOG_BYTES_MAX = 8 * 1024 * 1024;
const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'TZ', 'NO_COLOR', 'NODE_EXTRA_CA_CERTS'] as const;

/** Reads `+ pid` and `- pid`; at the end of its input stops the pids that are left. */
const WATCHDOG = `
trap '' INT TERM HUP
list=' '
while read -r op pid; do
  case $op in
    +) list="$list$pid " ;;
    -) list="\${list%% $pid *} \${list#* $pid }" ;;
  esac
done
for pid in $list; do kill -TERM $pid 2>/dev/null; done
tries=0
while [ $tries -lt 50 ]; do
  alive=no
  for pid in $list; do kill -0 $pid 2>/dev/null && alive=yes; done
  [ $alive = no ] && exit 0
  sleep 0.1
  tries=$((tries + 1))
done
for pid in $list; do kill -KILL $pid 2>/dev/null; done
`;

export function openFamily(): Family {
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG], { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  watchdog.stdin.on('error', () => undefined);
  const children = new Set<Child>();
  return {
    start: (spec) => {
      const child = startChild(spec);
      children.add(child);
      watchdog.stdin.write(`+ ${child.pid}\n`);
      void child.ended.then(() => {
        children.delete(child);
        if (watchdog.stdin.writable) watchdog.stdin.write(`- ${child.pid}\n`);
      });
      return child;
    },
    running: () => [...children],
    close: async () => {
      await Promise.all([...children].map((child) => child.stop(0)));
      watchdog.stdin.end();
    },
  };
}

function startChild(spec: ChildSpec): Child {
  const log = openLog(spec.logFile);
  let running: ChildProcess;
  try {
    running = spawn(spec.command, spec.args, { cwd: spec.cwd, env: environment(spec.env), detached: true, stdio: ['ignore', log, log] });
  } finally {
    closeSync(log);
  }
  if (running.pid === undefined) {
    running.on('error', () => undefined);
    throw new Fault('program_missing', `${spec.command} for ${spec.name} can't be started.`, 'Run "npm ci" in the checkout, then try again.');
  }
  let asked = false;
  let killed = false;
  const ended = new Promise<Ending>((done) => running.once('exit', (code, signal) => done({ code, signal, asked, killed })));
  const isRunning = (): boolean => running.exitCode === null && running.signalCode === null;
  const stop = async (graceMs: number = STOP_GRACE_MS): Promise<Ending> => {
    if (!isRunning()) return ended;
    asked = true;
    if (graceMs > 0) running.kill('SIGTERM');
    const timer = setTimeout(() => {
      killed = running.kill('SIGKILL');
    }, graceMs);
    const ending = await ended;
    clearTimeout(timer);
    return ending;
  };
  return { spec, pid: running.pid, ended, isRunning, stop, signal: (name) => { running.kill(name); } };
}

function environment(own: Readonly<Record<string, string>>): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return { ...env, ...own };
}

function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_BYTES_MAX) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}

/** The last lines of a child's log, for error messages. */
export function logTail(child: Child, lines = 8): string {
  return readFileSync(child.spec.logFile, 'utf8').trim().split('\n').slice(-lines).join('\n');
}

/** How often a wait looks again, ms. */
const POLL_MS = 40;

/**
 * Polls `ready` until it says true. Faults: `child_ended` when the child ends before, `child_not_ready` after `limitMs`;
 * both with the end of its log.
 */
export async function untilReady(child: Child, ready: () => Promise<boolean>, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    if (await ready().catch(() => false)) return;
    if (!child.isRunning()) {
      const { code, signal } = await child.ended;
      throw new Fault('child_ended', `${child.spec.name} ended at its start (${signal ?? `exit code ${code}`}):\n${logTail(child)}`, `Its log is ${child.spec.logFile}.`);
    }
    if (performance.now() > deadline) {
      throw new Fault('child_not_ready', `${child.spec.name} was not ready within ${Math.round(limitMs / 1000)} s:\n${logTail(child)}`, `Its log is ${child.spec.logFile}.`);
    }
    await sleep(POLL_MS);
  }
}

/** True when the address answers 200 now. */
export async function answersOk(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  await response.arrayBuffer();
  return response.status === 200;
}
