/** Golden metrics over time: which edges a subject takes in, and one point per step. Pure. */
import type { Point } from '../wire/entities.ts';
import type { Coverage } from './coverage.ts';
import { edgeKey, isEdgeView, parseEdgeKey } from './edge.ts';
import type { EdgeLabels } from './edge.ts';
import { latencyMs, successRate } from './golden.ts';
import type { Sum } from './golden.ts';

/** A predicate for `cluster`, `workload:<key>`, `service:<key>` or `edge:<id>`; null for any other text. */
export function subjectOf(text: string): ((labels: EdgeLabels) => boolean) | null {
  if (text === 'cluster') return (labels) => labels.direction === 'inbound';
  const colon = text.indexOf(':');
  const [kind, key] = [text.slice(0, Math.max(0, colon)), text.slice(colon + 1)];
  if (key === '') return null;
  switch (kind) {
    case 'workload':
      return (labels) => labels.direction === 'inbound' && labels.destination === key;
    case 'service':
      return (labels) => isEdgeView(labels) && labels.service === key;
    case 'edge':
      return parseEdgeKey(key) ? (labels) => edgeKey(labels) === key : null;
    default:
      return null;
  }
}


export function pointOf(startMs: number, stepMs: number, sum: Sum, coverage: Coverage): Point {
  const { counters } = sum;
  const seconds = coverage.seconds(startMs, startMs + stepMs);
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
    imported: false,
  };
}
