/**
 * The alert worker: evaluates due rules and delivers what waits in the outbox. All state is in Postgres; several workers
 * share the work. On Node `start` drives it; elsewhere a ticker calls `tick`.
 */
import type { Sql } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import type { Log } from '../log.ts';
import { createEntityNames } from '../series/names.ts';
import type { EntityNames } from '../series/names.ts';
import { deliver, SEND_TIMEOUT_MS } from './deliver.ts';
import type { GuardedFetch, Outcome, Sender } from './deliver.ts';
import { claimDueRules, makeDue, readSlugs } from './due.ts';
import type { RuleHead } from './due.ts';
import { createEdgeReads } from './edge-reads.ts';
import type { EdgeReads } from './edge-reads.ts';
import { evaluateRule } from './evaluate.ts';
import type { Evaluated } from './evaluate.ts';
import { createLane, inParallel, limited } from './lane.ts';
import { parseOutboundAllow } from './outbound.ts';
import { claimDeliveries } from './outbox.ts';
import type { DeliveryClaim } from './outbox.ts';
import { sealingKey } from './seal.ts';

/** How often `start` looks for due rules and deliveries that nobody announced. */
const TICK_EVERY_MS = 1_000;
/** Rules claimed at once, and evaluated at once: a rule takes a connection of the pool. */
const RULES_CLAIMED_MAX = 20;
const RULES_AT_ONCE = 3;
/** Claims in one run; what is due beyond is taken by the next. */
const ROUNDS_MAX = 100;
/** Deliveries under way, and those of one organization. */
const DELIVERIES_AT_ONCE = 16;
const DELIVERIES_PER_ORG = 4;
/** A piece of work without an end after this is left to itself: statements end after 30 s and sends after 15 s, a lost connection may never. */
const STUCK_MS = 120_000;
/** Announced clusters remembered; beyond it rules wait for their own time, 10 s at most. */
const POKES_MAX = 10_000;

export interface AlertWorkerOptions {
  readonly sql: Sql;
  /** ms since 1970. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** On Node `pinnedFetch` of platform-node/pinned-fetch.ts. */
  readonly fetch: GuardedFetch;
  /** SIDELIGHT_SECRET. */
  readonly secret: string;
  readonly publicUrl: string;
  /** `host:port` entries. */
  readonly outboundAllow: readonly string[];
  /** A shared cache of names; one of its own by default. */
  readonly names?: EntityNames;
  /** Limits that tests shorten. */
  readonly sendTimeoutMs?: number;
  readonly stuckMs?: number;
}

export interface AlertCounters {
  /** Rules evaluated, and clusters of rules that failed to be. */
  evaluated: number;
  evaluationFaults: number;
  opened: number;
  updated: number;
  resolved: number;
  /** Deliveries by outcome of an attempt. */
  delivered: number;
  retried: number;
  failed: number;
  disabled: number;
  deferred: number;
  lost: number;
  interrupted: number;
  /** Runs or attempts that ended in a fault of ours or of the database. */
  faults: number;
  pokesDropped: number;
  /** How late the latest claim of rules came, ms. */
  lagMs: number;
}

export interface AlertWorker {
  /** New windows of a cluster are committed: rules on short windows are evaluated now. Never throws or waits. */
  poke(orgId: OrgId, clusterId: string): void;
  start(): void;
  /** Ends what is under way; sends that hang are broken off and free for the next worker. */
  stop(): Promise<void>;
  /** Evaluates and delivers all that is due, and resolves when done. Never rejects. */
  tick(): Promise<void>;
  readonly counters: Readonly<AlertCounters>;
}

