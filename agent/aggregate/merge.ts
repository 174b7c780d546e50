/** Many proxies' windows of one tick → the cluster's window. */
import type { ProxyWindow } from '../../proxy/wire/report.ts';
import type { ClusterWindow } from '../wire/rollup.ts';
import { capEdges, capRoutes, LIMITS } from './caps.ts';
import type { Limits } from './caps.ts';
import { Dictionary, edgeColumns, routeColumns } from './columns.ts';
import { foldEdges, foldRoutes } from './rows.ts';
import { type Steps, finish } from './steps.ts';

export interface Merged {
  readonly windows: readonly ClusterWindow[];
  /** Exchanges folded into `other` by a cap of the cluster. */
  readonly folded: number;
}

/** Merges windows, one cluster window a tick in the order of time. The result doesn't depend on their order. */
export function mergeWindows(windows: readonly ProxyWindow[], lengthMs: number, limits: Limits = LIMITS): Merged {
  return finish(mergeSteps(windows, lengthMs, limits));
}

/** The same in small steps: a large cluster's windows take the better part of a second. */
export function* mergeSteps(windows: readonly ProxyWindow[], lengthMs: number, limits: Limits = LIMITS): Steps<Merged> {
  const byTick = Map.groupBy(windows, (window) => window.tick);
  const ticks = [...byTick].sort(([a], [b]) => a - b);
  const merged: MergedTick[] = [];
  for (const [tick, ofTick] of ticks) {
    merged.push(yield* mergeTick(ofTick, tick * lengthMs, lengthMs, limits));
    yield;
  }
  return { windows: merged.map(({ window }) => window), folded: merged.reduce((sum, { folded }) => sum + folded, 0) };
}

interface MergedTick {
  readonly window: ClusterWindow;
  readonly folded: number;
}

function* mergeTick(windows: readonly ProxyWindow[], startMs: number, lengthMs: number, limits: Limits): Steps<MergedTick> {
  const edges = yield* capEdges(yield* foldEdges(windows.flatMap((window) => window.edges)), limits);
  const routes = yield* capRoutes(yield* foldRoutes(windows.flatMap((window) => window.routes)), limits);
  const names = new Dictionary();
  const columns = { edges: edgeColumns(edges.rows, names), routes: routeColumns(routes.rows, names) };
  const proxies = new Set(windows.map((window) => window.instance)).size;
  return { window: { startMs, lengthMs, strings: names.strings, ...columns, proxies }, folded: edges.folded + routes.folded };
}
