/** Tap as the API speaks of it: looking at a cluster's exchanges as they happen. */
import { z } from 'zod';

/** Longest tap in s, and how many events a second one proxy tells where nobody says otherwise. */
export const TAP_SECONDS_MAX = 600;
export const TAP_PER_SECOND_DEFAULT = 100;
/** A tap that nobody reads for so long ends. */
export const TAP_UNREAD_MS_MAX = 20_000;
/** Events in one answer. */
export const TAP_EVENTS_MAX = 1_000;

const Word = z.string().trim().min(1).max(512);

/** Members that are absent let everything pass. */
export const TapInput = z.object({
  /** `namespace/kind/name` of the workload whose proxies tell; absent: all. */
  workload: Word.optional(),
  direction: z.enum(['inbound', 'outbound']).optional(),
  method: z.string().trim().regex(/^[A-Za-z!#$%&'*+.^_`|~-]{1,32}$/).transform((method) => method.toUpperCase()).optional(),
  pathPrefix: z.string().max(512).regex(/^\//, 'begins with a slash').optional(),
  /** First digit of the status; 0: no answer. */
  statusClass: z.number().int().min(0).max(5).optional(),
  /** The workload at the other end. */
  peer: Word.optional(),
  perSecondMax: z.number().int().min(1).max(1_000).default(TAP_PER_SECOND_DEFAULT),
  seconds: z.number().int().min(5).max(TAP_SECONDS_MAX).default(300),
});
export type TapInput = z.infer<typeof TapInput>;

export const Tap = z.object({
  id: z.string(),
  clusterId: z.string(),
  workload: z.string().nullable(),
  /** waiting: the agent has not been told yet. over: ended, stopped, or read by nobody. */
  state: z.enum(['waiting', 'live', 'over']),
  perSecondMax: z.number().int(),
  startedAt: z.iso.datetime(),
  startedBy: z.string(),
  endsAt: z.iso.datetime(),
  /** Exchanges that the filter let pass, and those of them that were told; the rest was over the rate. */
  matched: z.number().int(),
  told: z.number().int(),
});
export type Tap = z.infer<typeof Tap>;

export const TapEvent = z.object({
  atMs: z.number(),
  workload: z.string(),
  proxy: z.string(),
  direction: z.enum(['inbound', 'outbound']),
  protocol: z.string(),
  tls: z.string(),
  source: z.string(),
  service: z.string(),
  destination: z.string(),
  method: z.string(),
  path: z.string(),
  route: z.string().nullable(),
  status: z.number().int(),
  grpcStatus: z.number().int().nullable(),
  fault: z.enum(['app', 'mesh', 'client']).nullable(),
  code: z.string().nullable(),
  /** Null: no answer. */
  latencyMs: z.number().nullable(),
  durationMs: z.number(),
  bytesIn: z.number(),
  bytesOut: z.number(),
  retries: z.number().int(),
  traceId: z.string().nullable(),
});
export type TapEvent = z.infer<typeof TapEvent>;

/** `next` is the `after` of the next call. */
export const TapPage = z.object({ tap: Tap, events: z.array(TapEvent), next: z.string() });
export type TapPage = z.infer<typeof TapPage>;
