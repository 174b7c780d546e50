/**
 * A property: the topology of any past moment is what a replay of the uplink up to it gives. Records a random uplink into a
 * store and checks random moments against its own books. Used by tests and by `npm run bench -- replay`.
 */
import type { ClusterWindow } from '../../agent/wire/rollup.ts';
import type { TopologySnapshot, WorkloadState } from '../../agent/wire/topology.ts';
import type { OrgContext } from '../context.ts';
import { CLOSED_AFTER_MS } from '../rollup/roll.ts';
import { DAY_MS, HOUR_MS } from '../rollup/chunk.ts';
import { seeded } from '../rollup/testing.ts';
import type { TestStore } from '../rollup/testing.ts';
import { testWindow } from '../testing.ts';
import type { TestRow } from '../testing.ts';
import type { Topology } from '../wire/entities.ts';
import { edgeKey, isEdgeView } from './edge.ts';
import type { EdgeLabels } from './edge.ts';
import { readTopology } from './pages.ts';

const WINDOW_MS = 10_000;
/** A recording: hours of windows, with snapshots in between. */
const RECORDED_MS = 6 * HOUR_MS;
const NAMES = ['web', 'cart', 'ledger', 'prices', 'store', 'mail'];

interface Taken {
  readonly atMs: number;
  readonly workloads: readonly WorkloadState[];
}

/** The recording's own books: every window and snapshot in the order in which they came. */
export interface Recording {
  readonly fromMs: number;
  readonly toMs: number;
  readonly windows: readonly ClusterWindow[];
  readonly snapshots: readonly Taken[];
}

/** Commits windows and snapshots as an agent would, late ones among them, rolling up as hours close. */
export async function recordUplink(store: TestStore, seed: number, fromMs: number): Promise<Recording> {
  const random = seeded(seed);
  const [windows, snapshots]: [ClusterWindow[], Taken[]] = [[], []];
  let [frame, held]: [ClusterWindow[], ClusterWindow[]] = [[], []];
  for (let atMs = fromMs; atMs < fromMs + RECORDED_MS; atMs += WINDOW_MS) {
    if (random() < 0.01) snapshots.push(await takeSnapshot(store, atMs + Math.floor(random() * WINDOW_MS), random));
    if (random() < 0.05) continue;
    const window = testWindow(atMs, randomRows(random));
    windows.push(window);
    (random() < 0.03 ? held : frame).push(window);
    if (frame.length < 60) continue;
    await store.commit(frame, atMs + WINDOW_MS);
    await store.roll(atMs + WINDOW_MS);
    frame = [];
    if (random() < 0.3) {
      await store.commit(held, atMs + WINDOW_MS);
      held = [];
    }
  }
  const toMs = fromMs + RECORDED_MS;
  await store.commit([...frame, ...held], toMs);
  return { fromMs, toMs, windows, snapshots };
}

function randomRows(random: () => number): TestRow[] {
  const rows: TestRow[] = [];
  for (const [at, name] of NAMES.entries()) {
    const callee = NAMES[(at + 1 + Math.floor(random() * 3)) % NAMES.length] ?? name;
    if (random() < 0.4) continue;
    const requests = 1 + Math.floor(random() * 20);
    const ends = { source: `shop/deployment/${name}`, service: `shop/${callee}`, destination: `shop/deployment/${callee}` };
    const counts = { requests, failuresApp: Math.floor(random() * random() * requests), failuresMesh: random() < 0.1 ? 1 : 0, latencyMs: 1 + Math.floor(random() * 100) };
    rows.push({ direction: 'outbound', ...ends, ...counts }, { direction: 'inbound', ...ends, ...counts });
  }
  return rows;
}

async function takeSnapshot(store: TestStore, atMs: number, random: () => number): Promise<Taken> {
  const workloads = NAMES.filter(() => random() < 0.7).map((name): WorkloadState => ({
    key: `shop/deployment/${name}`, serviceAccount: 'default', identity: null, meshed: random() < 0.9, instances: 1 + Math.floor(random() * 3),
  }));
  const snapshot: TopologySnapshot = { takenAtMs: atMs, workloads, services: [], proxies: [], trustDomain: 'test', trustAnchorNotAfter: null };
  await store.snapshot(snapshot, atMs);
  return { atMs, workloads };
}

