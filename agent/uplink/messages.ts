/** Reads what the cloud says. Fields that a newer cloud adds are left out. */
import { z } from 'zod';
import { DIRECTIONS } from '../../proxy/wire/labels.ts';
import { TAP_MS_MAX, TAP_PER_SECOND_MAX } from '../../proxy/wire/tap.ts';
import { messageOf } from '../fault.ts';
import type { AgentDown, AgentRefused } from '../wire/down.ts';
import { decodeMessage } from '../wire/envelope.ts';
import { TAPS_MAX } from '../wire/tap.ts';

/** A message of the cloud is small, save the marks of its welcome. */
export const DOWN_BYTES_MAX = 8 * 1024 * 1024;

/** A cloud that asks for a longer pause is not one that we know. */
const SLOW_MS_MAX = 300_000;

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const position = { epoch: count.min(1), sequence: count };

/** What to do about each refusal; a code that isn't here is of a newer cloud. */
export const REFUSED_REMEDIES = {
  token_revoked: 'make a new token for the cluster on the console and put it into the token file',
  fenced: 'stop the other agent that runs with this cluster’s token, or give this one a cluster of its own',
  wire_version: 'upgrade the agent',
  frame_invalid: 'report it with the agent’s version; the frame stays in the spool',
  replaced: 'stop the other agent that runs with this cluster’s token, or give this one a cluster of its own',
  cluster_deleted: 'connect a new cluster on the console, or stop this agent; the mesh goes on without it',
  overloaded: 'nothing: the frames wait in the spool',
} as const satisfies Record<AgentRefused['code'], string>;

/** What the cloud may say; the code of a refusal may be a newer cloud's. */
export type ReceivedDown = Exclude<AgentDown, AgentRefused> | (Omit<AgentRefused, 'code'> & { readonly code: string });

const word = z.string().max(512);
const tapSession = z.object({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  workload: word.nullable(),
  filter: z.object({
    direction: z.enum(DIRECTIONS).optional(), method: word.optional(), pathPrefix: word.optional(), statusClass: count.max(5).optional(), peer: word.optional(),
  }),
  perSecondMax: count.min(1).max(TAP_PER_SECOND_MAX),
  endsInMs: count.max(TAP_MS_MAX),
});

const down = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('welcome'),
    wire: count,
    epoch: count.min(1),
    positions: z.array(z.object(position)),
    marks: z.record(z.string(), count),
    clockMs: z.number().min(0),
    cluster: z.object({ id: z.string(), name: z.string() }),
  }),
  z.object({ kind: z.literal('acknowledge'), ...position }),
  z.object({ kind: z.literal('resend'), epoch: position.epoch, after: count }),
  z.object({ kind: z.literal('tap'), sessions: z.array(tapSession).max(TAPS_MAX) }),
  z.object({ kind: z.literal('credential'), credential: z.string().regex(/^[\w.-]{1,2000}$/), lifetimeMs: count }),
  z.object({ kind: z.literal('slow'), waitMs: count.max(SLOW_MS_MAX) }),
  z.object({ kind: z.literal('refused'), code: z.string().max(64), message: z.string(), retryAfterMs: count }),
]) satisfies z.ZodType<ReceivedDown>;

export type DownResult =
  | { readonly kind: 'message'; readonly message: ReceivedDown }
  /** A kind of a newer cloud. */
  | { readonly kind: 'unknown'; readonly name: string }
  | { readonly kind: 'invalid'; readonly reason: string };

export function readDown(bytes: Uint8Array): DownResult {
  try {
    const value = decodeMessage(bytes);
    const result = down.safeParse(value);
    if (result.success) return { kind: 'message', message: result.data };
    const [issue] = result.error.issues;
    if (issue?.code === 'invalid_union' && issue.path[0] === 'kind') return { kind: 'unknown', name: kindOf(value) };
    return { kind: 'invalid', reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unreadable'}` };
  } catch (thrown) {
    return { kind: 'invalid', reason: messageOf(thrown) };
  }
}

function kindOf(value: unknown): string {
  const kind: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'kind') : undefined;
  return String(kind).slice(0, 64);
}
