/** Which proxies there are: the connected ones, and for a while those that went. */
import type { ProxyState } from '../wire/topology.ts';
import { proxyKey } from '../compile/orders.ts';
import type { LiveProxy } from './session.ts';

/** A proxy that went is shown as disconnected for this long, unless its successor came. */
export const GONE_MS = 10 * 60_000;

interface Member {
  readonly proxy: LiveProxy;
  /** Null while connected. */
  readonly goneMs: number | null;
}

export class Roster {
  readonly #members = new Map<string, Member>();

  put(proxy: LiveProxy): void {
    this.#members.set(proxy.instance, { proxy, goneMs: null });
    this.#remove((other, goneMs) => goneMs !== null && keyOf(other) === keyOf(proxy));
  }

  leave(instance: string, nowMs: number): void {
    const member = this.#members.get(instance);
    if (!member) return;
    const succeeded = [...this.#members.values()].some(({ proxy, goneMs }) => goneMs === null && proxy.instance !== instance && keyOf(proxy) === keyOf(member.proxy));
    if (succeeded) this.#members.delete(instance);
    else this.#members.set(instance, { proxy: { ...member.proxy, ready: false }, goneMs: nowMs });
  }

  /** Instances that are connected. */
  live(): ReadonlySet<string> {
    return new Set([...this.#members].filter(([, { goneMs }]) => goneMs === null).map(([instance]) => instance));
  }

  /** All of them, by workload, name and instance. */
  list(): ProxyState[] {
    const states = [...this.#members.values()].map(({ proxy, goneMs }) => ({ ...proxy, connected: goneMs === null }));
    return states.sort((a, b) => (`${keyOf(a)} ${a.instance}` < `${keyOf(b)} ${b.instance}` ? -1 : 1));
  }

  /** Forgets gone proxies that aren't in the mesh any more. */
  keepOnly(isInMesh: (proxy: LiveProxy) => boolean): void {
    this.#remove((proxy, goneMs) => goneMs !== null && !isInMesh(proxy));
  }

  /** Forgets proxies that went long ago; true when there were any. */
  forget(nowMs: number): boolean {
    return this.#remove((_, goneMs) => goneMs !== null && goneMs < nowMs - GONE_MS);
  }

  #remove(isOver: (proxy: LiveProxy, goneMs: number | null) => boolean): boolean {
    const before = this.#members.size;
    for (const [instance, { proxy, goneMs }] of this.#members) if (isOver(proxy, goneMs)) this.#members.delete(instance);
    return this.#members.size < before;
  }
}

function keyOf({ workload, name }: Pick<LiveProxy, 'workload' | 'name'>): string {
  return proxyKey(workload, name);
}
