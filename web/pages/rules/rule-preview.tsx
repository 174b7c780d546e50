/** What a rule would have done: its success rate over the chosen range, the line, and each time that it would have fired. */
import { useQueries, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { Point, RuleInput, Series, Topology } from '../../../cloud/wire/entities.ts';
import { apiQuery } from '../../api/queries.ts';
import { customRange, pollMs, rangeQuery, spanMsOf, type TimeRange } from '../../api/range.ts';
import { percentTick } from '../../charts/axis.ts';
import { successBounds } from '../../charts/bounds.ts';
import { Chart } from '../../charts/chart.tsx';
import { gapsOf, importedOf } from '../../charts/columns.ts';
import { firings, rollingSuccess, summed, type Firing } from '../../charts/rolling.ts';
import { useSetRange, useSlug, useTimeRange } from '../../components/location.ts';
import { Section } from '../../components/page.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { rangeLabel } from '../../components/time-control.tsx';
import { percent, plural } from '../../format/number.ts';
import { moment, resolution, span } from '../../format/time.ts';
import { Choice } from '../../ui/field.tsx';
import { previewStepSeconds } from './preview-step.ts';
import { subjectsOf } from './target.ts';

/** A live view is too short to judge a rule by: the preview then shows the last hour. */
const LEAST_RANGE: TimeRange = { kind: 'last', window: '1h' };

export function RulePreview({ rule }: { rule: RuleInput }): React.JSX.Element {
  const slug = useSlug();
  const chosen = useTimeRange();
  const range = chosen.kind === 'live' ? LEAST_RANGE : chosen;
  const clusters = useQuery(apiQuery('listClusters', { params: { slug } }));
  const [picked, setPicked] = useState<string | null>(null);
  const list = clusters.data?.clusters ?? [];
  const clusterId = rule.scope.clusterId ?? picked ?? list[0]?.id ?? null;
  const picker = rule.scope.clusterId === null && list.length > 1 && (
    <Choice aria-label="Cluster of the preview" className="h-7 text-xs" value={clusterId ?? ''} onChange={(event) => setPicked(event.target.value)}>
      {list.map((cluster) => <option key={cluster.id} value={cluster.id}>{cluster.name}</option>)}
    </Choice>
  );
  return (
    <Section title={`What it would have done, ${rangeLabel(range).toLowerCase()}`} aside={picker}>
      {clusterId === null ? <p className="text-muted">Connect a cluster to see it.</p> : <ClusterPreview rule={rule} clusterId={clusterId} range={range} />}
    </Section>
  );
}

function ClusterPreview({ rule, clusterId, range }: { rule: RuleInput; clusterId: string; range: TimeRange }): React.JSX.Element {
  const params = { slug: useSlug(), clusterId };
  const byNamespace = rule.scope.namespace !== null && rule.scope.workload === null && rule.scope.service === null;
  const topology = useQuery(apiQuery('getTopology', { params, query: rangeQuery(range) }, { enabled: byNamespace }));
  const subjects = subjectsOf(rule.scope, byNamespace ? (topology.data as Topology | undefined) : undefined) ?? [];
  const stepSeconds = previewStepSeconds(spanMsOf(range) / 1000, rule.windowSeconds);
  const series = useQueries({ queries: subjects.map((subject) => apiQuery('getSeries', { params, query: { ...rangeQuery(range), subject, stepSeconds } }, { pollMs: pollMs(range) })) });
  const failed = series.find((each) => each.error !== null && each.data === undefined);
  if (failed !== undefined) return <ProblemNotice error={failed.error} />;
  const loaded = series.flatMap((each) => (each.data === undefined ? [] : [each.data]));
  const [first] = loaded;
  if (first === undefined) return <p className="h-44 text-muted">{byNamespace && topology.data !== undefined && subjects.length === 0 ? 'No workload of that namespace is known in this cluster.' : ''}</p>;
  return <PreviewChart rule={rule} points={loaded.length === 1 ? first.points : summed(loaded.map((each) => each.points))} range={first.range} />;
}

function PreviewChart({ rule, points, range }: { rule: RuleInput; points: readonly Point[]; range: Series['range'] }): React.JSX.Element {
  const setRange = useSetRange();
  const { threshold, windowSeconds, minRequests } = rule;
  const judged = useMemo(() => {
    const rates = rollingSuccess(points, range.resolutionMs, { threshold, windowMs: windowSeconds * 1000, minRequests });
    return { rates, found: firings(points, rates, range.resolutionMs, threshold), columns: [points.map((point) => point.startMs / 1000), rates.map((rate) => (rate === null ? null : rate * 100))] as const };
  }, [points, range.resolutionMs, threshold, windowSeconds, minRequests]);
  const marks = judged.found.map((firing) => ({ label: 'would have fired', fromMs: firing.fromMs, toMs: firing.toMs ?? range.toMs }));
  const percentOf = threshold * 100;
  return (
    <>
      <p className="mb-2" data-testid="backtest">{backtestText(judged.found, judged.rates, range.toMs - range.fromMs)}</p>
      <Chart
        title={`Success over ${span(windowSeconds * 1000)}`} columns={judged.columns} series={[{ label: '', token: 'ok', width: 1.75 }]} fromMs={range.fromMs} toMs={range.toMs}
        bounds={successBounds(judged.columns[1], Number.isFinite(percentOf) ? percentOf : null)} tick={percentTick} format={(value) => percent(value === null ? null : value / 100)}
        height={150} resolutionMs={range.resolutionMs} imported={importedOf(points, range.resolutionMs, range.imported?.join(', ') ?? 'imported')} gaps={gapsOf(points, range.resolutionMs)} marks={marks} threshold={percentOf} syncKey="rule-preview" showTimes onZoom={(from, to) => setRange(customRange(from, to))}
      />
      {range.resolutionMs > windowSeconds * 1000 && <p className="mt-1 text-xs text-muted">A point of this range is {span(range.resolutionMs)}, longer than the rule's window: brief drops show in a shorter range only.</p>}
      {judged.found.length > 0 && (
        <ul className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-xs text-muted">
          {judged.found.slice(-6).map((firing) => <li key={firing.fromMs}>{moment(firing.fromMs)}, {firing.toMs === null ? 'still' : `for ${span(firing.toMs - firing.fromMs)}`}</li>)}
        </ul>
      )}
      <p className="mt-1 text-2xs text-faint">The dashed line is the threshold. A point is {resolution(range.resolutionMs)}; the rule itself looks every few seconds.</p>
    </>
  );
}

/** The past of a rule in one sentence. */
export function backtestText(found: readonly Firing[], rates: readonly (number | null)[], spanMs: number): string {
  if (rates.every((rate) => rate === null)) return 'There was never enough traffic in this range to judge.';
  const when = `in the ${span(spanMs)} shown`;
  return found.length === 0 ? `It would not have fired ${when}.` : `It would have fired ${plural(found.length, 'time')} ${when}.`;
}
