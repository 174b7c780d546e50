/** What an agent may send, checked with limits before anything is stored. Columns are checked by loops, since frames are large. */
import { z } from 'zod';
import { EDGES_PER_CLUSTER_MAX, ROUTES_PER_CLUSTER_MAX } from '../../agent/wire/rollup.ts';
import type { AgentUp } from '../../agent/wire/up.ts';
import { HISTOGRAM_BUCKETS, HISTOGRAM_VERSION } from '../../proxy/wire/histogram.ts';
import { DIRECTIONS, FAULTS, PROTOCOLS, TLS_STATES } from '../../proxy/wire/labels.ts';
import { TAP_EVENTS_MAX } from '../../proxy/wire/tap.ts';

/** Windows of one frame: an hour of 10 s windows that came late at once. */
const WINDOWS_MAX = 360;
const STRINGS_MAX = 100_000;
const STRING_LENGTH_MAX = 512;
const MARKS_MAX = 50_000;
const WORKLOADS_MAX = 20_000;
const PROXIES_MAX = 50_000;
/** Reports of one message: those of a thousand proxies at once. */
const TAP_REPORTS_MAX = 1_000;
const WINDOW_MS_MIN = 100;
const WINDOW_MS_MAX = 60_000;

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isCount);
}

/** A whole sparse histogram of our layout whose buckets are in range. */
function isHistogram(value: unknown): boolean {
  if (!isCounts(value) || value[0] !== HISTOGRAM_VERSION || value.length % 2 === 0) return false;
  let bucket = 0;
  for (let at = 1; at < value.length; at += 2) bucket += value[at] ?? 0;
  return bucket < HISTOGRAM_BUCKETS;
}

const Count = z.custom<number>(isCount, 'must be a whole number ≥ 0');
const Counts = z.custom<readonly number[]>(isCounts, 'must be whole numbers ≥ 0');
const Histograms = z.custom<readonly (readonly number[])[]>((value) => Array.isArray(value) && value.every(isHistogram), 'must be sparse histograms of layout 1');
const Name = z.string().max(STRING_LENGTH_MAX);
const Key = Name.min(1);
const Instant = z.iso.datetime({ offset: true }).nullable();

const counters = {
  requests: Counts, failuresApp: Counts, failuresMesh: Counts, failuresClient: Counts, retries: Counts, bytesIn: Counts, bytesOut: Counts,
  latency: Histograms, durationSumUs: Counts, appSumUs: Counts, queueSumUs: Counts,
};
const EdgeColumns = z.object({ direction: Counts, source: Counts, service: Counts, destination: Counts, protocol: Counts, tls: Counts, ...counters, open: Counts.optional() });
const RouteColumns = z.object({ direction: Counts, service: Counts, route: Counts, ...counters });

const Window = z
  .object({
    startMs: Count,
    lengthMs: Count,
    strings: z.array(Name).max(STRINGS_MAX),
    edges: EdgeColumns,
    routes: RouteColumns,
    proxies: Count,
  })
  .superRefine((window, issues) => {
    for (const fault of windowFaults(window)) issues.addIssue({ code: 'custom', message: fault });
  });

type Columns = Readonly<Record<string, readonly unknown[] | undefined>>;

function windowFaults(window: { startMs: number; lengthMs: number; strings: readonly string[]; edges: Columns; routes: Columns }): string[] {
  const strings = window.strings.length;
  const faults = [
    ...columnFaults('edges', window.edges, EDGES_PER_CLUSTER_MAX, {
      direction: DIRECTIONS.length, protocol: PROTOCOLS.length, tls: TLS_STATES.length, source: strings, service: strings, destination: strings,
    }),
    ...columnFaults('routes', window.routes, ROUTES_PER_CLUSTER_MAX, { direction: DIRECTIONS.length, service: strings, route: strings }),
  ];
  if (window.lengthMs < WINDOW_MS_MIN || window.lengthMs > WINDOW_MS_MAX) faults.push(`lengthMs must be ${WINDOW_MS_MIN}…${WINDOW_MS_MAX}`);
  else if (window.startMs % window.lengthMs !== 0) faults.push('startMs must be a multiple of lengthMs');
  return faults;
}

