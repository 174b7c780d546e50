/** A scenario's report as text for people and as JSON for machines. Pure. */
import type { ChaosReport } from './scenario.ts';

export interface ReportFacts {
  readonly scenario: string;
  readonly seed: number;
  readonly seconds: number;
  /** ISO 8601. */
  readonly startedAt: string;
}

/** Columns as wide as their widest cell; numbers stand right. */
export function tableText(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const widths = columns.map((column, at) => Math.max(column.length, ...rows.map((row) => String(row[at] ?? '').length)));
  const line = (cells: readonly (string | number)[]): string =>
    cells.map((cell, at) => (typeof cell === 'number' ? String(cell).padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0))).join('  ').trimEnd();
  return [line(columns), ...rows.map(line)].join('\n');
}

export function reportText(report: ChaosReport, facts: ReportFacts): string {
  const bars = report.bars.map(({ what, bar, seen, met }) => [met ? '✓' : '✗', what, seen, `bar ${bar}`]);
  const missed = report.bars.filter(({ met }) => !met).length;
  return [
    ...(report.rows.length > 0 ? [tableText(report.columns, report.rows), ''] : []),
    tableText(['', 'what', 'seen', ''], bars),
    '',
    `${facts.scenario}: seed ${facts.seed}, ${facts.seconds.toFixed(0)} s, ${missed === 0 ? 'every bar met' : `${missed} of ${bars.length} bars missed`}`,
  ].join('\n');
}

export function reportJson(report: ChaosReport, facts: ReportFacts): object {
  return { ...facts, met: report.bars.every(({ met }) => met), bars: report.bars, columns: report.columns, rows: report.rows, facts: report.facts };
}
