/** Texts of ticks: the shortest that says the value, since ticks are round. Pure. */

const NBSP = '\u00a0';
const short = (value: number): string => String(Number(value.toPrecision(4)));

export function percentTick(value: number): string {
  return value > 100 ? '' : `${short(value)}${NBSP}%`;
}

export function rateTick(perSecond: number): string {
  if (perSecond >= 1e6) return `${short(perSecond / 1e6)}M/s`;
  return perSecond >= 1000 ? `${short(perSecond / 1000)}k/s` : `${short(perSecond)}/s`;
}

export function latencyTick(ms: number): string {
  if (ms === 0) return '0';
  return ms >= 1000 ? `${short(ms / 1000)}${NBSP}s` : `${short(ms)}${NBSP}ms`;
}
