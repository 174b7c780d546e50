/** Rows as the columns of a cluster's window, names once in a dictionary. */
import { DIRECTIONS, PROTOCOLS, TLS_STATES } from '../../proxy/wire/labels.ts';
import type { Counters, EdgeRow, RouteRow } from '../../proxy/wire/report.ts';
import type { CounterColumns, EdgeColumns, RouteColumns } from '../wire/rollup.ts';

/** Index of each name in `strings`; the empty name is 0. */
export class Dictionary {
  readonly strings: string[] = [''];
  readonly #indexes = new Map([['', 0]]);

  indexOf(name: string): number {
    const known = this.#indexes.get(name);
    if (known !== undefined) return known;
    this.#indexes.set(name, this.strings.length);
    return this.strings.push(name) - 1;
  }
}

export function edgeColumns(rows: readonly EdgeRow[], names: Dictionary): EdgeColumns {
  return {
    direction: rows.map((row) => DIRECTIONS.indexOf(row.direction)),
    source: rows.map((row) => names.indexOf(row.source)),
    service: rows.map((row) => names.indexOf(row.service)),
    destination: rows.map((row) => names.indexOf(row.destination)),
    protocol: rows.map((row) => PROTOCOLS.indexOf(row.protocol)),
    tls: rows.map((row) => TLS_STATES.indexOf(row.tls)),
    ...counterColumns(rows),
    open: rows.some((row) => row.open !== undefined) ? rows.map((row) => row.open ?? 0) : undefined,
  } satisfies Record<keyof EdgeColumns, unknown>;
}

export function routeColumns(rows: readonly RouteRow[], names: Dictionary): RouteColumns {
  return {
    direction: rows.map((row) => DIRECTIONS.indexOf(row.direction)),
    service: rows.map((row) => names.indexOf(row.service)),
    route: rows.map((row) => names.indexOf(row.route)),
    ...counterColumns(rows),
  } satisfies Record<keyof RouteColumns, unknown>;
}

function counterColumns(rows: readonly Counters[]): CounterColumns {
  return {
    requests: rows.map((row) => row.requests),
    failuresApp: rows.map((row) => row.failuresApp),
    failuresMesh: rows.map((row) => row.failuresMesh),
    failuresClient: rows.map((row) => row.failuresClient),
    retries: rows.map((row) => row.retries),
    bytesIn: rows.map((row) => row.bytesIn),
    bytesOut: rows.map((row) => row.bytesOut),
    latency: rows.map((row) => row.latency),
    durationSumUs: rows.map((row) => row.durationSumUs),
    appSumUs: rows.map((row) => row.appSumUs),
    queueSumUs: rows.map((row) => row.queueSumUs),
  } satisfies Record<keyof Counters, unknown>;
}
