/** Windows of history: what both proxies of every edge would have counted in a minute or an hour. Pure. */
import { DIRECTIONS, PROTOCOLS, TLS_STATES } from '../../proxy/wire/labels.ts';
import type { HistoryWindow } from '../../cloud/wire/history.ts';
import { type Shape, pour, shapeOf } from './latency.ts';
import { type Condition, type Flow, type MeshModel, type Trouble, conditions, flowsOf } from './model.ts';
import { noise, randomAt, rhythm } from './rhythm.ts';

/** Something that was wrong with a service from when to when. */
export interface PastTrouble {
  readonly service: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly trouble: Trouble;
}

export interface WindowInput {
  readonly model: MeshModel;
  readonly seed: number;
  /** End of the history: its load there is the model's, so that measured data goes on from it. */
  readonly endMs: number;
  readonly troubles: readonly PastTrouble[];
}

/** A service's condition with the latencies that its callee's and its callers' proxies see. */
interface Seen extends Condition {
  readonly inbound: Shape;
  readonly outbound: Shape;
}

/** What all windows share: flows, and conditions by the troubles that are on. */
export interface WindowPlan extends WindowInput {
  readonly flows: readonly Flow[];
  seen(active: readonly PastTrouble[]): ReadonlyMap<string, Seen>;
}

export function planWindows(input: WindowInput): WindowPlan {
  const known = new Map<string, ReadonlyMap<string, Seen>>();
  const see = (active: readonly PastTrouble[]): ReadonlyMap<string, Seen> => {
    const found = conditions(input.model, new Map(active.map((past) => [past.service, past.trouble])));
    return new Map([...found].map(([service, condition]) => [service, {
      ...condition, inbound: shapeOf(condition.medianMs, condition.sigma), outbound: shapeOf(condition.medianMs + HOP_MS, condition.sigma),
    }]));
  };
  return {
    ...input,
    flows: flowsOf(input.model),
    seen: (active) => {
      const key = active.map((past) => `${past.service} ${past.fromMs}`).join();
      const held = known.get(key) ?? see(active);
      known.set(key, held);
      return held;
    },
  };
}

/** An hour's window is made of pieces of this length, since a trouble is shorter than an hour. */
const PIECE_MS = 300_000;
/** Network and proxies between caller and callee. */
const HOP_MS = 0.4;
const QUEUE_US = 25;
/** A proxy that finds no endpoint answers at once. */
const REFUSED = shapeOf(HOP_MS, 0.3);

type Counter = 'requests' | 'failuresApp' | 'failuresMesh' | 'failuresClient' | 'retries' | 'bytesIn' | 'bytesOut' | 'durationSumUs' | 'appSumUs' | 'queueSumUs';
type Counts = Record<Counter, number> & { histogram: number[] };

interface Row {
  readonly labels: readonly number[];
  readonly counts: Counts;
}

export function makeWindow(plan: WindowPlan, startMs: number, lengthMs: HistoryWindow['lengthMs']): HistoryWindow {
  const pieces = lengthMs > PIECE_MS ? lengthMs / PIECE_MS : 1;
  const rows = { edges: new Map<string, Row>(), routes: new Map<string, Row>() };
  const names = dictionary();
  for (let piece = 0; piece < pieces; piece++) addPiece(plan, startMs + piece * (lengthMs / pieces), lengthMs / pieces, names, rows);
  const [edges, routes] = [[...rows.edges.values()], [...rows.routes.values()]];
  const labels = (list: readonly Row[], at: number): number[] => list.map((row) => row.labels[at] ?? 0);
  return {
    startMs, lengthMs, strings: names.strings,
    edges: { direction: labels(edges, 0), source: labels(edges, 1), service: labels(edges, 2), destination: labels(edges, 3), protocol: labels(edges, 4), tls: labels(edges, 5), ...columns(edges) },
    routes: { direction: labels(routes, 0), service: labels(routes, 1), route: labels(routes, 2), ...columns(routes) },
  };
}

interface Dictionary {
  readonly strings: string[];
  index(text: string): number;
}

function dictionary(): Dictionary {
  const strings = [''];
  const known = new Map([['', 0]]);
  return {
    strings,
    index: (text) => {
      const at = known.get(text) ?? strings.push(text) - 1;
      known.set(text, at);
      return at;
    },
  };
}

type Rows = { readonly edges: Map<string, Row>; readonly routes: Map<string, Row> };

function addPiece(plan: WindowPlan, startMs: number, lengthMs: number, names: Dictionary, rows: Rows): void {
  const { model, seed } = plan;
  const state = plan.seen(plan.troubles.filter((past) => past.fromMs < startMs + lengthMs && past.toMs > startMs));
  const random = randomAt(seed + 2, startMs);
  const entering = model.entry.requestsPerSecond * (lengthMs / 1000) * (rhythm(startMs) / rhythm(plan.endMs)) * noise(seed, startMs);
  for (const flow of plan.flows) {
    const condition = state.get(flow.callee.service);
    const calls = vary(entering * flow.perEntry, random);
    if (condition && calls > 0) addFlow(flow, calls, condition, random, names, rows);
  }
}

