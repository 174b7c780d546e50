/** Keeps the leaf alive: the first certificate, renewal at 70 % of its life, tries with back-off while the old one is still good. */
import { backoffMs } from '../control/backoff.ts';
import type { Log } from '../log.ts';
import type { CertifyResult } from './certify.ts';
import type { LeafHolder } from './leaf-holder.ts';
import { renewAfterMs } from './renewal.ts';
import type { LeafMaterial } from './verify.ts';

export interface IssuanceParts {
  /** One try. */
  readonly certify: () => Promise<CertifyResult>;
  readonly holder: LeafHolder;
  /** Keeps a new leaf for the next start. */
  readonly keep: (material: LeafMaterial) => void;
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly log: Log;
}

/** A timer can't wait longer. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export class Issuance {
  readonly #parts: IssuanceParts;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the next try is due, ms since 1970; null while one is under way. */
  #dueMs: number | null = Infinity;
  #stopped = false;
  #failures = 0;
  /** Leaves got, and tries that failed. */
  ok = 0;
  error = 0;
  /** When the leaf in force came, ms since 1970. */
  refreshedMs = 0;

  constructor(parts: IssuanceParts) {
    this.#parts = parts;
  }

  /** Begins: at once when there is no leaf, else when the one in force is due. */
  start(): void {
    const leaf = this.#parts.holder.current();
    if (leaf === null) return void this.#try();
    this.refreshedMs = this.#parts.nowMs();
    this.#wait(renewAfterMs(leaf.notAfterMs, this.#parts.nowMs(), this.#parts.random));
  }

  /** The control plane asks for a renewal: at a random moment within so many ms, unless one is due before. */
  renewWithin(withinMs: number): void {
    const { nowMs, random } = this.#parts;
    const delayMs = withinMs * random();
    if (this.#dueMs !== null && nowMs() + delayMs < this.#dueMs) this.#wait(delayMs);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #wait(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#dueMs = this.#parts.nowMs() + delayMs;
    this.#timer = setTimeout(() => void this.#try(), Math.min(delayMs, TIMER_MS_MAX));
  }

  async #try(): Promise<void> {
    this.#dueMs = null;
    const result = await this.#parts.certify();
    if (this.#stopped) return;
    const { holder, keep, log, nowMs, random } = this.#parts;
    if (result.kind === 'certified') {
      const { identity, notAfterMs } = result.leaf;
      this.ok += 1;
      this.#failures = 0;
      this.refreshedMs = nowMs();
      holder.put(result.material, identity, notAfterMs);
      keep(result.material);
      log('info', 'certified', { identity, notAfter: new Date(notAfterMs).toISOString() });
      return this.#wait(renewAfterMs(notAfterMs, nowMs(), random));
    }
    this.error += 1;
    this.#failures += 1;
    const delayMs = backoffMs(this.#failures, random);
    const code = result.kind === 'refused' ? result.code : 'certify_failed';
    log(holder.current() === null ? 'error' : 'warn', 'no certificate from the control plane', { code, reason: result.reason, againInMs: Math.round(delayMs) });
    this.#wait(delayMs);
  }
}
