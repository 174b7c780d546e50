/** Boots the demo: Postgres, cloud and console, an account through the public API, two clusters under load. */
import { appendFile, mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, type ApiClient, openApi, signIn } from '../api.ts';
import { cloudReady, spawnCloud } from '../cloud-process.ts';
import { buildConsole } from '../console-build.ts';
import { embeddedDatabase } from '../database.ts';
import { Fault } from '../fault.ts';
import { keptSecret } from '../kept.ts';
import type { ProxyProgram } from '../mesh/processes.ts';
import { proxyProgram } from '../proxy-program.ts';
import type { Unwinder } from '../unwind.ts';
import { type ReceivedEvent, type Receiver, openReceiver } from '../webhook-receiver.ts';
import { DEMO_ORG, prepareAccount } from './account.ts';
import { DEMO_CLUSTERS, workloadPlans } from './clusters.ts';
import { type DemoFolder, readWebhook } from './folder.ts';
import { placeCluster, startMesh, startServices } from './mesh.ts';
import { networkLine, openDemoNetwork } from './network.ts';
import { importDemoPast } from './past.ts';
import { type DemoProcesses, stoppingFault } from './processes.ts';

export interface DemoParts {
  readonly folder: DemoFolder;
  readonly port: number;
  readonly processes: DemoProcesses;
  readonly started: Unwinder;
  readonly say: (line: string) => void;
  /** `explicit`: no network namespaces, whatever this machine allows. */
  readonly network: string | undefined;
}

export interface BootedDemo {
  readonly origin: string;
  readonly account: Account;
}

/** Beyond this the path is broken somewhere; on two cores it takes some 20 s. */
const EDGES_MS_MAX = 120_000;
const EDGES_POLL_MS = 250;

/** Resolves when the first edges of both clusters are in the API; once the processes are stopped, it rejects soon. */
export async function bootDemo(parts: DemoParts): Promise<BootedDemo> {
  const building = Promise.all([timed('console', buildConsole(), parts.say), timed('proxy', proxyProgram(), parts.say)]);
  // It is awaited further down; until then a failure must not count as unhandled.
  building.catch(() => undefined);
  try {
    return await bootWith(parts, building.then(([, program]) => program));
  } finally {
    // A build has a process of its own: nothing is left behind.
    await building.catch(() => undefined);
  }
}

async function bootWith({ folder, port, processes, started, say, network: wanted }: DemoParts, building: Promise<ProxyProgram>): Promise<BootedDemo> {
  const startedMs = Date.now();
  const clusters = DEMO_CLUSTERS;
  building.catch(() => undefined);
  const receiver = await openDemoReceiver(folder, say);
  started.add(() => receiver.close());
  const network = await openDemoNetwork(folder.data, clusters.map(workloadPlans), wanted);
  started.add(async () => { if (network.kind === 'transparent') network.remove(); });
  say(networkLine(network));
  const database = await embeddedDatabase(folder.data, say);
  started.add(() => database.stop());
  // Added last, stops first: everything else is used by these.
  started.add(() => processes.stop());
  const meshes = await Promise.all(clusters.map((cluster, at) => placeCluster(cluster, folder, network.kind === 'transparent' ? network.clusters[at] : undefined)));
  const services = Promise.all(meshes.map((mesh) => startServices(mesh, folder, processes)));
  services.catch(() => undefined);
  const program = await building;
  const origin = `http://127.0.0.1:${port}`;
  await startDemoCloud(folder, port, origin, receiver, database.serverUrl, processes);
  say(`cloud and console on ${origin}`);
  const { account, api, clusterIds, webhookSecret } = await prepareAccount(origin, folder, clusters.map((cluster) => cluster.name), receiver);
  receiver.setSecret(webhookSecret);
  await importDemoPast(await signIn(openApi(origin), account), folder, clusterIds, startedMs, say);
  await services;
  await Promise.all(meshes.map(async (mesh) => {
    await startMesh(mesh, folder, processes, origin, program);
    say(`${mesh.cluster.name}: agent, ${mesh.place.layout.workloads.length} services behind their proxies, load from outside`);
  }));
  say(`demo sign-in: ${account.email} ${account.password}`);
  await untilEdges(api, [...clusterIds.values()], startedMs, processes);
  return { origin, account };
}

async function timed<T>(name: string, work: Promise<T>, say: (line: string) => void): Promise<T> {
  const from = performance.now();
  const result = await work;
  const seconds = (performance.now() - from) / 1000;
  if (seconds >= 0.5) say(`${name} built in ${seconds.toFixed(1)} s`);
  return result;
}

async function startDemoCloud(folder: DemoFolder, port: number, origin: string, receiver: Receiver, serverUrl: string, processes: DemoProcesses): Promise<void> {
  const options = {
    host: '127.0.0.1', port, serverUrl, publicUrl: origin,
    secret: await keptSecret(folder.secret, 32),
    outboundAllow: `127.0.0.1:${receiver.port}`,
    logFile: `${folder.logs}/cloud.log`,
  };
  const cloud = processes.keep('cloud', (family) => spawnCloud(family, options));
  await cloudReady(cloud.current(), options);
}

/** On its port of the last start where that is free, so that its channel stays the same. */
async function openDemoReceiver(folder: DemoFolder, say: (line: string) => void): Promise<Receiver> {
  await mkdir(folder.data, { recursive: true });
  const onEvent = (received: ReceivedEvent): void => {
    say(webhookLine(received));
    appendFile(folder.webhookLog, `${JSON.stringify(received)}\n`).catch((error: unknown) => say(`webhooks.jsonl can't be written: ${String(error)}`));
  };
  const onRefused = (reason: string): void => say(`webhook refused: ${reason}`);
  const kept = await readWebhook(folder);
  return openReceiver(kept?.port ?? 0, onEvent, onRefused).catch(() => openReceiver(0, onEvent, onRefused));
}

function webhookLine({ event }: ReceivedEvent): string {
  switch (event.type) {
    case 'incident.opened':
    case 'incident.resolved': return `webhook ${event.type}: ${event.data.incident.sentence}\n  ${event.data.url}`;
    case 'channel.test': return `webhook ${event.type}: ${event.data.text}`;
    default: return `${event satisfies never}`;
  }
}

/** Traffic of this start in every cluster's topology. Fault: `demo_no_edges`. */
async function untilEdges(api: ApiClient, clusterIds: readonly string[], fromMs: number, processes: DemoProcesses): Promise<void> {
  const deadline = performance.now() + EDGES_MS_MAX;
  for (const clusterId of clusterIds) {
    for (;;) {
      const topology = await api.call('getTopology', { params: { slug: DEMO_ORG.slug, clusterId }, query: { fromMs, toMs: Date.now() } }).catch(() => undefined);
      if (topology !== undefined && topology.edges.length > 0) break;
      if (processes.isStopping()) throw stoppingFault();
      if (performance.now() > deadline) {
        throw new Fault('demo_no_edges', `No traffic reached the API within ${EDGES_MS_MAX / 1000} s.`, 'The logs folder tells where it got stuck: load, proxies, agents, cloud.');
      }
      await sleep(EDGES_POLL_MS);
    }
  }
}
