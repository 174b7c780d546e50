/** The `Credentials` of this process: the leaf in force, and who wants to know of a change. */
import type { Identity } from '../wire/labels.ts';
import type { Credentials, Leaf } from './credentials.ts';
import type { LeafMaterial } from './verify.ts';

/** The data path, the control link, admin and expiry are all that subscribe. */
const SUBSCRIBERS_MAX = 100;
/** A timer can't wait longer; it then looks again. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export class LeafHolder implements Credentials {
  readonly #nowMs: () => number;
  readonly #subscribers = new Set<() => void>();
  #leaf: Leaf | null = null;
  #generation = 0;
  #expiry: ReturnType<typeof setTimeout> | undefined;

  /** `nowMs`: the wall clock, ms since 1970. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  current(): Leaf | null {
    return this.#leaf !== null && this.#nowMs() < this.#leaf.notAfterMs ? this.#leaf : null;
  }

  subscribe(onChange: () => void): () => void {
    if (this.#subscribers.size >= SUBSCRIBERS_MAX) throw new Error(`more than ${SUBSCRIBERS_MAX} subscribers to the credentials: somebody never leaves`);
    this.#subscribers.add(onChange);
    return () => void this.#subscribers.delete(onChange);
  }

  /** Puts a verified leaf in force. */
  put(material: LeafMaterial, identity: Identity, notAfterMs: number): void {
    this.#change({ ...material, identity, notAfterMs, generation: this.#generation + 1 });
  }

  /** Puts other trust anchors (PEM) in force. */
  putBundle(trustBundle: string): void {
    if (this.#leaf === null || this.#leaf.trustBundle === trustBundle) return;
    this.#change({ ...this.#leaf, trustBundle, generation: this.#generation + 1 });
  }

  /** Ends the timer; for a process that ends. */
  stop(): void {
    clearTimeout(this.#expiry);
  }

  #change(leaf: Leaf): void {
    this.#generation = leaf.generation;
    this.#leaf = leaf;
    this.#watchExpiry(leaf);
    this.#tell();
  }

  #watchExpiry(leaf: Leaf): void {
    clearTimeout(this.#expiry);
    const leftMs = leaf.notAfterMs - this.#nowMs();
    const onTime = () => (this.current() === null ? this.#tell() : this.#watchExpiry(leaf));
    this.#expiry = setTimeout(onTime, Math.min(Math.max(leftMs, 0) + 1, TIMER_MS_MAX));
    this.#expiry.unref();
  }

  #tell(): void {
    // A copy: who is told may subscribe or leave.
    const told = Array.from(this.#subscribers);
    for (const onChange of told) onChange();
  }
}
