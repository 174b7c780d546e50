/** Counts by route template: at most ROUTES_PER_SERVICE_MAX a service, values folded into `:id`, the rest in `other`. */
import type { ExchangeEnd } from '../exchange.ts';
import { TemplateFolds } from '../route/fold.ts';
import type { Direction, ServiceKey } from '../wire/labels.ts';
import { OTHER, ROUTES_PER_SERVICE_MAX, type RouteKey, type RouteRow } from '../wire/report.ts';
import { Deltas } from './counters.ts';
import { Responses, ROUTE_SERIES_MAX } from './cumulative.ts';

/** What `/metrics` shows of a route. */
export interface RouteSeries {
  readonly key: RouteKey;
  /** The service's port, 0 where it isn't known. */
  readonly port: number;
  requests: number;
  readonly responses: Responses;
}

export interface RouteCounts {
  readonly key: RouteKey;
  readonly deltas: Deltas;
  /** True for the row that takes what is over the cap. */
  readonly folds: boolean;
  /** Null for a route beyond ROUTE_SERIES_MAX. */
  readonly series: RouteSeries | null;
  /** Counted into since the last seal. */
  dirty: boolean;
}

/** The routes of one direction and service. */
export class ServiceRoutes {
  readonly direction: Direction;
  readonly service: ServiceKey;
  readonly rows = new Map<string, RouteCounts>();
  readonly folds = new TemplateFolds();
  /** The table is full, and no position is left to fold. */
  settled = false;

  constructor(direction: Direction, service: ServiceKey) {
    this.direction = direction;
    this.service = service;
  }
}

export class Routes {
  readonly shown = new Set<RouteSeries>();
  /** Positions of paths that turned out to be values, and routes that `/metrics` has no series for. */
  positionsFolded = 0;
  unshown = 0;
  #dirty: RouteCounts[] = [];

  /** Counts an exchange. Returns true when it had to go to `other`. */
  count(service: ServiceRoutes, port: number, route: string, end: ExchangeEnd): boolean {
    const row = this.#row(service, port, route);
    row.deltas.ended(end);
    row.deltas.bytes(end.bytesIn ?? 0, end.bytesOut ?? 0);
    if (row.series !== null) {
      row.series.requests += 1;
      row.series.responses.count(end);
    }
    if (!row.dirty) {
      row.dirty = true;
      this.#dirty.push(row);
    }
    return row.folds;
  }

  /** Ends the window. */
  seal(): RouteRow[] {
    const sealed = this.#dirty.map((row) => ({ ...row.key, ...row.deltas.take() }));
    for (const row of this.#dirty) row.dirty = false;
    this.#dirty = [];
    return sealed;
  }

  #row(service: ServiceRoutes, port: number, asked: string): RouteCounts {
    const known = service.rows.get(asked);
    if (known) return known;
    const route = service.folds.folded(asked);
    const folded = service.rows.get(route);
    if (folded) return folded;
    if (service.rows.size >= ROUTES_PER_SERVICE_MAX) return this.#rowOfFull(service, port, asked);
    if (!service.folds.learn(route)) return this.#add(service, port, route, false);
    this.#dropFolded(service);
    return this.#row(service, port, asked);
  }

  /** Room is made where many names stand at one position; where that doesn't help, `other` takes the exchange. */
  #rowOfFull(service: ServiceRoutes, port: number, asked: string): RouteCounts {
    if (!service.settled && service.folds.foldWidest()) {
      this.#dropFolded(service);
      return this.#row(service, port, asked);
    }
    service.settled = true;
    return service.rows.get(OTHER) ?? this.#add(service, port, OTHER, true);
  }

  /** Rows that are one now; what they counted in this window is still sealed with it. */
  #dropFolded(service: ServiceRoutes): void {
    this.positionsFolded += 1;
    for (const [route, { series }] of service.rows) {
      if (service.folds.folded(route) === route) continue;
      service.rows.delete(route);
      if (series !== null) this.shown.delete(series);
    }
  }

  #add(service: ServiceRoutes, port: number, route: string, folds: boolean): RouteCounts {
    const key: RouteKey = { direction: service.direction, service: service.service, route };
    const series = this.shown.size < ROUTE_SERIES_MAX ? { key, port, requests: 0, responses: new Responses() } : null;
    if (series === null) this.unshown += 1;
    else this.shown.add(series);
    const row = { key, deltas: new Deltas(), folds, dirty: false, series };
    service.rows.set(route, row);
    return row;
  }
}
