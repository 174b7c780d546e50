/** A cluster's window as rows ready to pack: labels become keys, keys become ids, and rows go into parts. Pure. */
import type { ClusterWindow, CounterColumns } from '../../agent/wire/rollup.ts';
import { DIRECTIONS, PROTOCOLS, TLS_STATES } from '../../proxy/wire/labels.ts';
import { addPackedRow, classOf, packedRow } from '../rollup/chunk.ts';
import { edgeKey, isRequestProtocol, routeKey } from '../series/edge.ts';
import type { EdgeLabels } from '../series/edge.ts';
import { createRaw } from '../series/golden.ts';
import type { Raw } from '../series/golden.ts';
import { packRows, PART_ROWS_MAX } from './packed.ts';
import type { PackedRow } from './packed.ts';

export interface KeyedRow {
  readonly key: string;
  readonly row: Omit<PackedRow, 'entity'>;
  /** True for rows whose requests count in the cluster's own numbers. */
  readonly inboundRequests: boolean;
}

/** Rows that only say what is open have no history: they are kept by themselves. */
export function edgeRows(window: ClusterWindow): KeyedRow[] {
  return window.edges.requests.flatMap((_, at) => {
    const row = countersAt(window.edges, at);
    if ((window.edges.open?.[at] ?? 0) > 0 && isQuiet(row)) return [];
    const labels = edgeLabels(window, at);
    return [{ key: edgeKey(labels), row, inboundRequests: labels.direction === 'inbound' && isRequestProtocol(labels.protocol) }];
  });
}

function isQuiet({ requests, retries, bytesIn, bytesOut }: Omit<PackedRow, 'entity'>): boolean {
  return requests + retries + bytesIn + bytesOut === 0;
}

/** The labels of one edge row. */
export function edgeLabels(window: ClusterWindow, at: number): EdgeLabels {
  const { edges, strings } = window;
  return {
    direction: DIRECTIONS[edges.direction[at] ?? 0] ?? 'inbound',
    source: strings[edges.source[at] ?? 0] ?? '',
    service: strings[edges.service[at] ?? 0] ?? '',
    destination: strings[edges.destination[at] ?? 0] ?? '',
    protocol: PROTOCOLS[edges.protocol[at] ?? 0] ?? 'opaque',
    tls: TLS_STATES[edges.tls[at] ?? 0] ?? 'plain',
  };
}

export function routeRows(window: ClusterWindow): KeyedRow[] {
  const { routes, strings } = window;
  return routes.requests.map((_, at) => {
    const direction = DIRECTIONS[routes.direction[at] ?? 0] ?? 'inbound';
    const key = routeKey({ direction, service: strings[routes.service[at] ?? 0] ?? '', route: strings[routes.route[at] ?? 0] ?? '' });
    return { key, row: countersAt(routes, at), inboundRequests: false };
  });
}

function countersAt(columns: CounterColumns, at: number): Omit<PackedRow, 'entity'> {
  return {
    requests: columns.requests[at] ?? 0,
    failuresApp: columns.failuresApp[at] ?? 0,
    failuresMesh: columns.failuresMesh[at] ?? 0,
    failuresClient: columns.failuresClient[at] ?? 0,
    retries: columns.retries[at] ?? 0,
    bytesIn: columns.bytesIn[at] ?? 0,
    bytesOut: columns.bytesOut[at] ?? 0,
    latency: columns.latency[at] ?? [1],
    durationSumUs: columns.durationSumUs[at] ?? 0,
    appSumUs: columns.appSumUs[at] ?? 0,
    queueSumUs: columns.queueSumUs[at] ?? 0,
  };
}

export interface Part {
  readonly rows: number;
  readonly requests: number;
  readonly failures: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

/**
 * Rows in order of their ids, in parts of at most 256; one empty part for a window without rows, which says "nothing
 * happened" rather than "nothing is known". Rows with one id, as those over the cap of names have, become one.
 */
export function partsOf(rows: readonly KeyedRow[], ids: ReadonlyMap<string, number>): Part[] {
  const byId = [...Map.groupBy(rows, (row) => ids.get(row.key) ?? 0)].sort(([a], [b]) => a - b);
  const merged = byId.map(([entity, same]) => mergeRows(entity, same));
  const parts: Part[] = [];
  for (let at = 0; at === 0 || at < merged.length; at += PART_ROWS_MAX) parts.push(partOf(merged.slice(at, at + PART_ROWS_MAX)));
  return parts;
}

type Identified = KeyedRow & { readonly entity: number };

function mergeRows(entity: number, same: readonly KeyedRow[]): Identified {
  const [first] = same;
  if (first && same.length === 1) return { ...first, entity };
  const raw = createRaw();
  for (const { row } of same) addPackedRow(raw, { ...row, entity });
  return { key: first?.key ?? '', entity, inboundRequests: same.some((row) => row.inboundRequests), row: packedRow(entity, raw) };
}

function partOf(rows: readonly Identified[]): Part {
  const counted = rows.filter((row) => row.inboundRequests);
  return {
    rows: rows.length,
    requests: counted.reduce((sum, { row }) => sum + row.requests, 0),
    failures: counted.reduce((sum, { row }) => sum + row.failuresApp + row.failuresMesh, 0),
    data: packRows(rows.map(({ row, entity }) => ({ ...row, entity }))),
  };
}

/** The cluster's inbound view of a window, a row per class: what an overview reads instead of its edges. */
export function sumPart(window: ClusterWindow): Part {
  const byClass = new Map<number, Raw>();
  for (let at = 0; at < window.edges.requests.length; at++) {
    const labels = edgeLabels(window, at);
    if (labels.direction !== 'inbound') continue;
    const kind = classOf(labels);
    const raw = byClass.get(kind) ?? createRaw();
    addPackedRow(raw, { ...countersAt(window.edges, at), entity: kind });
    byClass.set(kind, raw);
  }
  return { rows: byClass.size, requests: 0, failures: 0, data: packRows([...byClass].map(([kind, raw]) => packedRow(kind, raw))) };
}