/** A topology as far as a replay can tell: nodes and edges with their counts. */
interface Drawn {
  readonly nodes: readonly string[];
  readonly edges: readonly string[];
}

function replay(recording: Recording, fromMs: number, toMs: number, atMs: number): Drawn {
  const sums = new Map<string, { labels: EdgeLabels; counts: number[] }>();
  for (const { startMs, edges, strings } of recording.windows) {
    if (startMs < fromMs || startMs >= toMs) continue;
    edges.requests.forEach((requests, row) => {
      const name = (index: number | undefined): string => strings[index ?? 0] ?? '';
      const labels: EdgeLabels = { direction: edges.direction[row] === 1 ? 'outbound' : 'inbound', source: name(edges.source[row]), service: name(edges.service[row]), destination: name(edges.destination[row]), protocol: 'http1', tls: 'mtls' };
      const sum = sums.get(edgeKey(labels)) ?? { labels, counts: [0, 0, 0] };
      [requests, edges.failuresApp[row] ?? 0, edges.failuresMesh[row] ?? 0].forEach((count, at) => { sum.counts[at] = (sum.counts[at] ?? 0) + count; });
      sums.set(edgeKey(labels), sum);
    });
  }
  const shown = [...sums].filter(([, { labels }]) => isEdgeView(labels));
  const existing = new Map((recording.snapshots.findLast((taken) => taken.atMs <= atMs)?.workloads ?? []).map((workload) => [workload.key, workload]));
  const inbound = new Set([...sums.values()].filter(({ labels }) => labels.direction === 'inbound').map(({ labels }) => labels.destination));
  const keys = new Set<string>([...existing.keys(), ...shown.flatMap(([, { labels }]) => [labels.source, labels.destination])]);
  return {
    nodes: [...keys].sort().map((key) => `${key} ${existing.get(key)?.instances ?? 0} ${existing.get(key)?.meshed ?? inbound.has(key)}`),
    edges: shown.map(([key, { counts }]) => `${key} ${counts.join(' ')}`).sort(),
  };
}

function drawn(topology: Topology): Drawn {
  return {
    nodes: topology.nodes.map((node) => `${node.key} ${node.instances} ${node.meshed}`),
    edges: topology.edges.map(({ id, golden }) => `${id} ${golden.requests} ${golden.failures.app} ${golden.failures.mesh}`).sort(),
  };
}

/** How long after the recording somebody looks: within windows, minutes, hours. */
const LOOKS_MS = [CLOSED_AFTER_MS, DAY_MS, 10 * DAY_MS, 100 * DAY_MS];

/** Checks `count` random moments, of random width, seen from a random later time. Answers what differs, in words. */
export async function checkMoments(store: TestStore, recording: Recording, seed: number, count: number): Promise<string[]> {
  const random = seeded(seed);
  const faults: string[] = [];
  for (let at = 0; at < count; at++) {
    const toMs = recording.fromMs + Math.ceil(random() * (RECORDED_MS / WINDOW_MS)) * WINDOW_MS;
    const fromMs = Math.max(recording.fromMs, toMs - Math.ceil(random() * random() * 360) * WINDOW_MS);
    const nowMs = recording.toMs + HOUR_MS + (LOOKS_MS[Math.floor(random() * LOOKS_MS.length)] ?? DAY_MS);
    const context: OrgContext = { tenant: store.tenant, org: { slug: 'test', name: 'Test' }, actor: { kind: 'system', reason: 'replay' }, role: 'owner', now: () => nowMs };
    const topology = await readTopology(context, store.names, store.clusterId, { fromMs, toMs });
    const [got, wanted] = [JSON.stringify(drawn(topology)), JSON.stringify(replay(recording, topology.range.fromMs, topology.range.toMs, topology.range.toMs))];
    const widened = topology.range.fromMs > fromMs || topology.range.toMs < toMs;
    if (got !== wanted || widened) faults.push(`${fromMs}…${toMs} seen ${Math.round((nowMs - recording.toMs) / HOUR_MS)} h later: ${got} instead of ${wanted}`);
  }
  return faults;
}
