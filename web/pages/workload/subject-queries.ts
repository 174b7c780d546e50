/** What the charts of one thing ask for: its series, that of an earlier range, its heat, and what happened meanwhile. */
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';
import { COMPARISONS, earlier, shiftMsOf } from '../../api/comparison.ts';
import { apiQuery } from '../../api/queries.ts';
import { pollMs, rangeQuery, type TimeRange } from '../../api/range.ts';
import type { Incident, Series } from '../../../cloud/wire/entities.ts';
import type { Gap, Heatmap } from '../../../cloud/wire/history.ts';
import type { Earlier } from '../../charts/golden-charts.tsx';
import { historyMarks, incidentMarks } from '../../charts/marks.ts';
import type { Mark } from '../../charts/plot.tsx';
import { useClusterId, useComparisonKey, useSlug } from '../../components/location.ts';
import { useNowMs } from '../../components/now.ts';

/** What happened changes slowly beside the numbers. */
const HAPPENED_POLL_MS_MIN = 10_000;
/** A map of heat is much to send. */
const HEAT_POLL_MS_MIN = 5_000;
const WINDOW_MS = 10_000;

function atLeast(pollMs: number | false, leastMs: number): number | false {
  return pollMs === false ? false : Math.max(pollMs, leastMs);
}

export interface SubjectSeries {
  readonly series: UseQueryResult<Series>;
  /** Null without a comparison, and until it has come. */
  readonly earlier: Earlier | null;
}

/** `subject` as the API's series take it. The earlier range follows the one that was really read. */
export function useSubjectSeries(subject: string, range: TimeRange): SubjectSeries {
  const params = { slug: useSlug(), clusterId: useClusterId() };
  const key = useComparisonKey();
  const series = useQuery(apiQuery('getSeries', { params, query: { ...rangeQuery(range), subject } }, { pollMs: pollMs(range) }));
  const read = series.data?.range ?? null;
  const shiftMs = key === null || read === null ? 0 : shiftMsOf(key, read);
  const then = read === null ? { fromMs: 1, toMs: 2 } : earlier(read, shiftMs);
  const stepSeconds = read === null ? undefined : Math.max(1, Math.round(read.resolutionMs / 1000));
  const before = useQuery(apiQuery('getSeries', { params, query: { ...then, subject, stepSeconds } }, { enabled: key !== null && read !== null && then.fromMs > 0 }));
  return { series, earlier: key === null || before.data === undefined ? null : { series: before.data, shiftMs, name: COMPARISONS[key].name } };
}

/** The map of heat, or undefined while there is none; the charts then show the lines alone. */
export function useHeatmap(subject: string, range: TimeRange): Heatmap | undefined {
  const params = { slug: useSlug(), clusterId: useClusterId() };
  return useQuery(apiQuery('getHeatmap', { params, query: { ...rangeQuery(range), subject } }, { pollMs: atLeast(pollMs(range), HEAT_POLL_MS_MIN) })).data;
}

export interface Happened {
  readonly marks: readonly Mark[];
  readonly reasons: readonly Gap[];
  readonly incidents: readonly Incident[];
}

/** Marks for the time axis and reasons of gaps. While marks can't be read, the incidents stand in for them. */
export function useHappened(range: TimeRange): Happened {
  const params = { slug: useSlug(), clusterId: useClusterId() };
  const poll = { pollMs: atLeast(pollMs(range), HAPPENED_POLL_MS_MIN) };
  const marks = useQuery(apiQuery('listMarks', { params, query: rangeQuery(range) }, poll));
  const gaps = useQuery(apiQuery('listGaps', { params, query: rangeQuery(range) }, poll));
  const incidents = useQuery(apiQuery('listIncidents', { params: { slug: params.slug }, query: { clusterId: params.clusterId } }, { pollMs: HAPPENED_POLL_MS_MIN / 2 }));
  const tick = Math.floor(useNowMs() / WINDOW_MS) * WINDOW_MS;
  const known = incidents.data?.incidents;
  const drawn = useMemo(() => (marks.data === undefined ? incidentMarks(known ?? [], tick) : historyMarks(marks.data.marks, tick)), [marks.data, known, tick]);
  return { marks: drawn, reasons: gaps.data?.gaps ?? [], incidents: known ?? [] };
}
