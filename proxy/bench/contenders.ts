/** The pairs of proxies that are compared, each ready on a port of its own in front of one app. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../test/free-ports.ts';
import { shopIdentity, StaticBed, type Program } from '../test/static-bed.ts';
import type { TestLeaf } from '../test/test-ca.ts';

const CONFIGS = fileURLToPath(new URL('../../infra/bench/haproxy/', import.meta.url));
const OPEN_MS_MAX = 10_000;
const LOOK_MS = 20;

/** Bytes of an answer's content. */
export const ANSWER_BYTES = 1024;

export interface Contender {
  readonly name: string;
  /** Where its caller's hop listens. */
  readonly port: number;
  /** Its processes, one a hop, the caller's first; none for the app itself. */
  readonly pids: readonly number[];
  /** Where its callee's hop listens, and what is spoken there; absent for the app. */
  readonly mesh?: { readonly port: number; readonly spoken: 'sidelight' | 'http/1.1' | 'h2' };
}

/** What client and app speak. */
export type Spoken = 'http1' | 'http2';

export interface AppProcess {
  readonly port: number;
  readonly pid: number;
}

export interface Arena {
  readonly app: AppProcess;
  readonly contenders: readonly Contender[];
  /** A leaf of the authority that all trust. */
  issue(serviceAccount: string): TestLeaf & { readonly trust: string };
  stop(): Promise<void>;
}

const address = (port: number): string => `127.0.0.1:${port}`;

class HaproxyFleet {
  readonly #children: ChildProcess[] = [];

  /** Runs a committed configuration with these variables; resolves with its pid when the port is open. */
  async start(config: string, env: Readonly<Record<string, string>>, port: number): Promise<number> {
    const child = spawn('haproxy', ['-db', '-f', join(CONFIGS, config)], { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#children.push(child);
    let log = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (log += text));
    await untilOpen(port, () => child.exitCode === null, () => `haproxy with ${config}:\n${log}`);
    return child.pid ?? -1;
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#children.map((child) => {
        const ended = new Promise((done) => child.once('exit', done));
        return child.exitCode === null && child.kill('SIGKILL') ? ended : undefined;
      }),
    );
  }
}

async function untilOpen(port: number, running: () => boolean, why: () => string): Promise<void> {
  const deadline = performance.now() + OPEN_MS_MAX;
  while (performance.now() < deadline && running()) {
    const open = await new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1', () => done(true)).on('error', () => done(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
  throw new Error(`port ${port} did not open: ${why()}`);
}

/** Leaf with key in one file, as HAProxy wants them. */
function writeLeaf(folder: string, file: string, { certificate, privateKey }: TestLeaf): string {
  const path = join(folder, file);
  writeFileSync(path, `${certificate}${privateKey}`, { mode: 0o600 });
  return path;
}

/** `inside`: what is spoken with client and app. */
async function startHaproxyPair(fleet: HaproxyFleet, bed: StaticBed, folder: string, app: number, alpn: 'http/1.1' | 'h2', inside: Spoken): Promise<Contender> {
  const kind = inside === 'http2' ? '-h2c' : '';
  const [listen = 0, mesh = 0] = await freePorts(2);
  const anchors = join(folder, 'anchors.pem');
  writeFileSync(anchors, bed.ca.certificate);
  const leafOf = (name: string): string => writeLeaf(folder, `${name}.pem`, bed.ca.issue([shopIdentity(name)]));
  const shared = { BENCH_MESH: address(mesh), BENCH_ANCHORS: anchors };
  const callee = await fleet.start(`callee${kind}.cfg`, { ...shared, BENCH_APP: address(app), BENCH_LEAF: leafOf('app') }, mesh);
  const caller = await fleet.start(`caller${kind}.cfg`, { ...shared, BENCH_LISTEN: address(listen), BENCH_LEAF: leafOf('caller'), BENCH_ALPN: alpn, BENCH_PEER: shopIdentity('app') }, listen);
  return { name: alpn === 'h2' ? 'HAProxy, HTTP/2 hop' : 'HAProxy, HTTP/1.1 hop', port: listen, pids: [caller, callee], mesh: { port: mesh, spoken: alpn } };
}

async function startOurPair(bed: StaticBed, program: Program, app: number, protocol: Spoken): Promise<Contender> {
  const [listen = 0, mesh = 0] = await freePorts(2);
  const target = address(app);
  const callee = await bed.start('app', { inbound: { mesh: address(mesh), ports: [{ target, services: ['shop/app'], protocol }] } }, program);
  const endpoint = { address: target, workload: 'shop/host/app', mesh: { address: address(mesh), identity: shopIdentity('app') } };
  const caller = await bed.start('caller', { outbound: [{ listen: address(listen), service: 'shop/app', port: 80, protocol, endpoints: [endpoint] }] }, program);
  return { name: 'Sidelight', port: listen, pids: [caller.pid, callee.pid], mesh: { port: mesh, spoken: 'sidelight' } };
}

async function startApp(fleet: HaproxyFleet, folder: string): Promise<AppProcess> {
  const body = join(folder, 'body');
  writeFileSync(body, 'x'.repeat(ANSWER_BYTES));
  const [port = 0] = await freePorts(1);
  return { port, pid: await fleet.start('app.cfg', { BENCH_APP: address(port), BENCH_BODY: body }, port) };
}

/** Starts all contenders in front of `given`, or of an app that answers 1 KiB. With `http2` client and app speak it, and so does every hop. */
export async function startArena(program: Program, given?: AppProcess, inside: Spoken = 'http1'): Promise<Arena> {
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-bench-'));
  const bed = new StaticBed();
  const fleet = new HaproxyFleet();
  const stop = async (): Promise<void> => {
    await Promise.all([bed.stop(), fleet.stop()]);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const app = given ?? (await startApp(fleet, folder));
    const { port } = app;
    const contenders = [await startOurPair(bed, program, port, inside)];
    if (inside === 'http1') contenders.push(await startHaproxyPair(fleet, bed, folder, port, 'http/1.1', inside));
    contenders.push(await startHaproxyPair(fleet, bed, folder, port, 'h2', inside));
    const issue = (name: string): TestLeaf & { readonly trust: string } => ({ ...bed.ca.issue([shopIdentity(name)]), trust: bed.ca.certificate });
    return { app, contenders, issue, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
