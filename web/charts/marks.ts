/** Incidents as marks on a time axis. Pure. */
import type { Incident } from '../../cloud/wire/entities.ts';
import type { Mark } from './plot.tsx';

/** An open incident reaches to the present. */
export function incidentMarks(incidents: readonly Incident[], nowMs: number): Mark[] {
  return incidents.map((incident) => ({
    label: incident.ruleName,
    fromMs: Date.parse(incident.openedAt),
    toMs: incident.resolvedAt === null ? nowMs : Date.parse(incident.resolvedAt),
  }));
}
