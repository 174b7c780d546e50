/**
 * The Recorder: a row of deltas per edge and per route for the current window, beside the counters of `/metrics`.
 * Rows live as long as the process; what is over a cap is counted in a row named `other`.
 */
import type { ExchangeEnd } from '../exchange.ts';
import {
  OTHER,
  SOURCES_PER_SERVICE_MAX,
  type EdgeKey,
  type EdgeRow,
  type RouteRow,
} from '../wire/report.ts';
import { Deltas } from './counters.ts';
import { LabelledSeries, SERIES_MAX, TRANSPORTS_MAX, type TransportSeries } from './cumulative.ts';
import { type DECLARED, type DetectedPort, type DetectResult, Detections } from './detections.ts';
import { ServerNames } from './server-names.ts';
import { ParentSeries, QueueSeries } from './parents.ts';
import { Routes, ServiceRoutes } from './routes.ts';
import type { EdgeFacts, EdgeHandle, Recorder, RefusalReason, TransportFacts } from './recorder.ts';


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
  /** Exchanges under way. */
  open: number;
}

/** What is counted per direction and service. */
interface ServiceRows {
  readonly sources: Set<string>;
  readonly routes: ServiceRoutes;
}

interface Handle extends EdgeHandle {
  readonly row: Row<EdgeKey>;
  readonly service: ServiceRows;
  readonly series: LabelledSeries;
  /** Null for what is no HTTP. */
  readonly parent: ParentSeries | null;
  /** An endpoint was called, or the app. */
  readonly backend: boolean;
  /** The callee's proxy counts routes only of callers that have no proxy: those that have one count them themselves. */
  readonly routes: boolean;
  readonly http: boolean;
}

const NO_FACTS: EdgeFacts = {};

function keyString(key: EdgeKey): string {
  return `${key.direction} ${key.protocol} ${key.tls} ${key.source} ${key.service} ${key.destination}`;
}

function factsString(facts: EdgeFacts): string {
  return `${facts.peer ?? ''} ${facts.target?.host ?? ''} ${facts.target?.port ?? ''} ${facts.port ?? ''} ${facts.instance ?? ''} ${facts.zone ?? ''}`;
}

/** Rows that look the same on `/metrics` share a series: it shows no source, no protocol, and inbound no service. */
function labelsString({ direction, tls, service, destination }: EdgeKey, facts: EdgeFacts): string {
  const whom = direction === 'outbound' ? `${service} ${destination}` : '';
  return `${direction} ${tls} ${whom} ${factsString(facts)}`;
}

export class Series implements Recorder {
  readonly labelled = new Map<string, LabelledSeries>();
  /** As many as services and ports, twice for those with gRPC. */
  readonly parents = new Map<string, ParentSeries>();
  readonly queues = new Map<string, QueueSeries>();
  readonly routes = new Routes();
  readonly detections = new Detections();
  readonly transports = new Map<string, TransportSeries>();
  readonly serverNames = new ServerNames();
  readonly refusals = new Map<string, { readonly direction: 'inbound' | 'outbound'; readonly reason: RefusalReason; count: number }>();
  /** Exchanges that a cap folded, since the start. */
  foldedTotal = 0;
  readonly #handles = new Map<string, Handle>();
  readonly #edges = new Map<string, Row<EdgeKey>>();
  readonly #services = new Map<string, ServiceRows>();
  #dirtyEdges: Row<EdgeKey>[] = [];
  /** Rows with exchanges under way, and some that had them since the last seal. */
  readonly #openEdges = new Set<Row<EdgeKey>>();
  #foldedWindow = 0;

