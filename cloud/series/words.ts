/** Numbers, times and lists as a person says them. Pure; times are UTC, as the reader's zone isn't known here. */

/** A share in per cent: never `0 %` or `100 %` when it isn't exactly that. */
export function percent(share: number): string {
  const value = share * 100;
  if (value <= 0) return '0 %';
  if (value >= 100) return '100 %';
  if (value < 0.1) return 'less than 0.1 %';
  if (value > 99.9) return 'more than 99.9 %';
  const digits = value < 9.95 || value > 90.05 ? 1 : 0;
  return `${String(Number(value.toFixed(digits)))} %`;
}

/** `14:02 UTC`, with the day where it isn't today's. */
export function clock(atMs: number, nowMs: number): string {
  const at = new Date(atMs).toISOString();
  const day = at.slice(0, 10);
  const time = `${at.slice(11, 16)} UTC`;
  return day === new Date(nowMs).toISOString().slice(0, 10) ? time : `${day} ${time}`;
}

/** `1 cluster`, `2 clusters`; `plural` where it is not the noun with an s. */
export function counted(count: number, noun: string, plural: string = `${noun}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? noun : plural}`;
}

/** How long ago, in its largest unit: `12 s`, `3 min`, `2 h`, `4 days`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

/** A rate per second with three significant digits: `0.4`, `12.5`, `4,100`. */
export function rate(perSecond: number): string {
  if (perSecond > 0 && perSecond < 0.01) return 'less than 0.01';
  return Number(perSecond.toPrecision(3)).toLocaleString('en-US');
}
