/** Times and durations in words. Pure: the present is an argument; zones are the reader's own unless one is given. */
import { NONE } from './number.ts';

const NBSP = '\u00a0';
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function whole(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)}${NBSP}s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}${NBSP}min`;
  return ms < 2 * DAY ? `${Math.floor(ms / HOUR)}${NBSP}h` : `${Math.floor(ms / DAY)}${NBSP}d`;
}

/** How long ago, in one unit: `2 s`, `4 min`, `3 h`, `61 d`. A little into the future (clock differences) is `0 s`. */
export function ago(iso: string | null, nowMs: number): string {
  return iso === null ? NONE : whole(Math.max(0, nowMs - Date.parse(iso)));
}

/** How long until: `61 d`; `expired` when it has passed. */
export function until(iso: string | null, nowMs: number): string {
  if (iso === null) return NONE;
  const left = Date.parse(iso) - nowMs;
  return left <= 0 ? 'expired' : whole(left);
}

/** A length of time in one or two units: `40 s`, `12 min`, `1 h 5 min`, `3 d`. */
export function span(ms: number): string {
  if (ms < HOUR || ms >= 2 * DAY) return whole(ms);
  const minutes = Math.floor((ms % HOUR) / MINUTE);
  return minutes === 0 ? `${Math.floor(ms / HOUR)}${NBSP}h` : `${Math.floor(ms / HOUR)}${NBSP}h ${minutes}${NBSP}min`;
}

function parts(ms: number, zone: string | undefined, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat('en-GB', { ...options, ...(zone === undefined ? {} : { timeZone: zone }) }).format(ms);
}

/** `14:02:10`. */
export function clock(ms: number, zone?: string): string {
  return parts(ms, zone, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

/** `14:02`. */
export function clockMinutes(ms: number, zone?: string): string {
  return parts(ms, zone, { hour: '2-digit', minute: '2-digit' });
}

/** `3 Nov 14:02`. */
export function moment(ms: number, zone?: string): string {
  return `${parts(ms, zone, { day: 'numeric', month: 'short' })} ${clockMinutes(ms, zone)}`;
}

/** A tick of a time axis: seconds on short ranges, minutes within a day, the day above. */
export function axisTick(ms: number, spanMs: number, zone?: string): string {
  if (spanMs <= 10 * MINUTE) return clock(ms, zone);
  return spanMs <= DAY ? clockMinutes(ms, zone) : parts(ms, zone, { day: 'numeric', month: 'short' });
}

/** The length of a chart's point: `10 s`, `1 min`. */
export function resolution(ms: number): string {
  return whole(ms);
}

/** For `<input type="datetime-local">`: `2026-11-22T14:02` in the reader's zone. */
export function localInput(ms: number): string {
  const at = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
