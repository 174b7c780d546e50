/** Points of edges and routes as windows of an export: the mirror of an import. Pure. */
import { toSparse } from '../../proxy/wire/histogram.ts';
import { DIRECTIONS, PROTOCOLS, TLS_STATES } from '../../proxy/wire/labels.ts';
import { COUNTERS } from '../ingest/packed.ts';
import type { CounterName } from '../ingest/packed.ts';
import type { EdgeLabels, RouteLabels } from '../series/edge.ts';
import type { Raw } from '../series/golden.ts';
import type { HistoryWindow } from '../wire/history.ts';

/** Rows of one window with their labels. */
export interface WindowRows {
  readonly edges: readonly (readonly [EdgeLabels, Raw])[];
  readonly routes: readonly (readonly [RouteLabels, Raw])[];
}

type CounterColumns = { readonly [Name in CounterName | 'latency']: HistoryWindow['edges'][Name] };

function counterColumns(raws: readonly Raw[]): CounterColumns {
  const column = (name: CounterName): number[] => raws.map((raw) => raw.counters[name]);
  const columns = Object.fromEntries(COUNTERS.map((name) => [name, column(name)])) as Record<CounterName, number[]>;
  return { ...columns, latency: raws.map((raw) => toSparse(raw.latency)) };
}

export function windowOf(startMs: number, lengthMs: HistoryWindow['lengthMs'], coveredSeconds: number, rows: WindowRows): HistoryWindow {
  const strings = [''];
  const indexes = new Map([['', 0]]);
  const index = (text: string): number => {
    const known = indexes.get(text);
    if (known !== undefined) return known;
    indexes.set(text, strings.length);
    return strings.push(text) - 1;
  };
  const [edges, routes] = [rows.edges.map(([labels]) => labels), rows.routes.map(([labels]) => labels)];
  return {
    startMs, lengthMs, coveredSeconds, strings,
    edges: {
      direction: edges.map((edge) => DIRECTIONS.indexOf(edge.direction)),
      source: edges.map((edge) => index(edge.source)),
      service: edges.map((edge) => index(edge.service)),
      destination: edges.map((edge) => index(edge.destination)),
      protocol: edges.map((edge) => PROTOCOLS.indexOf(edge.protocol)),
      tls: edges.map((edge) => TLS_STATES.indexOf(edge.tls)),
      ...counterColumns(rows.edges.map(([, raw]) => raw)),
    },
    routes: {
      direction: routes.map((route) => DIRECTIONS.indexOf(route.direction)),
      service: routes.map((route) => index(route.service)),
      route: routes.map((route) => index(route.route)),
      ...counterColumns(rows.routes.map(([, raw]) => raw)),
    },
  };
}
