/** The last day of a cluster as a row of thin bars: height is traffic, colour is failure, a gap is a dot of ground. */
import type { HealthCluster } from '../../cloud/wire/entities.ts';
import { percent } from '../format/number.ts';
import { stripBars } from './strip-bars.ts';

const BAR = 2;
const STEP = 2.5;
const HEIGHT = 20;
const FILLS = { ok: 'fill-line-strong', degraded: 'fill-degraded', failing: 'fill-failing', none: 'fill-line' } as const;

export function Strip({ strip }: { strip: HealthCluster['strip'] }): React.JSX.Element {
  const { bars, worst } = stripBars(strip.points);
  const hours = Math.round((strip.stepMs * strip.points.length) / 3_600_000);
  const label = worst === null ? `No traffic in the last ${hours} h` : `Last ${hours} h, worst bar ${percent(worst)} success`;
  return (
    <svg role="img" aria-label={label} width={bars.length * STEP} height={HEIGHT} className="block">
      <title>{label}</title>
      {bars.map((bar, at) => {
        const height = bar.tone === 'none' ? 1.5 : Math.max(2.5, bar.height * HEIGHT);
        return <rect key={at} x={at * STEP} y={HEIGHT - height} width={BAR} height={height} rx={0.5} className={FILLS[bar.tone]} />;
      })}
    </svg>
  );
}
