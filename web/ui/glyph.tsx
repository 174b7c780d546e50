/** A state of health as shape and colour, with its word beside it or for the screen reader. */
import type { HealthStatus } from '../../cloud/wire/entities.ts';
import { STATUS_LOOKS } from '../format/status.ts';

const SHAPES = {
  ok: <circle cx="6" cy="6" r="4" fill="currentColor" />,
  degraded: <path d="M6 .9 11.1 6 6 11.1.9 6Z" fill="currentColor" />,
  failing: <path d="M6 1.1 11.4 10.8H.6Z" fill="currentColor" />,
  nodata: <circle cx="6" cy="6" r="3.5" fill="none" stroke="currentColor" strokeWidth="1.4" />,
  stale: <circle cx="6" cy="6" r="3.5" fill="none" stroke="currentColor" strokeWidth="1.5" strokeDasharray="1.5 1.65" />,
} as const satisfies Record<HealthStatus, React.JSX.Element>;

const COLOURS = {
  ok: 'text-ok', degraded: 'text-degraded', failing: 'text-failing', nodata: 'text-nodata', stale: 'text-stale',
} as const satisfies Record<HealthStatus, string>;

/** The text colour class of a state: colour only for what is wrong, ink otherwise. */
export const EXCEPTION_COLOURS = {
  ok: 'text-ink', degraded: 'text-degraded', failing: 'text-failing', nodata: 'text-faint', stale: 'text-faint',
} as const satisfies Record<HealthStatus, string>;

export function StatusGlyph({ status, size = 12, label = false }: { status: HealthStatus; size?: number; label?: boolean }): React.JSX.Element {
  const named = label ? { role: 'img', 'aria-label': STATUS_LOOKS[status].word } : { 'aria-hidden': true };
  return (
    <svg viewBox="0 0 12 12" width={size} height={size} className={`${COLOURS[status]} shrink-0`} {...named}>
      {SHAPES[status]}
    </svg>
  );
}

export function Status({ status }: { status: HealthStatus }): React.JSX.Element {
  return (
    <span className="inline-flex items-center gap-1.5 whitespace-nowrap">
      <StatusGlyph status={status} />
      <span className={EXCEPTION_COLOURS[status]}>{STATUS_LOOKS[status].word}</span>
    </span>
  );
}
