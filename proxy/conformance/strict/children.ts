/** Judges in other languages: child processes that answer a line of JSON with a line of JSON. */
import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { toBytes } from './latin1.ts';
import type { Answered, Judge, Reading } from './reading.ts';

/** One reading takes a millisecond at most; a judge that needs longer is stuck. */
const READING_MS_MAX = 20_000;

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const BUILD = here('../../../build');
const GO_JUDGE = `${BUILD}/judge-go`;
const PYTHON = `${BUILD}/judge-h11/bin/python`;

/** A judge that can't run, with the one command that makes it run. */
export interface MissingJudge {
  readonly name: string;
  readonly command: string;
}

interface ChildJudge {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly install: string;
}

const CHILD_JUDGES: readonly ChildJudge[] = [
  { name: 'go', program: GO_JUDGE, args: [], install: 'apt-get install -y golang-go   (Go 1.22 or newer; the judge is built from its source then)' },
  {
    name: 'h11', program: PYTHON, args: [here('judge-h11/judge.py')],
    install: 'python3 -m venv build/judge-h11 && build/judge-h11/bin/pip install -r proxy/conformance/strict/judge-h11/requirements.txt',
  },
];

/** Builds the judge in Go where there is Go, unless it is newer than its source; it needs nothing but the standard library. */
function buildGoJudge(): void {
  const builtMs = statSync(GO_JUDGE, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (builtMs > statSync(here('judge-go/main.go')).mtimeMs) return;
  mkdirSync(BUILD, { recursive: true });
  // A file of this process's own and then a rename: others may build or run it at the same time.
  const made = `${GO_JUDGE}.${process.pid}`;
  const { error, status, stderr } = spawnSync('go', ['build', '-o', made, '.'], { cwd: here('judge-go'), encoding: 'utf8', env: { ...process.env, GOTOOLCHAIN: 'local' } });
  if (error !== undefined) return;
  if (status !== 0) throw new Error(`the judge in Go doesn't build:\n${stderr}`);
  renameSync(made, GO_JUDGE);
}

/** Starts those whose program is there. */
export function startChildJudges(): { readonly judges: Judge[]; readonly missing: MissingJudge[] } {
  buildGoJudge();
  const there = CHILD_JUDGES.filter(({ program }) => existsSync(program));
  const missing = CHILD_JUDGES.filter(({ program }) => !existsSync(program)).map(({ name, install }) => ({ name, command: install }));
  return { judges: there.map(startChildJudge), missing };
}

function startChildJudge({ name, program, args }: ChildJudge): Judge {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = new Map<number, { resolve(reading: Reading): void; reject(error: Error): void; timer: NodeJS.Timeout }>();
  let last = 0;
  const fail = (why: string): void => {
    for (const job of waiting.values()) job.reject(new Error(`judge ${name}: ${why}`));
  };
  child.stdin.on('error', () => undefined);
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code) => fail(`ended with code ${code}`));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, ...reading } = JSON.parse(line) as Reading & { id: number };
    const job = waiting.get(id);
    if (job === undefined) return;
    waiting.delete(id);
    clearTimeout(job.timer);
    job.resolve(reading);
  });
  const ask = (kind: 'request' | 'response', bytes: string, method: string): Promise<Reading> => {
    const id = ++last;
    const { promise, resolve, reject } = Promise.withResolvers<Reading>();
    const timer = setTimeout(() => reject(new Error(`judge ${name} did not answer within ${READING_MS_MAX} ms to ${JSON.stringify(bytes.slice(0, 500))}`)), READING_MS_MAX);
    waiting.set(id, { resolve, reject, timer });
    child.stdin.write(`${JSON.stringify({ id, kind, method, bytes: toBytes(bytes).toString('base64') })}\n`);
    return promise;
  };
  return {
    name,
    requests: (bytes) => ask('request', bytes, ''),
    response: (bytes: string, answers: Answered) => ask('response', bytes, answers),
    close: () => void child.kill(),
  };
}
