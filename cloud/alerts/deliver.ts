/** One attempt of one delivery: signed, bounded in time and answer, and its outcome recorded. A crash anywhere sends the same id again. */
import type { Sql } from '../db/client.ts';
import { tenant } from '../db/tenant.ts';
import { retryAfterMs, retryWaitMs } from './backoff.ts';
import { checkUrl } from './outbound.ts';
import type { OutboundAllow } from './outbound.ts';
import { loadDelivery, recordDelivered, recordFailed, recordGone, releaseClaim } from './outbox.ts';
import type { ClaimedDelivery, DeliveryClaim } from './outbox.ts';
import { SealError, unseal } from './seal.ts';
import { webhookHeaders } from './sign.ts';

/** Time from the connect to the end of the answer. */
export const SEND_TIMEOUT_MS = 15_000;
/** How much of a refusal is read, and kept for the deliveries page. */
const ANSWER_BYTES_MAX = 1_024;
const ANSWER_CHARS_MAX = 200;
const ERROR_CHARS_MAX = 500;

/**
 * A fetch that connects only to addresses that were resolved, checked and pinned; it does not follow redirects when told
 * `manual`. `guarded` keeps the plain fetch from being passed by mistake.
 */
export interface GuardedFetch {
  (url: URL, init: { method: 'POST'; headers: Record<string, string>; body: string; redirect: 'manual'; signal: AbortSignal }): Promise<Response>;
  readonly guarded: true;
}

export interface Sender {
  readonly sql: Sql;
  readonly now: () => number;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  readonly fetch: GuardedFetch;
  readonly key: Uint8Array;
  readonly allow: OutboundAllow;
  readonly sendTimeoutMs: number;
  /** Aborted when the worker stops. */
  readonly stopping: AbortSignal;
}

export type Outcome = 'delivered' | 'retried' | 'failed' | 'disabled' | 'deferred' | 'lost' | 'interrupted';

/** Attempts a claimed delivery and records what came of it. Throws only when the database does; the claim then runs out by itself. */
export async function deliver(sender: Sender, claim: DeliveryClaim): Promise<Outcome> {
  const handle = tenant(sender.sql, claim.orgId);
  const loaded = await loadDelivery(handle, claim, sender.now());
  if (loaded.kind !== 'send') return loaded.kind;
  const attempt = await send(sender, claim, loaded.delivery);
  switch (attempt.kind) {
    case 'delivered':
      return (await recordDelivered(handle, claim, loaded.delivery, sender.now())) ? 'delivered' : 'lost';
    case 'gone':
      await recordGone(handle, claim, loaded.delivery, sender.now());
      return 'disabled';
    case 'failed':
      return fail(sender, claim, loaded.delivery, attempt);
    case 'interrupted':
      await releaseClaim(handle, claim);
      return 'interrupted';
    default:
      return attempt satisfies never;
  }
}

type Attempt =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly error: string; readonly askedMs: number | null }
  | { readonly kind: 'interrupted' };

async function fail(sender: Sender, claim: DeliveryClaim, delivery: ClaimedDelivery, attempt: { error: string; askedMs: number | null }): Promise<Outcome> {
  const nowMs = sender.now();
  // A test answers a person who waits: it is tried once.
  const waitMs = delivery.event === 'channel.test' ? null : retryWaitMs(delivery.attempts + 1, sender.random(), attempt.askedMs);
  const nextMs = waitMs === null ? null : nowMs + waitMs;
  const marked = await recordFailed(tenant(sender.sql, claim.orgId), claim, delivery, attempt.error.slice(0, ERROR_CHARS_MAX), nextMs, nowMs);
  if (!marked) return 'lost';
  return nextMs === null ? 'failed' : 'retried';
}

async function send(sender: Sender, claim: DeliveryClaim, delivery: ClaimedDelivery): Promise<Attempt> {
  const check = checkUrl(delivery.channel.url, sender.allow);
  if (check.kind === 'refused') return { kind: 'failed', error: check.message, askedMs: null };
  const timeout = AbortSignal.timeout(sender.sendTimeoutMs);
  try {
    const body = JSON.stringify(delivery.payload);
    const secret = unseal(sender.key, { orgId: claim.orgId, channelId: delivery.channel.id }, delivery.channel.sealed);
    const response = await sender.fetch(check.target.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json', 'user-agent': 'Sidelight-Webhook/1', ...webhookHeaders(secret, delivery.dedupeKey, sender.now(), body),
      },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([timeout, sender.stopping]),
    });
    return await judgeAnswer(response, sender.now());
  } catch (fault) {
    if (sender.stopping.aborted) return { kind: 'interrupted' };
    return { kind: 'failed', error: faultText(fault, timeout.aborted, sender.sendTimeoutMs), askedMs: null };
  }
}

async function judgeAnswer(response: Response, nowMs: number): Promise<Attempt> {
  const { status } = response;
  if ((status >= 200 && status < 300) || status === 410) {
    await response.body?.cancel();
    return { kind: status === 410 ? 'gone' : 'delivered' };
  }
  if (status >= 300 && status < 400) {
    await response.body?.cancel();
    return { kind: 'failed', error: `the receiver answered ${String(status)}: redirects are not followed, put the final address in the channel`, askedMs: null };
  }
  const answer = await readStart(response);
  const error = `the receiver answered ${String(status)}${answer === '' ? '' : `: ${answer}`}`;
  return { kind: 'failed', error, askedMs: retryAfterMs(response.headers.get('retry-after'), nowMs) };
}

/** The begin of a refusal as one line of printable text; the rest is not read. */
async function readStart(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const parts: Uint8Array[] = [];
  for (let bytes = 0; bytes < ANSWER_BYTES_MAX; ) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    bytes += value.length;
  }
  await reader.cancel();
  const text = Buffer.concat(parts).subarray(0, ANSWER_BYTES_MAX).toString('utf8');
  return text.replace(/[^\p{L}\p{N}\p{P}\p{S} ]+/gu, ' ').trim().slice(0, ANSWER_CHARS_MAX);
}

function faultText(fault: unknown, timedOut: boolean, timeoutMs: number): string {
  if (timedOut) return `the receiver gave no whole answer within ${String(timeoutMs / 1_000)} s`;
  if (fault instanceof SealError) return fault.message;
  return `the receiver could not be reached: ${fault instanceof Error ? fault.message : String(fault)}`;
}
