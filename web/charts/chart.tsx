/** A chart with its head: the title, and each series' value under the pointer, or its newest. */
import { useState } from 'react';
import { clock, moment } from '../format/time.ts';
import { PALETTE } from '../ui/palette.ts';
import { useShownTheme } from '../ui/theme.ts';
import { lastFilled } from './columns.ts';
import { Plot, type PlotProps } from './plot.tsx';

interface Props extends Omit<PlotProps, 'onHover' | 'label'> {
  readonly title: string;
  /** A value with its unit, for the head. */
  readonly format: (value: number | null) => string;
}

const DAY_MS = 86_400_000;

export function Chart({ title, format, ...plot }: Props): React.JSX.Element {
  const [hovered, setHovered] = useState<number | null>(null);
  const theme = useShownTheme();
  const [times, ...columns] = plot.columns;
  const shownAt = hovered ?? newest(columns);
  const atMs = shownAt === null ? null : (times[shownAt] ?? 0) * 1000;
  const values = plot.series.map((series, at) => ({ ...series, text: format(shownAt === null ? null : (columns[at]?.[shownAt] ?? null)) }));
  const span = plot.toMs - plot.fromMs;
  return (
    <figure className="min-w-0">
      <figcaption className="flex h-6 items-baseline gap-x-4 overflow-hidden text-xs whitespace-nowrap tabular-nums">
        <span className="font-medium">{title}</span>
        {values.map((value) => (
          <span key={value.label} className="flex items-baseline gap-1.5">
            <span aria-hidden className="inline-block h-[3px] w-2.5 self-center rounded-full" style={{ background: PALETTE[value.token][theme] }} />
            {value.label !== '' && <span className="text-faint">{value.label}</span>}
            <span>{value.text}</span>
          </span>
        ))}
        <span className="ml-auto text-faint">{hovered !== null && atMs !== null ? (span < DAY_MS ? clock(atMs) : moment(atMs)) : ''}</span>
      </figcaption>
      <Plot {...plot} onHover={setHovered} label={`${title} from ${moment(plot.fromMs)} to ${moment(plot.toMs)}: newest ${values.map((value) => `${value.label} ${value.text}`.trim()).join(', ')}`} />
    </figure>
  );
}

function newest(columns: readonly (readonly (number | null)[])[]): number | null {
  const filled = columns.map(lastFilled).filter((at) => at !== null);
  return filled.length === 0 ? null : Math.max(...filled);
}
