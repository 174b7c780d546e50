/** History: latencies as a map of heat, gaps, marks on the time axis, changes between two moments, and import with its export. */
import { z } from 'zod';
import { Range } from './entities.ts';

const Count = z.number().int().nonnegative();
const Ms = z.number().int();

/** Requests by latency over time. `counts` has a row per point of time, with one number per latency bucket. */
export const Heatmap = z.object({
  range: Range,
  stepMs: z.number().int(),
  /** Latency in ms, lowest first, each from the end of the one before; the last of the whole layout has no end. */
  buckets: z.array(z.object({ fromMs: z.number(), toMs: z.number().nullable() })),
  points: z.array(z.object({ startMs: Ms, gap: z.boolean(), imported: z.boolean() })),
  counts: z.array(z.array(Count)),
});
export type Heatmap = z.infer<typeof Heatmap>;

/**
 * `uncovered`: time of which no window is stored. The others happened at `fromMs` and say what was lost or folded:
 * windows of proxies, frames of the agent's spool, windows that came too late, too early or for an imported hour, rows over a cap.
 */
export const GapReason = z.enum(['uncovered', 'proxy_windows', 'spool_frames', 'too_late', 'too_far_ahead', 'hour_imported', 'folded', 'names_full']);
export type GapReason = z.infer<typeof GapReason>;

export const Gap = z.object({
  fromMs: Ms,
  toMs: Ms,
  reason: GapReason,
  /** Windows, frames or rows; null for uncovered time. */
  count: Count.nullable(),
  text: z.string(),
});
export const Gaps = z.object({
  range: Range,
  coveredShare: z.number().min(0).max(1).describe('Share of the range of which windows are stored'),
  gaps: z.array(Gap),
  /** More gaps than are listed. */
  omitted: Count,
  imports: z.array(z.object({ fromMs: Ms, toMs: Ms, source: z.string() })).describe('Hours that were imported, by their source'),
});
export type Gap = z.infer<typeof Gap>;
export type Gaps = z.infer<typeof Gaps>;

/** One thing that differs between two moments. `before` and `after` are null where it did not exist. */
export const TopologyChange = z.object({
  change: z.enum(['added', 'gone', 'changed']),
  kind: z.enum(['workload', 'service', 'edge', 'proxy']),
  key: z.string().describe('Workload or service key, edge id of the topology, or instance of the proxy'),
  name: z.string(),
  /** When it changed last between the two moments; null for edges, which are known by their traffic only. */
  atMs: Ms.nullable(),
  /** What differs, by field; versions of proxies among it. Empty unless changed. */
  fields: z.array(z.object({ field: z.string(), before: z.string(), after: z.string() })),
  /** Version of a proxy before and after. */
  version: z.object({ before: z.string().nullable(), after: z.string().nullable() }).nullable(),
  text: z.string(),
});
export const TopologyChanges = z.object({
  fromMs: Ms,
  toMs: Ms,
  /** Length of the traffic that was read at each moment to know its edges, ms. */
  aroundMs: Ms,
  sentence: z.string(),
  changes: z.array(TopologyChange),
  omitted: Count,
});
export type TopologyChange = z.infer<typeof TopologyChange>;
export type TopologyChanges = z.infer<typeof TopologyChanges>;

/** Something that happened, for the time axis. `link` is a path of the console. */
export const Mark = z.object({
  atMs: Ms,
  /** End of an incident; null while it is open, and for what has no length. */
  endMs: Ms.nullable(),
  kind: z.enum(['incident', 'rollout', 'version', 'workload']),
  text: z.string(),
  link: z.string().nullable(),
});
export const Marks = z.object({ range: Range, marks: z.array(Mark), omitted: Count });
export type Mark = z.infer<typeof Mark>;
export type Marks = z.infer<typeof Marks>;

/** The histogram layout of the whole path (proxy/wire/histogram.ts) and its number of buckets. */
export const HISTORY_HISTOGRAM = { version: 1, buckets: 257 } as const;
/** Numbers of directions, protocols and TLS states that a row's index may name (proxy/wire/labels.ts). */
export const HISTORY_LABELS = { direction: 2, protocol: 5, tls: 2 } as const;
export const HISTORY_ROWS_MAX = 20_000;
export const HISTORY_BODY_BYTES_MAX = 8 * 1024 * 1024;
const STRING_LENGTH_MAX = 512;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isCounts(value: unknown): boolean {
  return Array.isArray(value) && value.every(isCount);
}

function isHistogram(value: unknown): boolean {
  if (!Array.isArray(value) || !isCounts(value) || value[0] !== HISTORY_HISTOGRAM.version || value.length % 2 === 0) return false;
  let bucket = 0;
  for (let at = 1; at < value.length; at += 2) bucket += Number(value[at]);
  return bucket < HISTORY_HISTOGRAM.buckets;
}

/** Columns are checked by loops, since an import has millions of numbers; their shape for documents stands in `COLUMN_SHAPES`. */
const Counts = z.custom<readonly number[]>(isCounts, 'must be whole numbers ≥ 0');
const Histograms = z.custom<readonly (readonly number[])[]>((value) => Array.isArray(value) && value.every(isHistogram), 'must be sparse histograms of layout 1');
const counts = { type: 'array', items: { type: 'integer', minimum: 0 } } as const;
export const COLUMN_SHAPES: ReadonlyMap<z.ZodType, object> = new Map<z.ZodType, object>([[Counts, counts], [Histograms, { type: 'array', items: counts }]]);

