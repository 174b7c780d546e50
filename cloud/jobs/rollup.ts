/** Rolls up what is due, a few hours at a time; any number of processes share the work by their claims. */
import type { Sql } from '../db/client.ts';
import type { Log } from '../log.ts';
import { claimDirtyHours, rollUpHour } from '../rollup/roll.ts';
import type { EntityNames } from '../series/names.ts';

/** How often the job looks. */
export const ROLLUP_JOB_MS = 15_000;
/** Hours claimed at once; few, so that another process finds some too. */
const CLAIM_MAX = 4;
/** Hours of one run: a process that was away for days goes on in the next run. */
const RUN_MAX = 200;

export interface RollupCounters {
  /** Closed hours, and open hours of which slices were written. */
  hours: number;
  slices: number;
  chunks: number;
  /** Dirty hours whose windows were past their retention. */
  expired: number;
  /** Hours that the database did not take; their claims expire and they are tried again. */
  failed: number;
}

export function createRollupCounters(): RollupCounters {
  return { hours: 0, slices: 0, chunks: 0, expired: 0, failed: 0 };
}

export interface RollupJob {
  readonly sql: Sql;
  readonly names: EntityNames;
  readonly now: () => number;
  readonly log: Log;
  readonly counters: RollupCounters;
  /** True: begin no further hour. */
  readonly stopped?: () => boolean;
}

/** Rolls up until nothing is due. A failing hour is logged and does not stop the others. */
export async function rollUpDue(job: RollupJob): Promise<void> {
  for (let done = 0; done < RUN_MAX; ) {
    const claimed = await claimDirtyHours(job.sql, job.now(), CLAIM_MAX);
    if (claimed.length === 0) return;
    for (const hour of claimed) {
      if (job.stopped?.()) return;
      await rollOne(job, hour);
      done++;
    }
  }
}

async function rollOne(job: RollupJob, hour: Awaited<ReturnType<typeof claimDirtyHours>>[number]): Promise<void> {
  const { counters } = job;
  try {
    const rolled = await rollUpHour(job.sql, job.names, hour, job.now());
    switch (rolled.kind) {
      case 'hour':
        counters.hours++;
        counters.chunks += rolled.chunks;
        return;
      case 'slices':
        counters.slices++;
        counters.chunks += rolled.chunks;
        return;
      case 'expired':
        counters.expired++;
        job.log.warn({ ...hour }, 'an hour was not rolled up before its windows were dropped');
        return;
      case 'nothing':
        return;
      default:
        return rolled satisfies never;
    }
  } catch (error) {
    counters.failed++;
    job.log.error({ error, ...hour }, 'an hour was not rolled up and will be tried again');
  }
}
