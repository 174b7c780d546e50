/** What a chart draws besides its lines: gaps, marks, imported stretches, the map of heat, a threshold. */
import type uPlot from 'uplot';
import type { Token } from '../ui/palette.ts';
import type { Stretch } from './columns.ts';
import { shadeOf, type Heat } from './heat.ts';
import type { Mark, PlotProps } from './plot.tsx';

type Colour = (token: Token) => string;

/** Distance of the lines that say: nothing was received. */
const HATCH_PX = 7;
/** Characters of a mark's name. */
const NAME_LENGTH_MAX = 44;

export function drawGrounds(u: uPlot, props: PlotProps, colour: Colour): void {
  for (const stretch of props.imported ?? []) drawImported(u, stretch, props.showMarks === true, colour);
  for (const mark of props.marks) if (mark.tone !== 'change') fillStretch(u, mark, colour('failing-tint'));
  if (props.heat !== undefined) drawHeat(u, props.heat, colour('ok'));
  for (const gap of props.gaps) hatchStretch(u, gap, colour('line'));
  for (const mark of props.marks) {
    if (mark.tone === 'change') drawDashes(u, mark.fromMs, colour('faint'));
    else drawLine(u, mark.fromMs, colour('failing'));
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

/** A raised ground with the source's name in a corner, where the lines of its chart seldom are, so that nobody takes it for measured. */
function drawImported(u: uPlot, stretch: Mark, low: boolean, colour: Colour): void {
  const span = spanOf(u, stretch);
  if (span === null) return;
  fillStretch(u, stretch, colour('raised'));
  u.ctx.save();
  const length = setNameFont(u, stretch.label);
  if (length + 2 * space() <= span.to - span.from) {
    u.ctx.fillStyle = colour('faint');
    u.ctx.textBaseline = low ? 'bottom' : 'top';
    u.ctx.fillText(stretch.label, span.from + space(), low ? nameBase(u) : u.bbox.top + 3 * devicePixelRatio);
  }
  u.ctx.restore();
}

/** Around a name, in canvas pixels. */
function space(): number {
  return 5 * devicePixelRatio;
}

function nameBase(u: uPlot): number {
  return u.bbox.top + u.bbox.height - 4 * devicePixelRatio;
}

/** Sets the font of names on the chart; the length of `text` in it. */
function setNameFont(u: uPlot, text: string): number {
  u.ctx.font = `${10 * devicePixelRatio}px "Inter Variable", system-ui, sans-serif`;
  u.ctx.textAlign = 'left';
  u.ctx.textBaseline = 'bottom';
  return u.ctx.measureText(text).width;
}

function drawHeat(u: uPlot, heat: Heat, colour: string): void {
  const { top, height } = u.bbox;
  u.ctx.save();
  u.ctx.fillStyle = colour;
  for (const column of heat.columns) {
    const span = spanOf(u, { fromMs: column.startMs, toMs: column.startMs + heat.stepMs });
    if (span === null) continue;
    for (const cell of column.cells) {
      const high = Math.max(top, u.valToPos(cell.toMs, 'y', true));
      const low = Math.min(top + height, u.valToPos(cell.fromMs, 'y', true));
      if (low <= high) continue;
      u.ctx.globalAlpha = shadeOf(cell.count, heat.most);
      u.ctx.fillRect(span.from, high, Math.max(1, span.to - span.from), Math.max(1, low - high));
    }
  }
  u.ctx.restore();
}

function drawLine(u: uPlot, atMs: number, colour: string): void {
  const x = placeOf(u, atMs);
  if (x === null) return;
  u.ctx.fillStyle = colour;
  u.ctx.fillRect(x, u.bbox.top, Math.max(1, devicePixelRatio), u.bbox.height);
}

function drawDashes(u: uPlot, atMs: number, colour: string): void {
  const x = placeOf(u, atMs);
  if (x === null) return;
  u.ctx.save();
  strokeDashed(u, colour, [2, 3], [x, u.bbox.top], [x, u.bbox.top + u.bbox.height]);
  u.ctx.restore();
}

function placeOf(u: uPlot, atMs: number): number | null {
  const { left, width } = u.bbox;
  const x = Math.round(u.valToPos(atMs / 1000, 'x', true));
  return x < left || x > left + width ? null : x;
}

export function drawThreshold(u: uPlot, { threshold }: PlotProps, colour: Colour): void {
  if (threshold === undefined) return;
  const y = Math.round(u.valToPos(threshold, 'y', true));
  const { left, width } = u.bbox;
  u.ctx.save();
  strokeDashed(u, colour('degraded'), [4, 4], [left, y], [left + width, y]);
  u.ctx.restore();
}

function strokeDashed(u: uPlot, colour: string, dash: readonly number[], from: readonly [number, number], to: readonly [number, number]): void {
  u.ctx.strokeStyle = colour;
  u.ctx.lineWidth = devicePixelRatio;
  u.ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
  u.ctx.beginPath();
  u.ctx.moveTo(...from);
  u.ctx.lineTo(...to);
  u.ctx.stroke();
}

/** The name of a mark beside its line: to the right, or else to the left, where the chart has the room and no other name stands. Trouble chooses first. */
export function drawMarkNames(u: uPlot, { marks, imported, showMarks }: PlotProps, colour: Colour): void {
  if (showMarks !== true) return;
  u.ctx.save();
  const taken: (readonly [number, number])[] = (imported ?? []).flatMap((stretch) => {
    const from = spanOf(u, stretch)?.from;
    return from === undefined ? [] : [[from, from + setNameFont(u, stretch.label) + 2 * space()] as const];
  });
  const place = (mark: Mark): void => {
    const at = mark.tone === 'change' ? placeOf(u, mark.fromMs) : (spanOf(u, mark)?.from ?? null);
    if (at === null) return;
    const name = mark.label.length > NAME_LENGTH_MAX ? `${mark.label.slice(0, NAME_LENGTH_MAX - 1)}…` : mark.label;
    const length = setNameFont(u, name);
    const x = [at + space(), at - space() - length].find((from) => isFree(u, from, from + length, taken));
    if (x === undefined) return;
    u.ctx.fillStyle = colour(mark.tone === 'change' ? 'muted' : 'failing');
    u.ctx.fillText(name, x, nameBase(u));
    taken.push([x, x + length]);
  };
  for (const mark of marks) if (mark.tone !== 'change') place(mark);
  for (const mark of marks) if (mark.tone === 'change') place(mark);
  u.ctx.restore();
}

function isFree(u: uPlot, from: number, to: number, taken: readonly (readonly [number, number])[]): boolean {
  if (from < u.bbox.left || to > u.bbox.left + u.bbox.width) return false;
  return taken.every(([start, end]) => to <= start || from >= end);
}
