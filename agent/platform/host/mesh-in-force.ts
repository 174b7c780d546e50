/** The mesh that is in force: inventory and orders of the last good mesh file. */
import type { WorkloadKey } from '../../../proxy/wire/labels.ts';
import type { Destination, ProxyOrders, SocketAddress } from '../../../proxy/wire/orders.ts';
import { AddressBook } from '../../compile/address-book.ts';
import { compileOrders, proxyKey } from '../../compile/orders.ts';
import { Revisions } from '../../compile/revisions.ts';
import { Inventory } from '../../inventory/inventory.ts';
import { formatAddress } from './address.ts';
import { meshFault } from './faults.ts';
import type { MeshFault } from './faults.ts';
import { parseMesh } from './mesh-file.ts';
import type { Mesh } from './mesh-file.ts';

export type ApplyResult =
  /** `changed`: the `proxyKey`s of proxies whose orders changed, came or went. */
  | { readonly kind: 'applied'; readonly changed: readonly string[] }
  /** The mesh before stays in force. */
  | { readonly kind: 'refused'; readonly faults: readonly MeshFault[] };

export class MeshInForce {
  readonly inventory = new Inventory();
  readonly trustDomain: string;
  readonly control: SocketAddress;
  readonly #revisions = new Revisions();
  #addresses = new AddressBook(this.inventory);

  /** `nowMs` seeds the revisions of orders. */
  constructor(mesh: Mesh, nowMs: number) {
    this.trustDomain = mesh.trustDomain;
    this.control = mesh.control;
    this.#putInForce(mesh, nowMs);
  }

  orders(workload: WorkloadKey, instanceName: string): ProxyOrders | null {
    return this.#revisions.get(proxyKey(workload, instanceName));
  }

  /** Where an address leads, its host in the form of `formatIp`. */
  destination(address: SocketAddress): Destination {
    return this.#addresses.resolve(address);
  }

  /** Puts another text of the mesh file in force, unless it has faults. */
  apply(text: string, nowMs: number): ApplyResult {
    const result = parseMesh(text);
    if (result.kind === 'faults') return { kind: 'refused', faults: result.faults };
    const { mesh } = result;
    const fixed = [
      ...changeOf('trustDomain', this.trustDomain, mesh.trustDomain),
      ...changeOf('control.listen', formatAddress(this.control), formatAddress(mesh.control)),
    ];
    return fixed.length > 0 ? { kind: 'refused', faults: fixed } : { kind: 'applied', changed: this.#putInForce(mesh, nowMs) };
  }

  #putInForce(mesh: Mesh, nowMs: number): readonly string[] {
    this.inventory.reset(mesh.services, mesh.workloads);
    this.#addresses = new AddressBook(this.inventory);
    return this.#revisions.update(compileOrders(this.inventory, mesh.trustDomain), nowMs);
  }
}

/** Every proxy was started with these. */
function changeOf(name: string, from: string, to: string): MeshFault[] {
  return from === to ? [] : [meshFault('mesh_restart_required', `${name} can't change from ${from} to ${to} while the agent runs`)];
}
