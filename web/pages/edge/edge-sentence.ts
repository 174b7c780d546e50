/** The line that an edge's page opens with. Pure. */
import type { TopologyEdge } from '../../../cloud/wire/entities.ts';
import { compact, count, latency, percent, plural, rate } from '../../format/number.ts';
import { shortName } from '../../paths.ts';

/** An end of an edge as people call it. */
export function endName(key: string): string {
  return key === 'outside' ? 'outside the mesh' : shortName(key);
}

/** How the edge is, in words: whose requests fail, how many, and how long they take. */
export function edgeSentence({ source, target, golden }: Pick<TopologyEdge, 'source' | 'target' | 'golden'>): string {
  const way = `${endName(source)} → ${endName(target)}`;
  const { requests, successRate, failures, latencyMs, connections } = golden;
  if (successRate === null) return connections > 0 ? `${way} opened ${compact(connections)} connections` : `${way} had no requests in this range`;
  const traffic = `${rate(golden.requestsPerSecond)}, p95 ${latency(latencyMs.p95)}`;
  const failed = failures.app + failures.mesh;
  if (failed === 0) return `${way} answers all of ${plural(requests, 'request')} well: ${traffic}`;
  const fault = failures.app >= failures.mesh ? `${endName(target)}'s own fault` : 'the mesh, before the service saw it';
  return `${way} fails ${percent(1 - successRate)} of ${count(requests)} requests, mostly by ${fault}: ${traffic}`;
}
