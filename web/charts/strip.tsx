/** The last day of a cluster as a row of thin bars: height is traffic, colour is failure, a gap is a dot of ground; what was imported stands on raised ground. */
import type { HealthCluster } from '../../cloud/wire/entities.ts';
import { percent } from '../format/number.ts';
import { importedRuns, stripBars } from './strip-bars.ts';

const BAR = 2;
const STEP = 2.5;
const HEIGHT = 20;
const FILLS = { ok: 'fill-line-strong', degraded: 'fill-degraded', failing: 'fill-failing', none: 'fill-line' } as const;

export function Strip({ strip }: { strip: HealthCluster['strip'] }): React.JSX.Element {
  const { bars, worst } = stripBars(strip.points);
  const hours = Math.round((strip.stepMs * strip.points.length) / 3_600_000);
  const told = worst === null ? `No traffic in the last ${hours} h` : `Last ${hours} h, worst bar ${percent(worst)} success`;
  const runs = importedRuns(strip.points);
  const label = runs.length === 0 ? told : `${told}; on raised ground: ${stripSource(strip)}`;
  return (
    <svg role="img" aria-label={label} width={bars.length * STEP} height={HEIGHT} className="block">
      <title>{label}</title>
      {runs.map(({ at, length }) => <rect key={`imported-${at}`} x={at * STEP} y={0} width={length * STEP} height={HEIGHT} className="fill-raised" />)}
      {bars.map((bar, at) => {
        const height = bar.tone === 'none' ? 1.5 : Math.max(2.5, bar.height * HEIGHT);
        return <rect key={at} x={at * STEP} y={HEIGHT - height} width={BAR} height={height} rx={0.5} className={FILLS[bar.tone]} />;
      })}
    </svg>
  );
}

/** What the imported part of a strip is called. */
function stripSource({ imported }: HealthCluster['strip']): string {
  return imported?.join(', ') || 'imported';
}

/** Says under strips what their raised ground is; nothing without any. */
export function StripNote({ strips }: { strips: readonly HealthCluster['strip'][] }): React.JSX.Element | null {
  const sources = [...new Set(strips.filter((strip) => strip.points.some((point) => point.imported)).map(stripSource))];
  if (sources.length === 0) return null;
  return <p className="mt-3 hidden text-xs text-muted lg:block">The raised ground of the last 24 h is <span className="font-medium">{sources.join(', ')}</span>: imported, not measured.</p>;
}
