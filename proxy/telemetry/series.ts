/**
 * The Recorder: a row of deltas per edge and per route for the current window, beside the counters of `/metrics`.
 * Rows live as long as the process; what is over a cap is counted in a row named `other`.
 */
import type { ExchangeEnd } from '../exchange.ts';
import {
  OTHER,
  ROUTES_PER_SERVICE_MAX,
  SOURCES_PER_SERVICE_MAX,
  type EdgeKey,
  type EdgeRow,
  type RouteKey,
  type RouteRow,
} from '../wire/report.ts';
import { Deltas } from './counters.ts';
import { LabelledSeries, SERIES_MAX, type TransportSeries } from './cumulative.ts';
import type { EdgeFacts, EdgeHandle, Recorder, RefusalReason } from './recorder.ts';

/** Edge rows of one proxy: some hundred services with their workloads; a row takes 1 KiB. */
export const EDGES_PER_PROXY_MAX = 4_000;

/** What a window holds when it ends. */
export interface SealedRows {
  readonly edges: readonly EdgeRow[];
  readonly routes: readonly RouteRow[];
  /** Exchanges that a cap put into a row named `other`. */
  readonly folded: number;
}

interface Row<Key> {
  readonly key: Key;
  readonly deltas: Deltas;
  /** True for a row that takes what is over a cap. */
  readonly folds: boolean;
  /** Counted into since the last seal. */
  dirty: boolean;
}

/** What is counted per direction and service. */
interface ServiceRows {
  readonly sources: Set<string>;
  readonly routes: Map<string, Row<RouteKey>>;
}

interface Handle extends EdgeHandle {
  readonly row: Row<EdgeKey>;
  readonly service: ServiceRows;
  readonly series: LabelledSeries;
  /** The callee's proxy counts routes only of callers that have no proxy: those that have one count them themselves. */
  readonly routes: boolean;
  readonly http: boolean;
}

const NO_FACTS: EdgeFacts = {};

function keyString(key: EdgeKey): string {
  return `${key.direction} ${key.protocol} ${key.tls} ${key.source} ${key.service} ${key.destination}`;
}

function factsString(facts: EdgeFacts): string {
  return `${facts.peer ?? ''} ${facts.target?.host ?? ''} ${facts.target?.port ?? ''}`;
}

export class Series implements Recorder {
  readonly labelled = new Map<string, LabelledSeries>();
  readonly transports = new Map<string, TransportSeries>();
  readonly refusals = new Map<string, { readonly direction: 'inbound' | 'outbound'; readonly reason: RefusalReason; count: number }>();
  /** Exchanges that a cap folded, since the start. */
  foldedTotal = 0;
  readonly #handles = new Map<string, Handle>();
  readonly #edges = new Map<string, Row<EdgeKey>>();
  readonly #services = new Map<string, ServiceRows>();
  #dirtyEdges: Row<EdgeKey>[] = [];
  #dirtyRoutes: Row<RouteKey>[] = [];
  #foldedWindow = 0;

