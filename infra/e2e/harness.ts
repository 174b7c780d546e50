/** A whole system of real processes for one test file: Postgres, cloud, agents, proxies, on free ports, in a folder of its own. */
import { chmod, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, type ApiClient, openApi, signUp } from '../api.ts';
import { type Child, type Family, openFamily } from '../children.ts';
import { type CloudOptions, cloudReady, spawnCloud } from '../cloud-process.ts';
import { buildConsole } from '../console-build.ts';
import { type Database, embeddedDatabase } from '../database.ts';
import { keep } from '../kept.ts';
import { type PlacedWorkload, type WorkloadPlan, addressesNeeded, layOut } from '../mesh/layout.ts';
import { type CloudLink, type MeshPlace, type ProxyProgram, agentReady, proxyReady, spawnAgent, spawnProxy, writeMeshFile } from '../mesh/processes.ts';
import { freePort, freePorts } from '../ports.ts';
import { proxyProgram } from '../proxy-program.ts';
import { openUnwinder } from '../unwind.ts';

export interface System {
  readonly folder: string;
  readonly origin: string;
  readonly family: Family;
  /** The cloud process now; `restartCloud` replaces it. */
  cloud(): Child;
  /** Starts the cloud again on the same port and database. */
  restartCloud(): Promise<void>;
  /** A new person with an organization. */
  join(slug: string): Promise<Member>;
  /** A mesh of `plans`, connected to the cloud; resolves when every proxy is ready. Apps are the test's. */
  connect(member: Member, cluster: string, plans: readonly WorkloadPlan[], options?: MeshOptions): Promise<ConnectedMesh>;
  /** The same without creating the cluster: the token is given, as a person pastes it. */
  connectWithToken(name: string, token: string, plans: readonly WorkloadPlan[], options?: MeshOptions): Promise<StartedMesh>;
  close(): Promise<void>;
}

export interface MeshOptions {
  /** Length of the agent's windows; absent: the product's own. */
  readonly windowMs?: number;
  /** Where the agent finds the cloud; absent: at its own address. */
  readonly cloudUrl?: string;
  /** True: the proxies write every exchange to a file. */
  readonly exchanges?: boolean;
}

export interface Member {
  readonly account: Account;
  readonly slug: string;
  readonly api: ApiClient;
}

export interface StartedMesh {
  readonly place: MeshPlace;
  readonly link: CloudLink;
  agent(): Child;
  /** Starts the agent again on the same state. */
  restartAgent(): Promise<void>;
  /** By `namespace/name`. */
  workload(service: string): PlacedWorkload;
  proxy(service: string): Child;
}

export interface ConnectedMesh extends StartedMesh {
  readonly clusterId: string;
}

export interface SystemOptions {
  /** host:port list that webhooks may reach. */
  readonly outboundAllow?: string;
  /** True: the console is built, so that browser tests see it. */
  readonly console?: boolean;
}

/** `name` is for the folder below the temporary one. On failure call `close` all the same. */
export async function openSystem(name: string, options: SystemOptions = {}): Promise<System> {
  const folder = await mkdtemp(join(tmpdir(), `sidelight-${name}-`));
  await chmod(folder, 0o755);
  const family = openFamily();
  const started = openUnwinder();
  started.add(() => rm(folder, { recursive: true, force: true }));
  started.add(() => family.close());
  try {
    const [program, database] = await Promise.all([proxyProgram(), startDatabase(folder, started), options.console === true ? buildConsole() : undefined]);
    const cloudOptions = await optionsFor(folder, database, options);
    let cloud = spawnCloud(family, cloudOptions);
    await cloudReady(cloud, cloudOptions);
    started.add(() => stopAll(family));
    const origin = cloudOptions.publicUrl;
    const connectWithToken: System['connectWithToken'] = async (cluster, token, plans, meshOptions = {}) => {
      const link = { url: meshOptions.cloudUrl ?? origin, tokenFile: join(folder, cluster, 'token') };
      await keep(link.tokenFile, token);
      return startMesh({ family, folder, program }, cluster, link, plans, meshOptions);
    };
    return {
      folder, origin, family, connectWithToken,
      cloud: () => cloud,
      restartCloud: async () => {
        cloud = spawnCloud(family, cloudOptions);
        await cloudReady(cloud, cloudOptions);
      },
      join: (slug) => joinOrg(origin, slug),
      connect: async (member, cluster, plans, meshOptions) => {
        const made = await member.api.call('createCluster', { params: { slug: member.slug }, body: { name: cluster } });
        const mesh = await connectWithToken(cluster, made.token.token, plans, meshOptions);
        return { ...mesh, clusterId: made.cluster.id };
      },
      close: () => started.unwind(),
    };
  } catch (error) {
    const logs = await logsText(folder);
    await started.unwind();
    throw new Error(`the system did not start; its logs:\n${logs}`, { cause: error });
  }
}

