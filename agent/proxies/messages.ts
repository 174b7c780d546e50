/** Reads what a proxy says. Fields that a newer proxy adds are left out. */
import { z } from 'zod';
import { HISTOGRAM_BUCKETS, HISTOGRAM_VERSION } from '../../proxy/wire/histogram.ts';
import { DIRECTIONS, FAULTS, PROTOCOLS, TLS_STATES } from '../../proxy/wire/labels.ts';
import type { ToControl } from '../../proxy/wire/orders.ts';
import { canonicalIp } from '../../proxy/wire/ip.ts';
import { TAP_EVENTS_MAX, TAP_SESSIONS_MAX } from '../../proxy/wire/tap.ts';
import { messageOf } from '../fault.ts';

/** Rows of one kind in one window. */
const ROWS_MAX = 20_000;
// oxlint-disable-next-line no-control-regex
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/g;

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const name = z.string().max(512);
const version = z.number().int().min(1);
const fingerprint = z.string().regex(/^[0-9a-f]{64}$/).nullish();

/** A tick of the shortest window at the end of this number is the year 2286; its time in ms is still a whole number. */
const TICK_MAX = 1e11;

/** What no database takes as text would make its whole frame fail for ever. */
const rowName = name.transform((text) => text.toWellFormed().replace(CONTROL_CHARACTERS, '?'));

const histogram = z.array(count).max(1 + 2 * HISTOGRAM_BUCKETS).refine(isHistogram, 'is no histogram of this layout');

const counters = {
  requests: count,
  failuresApp: count,
  failuresMesh: count,
  failuresClient: count,
  retries: count,
  bytesIn: count,
  bytesOut: count,
  latency: histogram,
  durationSumUs: count,
  appSumUs: count,
  queueSumUs: count,
};

const edge = z.object({
  direction: z.enum(DIRECTIONS),
  source: rowName,
  service: rowName,
  destination: rowName,
  protocol: z.enum(PROTOCOLS),
  tls: z.enum(TLS_STATES),
  ...counters,
  open: count.optional(),
});

const route = z.object({ direction: z.enum(DIRECTIONS), service: rowName, route: rowName, ...counters });

const proxyWindow = z.object({
  instance: z.string().regex(/^[0-9a-f]{16}$/),
  sequence: count.min(1),
  tick: count.max(TICK_MAX),
  edges: z.array(edge).max(ROWS_MAX),
  routes: z.array(route).max(ROWS_MAX),
  dropped: z.object({ windows: count, folded: count }),
});

const tapEvent = z.object({
  agoMs: count, direction: z.enum(DIRECTIONS), protocol: z.enum(PROTOCOLS), tls: z.enum(TLS_STATES), source: rowName, service: rowName, destination: rowName,
  method: rowName, path: rowName, route: rowName.nullable(), status: count, grpcStatus: count.nullable(), fault: z.enum(FAULTS).nullable(), code: rowName.nullable(),
  latencyUs: z.number().int().min(-1).max(Number.MAX_SAFE_INTEGER), durationUs: count, bytesIn: count, bytesOut: count, retries: count, traceId: rowName.nullable(),
});

const tapReport = z.object({ session: z.string().max(64), events: z.array(tapEvent).max(TAP_EVENTS_MAX), matched: count, dropped: count });

/** In the one form that addresses are compared in. */
const watched = z.object({
  host: z.string().max(64).transform((text, context) => canonicalIp(text) ?? (context.addIssue('is not an IP address'), z.NEVER)),
  port: z.number().int().min(1).max(65_535),
});

const toControl = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('certify'), version, token: z.string().max(8192), workload: name, csr: z.base64().max(16 * 1024) }),
  z.object({
    kind: z.literal('hello'),
    version,
    proxyVersion: z.string().max(64),
    workload: name,
    instanceName: z.string().max(253),
    instance: z.string().regex(/^[0-9a-f]{16}$/),
  }),
  z.object({ kind: z.literal('window'), window: proxyWindow }),
  z.object({
    kind: z.literal('status'), ready: z.boolean(), revision: count, certificateNotAfter: z.iso.datetime().nullable(),
    bundleSha256: fingerprint, anchorSha256: fingerprint,
  }),
  z.object({ kind: z.literal('goodbye'), sequence: count }),
  z.object({ kind: z.literal('tap'), reports: z.array(tapReport).max(TAP_SESSIONS_MAX) }),
  z.object({ kind: z.literal('resolve'), address: watched }),
  z.object({ kind: z.literal('forget'), address: watched }),
  z.object({
    kind: z.literal('rediscover'), service: name, port: z.number().int().min(1).max(65_535),
    address: z.object({ host: z.string().max(64), port: z.number().int().min(1).max(65_535) }), identity: name,
  }),
]) satisfies z.ZodType<ToControl>;

/** RFC 8259 in UTF-8, then the schema. */
export function readToControl(bytes: Uint8Array): { readonly kind: 'message'; readonly message: ToControl } | { readonly kind: 'invalid'; readonly reason: string } {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (thrown) {
    return { kind: 'invalid', reason: messageOf(thrown) };
  }
  const result = toControl.safeParse(value);
  if (result.success) return { kind: 'message', message: result.data };
  const [issue] = result.error.issues;
  return { kind: 'invalid', reason: `${issue?.path.join('.') || 'the message'}: ${issue?.message ?? 'is not known'}` };
}

function isHistogram(numbers: readonly number[]): boolean {
  if (numbers[0] !== HISTOGRAM_VERSION || numbers.length % 2 === 0) return false;
  let bucket = 0;
  for (let at = 1; at < numbers.length; at += 2) bucket += numbers[at] ?? 0;
  return bucket < HISTOGRAM_BUCKETS;
}
