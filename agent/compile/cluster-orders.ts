/**
 * Orders of a large mesh, of which only what a change concerns is compiled again. Orders name no service beforehand:
 * proxies ask for what their apps dial and watch that, so that a change of a Service reaches its callers and nobody else.
 */
import type { WorkloadKey } from '../../proxy/wire/labels.ts';
import type { Destination, ProxyOrders, SocketAddress } from '../../proxy/wire/orders.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { AddressBook } from './address-book.ts';
import { ordersOf, proxyKey } from './orders.ts';
import { Revisions } from './revisions.ts';

export class ClusterOrders {
  readonly #inventory: Inventory;
  readonly #trustDomain: string;
  readonly #revisions = new Revisions();
  readonly #proxiesOf = new Map<WorkloadKey, ReadonlySet<string>>();
  /** Null: made anew when somebody asks. */
  #addresses: AddressBook | null = null;

  constructor(inventory: Inventory, trustDomain: string) {
    this.#inventory = inventory;
    this.#trustDomain = trustDomain;
  }

  /** The orders of a proxy, or null for one that isn't in the mesh. */
  orders(workload: WorkloadKey, instanceName: string): ProxyOrders | null {
    return this.#revisions.get(proxyKey(workload, instanceName));
  }

  /** Where an address leads, its host in the form of `formatIp`. */
  destination(address: SocketAddress): Destination {
    this.#addresses ??= new AddressBook(this.#inventory);
    return this.#addresses.resolve(address);
  }

  /** The inventory has changed, and with it at most these workloads. Returns the `proxyKey`s of proxies whose orders changed, came or went. `nowMs` seeds revisions. */
  update(workloads: readonly WorkloadKey[], nowMs: number): string[] {
    this.#addresses = null;
    return workloads.flatMap((key) => this.#updateWorkload(key, nowMs));
  }

  #updateWorkload(key: WorkloadKey, nowMs: number): string[] {
    const workload = this.#inventory.workloads.get(key);
    const surroundings = { inventory: this.#inventory, index: new Map(), services: [], trustDomain: this.#trustDomain };
    const compiled = new Map((workload?.instances ?? []).flatMap((instance) => {
      const body = workload && ordersOf(workload, instance, surroundings);
      return body === null ? [] : [[proxyKey(key, instance.name), body] as const];
    }));
    const gone = [...(this.#proxiesOf.get(key) ?? [])].filter((proxy) => !compiled.has(proxy) && this.#revisions.put(proxy, null, nowMs));
    if (compiled.size === 0) this.#proxiesOf.delete(key);
    else this.#proxiesOf.set(key, new Set(compiled.keys()));
    return [...gone, ...[...compiled].flatMap(([proxy, body]) => (this.#revisions.put(proxy, body, nowMs) ? [proxy] : []))];
  }
}
