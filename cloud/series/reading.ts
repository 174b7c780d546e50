/** Opens one cluster for a query: a snapshot, the range resolved and aligned to what is stored of it. */
import type { z } from 'zod';
import { readCluster } from '../actions/cluster/row.ts';
import type { OrgContext } from '../context.ts';
import { HOUR_MS } from '../rollup/chunk.ts';
import type { Range as RangeSchema } from '../wire/entities.ts';
import { readHours } from './hours.ts';
import type { RangeReading } from './levels.ts';
import type { EntityNames } from './names.ts';
import { alignSpan, commonGrain, GRAIN_MS, sourcesOf } from './plan.ts';
import { resolveRange, roundedStart } from './range.ts';
import type { RangeQuery, Span } from './range.ts';
import { lastWindowEndMs } from './windows.ts';

export type Range = z.infer<typeof RangeSchema>;

export interface ClusterReading extends RangeReading {
  readonly windowMs: number;
  /** The range as it is answered. */
  readonly range: Range;
}

/** Throws `ApiError` `not_found` or `invalid_request`. */
export async function readingOf<T>(context: OrgContext, names: EntityNames, clusterId: string, query: RangeQuery, work: (reading: ClusterReading) => Promise<T>): Promise<T> {
  const { orgId } = context.tenant;
  const nowMs = context.now();
  return context.tenant.snapshot(async (tx) => {
    const row = await readCluster(tx, orgId, clusterId);
    const asked = roundedStart(resolveRange(query, nowMs, row.window_ms, await lastWindowEndMs(tx, orgId, clusterId)));
    const hours = await readHours(tx, orgId, clusterId, { fromMs: asked.fromMs - HOUR_MS, toMs: asked.toMs + HOUR_MS });
    const reading = { tx, orgId, clusterId, names, nowMs, hours, span: alignSpan(asked, hours, nowMs) };
    return work({ ...reading, windowMs: row.window_ms, range: rangeOf(reading, reading.span, finestMs({ ...reading, windowMs: row.window_ms })) });
  });
}

/** The finest piece of time that the numbers of the whole range know. */
export function finestMs(reading: RangeReading & { readonly windowMs: number }): number {
  const grain = commonGrain(reading.span, reading.hours, reading.nowMs);
  return grain === 'window' ? reading.windowMs : GRAIN_MS[grain];
}

/** A range as it is answered, with the sources of imported hours in it. */
export function rangeOf(reading: Pick<RangeReading, 'hours'>, span: Span, resolutionMs: number): Range {
  const imported = sourcesOf(span, reading.hours);
  return { ...span, resolutionMs, ...(imported.length > 0 ? { imported } : {}) };
}
