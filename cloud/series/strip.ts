/** The last 24 hours of every cluster by quarter, read in two queries; a quarter of which nothing is stored is a gap. */
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import { CLUSTER_SUBJECT, DAY_MS, HOUR_MS, MINUTE_MS } from '../rollup/chunk.ts';
import type { HealthCluster } from '../wire/entities.ts';
import { dayChunks, hoursOf, membership, planRange } from './plan.ts';
import type { Hours, Plan } from './plan.ts';
import type { Span } from './range.ts';

type Strip = HealthCluster['strip'];

const STRIP_POINTS = 96;
const STRIP_STEP_MS = 15 * MINUTE_MS;

/** The strip's span for ranges that end at `toMs`. */
export function stripSpan(toMs: number): Span {
  const endMs = Math.ceil(toMs / STRIP_STEP_MS) * STRIP_STEP_MS;
  return { fromMs: endMs - STRIP_POINTS * STRIP_STEP_MS, toMs: endMs };
}

interface Piece {
  readonly cluster: string;
  readonly atMs: number;
  readonly requests: number;
  readonly failures: number;
}

/** By cluster; `hours` holds the strip's hours of each. */
export async function readStrips(tx: Transaction, orgId: OrgId, clusterIds: readonly string[], hours: ReadonlyMap<string, Hours>, toMs: number, nowMs: number): Promise<ReadonlyMap<string, Strip>> {
  const span = stripSpan(toMs);
  const plans = new Map(clusterIds.map((id) => [id, planRange(span, hours.get(id) ?? new Map(), nowMs, { coarsest: 'minute', everything: false })]));
  const pieces = [...(await readPoints(tx, orgId, plans, 'minute')), ...(await readPoints(tx, orgId, plans, 'hour')), ...(await readWindows(tx, orgId, plans))];
  const byCluster = Map.groupBy(pieces, (piece) => piece.cluster);
  return new Map(clusterIds.map((id) => [id, stripOf(span, byCluster.get(id) ?? [], hours.get(id) ?? new Map())]));
}

function stripOf(span: Span, pieces: readonly Piece[], hours: Hours): Strip {
  const points = Array.from({ length: STRIP_POINTS }, (_, at) => {
    const startMs = span.fromMs + at * STRIP_STEP_MS;
    const imported = hoursOf({ fromMs: startMs, toMs: startMs + STRIP_STEP_MS }).some((hour) => hours.get(hour)?.kind === 'imported');
    return { requests: 0, failures: 0, gap: true, imported };
  });
  for (const piece of pieces) {
    const point = points[Math.floor((piece.atMs - span.fromMs) / STRIP_STEP_MS)];
    if (!point) continue;
    point.requests += piece.requests;
    point.failures += piece.failures;
    point.gap = false;
  }
  return { startMs: span.fromMs, stepMs: STRIP_STEP_MS, points };
}

interface PointsRow {
  readonly cluster_id: string;
  readonly start_ms: number;
  readonly covered_s: number[] | null;
  readonly requests: number[] | null;
  readonly failures: number[] | null;
}

/** Minutes of hours that have them; an hour that is known as a whole only is spread over its quarters. */
async function readPoints(tx: Transaction, orgId: OrgId, plans: ReadonlyMap<string, Plan>, level: 'minute' | 'hour'): Promise<Piece[]> {
  const starts = [...new Set([...plans.values()].flatMap((plan) => (level === 'minute' ? plan.minuteChunks : dayChunks(plan.hours))))];
  if (starts.length === 0) return [];
  const wanted = new Map([...plans].map(([id, plan]) => [id, membership(level === 'minute' ? plan.minutes : plan.hours)]));
  const rows = await tx<PointsRow[]>`
    select cluster_id, start_ms, covered_s, requests, failures from ${tx(`tenant.${level}_chunk`)}
    where org_id = ${orgId} and cluster_id = any(${[...plans.keys()]}) and start_ms = any(${starts}::bigint[]) and subject = ${CLUSTER_SUBJECT}`;
  const pointMs = level === 'minute' ? MINUTE_MS : HOUR_MS;
  const pieces: Piece[] = [];
  for (const row of rows) {
    for (const [point, seconds] of (row.covered_s ?? []).entries()) {
      const atMs = row.start_ms + point * pointMs;
      if (seconds === 0 || !wanted.get(row.cluster_id)?.(atMs)) continue;
      pieces.push(...spread({ cluster: row.cluster_id, atMs, requests: row.requests?.[point] ?? 0, failures: row.failures?.[point] ?? 0 }, pointMs));
    }
  }
  return pieces;
}

/** A piece longer than a quarter in equal shares; what does not divide goes to the first. */
function spread(piece: Piece, lengthMs: number): Piece[] {
  const shares = Math.max(1, lengthMs / STRIP_STEP_MS);
  const share = (count: number, at: number): number => Math.floor(count / shares) + (at === 0 ? count % shares : 0);
  return Array.from({ length: shares }, (_, at) => ({ ...piece, atMs: piece.atMs + at * STRIP_STEP_MS, requests: share(piece.requests, at), failures: share(piece.failures, at) }));
}

/** Minutes of open hours, summed by the database from columns beside the packed rows. */
async function readWindows(tx: Transaction, orgId: OrgId, plans: ReadonlyMap<string, Plan>): Promise<Piece[]> {
  const open = [...plans].flatMap(([id, plan]) => plan.windows.map((piece) => ({ id, ...piece })));
  if (open.length === 0) return [];
  const rows = await tx<{ cluster_id: string; at_ms: number; requests: number; failures: number }[]>`
    select part.cluster_id, part.start_ms / ${MINUTE_MS}::bigint * ${MINUTE_MS}::bigint as at_ms, sum(part.requests)::bigint as requests, sum(part.failures)::bigint as failures
    from unnest(${open.map(({ id }) => id)}::text[], ${open.map(({ fromMs }) => fromMs)}::bigint[], ${open.map((piece) => piece.toMs)}::bigint[]) as piece (id, from_ms, to_ms)
    join tenant.window_part part on part.org_id = ${orgId} and part.cluster_id = piece.id and part.start_ms >= piece.from_ms and part.start_ms < piece.to_ms
    where part.kind = 'edge' group by 1, 2`;
  return rows.map((row) => ({ cluster: row.cluster_id, atMs: row.at_ms, requests: row.requests, failures: row.failures }));
}

/** How far back hours are needed for a strip and a range. */
export function hoursSpan(span: Span): Span {
  return { fromMs: Math.min(span.fromMs, span.toMs - DAY_MS) - HOUR_MS, toMs: span.toMs + HOUR_MS };
}
