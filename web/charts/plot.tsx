/** One time chart: uPlot in the console's look, with gaps, marks, a threshold, synchronized hover and zoom by dragging. */
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import './locale.ts';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { axisTick } from '../format/time.ts';
import { PALETTE, type Shown, type Token } from '../ui/palette.ts';
import { useShownTheme } from '../ui/theme.ts';
import type { Bounds } from './bounds.ts';
import { lonely, type Columns, type Stretch } from './columns.ts';

export interface PlotSeries {
  readonly label: string;
  readonly token: Token;
  readonly width?: number;
  readonly fill?: boolean;
}

/** Something that happened, drawn on the time axis. */
export interface Mark extends Stretch {
  readonly label: string;
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
/** Distance of the lines that say: nothing was received. */
const HATCH_PX = 7;

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
  const shape = props.series.map((series) => series.label).join('|');
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
  }, [props.columns, props.fromMs, props.toMs, props.marks, props.gaps, props.threshold]);
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
    scales: { x: { time: true, range: () => [latest().fromMs / 1000, latest().toMs / 1000] }, y: { range: () => [latest().bounds[0], latest().bounds[1]] } },
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
    { ...base, size: AXIS_WIDTH, gap: 6, space: 26, grid: { stroke: colour('line'), width: 1 }, values: (_, splits) => splits.map((value) => latest().tick(value)) },
  ];
}

function lineOf(series: PlotSeries, colour: (token: Token) => string): uPlot.Series {
  const stroke = colour(series.token);
  return {
    label: series.label, stroke, width: series.width ?? 1.5, spanGaps: false,
    // Points stand only where a line can't be: a value between two gaps must still show.
    points: { show: true, filter: (u, at) => lonely(u.data[at] ?? []), size: 4, fill: stroke, width: 0 },
    ...(series.fill === true ? { fill: `${stroke}2e` } : {}),
  };
}

function drawGrounds(u: uPlot, props: PlotProps, colour: (token: Token) => string): void {
  for (const gap of props.gaps) hatchStretch(u, gap, colour('line'));
  for (const mark of props.marks) {
    fillStretch(u, mark, colour('failing-tint'));
    drawLine(u, mark.fromMs, colour('failing'));
  }
}

/** The part of a stretch that is on the chart, in canvas pixels; null when none is. */
function spanOf(u: uPlot, { fromMs, toMs }: Stretch): { from: number; to: number } | null {
  const { left, width } = u.bbox;
  const from = Math.max(left, u.valToPos(fromMs / 1000, 'x', true));
  const to = Math.min(left + width, u.valToPos(toMs / 1000, 'x', true));
  return to > from ? { from, to } : null;
}

function fillStretch(u: uPlot, stretch: Stretch, colour: string): void {
  const span = spanOf(u, stretch);
  if (span === null) return;
  u.ctx.fillStyle = colour;
  u.ctx.fillRect(span.from, u.bbox.top, span.to - span.from, u.bbox.height);
}

function hatchStretch(u: uPlot, stretch: Stretch, colour: string): void {
  const span = spanOf(u, stretch);
  if (span === null) return;
  const { top, height } = u.bbox;
  u.ctx.save();
  u.ctx.beginPath();
  u.ctx.rect(span.from, top, span.to - span.from, height);
  u.ctx.clip();
  u.ctx.strokeStyle = colour;
  u.ctx.lineWidth = devicePixelRatio;
  u.ctx.beginPath();
  const step = HATCH_PX * devicePixelRatio;
  // Begun at a multiple of the step, so that the lines of neighbouring charts and frames meet.
  for (let x = Math.floor((span.from - height) / step) * step; x < span.to; x += step) {
    u.ctx.moveTo(x, top + height);
    u.ctx.lineTo(x + height, top);
  }
  u.ctx.stroke();
  u.ctx.restore();
}

function drawLine(u: uPlot, atMs: number, colour: string): void {
  const { left, top, width, height } = u.bbox;
  const x = Math.round(u.valToPos(atMs / 1000, 'x', true));
  if (x < left || x > left + width) return;
  u.ctx.fillStyle = colour;
  u.ctx.fillRect(x, top, Math.max(1, devicePixelRatio), height);
}

function drawThreshold(u: uPlot, { threshold }: PlotProps, colour: (token: Token) => string): void {
  if (threshold === undefined) return;
  const y = Math.round(u.valToPos(threshold, 'y', true));
  const { left, width } = u.bbox;
  u.ctx.save();
  u.ctx.strokeStyle = colour('degraded');
  u.ctx.lineWidth = devicePixelRatio;
  u.ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  u.ctx.beginPath();
  u.ctx.moveTo(left, y);
  u.ctx.lineTo(left + width, y);
  u.ctx.stroke();
  u.ctx.restore();
}

/** The name of a mark beside its line: to the right, or else to the left, where the chart has the room and no other name stands. */
function drawMarkNames(u: uPlot, { marks, showMarks }: PlotProps, colour: (token: Token) => string): void {
  if (showMarks !== true) return;
  const { left, top, width, height } = u.bbox;
  u.ctx.save();
  u.ctx.font = `${10 * devicePixelRatio}px "Inter Variable", system-ui, sans-serif`;
  u.ctx.fillStyle = colour('failing');
  u.ctx.textAlign = 'left';
  u.ctx.textBaseline = 'bottom';
  let free = left;
  for (const mark of marks.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const shown = spanOf(u, mark);
    if (shown === null) continue;
    const [space, length] = [5 * devicePixelRatio, u.ctx.measureText(mark.label).width];
    const after = shown.from + space;
    const x = after + length <= left + width ? after : shown.from - space - length;
    if (x < free) continue;
    u.ctx.fillText(mark.label, x, top + height - 4 * devicePixelRatio);
    free = x + length + space;
  }
  u.ctx.restore();
}
