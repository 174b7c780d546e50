/**
 * Exports hours of history in the form that an import takes, as many as fit into one call. Hours come as minutes where
 * those are kept, else as a whole; the open hour is not exported. What was exported imports elsewhere to the same numbers.
 */
import { ApiError } from '../../context.ts';
import type { OrgContext } from '../../context.ts';
import { HOUR_MS, MINUTE_MS } from '../../rollup/chunk.ts';
import { windowOf } from '../../rollup/exported.ts';
import { createCoverage } from '../../series/coverage.ts';
import { addRow, createRaw } from '../../series/golden.ts';
import type { Raw } from '../../series/golden.ts';
import { visitEntities } from '../../series/levels.ts';
import type { EntityNames } from '../../series/names.ts';
import { finestOf, planRange } from '../../series/plan.ts';
import type { Plan } from '../../series/plan.ts';
import { readingOf } from '../../series/reading.ts';
import type { ClusterReading } from '../../series/reading.ts';
import { versionsIn } from '../../series/versions.ts';
import { HISTORY_BODY_BYTES_MAX } from '../../wire/history.ts';
import type { HistoryEntity, HistoryExport, HistoryWindow } from '../../wire/history.ts';

/** A share stays below what an import takes by this, for its entities and its frame. */
const SHARE_BYTES_MAX = HISTORY_BODY_BYTES_MAX * 0.75;
/** Hours of one share at most: what a transaction may take. */
const SHARE_HOURS_MAX = 24 * 31;

/** Throws `ApiError` `not_found` or `invalid_request`. */
export async function exportHistory(context: OrgContext, input: { readonly clusterId: string; readonly names: EntityNames; readonly fromMs: number; readonly toMs: number }): Promise<HistoryExport> {
  if (input.toMs <= input.fromMs) throw new ApiError('invalid_request', 'The range is not one.', { faults: [{ path: 'query.toMs', message: 'must be after fromMs' }] });
  const fromMs = Math.floor(input.fromMs / HOUR_MS) * HOUR_MS;
  const endMs = Math.min(Math.ceil(input.toMs / HOUR_MS) * HOUR_MS, Math.floor(context.now() / HOUR_MS) * HOUR_MS);
  const toMs = Math.min(endMs, fromMs + SHARE_HOURS_MAX * HOUR_MS);
  return readingOf(context, input.names, input.clusterId, { fromMs, toMs: Math.max(toMs, fromMs + HOUR_MS) }, async (reading) => {
    const windows: HistoryWindow[] = [];
    let bytes = 0;
    let hourMs = fromMs;
    for (; hourMs < toMs; hourMs += HOUR_MS) {
      const hour = await hourWindows(reading, hourMs);
      const size = JSON.stringify(hour).length;
      if (windows.length > 0 && bytes + size > SHARE_BYTES_MAX) break;
      windows.push(...hour);
      bytes += size;
    }
    return { source: `export of ${await clusterName(reading)}`, windows, entities: await entitiesOf(reading, fromMs, hourMs), nextMs: hourMs < endMs ? hourMs : null };
  });
}

async function clusterName({ tx, orgId, clusterId }: ClusterReading): Promise<string> {
  const [row] = await tx<{ name: string }[]>`select name from tenant.cluster where org_id = ${orgId} and id = ${clusterId}`;
  return row?.name ?? clusterId;
}

/** Minutes of the hour, or the hour where it has no minutes any more or they are too many for one call. */
async function hourWindows(reading: ClusterReading, hourMs: number): Promise<HistoryWindow[]> {
  const whole = finestOf(hourMs, reading.hours.get(hourMs), reading.nowMs) === 'hour';
  const windows = await windowsOf(reading, hourMs, whole ? HOUR_MS : MINUTE_MS);
  return whole || JSON.stringify(windows).length <= SHARE_BYTES_MAX ? windows : windowsOf(reading, hourMs, HOUR_MS);
}

async function windowsOf(reading: ClusterReading, hourMs: number, lengthMs: HistoryWindow['lengthMs']): Promise<HistoryWindow[]> {
  const span = { fromMs: hourMs, toMs: hourMs + HOUR_MS };
  const plan = planRange(span, reading.hours, reading.nowMs, { coarsest: lengthMs === HOUR_MS ? 'hour' : 'minute', everything: false });
  const coverage = createCoverage();
  const edges = await sumByWindow(reading, plan, 'edge', lengthMs, coverage.add);
  const routes = await sumByWindow(reading, plan, 'route', lengthMs, null);
  const edgeLabels = await reading.names.edges(reading.tx, reading.orgId, reading.clusterId, [...edges.values()].flatMap((rows) => [...rows.keys()]));
  const routeLabels = await reading.names.routes(reading.tx, reading.orgId, reading.clusterId, [...routes.values()].flatMap((rows) => [...rows.keys()]));
  const seconds = coverage.bySteps(hourMs, lengthMs, HOUR_MS / lengthMs);
  return seconds.flatMap((covered, at) => {
    const startMs = hourMs + at * lengthMs;
    return covered === 0 ? [] : [windowOf(startMs, lengthMs, Math.min(lengthMs / 1000, Math.round(covered)), { edges: labelled(edges.get(startMs), edgeLabels), routes: labelled(routes.get(startMs), routeLabels) })];
  });
}

/** Rows by begin of their window, then by id. */
async function sumByWindow(reading: ClusterReading, plan: Plan, kind: 'edge' | 'route', lengthMs: number, cover: Parameters<typeof visitEntities>[6]): Promise<Map<number, Map<number, Raw>>> {
  const sums = new Map<number, Map<number, Raw>>();
  await visitEntities(reading, plan, kind, null, true, (id, atMs, part, row) => {
    const startMs = Math.floor(atMs / lengthMs) * lengthMs;
    const rows = sums.get(startMs) ?? new Map<number, Raw>();
    sums.set(startMs, rows);
    const raw = rows.get(id) ?? createRaw();
    rows.set(id, raw);
    addRow(raw, part, row);
  }, cover);
  return sums;
}

function labelled<Labels>(rows: ReadonlyMap<number, Raw> | undefined, labels: ReadonlyMap<number, Labels>): (readonly [Labels, Raw])[] {
  return [...(rows ?? [])].flatMap(([id, raw]) => {
    const found = labels.get(id);
    return found === undefined ? [] : [[found, raw] as const];
  });
}

/** Versions that were valid in the hours of the share; one that spans two shares is in both, which an import takes once. */
async function entitiesOf(reading: ClusterReading, fromMs: number, toMs: number): Promise<HistoryEntity[]> {
  if (toMs <= fromMs) return [];
  const versions = await versionsIn(reading, { fromMs, toMs });
  // The attributes are what an agent or an import brought, in the shapes of the wire.
  return versions.map((version) => ({ kind: version.kind, key: version.key, validFromMs: version.fromMs, validToMs: version.toMs, attributes: version.attributes }) as HistoryEntity);
}
