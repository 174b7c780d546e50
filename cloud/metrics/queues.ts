/** What waits in Postgres, over all organizations: counts and ages only, read as the worker. */
import { asWorker } from '../db/client.ts';
import type { Sql } from '../db/client.ts';
import { HOUR_MS } from '../rollup/chunk.ts';
import { CLOSED_AFTER_MS } from '../rollup/roll.ts';

/** A queue: how many entries are due, and for how long the oldest of them is, in ms (0 without any). */
export interface QueueDepth {
  readonly due: number;
  readonly oldestMs: number;
}

export interface Queues {
  /** Alert rules whose evaluation is due. */
  readonly rules: QueueDepth;
  /** Deliveries that may be sent now. */
  readonly outbox: QueueDepth;
  /** Deliveries that wait for their next try as well. */
  readonly outboxPending: number;
  /** Hours that have closed and are not rolled up. */
  readonly rollup: QueueDepth;
  /** Clusters whose agent is connected, to any instance. */
  readonly clustersConnected: number;
}

interface QueueRow {
  readonly due: number;
  readonly oldest: Date | null;
}

export async function readQueues(sql: Sql, nowMs: number): Promise<Queues> {
  const now = new Date(nowMs);
  return asWorker(sql, async (tx) => {
    const [rules] = await tx<QueueRow[]>`select count(*) as due, min(due_at) as oldest from tenant.alert_rule where enabled and due_at <= ${now}`;
    const [outbox] = await tx<(QueueRow & { pending: number })[]>`
      select count(*) as pending, count(*) filter (where next_attempt_at <= ${now}) as due, min(next_attempt_at) filter (where next_attempt_at <= ${now}) as oldest
      from tenant.outbox where state = 'pending'`;
    const closedMs = nowMs - HOUR_MS - CLOSED_AFTER_MS;
    const [rollup] = await tx<{ due: number; oldest: number | null }[]>`
      select count(*) as due, min(hour_ms) as oldest from tenant.rollup_hour where dirty_since is not null and origin = 'measured' and hour_ms <= ${closedMs}`;
    const [clusters] = await tx<{ connected: number }[]>`select count(*) as connected from tenant.cluster where connected`;
    return {
      rules: depthOf(rules, nowMs), outbox: depthOf(outbox, nowMs), outboxPending: outbox?.pending ?? 0,
      rollup: { due: rollup?.due ?? 0, oldestMs: rollup?.oldest == null ? 0 : closedMs - rollup.oldest },
      clustersConnected: clusters?.connected ?? 0,
    };
  });
}

function depthOf(row: QueueRow | undefined, nowMs: number): QueueDepth {
  return { due: row?.due ?? 0, oldestMs: row?.oldest == null ? 0 : nowMs - row.oldest.getTime() };
}
