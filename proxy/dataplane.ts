/** The contract between the data path (listeners, forwarding) and the rest of the proxy (control, identity, admin). */
import type { ProxyOrders } from './wire/orders.ts';
import type { Balancer } from './balance/balancer.ts';
import type { Credentials } from './identity/credentials.ts';
import type { Recorder } from './telemetry/recorder.ts';

export interface DataplaneParts {
  readonly recorder: Recorder;
  readonly credentials: Credentials;
  /** One balancer per outbound listener. */
  readonly createBalancer: () => Balancer;
  /** Monotonic µs. */
  readonly nowUs: () => number;
  readonly random: () => number;
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string, facts?: Record<string, unknown>) => void;
}

/** The proxy's listeners and all that flows through them. */
export interface Dataplane {
  /**
   * Puts orders in force: opens, keeps and closes listeners, updates endpoints; unchanged parts are untouched and no
   * request in flight fails. Returns one line for each listener that could not be opened (port in use …).
   */
  apply(orders: ProxyOrders): readonly string[];
  /** True when orders are in force and every listener of theirs is open (the mesh one once there is a certificate). */
  ready(): boolean;
  /** Stops accepting, answers `connection: close`, ends idle connections; resolves when nothing is open or at the limit. */
  drain(limitMs: number): Promise<void>;
  /** Open connections and exchanges, for the admin port. */
  open(): { readonly connections: number; readonly exchanges: number };
}
