/** A mesh of real processes on one machine: an agent on the `host` platform, and a proxy beside each workload. */
import { chownSync, copyFileSync, mkdirSync } from 'node:fs';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Child, type Family, answersOk, untilReady } from '../children.ts';
import { inside } from '../netns/netns.ts';
import { ROOT } from '../root.ts';
import { type MeshLayout, type PlacedWorkload, meshFile } from './layout.ts';

export interface MeshPlace {
  /** Prefix of the processes' names. */
  readonly name: string;
  /** Folder for the mesh file and the state of agent and proxies. */
  readonly folder: string;
  readonly logs: string;
  readonly layout: MeshLayout;
  /** True: each proxy writes every exchange to `exchangeFile`. */
  readonly exchanges?: boolean;
}

/** Where an agent reports to. */
export interface CloudLink {
  readonly url: string;
  readonly tokenFile: string;
}

/** How to run a proxy: the compiled executable, or Bun on the sources. */
export interface ProxyProgram {
  readonly command: string;
  readonly args: readonly string[];
}

/** An agent makes a key and a certificate at its first start; a noisy machine needs seconds. */
const AGENT_READY_MS_MAX = 60_000;
/** A proxy is certified and has its orders within a second on a quiet machine. */
const PROXY_READY_MS_MAX = 60_000;

/** The agent's state folder. */
export const agentState = (place: MeshPlace): string => join(place.folder, 'agent');
export const proxyState = (place: MeshPlace, { plan }: PlacedWorkload): string => join(place.folder, 'proxies', `${plan.namespace}.${plan.name}`);

export async function writeMeshFile(place: MeshPlace): Promise<void> {
  await mkdir(place.folder, { recursive: true });
  await writeFile(join(place.folder, 'mesh.yaml'), stringify(meshFile(place.layout)));
}

/** Starts the agent on the mesh file of `place`. `cloud` undefined: a mesh by itself. `more` are further options of its own. */
export function spawnAgent(family: Family, place: MeshPlace, cloud: CloudLink | undefined, windowMs?: number, more: readonly string[] = []): Child {
  const options = ['--mesh', join(place.folder, 'mesh.yaml'), '--state', agentState(place), '--admin', place.layout.agentAdmin, ...more];
  if (cloud !== undefined) options.push('--cloud', cloud.url, '--token-file', cloud.tokenFile);
  if (windowMs !== undefined) options.push('--window-ms', String(windowMs));
  return family.start({
    name: `${place.name} agent`,
    command: process.execPath,
    args: [join(ROOT, 'agent/main.ts'), 'host', ...options],
    cwd: ROOT, env: {}, logFile: join(place.logs, `${place.name}.agent.log`),
  });
}

/** Resolves when proxies can be certified. */
export function agentReady(child: Child, place: MeshPlace): Promise<void> {
  return untilReady(child, () => agentServes(place), AGENT_READY_MS_MAX);
}

async function agentServes(place: MeshPlace): Promise<boolean> {
  const files = [bundleFile(place), ...place.layout.workloads.map((workload) => tokenFile(place, workload))];
  await Promise.all(files.map((file) => access(file)));
  return accepts(place.layout.control);
}

function accepts(address: string): Promise<boolean> {
  const { host, port } = splitAddress(address);
  return new Promise((done) => {
    const socket = connect(port, host);
    const answer = (yes: boolean): void => {
      socket.destroy();
      done(yes);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}

const bundleFile = (place: MeshPlace): string => join(agentState(place), 'trust-bundle.pem');
const tokenFile = (place: MeshPlace, { plan }: PlacedWorkload): string => join(agentState(place), 'tokens', `${plan.namespace}.${plan.name}`);

/** Where a workload's sidecar writes its exchanges, one line of JSON each. */
export function exchangeFile(place: MeshPlace, { plan }: PlacedWorkload): string {
  return join(place.folder, `${plan.namespace}.${plan.name}.exchanges.jsonl`);
}

/** The sidecar's user in a pod, by which the kernel tells its connections from the app's. */
export const PROXY_UID = 2102;

/** Starts a workload's sidecar. It is ready when `proxyReady` says so. */
export function spawnProxy(family: Family, place: MeshPlace, workload: PlacedWorkload, program: ProxyProgram): Child {
  const { plan, pod } = workload;
  const files = pod === undefined ? { bundle: bundleFile(place), token: tokenFile(place, workload), state: proxyState(place, workload) } : podFiles(place, workload);
  const [command, args] = pod === undefined ? [program.command, program.args] : inside(pod.netns, [program.command, ...program.args], PROXY_UID);
  return family.start({
    name: `${place.name} proxy ${workload.service}`,
    command,
    args,
    cwd: ROOT,
    logFile: join(place.logs, `${place.name}.${plan.namespace}.${plan.name}.proxy.log`),
    env: {
      SIDELIGHT_PROXY_CONTROL: place.layout.control,
      SIDELIGHT_PROXY_TRUST_BUNDLE_FILE: files.bundle,
      SIDELIGHT_PROXY_TOKEN_FILE: files.token,
      SIDELIGHT_PROXY_WORKLOAD: workload.key,
      SIDELIGHT_PROXY_INSTANCE: workload.instance,
      SIDELIGHT_PROXY_ADMIN: workload.admin,
      SIDELIGHT_PROXY_STATE_DIR: files.state,
      ...(place.exchanges === true ? { SIDELIGHT_PROXY_EXCHANGE_FILE: exchangeFile(place, workload) } : {}),
    },
  });
}

/** The sidecar in a pod is another user, who may not look into the agent's state: what it needs of that is copied for it. */
function podFiles(place: MeshPlace, workload: PlacedWorkload): { bundle: string; token: string; state: string } {
  const own = proxyState(place, workload);
  const files = { bundle: join(own, 'trust-bundle.pem'), token: join(own, 'token'), state: join(own, 'state') };
  mkdirSync(own, { recursive: true });
  copyFileSync(bundleFile(place), files.bundle);
  copyFileSync(tokenFile(place, workload), files.token);
  for (const path of [own, files.bundle, files.token]) chownSync(path, PROXY_UID, PROXY_UID);
  return files;
}

/** Resolves when the sidecar has a certificate and its orders. */
export function proxyReady(child: Child, workload: PlacedWorkload): Promise<void> {
  return untilReady(child, () => answersOk(`http://${workload.admin}/ready`), PROXY_READY_MS_MAX);
}

export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}
