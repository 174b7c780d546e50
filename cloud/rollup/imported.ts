/** Hours of an import as chunks: the same sums as a roll-up makes of windows. Pure. */
import { addSparse } from '../../proxy/wire/histogram.ts';
import { DIRECTIONS, PROTOCOLS, TLS_STATES } from '../../proxy/wire/labels.ts';
import { COUNTERS } from '../ingest/packed.ts';
import type { PackedCounters, UnpackedPart } from '../ingest/packed.ts';
import { edgeKey, routeKey } from '../series/edge.ts';
import type { EdgeLabels } from '../series/edge.ts';
import type { HistoryWindow } from '../wire/history.ts';
import { CLUSTER_SUBJECT, foldHour, HOUR_MS, LEVELS, MINUTE_MS } from './chunk.ts';
import type { Chunk } from './chunk.ts';
import { createRoller } from './roller.ts';

/** One hour of an import: its windows, either one of the hour or those of its minutes. */
export interface HistoryHour {
  readonly hourMs: number;
  readonly points: 'minute' | 'hour';
  readonly windows: readonly HistoryWindow[];
}

export type Grouped = { readonly kind: 'hours'; readonly hours: readonly HistoryHour[] } | { readonly kind: 'faults'; readonly faults: readonly { readonly path: string; readonly message: string }[] };

/** Windows by hour, oldest first; hours that mix lengths or name a time twice are faults. */
export function groupHours(windows: readonly HistoryWindow[]): Grouped {
  const faults: { path: string; message: string }[] = [];
  const hours = [...Map.groupBy(windows, (window) => Math.floor(window.startMs / HOUR_MS) * HOUR_MS)].sort(([a], [b]) => a - b).map(([hourMs, list]): HistoryHour => {
    const sorted = list.toSorted((a, b) => a.startMs - b.startMs);
    const [lengths, starts] = [new Set(sorted.map((window) => window.lengthMs)), new Set(sorted.map((window) => window.startMs))];
    const at = new Date(hourMs).toISOString();
    if (lengths.size > 1) faults.push({ path: 'body.windows', message: `the hour ${at} comes as minutes and as an hour; send one of the two` });
    if (starts.size < sorted.length) faults.push({ path: 'body.windows', message: `the hour ${at} has two windows of one time` });
    return { hourMs, points: lengths.has(HOUR_MS) ? 'hour' : 'minute', windows: sorted };
  });
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'hours', hours };
}

/** Keys of the edges and routes of a window, in the order of its rows. */
export function windowKeys(window: HistoryWindow): { readonly edge: string[]; readonly route: string[] } {
  const { edges, routes, strings } = window;
  const name = (index: number | undefined): string => strings[index ?? 0] ?? '';
  return {
    edge: edges.requests.map((_, at) => edgeKey({
      direction: DIRECTIONS[edges.direction[at] ?? 0] ?? 'inbound', source: name(edges.source[at]), service: name(edges.service[at]), destination: name(edges.destination[at]),
      protocol: PROTOCOLS[edges.protocol[at] ?? 0] ?? 'opaque', tls: TLS_STATES[edges.tls[at] ?? 0] ?? 'plain',
    })),
    route: routes.requests.map((_, at) => routeKey({ direction: DIRECTIONS[routes.direction[at] ?? 0] ?? 'inbound', service: name(routes.service[at]), route: name(routes.route[at]) })),
  };
}

/** Ids by key, of every edge and route of the import. */
export interface HistoryIds {
  readonly edge: ReadonlyMap<string, number>;
  readonly route: ReadonlyMap<string, number>;
}

export interface HourImport {
  /** Empty for an hour that comes as a whole. */
  readonly minutes: readonly Chunk[];
  readonly minuteCoveredS: readonly number[];
  /** Its point of the day's chunks. */
  readonly point: readonly Chunk[];
  readonly coveredS: number;
}

export function hourChunks({ hourMs, points, windows }: HistoryHour, ids: HistoryIds, edges: ReadonlyMap<number, EdgeLabels>): HourImport {
  const roller = createRoller(hourMs, LEVELS.minute.points, edges);
  const minuteCoveredS = new Array<number>(LEVELS.minute.points).fill(0);
  let coveredS = 0;
  for (const window of windows) {
    const keys = windowKeys(window);
    const piece = { startMs: window.startMs, lengthMs: window.lengthMs };
    roller.add({ ...piece, kind: 'edge', part: partOf(window.edges, keys.edge.map((key) => ids.edge.get(key) ?? 0)) });
    roller.add({ ...piece, kind: 'route', part: partOf(window.routes, keys.route.map((key) => ids.route.get(key) ?? 0)) });
    const seconds = window.coveredSeconds ?? window.lengthMs / 1000;
    coveredS += seconds;
    if (points === 'minute') minuteCoveredS[(window.startMs - hourMs) / MINUTE_MS] = seconds;
  }
  const { chunks } = roller.finish();
  const all = chunks.some((chunk) => chunk.subject === CLUSTER_SUBJECT) ? chunks : [...chunks, { subject: CLUSTER_SUBJECT, rows: [] }];
  const at = (hourMs % LEVELS.hour.chunkMs) / HOUR_MS;
  return { minutes: points === 'minute' ? all : [], minuteCoveredS, point: all.map((chunk) => ({ subject: chunk.subject, rows: foldHour(chunk, at) })), coveredS };
}

/** Columns as they came, read like a packed part. */
function partOf(columns: HistoryWindow['edges'] | HistoryWindow['routes'], ids: readonly number[]): UnpackedPart {
  const counters = Object.fromEntries(COUNTERS.map((name) => [name, Float64Array.from(columns[name])])) as PackedCounters;
  return {
    rows: ids.length,
    entity: Float64Array.from(ids),
    counters,
    addLatency: (row, into) => addSparse(into, columns.latency[row] ?? [1]),
  };
}