async function startDatabase(folder: string, started: ReturnType<typeof openUnwinder>): Promise<Database> {
  const database = await embeddedDatabase(folder, () => undefined);
  started.add(() => database.stop());
  return database;
}

async function optionsFor(folder: string, database: Database, options: SystemOptions): Promise<CloudOptions> {
  const port = await freePort();
  return {
    host: '127.0.0.1', port,
    serverUrl: database.serverUrl,
    secret: 'a secret for tests that is long enough',
    publicUrl: `http://127.0.0.1:${port}`,
    outboundAllow: options.outboundAllow ?? '',
    logFile: join(folder, 'logs', 'cloud.log'),
  };
}

/** What calls others stops before what it calls: proxies, agents, cloud. */
async function stopAll(family: Family): Promise<void> {
  for (const kind of [/ proxy /, / agent$/, /^cloud$/]) {
    await Promise.all(family.running().filter((child) => kind.test(child.spec.name)).map((child) => child.stop()));
  }
}

async function joinOrg(origin: string, slug: string): Promise<Member> {
  const account = { email: `${slug}@example.com`, password: `password of ${slug}`, name: `Owner of ${slug}` };
  const api = await signUp(openApi(origin), account);
  const org = await api.call('createOrg', { body: { name: slug, slug } });
  return { account, slug: org.slug, api };
}

interface MeshParts {
  readonly family: Family;
  readonly folder: string;
  readonly program: ProxyProgram;
}

async function startMesh({ family, folder, program }: MeshParts, name: string, link: CloudLink, plans: readonly WorkloadPlan[], { windowMs, exchanges = false }: MeshOptions): Promise<StartedMesh> {
  const layout = layOut(plans, await freePorts(addressesNeeded(plans)));
  const place = { name, folder: join(folder, name), logs: join(folder, 'logs'), layout, exchanges };
  await writeMeshFile(place);
  let agent = spawnAgent(family, place, link, windowMs);
  await agentReady(agent, place);
  const proxies = new Map<string, Child>();
  await Promise.all(layout.workloads.map(async (workload) => {
    const proxy = spawnProxy(family, place, workload, program);
    proxies.set(workload.service, proxy);
    await proxyReady(proxy, workload);
  }));
  return {
    place, link,
    agent: () => agent,
    restartAgent: async () => {
      agent = spawnAgent(family, place, link, windowMs);
      await agentReady(agent, place);
    },
    workload: (service) => found(layout.workloads.find((workload) => workload.service === service), service),
    proxy: (service) => found(proxies.get(service), service),
  };
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`there is no ${what} in this mesh`);
  return value;
}

/** The last lines of every log, for the message of a failing test. */
export async function logsText(folder: string): Promise<string> {
  const names = await readdir(join(folder, 'logs')).catch(() => []);
  const texts = await Promise.all(names.map(async (name) => {
    const text = await readFile(join(folder, 'logs', name), 'utf8');
    return `--- ${name}\n${text.trim().split('\n').slice(-12).join('\n')}`;
  }));
  return texts.join('\n');
}

/** Polls `look` until it gives something; throws with `what` and the last error after `limitMs`. */
export async function until<T>(what: string, limitMs: number, look: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + limitMs;
  let last: unknown = 'nothing yet';
  while (performance.now() < deadline) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
    } catch (error) {
      last = error;
    }
    await sleep(100);
  }
  throw new Error(`${what}: not within ${limitMs / 1000} s (${last instanceof Error ? last.message : String(last)})`, { cause: last });
}
