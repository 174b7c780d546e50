/** Success, rate and latency of one thing, stacked over one time axis. */
import { useMemo } from 'react';
import { customRange } from '../api/range.ts';
import type { Series } from '../../cloud/wire/entities.ts';
import { useSetRange } from '../components/location.ts';
import { latency, percent, rate } from '../format/number.ts';
import { resolution } from '../format/time.ts';
import { latencyTick, percentTick, rateTick } from './axis.ts';
import { successBounds, zeroBounds } from './bounds.ts';
import { Chart } from './chart.tsx';
import { gapsOf, latencyColumns, rateColumns, successColumns } from './columns.ts';
import type { Mark, PlotSeries } from './plot.tsx';

const SUCCESS: readonly PlotSeries[] = [{ label: '', token: 'ok', width: 1.75 }];
const RATE: readonly PlotSeries[] = [{ label: 'all', token: 'muted' }, { label: 'failing', token: 'failing', fill: true }];
const LATENCY: readonly PlotSeries[] = [{ label: 'p50', token: 'faint', width: 1 }, { label: 'p95', token: 'muted', width: 1.25 }, { label: 'p99', token: 'ink' }];

/** `marks` are incidents; a threshold in percent is drawn on the success chart. */
export function GoldenCharts({ series, marks, syncKey, threshold, height = 112 }: { series: Series; marks: readonly Mark[]; syncKey: string; threshold?: number; height?: number }): React.JSX.Element {
  const setRange = useSetRange();
  const { points, range } = series;
  const drawn = useMemo(() => ({
    success: successColumns(points), rate: rateColumns(points, range.resolutionMs), latency: latencyColumns(points), gaps: gapsOf(points, range.resolutionMs),
  }), [points, range.resolutionMs]);
  const shared = { fromMs: range.fromMs, toMs: range.toMs, height, gaps: drawn.gaps, marks, syncKey, onZoom: (fromMs: number, toMs: number) => setRange(customRange(fromMs, toMs)) };
  return (
    <div className="space-y-3">
      <Chart {...shared} title="Success" showMarks columns={drawn.success} series={SUCCESS} bounds={successBounds(drawn.success[1] ?? [], threshold ?? null)} tick={percentTick} format={(value) => percent(value === null ? null : value / 100)} showTimes={false} {...(threshold === undefined ? {} : { threshold })} />
      <Chart {...shared} title="Rate" columns={drawn.rate} series={RATE} bounds={zeroBounds(drawn.rate.slice(1) as (number | null)[][])} tick={rateTick} format={(value) => (value === null ? '–' : rate(value))} showTimes={false} />
      <Chart {...shared} title="Latency" columns={drawn.latency} series={LATENCY} bounds={zeroBounds(drawn.latency.slice(1) as (number | null)[][])} tick={latencyTick} format={latency} showTimes height={height + 20} />
      <p className="text-2xs text-faint">
        {range.imported !== undefined && range.imported.length > 0 && <span className="font-medium text-muted">Imported, not measured: {range.imported.join(', ')}. </span>}
        {`A point is ${resolution(range.resolutionMs)}. In hatched stretches nothing was received. Drag to zoom.`}
      </p>
    </div>
  );
}
