/** Keeps the number of names bounded: what is over a cap takes the name `other`, the quietest first. */
import { EDGES_PER_CLUSTER_MAX, ROUTES_PER_CLUSTER_MAX } from '../wire/rollup.ts';
import { OTHER, ROUTES_PER_SERVICE_MAX, SOURCES_PER_SERVICE_MAX } from '../../proxy/wire/report.ts';
import type { EdgeRow, RouteRow } from '../../proxy/wire/report.ts';
import { foldEdges, foldRoutes } from './rows.ts';
import { type Steps, each, sorted } from './steps.ts';

export interface Limits {
  readonly edges: number;
  readonly routes: number;
  readonly sourcesPerService: number;
  readonly routesPerService: number;
}

export const LIMITS: Limits = {
  edges: EDGES_PER_CLUSTER_MAX,
  routes: ROUTES_PER_CLUSTER_MAX,
  sourcesPerService: SOURCES_PER_SERVICE_MAX,
  routesPerService: ROUTES_PER_SERVICE_MAX,
};

/** Rows after the caps, and how many exchanges were folded into `other` by them. */
export interface Capped<Row> {
  readonly rows: readonly Row[];
  readonly folded: number;
}

export function* capEdges(rows: readonly EdgeRow[], limits: Limits): Steps<Capped<EdgeRow>> {
  const noisy = yield* overCap(rows, (row) => `${row.direction} ${row.service}`, (row) => row.source, limits.sourcesPerService);
  const bySource = yield* foldOver(rows, noisy, (row) => ({ ...row, source: OTHER }), foldEdges);
  // One place is kept for each kind of `other` row, so that the cap holds after the folding.
  const kinds = new Set<string>();
  yield* each(rows, (row) => void kinds.add(`${row.direction} ${row.protocol} ${row.tls}`));
  const over = yield* overCount(bySource.rows, limits.edges, kinds.size);
  const byCluster = yield* foldOver(bySource.rows, over, (row) => ({ ...row, source: OTHER, service: OTHER, destination: OTHER }), foldEdges);
  return { rows: byCluster.rows, folded: bySource.folded + byCluster.folded };
}

export function* capRoutes(rows: readonly RouteRow[], limits: Limits): Steps<Capped<RouteRow>> {
  const noisy = yield* overCap(rows, (row) => `${row.direction} ${row.service}`, (row) => row.route, limits.routesPerService);
  const byService = yield* foldOver(rows, noisy, (row) => ({ ...row, route: OTHER }), foldRoutes);
  const over = yield* overCount(byService.rows, limits.routes, 2);
  const byCluster = yield* foldOver(byService.rows, over, (row) => ({ ...row, service: OTHER, route: OTHER }), foldRoutes);
  return { rows: byCluster.rows, folded: byService.folded + byCluster.folded };
}

interface Counted {
  readonly requests: number;
}

function* foldOver<Row extends Counted>(
  rows: readonly Row[],
  over: ReadonlySet<Row>,
  rename: (row: Row) => Row,
  fold: (rows: readonly Row[]) => Steps<Row[]>,
): Steps<Capped<Row>> {
  if (over.size === 0) return { rows, folded: 0 };
  let folded = 0;
  const renamed: Row[] = [];
  yield* each(rows, (row) => {
    if (over.has(row)) folded += row.requests;
    renamed.push(over.has(row) ? rename(row) : row);
  });
  return { rows: yield* fold(renamed), folded };
}

/** The rows whose name isn't among the `max` busiest names of their group; `other` itself takes no place. */
function* overCap<Row extends Counted>(rows: readonly Row[], groupOf: (row: Row) => string, nameOf: (row: Row) => string, max: number): Steps<Set<Row>> {
  const groups = new Map<string, Map<string, number>>();
  yield* each(rows, (row) => {
    const group = groupOf(row);
    const weights = groups.get(group) ?? new Map<string, number>();
    groups.set(group, weights.set(nameOf(row), (weights.get(nameOf(row)) ?? 0) + row.requests));
  });
  const kept = new Map<string, Set<string>>();
  yield* each(groups, ([group, weights]) => void kept.set(group, busiest(weights, max)));
  const over = new Set<Row>();
  yield* each(rows, (row) => {
    if (nameOf(row) !== OTHER && !kept.get(groupOf(row))?.has(nameOf(row))) over.add(row);
  });
  return over;
}

function busiest(weights: ReadonlyMap<string, number>, max: number): Set<string> {
  const names = [...weights].filter(([name]) => name !== OTHER);
  if (names.length > max) names.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return new Set(names.slice(0, max).map(([name]) => name));
}

/** The quietest rows that have to go so that `max` rows remain, `others` of them being `other` rows. */
function* overCount<Row extends Counted>(rows: readonly Row[], max: number, others: number): Steps<Set<Row>> {
  if (rows.length <= max) return new Set();
  const ranked = yield* sorted(rows, (a, b) => b.requests - a.requests);
  return new Set(ranked.slice(Math.max(0, max - others)));
}
