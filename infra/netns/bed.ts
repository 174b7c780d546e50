/**
 * A transparent mesh of network namespaces: an agent at the router, pods with an app and a proxy each, redirected by
 * `agent init`, and one pod outside the mesh. Real programs as they are shipped; only the network is small.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, closeSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { proxyProgram } from '../proxy-program.ts';
import { ROOT } from '../root.ts';
import { Lan, type Pod, privatePlan } from './lan.ts';
import { inside, leftovers, removeLeftovers } from './netns.ts';
import { PodApp } from './pod-app.ts';

/** The proxy's user, as in a pod. */
export const PROXY_UID = 2102;
const PREFIX = 'slt';
const NETWORK = 117;
const CONTROL_PORT = 8086;
const READY_MS_MAX = 60_000;
const LOOK_MS = 50;
const MARK_MS_MAX = 20_000;

/** A service of the bed: its pods serve it on port 8080 under these virtual addresses on port 80. */
export interface BedService {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly protocol?: 'http1' | 'opaque' | 'detect';
  readonly port?: number;
  readonly target: number;
}

export interface MeshedPod {
  readonly name: string;
  readonly pod: Pod;
  readonly app: PodApp;
  /** Text of the proxy's log. */
  log(): string;
  /** A series of the proxy's `/metrics`: the sum of those whose labels have these parts. */
  metric(name: string, ...labels: readonly string[]): Promise<number>;
  startProxy(): Promise<void>;
  killProxy(signal: NodeJS.Signals): Promise<void>;
  /** `agent init` inside, with more options. Returns exit code and what it said. */
  init(...options: readonly string[]): { readonly code: number | null; readonly said: string };
}

