/** What a tap's page keeps of what it has seen: the newest events, and an honest count of all. Pure. */
import type { Tap, TapEvent, TapPage } from '../../../cloud/wire/tap.ts';

/** Rows kept; older ones are gone from the page, and the count says so. */
export const ROWS_MAX = 500;

export interface TapRow extends TapEvent {
  /** Counts up with each event of the page. */
  readonly number: number;
}

export interface TapStream {
  /** Newest first. */
  readonly rows: readonly TapRow[];
  readonly next: string;
  readonly seen: number;
  readonly tap: Tap | null;
}

export const EMPTY: TapStream = { rows: [], next: '', seen: 0, tap: null };

/** The stream with one more page. */
export function withPage(stream: TapStream, page: TapPage): TapStream {
  const fresh = page.events.map((event, at): TapRow => ({ ...event, number: stream.seen + at })).reverse();
  return { rows: [...fresh, ...stream.rows].slice(0, ROWS_MAX), next: page.next, seen: stream.seen + fresh.length, tap: page.tap };
}

/** `312 of 1,040 exchanges shown; 728 were over the rate of 100/s from each proxy.` */
export function shownSentence({ tap, rows, seen }: TapStream): string {
  if (tap === null) return 'Nothing is looked at yet.';
  if (tap.state === 'waiting') return 'The agent is being told; the first exchanges come within seconds.';
  const number = (count: number): string => count.toLocaleString('en-US');
  if (tap.matched === 0) return tap.state === 'over' ? 'No exchange passed the filter.' : 'Nothing has passed the filter yet.';
  const over = tap.matched - tap.told;
  const told = `${number(tap.told)} of ${number(tap.matched)} exchanges shown`;
  const rest = over > 0 ? `; ${number(over)} were over the rate of ${number(tap.perSecondMax)}/s from each proxy` : '';
  const kept = seen > rows.length ? `; the newest ${number(rows.length)} are kept here` : '';
  return `${told}${rest}${kept}.`;
}
