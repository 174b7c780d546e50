/** A window of 500 edge rows with some 20 non-empty buckets each, as an agent would send it. Pure. */
import type { ClusterWindow } from '../../../agent/wire/rollup.ts';
import { DIRECTIONS, PROTOCOLS, TLS_STATES } from '../../../proxy/wire/labels.ts';
import { benchMesh, benchRow, EDGES } from './mesh.ts';

const ROWS = benchMesh().edges.slice(0, EDGES);

export function benchWindow(startMs: number, lengthMs: number, random: () => number): ClusterWindow {
  const strings = [''];
  const known = new Map([['', 0]]);
  const index = (text: string): number => {
    const at = known.get(text) ?? strings.push(text) - 1;
    known.set(text, at);
    return at;
  };
  const rows = ROWS.map((_, at) => benchRow(at, lengthMs / 1000, 1, random));
  return {
    startMs, lengthMs, proxies: 200,
    edges: {
      direction: ROWS.map((edge) => DIRECTIONS.indexOf(edge.direction)), source: ROWS.map((edge) => index(edge.source)), service: ROWS.map((edge) => index(edge.service)),
      destination: ROWS.map((edge) => index(edge.destination)), protocol: ROWS.map((edge) => PROTOCOLS.indexOf(edge.protocol)), tls: ROWS.map((edge) => TLS_STATES.indexOf(edge.tls)),
      requests: rows.map((row) => row.requests), failuresApp: rows.map((row) => row.failuresApp), failuresMesh: rows.map((row) => row.failuresMesh), failuresClient: rows.map((row) => row.failuresClient),
      retries: rows.map((row) => row.retries), bytesIn: rows.map((row) => row.bytesIn), bytesOut: rows.map((row) => row.bytesOut), latency: rows.map((row) => row.latency),
      durationSumUs: rows.map((row) => row.durationSumUs), appSumUs: rows.map((row) => row.appSumUs), queueSumUs: rows.map((row) => row.queueSumUs),
    },
    routes: { direction: [], service: [], route: [], requests: [], failuresApp: [], failuresMesh: [], failuresClient: [], retries: [], bytesIn: [], bytesOut: [], latency: [], durationSumUs: [], appSumUs: [], queueSumUs: [] },
    strings,
  };
}
