/** What changed against an earlier number, in words. Pure. */
import { latency, percent, rate } from './number.ts';

/** Differences below this share of the earlier number are called the same: histograms know 5 %. */
const SAME_SHARE = 0.05;
const NBSP = '\u00a0';

/** `12 ms more`, `0.4 ms less`, `the same`; null when either is missing. */
export function latencyChange(now: number | null, before: number | null): string | null {
  if (now === null || before === null) return null;
  if (Math.abs(now - before) <= before * SAME_SHARE) return 'about the same';
  return `${latency(Math.abs(now - before))} ${now > before ? 'more' : 'less'}`;
}

/** `12 % more`, `3.2 times as much`; null when there was nothing before. */
export function rateChange(now: number, before: number): string | null {
  if (before <= 0) return null;
  const ratio = now / before;
  if (Math.abs(ratio - 1) <= SAME_SHARE) return 'about the same';
  if (ratio >= 2) return `${ratio.toFixed(1)} times as much`;
  return `${Math.round(Math.abs(ratio - 1) * 100)}${NBSP}% ${ratio > 1 ? 'more' : 'less'}`;
}

/** A share in points of percent: `0.42 points less`; null when either is missing. */
export function shareChange(now: number | null, before: number | null): string | null {
  if (now === null || before === null) return null;
  const points = (now - before) * 100;
  if (Math.abs(points) < 0.005) return 'the same';
  return `${Math.abs(points).toFixed(2)} points ${points > 0 ? 'more' : 'less'}`;
}

interface Compared {
  readonly requestsPerSecond: number;
  readonly successRate: number | null;
  readonly latencyMs: { readonly p95: number | null };
}

/** One line: `p95 38 ms, 12 ms more than last week; success …; rate …`. `name` ends it: `last week`. */
export function comparedSentence(now: Compared, before: Compared | null, name: string): string {
  if (before === null || before.requestsPerSecond === 0) return `No requests are known of ${name}.`;
  const than = (change: string | null): string => (change === null ? '' : /same|as much/.test(change) ? `, ${change} as ${name}` : `, ${change} than ${name}`);
  const parts = [
    `p95 ${latency(now.latencyMs.p95)}${than(latencyChange(now.latencyMs.p95, before.latencyMs.p95))}`,
    `success ${percent(now.successRate)}${short(shareChange(now.successRate, before.successRate))}`,
    `rate ${rate(now.requestsPerSecond)}${short(rateChange(now.requestsPerSecond, before.requestsPerSecond))}`,
  ];
  return `${parts.join('; ')}.`;
}

function short(change: string | null): string {
  return change === null ? '' : `, ${change}`;
}
