/** The whole path in real processes, each of which can be killed: Postgres, cloud, a relay on the uplink, agent, proxies. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../../cloud/db/migrate.ts';
import { type ApiClient, openApi, signUp } from '../api.ts';
import { type Family, openFamily } from '../children.ts';
import { type CloudOptions, cloudReady, spawnCloud } from '../cloud-process.ts';
import { keep } from '../kept.ts';
import { type PlacedWorkload, type WorkloadPlan, addressesNeeded, layOut } from '../mesh/layout.ts';
import { type Relay, openRelay } from '../e2e/relay.ts';
import { type CloudLink, type MeshPlace, agentReady, proxyReady, spawnAgent, spawnProxy, splitAddress, writeMeshFile } from '../mesh/processes.ts';
import { freePort, freePorts } from '../ports.ts';
import { startPostgres } from '../postgres/launch.ts';
import { proxyProgram } from '../proxy-program.ts';
import { type Unwinder, openUnwinder } from '../unwind.ts';
import { type Killable, type KillablePostgres, killableChild, killablePostgres } from './killable.ts';
import { type UplinkRelay, openUplinkRelay } from './uplink-relay.ts';

export interface BedOptions {
  readonly name: string;
  readonly windowMs: number;
  readonly plans: readonly WorkloadPlan[];
  /** Services of `plans` that get no proxy: the scenario itself speaks for them on the control link. */
  readonly withoutProxy: readonly string[];
  /** Of the uplink's frames: sent twice, and sent out of order. */
  readonly mischiefShare: number;
  /** In [0, 1). */
  readonly random: () => number;
}

export interface MeshBed {
  readonly folder: string;
  readonly slug: string;
  readonly clusterId: string;
  readonly api: ApiClient;
  /** As the proxies see it: `control` is the relay's address. */
  readonly place: MeshPlace;
  readonly uplink: UplinkRelay;
  /** In the way of every control link. */
  readonly links: Relay;
  readonly postgres: KillablePostgres;
  readonly cloud: Killable;
  readonly agent: Killable;
  workload(service: string): PlacedWorkload;
  proxy(service: string): Killable;
  /** From its next start on, the cloud's clock is ahead of the machine's by this. */
  setCloudClock(aheadMs: number): void;
  close(): Promise<void>;
}

const SLUG = 'chaos';

export async function openMeshBed(options: BedOptions): Promise<MeshBed> {
  const folder = await mkdtemp(join(tmpdir(), `sidelight-${options.name}-`));
  // Postgres runs under another account when we are root.
  await chmod(folder, 0o755);
  const started = openUnwinder();
  started.add(() => rm(folder, { recursive: true, force: true }));
  const family = openFamily();
  started.add(() => family.close());
  try {
    return await fillBed(options, folder, family, started);
  } catch (error) {
    await started.unwind();
    throw error;
  }
}

async function fillBed(options: BedOptions, folder: string, family: Family, started: Unwinder): Promise<MeshBed> {
  const postgres = await startDatabase(folder, started);
  const { cloud, origin, setClock } = await startCloud(folder, family, postgres.serverUrl);
  const uplink = await openUplinkRelay({ toPort: Number(new URL(origin).port), share: options.mischiefShare, random: options.random });
  started.add(() => uplink.close());
  const api = await signUp(openApi(origin), { email: 'chaos@example.com', password: 'a long enough password', name: 'Chaos' });
  await api.call('createOrg', { body: { name: SLUG, slug: SLUG } });
  const made = await api.call('createCluster', { params: { slug: SLUG }, body: { name: 'one' } });
  const link = { url: `http://127.0.0.1:${uplink.port}`, tokenFile: join(folder, 'token') };
  await keep(link.tokenFile, made.token.token);
  const layout = layOut(options.plans, await freePorts(addressesNeeded(options.plans)));
  const real: MeshPlace = { name: 'one', folder: join(folder, 'one'), logs: join(folder, 'logs'), layout, exchanges: true };
  await writeMeshFile(real);
  const agent = await startAgent(family, real, link, options.windowMs);
  const links = await openRelay(splitAddress(layout.control).port);
  started.add(() => links.close());
  const place: MeshPlace = { ...real, layout: { ...layout, control: `127.0.0.1:${links.port}` } };
  const proxies = await startProxies(family, place, options.withoutProxy);
  const workload = (service: string): PlacedWorkload => found(layout.workloads.find((one) => one.service === service), service);
  return {
    folder, slug: SLUG, clusterId: made.cluster.id, api, place, uplink, links, postgres: postgres.killable, cloud, agent, workload,
    proxy: (service) => found(proxies.get(service), service),
    setCloudClock: setClock,
    close: () => started.unwind(),
  };
}

async function startDatabase(folder: string, started: Unwinder): Promise<{ killable: KillablePostgres; serverUrl: string }> {
  const dataDir = join(folder, 'postgres');
  // Not the fast settings of tests: what it has acknowledged must be there after a kill.
  const running = await startPostgres({ dataDir });
  const killable = killablePostgres(running, dataDir);
  started.add(() => killable.stop());
  await migrate(running.ownerUrl);
  return { killable, serverUrl: running.serverUrl };
}

async function startCloud(folder: string, family: Family, serverUrl: string): Promise<{ cloud: Killable; origin: string; setClock: (aheadMs: number) => void }> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  let clockOffsetMs = 0;
  const options = (): CloudOptions => ({
    host: '127.0.0.1', port, serverUrl, clockOffsetMs, publicUrl: origin, outboundAllow: '', secret: 'a secret for tests that is long enough', logFile: join(folder, 'logs', 'cloud.log'),
  });
  const child = spawnCloud(family, options());
  await cloudReady(child, options());
  return { cloud: killableChild('cloud', child, () => spawnCloud(family, options()), (next) => cloudReady(next, options())), origin, setClock: (aheadMs) => { clockOffsetMs = aheadMs; } };
}

async function startAgent(family: Family, place: MeshPlace, link: CloudLink, windowMs: number): Promise<Killable> {
  const spawn = () => spawnAgent(family, place, link, windowMs);
  const child = spawn();
  await agentReady(child, place);
  return killableChild('agent', child, spawn, (next) => agentReady(next, place));
}

async function startProxies(family: Family, place: MeshPlace, without: readonly string[]): Promise<ReadonlyMap<string, Killable>> {
  const program = await proxyProgram();
  const proxies = new Map<string, Killable>();
  await Promise.all(place.layout.workloads.filter(({ service }) => !without.includes(service)).map(async (workload) => {
    const spawn = () => spawnProxy(family, place, workload, program);
    const child = spawn();
    await proxyReady(child, workload);
    proxies.set(workload.service, killableChild(`proxy ${workload.service}`, child, spawn, (next) => proxyReady(next, workload)));
  }));
  return proxies;
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`there is no ${what} in this mesh`);
  return value;
}