export function createAlertWorker(options: AlertWorkerOptions): AlertWorker {
  const { sql, now, log } = options;
  const names = options.names ?? createEntityNames();
  const stopping = new AbortController();
  const counters = emptyCounters();
  const pokes = new Map<string, { readonly orgId: OrgId; readonly clusterId: string }>();
  const underWay = new Map<DeliveryClaim, Promise<void>>();
  const sender: Sender = {
    sql, now, random: options.random, fetch: options.fetch, key: sealingKey(options.secret), allow: parseOutboundAllow(options.outboundAllow.join(' ')).allow,
    sendTimeoutMs: options.sendTimeoutMs ?? SEND_TIMEOUT_MS, stopping: stopping.signal,
  };
  const evaluations = createLane(evaluateDue, (fault) => told(fault, 'alert rules were not evaluated; they stay due'));
  const deliveries = createLane(deliverDue, (fault) => told(fault, 'deliveries were not claimed; they stay due'));
  let timer: ReturnType<typeof setInterval> | null = null;

  const limit = <T>(work: Promise<T>): Promise<T> => limited(options.stuckMs ?? STUCK_MS, work);

  function told(fault: unknown, message: string): void {
    counters.faults += 1;
    log.error({ error: fault }, message);
  }

  async function evaluateDue(): Promise<void> {
    const announced = [...pokes.values()];
    pokes.clear();
    const reads = createEdgeReads(names);
    for (const { orgId, clusterId } of announced) await limit(makeDue(sql, orgId, clusterId, now()));
    for (let round = 0; round < ROUNDS_MAX && !stopping.signal.aborted; round += 1) {
      const heads = await limit(claimDueRules(sql, now(), RULES_CLAIMED_MAX));
      if (heads.length === 0) return;
      counters.lagMs = Math.max(...heads.map((head) => head.lateMs));
      const slugs = await limit(readSlugs(sql, heads.map((head) => head.orgId)));
      await inParallel(heads, RULES_AT_ONCE, (head) => evaluateOne(reads, head, slugs.get(head.orgId)));
    }
  }

  async function evaluateOne(reads: EdgeReads, head: RuleHead, orgSlug: string | undefined): Promise<void> {
    if (orgSlug === undefined || stopping.signal.aborted) return;
    const scene = { orgId: head.orgId, orgSlug, publicUrl: options.publicUrl, nowMs: now(), randomBytes: bytesFrom(options.random) };
    const onFault = (fault: unknown, ruleId: string, clusterId: string): void => {
      counters.evaluationFaults += 1;
      told(fault, `rule ${ruleId} was not evaluated for cluster ${clusterId}; it is due again in 10 s`);
    };
    try {
      count(await limit(evaluateRule({ sql, names, reads, onFault }, scene, head.ruleId)));
    } catch (fault) {
      onFault(fault, head.ruleId, 'any');
    }
  }

  function count(evaluated: readonly Evaluated[]): void {
    counters.evaluated += 1;
    for (const { change } of evaluated) if (change !== 'none') counters[change] += 1;
    if (evaluated.some(({ change }) => change === 'opened' || change === 'resolved')) void deliveries.request();
  }

  async function deliverDue(): Promise<void> {
    while (underWay.size < DELIVERIES_AT_ONCE && !stopping.signal.aborted) {
      const claims = await limit(claimDeliveries(sql, now(), {
        claimsMax: DELIVERIES_AT_ONCE - underWay.size, perOrgMax: DELIVERIES_PER_ORG, underWay: countByOrg(underWay.keys()),
      }));
      if (claims.length === 0) return;
      for (const claim of claims) underWay.set(claim, deliverOne(claim));
    }
  }

  async function deliverOne(claim: DeliveryClaim): Promise<void> {
    try {
      const outcome: Outcome = await limit(deliver(sender, claim));
      counters[outcome] += 1;
    } catch (fault) {
      told(fault, `delivery ${claim.id} has no recorded outcome; it is sent again under the same id when its claim runs out`);
    } finally {
      underWay.delete(claim);
      if (!stopping.signal.aborted) void deliveries.request();
    }
  }

  async function settled(): Promise<void> {
    await evaluations.idle();
    await deliveries.idle();
    while (underWay.size > 0) {
      await Promise.allSettled(underWay.values());
      await deliveries.idle();
    }
  }

  return {
    counters,
    poke: (orgId, clusterId) => {
      const key = `${orgId}/${clusterId}`;
      if (pokes.size >= POKES_MAX && !pokes.has(key)) counters.pokesDropped += 1;
      else pokes.set(key, { orgId, clusterId });
      if (timer !== null) void evaluations.request();
    },
    start: () => {
      timer ??= setInterval(() => {
        void evaluations.request();
        void deliveries.request();
      }, TICK_EVERY_MS);
    },
    stop: async () => {
      if (timer !== null) clearInterval(timer);
      timer = null;
      stopping.abort();
      await settled();
    },
    tick: async () => {
      await evaluations.request();
      await deliveries.request();
      await settled();
    },
  };
}

function emptyCounters(): AlertCounters {
  return {
    evaluated: 0, evaluationFaults: 0, opened: 0, updated: 0, resolved: 0, delivered: 0, retried: 0, failed: 0, disabled: 0, deferred: 0,
    lost: 0, interrupted: 0, faults: 0, pokesDropped: 0, lagMs: 0,
  };
}

function countByOrg(claims: Iterable<DeliveryClaim>): Map<OrgId, number> {
  const counts = new Map<OrgId, number>();
  for (const { orgId } of claims) counts.set(orgId, (counts.get(orgId) ?? 0) + 1);
  return counts;
}

/** Ids of rows need to be unlike, not secret. */
function bytesFrom(random: () => number): (length: number) => Uint8Array {
  return (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256));
}
