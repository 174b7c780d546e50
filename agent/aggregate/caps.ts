/** Keeps the number of names bounded: what is over a cap takes the name `other`, the quietest first. */
import { EDGES_PER_CLUSTER_MAX, ROUTES_PER_CLUSTER_MAX } from '../wire/rollup.ts';
import { OTHER, ROUTES_PER_SERVICE_MAX, SOURCES_PER_SERVICE_MAX } from '../../proxy/wire/report.ts';
import type { EdgeRow, RouteRow } from '../../proxy/wire/report.ts';
import { foldEdges, foldRoutes } from './rows.ts';

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

export function capEdges(rows: readonly EdgeRow[], limits: Limits): Capped<EdgeRow> {
  const noisy = overCap(rows, (row) => `${row.direction} ${row.service}`, (row) => row.source, limits.sourcesPerService);
  const bySource = foldOver(rows, noisy, (row) => ({ ...row, source: OTHER }), foldEdges);
  // One place is kept for each kind of `other` row, so that the cap holds after the folding.
  const kinds = new Set(rows.map((row) => `${row.direction} ${row.protocol} ${row.tls}`)).size;
  const over = overCount(bySource.rows, limits.edges, kinds);
  const byCluster = foldOver(bySource.rows, over, (row) => ({ ...row, source: OTHER, service: OTHER, destination: OTHER }), foldEdges);
  return { rows: byCluster.rows, folded: bySource.folded + byCluster.folded };
}

export function capRoutes(rows: readonly RouteRow[], limits: Limits): Capped<RouteRow> {
  const noisy = overCap(rows, (row) => `${row.direction} ${row.service}`, (row) => row.route, limits.routesPerService);
  const byService = foldOver(rows, noisy, (row) => ({ ...row, route: OTHER }), foldRoutes);
  const over = overCount(byService.rows, limits.routes, 2);
  const byCluster = foldOver(byService.rows, over, (row) => ({ ...row, service: OTHER, route: OTHER }), foldRoutes);
  return { rows: byCluster.rows, folded: byService.folded + byCluster.folded };
}

interface Counted {
  readonly requests: number;
}

function foldOver<Row extends Counted>(
  rows: readonly Row[],
  over: ReadonlySet<Row>,
  rename: (row: Row) => Row,
  fold: (rows: readonly Row[]) => Row[],
): Capped<Row> {
  if (over.size === 0) return { rows, folded: 0 };
  let folded = 0;
  for (const row of over) folded += row.requests;
  return { rows: fold(rows.map((row) => (over.has(row) ? rename(row) : row))), folded };
}

/** The rows whose name isn't among the `max` busiest names of their group; `other` itself takes no place. */
function overCap<Row extends Counted>(rows: readonly Row[], groupOf: (row: Row) => string, nameOf: (row: Row) => string, max: number): Set<Row> {
  const groups = new Map<string, Map<string, number>>();
  for (const row of rows) {
    const group = groupOf(row);
    const weights = groups.get(group) ?? new Map<string, number>();
    groups.set(group, weights.set(nameOf(row), (weights.get(nameOf(row)) ?? 0) + row.requests));
  }
  const kept = new Map([...groups].map(([group, weights]) => [group, busiest(weights, max)]));
  return new Set(rows.filter((row) => nameOf(row) !== OTHER && !kept.get(groupOf(row))?.has(nameOf(row))));
}

function busiest(weights: ReadonlyMap<string, number>, max: number): Set<string> {
  const names = [...weights].filter(([name]) => name !== OTHER);
  if (names.length > max) names.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return new Set(names.slice(0, max).map(([name]) => name));
}

/** The quietest rows that have to go so that `max` rows remain, `others` of them being `other` rows. */
function overCount<Row extends Counted>(rows: readonly Row[], max: number, others: number): Set<Row> {
  if (rows.length <= max) return new Set();
  const ranked = [...rows].sort((a, b) => b.requests - a.requests);
  return new Set(ranked.slice(Math.max(0, max - others)));
}
