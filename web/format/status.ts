/** The five states of health and how each is told: colour, shape and word, never one alone. */
import type { HealthStatus } from '../../cloud/wire/entities.ts';

export interface StatusLook {
  readonly glyph: string;
  readonly word: string;
  /** Name of the colour token. */
  readonly token: 'ok' | 'degraded' | 'failing' | 'nodata' | 'stale';
  /** For sorting: the worst first. */
  readonly rank: number;
}

export const STATUS_LOOKS = {
  failing: { glyph: '▲', word: 'failing', token: 'failing', rank: 0 },
  degraded: { glyph: '◆', word: 'degraded', token: 'degraded', rank: 1 },
  stale: { glyph: '◌', word: 'stale', token: 'stale', rank: 2 },
  nodata: { glyph: '○', word: 'no data', token: 'nodata', rank: 3 },
  ok: { glyph: '●', word: 'ok', token: 'ok', rank: 4 },
} as const satisfies Record<HealthStatus, StatusLook>;

/** What to say of many together: trouble first, then silence, then health; no data only when there is nothing else. */
const OVERALL: readonly HealthStatus[] = ['failing', 'degraded', 'stale', 'ok', 'nodata'];

/** Place of a status in a list that begins with trouble and ends with what says nothing. */
export function troubleRank(status: HealthStatus): number {
  return OVERALL.indexOf(status);
}

export function overallStatus(statuses: readonly HealthStatus[]): HealthStatus {
  return OVERALL.find((status) => statuses.includes(status)) ?? 'nodata';
}

const COLOURED_BELOW = 0.99;
const FAILING_BELOW = 0.9;

/** The status that a success rate alone would give; no rate is no data. */
export function statusOfRate(successRate: number | null): HealthStatus {
  if (successRate === null) return 'nodata';
  if (successRate < FAILING_BELOW) return 'failing';
  return successRate < COLOURED_BELOW ? 'degraded' : 'ok';
}
