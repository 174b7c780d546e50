/** The labels of edges and routes, their stable text keys, and which of the two views counts. Pure. */
import { DIRECTIONS, PROTOCOLS, TLS_STATES } from '../../proxy/wire/labels.ts';
import type { Direction, Protocol, TlsState } from '../../proxy/wire/labels.ts';

/** Labels of one edge row; `source` empty: a caller outside the mesh; `destination` empty: the request got no endpoint. */
export interface EdgeLabels {
  readonly direction: Direction;
  readonly source: string;
  readonly service: string;
  readonly destination: string;
  readonly protocol: Protocol;
  readonly tls: TlsState;
}

export interface RouteLabels {
  readonly direction: Direction;
  readonly service: string;
  readonly route: string;
}

/** Sums of one edge over a range; whole numbers. */
export interface EdgeTotal extends EdgeLabels {
  readonly requests: number;
  readonly failuresApp: number;
  readonly failuresMesh: number;
  readonly failuresClient: number;
}

/** `|` separates the labels of a key, so it and the escape itself are escaped. */
function escape(label: string): string {
  return label.replaceAll('%', '%25').replaceAll('|', '%7C');
}

function unescape(label: string): string {
  return label.replaceAll('%7C', '|').replaceAll('%25', '%');
}

function member<T extends string>(values: readonly T[], text: string | undefined): T | null {
  return values.find((value) => value === text) ?? null;
}

/** The edge's name in the database and in the API's topology. */
export function edgeKey(edge: EdgeLabels): string {
  return [edge.direction, escape(edge.source), escape(edge.service), escape(edge.destination), edge.protocol, edge.tls].join('|');
}

/** The labels in a key, or null when it is none. */
export function parseEdgeKey(key: string): EdgeLabels | null {
  const parts = key.split('|');
  const [direction, source, service, destination, protocol, tls] = parts;
  const known = { direction: member(DIRECTIONS, direction), protocol: member(PROTOCOLS, protocol), tls: member(TLS_STATES, tls) };
  if (parts.length !== 6 || !known.direction || !known.protocol || !known.tls) return null;
  return {
    direction: known.direction,
    source: unescape(source ?? ''),
    service: unescape(service ?? ''),
    destination: unescape(destination ?? ''),
    protocol: known.protocol,
    tls: known.tls,
  };
}

export function routeKey(route: RouteLabels): string {
  return [route.direction, escape(route.service), escape(route.route)].join('|');
}

export function parseRouteKey(key: string): RouteLabels | null {
  const parts = key.split('|');
  const direction = member(DIRECTIONS, parts[0]);
  if (parts.length !== 3 || !direction) return null;
  return { direction, service: unescape(parts[1] ?? ''), route: unescape(parts[2] ?? '') };
}

/** True for a row that stands for an edge: the caller's view where the caller is meshed, else the callee's. */
export function isEdgeView(row: Pick<EdgeLabels, 'direction' | 'tls' | 'source'>): boolean {
  return row.direction === 'outbound' || row.tls === 'plain' || row.source === '';
}

/** True where an exchange is a request; with `opaque` and `tls` it is a connection and stays out of request numbers. */
export function isRequestProtocol(protocol: Protocol): boolean {
  return protocol !== 'opaque' && protocol !== 'tls';
}

/** The namespace of a workload or service key; empty for an empty key. */
export function namespaceOf(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf('/')));
}

/** The last part of a workload or service key. */
export function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}
