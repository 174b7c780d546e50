/** What happened, as marks on a time axis. Pure. */
import type { Incident } from '../../cloud/wire/entities.ts';
import type { Gap, Mark as HistoryMark } from '../../cloud/wire/history.ts';
import type { Stretch } from './columns.ts';
import type { Mark } from './plot.tsx';

/** An open incident reaches to the present. */
export function incidentMarks(incidents: readonly Incident[], nowMs: number): Mark[] {
  return incidents.map((incident) => ({
    label: `incident: ${incident.ruleName}`,
    fromMs: Date.parse(incident.openedAt),
    toMs: incident.resolvedAt === null ? nowMs : Date.parse(incident.resolvedAt),
  }));
}

/** Marks of the API: incidents are stretches of trouble, all else is a moment. */
export function historyMarks(marks: readonly HistoryMark[], nowMs: number): Mark[] {
  return marks.map(({ kind, text, atMs, endMs }) => (kind === 'incident' ? { label: text, fromMs: atMs, toMs: endMs ?? Math.max(atMs, nowMs) } : { label: text, fromMs: atMs, toMs: endMs ?? atMs, tone: 'change' }));
}

/** The incidents that reach into a range, newest first. */
export function incidentsWithin(incidents: readonly Incident[], fromMs: number, toMs: number, nowMs: number): Incident[] {
  const within = (incident: Incident): boolean => Date.parse(incident.openedAt) < toMs && (incident.resolvedAt === null ? nowMs : Date.parse(incident.resolvedAt)) > fromMs;
  return incidents.filter(within).toSorted((a, b) => Date.parse(b.openedAt) - Date.parse(a.openedAt));
}

const reaches = (stretch: Stretch, fromMs: number, toMs: number): boolean => stretch.fromMs < toMs && Math.max(stretch.toMs, stretch.fromMs + 1) > fromMs;

/** What there is to say of one point of a chart: why something is missing, what happened, where it came from; null for nothing. */
export function noteAt(fromMs: number, toMs: number, gaps: readonly Gap[], marks: readonly Mark[], imported: readonly Mark[]): string | null {
  const gap = gaps.find((each) => reaches(each, fromMs, toMs));
  const changes = marks.filter((mark) => reaches(mark, fromMs, toMs));
  const mark = changes.find((each) => each.tone === 'change') ?? changes[0];
  const source = imported.find((each) => reaches(each, fromMs, toMs));
  return gap?.text ?? mark?.label ?? source?.label ?? null;
}
