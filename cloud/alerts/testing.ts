/** For tests of alerts: an organization with clusters, windows written with the real encoder, a clock to set, a receiver to script. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { createHistogram, toSparse } from '../../proxy/wire/histogram.ts';
import type { OrgContext } from '../context.ts';
import { asAuth, asWorker, connectDatabase } from '../db/client.ts';
import type { Sql } from '../db/client.ts';
import { tenant } from '../db/tenant.ts';
import type { OrgId, Tenant } from '../db/tenant.ts';
import { testDatabase } from '../db/testing.ts';
import { packRows } from '../ingest/packed.ts';
import { silentLog } from '../log.ts';
import { pinnedFetch } from '../platform-node/pinned-fetch.ts';
import { edgeKey } from '../series/edge.ts';
import { createEntityNames } from '../series/names.ts';
import { parseOutboundAllow } from './outbound.ts';
import { createAlertWorker } from './worker.ts';
import type { AlertWorker, AlertWorkerOptions } from './worker.ts';
import type { Role } from '../wire/roles.ts';

export const SECRET = 'a server secret for tests only';
export const PUBLIC_URL = 'https://console.example';
export const WINDOW_MS = 10_000;
/** Begin of the tests' time, a multiple of every window. */
export const EPOCH_MS = Date.parse('2026-11-22T14:00:00Z');

/** A row of a window: who called whom, how often, how often it failed. */
export interface TestEdge {
  readonly source?: string;
  readonly service: string;
  readonly destination: string;
  readonly direction?: 'inbound' | 'outbound';
  readonly requests: number;
  readonly app?: number;
  readonly mesh?: number;
  readonly client?: number;
}

export interface World {
  readonly sql: Sql;
  readonly orgId: OrgId;
  readonly tenant: Tenant;
  readonly clusterId: string;
  /** Set by tests; everything below reads it. */
  nowMs: number;
  context(role?: Role): OrgContext;
  addOrg(slug: string): Promise<OrgContext>;
  addCluster(id: string): Promise<void>;
  /** Stores the window that begins at `startMs`. */
  addWindow(startMs: number, edges: readonly TestEdge[], clusterId?: string): Promise<void>;
  /** Windows can be stored around that time; around the tests' own time they can anyway. */
  ensurePartitions(aroundMs: number): Promise<void>;
  worker(options?: Partial<AlertWorkerOptions>): AlertWorker;
  drop(): Promise<void>;
}

export async function createWorld(): Promise<World> {
  const database = await testDatabase();
  const sql = connectDatabase(database.serverUrl, 10);
  const orgId = 'org_test' as OrgId;
  const names = createEntityNames();
  const workers: AlertWorker[] = [];
  let sequence = 0;
  const contextOf = (id: OrgId, slug: string, role: Role = 'owner'): OrgContext => ({
    tenant: tenant(sql, id), org: { slug, name: slug }, actor: { kind: 'user', userId: 'usr_test', email: 'test@example.com' }, role, now: () => world.nowMs,
  });
  const addOrg = async (slug: string): Promise<OrgContext> => {
    const id = slug === 'acme' ? orgId : (`org_${slug}` as OrgId);
    await asAuth(sql, (tx) => tx`insert into auth.organization (id, name, slug) values (${id}, ${slug}, ${slug})`);
    return contextOf(id, slug);
  };
  const addCluster = (id: string): Promise<void> => world.tenant.transaction(async (tx) => {
    await tx`insert into tenant.cluster (org_id, id, name, created_by) values (${orgId}, ${id}, ${id.replace('clu_', '')}, 'test')`;
  });
  const addWindow: World['addWindow'] = (startMs, edges, clusterId = 'clu_eu-west') => world.tenant.transaction(async (tx) => {
    const labelled = edges.map((edge) => ({ edge, key: keyOf(edge) }));
    const ids = await names.idsOf(tx, orgId, clusterId, 'edge', labelled.map(({ key }) => key));
    const data = packRows(labelled.map(({ edge, key }) => rowOf(edge, ids.get(key) ?? -1)));
    await tx`
      insert into tenant.window_part (org_id, cluster_id, start_ms, epoch, sequence, frame_window, part, kind, length_ms, row_count, proxies,
        requests, failures, data)
      values (${orgId}, ${clusterId}, ${startMs}, 1, ${++sequence}, 0, 0, 'edge', ${WINDOW_MS}, ${edges.length}, 1, 0, 0, ${data})`;
  });
  const world: World = {
    sql, orgId, tenant: tenant(sql, orgId), clusterId: 'clu_eu-west', nowMs: EPOCH_MS,
    context: (role) => contextOf(orgId, 'acme', role), addOrg, addCluster, addWindow,
    ensurePartitions: (aroundMs) => asWorker(sql, async (tx) => {
      await tx`select tenant.ensure_window_partitions(${aroundMs - 86_400_000}, ${aroundMs + 3 * 86_400_000})`;
    }),
    worker: (options = {}) => {
      const worker = createAlertWorker({
        sql, now: () => world.nowMs, random: Math.random, log: silentLog, fetch: pinnedFetch(parseOutboundAllow((options.outboundAllow ?? []).join(' ')).allow),
        secret: SECRET, publicUrl: PUBLIC_URL, outboundAllow: [], ...options,
      });
      workers.push(worker);
      return worker;
    },
    drop: async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
      await sql.end({ timeout: 1 });
      await database.drop();
    },
  };
  await world.ensurePartitions(EPOCH_MS);
  await addOrg('acme');
  await addCluster('clu_eu-west');
  return world;
}

function keyOf(edge: TestEdge): string {
  return edgeKey({
    direction: edge.direction ?? 'inbound', source: edge.source ?? '', service: edge.service, destination: edge.destination, protocol: 'http1',
    tls: edge.source === undefined ? 'plain' : 'mtls',
  });
}

function rowOf(edge: TestEdge, entity: number): Parameters<typeof packRows>[0][number] {
  return {
    entity, latency: toSparse(createHistogram()), requests: edge.requests, failuresApp: edge.app ?? 0, failuresMesh: edge.mesh ?? 0,
    failuresClient: edge.client ?? 0, retries: 0, bytesIn: 0, bytesOut: 0, durationSumUs: 0, appSumUs: 0, queueSumUs: 0,
  };
}

/** mulberry32: a seeded sequence in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver {
  readonly url: string;
  /** `127.0.0.1:port`, for the exceptions. */
  readonly host: string;
  readonly received: Received[];
  /** What the next requests are answered with; 204 by default. */
  answer: (request: IncomingMessage, response: ServerResponse, index: number) => void;
  close(): Promise<void>;
}

/** An HTTP server on loopback that keeps what it gets. */
export async function createReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  // Strangers may try a port that was theirs before; they don't know the path.
  const path = `/hook/${randomBytes(8).toString('hex')}`;
  const server: Server = createServer((request, response) => {
    if (!request.url?.startsWith(path)) {
      response.writeHead(404).end();
      return;
    }
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => { body += chunk; });
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      receiver.answer(request, response, received.length - 1);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP listener has a port');
  const host = `127.0.0.1:${String(address.port)}`;
  const receiver: Receiver = {
    url: `http://${host}${path}`, host, received,
    answer: (_request, response) => { response.writeHead(204).end(); },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
  return receiver;
}
