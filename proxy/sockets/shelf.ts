/** The listening sockets of this process by their address: those that an earlier process left to it, and those in use. */
import type { SocketAddress } from '../wire/orders.ts';
import { formatAddress } from './address.ts';

export interface OpenListener {
  readonly address: string;
  readonly descriptor: number;
}

export class ListenerShelf {
  private readonly left = new Map<string, number>();
  private readonly used = new Map<string, () => number>();

  /** An earlier process listened there; its socket is ours now, with all that waits in its queue. */
  inherit(address: string, descriptor: number): void {
    this.left.set(address, descriptor);
  }

  /** The inherited socket of an address, once. */
  take(address: SocketAddress): number | null {
    const key = formatAddress(address);
    const descriptor = this.left.get(key) ?? null;
    this.left.delete(key);
    return descriptor;
  }

  /** A listener is open; `descriptor` may change while it is. */
  put(address: SocketAddress, descriptor: () => number): void {
    this.used.set(formatAddress(address), descriptor);
  }

  remove(address: SocketAddress): void {
    this.used.delete(formatAddress(address));
  }

  open(): OpenListener[] {
    return [...this.used].map(([address, descriptor]) => ({ address, descriptor: descriptor() }));
  }

  /** Inherited sockets that nobody wanted. */
  discard(): number[] {
    const descriptors = [...this.left.values()];
    this.left.clear();
    return descriptors;
  }
}
