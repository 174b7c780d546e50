/** The control server's own certificate, renewed long before it ends. */
import type { Identity } from '../../proxy/wire/labels.ts';
import type { Authority, KeyedLeaf } from './authority.ts';

/** Of its life. */
const RENEW_SHARE = 0.7;

export class OwnLeaf {
  readonly #issue: () => KeyedLeaf;
  readonly #ttlMs: number;
  #timer: NodeJS.Timeout | null = null;

  /** `issuer` is the authority of the moment; `wallMs` the clock that certificates are checked by. */
  constructor(issuer: () => Authority, identity: Identity, ttlMs: number, wallMs: () => number) {
    this.#issue = () => issuer().issueKeyed(identity, wallMs(), ttlMs);
    this.#ttlMs = ttlMs;
  }

  /** A new leaf now. */
  issue(): KeyedLeaf {
    return this.#issue();
  }

  /** Gives a new leaf each time that one is due. */
  renewWith(put: (leaf: KeyedLeaf) => void): void {
    this.#timer = setInterval(() => put(this.#issue()), this.#ttlMs * RENEW_SHARE);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
  }
}
