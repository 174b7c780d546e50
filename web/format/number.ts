/** Numbers as people read them: three significant digits, a unit on each, nothing rounded into perfection. Pure. */

/** Between a number and its unit. */
const NBSP = '\u00a0';
/** Stands where there is no number. */
export const NONE = '–';

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** Digits after the point that give three significant digits, at most two. */
function fractionDigits(value: number): number {
  if (value >= 99.95) return 0;
  return value >= 9.995 ? 1 : 2;
}

function significant(value: number): string {
  const digits = fractionDigits(value);
  return digits === 0 ? grouped.format(Math.round(value)) : value.toFixed(digits);
}

/** A share in percent, cut instead of rounded, with a guard against 0.57 × 100 = 56.999…; below 1 never reaches 100. */
function cut(share: number, digits: number): string {
  const steps = 10 ** (digits + 2);
  const reached = Math.floor(share * steps + 1e-9);
  return (Math.min(reached, share < 1 ? steps - 1 : steps) / 10 ** digits).toFixed(digits);
}

/** A share 0…1 in words of percent: `99.98 %`, `92.1 %`, `<0.01 %`, `100 %` only for exactly 1. */
export function percent(share: number | null): string {
  if (share === null) return NONE;
  if (share <= 0) return `0${NBSP}%`;
  if (share >= 1) return `100${NBSP}%`;
  const value = share * 100;
  if (value < 0.01) return `<0.01${NBSP}%`;
  if (value >= 99) return `${cut(share, 2)}${NBSP}%`;
  return `${value >= 9.995 ? cut(share, 1) : value.toFixed(2)}${NBSP}%`;
}

/** A share for a column: always two decimals, so that points stand under each other; `100.00 %` only for exactly 1. */
export function percentColumn(share: number | null): string {
  if (share === null) return NONE;
  if (share > 0 && share < 0.0001) return `<0.01${NBSP}%`;
  return `${cut(Math.min(1, Math.max(0, share)), 2)}${NBSP}%`;
}

/** A share in whole percent, cut: `98 %`; what is not all never reads `100 %`, what is not nothing never `0 %`. */
export function percentWhole(share: number | null): string {
  if (share === null) return NONE;
  if (share > 0 && share < 0.01) return `<1${NBSP}%`;
  return `${cut(share, 0)}${NBSP}%`;
}

/** A rate per second with its unit: `41.2/s`, `4.12k/s`. */
export function rate(perSecond: number): string {
  if (perSecond <= 0) return '0/s';
  if (perSecond < 0.01) return '<0.01/s';
  if (perSecond >= 999.5) return `${compact(perSecond)}/s`;
  return `${significant(perSecond)}/s`;
}

/** A number for a column whose head names the unit. */
export function plain(value: number | null): string {
  if (value === null) return NONE;
  if (value === 0) return '0';
  return value < 0.01 ? '<0.01' : significant(value);
}

/** A latency in ms with the unit that fits: `0.43 ms`, `12.4 ms`, `840 ms`, `1.24 s`. */
export function latency(ms: number | null): string {
  if (ms === null) return NONE;
  if (ms < 0.01) return `<0.01${NBSP}ms`;
  if (ms >= 999.5) return `${significant(ms / 1000)}${NBSP}s`;
  return `${significant(ms)}${NBSP}ms`;
}

/** A count, short: `812`, `4.12k`, `1.30M`. */
export function compact(count: number): string {
  if (count < 999.5) return Number.isInteger(count) ? String(count) : significant(count);
  if (count < 999_500) return `${significant(count / 1000)}k`;
  return count < 999_500_000 ? `${significant(count / 1e6)}M` : `${significant(count / 1e9)}G`;
}

/** A whole count with separators: `12,431`. */
export function count(value: number): string {
  return grouped.format(value);
}

/** Bytes per second: `1.20 kB/s`. */
export function byteRate(perSecond: number): string {
  if (perSecond < 999.5) return `${significant(perSecond)}${NBSP}B/s`;
  if (perSecond < 999_500) return `${significant(perSecond / 1000)}${NBSP}kB/s`;
  return perSecond < 999_500_000 ? `${significant(perSecond / 1e6)}${NBSP}MB/s` : `${significant(perSecond / 1e9)}${NBSP}GB/s`;
}

/** `1 cluster`, `14 clusters`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
