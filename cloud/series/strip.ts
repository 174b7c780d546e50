/** The last 24 hours of every cluster by quarter, read in two queries; a quarter of which nothing is stored is a gap. */
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import { CLUSTER_SUBJECT, DAY_MS, HOUR_MS, MINUTE_MS, QUARTER_MS } from '../rollup/chunk.ts';
import type { HealthCluster } from '../wire/entities.ts';
import { dayChunks, hoursOf, membership, planRange, sourcesOf } from './plan.ts';
import type { Hours, Plan } from './plan.ts';
import type { Span } from './range.ts';

type Strip = HealthCluster['strip'];

const STRIP_POINTS = 96;
const STRIP_STEP_MS = QUARTER_MS;

/** The strip's span for ranges that end at `toMs`. */
export function stripSpan(toMs: number): Span {
  const endMs = Math.ceil(toMs / STRIP_STEP_MS) * STRIP_STEP_MS;
  return { fromMs: endMs - STRIP_POINTS * STRIP_STEP_MS, toMs: endMs };
}

/** By cluster; `hours` holds the strip's hours of each. */
export async function readStrips(tx: Transaction, orgId: OrgId, clusterIds: readonly string[], hours: ReadonlyMap<string, Hours>, toMs: number, nowMs: number): Promise<ReadonlyMap<string, Strip>> {
  const span = stripSpan(toMs);
  const drafts = new Map(clusterIds.map((id) => [id, draftOf(span, hours.get(id) ?? new Map(), nowMs)]));
  await addPoints(tx, orgId, drafts, 'minute');
  await addPoints(tx, orgId, drafts, 'hour');
  await addWindows(tx, orgId, drafts);
  return new Map([...drafts].map(([id, { points, sources }]) => [id, { startMs: span.fromMs, stepMs: STRIP_STEP_MS, points, ...(sources.length > 0 ? { imported: [...sources] } : {}) }]));
}

/** A strip on its way: `add` puts counts into the quarter of their time. */
interface Draft {
  readonly plan: Plan;
  readonly points: Strip['points'];
  /** Of imported hours. */
  readonly sources: readonly string[];
  add(atMs: number, requests: number, failures: number): void;
}

function draftOf(span: Span, hours: Hours, nowMs: number): Draft {
  const points = Array.from({ length: STRIP_POINTS }, (_, at) => {
    const startMs = span.fromMs + at * STRIP_STEP_MS;
    const imported = hoursOf({ fromMs: startMs, toMs: startMs + STRIP_STEP_MS }).some((hour) => hours.get(hour)?.kind === 'imported');
    return { requests: 0, failures: 0, gap: true, imported };
  });
  return {
    plan: planRange(span, hours, nowMs, { coarsest: 'minute', everything: false }),
    points,
    sources: sourcesOf(span, hours),
    add: (atMs, requests, failures) => {
      const point = points[Math.floor((atMs - span.fromMs) / STRIP_STEP_MS)];
      if (!point) return;
      point.requests += requests;
      point.failures += failures;
      point.gap = false;
    },
  };
}

interface PointsRow {
  readonly cluster_id: string;
  readonly start_ms: number;
  /** By quarter of an hour or, of days, by hour; `NOT_COVERED` where nothing is stored. */
  readonly requests: number[] | null;
  readonly failures: number[] | null;
}

/** Stands for null, which the client can't read inside an array of int8. */
const NOT_COVERED = -1;

/** Quarters of hours that have minutes; an hour that is known as a whole only is spread over its quarters. */
async function addPoints(tx: Transaction, orgId: OrgId, drafts: ReadonlyMap<string, Draft>, level: 'minute' | 'hour'): Promise<void> {
  const starts = [...new Set([...drafts.values()].flatMap(({ plan }) => (level === 'minute' ? plan.minuteChunks : dayChunks(plan.hours))))];
  if (starts.length === 0) return;
  const wanted = new Map([...drafts].map(([id, { plan }]) => [id, membership(level === 'minute' ? plan.minutes : plan.hours)]));
  const rows = await tx<PointsRow[]>`
    select cluster_id, start_ms, array_replace(requests, null, ${NOT_COVERED}::bigint) as requests, array_replace(failures, null, 0::bigint) as failures
    from ${tx(`tenant.${level}_chunk`)}
    where org_id = ${orgId} and cluster_id = any(${[...drafts.keys()]}) and start_ms = any(${starts}::bigint[]) and subject = ${CLUSTER_SUBJECT}`;
  for (const row of rows) {
    const [draft, passes] = [drafts.get(row.cluster_id), wanted.get(row.cluster_id)];
    for (const [point, requests] of (row.requests ?? []).entries()) {
      const atMs = row.start_ms + point * (level === 'minute' ? QUARTER_MS : HOUR_MS);
      if (requests === NOT_COVERED || !draft || !passes?.(atMs)) continue;
      const failures = row.failures?.[point] ?? 0;
      if (level === 'minute') draft.add(atMs, requests, failures);
      else addSpread(draft, atMs, requests, failures);
    }
  }
}

/** An hour in equal shares; what does not divide goes to the first quarter. */
function addSpread(draft: Draft, atMs: number, requests: number, failures: number): void {
  const shares = HOUR_MS / STRIP_STEP_MS;
  const share = (count: number, at: number): number => Math.floor(count / shares) + (at === 0 ? count % shares : 0);
  for (let at = 0; at < shares; at++) draft.add(atMs + at * STRIP_STEP_MS, share(requests, at), share(failures, at));
}

/** Minutes of open hours, summed by the database from columns beside the packed rows; lateral, so that each piece is a search in the index. */
async function addWindows(tx: Transaction, orgId: OrgId, drafts: ReadonlyMap<string, Draft>): Promise<void> {
  const open = [...drafts].flatMap(([id, { plan }]) => plan.windows.map((piece) => ({ id, ...piece })));
  if (open.length === 0) return;
  const rows = await tx<{ cluster_id: string; at_ms: number; requests: number; failures: number }[]>`
    select piece.id as cluster_id, minute.at_ms, minute.requests, minute.failures
    from unnest(${open.map(({ id }) => id)}::text[], ${open.map(({ fromMs }) => fromMs)}::bigint[], ${open.map((piece) => piece.toMs)}::bigint[]) as piece (id, from_ms, to_ms)
    cross join lateral (
      select start_ms / ${MINUTE_MS}::bigint * ${MINUTE_MS}::bigint as at_ms, sum(requests)::bigint as requests, sum(failures)::bigint as failures from tenant.window_part
      where org_id = ${orgId} and cluster_id = piece.id and start_ms >= piece.from_ms and start_ms < piece.to_ms and kind = 'edge' group by 1
    ) as minute`;
  for (const row of rows) drafts.get(row.cluster_id)?.add(row.at_ms, row.requests, row.failures);
}

/** How far back hours are needed for a strip and a range. */
export function hoursSpan(span: Span): Span {
  return { fromMs: Math.min(span.fromMs, span.toMs - DAY_MS) - HOUR_MS, toMs: span.toMs + HOUR_MS };
}