/** Removes what runs that were killed left: their namespaces have the number of a process that is gone. */
export function sweepLeftovers(): void {
  for (const name of leftovers('sl')) {
    const pid = /^sl[a-z](\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeLeftovers(name);
  }
}

export class TransparentBed {
  readonly lan: Lan;
  readonly folder: string;
  private readonly children = new Set<ChildProcess>();
  private readonly apps: PodApp[] = [];
  private readonly meshed: { readonly name: string; readonly pod: Pod; readonly serves: BedService[] }[] = [];
  private readonly services: BedService[] = [];
  private proxy: { readonly command: string; readonly args: readonly string[] } = { command: '', args: [] };
  private agent: ChildProcess | null = null;

  constructor() {
    sweepLeftovers();
    this.folder = mkdtempSync(join(tmpdir(), 'sidelight-netns-'));
    chmodSync(this.folder, 0o755);
    this.lan = new Lan(`${PREFIX}${process.pid}`, privatePlan(NETWORK));
  }

  async prepare(): Promise<void> {
    this.proxy = await proxyProgram();
  }

  /** A pod outside the mesh. */
  addOutside(name: string): { readonly pod: Pod; readonly app: PodApp } {
    const pod = this.lan.addPod(name);
    return { pod, app: this.openApp(pod) };
  }

  /** A pod whose connections are redirected once `init` has run. `serves`: services that it is an instance of. */
  addPod(name: string, serves: readonly BedService[]): MeshedPod {
    const pod = this.lan.addPod(name);
    this.meshed.push({ name, pod, serves: [] });
    for (const service of serves) this.addService({ name }, service);
    const app = this.openApp(pod);
    const logFile = join(this.folder, `${name}.log`);
    let proxy: ChildProcess | null = null;
    return {
      name, pod, app,
      log: () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : ''),
      metric: (metric, ...labels) => this.metric(app, metric, labels),
      startProxy: async () => {
        proxy = this.spawnProxy(name, pod, logFile);
        await this.untilOk(app, `proxy of ${name}`, () => readFileSync(logFile, 'utf8'));
      },
      killProxy: async (signal) => {
        if (proxy !== null) await this.end(proxy, signal);
        proxy = null;
      },
      init: (...options) => this.init(pod, options),
    };
  }

  /** One more service of a pod, in force with the next `writeMesh`. */
  addService({ name }: Pick<MeshedPod, 'name'>, service: BedService): void {
    this.meshed.find((one) => one.name === name)?.serves.push(service);
    if (!this.services.includes(service)) this.services.push(service);
  }

  /** Starts the control plane on the pods that there are. Later changes of the mesh are made by `writeMesh`. */
  async startAgent(): Promise<void> {
    this.writeMesh();
    const args = [join(ROOT, 'agent/main.ts'), 'host', '--mesh', join(this.folder, 'mesh.yaml'), '--state', join(this.folder, 'agent'), '--window-ms', '1000'];
    this.agent = this.spawnInside(this.lan.router.name, [process.execPath, ...args], join(this.folder, 'agent.log'), {});
    await this.until(() => existsSync(join(this.folder, 'agent/trust-bundle.pem')) && this.agentLog().includes('agent ready'), () => `the agent is not ready:\n${this.agentLog()}`);
  }

  /** Stops the control plane; `startAgent` starts it again. */
  async stopAgent(): Promise<void> {
    if (this.agent !== null) await this.end(this.agent, 'SIGKILL');
    this.agent = null;
  }

  agentLog(): string {
    return readFileSync(join(this.folder, 'agent.log'), 'utf8');
  }

  writeMesh(): void {
    const { services } = this;
    writeFileSync(join(this.folder, 'mesh.yaml'), stringify({
      apiVersion: 'sidelight.dev/v1', kind: 'Mesh',
      control: { listen: `${this.lan.gateway}:${CONTROL_PORT}` },
      services: services.map(({ name, addresses, port = 80, protocol = 'http1' }) => ({ name, namespace: 'shop', addresses, ports: [{ port, protocol }] })),
      workloads: this.meshed.map(({ name, pod, serves }) => ({
        name, namespace: 'shop',
        instances: [{
          name: `${name}-1`,
          mesh: `${pod.ipv4}:4143`,
          transparent: { addresses: [pod.ipv4, pod.ipv6] },
          ports: serves.map(({ name: service, port = 80, target }) => ({ service, port, target: `${pod.ipv4}:${target}` })),
        }],
      })),
    }));
  }

  /** Records all packets that pass the router until `stop`, which gives their bytes. */
  async sniff(): Promise<{ stop(): Promise<Buffer> }> {
    const file = join(this.folder, `packets-${performance.now()}.pcap`);
    const log = join(this.folder, 'tcpdump.log');
    writeFileSync(log, '');
    // Each packet takes a slot of the snapshot's length, whatever its own: with the default 256 KiB only eight would fit.
    const child = this.spawnInside(this.lan.router.name, ['tcpdump', '-i', 'any', '--immediate-mode', '-U', '-s', '4096', '-B', '16384', '-Z', 'root', '-w', file], log, {});
    await this.until(() => readFileSync(log, 'utf8').includes('listening on'), () => readFileSync(log, 'utf8'));
    return {
      stop: async () => {
        // Packets come in order: with this one all before it are in the file.
        const mark = `mark-${performance.now()}`;
        await this.until(() => {
          this.lan.router.run(['bash', '-c', `echo ${mark} > /dev/udp/${this.meshed[0]?.pod.ipv4}/9`]);
          return readFileSync(file).includes(mark);
        }, () => `the packets were not written:\n${readFileSync(log, 'utf8')}`, MARK_MS_MAX);
        await this.end(child, 'SIGTERM');
        return readFileSync(file);
      },
    };
  }

  async stop(): Promise<void> {
    await Promise.all(this.apps.map((app) => app.stop()));
    await Promise.all([...this.children].map((child) => this.end(child, 'SIGKILL')));
    this.lan.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private openApp(pod: Pod): PodApp {
    const app = new PodApp(pod.netns.name);
    this.apps.push(app);
    return app;
  }

  private spawnProxy(name: string, pod: Pod, logFile: string): ChildProcess {
    const own = join(this.folder, 'pods', name);
    mkdirSync(own, { recursive: true });
    for (const [from, to] of [['trust-bundle.pem', 'trust-bundle.pem'], [`tokens/shop.${name}`, 'token']] as const) {
      copyFileSync(join(this.folder, 'agent', from), join(own, to));
      chownSync(join(own, to), PROXY_UID, PROXY_UID);
    }
    chownSync(own, PROXY_UID, PROXY_UID);
    return this.spawnInside(pod.netns.name, [this.proxy.command, ...this.proxy.args], logFile, {
      SIDELIGHT_PROXY_CONTROL: `${this.lan.gateway}:${CONTROL_PORT}`,
      SIDELIGHT_PROXY_TRUST_BUNDLE_FILE: join(own, 'trust-bundle.pem'),
      SIDELIGHT_PROXY_TOKEN_FILE: join(own, 'token'),
      SIDELIGHT_PROXY_WORKLOAD: `shop/host/${name}`,
      SIDELIGHT_PROXY_INSTANCE: `${name}-1`,
      SIDELIGHT_PROXY_ADMIN: '0.0.0.0:4191',
      SIDELIGHT_PROXY_STATE_DIR: join(own, 'state'),
    }, PROXY_UID);
  }

  private init(pod: Pod, options: readonly string[]): { readonly code: number | null; readonly said: string } {
    try {
      return { code: 0, said: pod.netns.run([process.execPath, join(ROOT, 'agent/main.ts'), 'init', ...options]) };
    } catch (error) {
      return { code: 1, said: error instanceof Error ? error.message : String(error) };
    }
  }

  private spawnInside(netns: string, command: readonly string[], logFile: string, env: Readonly<Record<string, string>>, uid?: number): ChildProcess {
    const [program, args] = inside(netns, command, uid);
    const log = openSync(logFile, 'a', 0o644);
    const child = spawn(program, args, { cwd: '/', env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['ignore', log, log] });
    closeSync(log);
    this.children.add(child);
    child.once('exit', () => this.children.delete(child));
    return child;
  }

  private async end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  private async metric(app: PodApp, name: string, labels: readonly string[]): Promise<number> {
    const text = await app.text('http://127.0.0.1:4191/metrics');
    const lines = text.split('\n').filter((line) => line.startsWith(name) && /[{ ]/.test(line.charAt(name.length)) && labels.every((label) => line.includes(label)));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  private untilOk(app: PodApp, what: string, log: () => string): Promise<void> {
    return this.until(async () => (await app.text('http://127.0.0.1:4191/ready')).startsWith('200'), () => `the ${what} is not ready:\n${log()}`);
  }

  private async until(done: () => boolean | Promise<boolean>, missing: () => string, limitMs = READY_MS_MAX): Promise<void> {
    const endMs = performance.now() + limitMs;
    while (!(await done())) {
      if (performance.now() > endMs) throw new Error(missing());
      await sleep(LOOK_MS);
    }
  }
}
