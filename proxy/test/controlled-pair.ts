/** A caller and a callee, each a whole proxy process, with a real app behind the second and a scripted control plane for both. */
import { Agent, createServer, get, type Server } from 'node:http';
import { join } from 'node:path';
import { identityOf } from '../wire/labels.ts';
import type { ProxyOrders } from '../wire/orders.ts';
import type { ProxyWindow } from '../wire/report.ts';
import { startFakeControl, type FakeControl, type FakeControlOptions } from './fake-control.ts';
import { freePorts } from './free-ports.ts';
import { loopback, meshedEndpoint, meshOrders } from './orders.ts';
import { proxyEnv, startProxy, temporaryFolder, until, type ProxyProcess } from './proxy-process.ts';
import { createTestCa } from './test-ca.ts';

export const CALLER = 'shop/host/web';
export const CALLEE = 'shop/host/cart';

export interface ControlledPair {
  readonly control: FakeControl;
  caller: ProxyProcess;
  callee: ProxyProcess;
  /** Status of a GET from the caller's app to the service; `/fail` is answered 500. */
  request(path?: string): Promise<number>;
  /** Starts a proxy (again). */
  startCaller(): ProxyProcess;
  startCallee(): ProxyProcess;
  /** Starts another control plane on the same port. */
  startControl(options?: Partial<FakeControlOptions>): Promise<FakeControl>;
  ready(): Promise<void>;
  stop(): Promise<void>;
}

const identity = (workload: string) => identityOf(workload.split('/')[2] ?? '', workload.split('/')[0] ?? '', 'cluster.local');

function app(port: number): Promise<Server> {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/fail' ? 500 : 200;
    response.end('answer');
  });
  return new Promise((done) => void server.listen(port, '127.0.0.1', () => done(server)));
}

/** Starts all of it and waits until both proxies are ready. */
export async function startControlledPair(options: Partial<FakeControlOptions> = {}): Promise<ControlledPair> {
  const ca = createTestCa();
  const [appPort = 0, callerMesh = 0, calleeMesh = 0, listen = 0] = await freePorts(4);
  const service = 'shop/cart';
  const orders: Record<string, ProxyOrders> = {
    [CALLER]: meshOrders(CALLER, callerMesh, {
      outbound: [{ listen: loopback(listen), service, port: 80, protocol: 'http1', endpoints: [meshedEndpoint(CALLEE, appPort, calleeMesh, identity(CALLEE))] }],
    }),
    [CALLEE]: meshOrders(CALLEE, calleeMesh, {
      inbound: { mesh: loopback(calleeMesh), ports: [{ target: loopback(appPort), services: [service], protocol: 'http1', plain: null }], policy: 'all-authenticated' },
    }),
  };
  const base: FakeControlOptions = { ca, leafName: identity, orders: (workload) => orders[workload] ?? null, tickMs: 500, ...options };
  const server = await app(appPort);
  const control = await startFakeControl(base);
  const folder = temporaryFolder();
  const env = (workload: string, name: string) =>
    proxyEnv({ controlPort: control.port, trustBundle: ca.certificate, workload, instance: `${name}-1`, stateDir: join(folder, name) });
  const callerEnv = env(CALLER, 'web');
  const calleeEnv = env(CALLEE, 'cart');
  const startCaller = () => startProxy(callerEnv);
  const startCallee = () => startProxy(calleeEnv);
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const pair: ControlledPair = {
    control,
    caller: startCaller(),
    callee: startCallee(),
    request: (path = '/items/5') => statusOf(`http://127.0.0.1:${listen}${path}`, agent),
    startCaller,
    startCallee,
    startControl: (changes = {}) => startFakeControl({ ...base, ...changes, port: control.port }),
    async ready() {
      for (const proxy of [pair.caller, pair.callee]) {
        const admin = await proxy.admin();
        await until(async () => (await fetch(`${admin}/ready`)).ok, proxy.text);
      }
    },
    async stop() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((done) => void server.close(done));
      await control.close();
    },
  };
  await pair.ready();
  return pair;
}

function statusOf(url: string, agent: Agent): Promise<number> {
  return new Promise((done, fail) => {
    get(url, { agent }, (response) => {
      response.resume();
      response.once('end', () => done(response.statusCode ?? 0));
    }).once('error', fail);
  });
}

/** The windows of one instance, one per sequence; fails when a sequence came with another content. */
export function distinctWindows(windows: readonly ProxyWindow[], instance: string): ProxyWindow[] {
  const bySequence = new Map<number, ProxyWindow>();
  for (const window of windows) {
    if (window.instance !== instance) continue;
    const known = bySequence.get(window.sequence);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(window)) throw new Error(`window ${window.sequence} came with another content`);
    bySequence.set(window.sequence, window);
  }
  return [...bySequence.values()].toSorted((a, b) => a.sequence - b.sequence);
}

/** Sum of a counter over all edges of these windows. */
export function total(windows: readonly ProxyWindow[], counter: 'requests' | 'failuresApp' | 'failuresMesh' | 'failuresClient'): number {
  return windows.reduce((sum, window) => sum + window.edges.reduce((inner, row) => inner + row[counter], 0), 0);
}
