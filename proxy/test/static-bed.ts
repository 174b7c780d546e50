/** Real proxies in static mode for tests, conformance and benches: certificates, configuration file, process, end. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StaticFile } from '../static/schema.ts';
import { identityOf, type Identity } from '../wire/labels.ts';
import { freePorts } from './free-ports.ts';
import { createTestCa, type TestCa } from './test-ca.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const BUN = fileURLToPath(new URL('../../node_modules/.bin/bun', import.meta.url));
/** Loaded machines start a process slowly. */
const READY_MS_MAX = 45_000;
const LOOK_MS = 25;
/** A process that is stopped takes connections and answers none. */
const LOOK_MS_MAX = 2_000;
const STOP_MS_MAX = 10_000;

export const TRUST_DOMAIN = 'cluster.local';

/** The identity of a service account in namespace `shop`. */
export function shopIdentity(serviceAccount: string): Identity {
  return identityOf(serviceAccount, 'shop', TRUST_DOMAIN);
}

export interface RunningProxy {
  readonly pid: number;
  /** `127.0.0.1:PORT` of the admin listener. */
  readonly admin: string;
  readonly folder: string;
  readonly configFile: string;
  /** All that it wrote to its log. */
  log(): string;
  /** All that it wrote to its standard output: the access log. */
  output(): string;
  /** Resolves with the exit code, or −1 after a signal. */
  readonly ended: Promise<number>;
  isRunning(): boolean;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, SIGKILL if that takes too long, and its files removed. */
  stop(): Promise<number>;
}

/** What may be left out of a configuration because the bed fills it in. */
export type BedConfig = Omit<StaticFile, 'workload' | 'certificate' | 'inbound' | 'admin'> & { readonly inbound?: Omit<StaticFile['inbound'], 'mesh'> & { readonly mesh?: string } };

/** Which program runs: the sources under Bun, or a compiled executable. */
export type Program = { readonly kind: 'source' } | { readonly kind: 'executable'; readonly path: string };

export class StaticBed {
  readonly ca: TestCa = createTestCa();
  readonly #running = new Set<RunningProxy>();

  /** Starts a proxy as workload `shop/host/<name>` with a leaf of that service account; resolves when it is ready. */
  async start(name: string, config: BedConfig, program: Program = { kind: 'source' }): Promise<RunningProxy> {
    const folder = mkdtempSync(join(tmpdir(), 'sidelight-bed-'));
    this.writeLeaf(folder, name);
    const [adminPort, meshPort] = await freePorts(2);
    const admin = `127.0.0.1:${adminPort}`;
    const configFile = join(folder, 'proxy.json');
    const file: StaticFile = {
      ...config, workload: `shop/host/${name}`, admin,
      certificate: { chainFile: 'leaf.pem', keyFile: 'key.pem', trustAnchorsFile: 'anchors.pem' },
      inbound: { mesh: `127.0.0.1:${meshPort}`, ...config.inbound },
    };
    writeFileSync(configFile, JSON.stringify(file, null, 2));
    const proxy = launch(folder, configFile, admin, program);
    this.#running.add(proxy);
    void proxy.ended.then(() => this.#running.delete(proxy));
    await untilReady(proxy);
    return proxy;
  }

  /** Starts a proxy that takes the place of a running one of the same configuration; resolves when it serves. */
  async succeed(old: RunningProxy, program: Program = { kind: 'source' }): Promise<RunningProxy> {
    const proxy = launch(old.folder, old.configFile, old.admin, program);
    this.#running.add(proxy);
    void proxy.ended.then(() => this.#running.delete(proxy));
    await untilReady(proxy);
    return proxy;
  }

  /** Writes leaf, key and anchors of a service account into a folder. */
  writeLeaf(folder: string, serviceAccount: string): void {
    const leaf = this.ca.issue([shopIdentity(serviceAccount)]);
    writeFileSync(join(folder, 'leaf.pem'), leaf.certificate);
    writeFileSync(join(folder, 'key.pem'), leaf.privateKey, { mode: 0o600 });
    writeFileSync(join(folder, 'anchors.pem'), this.ca.certificate);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running].map((proxy) => proxy.stop()));
  }
}

function launch(folder: string, configFile: string, admin: string, program: Program): RunningProxy {
  const [command, ...args] = program.kind === 'source' ? [BUN, MAIN] : [program.path];
  const child = spawn(command, [...args, '--config', configFile], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const ended = new Promise<number>((done) => {
    child.once('error', () => done(-1));
    child.once('close', (code) => done(code ?? -1));
  });
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  const stop = async (): Promise<number> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    const code = await ended;
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true });
    return code;
  };
  return { pid: child.pid ?? -1, admin, folder, configFile, log: () => log, ended, output: () => output, isRunning, signal: (name) => void child.kill(name), stop };
}

async function untilReady(proxy: RunningProxy): Promise<void> {
  const deadline = performance.now() + READY_MS_MAX;
  while (performance.now() < deadline && proxy.isRunning()) {
    // By its id: the process whose place it takes had the same address.
    const ready = await fetch(`http://${proxy.admin}/ready`, { signal: AbortSignal.timeout(LOOK_MS_MAX) }).then(({ status, headers }) => status === 200 && headers.get('sidelight-pid') === String(proxy.pid), () => false);
    if (ready) return;
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
  const log = proxy.log();
  await proxy.stop();
  throw new Error(`the proxy was not ready within ${READY_MS_MAX} ms:\n${log}`);
}
