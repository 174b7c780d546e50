/** What a test says to a data path that runs in a process of its own, and what it hears. */
import type { ExchangeEnd } from '../exchange.ts';
import type { Leaf } from '../identity/credentials.ts';
import type { ProxyOrders } from '../wire/orders.ts';
import type { EdgeKey } from '../wire/report.ts';

export type HostCommand =
  | { readonly kind: 'apply'; readonly orders: ProxyOrders }
  | { readonly kind: 'leaf'; readonly leaf: Leaf | null }
  | { readonly kind: 'facts' }
  /** Facts behind a garbage collection, with what it left. */
  | { readonly kind: 'collect' }
  | { readonly kind: 'drain'; readonly limitMs: number };

export interface HostRow {
  readonly key: EdgeKey;
  readonly began: number;
  readonly ends: readonly ExchangeEnd[];
  /** Attempts that others followed. */
  readonly attempts: readonly ExchangeEnd[];
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface HostFacts {
  readonly rows: readonly HostRow[];
  /** By `direction reason`. */
  readonly refusals: Readonly<Record<string, number>>;
  /** Open now, by `direction peer`. */
  readonly connections: Readonly<Record<string, number>>;
  readonly open: { readonly connections: number; readonly exchanges: number };
  readonly ready: boolean;
  readonly residentBytes: number;
  readonly cpuUs: number;
  /** Objects of the runtime by its own classes; only of `collect`. */
  readonly objects: Readonly<Record<string, number>>;
}
