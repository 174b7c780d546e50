/** Incidents as marks on a time axis. Pure. */
import type { Incident } from '../../cloud/wire/entities.ts';
import type { Mark } from './plot.tsx';

/** An open incident reaches to the present. */
export function incidentMarks(incidents: readonly Incident[], nowMs: number): Mark[] {
  return incidents.map((incident) => ({
    label: `incident: ${incident.ruleName}`,
    fromMs: Date.parse(incident.openedAt),
    toMs: incident.resolvedAt === null ? nowMs : Date.parse(incident.resolvedAt),
  }));
}

/** The incidents that reach into a range, newest first. */
export function incidentsWithin(incidents: readonly Incident[], fromMs: number, toMs: number, nowMs: number): Incident[] {
  const within = (incident: Incident): boolean => Date.parse(incident.openedAt) < toMs && (incident.resolvedAt === null ? nowMs : Date.parse(incident.resolvedAt)) > fromMs;
  return incidents.filter(within).toSorted((a, b) => Date.parse(b.openedAt) - Date.parse(a.openedAt));
}
