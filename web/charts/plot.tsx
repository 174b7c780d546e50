/** One time chart: uPlot in the console's look, with gaps, marks, a threshold, synchronized hover and zoom by dragging. */
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import './locale.ts';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { axisTick } from '../format/time.ts';
import { PALETTE, type Shown, type Token } from '../ui/palette.ts';
import { useShownTheme } from '../ui/theme.ts';
import { logSplits, type Bounds } from './bounds.ts';
import { lonely, type Columns, type Stretch } from './columns.ts';
import type { Heat } from './heat.ts';
import { drawGrounds, drawMarkNames, drawThreshold } from './paint.ts';

export interface PlotSeries {
  readonly label: string;
  readonly token: Token;
  readonly width?: number;
  readonly fill?: boolean;
  /** The earlier range: faint and dashed. */
  readonly earlier?: boolean;
}

/** Something that happened, drawn on the time axis. */
export interface Mark extends Stretch {
  readonly label: string;
  /** Trouble by default; a change (a rollout, a version) is a quiet line. */
  readonly tone?: 'trouble' | 'change';
}

export interface PlotProps {
  readonly columns: Columns;
  readonly series: readonly PlotSeries[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly bounds: Bounds;
  readonly tick: (value: number) => string;
  readonly height: number;
  readonly gaps: readonly Stretch[];
  readonly marks: readonly Mark[];
  /** Stretches whose numbers were imported and not measured here, with the name of their source. */
  readonly imported?: readonly Mark[];
  /** Requests by latency, drawn under the lines; its y axis is logarithmic. */
  readonly heat?: Heat;
  readonly threshold?: number;
  readonly syncKey: string;
  /** Called with the index under the pointer of any chart of the same `syncKey`. */
  readonly onHover: (index: number | null) => void;
  readonly onZoom?: (fromMs: number, toMs: number) => void;
  readonly label: string;
  /** Only the highest of a stack names its marks. */
  readonly showMarks?: boolean;
  /** Only the lowest of a stack names the times. */
  readonly showTimes: boolean;
}

const AXIS_WIDTH = 50;
const FONT = '11px "Inter Variable", system-ui, sans-serif';
/** A drag shorter than this is a click. */
const DRAG_PX_MIN = 6;

export function Plot(props: PlotProps): React.JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const theme = useShownTheme();
  const [width, setWidth] = useState(0);
  const onZoom = useEffectEvent((fromMs: number, toMs: number) => props.onZoom?.(fromMs, toMs));
  const onHover = useEffectEvent((index: number | null) => props.onHover(index));
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const shape = `${props.series.map((series) => series.label).join('|')} ${props.heat === undefined}`;
  useEffect(() => {
    if (host.current === null || width === 0) return;
    const made = new uPlot(optionsOf(() => latest.current, theme, width, onZoom, onHover), dataOf(latest.current.columns), host.current);
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [theme, width, shape, props.height, props.showTimes, props.syncKey]);
  useEffect(() => {
    plot.current?.setData(dataOf(props.columns));
  }, [props.columns, props.fromMs, props.toMs, props.marks, props.gaps, props.imported, props.heat, props.bounds[0], props.bounds[1], props.threshold]);
  return <div ref={host} role="img" aria-label={props.label} className="w-full touch-pan-y" style={{ height: props.height }} />;
}

function dataOf(columns: Columns): uPlot.AlignedData {
  return columns as unknown as uPlot.AlignedData;
}

type Latest = () => PlotProps;

function optionsOf(latest: Latest, theme: Shown, width: number, onZoom: (fromMs: number, toMs: number) => void, onHover: (index: number | null) => void): uPlot.Options {
  const colour = (token: Token): string => PALETTE[token][theme];
  const props = latest();
  return {
    width,
    height: props.height,
    padding: [6, 4, props.showTimes ? 0 : 4, 0],
    legend: { show: false },
    cursor: { sync: { key: props.syncKey }, drag: { x: true, y: false, setScale: false, dist: DRAG_PX_MIN }, points: { size: 7 }, y: false },
    select: { show: true, left: 0, top: 0, width: 0, height: 0 },
    scales: { x: { time: true, range: () => [latest().fromMs / 1000, latest().toMs / 1000] }, y: { range: () => [latest().bounds[0], latest().bounds[1]], ...(props.heat === undefined ? {} : { distr: 3 as const, log: 2 as const }) } },
    axes: axesOf(latest, colour),
    series: [{}, ...props.series.map((series) => lineOf(series, colour))],
    hooks: {
      drawClear: [(u) => drawGrounds(u, latest(), colour)],
      draw: [(u) => drawThreshold(u, latest(), colour), (u) => drawMarkNames(u, latest(), colour)],
      setCursor: [(u) => onHover(u.cursor.idx ?? null)],
      setSelect: [(u) => {
        if (u.select.width < DRAG_PX_MIN) return;
        onZoom(u.posToVal(u.select.left, 'x') * 1000, u.posToVal(u.select.left + u.select.width, 'x') * 1000);
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      }],
    },
  };
}

function axesOf(latest: Latest, colour: (token: Token) => string): uPlot.Axis[] {
  const base = { font: FONT, stroke: colour('faint'), ticks: { show: false } };
  return [
    {
      ...base, show: latest().showTimes, size: 22, gap: 4, space: 70, grid: { show: false },
      values: (_, splits) => splits.map((at) => axisTick(at * 1000, latest().toMs - latest().fromMs)),
    },
    { ...base, size: AXIS_WIDTH, gap: 6, space: 26, grid: { stroke: colour('line'), width: 1 }, values: (_, splits) => splits.map((value) => latest().tick(value)), ...(latest().heat === undefined ? {} : { splits: () => logSplits(latest().bounds), filter: (_: uPlot, splits: number[]) => splits }) },
  ];
}

function lineOf(series: PlotSeries, colour: (token: Token) => string): uPlot.Series {
  const stroke = colour(series.token);
  return {
    label: series.label, stroke, width: series.width ?? 1.5, spanGaps: false,
    // Points stand only where a line can't be: a value between two gaps must still show.
    points: { show: true, filter: (u, at) => lonely(u.data[at] ?? []), size: 4, fill: stroke, width: 0 },
    ...(series.earlier === true ? { dash: [3, 3] } : {}),
    ...(series.fill === true ? { fill: `${stroke}2e` } : {}),
  };
}
