/** A chart with its head: the title, each series' value under the pointer or its newest, and what there is to know of it. */
import { clsx } from 'clsx';
import { useState } from 'react';
import type { Gap } from '../../cloud/wire/history.ts';
import { clock, moment, resolution } from '../format/time.ts';
import { PALETTE } from '../ui/palette.ts';
import { useShownTheme } from '../ui/theme.ts';
import { lastFilled } from './columns.ts';
import { noteAt } from './marks.ts';
import { Plot, type PlotProps } from './plot.tsx';

interface Props extends Omit<PlotProps, 'onHover' | 'label'> {
  readonly title: string;
  /** A value with its unit, for the head. */
  readonly format: (value: number | null) => string;
  readonly resolutionMs: number;
  /** Why something is missing, said under the pointer. */
  readonly reasons?: readonly Gap[];
}

const DAY_MS = 86_400_000;

export function Chart({ title, format, resolutionMs, reasons = [], ...plot }: Props): React.JSX.Element {
  const [hovered, setHovered] = useState<number | null>(null);
  const theme = useShownTheme();
  const [times, ...columns] = plot.columns;
  const shownAt = hovered ?? newest(columns.filter((_, at) => plot.series[at]?.earlier !== true));
  const atMs = hovered === null ? null : (times[hovered] ?? 0) * 1000;
  const values = plot.series.map((series, at) => ({ ...series, text: format(shownAt === null ? null : (columns[at]?.[shownAt] ?? null)) }));
  const span = plot.toMs - plot.fromMs;
  const imported = plot.imported ?? [];
  const sources = [...new Set(imported.map((stretch) => stretch.label))].join(', ');
  const note = atMs === null ? null : noteAt(atMs, atMs + resolutionMs, reasons, plot.marks, imported);
  const label = `${title} from ${moment(plot.fromMs)} to ${moment(plot.toMs)} in points of ${resolution(resolutionMs)}${sources === '' ? '' : `, in part ${sources}`}: newest ${values.map((value) => `${value.label} ${value.text}`.trim()).join(', ')}`;
  return (
    <figure className="min-w-0">
      <figcaption className="flex h-6 items-baseline gap-x-4 overflow-hidden text-xs whitespace-nowrap tabular-nums">
        <span className="font-medium">{title}</span>
        {values.map((value) => (
          <span key={value.label} className={clsx('shrink-0 items-baseline gap-1.5', value.earlier === true ? 'hidden sm:flex' : 'flex')}>
            <span aria-hidden className="inline-block h-[3px] w-2.5 self-center rounded-full" style={{ background: PALETTE[value.token][theme], opacity: value.earlier === true ? 0.55 : 1 }} />
            {value.label !== '' && <span className="text-faint">{value.label}</span>}
            <span className={value.earlier === true ? 'text-faint' : undefined}>{value.text}</span>
          </span>
        ))}
        <span className="ml-auto min-w-0 truncate text-faint">
          {atMs === null ? <Origin sources={sources} resolutionMs={resolutionMs} /> : <>{note !== null && <span className="text-muted">{note} · </span>}{span < DAY_MS ? clock(atMs) : moment(atMs)}</>}
        </span>
      </figcaption>
      <Plot {...plot} onHover={setHovered} label={label} />
    </figure>
  );
}

function Origin({ sources, resolutionMs }: { sources: string; resolutionMs: number }): React.JSX.Element {
  return <>{sources !== '' && <span className="text-muted">{sources} · </span>}{resolution(resolutionMs)} points</>;
}

function newest(columns: readonly (readonly (number | null)[])[]): number | null {
  const filled = columns.map(lastFilled).filter((at) => at !== null);
  return filled.length === 0 ? null : Math.max(...filled);
}
