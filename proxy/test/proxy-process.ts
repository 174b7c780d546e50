/** Starts a real proxy process for a test, and ends it by its own id. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const BUN = join(ROOT, 'node_modules/.bin/bun');
/** An executable to test instead of the sources. */
const EXECUTABLE = process.env['SIDELIGHT_TEST_PROXY'];

/** A line of the proxy's log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [fact: string]: unknown;
}

export interface ProxyProcess {
  readonly child: ChildProcess;
  /** All that it wrote, as text and as far as it is JSON. */
  text(): string;
  lines(): readonly LogLine[];
  /** Waits for a line with this message. */
  logged(message: string): Promise<LogLine>;
  /** `http://host:port` of the admin port, once it has started. */
  admin(): Promise<string>;
  /** Sends a signal and gives the exit code (or the signal that ended it). */
  end(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
  readonly exited: Promise<number | NodeJS.Signals>;
}

const running = new Set<ChildProcess>();
const folders: string[] = [];

/** A folder that `cleanUp` takes away. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-proxy-'));
  folders.push(folder);
  return folder;
}

/** Ends what is left of this file's processes and folders; call it after each test. */
export async function cleanUp(): Promise<void> {
  const ends = [...running].map((child) => new Promise<void>((done) => void child.once('exit', () => done())));
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(ends);
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Starts a proxy with these variables and nothing else of this process's environment but the PATH. */
export function startProxy(env: Readonly<Record<string, string>>): ProxyProcess {
  const [command, args] = EXECUTABLE === undefined ? [BUN, [join(ROOT, 'proxy/main.ts')]] : [EXECUTABLE, []];
  const child = spawn(command, args, { env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['ignore', 'inherit', 'pipe'], cwd: tmpdir() });
  running.add(child);
  let text = '';
  child.stderr?.on('data', (bytes: Buffer) => void (text += bytes.toString('utf8')));
  const exited = new Promise<number | NodeJS.Signals>((done) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      done(code ?? signal ?? 'SIGKILL');
    });
  });
  const lines = () => text.split('\n').flatMap((line) => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line) as LogLine] : []));
  const logged = (message: string) => until(() => lines().find((line) => line.message === message), () => `no line "${message}" in:\n${text}`);
  return {
    child,
    text: () => text,
    lines,
    logged,
    admin: async () => `http://${String((await logged('started'))['admin'])}`,
    end(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
    exited,
  };
}

/** Files and variables of one proxy; the rest of its environment is the test's. */
export function proxyEnv(options: {
  readonly controlPort: number;
  readonly trustBundle: string;
  readonly workload?: string;
  readonly instance?: string;
  readonly token?: string;
  readonly stateDir?: string;
}): Record<string, string> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'trust-bundle.pem'), options.trustBundle);
  writeFileSync(join(folder, 'token'), `${options.token ?? 'join-token'}\n`);
  return {
    SIDELIGHT_PROXY_CONTROL: `127.0.0.1:${options.controlPort}`,
    SIDELIGHT_PROXY_TRUST_BUNDLE_FILE: join(folder, 'trust-bundle.pem'),
    SIDELIGHT_PROXY_TOKEN_FILE: join(folder, 'token'),
    SIDELIGHT_PROXY_WORKLOAD: options.workload ?? 'shop/host/web',
    SIDELIGHT_PROXY_INSTANCE: options.instance ?? 'web-1',
    SIDELIGHT_PROXY_ADMIN: '127.0.0.1:0',
    SIDELIGHT_PROXY_LOG_LEVEL: 'debug',
    ...(options.stateDir === undefined ? {} : { SIDELIGHT_PROXY_STATE_DIR: options.stateDir }),
  };
}

/** Polls until `look` gives something; a failure says what was missing. */
export async function until<Value>(look: () => Value | null | undefined | false | Promise<Value | null | undefined | false>, missing: () => string, waitMs = 20_000): Promise<Value> {
  const endMs = Date.now() + waitMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() > endMs) throw new Error(`waited ${waitMs} ms: ${missing()}`);
    await new Promise((resume) => setTimeout(resume, 20));
  }
}
