/** Success, rate and latency of one thing, stacked over one time axis, over those of an earlier range. */
import { useMemo } from 'react';
import { aligned } from '../api/comparison.ts';
import { customRange } from '../api/range.ts';
import type { Series } from '../../cloud/wire/entities.ts';
import type { Gap, Heatmap } from '../../cloud/wire/history.ts';
import { useSetRange } from '../components/location.ts';
import { latency, percent, rate } from '../format/number.ts';
import { latencyTick, percentTick, rateTick } from './axis.ts';
import { successBounds, zeroBounds } from './bounds.ts';
import { Chart } from './chart.tsx';
import { gapsOf, importedOf, latencyColumns, rateColumns, successColumns, type Column, type Columns } from './columns.ts';
import { heatBounds, heatOf } from './heat.ts';
import type { Mark, PlotSeries } from './plot.tsx';

const SUCCESS: readonly PlotSeries[] = [{ label: '', token: 'ok', width: 1.75 }];
const RATE: readonly PlotSeries[] = [{ label: 'all', token: 'muted' }, { label: 'failing', token: 'failing', fill: true }];
const LATENCY: readonly PlotSeries[] = [{ label: 'p50', token: 'faint', width: 1 }, { label: 'p95', token: 'muted', width: 1.25 }, { label: 'p99', token: 'ink' }];

/** The series of an earlier range: `shiftMs` is how far back it lies, `name` what it is called. */
export interface Earlier {
  readonly series: Series;
  readonly shiftMs: number;
  readonly name: string;
}

interface Props {
  readonly series: Series;
  readonly marks: readonly Mark[];
  readonly syncKey: string;
  readonly earlier?: Earlier | null;
  readonly heatmap?: Heatmap | undefined;
  readonly reasons?: readonly Gap[];
  /** In percent, drawn on the success chart. */
  readonly threshold?: number;
  readonly height?: number;
}

export function GoldenCharts({ series, marks, syncKey, earlier = null, heatmap, reasons = [], threshold, height = 112 }: Props): React.JSX.Element {
  const setRange = useSetRange();
  const { points, range } = series;
  const { resolutionMs } = range;
  const source = range.imported?.join(', ') || 'imported';
  const drawn = useMemo(() => ({
    success: successColumns(points), rate: rateColumns(points, resolutionMs), latency: latencyColumns(points),
    gaps: gapsOf(points, resolutionMs), imported: importedOf(points, resolutionMs, source),
  }), [points, resolutionMs, source]);
  const heat = useMemo(() => (heatmap === undefined ? null : heatOf(heatmap)), [heatmap]);
  const before = useMemo(() => (earlier === null ? null : earlierColumns(series, earlier)), [series, earlier?.series, earlier?.shiftMs]);
  const success = withEarlier(drawn.success, SUCCESS, before?.success, earlier);
  const traffic = withEarlier(drawn.rate, RATE, before?.rate, earlier);
  const slow = withEarlier(drawn.latency, LATENCY, before?.p95, earlier, 'p95 ');
  const shared = {
    fromMs: range.fromMs, toMs: range.toMs, height, gaps: drawn.gaps, imported: drawn.imported, reasons, marks, syncKey, resolutionMs,
    onZoom: (fromMs: number, toMs: number) => setRange(customRange(fromMs, toMs)),
  };
  return (
    <div className="space-y-3">
      <Chart {...shared} {...success} title="Success" showMarks bounds={successBounds(valuesOf(success.columns).flat(), threshold ?? null)} tick={percentTick} format={(value) => percent(value === null ? null : value / 100)} showTimes={false} {...(threshold === undefined ? {} : { threshold })} />
      <Chart {...shared} {...traffic} title="Rate" bounds={zeroBounds(valuesOf(traffic.columns))} tick={rateTick} format={(value) => (value === null ? '–' : rate(value))} showTimes={false} />
      {heat === null
        ? <Chart {...shared} {...slow} title="Latency" bounds={zeroBounds(valuesOf(slow.columns))} tick={latencyTick} format={latency} showTimes height={height + 20} />
        : <Chart {...shared} {...slow} title="Latency" heat={heat} bounds={heatBounds(heat, valuesOf(slow.columns))} tick={latencyTick} format={latency} showTimes height={height + 60} />}
      <p className="text-2xs text-faint">
        {drawn.imported.length > 0 && <span className="font-medium text-muted">The raised ground is {source}: imported, not measured. </span>}
        {heat !== null && 'The darker, the more requests had that latency. '}
        {earlier !== null && `Dashed is ${earlier.name}. `}
        {drawn.gaps.length > 0 && 'In hatched stretches nothing was received. '}
        Drag to zoom.
      </p>
    </div>
  );
}

function valuesOf(columns: Columns): Column[] {
  const [, ...values] = columns;
  return values;
}

interface EarlierColumns {
  readonly success: Column;
  readonly rate: Column;
  readonly p95: Column;
}

function earlierColumns({ points }: Series, { series, shiftMs }: Earlier): EarlierColumns {
  const before = aligned(points, series.points, series.range.resolutionMs, shiftMs);
  return {
    success: before.map((point) => (point === null || point.successRate === null ? null : point.successRate * 100)),
    rate: before.map((point) => point?.requestsPerSecond ?? null),
    p95: before.map((point) => point?.p95 ?? null),
  };
}

/** The earlier line comes first, so that it lies under the others. */
function withEarlier([times, ...columns]: Columns, series: readonly PlotSeries[], before: Column | undefined, earlier: Earlier | null, prefix = ''): { columns: Columns; series: readonly PlotSeries[] } {
  if (before === undefined || earlier === null) return { columns: [times, ...columns], series };
  return { columns: [times, before, ...columns], series: [{ label: `${prefix}${earlier.name}`, token: 'faint', width: 1.25, earlier: true }, ...series] };
}
