/** The range and the thing to draw around an incident. Pure. */
import type { Incident } from '../../../cloud/wire/entities.ts';
import { shortName } from '../../paths.ts';

const BEFORE_MS = 600_000;
const AFTER_MS = 300_000;

/** Ten minutes before it until five after its end, or the present while it is open; never the future. */
export function around(incident: Pick<Incident, 'openedAt' | 'resolvedAt'>, nowMs: number): { fromMs: number; toMs: number } {
  const endMs = incident.resolvedAt === null ? nowMs : Math.min(nowMs, Date.parse(incident.resolvedAt) + AFTER_MS);
  const fromMs = Date.parse(incident.openedAt) - BEFORE_MS;
  return { fromMs, toMs: Math.max(endMs, fromMs + 60_000) };
}

/** The series that shows it best: where the failures start, else what the rule watches. */
export function subjectOf(incident: Pick<Incident, 'path' | 'scope'>): { subject: string; name: string } {
  const origin = incident.path.at(-1);
  const workload = origin?.workload ?? incident.scope.workload;
  const service = origin?.service ?? incident.scope.service;
  if (workload !== null) return { subject: `workload:${workload}`, name: shortName(workload) };
  if (service !== null) return { subject: `service:${service}`, name: shortName(service) };
  return { subject: 'cluster', name: 'the whole cluster' };
}