/** A whole number about the mean, with the spread of independent arrivals. */
function vary(mean: number, random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.max(0, Math.floor(mean + Math.sqrt(mean) * normal + random()));
}

function addFlow(flow: Flow, calls: number, condition: Seen, random: () => number, names: Dictionary, rows: Rows): void {
  const unreached = Math.min(calls, condition.meshShare === 0 ? 0 : vary(calls * condition.meshShare, random));
  const reached = calls - unreached;
  const failed = Math.min(reached, vary(reached * condition.appShare, random));
  const inbound = counted(reached, failed, 0, condition.inbound, random, true);
  const { caller, callee } = flow;
  if (caller === null) {
    add(rows.edges, edgeLabels(names, 'inbound', '', callee.service, callee.workload, callee.protocol, 'plain'), inbound);
    return addRoute(rows, names, 'inbound', flow, inbound);
  }
  const outbound = counted(reached, failed, 0, condition.outbound, random, false);
  add(rows.edges, edgeLabels(names, 'inbound', caller.workload, callee.service, callee.workload, callee.protocol, 'mtls'), inbound);
  add(rows.edges, edgeLabels(names, 'outbound', caller.workload, callee.service, callee.workload, callee.protocol, 'mtls'), outbound);
  addRoute(rows, names, 'outbound', flow, outbound);
  // Without an endpoint there is no destination.
  if (unreached > 0) add(rows.edges, edgeLabels(names, 'outbound', caller.workload, callee.service, '', callee.protocol, 'plain'), counted(unreached, 0, unreached, REFUSED, random, false));
}

function addRoute(rows: Rows, names: Dictionary, direction: 'inbound' | 'outbound', flow: Flow, counts: Counts): void {
  if (flow.route !== '') add(rows.routes, [DIRECTIONS.indexOf(direction), names.index(flow.callee.service), names.index(flow.route)], counts);
}

function edgeLabels(
  names: Dictionary, direction: (typeof DIRECTIONS)[number], source: string, service: string, destination: string, protocol: (typeof PROTOCOLS)[number], tls: (typeof TLS_STATES)[number],
): number[] {
  return [DIRECTIONS.indexOf(direction), names.index(source), names.index(service), names.index(destination), PROTOCOLS.indexOf(protocol), TLS_STATES.indexOf(tls)];
}

function counted(requests: number, failuresApp: number, failuresMesh: number, shape: Shape, random: () => number, inbound: boolean): Counts {
  const { histogram, sumUs } = pour(requests, shape, random());
  const durationSumUs = Math.round(sumUs * 1.02);
  return {
    requests, failuresApp, failuresMesh, failuresClient: 0, retries: 0,
    bytesIn: Math.round(requests * (280 + 60 * random())), bytesOut: Math.round(requests * (900 + 300 * random())),
    durationSumUs, appSumUs: inbound ? Math.round(sumUs * 0.96) : 0, queueSumUs: Math.min(durationSumUs, requests * QUEUE_US), histogram,
  };
}

function add(rows: Map<string, Row>, labels: readonly number[], counts: Counts): void {
  const key = labels.join();
  const held = rows.get(key);
  if (!held) {
    rows.set(key, { labels, counts: { ...counts } });
    return;
  }
  for (const name of COUNTER_NAMES) held.counts[name] += counts[name];
  held.counts.histogram = merged(held.counts.histogram, counts.histogram);
}

const COUNTER_NAMES: readonly Counter[] = ['requests', 'failuresApp', 'failuresMesh', 'failuresClient', 'retries', 'bytesIn', 'bytesOut', 'durationSumUs', 'appSumUs', 'queueSumUs'];

/** Two sparse histograms as one. */
function merged(a: readonly number[], b: readonly number[]): number[] {
  const counts = new Map<number, number>();
  for (const sparse of [a, b]) {
    let bucket = 0;
    for (let at = 1; at < sparse.length; at += 2) {
      bucket += sparse[at] ?? 0;
      counts.set(bucket, (counts.get(bucket) ?? 0) + (sparse[at + 1] ?? 0));
    }
  }
  const histogram = [a[0] ?? 1];
  let previous = 0;
  for (const [bucket, count] of [...counts].sort(([x], [y]) => x - y)) {
    histogram.push(bucket - previous, count);
    previous = bucket;
  }
  return histogram;
}

function columns(rows: readonly Row[]): Record<Counter, number[]> & { latency: number[][] } {
  const column = (name: Counter): number[] => rows.map((row) => row.counts[name]);
  return { ...(Object.fromEntries(COUNTER_NAMES.map((name) => [name, column(name)])) as Record<Counter, number[]>), latency: rows.map((row) => row.counts.histogram) };
}
