/** The demo's generated past: eight days of both clusters, imported once, at the first start of a data folder. */
import type { ApiClient } from '../api.ts';
import { importPast } from '../history/import.ts';
import type { MeshModel } from '../history/model.ts';
import { type Past, pastBefore } from '../history/past.ts';
import { keep, readKept } from '../kept.ts';
import { DEMO_ORG } from './account.ts';
import { DEMO_CLUSTERS, type DemoCluster } from './clusters.ts';
import type { DemoFolder } from './folder.ts';

export const HISTORY_SOURCE = 'generated history';
const HISTORY_DAYS = 8;
const SEED = 7400;
/** Services that went wrong in the past: failing, out of reach, slow after a rollout. */
const TROUBLED: Readonly<Record<string, Past['troubled']>> = {
  'eu-west': ['shop/prices', 'platform/accounts', 'shop/recommendations'],
  'us-east': ['payments/fx-rates', 'payments/fraud', 'payments/scoring'],
};

/** The cluster as the generator of history wants it. */
export function modelOf(cluster: DemoCluster): MeshModel {
  const routeOf = (method: string, path: string): string => `${method} ${path.replaceAll('{id}', ':id')}`;
  const opaque = new Set(cluster.services.filter((service) => service.protocol === 'opaque').map((service) => service.service));
  return {
    trustDomain: 'cluster.local',
    services: cluster.services.map(({ service, protocol = 'http1', medianMs, sigma, order = 'chain', calls = [] }) => ({
      service, workload: service.replace('/', '/host/'), protocol, medianMs, sigma, fanOut: order === 'fan-out', errorShare: 0.0005,
      calls: calls.map(({ to, share, method = 'GET', path }) => ({ to, share, route: opaque.has(to) ? '' : routeOf(method, path) })),
    })),
    entry: { service: cluster.load.to, requestsPerSecond: cluster.load.requestsPerSecond, routes: cluster.load.requests.map(({ method, path, weight }) => ({ route: routeOf(method, path), weight })) },
  };
}

export function pastOf(cluster: DemoCluster, nowMs: number): Past {
  const troubled = TROUBLED[cluster.name];
  if (!troubled) throw new Error(`${cluster.name} has no past`);
  return pastBefore(nowMs, HISTORY_DAYS, { model: modelOf(cluster), seed: SEED + DEMO_CLUSTERS.indexOf(cluster), source: HISTORY_SOURCE, troubled });
}

/** What a start noted: `nowMs` of the import, so that one that was broken off goes on with the same hours. */
interface Note {
  readonly nowMs: number;
  readonly done: boolean;
}

/** Imports what the folder does not have yet. `owner` is signed in as the organization's owner. */
export async function importDemoPast(owner: ApiClient, folder: DemoFolder, clusterIds: ReadonlyMap<string, string>, nowMs: number, say: (line: string) => void): Promise<void> {
  const text = await readKept(folder.history);
  const note = text === undefined ? { nowMs, done: false } : (JSON.parse(text) as Note);
  if (note.done) return;
  await keep(folder.history, JSON.stringify(note));
  const from = performance.now();
  await Promise.all(DEMO_CLUSTERS.map(async (cluster) => {
    const clusterId = clusterIds.get(cluster.name);
    if (clusterId !== undefined) await importPast(owner, DEMO_ORG.slug, clusterId, pastOf(cluster, note.nowMs));
  }));
  await keep(folder.history, JSON.stringify({ ...note, done: true }));
  say(`${HISTORY_DAYS} days of ${HISTORY_SOURCE} imported in ${((performance.now() - from) / 1000).toFixed(1)} s`);
}