function columnFaults(name: string, columns: Columns, rowsMax: number, limits: Readonly<Record<string, number>>): string[] {
  const rows = columns['requests']?.length ?? 0;
  const faults: string[] = [];
  if (rows > rowsMax) faults.push(`${name} has ${rows} rows, at most ${rowsMax} are taken`);
  for (const [column, values] of Object.entries(columns)) if (values !== undefined && values.length !== rows) faults.push(`${name}.${column} has ${values.length} values for ${rows} rows`);
  for (const [column, limit] of Object.entries(limits)) {
    if (columns[column]?.some((value) => typeof value !== 'number' || value >= limit)) faults.push(`${name}.${column} points beyond its ${limit} names`);
  }
  return faults;
}

const Hello = z.object({
  kind: z.literal('hello'),
  wire: Count,
  agentVersion: Name,
  platform: z.enum(['host', 'kubernetes']),
  epoch: Count.nullable(),
  clockMs: Count,
  windowMs: Count.refine((ms) => ms >= WINDOW_MS_MIN && ms <= WINDOW_MS_MAX, `must be ${WINDOW_MS_MIN}…${WINDOW_MS_MAX}`),
});

const Frame = z.object({
  kind: z.literal('frame'),
  epoch: Count,
  sequence: Count,
  previous: Count,
  windows: z.array(Window).max(WINDOWS_MAX),
  marks: z.record(z.string().max(64), Count).refine((marks) => Object.keys(marks).length <= MARKS_MAX, `at most ${MARKS_MAX} marks`),
  dropped: z.object({ proxyWindows: Count, frames: Count, folded: Count }),
}).refine((frame) => frame.previous < frame.sequence, 'previous must be below sequence');

const Topology = z.object({
  kind: z.literal('topology'),
  snapshot: z.object({
    takenAtMs: Count,
    workloads: z.array(z.object({ key: Key, serviceAccount: Name, identity: Name.nullable(), meshed: z.boolean(), instances: Count })).max(WORKLOADS_MAX),
    services: z.array(z.object({
      key: Key,
      ports: z.array(z.object({ port: Count, protocol: Name })).max(1000),
      workloads: z.array(Key).max(1000),
    })).max(WORKLOADS_MAX),
    proxies: z.array(z.object({
      instance: Key, name: Name, workload: Name, version: Name, identity: Name.nullable(), ready: z.boolean(), connected: z.boolean(), certificateNotAfter: Instant,
    })).max(PROXIES_MAX),
    trustDomain: Name,
    trustAnchorNotAfter: Instant,
  }),
});

const Tapped = z.object({
  kind: z.literal('tapped'),
  reports: z.array(z.object({
    session: z.string().max(64), workload: Name, proxy: Name, matched: Count, dropped: Count,
    events: z.array(z.object({
      agoMs: Count, direction: z.enum(DIRECTIONS), protocol: z.enum(PROTOCOLS), tls: z.enum(TLS_STATES), source: Name, service: Name, destination: Name,
      method: Name, path: Name, route: Name.nullable(), status: Count, grpcStatus: Count.nullable(), fault: z.enum(FAULTS).nullable(), code: Name.nullable(),
      latencyUs: z.number().int().min(-1), durationUs: Count, bytesIn: Count, bytesOut: Count, retries: Count, traceId: Name.nullable(),
    })).max(TAP_EVENTS_MAX),
  })).max(TAP_REPORTS_MAX),
});

const Up = z.discriminatedUnion('kind', [Hello, Frame, Topology, Tapped]);

export type Checked = { readonly kind: 'message'; readonly message: AgentUp } | { readonly kind: 'faults'; readonly text: string };

/** Faults told at once; the rest is counted. */
const FAULTS_TOLD_MAX = 5;

/** A message of the agreed shape, or its faults in words. */
export function checkMessage(value: unknown): Checked {
  const result = Up.safeParse(value);
  if (result.success) return { kind: 'message', message: result.data };
  const faults = result.error.issues.map((issue) => `${issue.path.join('.') || 'message'}: ${issue.message}`);
  const more = faults.length - FAULTS_TOLD_MAX;
  return { kind: 'faults', text: faults.slice(0, FAULTS_TOLD_MAX).join('; ') + (more > 0 ? `; and ${more} more` : '') };
}
