/** The difference of a cluster's topology between two moments. */
import { ApiError } from '../context.ts';
import type { OrgContext } from '../context.ts';
import type { TopologyChange, TopologyChanges } from '../wire/history.ts';
import { differences, differencesSentence } from './differences.ts';
import type { Moment } from './differences.ts';
import { isEdgeView } from './edge.ts';
import type { EntityNames } from './names.ts';
import { readEdgeTotals } from './read.ts';
import { readingOf } from './reading.ts';
import type { ClusterReading } from './reading.ts';
import { versionsAt } from './versions.ts';

/** Traffic of this long before a moment tells its edges; more where only whole hours are kept. */
const AROUND_MS = 300_000;
/** Changes in one answer; more are counted. */
const CHANGES_MAX = 1_000;

/** Throws `ApiError` `not_found` or `invalid_request`. */
export async function readChanges(context: OrgContext, names: EntityNames, clusterId: string, query: { readonly fromMs: number; readonly toMs: number }): Promise<TopologyChanges> {
  if (query.toMs <= query.fromMs) throw new ApiError('invalid_request', 'The moments are not in order.', { faults: [{ path: 'query.toMs', message: 'must be after fromMs' }] });
  const before = await momentOf(context, names, clusterId, query.fromMs);
  const after = await momentOf(context, names, clusterId, query.toMs);
  const changes = differences(before, after);
  const dated = await datedGone(context, clusterId, changes);
  return {
    fromMs: query.fromMs, toMs: query.toMs, aroundMs: Math.max(before.aroundMs, after.aroundMs), sentence: differencesSentence(changes),
    changes: dated.slice(0, CHANGES_MAX), omitted: Math.max(0, changes.length - CHANGES_MAX),
  };
}

async function momentOf(context: OrgContext, names: EntityNames, clusterId: string, atMs: number): Promise<Moment & { readonly aroundMs: number }> {
  return readingOf(context, names, clusterId, { fromMs: atMs - AROUND_MS, toMs: atMs }, async (reading) => {
    const edges = await readEdges(reading);
    return { versions: await versionsAt(reading, atMs), edges, aroundMs: reading.span.toMs - reading.span.fromMs };
  });
}

async function readEdges({ tx, orgId, clusterId, span, names }: ClusterReading): Promise<Moment['edges']> {
  const totals = await readEdgeTotals(tx, orgId, clusterId, span.fromMs, span.toMs, names);
  return totals.filter((edge) => isEdgeView(edge) && edge.requests > 0);
}

/** A thing that is gone may have had several versions in between: it went at the end of its last. */
async function datedGone(context: OrgContext, clusterId: string, changes: readonly TopologyChange[]): Promise<TopologyChange[]> {
  const gone = changes.filter((change) => change.change === 'gone' && change.kind !== 'edge');
  if (gone.length === 0) return [...changes];
  const ends = await context.tenant.snapshot((tx) => tx<{ kind: string; key: string; ended: Date | null }[]>`
    select kind, key, max(valid_to) as ended from tenant.entity_version
    where org_id = ${context.tenant.orgId} and cluster_id = ${clusterId} and key = any(${gone.map((change) => change.key)}) group by kind, key`);
  const byName = new Map(ends.map((row) => [`${row.kind} ${row.key}`, row.ended?.getTime() ?? null]));
  return changes.map((change) => (change.change === 'gone' && change.kind !== 'edge' ? { ...change, atMs: byName.get(`${change.kind} ${change.key}`) ?? change.atMs } : change));
}
