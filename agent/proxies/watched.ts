/** The addresses that one proxy watches, and what it was told of each last. */
import { WATCHES_MAX } from '../../proxy/wire/orders.ts';
import type { Destination, SocketAddress } from '../../proxy/wire/orders.ts';

interface Told {
  readonly address: SocketAddress;
  text: string;
}

export class Watched {
  readonly #destination: (address: SocketAddress) => Destination;
  readonly #told = new Map<string, Told>();

  constructor(destination: (address: SocketAddress) => Destination) {
    this.#destination = destination;
  }

  get size(): number {
    return this.#told.size;
  }

  /** Begins to watch and gives the first answer; null beyond the limit. */
  watch(address: SocketAddress): Destination | null {
    const key = keyOf(address);
    if (!this.#told.has(key) && this.#told.size >= WATCHES_MAX) return null;
    const destination = this.#destination(address);
    this.#told.set(key, { address, text: JSON.stringify(destination) });
    return destination;
  }

  forget(address: SocketAddress): void {
    this.#told.delete(keyOf(address));
  }

  /** What leads elsewhere than was told last; it counts as told. */
  *changed(): Generator<{ readonly address: SocketAddress; readonly destination: Destination }> {
    for (const told of this.#told.values()) {
      const destination = this.#destination(told.address);
      const text = JSON.stringify(destination);
      if (text === told.text) continue;
      told.text = text;
      yield { address: told.address, destination };
    }
  }
}

function keyOf({ host, port }: SocketAddress): string {
  return `${host} ${port}`;
}