const counters = {
  requests: Counts, failuresApp: Counts, failuresMesh: Counts, failuresClient: Counts, retries: Counts, bytesIn: Counts, bytesOut: Counts,
  latency: Histograms, durationSumUs: Counts, appSumUs: Counts, queueSumUs: Counts,
};
const Name = z.string().max(STRING_LENGTH_MAX);
const Key = Name.min(1);

/**
 * A minute or an hour of a cluster in the columns of agent/wire/rollup.ts: names once in `strings`, whose first is the
 * empty one. An hour of history is either one window of an hour or its windows of a minute, all of them in one call.
 */
export const HistoryWindow = z
  .object({
    startMs: Count,
    lengthMs: z.literal([MINUTE_MS, HOUR_MS]),
    /** Seconds of it of which something is known; the rest is shown as a gap. By default all. */
    coveredSeconds: z.number().int().min(0).max(HOUR_MS / 1000).optional(),
    strings: z.array(Name).max(100_000),
    edges: z.object({ direction: Counts, source: Counts, service: Counts, destination: Counts, protocol: Counts, tls: Counts, ...counters }),
    routes: z.object({ direction: Counts, service: Counts, route: Counts, ...counters }),
  })
  .superRefine((window, issues) => {
    for (const message of windowFaults(window)) issues.addIssue({ code: 'custom', message });
  });
export type HistoryWindow = z.infer<typeof HistoryWindow>;

type Columns = Readonly<Record<string, readonly unknown[]>>;

function windowFaults(window: { startMs: number; lengthMs: number; coveredSeconds?: number | undefined; strings: readonly string[]; edges: Columns; routes: Columns }): string[] {
  const strings = window.strings.length;
  const names = { source: strings, service: strings, destination: strings, route: strings };
  const faults = [...columnFaults('edges', window.edges, { ...names, ...HISTORY_LABELS }), ...columnFaults('routes', window.routes, { ...names, ...HISTORY_LABELS })];
  if (window.startMs % window.lengthMs !== 0) faults.push('startMs must be a multiple of lengthMs');
  if ((window.coveredSeconds ?? 0) * 1000 > window.lengthMs) faults.push('coveredSeconds is longer than the window');
  return faults;
}

function columnFaults(table: string, columns: Columns, limits: Readonly<Record<string, number>>): string[] {
  const rows = columns['requests']?.length ?? 0;
  const faults: string[] = rows > HISTORY_ROWS_MAX ? [`${table} has ${rows} rows, at most ${HISTORY_ROWS_MAX} are taken`] : [];
  for (const [column, values] of Object.entries(columns)) {
    if (values.length !== rows) faults.push(`${table}.${column} has ${values.length} values for ${rows} rows`);
    const limit = limits[column];
    if (limit !== undefined && values.some((value) => typeof value !== 'number' || value >= limit)) faults.push(`${table}.${column} points beyond its ${limit} names`);
  }
  return faults;
}

const Instant = z.iso.datetime({ offset: true }).nullable();
const validity = { key: Key, validFromMs: Count, validToMs: Count.nullable().describe('Null: valid until something newer is known') };

/** What existed from when to when, in the shapes of agent/wire/topology.ts. */
export const HistoryEntity = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('workload'), ...validity,
      attributes: z.object({ key: Key, serviceAccount: Name, identity: Name.nullable(), meshed: z.boolean(), instances: Count }),
    }),
    z.object({
      kind: z.literal('service'), ...validity,
      attributes: z.object({ key: Key, ports: z.array(z.object({ port: Count, protocol: Name })).max(1000), workloads: z.array(Key).max(1000) }),
    }),
    z.object({
      kind: z.literal('proxy'), ...validity,
      attributes: z.object({
        instance: Key, name: Name, workload: Name, version: Name, identity: Name.nullable(), ready: z.boolean(), connected: z.boolean(), certificateNotAfter: Instant,
      }),
    }),
  ])
  .refine((entity) => entity.validToMs === null || entity.validToMs > entity.validFromMs, 'validToMs must be after validFromMs');
export type HistoryEntity = z.infer<typeof HistoryEntity>;

/** One call's share of an import; an hour of windows is never split over two calls. */
export const History = z.object({
  /** What the console calls it on every chart: `generated history`, `export of eu-west`. */
  source: z.string().trim().min(1).max(80),
  windows: z.array(HistoryWindow).max(100_000),
  entities: z.array(HistoryEntity).max(50_000),
});
export type History = z.infer<typeof History>;

export const HistoryImport = z.object({
  hours: z.object({ imported: Count, unchanged: Count }),
  entities: z.object({ imported: Count, unchanged: Count }),
  /** What was not taken; the rest was. */
  refused: z.array(z.object({
    /** Begin of the hour, or of the entity's validity. */
    startMs: Ms,
    reason: z.enum(['measured', 'other_import', 'open', 'too_old', 'overlap']),
    text: z.string(),
  })),
});
export type HistoryImport = z.infer<typeof HistoryImport>;

/** A share of an export, ready to be imported; `nextMs` is `fromMs` of the next share, null after the last. */
export const HistoryExport = History.extend({ nextMs: Ms.nullable() });
export type HistoryExport = z.infer<typeof HistoryExport>;
