/** Figures as a Markdown table, and the options that all benches have. Pure, save for the file that `--json` names. */
import { writeFileSync } from 'node:fs';

/** The first row is the head; the first column is text, the others are numbers. */
export function markdownTable([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = head.map((_, column) => (column === 0 ? '---' : '--:'));
  return [head, line, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** Prints a report for people, and writes it for programs when a file is named. */
export function publish(text: string, report: object, json: string | undefined): void {
  process.stdout.write(`${text}\n`);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
}
