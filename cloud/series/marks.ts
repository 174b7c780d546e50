/** What happened to a cluster in a range, for the time axis of its charts: incidents, rollouts, versions. */
import type { OrgContext } from '../context.ts';
import type { Mark, Marks } from '../wire/history.ts';
import type { EntityNames } from './names.ts';
import type { RangeQuery } from './range.ts';
import { readingOf } from './reading.ts';
import type { ClusterReading } from './reading.ts';
import { rolloutMarks } from './rollouts.ts';
import { versionsIn } from './versions.ts';

/** Marks in one answer; more are counted. */
const MARKS_MAX = 500;
/** How long before the range versions are read, to know what a rollout replaced. */
const BEFORE_MS = 3_600_000;

/** Throws `ApiError` `not_found` or `invalid_request`. */
export async function readMarks(context: OrgContext, names: EntityNames, clusterId: string, query: RangeQuery): Promise<Marks> {
  return readingOf(context, names, clusterId, query, async (reading) => {
    const { span } = reading;
    const versions = await versionsIn(reading, { fromMs: span.fromMs - BEFORE_MS, toMs: span.toMs });
    const rollouts = rolloutMarks(versions, span.fromMs, span.toMs, (workload) => `/o/${context.org.slug}/c/${clusterId}/w/${workload.split('/').map(encodeURIComponent).join('/')}`);
    const marks = [...(await readIncidents(reading, context.org.slug)), ...rollouts].sort((a, b) => a.atMs - b.atMs);
    return { range: reading.range, marks: marks.slice(-MARKS_MAX), omitted: Math.max(0, marks.length - MARKS_MAX) };
  });
}

/** Incidents that were open at any time of the range. */
async function readIncidents({ tx, orgId, clusterId, span }: ClusterReading, slug: string): Promise<Mark[]> {
  const rows = await tx<{ id: string; opened_at: Date; resolved_at: Date | null; sentence: string }[]>`
    select id, coalesce(failing_since, opened_at) as opened_at, resolved_at, sentence from tenant.incident
    where org_id = ${orgId} and cluster_id = ${clusterId} and opened_at < ${new Date(span.toMs)} and (resolved_at is null or resolved_at >= ${new Date(span.fromMs)})
    order by opened_at desc limit ${MARKS_MAX}`;
  return rows.map((row) => ({
    atMs: row.opened_at.getTime(), endMs: row.resolved_at?.getTime() ?? null, kind: 'incident', text: row.sentence, link: `/o/${slug}/incidents/${row.id}`,
  }));
}
