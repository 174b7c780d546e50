/** Golden metrics over time: which edges a subject takes in, and one point per step. Pure. */
import type { Point } from '../wire/entities.ts';
import { parseEdgeKey } from './edge.ts';
import { latencyMs, successRate } from './golden.ts';
import type { Sum } from './golden.ts';
import type { Subject } from './levels.ts';

/** The subject that `cluster`, `workload:<key>`, `service:<key>` or `edge:<id>` names; null for any other text. */
export function subjectOf(text: string): Subject | null {
  if (text === 'cluster') return { kind: 'cluster' };
  const colon = text.indexOf(':');
  const [kind, key] = [text.slice(0, Math.max(0, colon)), text.slice(colon + 1)];
  if (key === '') return null;
  if (kind === 'workload' || kind === 'service') return { kind, key };
  const labels = kind === 'edge' ? parseEdgeKey(key) : null;
  return labels ? { kind: 'edge', labels } : null;
}

/** `seconds`: the time of the point that stored numbers cover. */
export function pointOf(startMs: number, sum: Sum, seconds: number, imported: boolean): Point {
  const { counters } = sum;
  return {
    startMs,
    requests: counters.requests,
    failuresApp: counters.failuresApp,
    failuresMesh: counters.failuresMesh,
    failuresClient: counters.failuresClient,
    retries: counters.retries,
    successRate: successRate(counters),
    requestsPerSecond: seconds > 0 ? counters.requests / seconds : 0,
    ...latencyMs(sum.latency),
    gap: seconds === 0,
    imported,
  };
}