  edge(asked: EdgeKey, facts: EdgeFacts = NO_FACTS): EdgeHandle {
    const id = `${keyString(asked)} ${factsString(facts)}`;
    const known = this.#handles.get(id);
    if (known) return known;
    const row = this.#edgeRow(asked);
    const http = row.key.protocol !== 'opaque' && row.key.protocol !== 'tls';
    const handle: Handle = {
      key: row.key,
      row,
      service: this.#serviceRows(row.key),
      series: this.#labelledSeries(row, facts),
      parent: http ? this.#parentSeries(row.key, facts) : null,
      backend: row.key.direction === 'inbound' || row.key.destination !== '',
      routes: row.key.direction === 'outbound' || row.key.tls === 'plain',
      http,
    };
    if (this.#handles.size < EDGES_PER_PROXY_MAX) this.#handles.set(id, handle);
    return handle;
  }

  /** What a row was asked for with. */
  factsOf(handle: EdgeHandle): EdgeFacts {
    return (handle as Handle).series.facts;
  }

  bytes(handle: EdgeHandle, bytesIn: number, bytesOut: number): void {
    const { row, series } = handle as Handle;
    this.#touchEdge(row);
    row.deltas.bytes(bytesIn, bytesOut);
    series.bytesIn += bytesIn;
    series.bytesOut += bytesOut;
  }

  began(handle: EdgeHandle): void {
    const { row, series, parent, backend } = handle as Handle;
    series.open += 1;
    row.open += 1;
    this.#openEdges.add(row);
    if (parent === null) series.connections += 1;
    else {
      series.requests += 1;
      parent.began(backend);
    }
  }

  attempted(handle: EdgeHandle, end: ExchangeEnd): void {
    const { row, series, parent } = handle as Handle;
    row.open -= 1;
    series.ended(end);
    parent?.attempted(end);
  }

  ended(handle: EdgeHandle, end: ExchangeEnd): void {
    const { row, series, service, routes, parent, backend } = handle as Handle;
    this.#touchEdge(row);
    row.open -= 1;
    row.deltas.ended(end);
    series.ended(end);
    parent?.ended(end, backend);
    let folded = row.folds;
    if (routes && end.route !== null) {
      const { facts } = series;
      if (this.routes.count(service.routes, facts.port ?? facts.target?.port ?? 0, end.route, end)) folded = true;
    }
    if (!folded) return;
    this.#foldedWindow += 1;
    this.foldedTotal += 1;
  }

  passedThrough(direction: 'inbound' | 'outbound', serverName: string | null): void {
    this.serverNames.count(direction, serverName);
  }

  detected(port: DetectedPort, result: DetectResult, tookUs: number): void {
    this.detections.detected(port, result, tookUs);
  }

  dialled(service: string, port: number, protocol: keyof typeof DECLARED): void {
    this.detections.dialled(service, port, protocol);
  }

  refused(direction: 'inbound' | 'outbound', reason: RefusalReason): void {
    const id = `${direction} ${reason}`;
    const known = this.refusals.get(id);
    if (known) known.count += 1;
    else this.refusals.set(id, { direction, reason, count: 1 });
  }

  connection(direction: 'inbound' | 'outbound', peer: 'src' | 'dst', change: 1 | -1, facts: TransportFacts | null = null): void {
    const transport = this.#transport(direction, peer, facts);
    if (change === 1) transport.opened += 1;
    else transport.closed += 1;
  }

  /** Ends the window: its rows with something in them and, unless told otherwise, those under way; null when there are none. */
  seal(withOpen = true): SealedRows | null {
    for (const row of this.#openEdges) {
      if (row.open > 0 && withOpen) this.#touchEdge(row);
      else if (row.open > 0) continue;
      else this.#openEdges.delete(row);
    }
    if (this.#dirtyEdges.length === 0) return null;
    const sealed: SealedRows = {
      edges: this.#dirtyEdges.map((row) => ({ ...row.key, ...row.deltas.take(), ...(row.open > 0 ? { open: row.open } : {}) })),
      routes: this.routes.seal(),
      folded: this.#foldedWindow,
    };
    for (const row of this.#dirtyEdges) row.dirty = false;
    this.#dirtyEdges = [];
    this.#foldedWindow = 0;
    return sealed;
  }

  #touchEdge(row: Row<EdgeKey>): void {
    if (row.dirty) return;
    row.dirty = true;
    this.#dirtyEdges.push(row);
  }

  #edgeRow(asked: EdgeKey): Row<EdgeKey> {
    const known = this.#edges.get(keyString(asked));
    if (known) return known;
    const key = this.#withinCaps(asked);
    const id = keyString(key);
    const row = this.#edges.get(id) ?? { key, deltas: new Deltas(), folds: key !== asked, dirty: false, open: 0 };
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
    const known = this.#services.get(id);
    if (known) return known;
    const rows: ServiceRows = { sources: new Set(), routes: new ServiceRoutes(key.direction, key.service) };
    this.#services.set(id, rows);
    return rows;
  }

  #labelledSeries(row: Row<EdgeKey>, facts: EdgeFacts): LabelledSeries {
    const { direction, protocol, tls } = row.key;
    const own = labelsString(row.key, facts);
    const full = !this.labelled.has(own) && this.labelled.size >= SERIES_MAX;
    const id = full ? `other ${direction} ${tls}` : own;
    const known = this.labelled.get(id);
    if (known) return known;
    const key: EdgeKey = full ? { direction, protocol, tls, source: OTHER, service: OTHER, destination: OTHER } : row.key;
    const series = new LabelledSeries(key, full ? NO_FACTS : facts);
    this.labelled.set(id, series);
    return series;
  }

  #parentSeries({ direction, service, protocol }: EdgeKey, facts: EdgeFacts): ParentSeries {
    const key = {
      direction,
      grpc: protocol === 'grpc',
      service: direction === 'outbound' ? service : '',
      port: (direction === 'outbound' ? facts.port : facts.target?.port) ?? 0,
    };
    const queueId = `${direction} ${key.service} ${key.port}`;
    const id = `${queueId} ${key.grpc}`;
    const known = this.parents.get(id);
    if (known) return known;
    const queue = this.queues.get(queueId) ?? new QueueSeries(key);
    this.queues.set(queueId, queue);
    const series = new ParentSeries(key, queue);
    this.parents.set(id, series);
    return series;
  }

  #transport(direction: 'inbound' | 'outbound', peer: 'src' | 'dst', asked: TransportFacts | null): TransportSeries {
    // The app's end is loopback, and nothing more is said of it.
    const facts = (direction === 'outbound') === (peer === 'src') ? null : asked;
    const own = `${direction} ${peer} ${facts === null ? '' : `${facts.tls} ${facts.service ?? ''} ${facts.destination ?? ''} ${factsString(facts)}`}`;
    const full = !this.transports.has(own) && this.transports.size >= TRANSPORTS_MAX;
    const id = full ? `${direction} ${peer} ` : own;
    const known = this.transports.get(id);
    if (known) return known;
    const transport: TransportSeries = { direction, peer, facts: full ? null : facts, opened: 0, closed: 0 };
    this.transports.set(id, transport);
    return transport;
  }
}
