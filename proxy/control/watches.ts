/** Addresses that the data path asks the control plane about, and what it was told of each. */
import type { Destination, SocketAddress } from '../wire/orders.ts';
import { formatAddress } from '../sockets/address.ts';

/** Where the data path learns what an address is. */
export interface Discovery {
  /** The control plane can be asked just now. */
  reachable(): boolean;
  /** Watches an address: `told` gets each answer, the first as soon as there is one. Returns what ends the watch; one watch an address. */
  watch(address: SocketAddress, told: (destination: Destination) => void): () => void;
}

interface Watch {
  readonly address: SocketAddress;
  readonly told: (destination: Destination) => void;
}

export class Watches implements Discovery {
  readonly #ask: (message: { readonly kind: 'resolve' | 'forget'; readonly address: SocketAddress }) => void;
  readonly #watches = new Map<string, Watch>();
  /** The link is up, and its other side has said that it answers. */
  #reachable = false;
  /** Questions asked, again after a reconnect as well; and answers that nobody waited for any more. */
  asked = 0;
  unasked = 0;

  /** `ask` sends to the control plane while it is reachable. */
  constructor(ask: (message: { readonly kind: 'resolve' | 'forget'; readonly address: SocketAddress }) => void) {
    this.#ask = ask;
  }

  reachable(): boolean {
    return this.#reachable;
  }

  get size(): number {
    return this.#watches.size;
  }

  watch(address: SocketAddress, told: (destination: Destination) => void): () => void {
    const key = formatAddress(address);
    this.#watches.set(key, { address, told });
    if (this.#reachable) this.#resolve(address);
    return () => {
      if (!this.#watches.delete(key) || !this.#reachable) return;
      this.#ask({ kind: 'forget', address });
    };
  }

  /** A control plane that answers is there, and knows nothing of what an earlier one was asked. */
  begin(): void {
    if (this.#reachable) return;
    this.#reachable = true;
    for (const { address } of this.#watches.values()) this.#resolve(address);
  }

  /** It went away; what it said last stays in force. */
  end(): void {
    this.#reachable = false;
  }

  resolved(address: SocketAddress, destination: Destination): void {
    const watch = this.#watches.get(formatAddress(address));
    if (watch === undefined) this.unasked += 1;
    else watch.told(destination);
  }

  #resolve(address: SocketAddress): void {
    this.asked += 1;
    this.#ask({ kind: 'resolve', address });
  }
}
