/** Pretended history: heat, gaps, marks and changes, in small but of the contract's shape. Pure. */
import type { Gaps, Heatmap, HistoryExport, HistoryImport, Mark, TopologyChange, TopologyChanges } from '../../cloud/wire/history.ts';
import type { z } from 'zod';
import { gapsOf } from '../charts/columns.ts';
import { pointsOf, type MockRange } from './numbers.ts';
import { shortName } from '../paths.ts';
import { isThere, LEDGER_FAILS_FOR_MS, noise, type MockCluster, type MockLife } from './world.ts';

/** Bounds of the pretended latency buckets, ms: 8 for each doubling, from 1 ms to 1 s. */
const BOUNDS_MS = Array.from({ length: 81 }, (_, at) => 2 ** (at / 8));

export function heatmapOf(cluster: MockCluster, range: MockRange, nowMs: number): Heatmap {
  const points = pointsOf(cluster.edges, cluster, range, nowMs);
  const heat = (requests: number, bucket: number, atMs: number): number => Math.round(requests * Math.exp(-((bucket - 36) ** 2) / 180) * 0.05 * (0.6 + 0.8 * noise(`heat${bucket}`, atMs)));
  return {
    range, stepMs: range.resolutionMs,
    buckets: BOUNDS_MS.map((fromMs, at) => ({ fromMs, toMs: BOUNDS_MS[at + 1] ?? null })),
    points: points.map(({ startMs, gap, imported }) => ({ startMs, gap, imported })),
    counts: points.map((point) => BOUNDS_MS.map((_, bucket) => heat(point.requests, bucket, point.startMs))),
  };
}

export function gapsIn(cluster: MockCluster, range: MockRange, nowMs: number): Gaps {
  const points = pointsOf(cluster.edges, cluster, range, nowMs);
  const gaps = gapsOf(points, range.resolutionMs).map((gap) => ({ ...gap, reason: 'uncovered' as const, count: null, text: 'Nothing was received.' }));
  return { range, coveredShare: points.length === 0 ? 0 : points.filter((point) => !point.gap).length / points.length, gaps, omitted: 0, imports: [] };
}

export function marksIn(cluster: MockCluster, range: MockRange, nowMs: number): Mark[] {
  if (cluster.id !== 'c-eu') return [];
  const marks: Mark[] = [
    { atMs: nowMs - 20 * 3_600_000, endMs: null, kind: 'workload', text: 'reports went', link: null },
    { atMs: nowMs - 7 * 3_600_000, endMs: nowMs - 6.6 * 3_600_000, kind: 'incident', text: 'payments failed', link: '/o/acme/incidents/i-1' },
    { atMs: nowMs - 3 * 3_600_000, endMs: null, kind: 'workload', text: 'recommend came', link: null },
    { atMs: nowMs - LEDGER_FAILS_FOR_MS - 40_000, endMs: null, kind: 'rollout', text: 'ledger was rolled out', link: null },
    { atMs: nowMs - LEDGER_FAILS_FOR_MS + 60_000, endMs: null, kind: 'incident', text: 'payments fails', link: '/o/acme/incidents/i-2' },
  ];
  return marks.filter((mark) => (mark.endMs ?? mark.atMs) >= range.fromMs && mark.atMs < range.toMs);
}

/** What came and went between two moments, by the pretended lives, and one new version. */
export function changesBetween(cluster: MockCluster, nowMs: number, fromMs: number, toMs: number): TopologyChanges {
  const changes: TopologyChange[] = [];
  const note = (kind: TopologyChange['kind'], key: string, name: string, life: MockLife, atMs: number | null): void => {
    const [before, after] = [isThere(life, fromMs, nowMs), isThere(life, toMs, nowMs)];
    if (before !== after) changes.push({ change: after ? 'added' : 'gone', kind, key, name, atMs, fields: [], version: null, text: `${name} ${after ? 'came' : 'went'}` });
  };
  for (const workload of cluster.workloads) note('workload', workload.key, workload.name, workload, toMs - ((toMs - fromMs) * (workload.cameHours ?? workload.wentHours ?? 0)) / 100);
  cluster.edges.forEach((edge, at) => note('edge', `e${at}`, `${shortName(edge.source)} → ${shortName(edge.target)}`, edge, null));
  changes.push({
    change: 'changed', kind: 'workload', key: 'bank/deployment/ledger', name: 'ledger', atMs: toMs - 60_000, fields: [{ field: 'instances', before: '1', after: '2' }, { field: 'version', before: '0.1.0', after: '0.1.1' }],
    version: null, text: 'ledger has 2 instances instead of 1',
  });
  const counted = (change: TopologyChange['change']): number => changes.filter((each) => each.change === change).length;
  return { fromMs, toMs, aroundMs: 300_000, sentence: `${counted('added')} came, ${counted('gone')} went, ${counted('changed')} changed`, omitted: 0, changes };
}

/** The pretended source of what is older than a day. */
export const GENERATED = 'generated history';
export const IMPORTED: z.infer<typeof HistoryImport> = { hours: { imported: 0, unchanged: 0 }, entities: { imported: 0, unchanged: 0 }, refused: [] };
export const EXPORTED: z.infer<typeof HistoryExport> = { source: 'pretended history', windows: [], entities: [], nextMs: null };
