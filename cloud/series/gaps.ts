/** What is missing of a range and why, and which hours of it were imported. */
import type { OrgContext } from '../context.ts';
import { HOUR_MS } from '../rollup/chunk.ts';
import type { Gaps } from '../wire/history.ts';
import { readChunks } from './chunks.ts';
import { createCoverage } from './coverage.ts';
import type { Coverage } from './coverage.ts';
import { lossGap, uncovered } from './gap-words.ts';
import type { EntityNames } from './names.ts';
import { hoursOf, planRange } from './plan.ts';
import type { Hours } from './plan.ts';
import type { RangeQuery, Span } from './range.ts';
import { readingOf } from './reading.ts';
import type { ClusterReading } from './reading.ts';

/** Gaps in one answer; more are counted. */
const GAPS_MAX = 500;
/** What each frame of a while loses for one reason is one gap. */
const TOGETHER_MS = 60_000;

/** Throws `ApiError` `not_found` or `invalid_request`. */
export async function readGaps(context: OrgContext, names: EntityNames, clusterId: string, query: RangeQuery): Promise<Gaps> {
  return readingOf(context, names, clusterId, query, async (reading) => {
    const coverage = await readCoverage(reading);
    const span = await sinceConnected(reading, coverage);
    const gaps = [...uncovered(span, coverage.pieces()), ...(await readLosses(reading))].sort((a, b) => a.fromMs - b.fromMs);
    return {
      range: reading.range,
      coveredShare: span.toMs > span.fromMs ? Math.min(1, (coverage.seconds() * 1000) / (span.toMs - span.fromMs)) : 1,
      gaps: gaps.slice(0, GAPS_MAX),
      omitted: Math.max(0, gaps.length - GAPS_MAX),
      imports: importsOf(reading.span, reading.hours),
    };
  });
}

async function readCoverage(reading: ClusterReading): Promise<Coverage> {
  const coverage = createCoverage();
  const plan = planRange(reading.span, reading.hours, reading.nowMs, { coarsest: 'minute', everything: false });
  for (const { fromMs, toMs } of plan.windows) {
    const rows = await reading.tx<{ start_ms: number; length_ms: number }[]>`
      select start_ms, max(length_ms) as length_ms from tenant.window_part
      where org_id = ${reading.orgId} and cluster_id = ${reading.clusterId} and kind = 'edge' and start_ms >= ${fromMs} and start_ms < ${toMs} group by start_ms`;
    for (const row of rows) coverage.add(row.start_ms, row.length_ms);
  }
  await readChunks(reading, plan, { kind: 'some', subjects: [] }, false, () => undefined, coverage.add);
  return coverage;
}

/** Time before the cluster was made is no gap, unless something was imported of it. */
async function sinceConnected(reading: ClusterReading, coverage: Coverage): Promise<Span> {
  const [row] = await reading.tx<{ created_at: Date }[]>`
    select created_at from tenant.cluster where org_id = ${reading.orgId} and id = ${reading.clusterId}`;
  const first = coverage.pieces()[0]?.[0] ?? reading.span.toMs;
  const began = Math.min(first, row?.created_at.getTime() ?? first, reading.span.toMs);
  return { fromMs: Math.max(reading.span.fromMs, began), toMs: reading.span.toMs };
}

async function readLosses(reading: ClusterReading): Promise<Gaps['gaps']> {
  const together = Math.max(TOGETHER_MS, Math.ceil((reading.span.toMs - reading.span.fromMs) / GAPS_MAX));
  const rows = await reading.tx<{ first: Date; last: Date; reason: string; count: number }[]>`
    select reason, min(at) as first, max(at) as last, sum(count)::bigint as count from tenant.uplink_gap
    where org_id = ${reading.orgId} and cluster_id = ${reading.clusterId} and at >= ${new Date(reading.span.fromMs)} and at < ${new Date(reading.span.toMs)}
    group by reason, floor(extract(epoch from at) * 1000 / ${together}::int)
    order by first limit ${2 * GAPS_MAX}`;
  return rows.flatMap((row) => lossGap(row.reason, row.count, row.first.getTime(), row.last.getTime()) ?? []);
}

/** Runs of imported hours, each of one source. */
export function importsOf(span: Span, hours: Hours): Gaps['imports'] {
  const runs: Gaps['imports'] = [];
  for (const hourMs of hoursOf(span)) {
    const state = hours.get(hourMs);
    if (state?.kind !== 'imported') continue;
    const last = runs.at(-1);
    if (last?.toMs === hourMs && last.source === state.source) last.toMs = hourMs + HOUR_MS;
    else runs.push({ fromMs: hourMs, toMs: hourMs + HOUR_MS, source: state.source });
  }
  return runs;
}
