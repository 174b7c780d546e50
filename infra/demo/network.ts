/**
 * The demo's network: where this machine allows it, each service gets a network namespace of its own, and its connections
 * are redirected to its sidecar by `agent init`, as in a pod. Where it doesn't, the sidecars have explicit listeners.
 */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { faultText } from '../fault.ts';
import type { PlacedPod, WorkloadPlan } from '../mesh/layout.ts';
import { PROXY_UID } from '../mesh/processes.ts';
import { Lan, benchmarkPlan } from '../netns/lan.ts';
import { inside, leftovers, netnsSupport, removeLeftovers } from '../netns/netns.ts';
import { freePorts } from '../ports.ts';
import { ROOT } from '../root.ts';

/** Pods of one cluster in the order of its plans. */
export interface DemoPods {
  readonly pods: readonly PlacedPod[];
  /** Where the agent listens for them, on this machine. */
  readonly control: string;
}

export type DemoNetwork =
  | { readonly kind: 'transparent'; readonly clusters: readonly DemoPods[]; remove(): void }
  /** `reason`: why not otherwise. */
  | { readonly kind: 'explicit'; readonly reason: string };

/** A port of each service's program that is reached past the sidecar, for `npm run demo:break`. */
export const POD_CONTROL_PORT = 9900;
const CLUSTERS_MAX = 8;
const NUMBER_MAX = 250;
/** Each is a program that needs a third of a second of a core. */
const INITS_AT_ONCE = 4;
const PROBE_MS_MAX = 5_000;

/** Begins the names of what belongs to one data folder, so that the next start finds what a killed one left. */
export function networkPrefix(data: string): string {
  return `sld${createHash('sha256').update(data).digest('hex').slice(0, 6)}`;
}

/** Never fails: whatever stands in the way is the reason for explicit listeners. */
export async function openDemoNetwork(data: string, clusters: readonly (readonly WorkloadPlan[])[], wanted: string | undefined): Promise<DemoNetwork> {
  if (wanted === 'explicit') return { kind: 'explicit', reason: 'SIDELIGHT_DEMO_NETWORK=explicit' };
  const support = netnsSupport(['ip', 'iptables', 'ip6tables', 'setpriv']);
  if (support.kind === 'missing') return { kind: 'explicit', reason: support.reason };
  const hidden = [ROOT, data].find((folder) => !readableBySidecar(folder));
  if (hidden !== undefined) return { kind: 'explicit', reason: `the sidecars' user ${PROXY_UID} may not read ${hidden}` };
  const prefix = networkPrefix(data);
  removeRemains(prefix);
  const lans: Lan[] = [];
  try {
    const ports = await freePorts(clusters.length);
    const opened = clusters.map((plans, at) => openCluster(prefix, at, ports[at] ?? 0, plans, lans));
    await redirect(opened.flatMap(({ pods }) => pods));
    for (const cluster of opened) await probe(cluster);
    return { kind: 'transparent', clusters: opened, remove: () => lans.forEach((lan) => lan.remove()) };
  } catch (error) {
    for (const lan of lans) lan.remove();
    return { kind: 'explicit', reason: faultText(error).split('\n')[0] ?? 'the network could not be made' };
  }
}

function readableBySidecar(folder: string): boolean {
  return spawnSync('setpriv', [`--reuid=${PROXY_UID}`, `--regid=${PROXY_UID}`, '--clear-groups', '--', 'test', '-x', folder]).status === 0;
}

function removeRemains(prefix: string): void {
  if (leftovers(prefix).length > 0) removeLeftovers(prefix);
  // A namespace that still ends keeps its link for a moment, and with it the name.
  for (let at = 0; at < CLUSTERS_MAX; at++) spawnSync('ip', ['link', 'delete', `${prefix}m${at}`], { stdio: 'ignore' });
}

function openCluster(prefix: string, at: number, controlPort: number, plans: readonly WorkloadPlan[], lans: Lan[]): DemoPods {
  const number = freeNumber(execFileSync('ip', ['-4', 'route', 'show', 'table', 'all'], { encoding: 'utf8' }), at);
  const lan = new Lan(`${prefix}-${at}`, benchmarkPlan(number));
  lans.push(lan);
  const pods = plans.map((plan, index): PlacedPod => {
    const { netns, ipv4, ipv6 } = lan.addPod(`${plan.namespace}.${plan.name}`);
    return { netns: netns.name, addresses: [ipv4, ipv6], virtual: `198.19.${number}.${index + 1}` };
  });
  const machine = lan.linkMachine(`${prefix}m${at}`, `198.18.${number}.0/24`);
  return { pods, control: `${machine}:${controlPort}` };
}

/**
 * A number N whose 198.18.N.0/24 no route of this machine leads to, N or above: another demo may run, or something else use
 * the benchmark range. `routes` as `ip route show table all` says them. Throws when there is none.
 */
export function freeNumber(routes: string, from: number): number {
  if (/(^|\s)198\.1[89]\.0\.0\/1[0-6]\b/m.test(routes)) throw new Error('something on this machine uses 198.18.0.0/15');
  for (let number = from; number <= NUMBER_MAX; number++) if (!routes.includes(`198.18.${number}.`)) return number;
  throw new Error('all of 198.18.0.0/16 is in use on this machine');
}

async function redirect(pods: readonly PlacedPod[]): Promise<void> {
  const waiting = [...pods];
  const work = async (): Promise<void> => {
    for (let pod = waiting.shift(); pod !== undefined; pod = waiting.shift()) {
      const [command, args] = inside(pod.netns, [process.execPath, join(ROOT, 'agent/main.ts'), 'init', '--skip-inbound-ports', String(POD_CONTROL_PORT)]);
      await promisify(execFile)(command, args);
    }
  };
  await Promise.all(Array.from({ length: INITS_AT_ONCE }, work));
}

/** Pods and machine must reach each other; a firewall of the machine may not let them. */
async function probe({ pods, control }: DemoPods): Promise<void> {
  const [pod] = pods;
  if (pod === undefined) return;
  const host = control.slice(0, control.lastIndexOf(':'));
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((open, fail) => {
    server.once('error', fail);
    server.listen(0, host, open);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const dial = `const s = require('node:net').connect(${port}, '${host}'); s.on('connect', () => process.exit(0)); s.on('error', () => process.exit(1)); setTimeout(() => process.exit(1), ${PROBE_MS_MAX})`;
  try {
    // As the sidecar: what anybody else dials is redirected, and no sidecar runs yet.
    const [command, args] = inside(pod.netns, [process.execPath, '-e', dial], PROXY_UID);
    await promisify(execFile)(command, args).catch(() => {
      throw new Error('this machine lets nothing through from a network namespace to itself (a firewall?)');
    });
  } finally {
    server.close();
  }
}

/** What `npm start` prints of it. */
export function networkLine(network: DemoNetwork): string {
  return network.kind === 'transparent'
    ? 'network: transparent, each service in a network namespace of its own, redirected to its sidecar by iptables'
    : `network: explicit listeners on loopback (${network.reason})`;
}
