/** The whole state that the control plane's messages add up to, in one object; the last good one stays in force. */
import type { WorkloadKey } from '../wire/labels.ts';
import type { ProxyOrders } from '../wire/orders.ts';

export type OrdersVerdict =
  | { readonly kind: 'applied'; readonly problems: readonly string[] }
  /** Nothing new: what a control replica sends again after a reconnect. */
  | { readonly kind: 'same' }
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string };

export class Applied {
  readonly #workload: WorkloadKey;
  readonly #trustDomain: string;
  readonly #apply: (orders: ProxyOrders) => readonly string[];
  #text = '';
  /** Orders in force; null before the first. */
  orders: ProxyOrders | null = null;
  /** Listeners that couldn't be opened, a sentence each. */
  problems: readonly string[] = [];
  /** Orders taken and refused since the start. */
  taken = 0;
  refused = 0;

  /** `apply` puts orders in force and tells what it couldn't do. */
  constructor(workload: WorkloadKey, trustDomain: string, apply: (orders: ProxyOrders) => readonly string[]) {
    this.#workload = workload;
    this.#trustDomain = trustDomain;
    this.#apply = apply;
  }

  /** Takes orders. Those for somebody else are refused and the old ones stay. */
  take(orders: ProxyOrders): OrdersVerdict {
    const reason = this.#fault(orders);
    if (reason !== null) {
      this.refused += 1;
      return { kind: 'refused', code: 'orders_for_another_proxy', reason };
    }
    const text = JSON.stringify(orders);
    if (text === this.#text) return { kind: 'same' };
    this.taken += 1;
    this.#text = text;
    this.orders = orders;
    this.problems = this.#apply(orders);
    return { kind: 'applied', problems: this.problems };
  }

  /** Tries again what couldn't be done. Returns what still can't be. */
  retry(): readonly string[] {
    if (this.orders !== null) this.problems = this.#apply(this.orders);
    return this.problems;
  }

  #fault(orders: ProxyOrders): string | null {
    if (orders.workload !== this.#workload) return `they are for ${orders.workload}; this proxy is configured as ${this.#workload}`;
    if (orders.trustDomain !== this.#trustDomain) return `their trust domain is ${orders.trustDomain}; this proxy's is ${this.#trustDomain}`;
    return null;
  }
}
