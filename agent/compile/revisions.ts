/** Gives each proxy's orders a revision that grows only when they changed. */
import type { ProxyOrders } from '../../proxy/wire/orders.ts';
import type { OrdersBody } from './orders.ts';

interface Held {
  readonly orders: ProxyOrders;
  readonly text: string;
}

export class Revisions {
  readonly #held = new Map<string, Held>();

  /** The orders of a proxy, or null for one that isn't in the mesh (any more). */
  get(proxy: string): ProxyOrders | null {
    return this.#held.get(proxy)?.orders ?? null;
  }

  /**
   * Takes all proxies' newly compiled orders and returns the proxies whose orders changed, came or went. `nowMs` seeds
   * new revisions, so that they go on growing after a restart, which forgets the old ones.
   */
  update(compiled: ReadonlyMap<string, OrdersBody>, nowMs: number): string[] {
    const gone = [...this.#held.keys()].filter((proxy) => !compiled.has(proxy));
    return [...gone.filter((proxy) => this.put(proxy, null, nowMs)), ...[...compiled].flatMap(([proxy, body]) => (this.put(proxy, body, nowMs) ? [proxy] : []))];
  }

  /** Takes one proxy's newly compiled orders, null for one that left the mesh; false when they are as they were. `nowMs` as in `update`. */
  put(proxy: string, body: OrdersBody | null, nowMs: number): boolean {
    if (body === null) return this.#held.delete(proxy);
    const text = JSON.stringify(body);
    const held = this.#held.get(proxy);
    if (held?.text === text) return false;
    const revision = Math.max((held?.orders.revision ?? 0) + 1, nowMs);
    this.#held.set(proxy, { orders: { revision, ...body }, text });
    return true;
  }
}
