/** Rows under their names: equal names become one row, in an order that doesn't depend on who reported first. */
import type { Counters, EdgeKey, EdgeRow, RouteKey, RouteRow } from '../../proxy/wire/report.ts';
import { RowSum } from './counters.ts';
import { type Steps, each, sorted } from './steps.ts';

/** A new part of a row's name doesn't compile until it stands here. */
const EDGE_KEY = { service: 0, source: 1, destination: 2, direction: 3, protocol: 4, tls: 5 } as const satisfies Record<keyof EdgeKey, number>;
const ROUTE_KEY = { service: 0, route: 1, direction: 2 } as const satisfies Record<keyof RouteKey, number>;
const EDGE_NAMES = Object.keys(EDGE_KEY) as (keyof EdgeKey)[];
const ROUTE_NAMES = Object.keys(ROUTE_KEY) as (keyof RouteKey)[];

export function foldEdges(rows: Iterable<EdgeRow>): Steps<EdgeRow[]> {
  return fold(rows, (row) => nameOf(row, EDGE_NAMES));
}

export function foldRoutes(rows: Iterable<RouteRow>): Steps<RouteRow[]> {
  return fold(rows, (row) => nameOf(row, ROUTE_NAMES));
}

function nameOf<Name extends string>(row: Readonly<Record<Name, string>>, names: readonly Name[]): string {
  return names.map((name) => row[name]).join('\u0000');
}

function* fold<Row extends Counters & { readonly open?: number | undefined }>(rows: Iterable<Row>, nameOfRow: (row: Row) => string): Steps<Row[]> {
  const byName = new Map<string, RowSum<Row>>();
  yield* each(rows, (row) => {
    const name = nameOfRow(row);
    const known = byName.get(name);
    if (known) known.add(row);
    else byName.set(name, new RowSum(row));
  });
  const totals: Row[] = [];
  yield* each(yield* sorted([...byName], ([a], [b]) => (a < b ? -1 : 1)), ([, sum]) => void totals.push(sum.total()));
  return totals;
}
