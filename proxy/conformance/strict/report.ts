/** The table and the JSON of a run. */
import type { Tally } from './outcome.ts';

export interface StrictReport {
  readonly seed: number;
  readonly seconds: number;
  readonly judges: readonly string[];
  readonly tallies: readonly Tally[];
}

/** Faults that are printed in full; the JSON has them all. */
const PRINTED_MAX = 20;

export function printStrict({ seed, seconds, judges, tallies }: StrictReport): string {
  const head = ['', 'payloads', 'forwarded', 'refused', 'silent', 'faults', 'a judge is stricter'];
  const rows = tallies.map(({ title, payloads, ends, faultCount, stricter }) => [
    title, `${payloads}`, `${ends.forwarded}`, `${ends.refused}`, `${ends.silent}`, `${faultCount}`, Object.entries(stricter).map(([name, count]) => `${name} ${count}`).join(', ') || 'never',
  ]);
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ');
  const faults = tallies.flatMap((tally) => tally.faults);
  const listed = faults.slice(0, PRINTED_MAX).map(({ kind, detail, name, payload }) => `  ${kind}: ${name}\n    ${detail}\n    ${JSON.stringify(payload.slice(0, 300))}`);
  return [
    line(head), ...rows.map(line), ...(listed.length > 0 ? ['', `faults (${listed.length} of ${tallies.reduce((sum, { faultCount }) => sum + faultCount, 0)}):`, ...listed] : []),
    '', `judges: ${judges.join(', ')}; seed ${seed}; ${seconds.toFixed(0)} s`,
  ].join('\n');
}

export function strictJson({ seed, seconds, judges, tallies }: StrictReport): unknown {
  return { seed, seconds, judges, runs: tallies.map(({ title, payloads, ends, stricter, counts, faults }) => ({ title, payloads, ends, stricter, counts, faults })) };
}