  edge(asked: EdgeKey, facts: EdgeFacts = NO_FACTS): EdgeHandle {
    const id = `${keyString(asked)} ${factsString(facts)}`;
    const known = this.#handles.get(id);
    if (known) return known;
    const row = this.#edgeRow(asked);
    const handle: Handle = {
      key: row.key,
      row,
      service: this.#serviceRows(row.key),
      series: this.#labelledSeries(row, facts),
      routes: row.key.direction === 'outbound' || row.key.tls === 'plain',
      http: row.key.protocol !== 'opaque' && row.key.protocol !== 'tls',
    };
    if (this.#handles.size < EDGES_PER_PROXY_MAX) this.#handles.set(id, handle);
    return handle;
  }

  bytes(handle: EdgeHandle, bytesIn: number, bytesOut: number): void {
    const { row, series } = handle as Handle;
    this.#touchEdge(row);
    row.deltas.bytes(bytesIn, bytesOut);
    series.bytesIn += bytesIn;
    series.bytesOut += bytesOut;
  }

  began(handle: EdgeHandle): void {
    const { series, http } = handle as Handle;
    series.open += 1;
    if (http) series.requests += 1;
  }

  ended(handle: EdgeHandle, end: ExchangeEnd): void {
    const { row, series, service, routes } = handle as Handle;
    this.#touchEdge(row);
    row.deltas.ended(end);
    series.ended(end);
    let folded = row.folds;
    if (routes && end.route !== null) {
      const route = this.#routeRow(service, row.key, end.route);
      this.#touchRoute(route);
      route.deltas.ended(end);
      folded ||= route.folds;
    }
    if (!folded) return;
    this.#foldedWindow += 1;
    this.foldedTotal += 1;
  }

  refused(direction: 'inbound' | 'outbound', reason: RefusalReason): void {
    const id = `${direction} ${reason}`;
    const known = this.refusals.get(id);
    if (known) known.count += 1;
    else this.refusals.set(id, { direction, reason, count: 1 });
  }

  connection(direction: 'inbound' | 'outbound', peer: 'src' | 'dst', change: 1 | -1): void {
    const id = `${direction} ${peer}`;
    let transport = this.transports.get(id);
    if (!transport) {
      transport = { direction, peer, opened: 0, closed: 0 };
      this.transports.set(id, transport);
    }
    if (change === 1) transport.opened += 1;
    else transport.closed += 1;
  }

  /** Ends the window: its rows with something in them, or null when nothing was counted. */
  seal(): SealedRows | null {
    if (this.#dirtyEdges.length === 0) return null;
    const sealed: SealedRows = {
      edges: this.#dirtyEdges.map((row) => ({ ...row.key, ...row.deltas.take() })),
      routes: this.#dirtyRoutes.map((row) => ({ ...row.key, ...row.deltas.take() })),
      folded: this.#foldedWindow,
    };
    for (const row of this.#dirtyEdges) row.dirty = false;
    for (const row of this.#dirtyRoutes) row.dirty = false;
    this.#dirtyEdges = [];
    this.#dirtyRoutes = [];
    this.#foldedWindow = 0;
    return sealed;
  }

  #touchEdge(row: Row<EdgeKey>): void {
    if (row.dirty) return;
    row.dirty = true;
    this.#dirtyEdges.push(row);
  }

  #touchRoute(row: Row<RouteKey>): void {
    if (row.dirty) return;
    row.dirty = true;
    this.#dirtyRoutes.push(row);
  }

  #edgeRow(asked: EdgeKey): Row<EdgeKey> {
    const known = this.#edges.get(keyString(asked));
    if (known) return known;
    const key = this.#withinCaps(asked);
    const id = keyString(key);
    const row = this.#edges.get(id) ?? { key, deltas: new Deltas(), folds: key !== asked, dirty: false };
    this.#edges.set(id, row);
    return row;
  }

  #withinCaps(asked: EdgeKey): EdgeKey {
    if (this.#edges.size >= EDGES_PER_PROXY_MAX) return { ...asked, source: OTHER, service: OTHER, destination: OTHER };
    const { sources } = this.#serviceRows(asked);
    if (!sources.has(asked.source) && sources.size >= SOURCES_PER_SERVICE_MAX) return { ...asked, source: OTHER };
    sources.add(asked.source);
    return asked;
  }

  /** At most as many as there are edge rows. */
  #serviceRows(key: EdgeKey): ServiceRows {
    const id = `${key.direction} ${key.service}`;
    const rows = this.#services.get(id) ?? { sources: new Set<string>(), routes: new Map<string, Row<RouteKey>>() };
    this.#services.set(id, rows);
    return rows;
  }

  #routeRow(service: ServiceRows, edge: EdgeKey, asked: string): Row<RouteKey> {
    const known = service.routes.get(asked) ?? (service.routes.size > ROUTES_PER_SERVICE_MAX ? service.routes.get(OTHER) : undefined);
    if (known) return known;
    const folds = service.routes.size >= ROUTES_PER_SERVICE_MAX;
    const route = folds ? OTHER : asked;
    const key: RouteKey = { direction: edge.direction, service: edge.service, route };
    const row = { key, deltas: new Deltas(), folds, dirty: false };
    service.routes.set(route, row);
    return row;
  }

  #labelledSeries(row: Row<EdgeKey>, facts: EdgeFacts): LabelledSeries {
    const { direction, protocol, tls } = row.key;
    const own = `${keyString(row.key)} ${factsString(facts)}`;
    const full = !this.labelled.has(own) && this.labelled.size >= SERIES_MAX;
    const id = full ? `other ${direction} ${protocol} ${tls}` : own;
    const known = this.labelled.get(id);
    if (known) return known;
    const key: EdgeKey = full ? { direction, protocol, tls, source: OTHER, service: OTHER, destination: OTHER } : row.key;
    const series = new LabelledSeries(key, full ? NO_FACTS : facts);
    this.labelled.set(id, series);
    return series;
  }
}
