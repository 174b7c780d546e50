/** Pretended history: heat, gaps, marks and changes, in small but of the contract's shape. Pure. */
import type { Gaps, Heatmap, HistoryExport, HistoryImport, Mark, TopologyChanges } from '../../cloud/wire/history.ts';
import type { z } from 'zod';
import { gapsOf } from '../charts/columns.ts';
import { pointsOf, type MockRange } from './numbers.ts';
import { LEDGER_FAILS_FOR_MS, noise, type MockCluster } from './world.ts';

/** Bounds of the pretended latency buckets, ms. */
const BOUNDS_MS = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

export function heatmapOf(cluster: MockCluster, range: MockRange, nowMs: number): Heatmap {
  const points = pointsOf(cluster.edges, cluster, range, nowMs);
  const heat = (requests: number, bucket: number, atMs: number): number => Math.round(requests * Math.exp(-((bucket - 5) ** 2) / 4) * 0.28 * (0.6 + 0.8 * noise(`heat${bucket}`, atMs)));
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
    { atMs: nowMs - LEDGER_FAILS_FOR_MS - 40_000, endMs: null, kind: 'rollout', text: 'ledger was rolled out', link: null },
    { atMs: nowMs - LEDGER_FAILS_FOR_MS + 60_000, endMs: null, kind: 'incident', text: 'payments fails', link: '/o/acme/incidents/i-2' },
  ];
  return marks.filter((mark) => mark.atMs >= range.fromMs && mark.atMs < range.toMs);
}

export function changesBetween(fromMs: number, toMs: number): TopologyChanges {
  return {
    fromMs, toMs, aroundMs: 300_000, sentence: 'One proxy changed its version', omitted: 0,
    changes: [{
      change: 'changed', kind: 'proxy', key: 'bank/deployment/ledger-0', name: 'ledger-0', atMs: toMs, fields: [{ field: 'version', before: '0.1.0', after: '0.1.1' }],
      version: { before: '0.1.0', after: '0.1.1' }, text: 'ledger-0 went from 0.1.0 to 0.1.1',
    }],
  };
}

export const IMPORTED: z.infer<typeof HistoryImport> = { hours: { imported: 0, unchanged: 0 }, entities: { imported: 0, unchanged: 0 }, refused: [] };
export const EXPORTED: z.infer<typeof HistoryExport> = { source: 'pretended history', windows: [], entities: [], nextMs: null };
